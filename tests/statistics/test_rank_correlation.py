"""Spearman under weights: explicit resampling, ties, repeats, edges."""

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from cardiacnets.statistics import spearman_bca, spearman_interval
from cardiacnets.statistics.rank_correlation import _midranks


def pairs(n=60, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return np.round(x, 1), np.round(np.exp(x) + rng.normal(size=n), 1)  # ties on both sides


def test_weighted_ranks_are_ranks_of_repeated_rows():
    x, _ = pairs()
    weights = np.random.default_rng(1).integers(0, 4, size=(5, 60)).astype(float)
    for row, ranks in zip(weights, _midranks(x, weights), strict=True):
        repeated = rankdata(np.repeat(x, row.astype(int))) - 0.5
        np.testing.assert_allclose(np.repeat(ranks, row.astype(int)), repeated)


def test_estimate_is_scipys_and_the_interval_agrees_with_bonett_and_wright():
    x, y = pairs(n=400)
    found = spearman_bca(x, y, resamples=2000)
    assert found.estimate == pytest.approx(spearmanr(x, y).statistic)
    assert found.interval == pytest.approx(spearman_interval(x, y).interval, abs=0.03)  # a third of its width


def test_repeats_and_gaps():
    x, y = pairs()
    once = spearman_bca(x, y, resamples=500)
    people = np.tile(np.arange(60), 3)
    many = spearman_bca(np.tile(x, 3), np.tile(y, 3), participants=people, resamples=500)
    assert many.interval == pytest.approx(once.interval) and many.n == 60
    gap = spearman_bca(np.append(x, np.nan), np.append(y, 1.0), resamples=500)
    assert gap == once


def test_edges_are_defined():
    line = spearman_bca(np.arange(20), np.arange(20) ** 3, resamples=200)
    assert line.estimate == 1 and line.interval == pytest.approx((1, 1))
    constant = spearman_bca(np.arange(20), np.ones(20), resamples=50)
    assert np.isnan(constant.estimate) and np.isnan(constant.interval).all()
    with pytest.raises(ValueError, match="three participants"):
        spearman_bca([1, 2], [2, 1])
    with pytest.raises(ValueError, match="lengths differ"):
        spearman_bca([1, 2, 3], [2, 1])
