"""Intervals over participants and trainings keep their promise; those over participants alone break it."""

import numpy as np
import pytest
from scipy.stats import norm, t

from cardiacnets.statistics import Comparison, Estimate, bootstrap_correlations, pearson
from cardiacnets.statistics.trainings import (
    LENT,
    ONE_TRAINING,
    trained_once,
    with_lent_spread,
    with_trainings,
    without_each,
)

Z = norm.ppf(0.975)


def of_mean(values):
    """A mean with each of its values left out."""
    return (values.sum() - values) / (len(values) - 1)


def test_the_two_intervals_add_in_squares():
    singles = np.array([0.433, 0.416, 0.432])
    found = with_trainings(Estimate(singles.mean(), (0.40, 0.47), 1096, "bootstrap"), [of_mean(singles)])
    half = t.ppf(0.975, 2) * singles.std(ddof=1) / np.sqrt(3)  # Student's interval of three numbers
    low, high = singles.mean() - 0.40, 0.47 - singles.mean()
    assert found.interval == pytest.approx(
        (singles.mean() - np.hypot(low, half), singles.mean() + np.hypot(high, half))
    )
    assert (found.n, found.method) == (1096, "bootstrap; 3 trainings by jackknife, added in squares")


def test_two_arms_share_their_degrees_of_freedom():
    first, second = np.array([0.43, 0.42, 0.44]), np.array([0.39, 0.35, 0.40])
    gain = first.mean() - second.mean()
    given = Comparison(gain, (gain, gain), 9, "exact", 0.0, 1.0)  # no doubt about participants
    left_out = [of_mean(first) - second.mean(), first.mean() - of_mean(second)]
    found = with_trainings(given, left_out)
    error = np.sqrt(first.var(ddof=1) / 3 + second.var(ddof=1) / 3)
    assert np.ptp(found.interval) / 2 == pytest.approx(t.ppf(0.975, 4) * error)
    assert found.pvalue == pytest.approx(2 * t.sf(gain / error, 4), rel=1e-6)  # the two-sample t-test


def test_the_test_and_the_interval_agree():
    rng = np.random.default_rng(0)
    for _ in range(200):
        gain, width = rng.normal(0, 0.03), abs(rng.normal(0, 0.01)) + 1e-4
        given = Comparison(gain, (gain - width, gain + width), 9, "normal", 0.0, 1.0)
        found = with_trainings(given, [gain + rng.normal(0, 0.01, 3)])
        low, high = found.interval
        assert low < given.interval[0] and high > given.interval[1]
        assert (found.pvalue < 0.05) == (low > 0 or high < 0)
        assert np.sign(found.statistic) == np.sign(gain)


def test_an_interval_ends_where_the_statistic_does():
    found = with_trainings(Estimate(0.7, (0.6, 0.8), 9, "AUC"), [[0.2, 0.9]], (0, 1))
    assert found.interval == (0, 1)


def test_trainings_that_agree_change_nothing_and_one_is_no_spread():
    given = Comparison(0.03, (0.01, 0.05), 9, "normal", 2.9, 0.003)
    same = with_trainings(given, [np.full(3, 0.03)])
    assert (same.interval, same.pvalue) == (pytest.approx(given.interval), given.pvalue)
    assert with_trainings(given, []) == given
    unknown = Comparison(np.nan, (np.nan, np.nan), 0, "not available", np.nan, np.nan)
    assert with_trainings(unknown, [[0.1, 0.2]]) is unknown
    with pytest.raises(ValueError, match=r"two or more of an arm, found \(1,\)"):
        with_trainings(given, [[0.03]])


@pytest.mark.parametrize("spread", [0.0, 1.0, 3.0])
def test_ninety_five_of_a_hundred_intervals_hold_the_truth(spread):
    """Three trainings of two arms; participants' error 1, that of one training ``spread``."""
    rng = np.random.default_rng(13)
    held, held_by_people = [], []
    for _ in range(2000):
        arms = [spread * rng.normal(size=3) for _ in range(2)]
        gain = rng.normal() + arms[0].mean() - arms[1].mean()  # the truth is 0
        given = Comparison(gain, (gain - Z, gain + Z), 9, "normal", 0.0, 1.0)
        left_out = [
            gain + of_mean(arms[0]) - arms[0].mean(), gain - of_mean(arms[1]) + arms[1].mean()
        ]  # fmt: skip
        low, high = with_trainings(given, left_out).interval
        held.append(low <= 0 <= high)
        held_by_people.append(abs(gain) <= Z)
    # 2000 trials: a rate of .95 is told to .01
    assert 0.94 <= np.mean(held) <= 0.985
    if spread:
        assert np.mean(held_by_people) < 0.9


def test_predictions_without_each_training():
    """The jackknife of a mean correlation of averaged predictions is that of the predictions themselves."""
    rng = np.random.default_rng(1)
    truth = rng.normal(size=(300, 4))
    trainings = truth + 2 * rng.normal(size=(3, 300, 4))
    left_out = without_each(trainings)
    np.testing.assert_allclose(left_out[1], (trainings[0] + trainings[2]) / 2)
    people = bootstrap_correlations(truth, {"a": trainings.mean(axis=0)}, resamples=200).mean("a")
    found = with_trainings(people, [[pearson(truth, each).mean() for each in left_out]])
    singles = [pearson(truth, each).mean() for each in trainings]
    assert found.estimate > max(singles), "a mean of three has less noise than each of them"
    assert found.interval[0] < people.interval[0] and found.interval[1] > people.interval[1]


def test_a_lent_spread_widens_as_one_training_of_such_networks_would():
    given = Comparison(0.05, (0.03, 0.07), 9, "normal", Z * 2.5, 1e-6, level=0.95)
    spreads = [(0.010, 3), (0.020, 3)]
    found = with_lent_spread(given, spreads)
    pooled = np.sqrt((2 * 0.010**2 + 2 * 0.020**2) / 4)
    half = np.hypot(0.02, t.ppf(0.975, 4) * pooled)
    assert found.interval == pytest.approx((0.05 - half, 0.05 + half))
    assert found.method == f"normal; {LENT}"
    assert (found.pvalue < 0.05) == (half < 0.05) and found.pvalue > given.pvalue
    same = with_lent_spread(given, [(0.0, 3)])
    assert same.interval == pytest.approx(given.interval)
    for nothing in ([], [(0.01, 1)], [(float("nan"), 3)]):
        with pytest.raises(ValueError, match="lent by two or more trainings"):
            with_lent_spread(given, nothing)


def test_nineteen_of_twenty_intervals_with_a_lent_spread_hold_the_truth():
    """One training with an error of 2 beside participants' of 1; two others, trained three times, lend."""
    rng = np.random.default_rng(17)
    held, held_by_people = [], []
    for _ in range(2000):
        gain = rng.normal() + 2 * rng.normal()  # the truth is 0
        given = Comparison(gain, (gain - Z, gain + Z), 9, "normal", 0.0, 1.0)
        lent = [(2 * rng.normal(size=3).std(ddof=1), 3) for _ in range(2)]
        low, high = with_lent_spread(given, lent).interval
        held.append(low <= 0 <= high)
        held_by_people.append(abs(gain) <= Z)
    assert 0.94 <= np.mean(held) <= 0.985
    assert np.mean(held_by_people) < 0.7


def test_what_was_trained_once_says_so_once():
    given = Estimate(0.05, (0.03, 0.07), 9, "bootstrap")
    found = trained_once(given)
    assert found.method == f"bootstrap; {ONE_TRAINING}" and found.interval == given.interval
    assert trained_once(found) is found
