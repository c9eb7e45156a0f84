"""The study's figure 4 redone: who is shown is chosen by rule, and words follow from intervals."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cardiacnets.experiments.diffusion import draw_exhibits, exhibits
from cardiacnets.phenotypes import INDEX_NAMES
from cardiacnets.profile import load_profile
from cardiacnets.run import Run
from cardiacnets.statistics import Estimate

PEOPLE = 40
MASS, VOLUME = (INDEX_NAMES.index(name) for name in exhibits.SHOWN)


@pytest.fixture
def run(tmp_path):
    smoke = load_profile("smoke")
    return Run(tmp_path, "hand", replace(smoke, downstream=replace(smoke.downstream, bootstrap=50)))


@pytest.fixture
def drawn(monkeypatch):
    """Forty people drawn of a test split of 200, whose record goes from 0 to 199 in every index; generated
    movies show half of what distinguishes them.
    """

    class Cohort:
        indices = np.repeat(np.arange(200.0)[:, None], 82, axis=1)

        def rows(self, split):
            assert split == "test"
            return np.arange(200)

    truth = Cohort.indices[::5].astype(np.float32)
    found = {"truth": truth, "real": truth + 1, "generated": 50 + truth / 2}
    for name in ("open_cohort", "open_clean"):
        monkeypatch.setattr(exhibits, name, lambda run, cohort: Cohort())
    monkeypatch.setattr(exhibits, "measured", lambda run, cohort: found)
    return found


def test_ends_are_tenths_of_the_test_split_not_of_those_drawn(run, drawn):
    found = exhibits.extremes(run, "ukb")
    assert [(one.index, one.end) for one in found] == [
        ("lv_mass", "lowest"), ("lv_mass", "highest"), ("rv_edv", "lowest"), ("rv_edv", "highest"),
    ]  # fmt: skip
    assert found[0].limit == pytest.approx(19.9) and found[0].places.tolist() == [0, 1, 2, 3]
    assert found[1].limit == pytest.approx(179.1) and found[1].places.tolist() == [39, 38, 37, 36]


def test_the_way_between_ends_shrinks_as_the_movies_do(run, drawn):
    table = exhibits.between_ends(run, "ukb", {way: drawn[way] for way in ("generated", "real")})
    mass = table[table["index_name"] == "lv_mass"].set_index("way")
    assert mass.loc["record", "estimate"] == pytest.approx(180)
    assert mass.loc["generated", "estimate"] == pytest.approx(90) and mass.loc["generated", "low"] > 60
    told = exhibits.ends_told(table, "lv_mass")
    assert "record changes by +180" in told and "generated ones by +90" in told
    assert "the same way round; of the recorded way" in told and "+90 g" in told
    drawn["truth"][:] = 100  # nobody drawn lies at an end
    table = exhibits.between_ends(run, "ukb", {way: drawn[way] for way in ("generated", "real")})
    assert table["estimate"].isna().all()
    assert "too few people" in exhibits.ends_told(table, "lv_mass")


def test_only_those_of_an_end_are_pictured(run, drawn):
    shape = {"sax": (PEOPLE, 2, 4, 4), "lax": (PEOPLE, 2, 6, 6)}
    movies = {
        kind: {view: np.zeros(size, np.uint8) for view, size in shape.items()}
        for kind in ("real", "generated")
    }
    found = exhibits.extremes(run, "ukb")
    picture = draw_exhibits.extremes(found, drawn, drawn["truth"], movies)
    assert picture.content == "simulated"
    parts = picture.figure.subfigs
    assert [part.get_suptitle() for part in parts] == [
        "LV myocardial mass: lowest tenth, 4 drawn", "LV myocardial mass: highest tenth, 4 drawn",
        "RV end-diastolic volume: lowest tenth, 4 drawn", "RV end-diastolic volume: highest tenth, 4 drawn",
    ]  # fmt: skip
    titles = [axis.get_title() for axis in parts[1].axes]
    assert titles[:3] == ["real: 196 g", "real: 191 g", "real: 186 g"]
    nobody = [replace(one, places=one.places[:0]) for one in found]
    empty = draw_exhibits.extremes(nobody, drawn, drawn["truth"], movies)
    assert not any(axis.images for part in empty.figure.subfigs for axis in part.axes)
    assert draw_exhibits.extremes_film(nobody, "lv_mass", movies, 4) is None
    moving = draw_exhibits.extremes_film(found, "lv_mass", movies, 4)
    assert moving.labels == ("", "lowest", "", "", "highest", "")


def test_limits_of_agreement_are_bland_and_altmans():
    rng = np.random.default_rng(4)
    real = rng.normal(100, 20, 50_000)
    found = exhibits.bland_altman(real + 5 + rng.normal(0, 10, len(real)), real)
    assert found.bias.estimate == pytest.approx(5, abs=0.2)
    assert found.lower.estimate == pytest.approx(5 - 19.6, abs=0.4)
    assert found.upper.estimate == pytest.approx(5 + 19.6, abs=0.4)
    wide, narrow = (one.interval[1] - one.interval[0] for one in (found.upper, found.bias))
    assert wide / narrow == pytest.approx(2.92**0.5)
    with pytest.raises(ValueError, match="at least three pairs, not 2"):
        exhibits.bland_altman(real[:2], real[:2])


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        ((0.1, 0.2), "tells of the heart"),
        ((-0.2, -0.1), "goes against"),
        ((-0.1, 0.1), "adds nothing that 9"),
    ],
)
def test_whether_the_picture_adds_follows_the_interval(interval, words):
    assert words in exhibits.adds_told(Estimate(sum(interval) / 2, interval, 9, ""))


def test_single_people_are_dots_only_where_they_may_be_shown(drawn):
    for people, dots, content in ((True, PEOPLE, "simulated"), (False, 10, "aggregate")):
        picture = draw_exhibits.generated(drawn, drawn["truth"], people)
        assert picture.content == content
        assert [len(axis.collections[0].get_offsets()) for axis in picture.figure.axes] == [dots] * 6


@pytest.fixture
def ill(run, monkeypatch):
    """Movies whose error is the person's number, hypertrophic hearts at 3, 5 and 8, one of pericarditis."""
    table = pd.DataFrame(False, index=range(10), columns=list(exhibits.CONDITIONS))
    table.loc[[3, 5, 8], "hcm"] = True
    table.loc[4, "pc"] = True
    folder = run.predictions / "generated.ukb"
    run.fit_or_load(folder, {"made": 1}, lambda where: table.to_parquet(where / "table.parquet"))
    monkeypatch.setattr(exhibits, "measured", lambda run, cohort: {})
    monkeypatch.setattr(exhibits, "movie_errors", lambda read: np.arange(10.0))


