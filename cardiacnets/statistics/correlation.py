"""Correlations: intervals, and the comparison of two that share a variable.

Every function takes ``(n,)``, or ``(n, k)`` for k columns at once, and gives floats or arrays (k,). Pairs
with a missing value are left out, column by column. A constant column has no correlation: NaN, never an
error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm, rankdata
from scipy.stats import t as student

from cardiacnets.statistics.estimate import Comparison, Estimate, normal_quantile

ROUNDING = 1e-12
"""Coefficients closer than this are equal."""


@dataclass(frozen=True)
class CorrelationComparison(Comparison):
    """Two correlations with the same y: ``estimate = r_a - r_b``, Zou's interval, Williams' t and Steiger's
    z.

    ``statistic`` (``t``) and ``pvalue`` are Williams'; all are floats, or arrays (k,).
    """

    r_a: float
    r_b: float
    r_ab: float
    steiger_z: float
    steiger_pvalue: float

    @property
    def t(self) -> float:
        return self.statistic


def pearson(x: ArrayLike, y: ArrayLike) -> np.ndarray:
    """Pearson correlations (k,) of the columns of x and y; NaN for a constant column or one pair."""
    left, right, _ = _complete(x, y)
    return _pearson(left, right)


def pearson_interval(x: ArrayLike, y: ArrayLike, level: float = 0.95) -> Estimate:
    """Pearson's r with Fisher's interval, tanh(arctanh r +- z / sqrt(n - 3)).

    Assumes independent pairs from a bivariate normal; where that is far off, or participants repeat, use
    :func:`cardiacnets.statistics.correlation_bca`. With n < 4 the interval is (-1, 1); with r = +-1 it is
    that value.
    """
    left, right, n = _complete(x, y)
    r = _pearson(left, right)
    return _fisher(r, n, 1.0, level, np.ndim(x) == 1 and np.ndim(y) == 1, "Pearson, Fisher interval")


def spearman_interval(x: ArrayLike, y: ArrayLike) -> Estimate:
    """Spearman's rank correlation with the interval of Bonett and Wright 2000: Fisher's, with the standard
    error sqrt((1 + r^2 / 2) / (n - 3)). Ties get midranks. Limits as in :func:`pearson_interval`.
    """
    left, right, n = _complete(x, y)
    ranks = [rankdata(side, axis=0, nan_policy="omit") for side in (left, right)]
    r = _pearson(*ranks)
    scalar = np.ndim(x) == 1 and np.ndim(y) == 1
    return _fisher(r, n, 1 + r**2 / 2, 0.95, scalar, "Spearman, Bonett-Wright interval")


def compare_correlations(
    y: ArrayLike, a: ArrayLike, b: ArrayLike, level: float = 0.95
) -> CorrelationComparison:
    """Does a correlate with y as b does, on the same participants? See :func:`compare_overlapping`.

    Rows missing in y, a or b are left out, column by column. Identical a and b give difference 0 and p 1.
    """
    arrays = [np.asarray(values, dtype=float) for values in (y, a, b)]
    scalar = all(values.ndim == 1 for values in arrays)
    missing = ~np.isfinite(arrays[0] + arrays[1] + arrays[2])  # raises where shapes differ
    y_kept, a_kept, b_kept = (np.where(missing, np.nan, values) for values in arrays)
    n = np.atleast_1d((~missing).sum(axis=0))
    correlations = [pearson(y_kept, a_kept), pearson(y_kept, b_kept), pearson(a_kept, b_kept)]
    if scalar:
        return compare_overlapping(*(float(r[0]) for r in correlations), int(n[0]), level)
    return compare_overlapping(*correlations, n, level)


def compare_overlapping(
    r_a: ArrayLike, r_b: ArrayLike, r_ab: ArrayLike, n: ArrayLike, level: float = 0.95
) -> CorrelationComparison:
    """Two correlations that share a variable, from the three coefficients and the sample size.

    Williams' t with n - 3 degrees of freedom and Steiger's z on Fisher's scale with the mean r (both as in
    Steiger 1980, equations 7 and 14), and the interval of Zou 2007, which adds the two Fisher intervals in
    squares less twice their product times the correlation of r_a and r_b. Assumes independent participants
    and trivariate normality. Raises ``ValueError`` for n < 4. Equal coefficients give t 0 and
    p 1, exact opposites t infinite and p 0; if a and b coincide the interval is (0, 0).
    """
    r_a, r_b, r_ab, n = (np.asarray(value, dtype=float) for value in (r_a, r_b, r_ab, n))
    if (n < 4).any():
        raise ValueError(f"at least four participants are needed to compare correlations, not {int(n.min())}")
    difference, mean = r_a - r_b, (r_a + r_b) / 2
    difference = np.where(np.abs(difference) < ROUNDING, 0.0, difference)
    with np.errstate(divide="ignore", invalid="ignore"):
        determinant = np.maximum(1 - r_a**2 - r_b**2 - r_ab**2 + 2 * r_a * r_b * r_ab, 0)
        spread = 2 * determinant * (n - 1) / (n - 3) + mean**2 * (1 - r_ab) ** 3
        t = difference * np.sqrt((n - 1) * (1 + r_ab) / spread)
        # one follows y exactly, the other its opposite: nothing is left to vary
        t = np.where((spread <= 0) & (difference != 0), np.sign(difference) * np.inf, t)
        t = np.where(difference == 0, 0.0, t)
        overlap = (r_ab * (1 - 2 * mean**2) - mean**2 * (1 - 2 * mean**2 - r_ab**2) / 2) / (1 - mean**2) ** 2
        z = (np.arctanh(r_a) - np.arctanh(r_b)) * np.sqrt((n - 3) / (2 - 2 * overlap))
        z = np.where(difference == 0, 0.0, z)
        products = (r_ab - r_a * r_b / 2) * (1 - r_a**2 - r_b**2 - r_ab**2) + r_ab**3
        shared = np.nan_to_num(np.clip(products / ((1 - r_a**2) * (1 - r_b**2)), -1, 1))
    coincide = (difference == 0) & (r_ab > 1 - ROUNDING)
    reach = normal_quantile(level) / np.sqrt(n - 3)
    (low_a, high_a), (low_b, high_b) = _limits(r_a, reach), _limits(r_b, reach)

    def added(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        squared = np.maximum(first**2 + second**2 - 2 * shared * first * second, 0)
        return np.where(coincide, 0.0, np.sqrt(squared))

    low = difference - added(r_a - low_a, high_b - r_b)
    high = difference + added(high_a - r_a, r_b - low_b)
    pvalues = 2 * student.sf(np.abs(t), n - 3), 2 * norm.sf(np.abs(z))
    if difference.ndim == 0:
        difference, low, high, n = float(difference), float(low), float(high), int(n)
        t, z, pvalues = float(t), float(z), [float(pvalue) for pvalue in pvalues]
        r_a, r_b, r_ab = float(r_a), float(r_b), float(r_ab)
    return CorrelationComparison(
        difference, (low, high), n, "Williams' t, Zou interval", t, pvalues[0], r_a, r_b, r_ab, z, pvalues[1],
        level=level,
    )


def _complete(x: ArrayLike, y: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """x and y as (n, k) with NaN in both where either is missing, and the number of pairs (k,)."""
    left, right = (np.asarray(side, dtype=float) for side in (x, y))
    left, right = (side[:, None] if side.ndim == 1 else side for side in (left, right))
    if left.ndim != 2 or right.ndim != 2 or len(left) != len(right):
        raise ValueError(f"x and y must be (n,) or (n, k) with one n, not {np.shape(x)} and {np.shape(y)}")
    left, right = np.broadcast_arrays(left, right)
    missing = ~np.isfinite(left + right)
    return np.where(missing, np.nan, left), np.where(missing, np.nan, right), (~missing).sum(axis=0)


def _pearson(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    pairs = np.isfinite(left).sum(axis=0)
    r = np.full(left.shape[1], np.nan)
    for column in np.flatnonzero(pairs >= 2):
        a, b = (side[np.isfinite(side[:, column]), column] for side in (left, right))
        if np.ptp(a) > 0 and np.ptp(b) > 0:
            a, b = a - a.mean(), b - b.mean()
            r[column] = np.clip(a @ b / np.sqrt((a @ a) * (b @ b)), -1, 1)
    return r


def _limits(r: np.ndarray, reach: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    with np.errstate(divide="ignore"):
        return np.tanh(np.arctanh(r) - reach), np.tanh(np.arctanh(r) + reach)


def _fisher(
    r: np.ndarray, n: np.ndarray, variance: np.ndarray, level: float, scalar: bool, method: str
) -> Estimate:
    reach = normal_quantile(level) * np.sqrt(variance / np.maximum(n - 3, 1))
    low, high = _limits(r, reach)
    short = (n < 4) & np.isfinite(r)
    low, high = np.where(short, -1.0, low), np.where(short, 1.0, high)
    if scalar:
        return Estimate(float(r[0]), (float(low[0]), float(high[0])), int(n[0]), method, level=level)
    return Estimate(r, (low, high), n, method, level=level)
