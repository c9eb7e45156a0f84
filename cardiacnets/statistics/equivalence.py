"""Is a difference small enough not to matter? "Not significant" is no answer; two one-sided tests are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.stats import norm

from cardiacnets.statistics.correlation import compare_correlations
from cardiacnets.statistics.discrimination import delong_test


@dataclass(frozen=True)
class Equivalence:
    """A difference with the interval that decides: of level 1 - 2 alpha, to lie inside (-margin, margin)."""

    estimate: float
    interval: tuple[float, float]
    margin: float
    pvalue: float
    alpha: float

    @property
    def equivalent(self) -> bool:
        """Whether both one-sided tests reject a difference as large as the margin."""
        return self.pvalue <= self.alpha


def two_one_sided_tests(
    estimate: float, standard_error: float, margin: float, alpha: float = 0.05
) -> Equivalence:
    """Two one-sided z-tests of |difference| >= margin (Schuirmann 1987); the larger p-value counts.

    Assumes a normal estimate with known ``standard_error`` >= 0; 0 gives p 0 inside the margin and 1 outside.
    """
    _check(margin, alpha)
    if not standard_error >= 0:
        raise ValueError(f"a standard error is 0 or more, not {standard_error}")
    reach = norm.ppf(1 - alpha) * standard_error
    interval = (float(estimate - reach), float(estimate + reach))
    if standard_error == 0:
        return Equivalence(estimate, interval, margin, float(abs(estimate) >= margin), alpha)
    pvalue = float(norm.sf((margin - abs(estimate)) / standard_error))
    return Equivalence(float(estimate), interval, margin, pvalue, alpha)


def equivalent_auc(
    labels: ArrayLike, scores_a: ArrayLike, scores_b: ArrayLike, margin: float = 0.03, alpha: float = 0.05,
    clusters: ArrayLike | None = None,
) -> Equivalence:
    """Are two AUCs on the same participants within ``margin`` of each other? DeLong's standard error."""
    test = delong_test(labels, scores_a, scores_b, clusters=clusters)
    return two_one_sided_tests(test.estimate, test.standard_error, margin, alpha)


def equivalent_correlation(
    y: ArrayLike, a: ArrayLike, b: ArrayLike, margin: float = 0.03, alpha: float = 0.05
) -> Equivalence:
    """Do a and b (n,) correlate with y within ``margin`` of each other?

    By Zou's interval of level 1 - 2 alpha; the p-value is the smallest alpha at which it fits
    inside the margin, 0 if that is below 1e-9.
    """
    _check(margin, alpha)
    found = compare_correlations(y, a, b, level=1 - 2 * alpha)
    if not np.isfinite(found.estimate):
        raise ValueError("a constant variable has no correlation to compare")

    def slack(level: float) -> float:
        """How far the interval of a level stays inside the margin."""
        low, high = compare_correlations(y, a, b, level=level).interval
        return margin - max(abs(low), abs(high))

    if abs(found.estimate) >= margin:
        pvalue = 0.5  # the narrowest interval, at alpha one half, is already outside
    elif slack(1 - 1e-9) > 0:
        pvalue = 0.0
    else:
        pvalue = (1 - brentq(slack, 1e-9, 1 - 1e-9)) / 2
    return Equivalence(found.estimate, found.interval, margin, float(pvalue), alpha)


def _check(margin: float, alpha: float) -> None:
    if not margin > 0 or not 0 < alpha < 0.5:
        raise ValueError(f"a margin above 0 and alpha in (0, 0.5) are needed, not {margin} and {alpha}")
