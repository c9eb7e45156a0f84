"""Ties, identical scores, constants, tiny samples, perfect separation: every statistic has an answer."""

import warnings

import numpy as np
import pytest

from cardiacnets import statistics

LABELS = np.repeat([0, 1], 6)
RANKED = np.arange(12.0)
TIED = np.repeat([0.2, 0.4, 0.6, 0.8], 3)
CONSTANT = np.full(12, 0.5)
PAIRS = {"tied": (TIED, TIED[::-1]), "identical": (RANKED, RANKED), "constant": (RANKED, CONSTANT),
         "both constant": (CONSTANT, CONSTANT), "separated": (RANKED, -RANKED)}  # fmt: skip


def whole(found, undefined=False) -> None:
    """Estimate within its interval, or all of them NaN where that is the defined answer."""
    low, high = found.interval
    values = np.array([found.estimate, low, high], dtype=float)
    assert np.isfinite(values).all() or (undefined and np.isnan(values).all()), values
    assert np.isnan(values).any() or low - 1e-12 <= found.estimate <= high + 1e-12
    if hasattr(found, "pvalue"):
        assert 0 <= found.pvalue <= 1 or (undefined and np.isnan(found.pvalue))


@pytest.mark.parametrize("kind", PAIRS)
@pytest.mark.parametrize("clusters", [None, np.repeat(np.arange(6), 2)], ids=["people", "clusters"])
def test_areas(kind, clusters):
    a, b = PAIRS[kind]
    for score in (a, b):
        for method in ("logit", "wald", "newcombe"):
            whole(statistics.auc_interval(LABELS, score, method=method, clusters=clusters))
    whole(statistics.delong_test(LABELS, a, b, clusters=clusters))
    whole(statistics.auc_difference(LABELS, a, b, clusters=clusters))
    whole(statistics.delong_test_unpaired(LABELS, a, LABELS, b, clusters_a=clusters, clusters_b=clusters))
    assert 0 <= statistics.equivalent_auc(LABELS, a, b, clusters=clusters).pvalue <= 1
    chances = np.column_stack([a, b, a[::-1]])
    for single in (*(found := statistics.one_vs_rest(np.arange(12) % 3, chances, clusters=clusters)).classes,
                   found.macro):
        whole(single)
    whole(statistics.class_gain_difference(np.arange(12) % 3, chances, chances[:, ::-1], 0, 1,
                                           clusters=clusters))  # fmt: skip


@pytest.mark.parametrize("kind", PAIRS)
def test_correlations(kind):
    a, b = PAIRS[kind]
    constant = "constant" in kind
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # means of nothing where a column is constant
        whole(statistics.pearson_interval(a, b), constant)
        whole(statistics.spearman_interval(a, b), constant)
        whole(statistics.correlation_bca(a, b, resamples=100), constant)
        whole(statistics.compare_correlations(RANKED, a, b), constant)
        arms = a[:, None], b[:, None]
        adjusted = statistics.max_t_correlations(RANKED[:, None], *arms, permutations=20).adjusted
    assert np.isnan(adjusted).all() if constant else ((adjusted > 0) & (adjusted <= 1)).all()


@pytest.mark.parametrize("kind", PAIRS)
def test_decisions(kind):
    a, b = (np.asarray(side) > 0.5 for side in PAIRS[kind])
    for method in ("exact", "midp", "chi2", "corrected"):
        whole(statistics.mcnemar_test(a, b, method))
    whole(statistics.clustered_paired_test(a, b, np.repeat(np.arange(6), 2)))
    whole(statistics.two_proportion_z(int(a.sum()), 12, int(b.sum()), 12))
    for people in (None, np.repeat(np.arange(6), 2)):
        whole(statistics.accuracy(a, people))
        whole(statistics.balanced_accuracy(LABELS, a == LABELS, people))
        whole(statistics.balanced_accuracy_difference(LABELS, a == LABELS, b == LABELS, people))


def test_one_person_more_than_nothing():
    whole(statistics.wilson_interval(0, 1))
    whole(statistics.wilson_interval(1, 1))
    whole(statistics.auc_interval([0, 1], [0.0, 1.0]))
    whole(statistics.mcnemar_test([1], [0]))
    whole(statistics.pearson_interval([1, 2, 3], [3, 1, 2]))
