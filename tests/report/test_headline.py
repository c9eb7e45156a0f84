"""The run's answer follows from its intervals, whatever they say, and never says more than was recorded."""

import re

import numpy as np
import pytest

from cardiacnets.report.headline import (
    AGAINST,
    CONTROL,
    INDICES,
    JUDGED,
    SCREENED,
    headline,
    without_covariates,
)
from cardiacnets.report.results import make_result
from cardiacnets.report.verdicts import NOT_RECORDED
from cardiacnets.statistics import Comparison, holm
from cardiacnets.statistics.trainings import ONE_TRAINING, OVER_TRAININGS


def difference(key, interval, pvalue=0.5, method="by hand"):
    found = Comparison(sum(interval) / 2, interval, 100, method, 1.0, pvalue)
    return {key: make_result(key, found)}


@pytest.mark.parametrize(
    ("interval", "word"),
    [((0.01, 0.03), "a gain"), ((-0.03, -0.01), "a loss"), ((-0.01, 0.03), "undecided")],
)
def test_the_word_follows_from_the_interval(interval, word):
    said = headline(difference(f"{INDICES}.{JUDGED}", interval), real=False)
    low, high = (f"{end:.3f}".replace("-", "−") for end in interval)
    assert f"(95 % interval {low} to {high}, n = 100: {word})" in said
    assert f"classical model with the same covariates is {NOT_RECORDED}." in said
    assert said.startswith("**On simulated hearts, ")


def test_a_gain_of_one_training_is_undecided_as_to_trainings():
    said = headline(difference(f"{INDICES}.{JUDGED}", (0.01, 0.03), method=ONE_TRAINING), real=False)
    assert "(95 % interval 0.010 to 0.030, n = 100: undecided as to trainings)" in said


@pytest.mark.parametrize("seed", range(6))
def test_gains_and_losses_are_counted_and_corrected_over_all_screening_tasks(seed):
    rng = np.random.default_rng(seed)
    sides = np.array([(0.01, 0.09), (-0.09, -0.01), (-0.09, 0.09)])
    number = rng.integers(1, len(SCREENED) + 1)
    found = [(tuple(sides[rng.integers(3)]), rng.random() ** 4) for _ in range(number)]
    recorded = {}
    for task, (interval, pvalue) in zip(SCREENED, found, strict=False):
        recorded |= difference(f"{task}.auc.{AGAINST}", interval, pvalue)
    kept = holm([pvalue for _, pvalue in found]) < 0.05
    expected = []
    for side, of in ((1, f" of {len(found)} tasks"), (-1, "")):
        ours = [side * low > 0 and side * high > 0 for (low, high), _ in found]
        survive = sum(bool(kept[place]) for place, mine in enumerate(ours) if mine)
        expected.append(f"{sum(ours)}{of} ({survive} after Holm's correction)" if any(ours) else f"none{of}")
    assert f"gained in {expected[0]} and lost in {expected[1]} beside the classical model" in headline(
        recorded, real=True
    )


def test_nothing_recorded_is_said_and_breaks_nothing():
    said = headline({}, real=False) + without_covariates({})
    assert said.count(NOT_RECORDED) == 9 and not re.search(r"\d\.\d", said)


@pytest.mark.parametrize(
    ("methods", "said"),
    [
        (["participant bootstrap"], "and not that of training a network again. Trained again"),
        ([f"bootstrap; 3 {OVER_TRAININGS}"], "of who was studied and of each training."),
        ([f"bootstrap; {ONE_TRAINING}"], "and not that of training a network again"),
        (
            [f"bootstrap; 3 {OVER_TRAININGS}", "DeLong"],
            "of each training; in screening 1 of the 1 differences from that network hold people only. "
            "Trained again",
        ),
        ([f"bootstrap; 3 {OVER_TRAININGS}"] * 2, "differences from that network hold people and trainings."),
    ],
)
def test_what_the_intervals_resample_is_said(methods, said):
    recorded = {}
    for stem, method in zip((INDICES, f"{SCREENED[0]}.auc"), methods, strict=False):
        recorded |= difference(f"{stem}.{JUDGED}", (0.01, 0.03), method=method)
    assert said in headline(recorded, real=False)


@pytest.mark.parametrize(
    ("interval", "verb"), [((0.01, 0.03), "raised"), ((-0.03, -0.01), "lowered"), ((-0.02, 0.04), "took")]
)
def test_the_first_sentence_tells_from_what_to_what(interval, verb):
    first, second = JUDGED.split("-")
    arms = {first: 0.486, second: 0.468, AGAINST.split("-")[1]: 0.374}
    levels = {f"{INDICES}.{arm}": make_result(f"{INDICES}.{arm}", level) for arm, level in arms.items()}
    control = difference(f"{INDICES}.{CONTROL}", (0.04, 0.08))
    against = difference(f"{INDICES}.{AGAINST}", (0.08, 0.14))
    said = headline(difference(f"{INDICES}.{JUDGED}", interval) | levels | control | against, real=False)
    assert f"alignment with CMR {verb} mean r, the correlation of" in said
    assert "from 0.468 to 0.486: by " in said
    assert "reaches 0.374: the aligned network less that is 0.110 (95 %" in said
    assert "one aligned to the hearts of *strangers*, both without covariates, is 0.060 (95 %" in said
