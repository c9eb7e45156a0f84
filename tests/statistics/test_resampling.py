"""Bootstraps and permutations: BCa against R, weights against explicit resampling, clusters, error rates."""

import numpy as np
import pytest
from scipy.stats import rankdata

from cardiacnets.statistics import (
    bootstrap_correlations,
    bootstrap_mean,
    correlation_bca,
    max_t_correlations,
    participant_bootstrap,
    pearson_interval,
)


def indices(n=120, k=5, seed=0):
    """Truth (n, k) with gaps, and two arms, the first better in the first two indices."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=(n, k))
    a, b = truth + rng.normal(size=(2, n, k)) * 1.5
    a[:, :2] += 1.5 * truth[:, :2]
    truth[3, 1] = np.nan
    return truth, a, b


def test_bca_of_r():
    # R: boot::boot.ci(boot(x, mean, 1e6), type = "bca"), as in scipy's test_bootstrap_against_R
    x = [10, 12, 12.5, 12.5, 13.9, 15, 21, 22, 23, 34, 50, 81, 89, 121, 134, 213]
    found = bootstrap_mean(x, resamples=100_000)
    # the Monte Carlo error of a 97.5 % quantile from 1e5 draws of this mean is about 0.1 and 0.3
    assert found.interval[0] == pytest.approx(32.31, abs=0.3)
    assert found.interval[1] == pytest.approx(91.43, abs=0.9)


def test_bootstrapped_correlations_are_explicit_resampling():
    truth, a, b = indices()
    truth = np.nan_to_num(truth)
    found = bootstrap_correlations(truth, {"a": a, "b": b}, resamples=3)
    rng = np.random.default_rng(0)
    rows = rng.integers(120, size=(3, 120), dtype=np.int64)  # what the weights count
    for resample, chosen in enumerate(rows):
        for place, arm in enumerate((a, b)):
            r = [np.corrcoef(truth[chosen, c], arm[chosen, c])[0, 1] for c in range(5)]
            np.testing.assert_allclose(found.draws[resample, place], r, atol=1e-12)
    without = np.arange(120) != 7
    r = [np.corrcoef(truth[without, c], a[without, c])[0, 1] for c in range(5)]
    np.testing.assert_allclose(found.left_out[7, 0], r, atol=1e-12)


def test_missing_truth_leaves_the_pair_out():
    truth, a, b = indices()
    found = bootstrap_correlations(truth, {"a": a, "b": b}, resamples=10)
    np.testing.assert_allclose(found.estimate[0], pearson_interval(a, truth).estimate, atol=1e-12)


def test_mean_difference_is_paired():
    rng = np.random.default_rng(1)
    truth = rng.normal(size=(300, 8))
    a = truth + rng.normal(size=(300, 8))
    found = bootstrap_correlations(truth, {"a": a, "b": a + 0.1 * rng.normal(size=(300, 8))}, resamples=500)
    difference = found.mean_difference("a", "b")
    assert np.ptp(difference.interval) < 0.5 * np.ptp(found.mean("a").interval)
    assert difference.estimate == pytest.approx(found.mean("a").estimate - found.mean("b").estimate)
    same = bootstrap_correlations(truth, {"a": a, "b": a}, resamples=50).mean_difference("a", "b")
    assert (same.estimate, same.interval, same.statistic, same.pvalue) == (0, (0, 0), 0, 1)


def test_repeated_recordings_do_not_narrow_the_interval():
    truth, a, _ = indices(n=100)
    truth = np.nan_to_num(truth)
    once = correlation_bca(truth[:, 0], a[:, 0], resamples=1000)
    people = np.tile(np.arange(100), 4)
    many = correlation_bca(np.tile(truth[:, 0], 4), np.tile(a[:, 0], 4), participants=people, resamples=1000)
    assert many.estimate == pytest.approx(once.estimate) and many.n == 100
    assert many.interval == pytest.approx(once.interval, abs=1e-9)
    naive = correlation_bca(np.tile(truth[:, 0], 4), np.tile(a[:, 0], 4), resamples=1000)
    assert np.ptp(naive.interval) < 0.7 * np.ptp(once.interval)


def test_bca_agrees_with_fisher_on_normal_data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=800)
    y = x + rng.normal(size=800)
    # large normal sample: both intervals are right; 0.01 is a tenth of their width
    assert correlation_bca(x, y).interval == pytest.approx(pearson_interval(x, y).interval, abs=0.01)
    ranked = correlation_bca(rankdata(x), rankdata(y), resamples=200)
    assert ranked.interval[0] < ranked.estimate < ranked.interval[1]


def test_constant_columns_are_nan_and_left_out_of_the_mean():
    truth, a, b = indices()
    a[:, 4] = 2.5
    found = bootstrap_correlations(truth, {"a": a, "b": b}, resamples=100)
    assert np.isnan(found.estimate[0, 4]) and np.isnan(found.indices("a").interval[0][4])
    assert found.mean("a").estimate == pytest.approx(np.nanmean(found.estimate[0]))


def test_max_t_finds_the_better_indices_only():
    truth, a, b = indices(n=400)
    found = max_t_correlations(truth, a, b, permutations=2000)
    assert (found.adjusted[:2] < 0.01).all() and (found.adjusted[2:] > 0.05).all()
    assert (found.adjusted >= found.pvalue).all()
    swapped = max_t_correlations(truth, b, a, permutations=2000)
    np.testing.assert_allclose(swapped.difference, -found.difference)


def test_max_t_of_one_index_needs_no_adjustment():
    truth, a, b = (values[:, :1] for values in indices())
    found = max_t_correlations(np.nan_to_num(truth), a, b, permutations=500)
    assert found.adjusted == found.pvalue


def test_max_t_of_identical_arms_is_one():
    truth, a, _ = indices()
    found = max_t_correlations(truth, a, a, permutations=50)
    assert (found.adjusted == 1).all() and np.abs(found.difference).max() < 1e-12


def test_max_t_is_exact_with_few_permutations():
    """2,000 studies, 19 permutations: what was seen counts among them, so at most 5 % have the largest."""
    rng, alarms = np.random.default_rng(1), 0
    for seed in range(2000):
        truth = rng.normal(size=(40, 6))
        a, b = truth + rng.normal(size=(2, 40, 6))
        alarms += max_t_correlations(truth, a, b, permutations=19, seed=seed).adjusted.min() <= 0.05
    assert alarms <= 126  # binomial(2000, .05): 99.5 % are at most 126


def test_max_t_holds_its_level():
    """300 small studies of equal arms: about 5 % have any index under .05."""
    rng = np.random.default_rng(0)
    alarms = 0
    for seed in range(300):
        truth = rng.normal(size=(40, 6))
        a, b = truth + rng.normal(size=(2, 40, 6))
        alarms += max_t_correlations(truth, a, b, permutations=199, seed=seed).adjusted.min() <= 0.05
    assert alarms <= 26  # binomial(300, .05): 99.5 % are at most 26


def test_participant_bootstrap_of_columns():
    values = np.random.default_rng(0).normal(size=(50, 3))
    found = participant_bootstrap(lambda w: w @ values / w.sum(axis=1)[:, None], 50)
    assert found.estimate == pytest.approx(values.mean(axis=0)) and found.interval[0].shape == (3,)
    single = participant_bootstrap(lambda w: w @ values[:, 1] / w.sum(axis=1), 50)
    assert [end[1] for end in found.interval] == pytest.approx(single.interval)


def test_bad_input_is_named():
    truth, a, _ = indices()
    with pytest.raises(ValueError, match="arm 'a'"):
        bootstrap_correlations(truth, {"a": a[:, :2]})
    with pytest.raises(ValueError, match="no arm 'c'; there are a"):
        bootstrap_correlations(truth, {"a": a}, resamples=5).mean("c")
    with pytest.raises(ValueError, match="at least two participants"):
        bootstrap_mean([1.0])
    with pytest.raises(ValueError, match="finite"):
        bootstrap_mean([1.0, np.nan])
    with pytest.raises(ValueError, match="one participant a row"):
        bootstrap_mean([1.0, 2.0, 3.0], participants=[1, 2])
