"""Heartbeats: where the R peaks are, how fast they come, and the median beat.

``signal (..., 12, T)`` mV at ``rate`` Hz; every function is batched over the leading axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from scipy import fft
from scipy.ndimage import maximum_filter1d, uniform_filter1d
from scipy.signal import butter, sosfreqz

from cardiacnets.contracts import ECG_RATE
from cardiacnets.ecg.resampling import resample

QRS_BAND = (8.0, 30.0)
"""Hz; a QRS complex has its power here, T waves and drift below, muscle noise and mains above."""
DETECTION_RATE = 125.0
"""Hz; four times the band's upper end, a quarter of the usual rate: detection costs a quarter too."""
_CHUNK = 16
INTEGRATION_SECONDS = 0.10
REFRACTORY_SECONDS = 0.26
"""No two ventricular beats are closer (230 per minute)."""
R_SECONDS = 0.26
"""Where the R peak lies in a median beat, seconds from its start: room for a P wave and a PR of 200 ms."""
SILENCE_MILLIVOLTS = 0.005
"""Root mean square in the QRS band below which there is no heartbeat to find."""


def detect_r_peaks(signal: np.ndarray, rate: float = ECG_RATE) -> list[np.ndarray]:
    """Sample positions of the R peaks, one ascending array for each record of ``signal (..., 12, T)``.

    The root mean square over the leads in the QRS band, averaged over a QRS (after Pan and Tompkins, 1985, on
    all leads at once), is compared with an adaptive threshold; the R peak is its largest value nearby. A
    record without heartbeats, or with NaN, gives an empty array.
    """
    records = np.asarray(signal).reshape(-1, *np.shape(signal)[-2:])  # (records, 12, T)
    found = []
    for start in range(0, len(records), _CHUNK):
        magnitudes, coarse_rate, delay = _qrs_magnitude(records[start : start + _CHUNK], rate)
        for magnitude, here in zip(magnitudes, _qrs_complexes(magnitudes, coarse_rate), strict=True):
            seconds = _tops(magnitude, np.flatnonzero(here), coarse_rate) + delay
            found.append(np.rint(seconds * rate).astype(int))
    return found


def heart_rate(
    signal: np.ndarray, rate: float = ECG_RATE, peaks: Sequence[np.ndarray] | None = None
) -> np.ndarray:
    """Mean ventricular rate of each record in beats per minute, shape ``(...)``.

    60 over the mean RR interval, pauses included, as devices report it; NaN where fewer than two beats are
    found. ``peaks``: those of ``signal`` as :func:`detect_r_peaks` gives them, where they are known already.
    """
    found = detect_r_peaks(signal, rate) if peaks is None else peaks
    rates = np.array([_rate(each, rate) for each in found])
    return rates.reshape(np.shape(signal)[:-2])


def median_beat(
    signal: np.ndarray,
    rate: float = ECG_RATE,
    samples: int = 180,
    beat_rate: float = 250,
    peaks: Sequence[np.ndarray] | None = None,
) -> np.ndarray:
    """The median over all beats, float32 ``(..., 12, samples)`` mV at ``beat_rate`` Hz, R peak at 260 ms.

    The line through the beat's start and the same phase one beat later (or the window's end, if that comes
    first) is taken away. Zeros where no heartbeat is found. ``peaks``: as in :func:`heart_rate`.
    """
    shape = np.shape(signal)
    records = np.asarray(signal, dtype=np.float32).reshape(-1, *shape[-2:])  # (records, 12, T)
    before, width = round(R_SECONDS * rate), int(np.ceil(samples * rate / beat_rate))
    beats = np.zeros((len(records), shape[-2], width), dtype=np.float32)
    found = detect_r_peaks(records, rate) if peaks is None else peaks
    for beat, record, tops in zip(beats, records, found, strict=True):
        starts = tops - before
        starts = starts[(starts >= 0) & (starts + width <= record.shape[-1])]
        if starts.size:
            windows = record[:, starts[:, None] + np.arange(width)]  # (12, beats, width)
            beat[:] = np.median(windows, axis=1)
            beat -= _one_beat_line(beat, np.median(np.diff(tops)) if tops.size > 1 else width)
    return resample(beats, rate, beat_rate)[..., :samples].reshape(*shape[:-1], samples)


