"""The bootstrap over participants, written as weights.

A resample of participants is a row of counts: how often each was drawn. A statistic that takes rows of
weights is computed for thousands of resamples by matrix products, handles participants with several
recordings (their rows share one weight), and gives its own jackknife (weight 0 for one participant), hence
BCa intervals.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from cardiacnets.statistics.checking import cluster_codes
from cardiacnets.statistics.estimate import Estimate, normal_quantile

CELLS = 2_000_000
"""Weights held at once: 16 MB."""
BCA = "participant bootstrap, bca"


def bootstrap_weights(participants: int, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Counts (resamples, participants): a row says how often each participant was drawn, with replacement."""
    drawn = rng.integers(participants, size=(resamples, participants), dtype=np.int64)
    drawn += np.arange(resamples)[:, None] * participants
    counts = np.bincount(drawn.ravel(), minlength=resamples * participants)
    return counts.reshape(resamples, participants).astype(np.float64)  # (resamples, participants)


def resampled(
    statistic: Callable[[np.ndarray], np.ndarray], participants: int, resamples: int, seed: int
) -> np.ndarray:
    """``statistic(weights (rows, participants))`` over bootstrap resamples, in chunks: (resamples, ...)."""
    if resamples < 1:
        raise ValueError(f"at least one resample is needed, not {resamples}")
    rng, chunk = np.random.default_rng(seed), max(CELLS // participants, 1)
    sizes = [min(chunk, resamples - start) for start in range(0, resamples, chunk)]
    return np.concatenate([statistic(bootstrap_weights(participants, size, rng)) for size in sizes])


def jackknifed(statistic: Callable[[np.ndarray], np.ndarray], participants: int) -> np.ndarray:
    """``statistic`` with each participant left out in turn: (participants, ...)."""
    chunk = max(CELLS // participants, 1)
    left_out = []
    for start in range(0, participants, chunk):
        rows = np.arange(start, min(start + chunk, participants))
        weights = np.ones((len(rows), participants))
        weights[np.arange(len(rows)), rows] = 0
        left_out.append(statistic(weights))
    return np.concatenate(left_out)


def bca_interval(
    estimate: ArrayLike, draws: np.ndarray, left_out: np.ndarray, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Bias-corrected and accelerated limits (Efron 1987) of ``estimate (...)``.

    ``draws (resamples, ...)``, ``left_out (participants, ...)``. Draws equal to the estimate count half below
    it; NaN draws (an undefined statistic) are left out; a statistic that never varies has the interval
    (estimate, estimate).
    """
    value, z = np.asarray(estimate, dtype=float), normal_quantile(level)
    flat = draws.reshape(len(draws), -1)  # (resamples, statistics)
    jackknife = left_out.reshape(len(left_out), -1)  # (participants, statistics)
    lows, highs = np.empty(flat.shape[1]), np.empty(flat.shape[1])
    for column, centre in enumerate(value.ravel()):
        known = flat[np.isfinite(flat[:, column]), column]
        if not np.isfinite(centre) or not len(known):
            lows[column] = highs[column] = np.nan
            continue
        below = (np.mean(known < centre) + np.mean(known <= centre)) / 2
        bias = norm.ppf(np.clip(below, 0.5 / len(known), 1 - 0.5 / len(known)))
        deviation = np.nanmean(jackknife[:, column]) - jackknife[:, column]
        squares = np.nansum(deviation**2)
        acceleration = np.nansum(deviation**3) / (6 * squares**1.5) if squares > 0 else 0.0
        ends = [bias + (bias + side) / (1 - acceleration * (bias + side)) for side in (-z, z)]
        lows[column], highs[column] = np.quantile(known, norm.cdf(ends))
    return lows.reshape(value.shape), highs.reshape(value.shape)


def participant_bootstrap(
    statistic: Callable[[np.ndarray], np.ndarray], participants: int, resamples: int = 2000, seed: int = 0
) -> Estimate:
    """A statistic with its BCa interval over independent participants.

    ``statistic`` maps weights (rows, participants) to values (rows,) or (rows, k). Raises ``ValueError`` for
    fewer than two participants.
    """
    if participants < 2:
        raise ValueError(f"a bootstrap needs at least two participants, not {participants}")
    estimate = statistic(np.ones((1, participants)))[0]
    draws = resampled(statistic, participants, resamples, seed)
    low, high = bca_interval(estimate, draws, jackknifed(statistic, participants))
    if np.ndim(estimate) == 0:
        estimate, low, high = float(estimate), float(low), float(high)
    return Estimate(estimate, (low, high), participants, BCA)


def bootstrap_mean(
    values: ArrayLike, participants: ArrayLike | None = None, resamples: int = 2000, seed: int = 0
) -> Estimate:
    """The mean of ``values (n,)`` with a BCa interval over ``participants (n,)`` (by default one a row)."""
    array = np.asarray(values, dtype=float)
    if array.ndim != 1 or not np.isfinite(array).all():
        raise ValueError("values must be (n,) and finite")
    codes = np.arange(len(array)) if participants is None else cluster_codes(participants, len(array))
    sums, sizes = np.bincount(codes, array), np.bincount(codes)
    return participant_bootstrap(
        lambda weights: weights @ sums / (weights @ sizes), len(sums), resamples, seed
    )