def test_typical_is_the_median_and_failed_the_largest_error(run, ill):
    cases = exhibits.gallery(run, ["ukb"])
    assert [(case.condition, case.rule, case.place, case.error) for case in cases] == [
        ("pc", "typical", 4, 4.0), ("hcm", "typical", 5, 5.0), ("hcm", "failed", 8, 8.0),
    ]  # fmt: skip
    assert cases[2].title == "hypertrophic cardiomyopathy, largest error"
    table = exhibits.errors_by_condition(run, ["ukb"]).set_index("condition")
    assert table.loc["hcm", "estimate"] == pytest.approx(16 / 3) and table.loc["hcm", "n"] == 3
    assert np.isnan(table.loc["pc", "low"]) and table.loc["pc", "estimate"] == 4
    assert exhibits.gallery_told(table.reset_index()).startswith("Too few people")


def test_who_is_shown_already_is_passed_over(run, ill):
    table = pd.read_parquet(run.predictions / "generated.ukb" / "table.parquet")
    table.loc[[3, 5, 8], "dcm"] = True  # the same three people
    table.to_parquet(run.predictions / "generated.ukb" / "table.parquet")
    cases = exhibits.gallery(run, ["ukb"])
    assert len({case.place for case in cases}) == len(cases) == 4


def test_hearts_drawn_towards_the_average_are_told_by_the_slope():
    real = np.random.default_rng(5).normal(100, 20, 300)
    noise = np.random.default_rng(6).normal(0, 5, 300)
    for rises, words in ((0.3, "small hearts are drawn too large"), (1.0, "all of them may"),
                         (1.8, "exaggerated")):  # fmt: skip
        drawn = 100 + rises * (real - 100) + noise
        found = exhibits.slope(drawn, real)
        assert found.estimate == pytest.approx(rises, abs=0.1)
        told = exhibits.agreement_told("lv_mass", exhibits.bland_altman(drawn, real), found)
        assert words in told and " g in the mean" in told and "limits of agreement" in told
    nobody = exhibits.slope(real[:2], real[:2])
    assert np.isnan(nobody.estimate)
    told = exhibits.agreement_told("lv_mass", exhibits.bland_altman(drawn, real), nobody)
    assert "cannot be judged" in told


def test_the_words_of_the_gallery_follow_its_intervals():
    rows = [("dcm", 1.0, 0.8, 1.2, 9), ("hcm", 2.0, 1.5, 2.5, 8), ("pc", 1.1, 0.5, 3.0, 7)]
    table = pd.DataFrame(rows, columns=["condition", "estimate", "low", "high", "n"])
    told = exhibits.gallery_told(table)
    assert "nearest in dilated cardiomyopathy (1.00, 0.80 to 1.20, n = 9)" in told
    assert "intervals do not meet" in told
    assert exhibits.gallery_told(table.assign(high=9.0)).endswith("their intervals meet")


def test_an_error_is_in_deviations_of_real_movies():
    real = np.random.default_rng(1).standard_normal((500, 82)) * 7
    assert exhibits.movie_errors({"real": real, "generated": real + 14}) == pytest.approx(2, rel=0.1)
