"""The db6 wavelet transform of many leads at once, as products with small banded matrices.

Coefficients equal those of ``pywt.wavedec`` (symmetric extension) to float32 rounding. ``signal (n, T)``
float32.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pywt

from cardiacnets.ecg.banded import multiply, windows

WAVELET = pywt.Wavelet("db6")
MAXIMUM_LEVEL = 8
_TAPS = WAVELET.dec_len
_BLOCK = 16
"""Coefficients of each kind made by one product: 42 samples in, 16 approximations and 16 details out."""


def decompose(signal: np.ndarray, level: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """The approximation ``(n, m)`` after ``level`` steps and the details of each step, finest first."""
    details = []
    for _ in range(level):
        signal, detail = _analyse(signal)
        details.append(detail)
    return signal, details


def recompose(approximation: np.ndarray, details: list[np.ndarray]) -> np.ndarray:
    """The inverse of :func:`decompose`; one sample longer than the original if that was odd."""
    for detail in reversed(details):
        approximation = _synthesise(approximation[:, : detail.shape[1]], detail)
    return approximation


def _analyse(signal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One step: low- and high-pass, every other sample; ``(n, T)`` to twice ``(n, (T + taps - 1) // 2)``."""
    n, length = signal.shape
    count, before = (length + _TAPS - 1) // 2, _TAPS - 2
    after = 2 * count - length
    extended = np.empty((n, before + length + after), dtype=signal.dtype)
    extended[:, before : before + length] = signal
    extended[:, :before] = signal[:, before - 1 :: -1]  # mirrored at both ends
    extended[:, before + length :] = signal[:, : length - 1 - after : -1]
    blocks = windows(extended, 2 * _BLOCK + before, 2 * _BLOCK, -(-count // _BLOCK))
    low, high = _analysis_matrices()
    return multiply(blocks, low)[:, :count], multiply(blocks, high)[:, :count]


def _synthesise(approximation: np.ndarray, detail: np.ndarray) -> np.ndarray:
    """One step back: twice ``(n, m)`` to ``(n, 2 m - taps + 2)``."""
    n, count = detail.shape
    reach = _BLOCK + _TAPS // 2 - 1
    whole = -(-count // _BLOCK)
    blocks = np.empty((n, whole, 2 * reach), dtype=detail.dtype)
    windows(approximation, reach, _BLOCK, whole, out=blocks[..., :reach])
    windows(detail, reach, _BLOCK, whole, out=blocks[..., reach:])
    return multiply(blocks, _synthesis_matrix())[:, : 2 * count - _TAPS + 2]


@cache
def _analysis_matrices() -> tuple[np.ndarray, np.ndarray]:
    """Two of (2 block + taps - 2, block): coefficient k sees samples 2k to 2k + taps - 1, filter reversed."""
    low, high = (np.zeros((2 * _BLOCK + _TAPS - 2, _BLOCK), dtype=np.float32) for _ in range(2))
    for k in range(_BLOCK):
        low[2 * k : 2 * k + _TAPS, k] = WAVELET.dec_lo[::-1]
        high[2 * k : 2 * k + _TAPS, k] = WAVELET.dec_hi[::-1]
    return low, high


@cache
def _synthesis_matrix() -> np.ndarray:
    """(2 (block + taps / 2 - 1), 2 block): sample s takes tap s + taps - 2 - 2k of coefficient k."""
    reach = _BLOCK + _TAPS // 2 - 1
    matrix = np.zeros((2 * reach, 2 * _BLOCK), dtype=np.float32)
    for sample in range(2 * _BLOCK):
        for k in range(reach):
            tap = sample + _TAPS - 2 - 2 * k
            if 0 <= tap < _TAPS:
                matrix[k, sample] = WAVELET.rec_lo[tap]
                matrix[reach + k, sample] = WAVELET.rec_hi[tap]
    return matrix
