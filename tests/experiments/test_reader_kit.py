"""The reader kit: fair orders, a folder that does not tell the truth, and the way back from its answers."""

import dataclasses
import json
import re
import zlib
from collections import Counter

import imageio_ffmpeg
import numpy as np
import pandas as pd
import pytest

from cardiacnets.__main__ import main
from cardiacnets.digital_heart import one_heart
from cardiacnets.experiments.reader_study.reader_kit import Plan, make_kit, read_answers, read_origins
from cardiacnets.experiments.reader_study.reader_kit.design import (
    case_groups,
    drawn_cases,
    film_lists,
    reading_lists,
)
from cardiacnets.experiments.reader_study.reader_kit.folder import DISPLAYS
from cardiacnets.experiments.reader_study.reader_kit.pictures import film, of_one_size
from cardiacnets.experiments.reader_study.reader_kit.practice import CONDITION, SEED, SEVERITY
from cardiacnets.experiments.reader_study.readers import MODALITIES, Displays
from cardiacnets.phenotypes import INDEX_NAMES
from cardiacnets.statistics.visual_turing import told_apart

TRUTH = np.array([1] * 14 + [0] * 7)


def lists(order, readers=6, seed=0):
    return reading_lists(TRUTH, readers, order, np.random.default_rng(seed))


@pytest.mark.parametrize("order", ["counterbalanced", "as-published"])
def test_everyone_reads_every_case_with_every_display_once_a_session(order):
    for sessions in lists(order):
        assert all(sorted(case for case, _ in session) == list(range(21)) for session in sessions)
        assert len({reading for session in sessions for reading in session}) == 63


def test_counterbalanced_weighs_practice_evenly():
    every = lists("counterbalanced")
    for sessions in every:
        for session in sessions:  # each display equally often in each session of each reader
            assert Counter(display for _, display in session) == {0: 7, 1: 7, 2: 7}
    for case in range(21):  # six readers meet a case in the six orders of its displays
        orders = [tuple(dict(session)[case] for session in sessions) for sessions in every]
        assert len(set(orders)) == 6


def test_as_published_confounds_display_and_session():
    for sessions in lists("as-published"):
        assert [{display for _, display in session} for session in sessions] == [{0}, {1}, {2}]


def test_readers_meet_cases_in_orders_of_their_own():
    orders = {tuple(session) for sessions in lists("as-published") for session in sessions}
    assert len(orders) == 18 and lists("counterbalanced") == lists("counterbalanced")
    assert lists("counterbalanced") != lists("counterbalanced", seed=1)


def test_groups_share_the_diseased_and_drawn_cases_keep_their_share():
    groups = case_groups(TRUTH, np.random.default_rng(0))
    assert np.bincount(groups).tolist() == [7, 7, 7]
    assert np.ptp(np.bincount(groups[TRUTH == 1])) <= 1 and np.ptp(np.bincount(groups[TRUTH == 0])) <= 1
    drawn = drawn_cases(TRUTH, 12, np.random.default_rng(0))
    assert TRUTH[drawn].sum() == 8 and len(set(drawn)) == 12
    for count in (3, 22, 0):
        with pytest.raises(ValueError, match="cannot be drawn"):
            drawn_cases(TRUTH, count, np.random.default_rng(0))


