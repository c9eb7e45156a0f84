"""Two logit intervals added in squares: beside DeLong, at the edges, and where they part."""

import numpy as np
import pytest

from cardiacnets.statistics import auc_covariance, auc_difference, auc_interval, delong_test
from cardiacnets.statistics.coverage.counting import binormal


def simulated(n=400, gap=0.3, seed=0):
    """Labels (n,) and two correlated scores, the first better by ``gap``."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    shared = rng.normal(size=n)
    a, b = shared + 0.8 * rng.normal(size=(2, n)) + np.array([[1 + gap], [1.0]]) * labels
    return labels, a, b


def test_in_large_studies_it_is_delongs():
    labels, a, b = simulated(n=20_000, gap=0.02)
    ours, theirs = auc_difference(labels, a, b), delong_test(labels, a, b)
    assert ours.estimate == pytest.approx(theirs.estimate)
    assert ours.interval == pytest.approx(theirs.interval, abs=2e-4)
    assert ours.statistic == pytest.approx(theirs.z, abs=0.02)


def test_limits_are_the_logit_limits_in_squares():
    labels, a, b = simulated()
    found, (first, second) = auc_difference(labels, a, b), [auc_interval(labels, each) for each in (a, b)]
    covariance = auc_covariance(labels, np.column_stack([a, b])).covariance
    rho = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
    below, above = first.estimate - first.interval[0], second.interval[1] - second.estimate
    assert found.interval[0] == pytest.approx(
        found.estimate - np.sqrt(below**2 - 2 * rho * below * above + above**2)
    )


def test_interval_and_test_agree_and_turn_round():
    for gap in (0.0, 0.1, 0.2, 0.4):
        labels, a, b = simulated(gap=gap)
        found, turned = auc_difference(labels, a, b), auc_difference(labels, b, a)
        assert (found.pvalue < 0.05) == (found.interval[0] > 0 or found.interval[1] < 0)
        assert turned.estimate == -found.estimate and turned.statistic == pytest.approx(-found.statistic)
        assert turned.interval == pytest.approx((-found.interval[1], -found.interval[0]))
    touching = auc_difference(labels, a, b, level=1 - found.pvalue).interval
    assert touching[0] == pytest.approx(0, abs=1e-6)


def test_repeats_do_not_add_participants():
    labels, a, b = simulated(n=120)
    once = auc_difference(labels, a, b)
    people = np.tile(np.arange(120), 3)
    many = auc_difference(*(np.tile(each, 3) for each in (labels, a, b)), clusters=people)
    assert many.interval == pytest.approx(once.interval) and many.pvalue == pytest.approx(once.pvalue)
    assert auc_difference(*(np.tile(each, 3) for each in (labels, a, b))).pvalue < once.pvalue


def test_the_edges_are_defined():
    labels = np.repeat([0, 1], 30)
    score, rng = np.arange(60.0), np.random.default_rng(0)
    noisy = score + rng.normal(scale=25, size=60)
    same = auc_difference(labels, noisy, np.exp(noisy / 60))
    assert (same.estimate, same.interval, same.statistic, same.pvalue) == (0, (0, 0), 0, 1)
    apart = auc_difference(labels, score, np.zeros(60))  # perfect against constant
    assert apart.estimate == 0.5 and 0 < apart.interval[0] < 0.5 and apart.pvalue < 0.001
    both_perfect = auc_difference(labels, score, score**2)
    assert both_perfect.pvalue == 1 and both_perfect.interval[0] < 0 < both_perfect.interval[1]
    mixed = auc_difference(labels, score, noisy)
    assert mixed.interval[0] < mixed.estimate < mixed.interval[1] <= 1
    constants = auc_difference(labels, np.zeros(60), np.ones(60))
    assert constants.estimate == 0 and constants.interval[0] < -0.1 and constants.interval[1] > 0.1
    with pytest.raises(ValueError, match="two cases and two controls"):
        auc_difference([0, 0, 1], [1, 3, 2], [3, 2, 1])
    with pytest.raises(ValueError, match="lengths differ"):
        auc_difference([0, 1], [1, 3, 2], [3, 2, 1])


def test_it_keeps_its_level_where_delong_is_blind():
    """1,000 small studies at AUC .95 (77 cases, 34 controls): near 5 %, DeLong's own nearer 3."""
    rng, labels = np.random.default_rng(0), np.arange(111) < 77
    ours, theirs = 0, 0
    for _ in range(1000):
        scores = binormal(77, 34, 0.95, rng, scores=2).T
        ours += auc_difference(labels, *scores).pvalue < 0.05
        theirs += delong_test(labels, *scores).pvalue < 0.05
    assert 33 <= ours <= 70 and theirs < ours  # binomial(1000, .05): 99 % within 33 and 69
