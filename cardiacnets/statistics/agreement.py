"""How far readers agree: observed agreement, and what is left of it beyond chance.

``ratings (cases, raters)`` hold categories (any values); every rater rated every case. All three coefficients
are functions of sums over cases, so that their intervals resample cases.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from cardiacnets.statistics.estimate import Estimate
from cardiacnets.statistics.resampling import participant_bootstrap


def fleiss_kappa(ratings: ArrayLike, resamples: int = 2000, seed: int = 0) -> Estimate:
    """Fleiss' kappa of several raters (Fleiss 1971), case-bootstrap interval; NaN if one category was ever
    used.
    """
    def kappa(agreed: np.ndarray, shares: np.ndarray) -> np.ndarray:
        chance = (shares**2).sum(axis=-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(chance < 1, (agreed - chance) / (1 - chance), np.nan)

    return _bootstrapped(ratings, kappa, resamples, seed)


def gwet_ac1(ratings: ArrayLike, resamples: int = 2000, seed: int = 0) -> Estimate:
    """Gwet's AC1 (Gwet 2008), case-bootstrap interval.

    Chance agreement is sum pi (1 - pi) / (q - 1) over q categories, which does not collapse when one is rare.
    1 if one category was ever used.
    """
    def coefficient(agreed: np.ndarray, shares: np.ndarray) -> np.ndarray:
        chance = (shares * (1 - shares)).sum(axis=-1) / max(shares.shape[-1] - 1, 1)
        return (agreed - chance) / (1 - chance)

    return _bootstrapped(ratings, coefficient, resamples, seed)


def percent_agreement(ratings: ArrayLike, resamples: int = 2000, seed: int = 0) -> Estimate:
    """Share of rater pairs that agree, averaged over cases, case-bootstrap interval."""
    return _bootstrapped(ratings, lambda agreed, shares: agreed, resamples, seed)


def _codes(ratings: np.ndarray) -> tuple[np.ndarray, ...]:
    """Each rater's categories as integers, in common."""
    _, codes = np.unique(ratings, return_inverse=True)
    return tuple(codes.reshape(ratings.shape).T)  # raters times (cases,)


def _counted(ratings: ArrayLike) -> tuple[np.ndarray, int]:
    """How many raters put each case into each category (cases, categories), and the number of raters."""
    array = np.asarray(ratings)
    if array.ndim != 2 or array.shape[1] < 2 or len(array) < 2:
        raise ValueError(f"ratings must be (cases, raters) with at least two of each, not {array.shape}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        case, rater = np.argwhere(~np.isfinite(array))[0]
        raise ValueError(f"the rating of case {case} by rater {rater} is missing; complete tables only")
    codes = np.column_stack(_codes(array))  # (cases, raters)
    return (codes[:, :, None] == np.arange(codes.max() + 1)).sum(axis=1), array.shape[1]


def _bootstrapped(
    ratings: ArrayLike, coefficient: Callable[[np.ndarray, np.ndarray], np.ndarray],
    resamples: int, seed: int,
) -> Estimate:
    """``coefficient(observed agreement (rows,), category shares (rows, categories))`` with its interval."""
    counts, raters = _counted(ratings)
    agreed = (counts * (counts - 1)).sum(axis=1) / (raters * (raters - 1))

    def statistic(weights: np.ndarray) -> np.ndarray:
        total = weights.sum(axis=1)
        return coefficient(weights @ agreed / total, weights @ counts / (raters * total[:, None]))

    return participant_bootstrap(statistic, len(counts), resamples, seed)
