"""Is this ECG fit to be analysed? Faults exclude a record; warnings say what to look at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cardiacnets.contracts import ECG_RATE, LEADS
from cardiacnets.ecg.beat import detect_r_peaks, median_beat
from cardiacnets.ecg.scale import describe_scale

FLAT_MILLIVOLTS = 0.01
"""A lead whose whole range is below this records nothing."""
SATURATED_SHARE = 0.02
"""A lead that sits on its largest or smallest value for more than this share of the time is clipped."""
LARGEST_MILLIVOLTS = 20.0
RESIDUAL_MILLIVOLTS = 0.05
"""Limb leads follow from two of them (Einthoven, Goldberger); rounding leaves a few microvolts."""
HEART_RATES = (25.0, 230.0)


@dataclass(frozen=True)
class Quality:
    """What was found in one record, in plain words: ``faults`` make it unusable, ``warnings`` do not."""

    faults: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def usable(self) -> bool:
        """Whether there is no fault."""
        return not self.faults

    @property
    def reasons(self) -> str:
        """Faults, then warnings, in one line."""
        return "; ".join(self.faults + self.warnings)


def check_ecg(signal: np.ndarray, rate: float = ECG_RATE, peaks: np.ndarray | None = None) -> Quality:
    """Check one ECG, ``signal (12, T)`` mV in the order of ``LEADS``; ``ValueError`` for another shape.

    ``peaks``: the samples of its R peaks, where they are known already.
    """
    signal = np.asarray(signal)
    if signal.ndim != 2 or signal.shape[0] != 12:
        raise ValueError(f"an ECG of shape (12, T) is needed, not {signal.shape}")
    if not np.isfinite(signal).all():
        return Quality((f"NaN or missing samples in {_named(~np.isfinite(signal).all(axis=1))}",), ())
    faults, warnings = [], []
    extent = np.ptp(signal, axis=1)
    if (flat := extent < FLAT_MILLIVOLTS).any():
        faults.append(f"flat lead {_named(flat)}")
    scale = describe_scale(signal)
    if scale.normalised:
        faults.append(scale.line)
    deviation = np.abs(signal - np.median(signal, axis=1, keepdims=True)).max(axis=1)
    if (large := deviation > LARGEST_MILLIVOLTS).any():
        faults.append(f"more than {LARGEST_MILLIVOLTS:g} mV in {_named(large)}: wrong gain, or an artefact")
    peaks = detect_r_peaks(signal, rate)[0] if peaks is None else peaks
    if peaks.size < 2:
        faults.append("no heartbeats found")
    if (clipped := _saturated(signal) & ~flat).any():
        warnings.append(f"saturated lead {_named(clipped)}")
    einthoven, goldberger = _residuals(signal)
    if einthoven > RESIDUAL_MILLIVOLTS:
        warnings.append(f"I + III differs from II by up to {einthoven:.2f} mV: swapped or filtered apart")
    if goldberger > RESIDUAL_MILLIVOLTS:
        warnings.append(f"aVR, aVL and aVF differ from what I and II give by up to {goldberger:.2f} mV")
    if not faults:
        warnings += _rhythm_and_leads(signal, peaks, rate)
    return Quality(tuple(faults), tuple(warnings))


def _named(mask: np.ndarray) -> str:
    return ", ".join(lead for lead, chosen in zip(LEADS, mask, strict=True) if chosen)


def _saturated(signal: np.ndarray) -> np.ndarray:
    at_limit = (signal == signal.max(axis=1, keepdims=True)) | (signal == signal.min(axis=1, keepdims=True))
    return at_limit.mean(axis=1) > SATURATED_SHARE


def _residuals(signal: np.ndarray) -> tuple[float, float]:
    """Einthoven and Goldberger residuals, mV: the 99.9th percentile, so that one sample does not decide."""
    one, two, three, right, left, foot = signal[:6]
    einthoven = np.abs(one + three - two)
    goldberger = np.abs(np.stack([right + (one + two) / 2, left - one + two / 2, foot - two + one / 2]))
    return float(np.percentile(einthoven, 99.9)), float(np.percentile(goldberger, 99.9))


def _rhythm_and_leads(signal: np.ndarray, peaks: np.ndarray, rate: float) -> list[str]:
    warnings = []
    bpm = 60 * rate / np.median(np.diff(peaks))
    if not HEART_RATES[0] <= bpm <= HEART_RATES[1]:
        warnings.append(f"heart rate of {bpm:.0f} per minute is implausible")
    beat = median_beat(signal, rate, peaks=[peaks])
    size = np.ptp(beat, axis=1)
    if size.max() < 0.2:
        warnings.append(f"largest QRS of {size.max():.2f} mV is very small: wrong gain, effusion or amyloid")
    net = beat.max(axis=1) + beat.min(axis=1)  # mV, above 0 where the QRS points up
    one, right, last = net[LEADS.index("I")], net[LEADS.index("aVR")], net[LEADS.index("V6")]
    # arm electrodes exchanged: I upside down and aVR upright while V6, which no limb electrode touches,
    # points up
    if one < -0.1 and right > 0.1 and last > 0.1:
        warnings.append("lead I is inverted and aVR upright: arm electrodes swapped, or dextrocardia")
    return warnings