def _qrs_magnitude(records: np.ndarray, rate: float) -> tuple[np.ndarray, float, float]:
    """Root mean square over the leads in the QRS band (records, samples), its rate Hz and its delay s.

    Averaging neighbours is filter enough here, for the band ends at a quarter of the new rate.
    """
    factor = max(1, round(rate / DETECTION_RATE))
    count = records.shape[-1] // factor
    blocks = records[..., : count * factor].reshape(*records.shape[:-1], count, factor)
    coarse = blocks @ np.full(factor, 1 / factor, dtype=np.float32)
    band = _qrs_band(coarse, rate / factor)
    return np.sqrt(np.mean(np.square(band), axis=-2)), rate / factor, (factor - 1) / 2 / rate


def _qrs_band(coarse: np.ndarray, rate: float) -> np.ndarray:
    """A second-order Butterworth filter forth and back, by its spectrum: the same without a step in time.

    Beyond its ends the signal is turned about its last sample, for half a second, in which what the filter
    makes of the end of that has died away.
    """
    length = coarse.shape[-1]
    margin = min(round(0.5 * rate), length - 1)
    first, last = coarse[..., :1], coarse[..., -1:]
    before, after = coarse[..., margin:0:-1], coarse[..., -2 : -margin - 2 : -1]
    extended = np.concatenate([2 * first - before, coarse, 2 * last - after], axis=-1)
    size = fft.next_fast_len(extended.shape[-1], real=True)
    spectrum = fft.rfft(extended, size) * _qrs_response(size, rate)
    return fft.irfft(spectrum, size)[..., margin : margin + length]


@cache
def _qrs_response(size: int, rate: float) -> np.ndarray:
    """Gain (size // 2 + 1,) at each frequency of a spectrum: both passes, no shift in phase."""
    sections = butter(2, QRS_BAND, "bandpass", fs=rate, output="sos")
    _, response = sosfreqz(sections, fft.rfftfreq(size, 1 / rate), fs=rate)
    return np.square(np.abs(response)).astype(np.float32)


def _qrs_complexes(magnitudes: np.ndarray, rate: float) -> np.ndarray:
    """Where the energy of ``magnitudes (n, samples)`` mV is highest in a QRS complex: boolean, one true a
    beat.
    """
    energy = uniform_filter1d(magnitudes, round(INTEGRATION_SECONDS * rate), axis=-1)
    # the threshold follows the amplitude nearby, so that a change of gain or one artefact loses few beats
    nearby = uniform_filter1d(maximum_filter1d(energy, round(1.5 * rate), axis=-1), round(3 * rate), axis=-1)
    usual, level = (np.median(each, axis=-1, keepdims=True) for each in (nearby, energy))
    threshold = 0.25 * np.minimum(nearby, 2 * usual) + 0.5 * level
    refractory = 2 * round(REFRACTORY_SECONDS * rate) + 1
    highest = energy == maximum_filter1d(energy, refractory, axis=-1)
    beating = np.sqrt(np.mean(np.square(magnitudes), axis=-1, keepdims=True)) >= SILENCE_MILLIVOLTS
    return highest & (energy > threshold) & beating


def _tops(magnitude: np.ndarray, found: np.ndarray, rate: float) -> np.ndarray:
    """Seconds from the record's start of the highest point of ``magnitude (samples,)`` near each of
    ``found``.
    """
    reach = round(0.08 * rate)
    around = np.clip(found[:, None] + np.arange(-reach, reach + 1), 0, magnitude.size - 1)  # (beats, samples)
    tops = around[np.arange(found.size), magnitude[around].argmax(axis=1)]
    tops = np.unique(np.clip(tops, 1, magnitude.size - 2))
    left, top, right = magnitude[tops - 1], magnitude[tops], magnitude[tops + 1]
    # the vertex of the parabola through a maximum and its neighbours places it between samples
    return (tops + 0.5 * (left - right) / np.minimum(left - 2 * top + right, -1e-12)) / rate


def _rate(peaks: np.ndarray, rate: float) -> float:
    intervals = np.diff(peaks) / rate
    return 60 / float(np.mean(intervals)) if intervals.size else float("nan")


def _one_beat_line(beat: np.ndarray, interval: float) -> np.ndarray:
    """The line (12, width) through a beat's start and its end or, if earlier, the same phase one beat on."""
    span = 5
    width = beat.shape[-1]
    later = int(min(interval, width - span))
    start, end = beat[:, :span].mean(axis=-1), beat[:, later : later + span].mean(axis=-1)
    return start[:, None] + (end - start)[:, None] * (np.arange(width) - (span - 1) / 2) / later
