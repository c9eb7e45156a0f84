"""Two one-sided tests: what counts as equivalent, and what merely was not significant."""

import numpy as np
import pytest
from scipy.stats import norm

from cardiacnets.statistics import (
    Estimate,
    auc_difference,
    delong_test,
    equivalence,
    equivalent_auc,
    not_below,
    within_margin,
)


def normal(estimate: float, error: float):
    """A normal estimate with a known error, at any level."""
    def at(level: float) -> Estimate:
        reach = norm.ppf(0.5 + level / 2) * error
        return Estimate(estimate, (estimate - reach, estimate + reach), 10, "normal", level=level)

    return at


def scores(n: int, shift: float = 0.0, seed: int = 0):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    shared = rng.normal(size=n) + 2 * labels
    return labels, shared + 0.3 * rng.normal(size=n), shared + 0.3 * rng.normal(size=n) + shift * labels


def test_pvalue_and_interval_agree():
    for estimate in (0.0, 0.012, -0.02, 0.029, 0.04):
        found = equivalence(normal(estimate, 0.01))
        inside = -0.03 < found.interval[0] and found.interval[1] < 0.03
        assert found.equivalent == inside == (found.pvalue <= 0.05)
        assert (found.level, found.n) == (0.9, 10)
    # Schuirmann 1987: the larger of Phi((d - m) / s) and Phi((-d - m) / s)
    assert equivalence(normal(0.012, 0.01)).pvalue == pytest.approx(norm.cdf(-1.8), abs=1e-9)
    assert equivalence(normal(0.04, 0.01)).pvalue == 1


def test_a_small_study_is_neither_different_nor_equivalent():
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 2
    a, b = rng.normal(size=(2, 60)) + labels
    assert delong_test(labels, a, b).pvalue > 0.05
    assert not equivalent_auc(labels, a, b).equivalent


def test_two_areas_are_judged_by_the_interval_that_the_pages_show():
    """Near 1 DeLong's symmetric interval and the logit limits part: the verdict is that of the shown one."""
    verdicts = []
    for seed in range(40):
        labels, a, b = scores(240, 0.25, seed)
        shown, found = auc_difference(labels, a, b, 0.9), equivalent_auc(labels, a, b)
        assert (found.estimate, found.interval) == (shown.estimate, shown.interval)
        assert found.equivalent == within_margin(shown, 0.03) == (found.pvalue <= 0.05)
        symmetric = delong_test(labels, a, b, 0.9).interval
        verdicts.append((found.equivalent, -0.03 < symmetric[0] and symmetric[1] < 0.03))
    assert any(ours for ours, _ in verdicts) and not all(ours for ours, _ in verdicts)
    assert any(ours != theirs for ours, theirs in verdicts)


def test_at_its_own_level_the_interval_touches_the_margin():
    labels, a, b = scores(600)
    found = equivalent_auc(labels, a, b)
    assert 0 < found.pvalue < 0.05
    touching = auc_difference(labels, a, b, 1 - 2 * found.pvalue).interval
    assert max(np.abs(touching)) == pytest.approx(0.03, abs=1e-6)


def test_not_worse_looks_at_one_side():
    assert not_below(normal(0.2, 0.01)(0.9), 0.03) and not within_margin(normal(0.2, 0.01)(0.9), 0.03)
    assert not not_below(normal(-0.02, 0.01)(0.9), 0.03)


def test_another_interval_is_no_equivalence_test():
    with pytest.raises(ValueError, match="judged by the 90% interval, not by that of 95%"):
        within_margin(normal(0.0, 0.001)(0.95), 0.03)
    with pytest.raises(ValueError, match="margin lies above 0"):
        within_margin(normal(0.0, 0.001)(0.9), -0.03)


def test_degenerate_inputs_have_answers():
    assert equivalence(normal(0.0, 0.0)).pvalue == 0
    assert equivalence(normal(0.03, 0.0)).pvalue == 1
    assert equivalence(normal(0.0, 0.0), least=0.01).pvalue == 0.01
    labels, a, _ = scores(40)
    same = equivalent_auc(labels, a, a)
    assert same.equivalent and same.pvalue == 0
