"""Arms over labels: what the curve must say in worlds whose answer is known, whoever trained the encoder."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from cardiacnets.experiments.downstream_tasks.labels_curve import (
    CURVE_COMPARISONS,
    Readers,
    check_settings,
    curve_table,
    nested,
    read_out,
    seen_to_gain,
)
from cardiacnets.profile import Downstream
from cardiacnets.statistics import Comparison
from cardiacnets.study import ARMS

SETTINGS = Downstream(
    labels=400, fractions=(0.1, 1.0), bootstrap=200, curve_labels=(60, 200, 4000), curve_draws=6, trainings=3
)
PEOPLE, TEST, CAUSES = 600, 300, 5
READ = ("classical", "untrained", "probe_permuted", "twin", "probe_aligned")


def world(seed: int) -> Readers:
    """Hearts of five causes behind 40 indices. Beats of 150 features tell of them under much noise; the twin
    has found the causes, and an aligned encoder, another one each draw, mixes them with what it made up.
    """
    rng = np.random.default_rng(seed)
    people = PEOPLE + 2 * TEST
    causes = rng.standard_normal((people, CAUSES))
    beats = causes @ rng.standard_normal((CAUSES, 150)) + 20 * rng.standard_normal((people, 150))
    found = causes + 0.7 * rng.standard_normal(causes.shape)
    target = causes @ rng.standard_normal((CAUSES, 40)) + 2 * rng.standard_normal((people, 40))
    target[rng.random(target.shape) < 0.02] = np.nan

    def features(arm: str, draw: int) -> np.ndarray:
        trained = np.random.default_rng([seed, draw % SETTINGS.trainings])
        made_up = 0.3 * trained.standard_normal((people, 10))
        return {
            "classical": beats,
            "twin": found,
            "untrained": np.tanh(beats @ trained.standard_normal((150, 60)) / 200),
            "probe_permuted": trained.standard_normal((people, 15)),
            "probe_aligned": np.hstack([found @ trained.standard_normal((CAUSES, CAUSES)), made_up]),
        }[arm]

    rows = np.arange(people)
    ill = causes[:, 0] > 1
    return Readers(features, target, ill, rows[:PEOPLE], rows[PEOPLE:-TEST], rows[-TEST:])


def table_of(seed: int) -> pd.DataFrame:
    readers = world(seed)
    scores = dict(read_out(readers, [ARMS[arm] for arm in READ], SETTINGS, seed))
    missing = {"causes": "not available: real hearts"}
    return curve_table(readers, scores, SETTINGS, missing, resamples=200, seed=seed)


@pytest.fixture(scope="module")
def tables():
    return {seed: table_of(seed) for seed in (21, 22, 23)}


def point(table, arm, labels) -> Comparison:
    (row,) = table[(table["arm"] == arm) & (table["labels"] == labels)].itertuples()
    return Comparison.of(row)


def test_what_was_found_from_pairs_is_worth_most_where_labels_are_few(tables):
    table = tables[21]
    few, some, most = (point(table, "twin-classical", labels) for labels in (60, 200, PEOPLE))
    assert few.interval[0] > 0.05 and few.estimate > some.estimate > most.estimate
    assert point(table, "probe_permuted", PEOPLE).interval[0] < 0.05
    assert point(table, "probe_aligned-probe_permuted", 60).interval[0] > 0.1
    assert "is seen to gain up to" in seen_to_gain(table, "twin-classical")


def test_no_decided_verdict_flips_with_the_seed(tables):
    """Three worlds, each with other people, label draws and trainings."""
    for comparison in ("-".join(pair) for pair in CURVE_COMPARISONS if set(pair) <= set(READ)):
        for labels in (60, 200, PEOPLE):
            found = [point(table, comparison, labels) for table in tables.values()]
            sides = {np.sign(each.interval[0]) for each in found if each.interval[0] * each.interval[1] > 0}
            assert len(sides) <= 1, f"{comparison} with {labels} labels is decided both ways: {found}"
    ahead = [point(table, "probe_aligned-probe_permuted", 200).interval[0] for table in tables.values()]
    assert min(ahead) > 0, "a difference this large is decided every time"


def test_intervals_hold_the_draws(tables):
    table = tables[21]
    row = table[(table["arm"] == "probe_aligned") & (table["labels"] == 60)].iloc[0]
    assert len(row["draws"]) == 6 and row["estimate"] == pytest.approx(np.mean(row["draws"]))
    assert "3 trainings by jackknife" in row["method"] and row["n"] == TEST
    same = table[(table["arm"] == "twin") & (table["labels"] == PEOPLE)].iloc[0]
    assert np.ptp(same["draws"]) == 0, "all labels are the same people, and the closed form has no training"


def test_label_sets_are_nested_and_keep_their_share():
    ill = pd.Series(np.arange(500) % 4 == 0, index=np.arange(1000, 1500))
    sets = nested(ill, [40, 100, 500], [1, 0])
    assert [len(each) for each in sets.values()] == [40, 100, 500]
    assert set(sets[40]) < set(sets[100]) < set(sets[500])
    assert ill[sets[40]].sum() == 10 and ill[sets[100]].sum() == 25
    assert set(nested(ill, [40], [1, 1])[40]) != set(sets[40])
    assert (nested(ill, [40], [1, 0])[40] == sets[40]).all()


def test_what_is_not_there_says_why(tables):
    table = tables[22]
    assert set(table.loc[table["labels"] == 4000, "note"]) == {
        "not available: 600 training people for 4000 labels"
    }
    rest = table[table["labels"] != 4000]
    assert set(rest.loc[rest["arm"] == "causes", "note"]) == {"not available: real hearts"}
    assert set(rest.loc[rest["arm"] == "aligned-ecg", "note"]) == {"not trained with so many labels"}
    assert seen_to_gain(table, "aligned-ecg") == "is not trained with so many labels"


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"curve_labels": (300, 100)}, r"curve_labels \[300, 100\] must be rising numbers of people, 20 or"),
        ({"curve_labels": (5, 100)}, "must be rising"),
        ({"curve_labels": ()}, "must be rising"),
        ({"curve_draws": 0}, "curve_draws 0 must be 1 or more"),
    ],
)  # fmt: skip
def test_a_curve_that_cannot_be_drawn_is_refused(settings, fault):
    with pytest.raises(ValueError, match=f"profile mine: downstream: .*{fault}"):
        check_settings(dataclasses.replace(SETTINGS, **settings), "mine")
