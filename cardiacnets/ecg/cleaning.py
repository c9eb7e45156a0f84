"""Preprocessing of the study: remove drift, shrink wavelet details, smooth; batched over records and leads.

``signal (..., 12, T)`` mV at ``rate`` Hz in, the same shape float32 out. Equal to the record-by-record route
(``statsmodels.seasonal_decompose``, ``pywt.wavedec``, ``scipy.signal.savgol_filter``) to 1e-5 mV.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pywt
from scipy.signal import savgol_filter

from cardiacnets.contracts import ECG_RATE
from cardiacnets.ecg.beat import heart_rate as estimate_heart_rate

WAVELET = "db6"
MAXIMUM_LEVEL = 8
SMOOTHING_WINDOW = 11
SMOOTHING_ORDER = 3
FALLBACK_HEART_RATE = 60.0
"""Beats per minute assumed where no heartbeat is found: some period is needed, and the quality check flags the record."""


@dataclass(frozen=True, eq=False)
class Stages:
    """What each step makes of a signal, all (..., 12, T) mV; ``trend`` is what the first step takes away."""

    raw: np.ndarray
    trend: np.ndarray
    without_drift: np.ndarray
    denoised: np.ndarray
    smoothed: np.ndarray


def clean(signal: np.ndarray, rate: float = ECG_RATE, heart_rate: float | np.ndarray | None = None) -> np.ndarray:
    """Drift removed, details shrunk, smoothed: float32 ``(..., 12, T)`` mV.

    ``heart_rate`` in beats per minute, one for all or one a record, sets the period of the drift; ``None`` estimates it
    from the signal. A flat lead stays 0. Raises ``ValueError`` for a wrong shape, NaN, or under two beats of signal.
    """
    return smooth(denoise_wavelet(remove_drift(signal, rate, heart_rate)))


def clean_stages(signal: np.ndarray, rate: float = ECG_RATE, heart_rate: float | np.ndarray | None = None) -> Stages:
    """:func:`clean` with all that lies between, to look at."""
    without_drift = remove_drift(signal, rate, heart_rate)
    raw = np.asarray(signal, dtype=np.float32)
    denoised = denoise_wavelet(without_drift)
    return Stages(raw, raw - without_drift, without_drift, denoised, smooth(denoised))


def remove_drift(
    signal: np.ndarray, rate: float = ECG_RATE, heart_rate: float | np.ndarray | None = None
) -> np.ndarray:
    """Subtract the moving average over one beat, the trend of an additive seasonal decomposition.

    The period is ``int(10 * rate * 6 / heart_rate)`` samples; an even period's average is centred by half weights at
    both ends; the half period at each edge takes the nearest trend value. Arguments and errors as :func:`clean`.
    """
    records = _records(signal)
    periods = _periods(records, rate, heart_rate)
    result = np.empty(records.shape, dtype=np.float32)
    for record, period, output in zip(records, periods, result, strict=True):
        np.subtract(record, _trend(record, period), out=output, casting="same_kind")
    return result.reshape(np.shape(signal))


def denoise_wavelet(signal: np.ndarray) -> np.ndarray:
    """Soft-threshold all db6 details of ``signal (..., T)`` at the universal threshold of each lead.

    threshold = median|d1| / .6745 * sqrt(2 ln T), d1 the finest details (Donoho and Johnstone, Biometrika 1994);
    ``pywt.dwt_max_level`` levels, at most eight; symmetric extension.
    """
    signal = np.asarray(signal, dtype=np.float32)
    length = signal.shape[-1]
    level = min(MAXIMUM_LEVEL, pywt.dwt_max_level(length, WAVELET))
    approximation, *details = pywt.wavedec(signal, WAVELET, level=level, axis=-1)
    threshold = np.median(np.abs(details[-1]), axis=-1, keepdims=True) / 0.6745 * np.sqrt(2 * np.log(length))
    shrunk = [np.sign(detail) * np.maximum(np.abs(detail) - threshold, 0) for detail in details]
    return pywt.waverec([approximation, *shrunk], WAVELET, axis=-1)[..., :length].astype(np.float32)


def smooth(signal: np.ndarray) -> np.ndarray:
    """Savitzky-Golay over 11 samples (22 ms), third order, of ``signal (..., T)``; edges follow the fitted cubic."""
    return savgol_filter(np.asarray(signal, dtype=np.float32), SMOOTHING_WINDOW, SMOOTHING_ORDER, axis=-1)


def _records(signal: np.ndarray) -> np.ndarray:
    signal = np.asarray(signal)
    if signal.ndim < 2 or signal.shape[-2] != 12:
        raise ValueError(f"an ECG of shape (..., 12, T) is needed, not {signal.shape}")
    if not np.isfinite(signal).all():
        raise ValueError("the ECG holds NaN or infinite samples; set such records aside before cleaning")
    return signal.reshape(-1, *signal.shape[-2:])  # (records, 12, T)


def _periods(records: np.ndarray, rate: float, heart_rate: float | np.ndarray | None) -> np.ndarray:
    """Samples in one beat, for each record."""
    rates = np.asarray(estimate_heart_rate(records, rate) if heart_rate is None else heart_rate, dtype=np.float64)
    if heart_rate is None:
        rates = np.where(np.isnan(rates), FALLBACK_HEART_RATE, rates)
    if not (rates > 0).all():
        raise ValueError("heart rate must be above 0 beats per minute")
    if rates.size not in (1, len(records)):
        raise ValueError(f"{rates.size} heart rates for {len(records)} records; give one, or one a record")
    periods = np.broadcast_to((10 * rate * 6 / rates.reshape(-1)).astype(int), len(records))
    if len(records) and (periods.min() < 1 or 2 * periods.max() > records.shape[-1]):
        raise ValueError(f"two beats at {rates.min():g} per minute do not fit into {records.shape[-1]} samples")
    return periods


def _trend(record: np.ndarray, period: int) -> np.ndarray:
    """Centred moving average (12, T) over ``period`` samples, by differences of a running sum in double precision."""
    total = np.zeros((record.shape[0], record.shape[1] + 1))
    np.cumsum(record, axis=-1, dtype=np.float64, out=total[:, 1:])
    half = period // 2
    average = total[:, period:] - total[:, :-period]  # (12, T - period + 1): sums over windows of `period` samples
    if period % 2 == 0:
        average = (average[:, 1:] + average[:, :-1]) / 2
    average /= period
    return np.concatenate(
        [np.repeat(average[:, :1], half, axis=1), average, np.repeat(average[:, -1:], half, axis=1)], axis=1
    )
