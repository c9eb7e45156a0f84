"""The study's tests as published, each beside the test that fits the data.

As published: two-sided z-tests that take two models' results on the same participants for results of two
groups of people. Here: the same comparison, paired, with participants as the unit. Chapter 06 shows both on
the run's own predictions; nothing else in the library uses the published ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from cardiacnets.statistics.auc_difference import auc_difference
from cardiacnets.statistics.checking import columns
from cardiacnets.statistics.correlation_resampling import bootstrap_correlations
from cardiacnets.statistics.discrimination import delong_test
from cardiacnets.statistics.equivalence import Equivalence, equivalence, equivalent_auc
from cardiacnets.statistics.estimate import Comparison, two_sided
from cardiacnets.statistics.proportions import clustered_paired_test, mcnemar_test, two_proportion_z


@dataclass(frozen=True)
class BothTests:
    """Two models on the same people: their merits ``a`` and ``b``, the published p, the paired comparison.

    ``p_delong`` is that of DeLong's own test of two AUCs; ``same`` is the test of equivalence, where one was
    made; ``n`` counts rows.
    """

    a: float
    b: float
    p_published: float
    paired: Comparison
    n: int
    p_delong: float | None = None
    same: Equivalence | None = None

    def row(self) -> dict[str, Any]:
        """As columns of a table: ``a, b, difference, low, high``, the p-values, ``low_90, high_90`` of the
        interval that equivalence is judged by, ``n`` and the paired ``method``.
        """
        low, high = self.paired.interval
        row = {"a": self.a, "b": self.b, "difference": self.paired.estimate, "low": low, "high": high}
        row["p_published"] = self.p_published
        if self.p_delong is not None:
            row["p_delong"] = self.p_delong
        row["p_paired"] = self.paired.pvalue
        if self.same is not None:
            narrow = dict(zip(("low_90", "high_90"), self.same.interval, strict=True))
            row |= narrow | {"p_equivalent": self.same.pvalue, "equivalent": self.same.equivalent}
        return row | {"n": self.n, "method": self.paired.method}


def auc_z_pvalue(auc_a: float, auc_b: float, n: int) -> float:
    """*As published* (the caption of its Figure 2): two AUCs taken for proportions of n independent people
    each.

    z = (A - B) / sqrt(2 P (1 - P) / n), P their mean. It ignores the pairing, and an AUC is no proportion.
    """
    pooled = (auc_a + auc_b) / 2
    error = np.sqrt(2 * pooled * (1 - pooled) / n)
    return two_sided((auc_a - auc_b) / error) if error > 0 else 1.0


def compare_aucs(
    labels: ArrayLike, a: ArrayLike, b: ArrayLike, participants: ArrayLike | None = None
) -> BothTests:
    """Two scores (n,), by AUC, with the test of equivalence.

    Paired: DeLong's covariance, clustered by ``participants (n,)`` where given, logit limits added in squares
    (:func:`auc_difference`).
    """
    test, paired = (compare(labels, a, b, clusters=participants) for compare in (delong_test, auc_difference))
    return BothTests(
        test.auc_a, test.auc_b, auc_z_pvalue(test.auc_a, test.auc_b, test.n), paired, test.n, test.pvalue,
        equivalent_auc(labels, a, b, clusters=participants),
    )


def compare_accuracies(
    right_a: ArrayLike, right_b: ArrayLike, participants: ArrayLike | None = None
) -> BothTests:
    """Two models' right answers (n,) as 0 and 1, by the share of them.

    Published: pooled two-proportion z. Paired: McNemar's chi-square with Tango's interval, or clustered by
    ``participants`` where given.
    """
    first, second = (columns(right, len(np.asarray(right)), "right")[:, 0] for right in (right_a, right_b))
    n = len(first)
    published = two_proportion_z(int(first.sum()), n, int(second.sum()), n)
    if participants is None:
        paired = mcnemar_test(first, second)
    else:
        paired = clustered_paired_test(first, second, participants)
    return BothTests(float(first.mean()), float(second.mean()), published.pvalue, paired, n)


def compare_index_predictions(
    truth: ArrayLike, a: ArrayLike, b: ArrayLike, resamples: int = 10_000
) -> BothTests:
    """Two predictions (n, k) of the indices, by mean r, with the test of equivalence.

    Published: the squared standardised error, averaged over the indices of each row, compared by an unpaired
    z-test. Paired: mean r by a bootstrap over participants.
    """
    target = np.asarray(truth, dtype=float)
    spread = np.nanstd(target, axis=0)
    scale = np.where(spread > 0, spread, 1)
    losses = [np.nanmean(((np.asarray(arm, dtype=float) - target) / scale) ** 2, axis=1) for arm in (a, b)]
    error = np.sqrt(sum(loss.var(ddof=1) for loss in losses) / len(target))
    published = two_sided((losses[0].mean() - losses[1].mean()) / error) if error > 0 else 1.0
    found = bootstrap_correlations(target, {"a": a, "b": b}, resamples=resamples)
    paired = found.mean_difference("a", "b")
    least = 1 / (resamples + 1) if paired.statistic else 0.0  # identical arms never differ
    same = equivalence(lambda level: found.mean_difference("a", "b", level), least=least)
    means = found.mean("a").estimate, found.mean("b").estimate
    return BothTests(*means, published, paired, paired.n, same=same)


def changed_verdicts(table: pd.DataFrame, first: str = "p_published", second: str = "p_paired") -> int:
    """Rows in which two p-values, columns of the table, fall on different sides of .05."""
    return int(((table[first] < 0.05) != (table[second] < 0.05)).sum())
