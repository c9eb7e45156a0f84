"""An ECG on disk: whole microvolts in two bytes a sample, half of what millivolts as float32 would need."""

from __future__ import annotations

import numpy as np

MICROVOLT = np.float32(1e-3)
"""Millivolts a stored unit."""


def in_microvolts(signal: np.ndarray) -> np.ndarray:
    """``signal (...)`` mV as it is stored, int16 uV, limited to the type's range of about 32 mV."""
    limits = np.iinfo(np.int16)
    return np.clip(np.rint(signal * 1000.0), limits.min, limits.max).astype(np.int16)


def in_millivolts(stored: np.ndarray) -> np.ndarray:
    """What :func:`in_microvolts` has stored, float32 mV."""
    return stored.astype(np.float32) * MICROVOLT
