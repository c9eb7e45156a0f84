"""Arrays as the statistics expect them; what does not fit is refused in one line."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def binary(values: ArrayLike, name: str = "labels") -> np.ndarray:
    """``values`` (n,) as booleans; ``ValueError`` unless they are 0 and 1 (or false and true)."""
    array = np.asarray(values)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} must be one-dimensional and not empty, not of shape {array.shape}")
    if array.dtype == bool:
        return array
    wrong = [value for value in np.unique(array).tolist() if value not in (0, 1)]
    if wrong:
        raise ValueError(f"{name} must be 0 or 1; found {wrong[0]!r}")
    return array.astype(bool)


def both_classes(labels: ArrayLike) -> np.ndarray:
    """:func:`binary` with at least one 0 and one 1."""
    positive = binary(labels)
    if positive.all() or not positive.any():
        raise ValueError(f"labels are all {int(positive[0])}; cases and controls are both needed")
    return positive


def columns(values: ArrayLike, n: int, name: str = "scores") -> np.ndarray:
    """``values`` (n,) or (n, k) as finite float64 (n, k)."""
    array = np.asarray(values, dtype=np.float64)
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or len(array) != n:
        raise ValueError(f"{name} must be ({n},) or ({n}, k), not {np.shape(values)}")
    missing = ~np.isfinite(array).all(axis=1)
    if missing.any():
        raise ValueError(f"{name} hold a missing or infinite value in row {int(np.flatnonzero(missing)[0])}")
    return array


def same_length(**arrays: np.ndarray) -> int:
    """The common length of named arrays; ``ValueError`` naming those that differ."""
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError("lengths differ: " + ", ".join(f"{name} {size}" for name, size in lengths.items()))
    return next(iter(lengths.values()))


def cluster_codes(clusters: ArrayLike, n: int) -> np.ndarray:
    """Participants (n,) as integers 0 .. participants - 1."""
    array = np.asarray(clusters)
    if array.shape != (n,):
        raise ValueError(f"clusters must be ({n},), one participant a row, not {array.shape}")
    return np.unique(array, return_inverse=True)[1]
