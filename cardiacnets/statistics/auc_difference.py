"""The difference of two AUCs of the same participants by two logit intervals added in squares."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from cardiacnets.statistics.checking import both_classes, same_length
from cardiacnets.statistics.discrimination import (
    ROUNDING,
    AucCovariance,
    auc_covariance,
    logit_limits,
    newcombe_limits,
)
from cardiacnets.statistics.estimate import Comparison, normal_quantile, two_sided

NEAREST, FARTHEST = 1e-3, 38.0
"""Standard errors between which p is sought: beyond the first it is 1 to three digits, beyond the second 0 in
double precision."""


def auc_difference(
    labels: ArrayLike, scores_a: ArrayLike, scores_b: ArrayLike, level: float = 0.95,
    clusters: ArrayLike | None = None,
) -> Comparison:
    """A - B with an interval that keeps its promise near 1 and in small studies, and the test that fits it.

    With (l_A, u_A), (l_B, u_B) the logit intervals of :func:`auc_interval` and rho the correlation of the two
    AUCs (DeLong 1988; with ``clusters`` Obuchowski 1997),

        low = A - B - sqrt((A - l_A)^2 - 2 rho (A - l_A) (u_B - B) + (u_B - B)^2),

    and ``high`` likewise with u_A and l_B: variance estimates recovered from the limits (Zou and Donner 2008,
    "Construction of confidence limits about effect measures"; Newcombe 1998 for proportions). DeLong's own
    interval is symmetric, hence too wide near 1. ``statistic`` is the z at which the interval just touches 0,
    ``pvalue`` two-sided. Assumes independent participants.

    Identical rankings give 0, (0, 0), p 1. Where a variance is 0 (perfect separation, constant scores) its
    limits are Newcombe's and rho is 0. Raises ``ValueError`` with fewer than two cases or controls
    (participants with them).
    """
    labels = both_classes(labels)
    a, b = np.asarray(scores_a, dtype=float), np.asarray(scores_b, dtype=float)
    n = same_length(labels=labels, scores_a=a, scores_b=b)
    found = auc_covariance(labels, np.column_stack([a, b]), clusters)
    if np.isnan(found.covariance).any():
        raise ValueError("two cases and two controls (participants with them) are needed to compare AUCs")
    errors = np.sqrt(np.maximum(np.diag(found.covariance), 0))
    known = errors > ROUNDING
    rho = float(np.clip(found.covariance[0, 1] / np.prod(errors), -1, 1)) if known.all() else 0.0
    estimate = float(found.auc[0] - found.auc[1])
    estimate = 0.0 if abs(estimate) < ROUNDING else estimate
    covariance = "DeLong" if clusters is None else "Obuchowski clustered"
    method = f"{covariance} covariance, logit limits added in squares"
    variance = errors @ errors - 2 * rho * np.prod(errors)
    if estimate == 0 and (not known.any() or variance <= ROUNDING * (errors @ errors)):
        same = (0.0, 0.0) if known.any() else _beside(found, errors, 0.0, normal_quantile(level))
        return Comparison(0.0, same, n, method, 0.0, 1.0, level=level)

    def excess(z: float) -> float:
        """How far the interval of z standard errors stays from 0, on the side of 0."""
        low, high = _beside(found, errors, rho, z)
        return low if estimate > 0 else -high

    if estimate == 0:
        z = 0.0
    elif excess(FARTHEST) > 0:
        z = FARTHEST
    else:
        z = float(brentq(excess, NEAREST, FARTHEST)) if excess(NEAREST) > 0 else NEAREST
    interval = _beside(found, errors, rho, normal_quantile(level))
    return Comparison(estimate, interval, n, method, float(np.sign(estimate) * z), two_sided(z), level=level)


def _beside(found: AucCovariance, errors: np.ndarray, rho: float, z: float) -> tuple[float, float]:
    """The interval of the difference at z standard errors."""
    limits = [
        logit_limits(area, error, z)
        if error > ROUNDING and 0 < area < 1
        else newcombe_limits(area, found.cases, found.controls, z)
        for area, error in zip(found.auc.tolist(), errors.tolist(), strict=True)
    ]
    (low_a, high_a), (low_b, high_b) = limits
    a, b = found.auc

    def added(first: float, second: float) -> float:
        return float(np.sqrt(max(first**2 - 2 * rho * first * second + second**2, 0.0)))

    return float(a - b - added(a - low_a, high_b - b)), float(a - b + added(high_a - a, b - low_b))
