"""Does one reading tell of the truth what another has not told already? Partial correlations of indices."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from cardiacnets.statistics.estimate import Estimate
from cardiacnets.statistics.resampling import participant_bootstrap

NEGLIGIBLE = 1e-9
"""A variance (of standardised values) below this is a constant column, or one that the other explains."""


def mean_partial_correlation(
    truth: ArrayLike, told: ArrayLike, given: ArrayLike, resamples: int = 2000, seed: int = 0
) -> Estimate:
    """Mean over k columns of the correlation of ``truth`` and ``told`` once the straight line on ``given`` is
    taken out of both: 0 where ``told`` adds nothing (Fisher, Metron 1924;3:329).

    All (n, k), a row a participant; pairs count where ``truth`` is finite. BCa interval over participants.
    Columns that are constant, or wholly explained by ``given``, are left out. Raises ``ValueError`` for
    unlike shapes.
    """
    arrays = [np.asarray(values, dtype=np.float64) for values in (truth, told, given)]
    if arrays[0].ndim != 2 or len({values.shape for values in arrays}) != 1:
        shapes = ", ".join(str(values.shape) for values in arrays)
        raise ValueError(f"truth, told and given must be (n, k) alike, found {shapes}")
    known = np.isfinite(arrays[0])
    t, p, g = (_standardised(values, known) for values in arrays)
    sums = np.stack([known, t, p, g, t * t, p * p, g * g, t * p, t * g, p * g], axis=1)  # (n, 10, k)
    flat = sums.reshape(len(t), -1)

    def statistic(weights: np.ndarray) -> np.ndarray:
        count, t, p, g, tt, pp, gg, tp, tg, pg = np.moveaxis(
            (weights @ flat).reshape(len(weights), *sums.shape[1:]), 1, 0
        )  # (rows, k)
        with np.errstate(divide="ignore", invalid="ignore"):
            means = t / count, p / count, g / count
            spreads = (tt / count - means[0] ** 2, pp / count - means[1] ** 2, gg / count - means[2] ** 2)
            along = tg / count - means[0] * means[2], pg / count - means[1] * means[2]
            left = [spreads[side] - along[side] ** 2 / spreads[2] for side in (0, 1)]
            shared = tp / count - means[0] * means[1] - along[0] * along[1] / spreads[2]
            r = shared / np.sqrt(left[0] * left[1])
        sound = (spreads[2] > NEGLIGIBLE) & (left[0] > NEGLIGIBLE) & (left[1] > NEGLIGIBLE)
        return np.nanmean(np.where(sound, np.clip(r, -1, 1), np.nan), axis=1)

    return participant_bootstrap(statistic, len(t), resamples, seed)


def _standardised(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Columns of mean 0 and deviation 1 where known, 0 elsewhere: sums stay exact, no correlation changes."""
    filled = np.where(known, values, np.nan)
    spread = np.maximum(np.nanstd(filled, axis=0), 1e-12)
    return np.where(known, (values - np.nanmean(filled, axis=0)) / spread, 0.0)
