"""A short filter as a small matrix: many outputs of it at once, from overlapping windows of the signal.

Every output of a filter of n taps needs n neighbouring samples; ``block`` outputs need only ``n - 1`` more
than ``block``. Gathering such windows and multiplying them by one banded matrix wastes some multiplications
by zero, and is still several times faster than a loop over taps, because a matrix product is what processors
do best.
"""

from __future__ import annotations

import numpy as np


def windows(
    signal: np.ndarray, length: int, step: int, count: int, out: np.ndarray | None = None
) -> np.ndarray:
    """A copy ``(n, count, length)`` of windows of ``signal (n, T)``, one every ``step`` samples, into ``out``
    where it is given. Zeros continue the signal; every window starts within it.
    """
    n, samples = signal.shape
    result = np.empty((n, count, length), dtype=signal.dtype) if out is None else out
    whole = min(count, max(0, (samples - length) // step + 1))  # those that end within the signal too
    if whole:
        view = np.lib.stride_tricks.sliding_window_view(signal, length, axis=-1)
        result[:, :whole] = view[:, : (whole - 1) * step + 1 : step]
    for window in range(whole, count):
        held = signal[:, window * step : window * step + length]
        result[:, window, : held.shape[1]] = held
        result[:, window, held.shape[1] :] = 0
    return result


def multiply(blocks: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Each window of ``blocks (n, count, length)`` times ``matrix (length, m)``, joined: ``(n, count m)``."""
    n, count, length = blocks.shape
    return (blocks.reshape(n * count, length) @ matrix).reshape(n, -1)
