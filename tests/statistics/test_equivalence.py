"""Two one-sided tests: what counts as equivalent, and what merely was not significant."""

import numpy as np
import pytest
from scipy.stats import norm

from cardiacnets.statistics import (
    compare_correlations,
    delong_test,
    equivalent_auc,
    equivalent_correlation,
    two_one_sided_tests,
)


def test_pvalue_and_interval_agree():
    for estimate in (0.0, 0.012, -0.02, 0.04):
        found = two_one_sided_tests(estimate, 0.01, 0.03)
        inside = -0.03 < found.interval[0] and found.interval[1] < 0.03
        assert found.equivalent == inside
    # Schuirmann 1987: the larger of Phi((d - m) / s) and Phi((-d - m) / s)
    assert two_one_sided_tests(0.012, 0.01, 0.03).pvalue == pytest.approx(norm.cdf(-1.8))


def test_a_small_study_is_neither_different_nor_equivalent():
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 2
    a, b = rng.normal(size=(2, 60)) + labels
    assert delong_test(labels, a, b).pvalue > 0.05
    assert not equivalent_auc(labels, a, b, margin=0.03).equivalent


def test_equal_correlations_of_many_participants_are_equivalent():
    rng = np.random.default_rng(0)
    y = rng.normal(size=6_000)
    a, b = y + rng.normal(size=(2, 6_000))
    found = equivalent_correlation(y, a, b)
    assert found.equivalent and max(np.abs(found.interval)) < 0.03
    # at the p-value's own level the interval touches the margin
    touching = compare_correlations(y, a, b, level=1 - 2 * found.pvalue).interval
    assert max(np.abs(touching)) == pytest.approx(0.03, abs=1e-6)
    assert not equivalent_correlation(y[:100], a[:100], b[:100]).equivalent


def test_degenerate_inputs_have_answers():
    assert two_one_sided_tests(0.0, 0.0, 0.03).pvalue == 0
    assert two_one_sided_tests(0.03, 0.0, 0.03).pvalue == 1
    y = np.random.default_rng(0).normal(size=50)
    assert equivalent_correlation(y, y + 1, y).pvalue == 0
    with pytest.raises(ValueError, match="constant"):
        equivalent_correlation(y, y, np.zeros(50))
    with pytest.raises(ValueError, match="margin above 0"):
        two_one_sided_tests(0.0, 0.1, -0.03)
    with pytest.raises(ValueError, match="standard error"):
        two_one_sided_tests(0.0, np.nan, 0.03)