@pytest.fixture(scope="module")
def kit(reader_run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kits") / "kit"
    return make_kit(reader_run, folder, plan=Plan(cases=9, readers=("J1", "S1"), washout=0, seed=5))


def page_of(kit):
    text = (kit.page.parent / "cases.js").read_text()
    return json.loads(re.fullmatch(r'"use strict";\nconst KIT = (.*);\n', text)[1])


def test_the_folder_is_whole(kit):
    page, folder = page_of(kit), kit.page.parent
    files = [folder / name for case in page["cases"].values() for name in case.values()]
    assert len(files) == len(set(files)) == 27 and all(path.stat().st_size > 1000 for path in files)
    pictures = set((folder / "pictures").iterdir())
    assert pictures == set(files) and (kit.cases, kit.readings) == (9, 27)
    assert page["simulated"] is True and list(page["lists"]) == ["J1", "S1"]
    named = re.findall(r'(?:src|href)="([^"#]+)"', kit.page.read_text())
    assert all((folder / name).is_file() for name in named if not name.startswith("data:"))


def test_the_folder_does_not_tell_the_truth(kit, reader_run):
    """Neither identifiers, diagnoses nor the films' origin stand in any file, by content, name, size of
    text or time.
    """
    key, folder = pd.read_csv(kit.key, dtype=str), kit.page.parent
    assert kit.key.parent == folder.parent and not list(folder.rglob("*key*"))
    everything = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    for column in ("participant_id", "recording_id"):
        assert not [one for one in key[column] if one.encode() in everything]
    words = (folder / "cases.js").read_text().lower()
    assert not re.search(r"truth|generated|real|diseas|healthy|\bcm\b", words.replace('"simulated"', ""))
    written = sorted((folder / "pictures").iterdir())
    times = [path.stat().st_mtime_ns for path in written]
    assert times == sorted(times), "written in the order of their names"


def test_film_numbers_are_drawn_case_by_case(kit):
    key = pd.read_csv(kit.key)
    first = key[key["display"] == "film 1"]["modality"]
    assert set(first) == {"ecg+generated", "ecg+real"}
    assert list(key.groupby("case")["display"].apply(sorted)) == [sorted(DISPLAYS)] * 9


def test_the_key_finds_pictures_again(kit, reader_run):
    """The film that the key calls real is the participant's own, the generated one (here) somebody else's."""
    page, key = page_of(kit), pd.read_csv(kit.key)
    names = [page["cases"][row.case][row.display] for row in key.itertuples()]
    content = {name: (kit.page.parent / name).read_bytes() for name in names}
    again = make_kit(
        reader_run, kit.page.parent.with_name("again"), plan=Plan(cases=9, readers=("J1", "S1"), seed=5)
    )
    for name in names:
        assert (again.page.parent / name).read_bytes() == content[name], "the same seed draws the same kit"
    assert again.key.read_text() == kit.key.read_text()


def test_another_seed_draws_other_codes(kit, reader_run):
    other = make_kit(reader_run, kit.page.parent.with_name("other"), plan=Plan(cases=6, washout=0))
    assert not set(pd.read_csv(other.key)["case"]) & set(pd.read_csv(kit.key)["case"])
    assert page_of(other)["kit"] != page_of(kit)["kit"]


def displays_of(run):
    table = pd.read_parquet(run.predictions / "generated.fahzu_readers" / "table.parquet")
    return Displays(
        *(np.zeros((len(table), 1)),) * 3, table["cm"].to_numpy(int), table["recording_id"].to_numpy()
    )


def write_answers(kit, folder, rate):
    """What perfect clerks would download: every reading, rated by ``rate(case, display)``."""
    page = page_of(kit)
    folder.mkdir()
    for reader, sessions in page["lists"].items():
        rows = [
            {
                "kit": page["kit"],
                "reader": reader,
                "experience": "junior",
                "session": number + 1,
                "case": case,
                "display": display,
                "rating": rate(case, display),
                "decision": int(rate(case, display) > 3),
            }
            for number, session in enumerate(sessions)
            for case, display in session
        ]
        pd.DataFrame(rows).to_csv(folder / f"{reader}.csv", index=False)


def test_answers_come_back_to_the_run(kit, reader_run, tmp_path):
    key = pd.read_csv(kit.key).set_index(["case", "display"])

    def rate(case, display):  # right on real films only
        right, sick = key.loc[(case, display), ["modality", "truth"]]
        return (5 if sick else 1) if right == "ecg+real" else 3

    write_answers(kit, tmp_path / "answers", rate)
    table = read_answers(reader_run, displays_of(reader_run), tmp_path / "answers", kit.key)
    assert len(table) == 2 * 3 * 9 and set(table["modality"]) == set(MODALITIES)
    right = (table["decision"] == table["truth"]).groupby(table["modality"]).mean()
    assert right["ecg+real"] == 1 and right["ecg"] == right["ecg+generated"] < 1
    assert set(table["case"]) <= set(displays_of(reader_run).cases)


def test_a_key_of_other_pictures_is_refused(kit, reader_run, tmp_path):
    write_answers(kit, tmp_path / "answers", lambda case, display: 3)
    displays, keys = displays_of(reader_run), pd.read_csv(kit.key, dtype=str)
    keys.assign(pictures="0" * 12).to_csv(tmp_path / "old.csv", index=False)
    with pytest.raises(ValueError, match="old.csv: this key belongs to other pictures"):
        read_answers(reader_run, displays, tmp_path / "answers", tmp_path / "old.csv")
    with pytest.raises(ValueError, match="has another diagnosis"):
        read_answers(
            reader_run, dataclasses.replace(displays, truth=1 - displays.truth), tmp_path / "answers", kit.key
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"plan": Plan(order="random")}, "order 'random' is not one of counterbalanced, as-published"),
        ({"plan": Plan(readers=("Dr. Who",))}, "reader 'Dr. Who'"),
        ({"plan": Plan(readers=("A", "A"))}, "each name once"),
        ({"plan": Plan(washout=-1)}, "washout -1"),
        ({"plan": Plan(cases=100)}, "100 cases cannot be drawn from"),
        ({"plan": Plan(ask="age")}, "asks about cardiomyopathy or origin, not 'age'"),
    ],
)
def test_impossible_plans_are_refused_and_leave_nothing(reader_run, tmp_path, change, message):
    with pytest.raises(ValueError, match=message):
        make_kit(reader_run, tmp_path / "kit", **change)
    assert not list(tmp_path.iterdir())


