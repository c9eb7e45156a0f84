"""Spearman's correlation over resamples of the participants: ranks under weights."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from cardiacnets.statistics.checking import cluster_codes, same_length
from cardiacnets.statistics.estimate import Estimate
from cardiacnets.statistics.resampling import participant_bootstrap


def spearman_bca(
    x: ArrayLike, y: ArrayLike, participants: ArrayLike | None = None, resamples: int = 10_000, seed: int = 0,
    level: float = 0.95,
) -> Estimate:
    """Spearman's rank correlation of x and y (n,) with a BCa interval over participants (Efron 1987).

    Every resample is ranked anew: a row drawn w times counts as w tied rows, so its midrank is the weight
    below it plus half the weight of its ties. Assumes independent participants (``participants (n,)`` names
    them where they repeat), nothing about distributions. Rows with a missing value are left out; a constant
    side has no correlation: NaN. Raises ``ValueError`` for fewer than three participants.
    """
    left, right = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    n = same_length(x=left, y=right)
    if left.ndim != 1 or right.ndim != 1:
        raise ValueError(f"x and y must be (n,), not {left.shape} and {right.shape}")
    codes = np.arange(n) if participants is None else cluster_codes(participants, n)
    kept = np.isfinite(left + right)
    codes = np.unique(codes[kept], return_inverse=True)[1]
    people = codes.max(initial=-1) + 1
    if people < 3:
        raise ValueError(f"a bootstrap of correlations needs at least three participants, not {people}")

    def correlation(weights: np.ndarray) -> np.ndarray:
        """Weighted Pearson correlation of weighted midranks, (rows,)."""
        rows = weights[:, codes]  # (resamples, rows of data)
        total = rows.sum(axis=1, keepdims=True)
        a, b = (_midranks(side[kept], rows) for side in (left, right))
        a, b = (ranks - (rows * ranks).sum(axis=1, keepdims=True) / total for ranks in (a, b))
        products = [(rows * first * second).sum(axis=1) for first, second in ((a, b), (a, a), (b, b))]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.clip(products[0] / np.sqrt(products[1] * products[2]), -1, 1)

    return participant_bootstrap(correlation, people, resamples, seed, level)


def _midranks(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Midranks (less one half) of values (n,) of which there are ``weights (rows, n)``: (rows, n)."""
    order = np.argsort(values, kind="stable")
    _, starts, ties = np.unique(values[order], return_index=True, return_inverse=True)
    tied = np.add.reduceat(weights[:, order], starts, axis=1)  # (rows, distinct values)
    middle = np.cumsum(tied, axis=1) - tied / 2
    ranks = np.empty(weights.shape)
    ranks[:, order] = middle[:, ties]
    return ranks
