"""Areas under the ROC curve: intervals and tests for scores on the same participants or on different ones.

``labels (n,)`` 0 control, 1 case; ``scores (n,)`` or ``(n, k)``, higher means disease. Everything rests on
the *placements* of DeLong: for each case the share of controls below it (ties count half), for each control
the share of cases above it. The AUC is the mean of either; its covariance follows from theirs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import expit, logit
from scipy.stats import rankdata

from cardiacnets.statistics.checking import both_classes, cluster_codes, columns, same_length
from cardiacnets.statistics.estimate import Comparison, Estimate, normal_quantile, two_sided

ROUNDING = 1e-12
"""A variance below this share of its terms is a difference of equal numbers."""


@dataclass(frozen=True)
class AucCovariance:
    """AUCs ``auc (k,)`` of k scores and their ``covariance (k, k)``."""

    auc: np.ndarray
    covariance: np.ndarray
    cases: int
    controls: int


@dataclass(frozen=True)
class DelongTest(Comparison):
    """Two AUCs, their difference ``estimate = auc_a - auc_b`` with interval, and the two-sided test."""

    auc_a: float
    auc_b: float
    standard_error: float

    @property
    def z(self) -> float:
        return self.statistic


def placements(labels: ArrayLike, scores: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """AUCs (k,), placements of cases (k, cases) and of controls (k, controls), by midranks, O(n log n).

    Sun and Xu 2014, "Fast implementation of DeLong's algorithm". Raises ``ValueError`` for labels of one
    class, missing scores or other shapes.
    """
    positive = both_classes(labels)
    values = columns(scores, len(positive)).T  # (k, n)
    ranks = rankdata(values, axis=1)
    cases, controls = positive.sum(), (~positive).sum()
    of_cases = (ranks[:, positive] - rankdata(values[:, positive], axis=1)) / controls
    of_controls = 1 - (ranks[:, ~positive] - rankdata(values[:, ~positive], axis=1)) / cases
    return of_cases.mean(axis=1), of_cases, of_controls


def auc_covariance(labels: ArrayLike, scores: ArrayLike, clusters: ArrayLike | None = None) -> AucCovariance:
    """AUCs of k scores of the same participants, and their covariance.

    Without ``clusters`` rows are independent: S10 / cases + S01 / controls, the sample covariances of the
    placements (DeLong, DeLong and Clarke-Pearson 1988). With ``clusters (n,)``, the participant of each row,
    placements are summed within participants and cases and controls of one participant may correlate
    (Obuchowski 1997, "Nonparametric analysis of clustered ROC curve data"); participants are independent. NaN
    with fewer than two cases or controls (participants with cases, with controls).
    """
    auc, of_cases, of_controls = placements(labels, scores)
    cases, controls = of_cases.shape[1], of_controls.shape[1]
    if clusters is None:
        covariance = _sample_covariance(of_cases) / cases + _sample_covariance(of_controls) / controls
        return AucCovariance(auc, covariance, cases, controls)
    positive = both_classes(labels)
    codes = cluster_codes(clusters, len(positive))
    total = codes.max() + 1

    def summed(deviations: np.ndarray, members: np.ndarray) -> np.ndarray:
        return np.stack([np.bincount(members, row, total) for row in deviations])  # (k, clusters)

    of_case = summed(of_cases - auc[:, None], codes[positive]) / cases
    of_control = summed(of_controls - auc[:, None], codes[~positive]) / controls
    crossed = of_case @ of_control.T
    covariance = (
        _unbiased(len(np.unique(codes[positive]))) * of_case @ of_case.T
        + _unbiased(len(np.unique(codes[~positive]))) * of_control @ of_control.T
        + _unbiased(total) * (crossed + crossed.T)
    )
    return AucCovariance(auc, covariance, cases, controls)


def auc_interval(
    labels: ArrayLike, scores: ArrayLike, level: float = 0.95, method: str = "logit",
    clusters: ArrayLike | None = None,
) -> Estimate:
    """AUC of one score with its confidence interval.

    ``method``: ``"logit"`` (recommended), DeLong's or Obuchowski's variance on the logit scale, logit A +- z
    SE / (A (1 - A)), which stays in (0, 1); ``"wald"``, A +- z SE clipped to [0, 1], too short near 1;
    ``"newcombe"``, the score interval of Newcombe 2006 (method 5), which needs the numbers of cases and
    controls only. Where the variance is 0 or undefined (perfect separation, constant scores, a single case or
    control) every method gives Newcombe's.
    """
    found, z = auc_covariance(labels, scores, clusters), normal_quantile(level)
    auc, cases, controls = float(found.auc[0]), found.cases, found.controls
    error = float(np.sqrt(max(found.covariance[0, 0], 0.0)))
    n = cases + controls
    if method not in ("logit", "wald", "newcombe"):
        raise ValueError(f"method must be 'logit', 'wald' or 'newcombe', not {method!r}")
    if method == "newcombe" or not error > ROUNDING or auc in (0.0, 1.0):
        limits = newcombe_limits(auc, cases, controls, z)
        return Estimate(auc, limits, n, "AUC, Newcombe score interval", level=level)
    variance = "Obuchowski clustered" if clusters is not None else "DeLong"
    if method == "wald":
        interval = (max(auc - z * error, 0.0), min(auc + z * error, 1.0))
    else:
        interval = logit_limits(auc, error, z)
    return Estimate(auc, interval, n, f"AUC, {variance} variance, {method} interval", level=level)


def delong_test(
    labels: ArrayLike, scores_a: ArrayLike, scores_b: ArrayLike, level: float = 0.95,
    clusters: ArrayLike | None = None,
) -> DelongTest:
    """Two scores of the same participants: z = (A - B) / sqrt(Var A + Var B - 2 Cov), two-sided.

    DeLong 1988; with ``clusters`` Obuchowski 1997. Assumes independent participants and enough of them for
    normality. Identical rankings give z 0, p 1 and the interval (0, 0). Where both variances are 0 but the
    AUCs differ (one separates perfectly, the other is constant) the interval adds Newcombe's two in squares,
    as for independent AUCs, and z follows from its width.
    """
    labels = both_classes(labels)
    a, b = np.asarray(scores_a, dtype=float), np.asarray(scores_b, dtype=float)
    same_length(labels=labels, scores_a=a, scores_b=b)
    found = auc_covariance(labels, np.column_stack([a, b]), clusters)
    variance = found.covariance[0, 0] + found.covariance[1, 1] - 2 * found.covariance[0, 1]
    if variance <= ROUNDING * (found.covariance[0, 0] + found.covariance[1, 1]):
        variance = 0.0
    sizes = (found.cases, found.controls)
    name = "DeLong, paired" if clusters is None else "DeLong, paired, clustered (Obuchowski)"
    return _difference((found.auc[0], *sizes), (found.auc[1], *sizes), variance, level, len(labels), name)


def delong_test_unpaired(
    labels_a: ArrayLike, scores_a: ArrayLike, labels_b: ArrayLike, scores_b: ArrayLike, level: float = 0.95,
    clusters_a: ArrayLike | None = None, clusters_b: ArrayLike | None = None,
) -> DelongTest:
    """Two scores of different, independent participants: z = (A - B) / sqrt(Var A + Var B), two-sided.

    DeLong's variances (1988), or Obuchowski's (1997) on the side whose participants are given as clusters.
    """
    a = auc_covariance(labels_a, scores_a, clusters_a)
    b = auc_covariance(labels_b, scores_b, clusters_b)
    variance = a.covariance[0, 0] + b.covariance[0, 0]
    n = a.cases + a.controls + b.cases + b.controls
    clustered = clusters_a is not None or clusters_b is not None
    name = "DeLong, unpaired" + (", clustered (Obuchowski)" if clustered else "")
    return _difference(
        (a.auc[0], a.cases, a.controls), (b.auc[0], b.cases, b.controls), variance, level, n, name
    )


def _sample_covariance(values: np.ndarray) -> np.ndarray:
    """Covariance (k, k) of the rows of (k, n); NaN for one column."""
    if values.shape[1] < 2:
        return np.full((len(values), len(values)), np.nan)
    return np.atleast_2d(np.cov(values))


def _unbiased(count: int) -> float:
    return count / (count - 1) if count > 1 else np.nan


def _difference(
    a: tuple[float, int, int], b: tuple[float, int, int], variance: float, level: float, n: int, name: str
) -> DelongTest:
    """The test from two (AUC, cases, controls) and the variance of the difference of the AUCs."""
    if np.isnan(variance):
        raise ValueError("two cases and two controls (participants with them) are needed to compare AUCs")
    z_level, estimate = normal_quantile(level), float(a[0] - b[0])
    error = float(np.sqrt(variance))
    if error == 0 and estimate != 0:
        ends_a, ends_b = newcombe_limits(*a, z_level), newcombe_limits(*b, z_level)
        low = estimate - np.hypot(a[0] - ends_a[0], ends_b[1] - b[0])
        high = estimate + np.hypot(ends_a[1] - a[0], b[0] - ends_b[0])
        error = float((high - low) / (2 * z_level))
    else:
        low, high = estimate - z_level * error, estimate + z_level * error
    z = estimate / error if error > 0 else 0.0
    interval = (float(max(low, -1.0)), float(min(high, 1.0)))
    return DelongTest(
        estimate, interval, n, name, float(z), two_sided(z), float(a[0]), float(b[0]), error, level=level
    )


def logit_limits(auc: float, error: float, z: float) -> tuple[float, float]:
    """An AUC in (0, 1) -+ z standard errors on the logit scale (delta method)."""
    reach = z * error / (auc * (1 - auc))
    return float(expit(logit(auc) - reach)), float(expit(logit(auc) + reach))


def newcombe_limits(auc: float, cases: int, controls: int, z: float) -> tuple[float, float]:
    """The AUCs whose own standard error puts ``auc`` z of them away (Newcombe 2006, method 5)."""
    middle = (cases + controls) / 2

    def spread(value: float) -> float:
        shape = 1 + (middle - 1) * ((1 - value) / (2 - value) + value / (1 + value))
        return z * np.sqrt(value * (1 - value) * shape / (cases * controls))

    edge = 1e-12  # both ends of [0, 1] are roots where auc is 0 or 1; the other root is meant
    low = 0.0 if auc == 0 else brentq(lambda value: value + spread(value) - auc, 0, min(auc, 1 - edge))
    high = 1.0 if auc == 1 else brentq(lambda value: value - spread(value) - auc, max(auc, edge), 1)
    return float(low), float(high)
