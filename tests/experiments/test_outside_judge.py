"""Chapters 00 and 04 before the outside judge: what is asked, kept and told; judges made for tests."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from cardiacnets.digital_heart import simulate
from cardiacnets.experiments.cohorts import outside_judge as judge_of_cohorts
from cardiacnets.experiments.diffusion import outside_judge as judge_of_movies
from cardiacnets.judges import acdc_segmenter, seen_heart
from cardiacnets.phenotypes import INDEX_NAMES
from cardiacnets.profile import load_profile
from cardiacnets.run import Run

PEOPLE = 8


@pytest.fixture
def run(tmp_path):
    smoke = load_profile("smoke")
    judge = dataclasses.replace(smoke.judge, people=PEOPLE, movies=PEOPLE)
    return Run(tmp_path / "judged", "judged", dataclasses.replace(smoke, judge=judge))


@pytest.fixture
def bright_is_cavity(monkeypatch):
    """A judge for whom a bright middle is the left ventricle and what is grey around it muscle."""
    asked = []

    def segment(frames, threads=1):
        asked.append(len(frames))
        large = seen_heart.on_grid(frames, acdc_segmenter.GRID)
        return np.select([large > 180, large > 60], [1, 2], 0).astype(np.uint8)

    monkeypatch.setattr(acdc_segmenter, "segment", segment)
    monkeypatch.setattr(acdc_segmenter, "why_not", lambda: "")
    return asked


def discs(radii, wall=8.0, side=48):
    """Movies (n, T, side, side) of a bright disc of ``radii (n, T)`` pixels in a grey ring on black."""
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    far = np.hypot(rows, columns)
    reach = radii[..., None, None]
    return np.select([far < reach, far < reach + wall], [240, 100], 0).astype(np.uint8)


def test_who_draws_the_truth_agrees_with_it(run, monkeypatch):
    cohort = simulate(
        PEOPLE, preset=run.profile.cohorts.preset, frames=run.profile.cohorts.frames,
        seed=run.profile.seed + judge_of_cohorts.UNSEEN,
    )  # fmt: skip
    frames, masks = (each.reshape(-1, *each.shape[2:]) for each in (cohort.sax, cohort.masks.sax))
    known = {frame.tobytes(): mask for frame, mask in zip(frames, masks, strict=True)}
    asked = []

    def segment(frames, threads=1):
        asked.append(len(frames))
        return seen_heart.on_grid(np.stack([known[frame.tobytes()] for frame in frames]), 160)

    monkeypatch.setattr(acdc_segmenter, "segment", segment)
    monkeypatch.setattr(acdc_segmenter, "why_not", lambda: "")
    assert judge_of_cohorts.ask_judge(run) == "" and asked == [2 * PEOPLE]
    seen = judge_of_cohorts.judged(run)
    rows = judge_of_cohorts.opinion(seen, resamples=200, seed=0).set_index(["measure", "part"])
    for part in ("lv", "muscle", "rv"):
        assert rows.loc[("dice", part), "estimate"] == pytest.approx(1)
    assert rows.loc[("area", "lv"), "estimate"] == pytest.approx(0)
    assert rows.loc[("closed", "lv"), "estimate"] == 100 and rows.loc[("closed", "lv"), "low"] < 80
    assert rows.loc[("ef", "lv"), "estimate"] > 0.7 and rows.loc[("ef", "lv"), "n"] == PEOPLE
    monkeypatch.setattr(acdc_segmenter, "why_not", lambda: "gone")
    assert judge_of_cohorts.ask_judge(run) == "" and len(asked) == 1, "what was said once is kept"


def test_what_is_not_available_is_said_and_nothing_is_made(run, monkeypatch):
    monkeypatch.setattr(acdc_segmenter, "why_not", lambda: "the package is not installed: pip install it")
    assert judge_of_cohorts.ask_judge(run) == "the package is not installed: pip install it"
    assert not (run.root / "checks").exists()
    asks_none = dataclasses.replace(run, profile=load_profile("smoke"))
    assert "judge.people is 0" in judge_of_cohorts.ask_judge(asks_none)
    assert "judge.movies is 0" in judge_of_movies.ask_judge(asks_none, "ukb")


def test_a_mistaken_judge_is_told_apart(run):
    truth = np.zeros((4, 2, 80, 80), np.uint8)
    truth[:, :, 20:40, 20:40], truth[:, 1, 20:26, 20:40] = 1, 2
    seen = {"truth": truth, "ef": np.array([20.0, 40.0, 60.0, 70.0]), "frames": truth}
    wrong = np.zeros((4, 2, 160, 160), np.uint8)
    wrong[:, :, 40:80, 40:60] = 1  # half of the cavity at the R wave, nothing around it
    wrong[:, 1, 40:50] = 0
    wrong[2:, 1, 40:60] = 0
    rows = judge_of_cohorts.opinion(seen | {"labels": wrong}, 200, 0).set_index(["measure", "part"])
    assert rows.loc[("dice", "lv"), "estimate"] < 0.75 and rows.loc[("closed", "lv"), "estimate"] == 0
    assert rows.loc[("area", "lv"), "estimate"] == pytest.approx(-200 * 0.18**2)
    told = judge_of_cohorts.in_words(rows.reset_index())
    assert f"{rows.loc[('dice', 'lv'), 'estimate']:.3f} (" in told and "Shown 4 people" in told
    table = judge_of_cohorts.readable(rows.reset_index())
    assert len(table) == 6 and table["measure"].is_unique


def write_movies(run, real, generated, truth):
    def films(folder):
        np.save(folder / "real.npy", real)
        np.save(folder / "generated.npy", generated)

    run.fit_or_load(run.root / "movies" / "ukb.sax", {}, films)

    def indices(folder):
        for name in ("indices_generated", "indices_real", "truth"):
            np.save(folder / f"{name}.npy", truth)

    run.fit_or_load(run.predictions / "generated.ukb", {}, indices)


@pytest.mark.parametrize("broken", [False, True])
def test_broken_walls_and_wrong_volumes_of_generated_movies_are_found(run, bright_is_cavity, broken):
    rng = np.random.default_rng(2)
    size, ejected = rng.uniform(9, 14, PEOPLE), rng.uniform(0.1, 0.5, PEOPLE)
    beat = np.array([0, 0.4, 0.8, 1, 0.9, 0.5, 0.3, 0.1])
    real = discs(size[:, None] * (1 - ejected[:, None] * beat))
    truth = np.full((PEOPLE + 2, len(INDEX_NAMES)), np.nan, np.float32)
    truth[:PEOPLE, INDEX_NAMES.index("lv_edv")] = size**3
    truth[:PEOPLE, INDEX_NAMES.index("lv_ef")] = 100 * (1 - (1 - ejected) ** 3)
    generated = np.roll(real, 1, axis=0)
    if broken:
        generated[:, :, 20:28, 24:] = 0
    extra = discs(np.full((2, len(beat)), 10.0))
    write_movies(run, np.concatenate([real, extra]), np.concatenate([generated, extra]), truth)
    assert judge_of_movies.ask_judge(run, "ukb") == ""
    assert bright_is_cavity == [PEOPLE * len(judge_of_movies.moments(len(beat)))] * 2
    rows = judge_of_movies.opinion(run, "ukb").set_index(["measure", "kind"])
    assert rows.loc[("edv", "real"), "estimate"] > 0.95 and rows.loc[("ef", "real"), "estimate"] > 0.95
    assert rows.loc[("edv", "generated"), "estimate"] < 0.7, "strangers"
    assert rows.loc[("closed", "real"), "estimate"] == 100
    assert rows.loc[("closed", "generated"), "estimate"] == (0 if broken else 100)
    said = judge_of_movies.in_words(rows.reset_index())
    assert ("fewer than in real ones" if broken else "leave open which has more") in said
    assert f"real movies of {PEOPLE} of {PEOPLE} people" in said and "nan" not in said
    walls = rows.loc[("closed", judge_of_movies.DIFFERENCE)]
    assert walls["pvalue"] == (pytest.approx(2 * 0.5**PEOPLE) if broken else 1)
    assert rows.loc[("closed", "real"), "low"] < 80, "eight people of eight leave room"
    assert "correlates with the recorded end-diastolic volume at r" in said
    table = judge_of_movies.readable(rows.reset_index())
    assert list(table.columns) == ["measure", "real", "generated", "people"] and len(table) == 4
    assert table["people"].eq(PEOPLE).all()


def test_a_few_faulty_people_are_no_verdict():
    columns = ["measure", "kind", "people", "estimate", "low", "high", "n", "method", "pvalue"]
    rows = [
        ("closed", "real", 12, 100.0, 76.0, 100.0, 12, "", np.nan),
        ("closed", "generated", 12, 75.0, 47.0, 91.0, 12, "", np.nan),
        ("closed", judge_of_movies.DIFFERENCE, 12, -25.0, -53.0, 5.0, 12, "", 0.25),
    ]
    for name, drawn, apart in (("edv", (0.3, -0.3, 0.8), (-0.6, -1.2, -0.2)),
                               ("ef", (0.6, 0.1, 0.9), (-0.3, -0.8, 0.1))):  # fmt: skip
        rows += [
            (name, "real", 12, 0.9, 0.8, 0.98, 12, "", np.nan),
            (name, "generated", 12, *drawn, 12, "", np.nan),
            (name, judge_of_movies.DIFFERENCE, 12, *apart, 12, "", 0.1),
        ]
    table = pd.DataFrame(rows, columns=columns)
    walls, size, contraction = judge_of_movies.in_words(table).split(". ")
    assert "9 of 12 people" in walls and "leave open" in walls
    assert "not shown to have anything of this person's size" in size and "below that of real" in size
    assert "have something of this person's contraction" in contraction and "left open" in contraction
    unknown = table.assign(estimate=table["estimate"].where(table["measure"] == "closed"))
    assert "cannot be compared in this run" in judge_of_movies.in_words(unknown)


def test_the_beat_is_seen_at_its_ends_and_where_the_ventricle_is_small():
    assert judge_of_movies.moments(8).tolist() == [0, 2, 3, 6]
    assert judge_of_movies.moments(50).tolist() == [0, 15, 20, 38]
    assert judge_of_movies.moments(1).tolist() == [0]


def test_pictures_are_drawn_from_what_was_judged():
    from cardiacnets.experiments.cohorts import draw as draw_cohorts
    from cardiacnets.experiments.diffusion import draw as draw_movies

    films = discs(np.full((5, 2), 10.0) * np.array([1, 0.7]))
    labels = seen_heart.on_grid(np.select([films > 180, films > 60], [1, 2], 0).reshape(-1, 48, 48), 160)
    labels = labels.astype(np.uint8).reshape(5, 2, 160, 160)
    seen = {"frames": films, "truth": labels[:, :, ::2, ::2], "labels": labels, "ef": np.arange(50.0, 55)}
    assert len(draw_cohorts.judge_outlines(seen).figure.axes) == 10
    (axis,) = draw_cohorts.judge_ejection(seen).figure.axes
    heights = axis.collections[0].get_offsets()[:, 1]
    assert np.allclose(heights, 100 * (1 - 0.7**2), atol=3)
    both = {"real": films, "generated": films}
    drawn = {"real": labels, "generated": labels}
    assert len(draw_movies.judged_frames(both, drawn).figure.axes) == 4
    through = {kind: judge_of_movies.areas(each) for kind, each in drawn.items()}
    (axis,) = draw_movies.judged_areas(through, np.array([0.0, 0.4])).figure.axes
    assert pd.Series(axis.lines[0].get_ydata()).is_monotonic_decreasing