def test_the_key_stays_outside_and_nothing_is_overwritten(reader_run, tmp_path):
    with pytest.raises(ValueError, match="must lie outside the kit"):
        make_kit(reader_run, tmp_path / "kit", tmp_path / "kit" / "key.csv")
    (tmp_path / "kit-key.csv").write_text("precious")
    with pytest.raises(ValueError, match="kit-key.csv exists"):
        make_kit(reader_run, tmp_path / "kit")
    assert (tmp_path / "kit-key.csv").read_text() == "precious"


def test_real_people_need_a_decision(reader_run, tmp_path):
    """A cohort without true volumes is real: no kit unless the user says that its terms allow one."""
    root = tmp_path / "real"
    root.mkdir()
    for path in reader_run.root.iterdir():
        if path.name != "cohorts":
            (root / path.name).symlink_to(path)
    cohort = root / "cohorts" / "fahzu_readers"
    cohort.mkdir(parents=True)
    for path in (reader_run.cohorts / "fahzu_readers").iterdir():
        if path.name != "indices_true.npy":
            (cohort / path.name).symlink_to(path)
    real = dataclasses.replace(reader_run, root=root)
    with pytest.raises(ValueError, match="are real people.*--real-people"):
        make_kit(real, tmp_path / "kit")
    with pytest.raises(ValueError, match="a kit with feedback would hold their diagnoses"):
        make_kit(real, tmp_path / "kit", plan=Plan(cases=6, readers=("A",), feedback=True), real_people=True)
    made = make_kit(real, tmp_path / "kit", plan=Plan(cases=6, readers=("A",)), real_people=True)
    assert page_of(made)["simulated"] is False


def test_the_command_names_what_is_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CARDIACNETS_RUNS", str(tmp_path))
    assert main(["reader-kit", str(tmp_path / "kit"), "--profile", "smoke"]) == 1
    assert "chapter 04_diffusion makes it" in capsys.readouterr().err


