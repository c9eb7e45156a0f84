"""From millivolts to the range the networks see."""

from __future__ import annotations

import numpy as np


def scale_millivolt(signal: np.ndarray, full_scale_mv: float) -> np.ndarray:
    """``signal (..., T)`` mV divided by ``full_scale_mv``, float32: voltage and axis are kept.

    The default of this book. Values beyond the full scale are kept, not clipped. Raises ``ValueError`` unless
    ``full_scale_mv`` > 0.
    """
    if not full_scale_mv > 0:
        raise ValueError(f"full scale must be above 0 mV, not {full_scale_mv}")
    return np.asarray(signal, dtype=np.float32) / np.float32(full_scale_mv)


def scale_min_max(signal: np.ndarray) -> np.ndarray:
    """Each lead of ``signal (..., T)`` stretched to [-1, 1], float32, as published; a flat lead becomes 0.

    This erases voltage and axis, the very signs of hypertrophy, effusion and right ventricular load: a switch
    for comparison, not the default.
    """
    signal = np.asarray(signal, dtype=np.float32)
    low = signal.min(axis=-1, keepdims=True)
    extent = signal.max(axis=-1, keepdims=True) - low
    scaled = 2 * (signal - low) / np.where(extent > 0, extent, 1) - 1
    return np.where(extent > 0, scaled, np.float32(0))
