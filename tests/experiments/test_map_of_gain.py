"""When alignment pays: what the map must say in worlds whose answer is known."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from cardiacnets.experiments.downstream_tasks.draw import map_of_gain
from cardiacnets.experiments.downstream_tasks.map_of_gain import (
    TEACHERS,
    World,
    check_settings,
    gains,
    zero_line,
)
from cardiacnets.experiments.downstream_tasks.map_places import (
    Place,
    nearest,
    network_in_words,
    on_axis,
    places_table,
)
from cardiacnets.models.linear_twin import ClosedFormAlignment, RidgeMap
from cardiacnets.profile import LinearTwin
from cardiacnets.statistics import Comparison

SETTINGS = LinearTwin(map_labels=(40, 150, 900), map_pairs=(100, 900), map_draws=2)
PEOPLE, TEST = 900, 300
SHORT = "not available: 900 training people for 4000"


def low_rank_world(seed: int = 20) -> World:
    """Hearts of five causes behind 40 indices; ECGs of 150 features that tell of them under much noise."""
    rng = np.random.default_rng(seed)
    people = PEOPLE + 2 * TEST
    causes = rng.standard_normal((people, 5))
    features = causes @ rng.standard_normal((5, 150)) + 6 * rng.standard_normal((people, 150))
    true = causes @ rng.standard_normal((5, 40))
    recorded = true + 2 * rng.standard_normal(true.shape)
    rows = np.arange(people)
    training = rows[:PEOPLE]
    noise = rng.standard_normal((PEOPLE, 40))
    teachers = {"strangers": true[np.roll(training, 1)], "random": noise, "perfect": true[training]}
    parts = training, rows[PEOPLE : PEOPLE + TEST], rows[PEOPLE + TEST :]
    return World(features, recorded, rows, *parts, teachers, {"grid": "not available: no encoder"})


@pytest.fixture(scope="module")
def table():
    return gains(low_rank_world(), SETTINGS, resamples=300, seed=20)


def cell(table, teacher, pairs, labels):
    chosen = table[(table["teacher"] == teacher) & (table["pairs"] == pairs) & (table["labels"] == labels)]
    (row,) = chosen.itertuples()
    return Comparison.of(row)


def test_every_cell_has_a_row_and_counts_test_participants(table):
    assert len(table) == len(TEACHERS) * 2 * 3
    known = table[table["estimate"].notna()]
    assert set(known["teacher"]) == {"strangers", "random", "perfect"}
    assert (known["n"] == TEST).all() and (known["low"] <= known["high"]).all()


def test_what_a_perfect_teacher_is_worth_falls_with_labels_and_rises_with_pairs(table):
    few, some, many = (cell(table, "perfect", 900, labels) for labels in SETTINGS.map_labels)
    assert few.interval[0] > 0.02, "forty labels cannot tell five causes from the noise of 150 features"
    assert few.estimate > some.estimate > many.estimate
    assert few.interval[0] > many.interval[1]
    assert few.estimate > cell(table, "perfect", 100, 40).estimate


@pytest.mark.parametrize("teacher", ["strangers", "random"])
def test_a_teacher_that_knows_nothing_of_this_heart_is_worth_nothing(table, teacher):
    for pairs in SETTINGS.map_pairs:
        for labels in SETTINGS.map_labels:
            assert cell(table, teacher, pairs, labels).interval[0] <= 0
    assert cell(table, "perfect", 900, 40).interval[0] > cell(table, teacher, 900, 40).interval[1]


def test_a_point_is_a_mean_of_draws_and_repeats(table):
    one = dataclasses.replace(SETTINGS, map_labels=(40,), map_pairs=(900,), map_draws=2)
    again = gains(low_rank_world(), one, resamples=300, seed=20)
    assert cell(again, "perfect", 900, 40).estimate == cell(table, "perfect", 900, 40).estimate
    single = gains(low_rank_world(), dataclasses.replace(one, map_draws=1), resamples=300, seed=20)
    assert cell(single, "perfect", 900, 40).estimate != cell(table, "perfect", 900, 40).estimate


def test_what_is_not_there_says_why(table):
    assert set(table.loc[table["teacher"] == "grid", "note"]) == {"not available: no encoder"}
    wide = dataclasses.replace(SETTINGS, map_labels=(40, 4000), map_pairs=(900,), map_draws=1)
    short = gains(low_rank_world(), wide, resamples=50, seed=20)
    row = short[(short["teacher"] == "perfect") & (short["labels"] == 4000)].iloc[0]
    assert np.isnan(row["estimate"]) and row["note"] == SHORT
    assert np.isfinite(cell(short, "perfect", 900, 40).estimate)
    assert zero_line(short[short["labels"] == 4000], "perfect") == f"is {SHORT}"


def test_the_zero_line_is_the_last_number_of_labels_whose_interval_lies_above_zero(table):
    own = table[(table["teacher"] == "perfect") & (table["pairs"] == 900)]
    last = own.loc[own["low"] > 0, "labels"].max()
    assert f"up to {last:,} labels (tried: 40, 150, 900)" in zero_line(table, "perfect")
    below = table.assign(low=-0.1, high=-0.05)
    words = zero_line(below, "perfect")
    assert words.startswith("is not seen to gain at any number of labels tried") and words.endswith("loses")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"map_labels": (300, 100)}, r"map_labels \[300, 100\] must be rising"),
        ({"map_labels": (100, 100)}, r"map_labels \[100, 100\] must be rising"),
        ({"map_labels": ()}, r"map_labels \[\] must be rising"),
        ({"map_pairs": (5, 100)}, r"map_pairs \[5, 100\] must be rising numbers of people, 20 or more"),
        ({"map_draws": 0}, "map_draws 0 must be 1 or more"),
    ],
)
def test_settings_that_draw_no_map_are_refused_in_one_line(settings, told):
    with pytest.raises(ValueError, match=f"profile mine: linear_twin: {told}") as refused:
        check_settings(LinearTwin(**settings), "mine")
    assert "\n" not in str(refused.value)
    assert check_settings(SETTINGS, "mine") is SETTINGS


def test_several_teachers_are_fitted_as_if_each_were_alone():
    world = low_rank_world()
    features = world.features[world.training]
    together = ClosedFormAlignment.fit_each(features, world.teachers, seed=3)
    for name, values in world.teachers.items():
        alone = ClosedFormAlignment.fit(features, values, seed=3)
        np.testing.assert_array_equal(together[name].out_of_fold, alone.out_of_fold)
        np.testing.assert_array_equal(together[name].ridge.weight, alone.ridge.weight)
        np.testing.assert_array_equal(alone.ridge.weight, RidgeMap.fit(features, values).weight)


def test_the_gain_is_over_whichever_readout_of_the_ecg_validation_prefers(table):
    world = low_rank_world()
    one = dataclasses.replace(SETTINGS, map_labels=(40,), map_pairs=(900,), map_draws=1)
    noise = np.random.default_rng(1).standard_normal((len(world.features), 5))
    clear = np.linalg.svd(world.target - world.target.mean(0), full_matrices=False)[0][:, :5]

    def with_rival(features):
        known = dataclasses.replace(world, rivals={"untrained": features})
        return gains(known, one, resamples=100, seed=20)

    alone = gains(world, one, resamples=100, seed=20)
    assert set(alone["baseline"]) == {"classical (1 of 1)"}
    useless, strong = with_rival(noise), with_rival(clear)
    assert set(useless["baseline"]) == {"classical (1 of 1)"}
    assert cell(useless, "perfect", 900, 40).estimate == cell(alone, "perfect", 900, 40).estimate
    assert set(strong["baseline"]) == {"untrained (1 of 1)"}
    assert cell(strong, "perfect", 900, 40).estimate < cell(alone, "perfect", 900, 40).estimate


@pytest.mark.parametrize(
    ("value", "place"), [(100, 0.0), (1000, 1.0), (316.228, 0.5), (20, -0.5), (9e4, 1.5)]
)
def test_a_number_lies_between_its_neighbours_or_on_the_edge(value, place):
    assert on_axis(value, [100, 1000]) == pytest.approx(place, abs=1e-4)


def test_studies_are_placed_by_what_is_known_of_them(table):
    known = Place("study", "S", 29063, 60, "paper")
    unknown = Place("article", "N", None, None, "not stated")
    inside = Place("own", "R", 800, 900, "manifest")
    told = places_table(table, [known, unknown, inside], "perfect").set_index("source")
    assert told.loc["paper", "on the map"] == "beyond it in pairs"
    nowhere = told.loc["not stated", ["pairs", "labels", "on the map"]]
    assert tuple(nowhere) == ("not stated", "not stated", "not placed")
    assert told.loc["manifest", "on the map"] == "inside"
    assert nearest(table, known, "perfect") == cell(table, "perfect", 900, 40)
    assert nearest(table, inside, "perfect") == cell(table, "perfect", 900, 900)
    assert nearest(table, inside, "grid") is None and nearest(table, unknown, "perfect") is None
    drawn = map_of_gain(table, [known, unknown, inside])
    assert "S: study, 29,063 pairs and 60 labels" in drawn.caption and "article" not in drawn.caption
    panel = drawn.figure.axes[0]
    letters = {text.get_text(): text.get_position() for text in panel.texts if text.get_text() in "SNR"}
    assert set(letters) == {"S", "R"}
    assert letters["S"][1] < letters["R"][1] + 0.5 and letters["S"][0] < letters["R"][0]
    for column, row in letters.values():
        assert 0 < column < 3 and 0 < row < 2


def test_the_network_is_held_against_the_rival_of_the_map(table):
    place = Place("this run", "R", 900, 150, "here")
    told = table.assign(baseline="untrained (2 of 3), classical (1 of 3)")
    gain = {"estimate": 0.05, "low": 0.03, "high": 0.07}
    rows = pd.DataFrame([
        {"comparison": "aligned-untrained"} | gain,
        {"comparison": "aligned-classical"} | dict.fromkeys(gain, 0.5),
    ])  # fmt: skip
    said = network_in_words(told, place, rows, "perfect")
    assert said.startswith("With 150 labels and all pairs its gain over the readout of an untrained encoder")
    assert "0.050 (0.030 to 0.070)" in said and "0.500" not in said
    shown = cell(table, "perfect", 900, 150).estimate
    assert f"closed form {shown:.3f} (".replace("-", "−") in said
    classical = network_in_words(told.assign(baseline="classical (3 of 3)"), place, rows, "perfect")
    assert "over the classical model" in classical and "0.500" in classical
    assert network_in_words(told, place, rows[:0], "perfect").startswith("The network was not compared")
    assert network_in_words(told, place, rows, "grid") == (
        "The network cannot be held against the map in this run."
    )
