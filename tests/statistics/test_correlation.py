"""Correlation intervals and comparisons against cocor, scipy and defined answers."""

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr

from cardiacnets.statistics import (
    compare_correlations,
    compare_overlapping,
    pearson_interval,
    spearman_interval,
)


def simulated(n=80, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=n)
    return y, 0.6 * y + rng.normal(size=n), 0.3 * y + rng.normal(size=n)


def test_williams_steiger_and_zou_of_cocor():
    # cocor 1.1: cocor.dep.groups.overlap(r.jk = .1038, r.jh = .3213, r.kh = .0257, n = 291)
    found = compare_overlapping(0.1038, 0.3213, 0.0257, 291)
    assert found.t == pytest.approx(-2.7743, abs=5e-5)
    assert found.steiger_z == pytest.approx(-2.7513, abs=5e-5)
    assert found.interval == pytest.approx((-0.3689, -0.0630), abs=5e-5)


def test_zou_of_his_paper():
    # Zou 2007, Psychological Methods 12:399, the example of overlapping correlations
    assert compare_overlapping(0.396, 0.179, 0.088, 66).interval == pytest.approx((-0.093, 0.517), abs=5e-4)


def test_fisher_interval_is_scipys():
    y, a, _ = simulated()
    twin = pearsonr(a, y)
    found = pearson_interval(a, y)
    assert found.estimate == pytest.approx(twin.statistic)
    assert found.interval == pytest.approx(tuple(twin.confidence_interval()))
    assert spearman_interval(a, y).estimate == pytest.approx(spearmanr(a, y).statistic)
    assert np.ptp(spearman_interval(a, y).interval) > np.ptp(pearson_interval(a, y).interval)


def test_columns_at_once_equal_one_by_one():
    y, a, b = simulated()
    truth, first, second = np.column_stack([y, b, a]), np.column_stack([a, a, a]), np.column_stack([b, y, y])
    truth[3, 1] = np.nan
    vectorised = pearson_interval(first, truth)
    compared = compare_correlations(truth, first, second)
    for column in range(3):
        single = pearson_interval(first[:, column], truth[:, column])
        assert vectorised.interval[0][column] == pytest.approx(single.interval[0])
        pair = compare_correlations(truth[:, column], first[:, column], second[:, column])
        assert compared.pvalue[column] == pytest.approx(pair.pvalue)
        assert compared.interval[1][column] == pytest.approx(pair.interval[1])
    assert list(vectorised.n) == [80, 79, 80]


def test_identical_predictors_do_not_differ():
    y, a, _ = simulated()
    found = compare_correlations(y, a, a)
    assert (found.estimate, found.t, found.pvalue, found.steiger_z, found.steiger_pvalue) == (0, 0, 1, 0, 1)
    assert found.interval == (0, 0)


def test_constant_columns_have_no_correlation():
    y, a, _ = simulated()
    assert np.isnan(pearson_interval(np.ones(80), y).estimate)
    found = compare_correlations(y, a, np.ones(80))
    assert np.isnan(found.estimate) and np.isnan(found.pvalue)


def test_exact_and_tiny_inputs():
    assert pearson_interval([1, 2, 3], [2, 1, 3]).interval == (-1, 1)
    exact = pearson_interval(np.arange(10), 2 * np.arange(10))
    assert exact.estimate == pytest.approx(1) and exact.interval == pytest.approx((1, 1))
    with pytest.raises(ValueError, match="at least four participants"):
        compare_correlations([1, 2, 3], [1, 3, 2], [2, 1, 3])
    with pytest.raises(ValueError, match="must be"):
        pearson_interval([1, 2, 3], [1, 2])
