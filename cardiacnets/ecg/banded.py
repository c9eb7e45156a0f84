"""A short filter as a small matrix: many outputs of it at once, from overlapping windows of the signal.

Every output of a filter of n taps needs n neighbouring samples; ``block`` outputs need only ``n - 1`` more
than ``block``. Gathering such windows and multiplying them by one banded matrix wastes some multiplications
by zero, and is still several times faster than a loop over taps, because a matrix product is what processors
do best.
"""

from __future__ import annotations

import numpy as np


def windows(signal: np.ndarray, length: int, step: int) -> np.ndarray:
    """A copy ``(n, count, length)`` of windows of ``signal (n, T)``, one every ``step`` samples.

    Zeros continue the signal, so that the windows cover all of it: ``count = ceil(T / step)``.
    """
    count = -(-signal.shape[-1] // step)
    padded = np.zeros((signal.shape[0], (count - 1) * step + length), dtype=signal.dtype)
    width = min(padded.shape[1], signal.shape[1])
    padded[:, :width] = signal[:, :width]
    view = np.lib.stride_tricks.sliding_window_view(padded, length, axis=-1)[:, ::step]
    return np.ascontiguousarray(view)


def multiply(blocks: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Each window of ``blocks (n, count, length)`` times ``matrix (length, outputs)``."""
    n, count, length = blocks.shape
    return (blocks.reshape(n * count, length) @ matrix).reshape(n, count, -1)
