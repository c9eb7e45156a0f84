"""The one place where an ECG changes its sampling rate: a polyphase filter of linear phase."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from scipy.signal import resample_poly


def resample(signal: np.ndarray, rate: float, target_rate: float) -> np.ndarray:
    """``signal (..., T)`` at ``rate`` Hz brought to ``target_rate`` Hz, float32.

    ``scipy.signal.resample_poly`` (Kaiser window, cut at the lower of the two Nyquist frequencies); beyond
    its ends the signal is continued along the line through them, so that an offset makes no step there. The
    result has ``ceil(T * target_rate / rate)`` samples.
    """
    ratio = Fraction(target_rate / rate).limit_denominator(1000)
    if ratio == 1:
        return np.asarray(signal, dtype=np.float32)
    wide = np.asarray(signal, dtype=np.float64)
    return resample_poly(wide, ratio.numerator, ratio.denominator, axis=-1, padtype="line").astype(np.float32)