def test_the_command_writes_a_kit(reader_run, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CARDIACNETS_RUNS", str(reader_run.root.parent))
    given = [
        "--profile",
        "smoke",
        "--run",
        "readers",
        "--cases",
        "6",
        "--readers",
        "A",
        "B",
        "--order",
        "as-published",
    ]
    assert main(["reader-kit", str(tmp_path / "class"), *given, "--washout", "0"]) == 0
    printed = capsys.readouterr().out
    assert str(tmp_path / "class" / "index.html") in printed and str(tmp_path / "class-key.csv") in printed
    assert "6 cases, 18 readings each" in printed and "note:" not in printed
    assert "/papermill notebooks/07_reader_study.ipynb out.ipynb -p profile smoke -r run readers" in printed
    few = [*given[:-2], "--washout", "0"]
    assert main(["reader-kit", str(tmp_path / "few"), *few]) == 0
    assert "note: 2 readers: the six orders of the displays are not used equally" in capsys.readouterr().out


def test_neither_size_nor_compressed_size_of_a_film_tells_its_origin(kit):
    films = sorted((kit.page.parent / "pictures").glob("*.mp4"))
    contents = [path.read_bytes() for path in films]
    assert len(films) == 18 and len(set(map(len, contents))) == 1
    packed = [len(zlib.compress(content)) / len(content) for content in contents]
    assert min(packed) > 0.9, "filled with noise, not with zeros"


def test_a_filled_film_is_a_whole_mp4_of_the_same_frames(tmp_path):
    rng = np.random.default_rng(1)
    sharp = rng.integers(0, 256, (4, 32, 32)).astype(np.uint8)
    plain = np.full((4, 32, 32), 90, np.uint8)
    bare = {"sharp": film(sharp, sharp), "plain": film(plain, plain)}
    assert len(bare["plain"]) < 0.5 * len(bare["sharp"])
    filled = of_one_size(bare, rng)
    assert len(filled["plain"]) == len(filled["sharp"]) == len(bare["sharp"]) + 8
    for name, content in filled.items():
        assert content.startswith(bare[name])
        kinds, place = [], 0
        while place < len(content):
            kinds.append(content[place + 4 : place + 8])
            place += int.from_bytes(content[place : place + 4], "big")
        assert place == len(content) and kinds[-1] == b"free" and {b"ftyp", b"moov", b"mdat"} <= set(kinds)
        frames = []
        for which in (bare, filled):
            path = tmp_path / "film.mp4"
            path.write_bytes(which[name])
            frames.append(list(imageio_ffmpeg.read_frames(str(path)))[1:])
        assert frames[0] == frames[1] and len(frames[0]) == 12
    assert of_one_size({}, rng) == {}


def test_the_practice_heart_is_what_the_page_says_and_none_of_the_cases(kit, reader_run):
    heart = one_heart(CONDITION, severity=SEVERITY, seed=SEED, frames=2)
    volume, ejected = (heart.indices_true[INDEX_NAMES.index(name)] for name in ("lv_edv", "lv_ef"))
    assert CONDITION == "dcm" and volume > 200 and ejected < 30
    assert "dilated cardiomyopathy" in (kit.page.parent / "kit.js").read_text()
    for name in ("ecg.png", "film.mp4"):
        practice = (kit.page.parent / "practice" / name).read_bytes()
        assert len(practice) > 1000
        assert practice not in [path.read_bytes() for path in (kit.page.parent / "pictures").iterdir()]


def test_only_a_kit_with_feedback_knows_the_truth(kit, reader_run, tmp_path):
    assert "told" not in page_of(kit)
    plan = Plan(cases=6, readers=("A", "B"), feedback=True)
    made = make_kit(reader_run, tmp_path / "class", plan=plan)
    key, told = pd.read_csv(made.key), page_of(made)["told"]
    drawn = key[key["modality"] == "ecg+generated"].set_index("case")
    assert told == {code: [row.truth, int(row.display[-1])] for code, row in
                    zip(drawn.index, drawn.itertuples(), strict=True)}  # fmt: skip


def test_of_their_origin_films_are_asked_one_by_one_and_each_once(reader_run, tmp_path):
    for sessions in film_lists(5, 3, np.random.default_rng(0)):
        assert len(sessions) == 1 and sorted(sessions[0]) == [(c, f) for c in range(5) for f in (1, 2)]
    assert len({str(each) for each in film_lists(5, 3, np.random.default_rng(0))}) == 3
    with pytest.raises(ValueError, match="0 readers and 5 cases"):
        film_lists(5, 0, np.random.default_rng(0))
    plan = Plan(cases=6, readers=("A", "B"), ask="origin", seed=2)
    made = make_kit(reader_run, tmp_path / "films", plan=plan)
    page, key = page_of(made), pd.read_csv(made.key).set_index(["case", "display"])["modality"]
    assert page["ask"] == "origin" and made.readings == 12 and set(pd.read_csv(made.key)["ask"]) == {"origin"}
    assert not (tmp_path / "films" / "practice").exists()

    def right(case, display):  # rated above 3 where it is generated
        return 5 if key[case, display] == "ecg+generated" else 1

    write_answers(made, tmp_path / "answers", right)
    named = read_origins(reader_run, displays_of(reader_run), tmp_path / "answers", made.key)
    assert len(named) == 24 and (named["generated"] == named["decision"]).all()
    assert told_apart(named).estimate == 1
    with pytest.raises(ValueError, match="asks about origin, not about cardiomyopathy"):
        read_answers(reader_run, displays_of(reader_run), tmp_path / "answers", made.key)


def test_answers_about_disease_are_not_taken_for_answers_about_origin(kit, reader_run, tmp_path):
    write_answers(kit, tmp_path / "answers", lambda case, display: 3)
    with pytest.raises(ValueError, match="asks about cardiomyopathy, not about origin"):
        read_origins(reader_run, displays_of(reader_run), tmp_path / "answers", kit.key)
