"""Intervals, axis and voltages of a median beat, by simple rules that can be read and checked.

``beats (..., 12, n)`` mV at ``rate`` Hz as :func:`~cardiacnets.ecg.beat.median_beat` gives them, R peak 260
ms from the start. The rules, on all leads at once:

- *Activity* is the root mean square of the slope over the leads. The QRS complex reaches from the R peak
  out to where activity stays under 5 % of its range for 16 ms, or is least within 48 ms of the last steep
  slope (30 % of the steepest), whichever is nearer.
- Zero is the median of the 24 ms before QRS onset; amplitudes count from there.
- The P wave is the largest hump of the leads' root mean square before QRS, over the line from the beat's
  start to QRS onset, if above 20 uV, out to 20 % of its height.
- The T wave is the largest hump after QRS; it ends where 5 % of its height above the lowest level that
  follows is left.
- The axis is that of the QRS area: atan2(2 aVF / sqrt 3, I).
- ST is the level 60 ms after QRS.
- A Q wave is 30 ms wide and .1 mV deep in two neighbouring leads (fourth universal definition of myocardial
  infarction, 2018); V1-V3 are left out, for bundle-branch block looks the same there.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.ndimage import uniform_filter1d

from cardiacnets.contracts import LEADS
from cardiacnets.ecg.beat import R_SECONDS

QRS_SHARE = 0.05
FOOT_SECONDS = 0.048
"""The complex ends at most this long after its last steep slope (30 % of the steepest)."""
P_SHARE = 0.20
T_SHARE = 0.05
SMALLEST_P_MILLIVOLTS = 0.02
_LIMB, _PRECORDIAL = slice(0, 6), slice(6, 12)
_LEFT = [LEADS.index(lead) for lead in ("I", "II", "V2", "V3", "V4", "V5", "V6")]
"""Leads whose T wave and ST segment point up in health."""
_NEIGHBOURS = [[LEADS.index(lead) for lead in group.split()] for group in ("I aVL", "II III aVF", "V4 V5 V6")]


def measure_beats(
    beats: np.ndarray, rate: float = 250, heart_rate: float | np.ndarray | None = None
) -> pd.DataFrame:
    """One row of measurements for each of ``beats (..., 12, n)``.

    Columns: ``p_ms``, ``pr_ms``, ``qrs_ms``, ``qt_ms``, ``axis_deg`` (-180 to 180), ``v1_r_s_ratio``,
    ``limb_voltage_mv`` and ``precordial_voltage_mv`` (largest QRS peak to peak), ``sokolow_mv`` (S V1 +
    larger R of V5 and V6), ``st_mv`` (mean over I, II, V2-V6), ``t_amplitude_mv`` (largest of either sign
    there), ``t_inversion_mv`` (depth of the deepest negative T there, 0 if none), ``q_wave``, ``heart_rate``
    (as given, else NaN), and ``r_<lead>_mv``, ``s_<lead>_mv``. NaN where there is no P wave; all NaN for a
    beat without QRS. Raises ``ValueError`` for a wrong shape.
    """
    beats = np.asarray(beats, dtype=np.float64)
    if beats.ndim < 2 or beats.shape[-2] != 12:
        raise ValueError(f"median beats of shape (..., 12, n) are needed, not {beats.shape}")
    beats = beats.reshape(-1, *beats.shape[-2:])  # (beats, 12, n)
    rates = np.full(len(beats), np.nan)
    if heart_rate is not None:
        rates[:] = np.asarray(heart_rate, dtype=float).reshape(-1)
    rows = [_measure(beat, rate) for beat in beats]
    return pd.DataFrame(rows, columns=COLUMNS[:-1]).assign(heart_rate=rates)


COLUMNS = (
    "p_ms", "pr_ms", "qrs_ms", "qt_ms", "axis_deg", "v1_r_s_ratio", "limb_voltage_mv",
    "precordial_voltage_mv", "sokolow_mv", "st_mv", "t_amplitude_mv", "t_inversion_mv", "q_wave",
    *(f"r_{lead}_mv" for lead in LEADS), *(f"s_{lead}_mv" for lead in LEADS), "heart_rate",
)


def _measure(beat: np.ndarray, rate: float) -> dict[str, float | bool]:
    bounds = _qrs(beat, rate)
    if bounds is None:
        return {"q_wave": False}
    onset, offset = bounds
    level = np.median(beat[:, max(0, onset - round(0.024 * rate)) : onset + 1], axis=1, keepdims=True)
    beat = beat - level
    magnitude = np.sqrt(np.mean(np.square(beat), axis=0))  # (n,)
    milliseconds = 1000 / rate
    qrs = beat[:, onset : offset + 1]
    up, down = np.maximum(qrs.max(axis=1), 0), np.maximum(-qrs.min(axis=1), 0)
    v1, v5, v6 = (LEADS.index(lead) for lead in ("V1", "V5", "V6"))
    area_one, area_foot = qrs[LEADS.index("I")].sum(), qrs[LEADS.index("aVF")].sum()
    p_onset, p_offset = _p_wave(beat, onset, rate)
    t_peak, t_end = _t_wave(magnitude, offset, rate)
    after = min(offset + round(0.06 * rate), beat.shape[1] - 1)
    t_leads = beat[_LEFT, max(t_peak - round(0.06 * rate), after) : t_end + 1]
    if not t_leads.shape[1]:
        t_leads = beat[_LEFT, t_peak : t_peak + 1]
    return {
        "p_ms": (p_offset - p_onset) * milliseconds, "pr_ms": (onset - p_onset) * milliseconds,
        "qrs_ms": (offset - onset) * milliseconds, "qt_ms": (t_end - onset) * milliseconds,
        "axis_deg": np.degrees(np.arctan2(2 / np.sqrt(3) * area_foot, area_one)),
        "v1_r_s_ratio": up[v1] / max(down[v1], 0.01),  # 10 uV stands for an S wave that is not there
        "limb_voltage_mv": np.ptp(qrs[_LIMB], axis=1).max(),
        "precordial_voltage_mv": np.ptp(qrs[_PRECORDIAL], axis=1).max(),
        "sokolow_mv": down[v1] + max(up[v5], up[v6]),
        "st_mv": beat[_LEFT, after].mean(),
        "t_amplitude_mv": t_leads.ravel()[np.abs(t_leads).argmax()],
        "t_inversion_mv": max(0.0, -t_leads.min()),
        "q_wave": _has_q_wave(qrs, rate),
        **{f"r_{lead}_mv": value for lead, value in zip(LEADS, up, strict=True)},
        **{f"s_{lead}_mv": value for lead, value in zip(LEADS, down, strict=True)},
    }


def _qrs(beat: np.ndarray, rate: float) -> tuple[int, int] | None:
    """First and last sample of the QRS complex, ``None`` if the beat holds none."""
    activity = uniform_filter1d(np.sqrt(np.mean(np.square(np.gradient(beat, axis=1)), axis=0)), 3)  # (n,)
    r_peak, reach = round(R_SECONDS * rate), round(0.10 * rate)
    near = activity[max(0, r_peak - reach) : r_peak + reach + 1]
    if not near.size or near.max() <= 0:
        return None
    floor = np.quantile(activity, 0.2)
    quiet = activity < floor + QRS_SHARE * (near.max() - floor)
    steep = np.flatnonzero(near > 0.3 * near.max()) + max(0, r_peak - reach)
    run = max(1, round(0.016 * rate))
    starts = np.flatnonzero(np.convolve(quiet, np.ones(run), mode="valid") == run)  # of quiet stretches
    before, after = starts[starts + run - 1 < steep[0]], starts[starts > steep[-1]]
    # in bundle-branch block the complex runs into ST without a pause: it ends where activity is least nearby
    tail = round(FOOT_SECONDS * rate)
    first, last = max(0, steep[0] - tail), min(beat.shape[1] - 1, steep[-1] + tail)
    onset = before[-1] + run - 1 if before.size else first
    offset = after[0] if after.size else last
    if onset < first:
        onset = first + int(activity[first : steep[0] + 1].argmin())
    if offset > last:
        offset = steep[-1] + int(activity[steep[-1] : last + 1].argmin())
    return int(onset), int(offset)


def _p_wave(beat: np.ndarray, qrs_onset: int, rate: float) -> tuple[float, float]:
    """First and last sample of the P wave, NaN if there is none."""
    stop = qrs_onset - round(0.012 * rate)
    if stop < round(0.06 * rate):
        return np.nan, np.nan
    first = np.median(beat[:, : round(0.016 * rate)], axis=1)
    last = np.median(beat[:, stop - round(0.02 * rate) : stop], axis=1)
    humps = beat[:, :stop] - np.linspace(first, last, stop, axis=1)  # (12, stop), zero around the P wave
    magnitude = np.sqrt(np.mean(np.square(humps), axis=0))
    peak = int(magnitude.argmax())
    threshold = P_SHARE * magnitude[peak]
    left, right = np.flatnonzero(magnitude[:peak] < threshold), np.flatnonzero(magnitude[peak:] < threshold)
    if magnitude[peak] < SMALLEST_P_MILLIVOLTS or not left.size or not right.size:
        return np.nan, np.nan
    return float(left[-1]), float(peak + right[0])


def _t_wave(magnitude: np.ndarray, qrs_offset: int, rate: float) -> tuple[int, int]:
    """Samples of the T wave's peak and end."""
    last = magnitude.size - 1
    start = min(qrs_offset + round(0.06 * rate), last - 2)
    smooth = uniform_filter1d(magnitude, max(1, round(0.02 * rate)))
    peak = start + int(smooth[start:].argmax())
    if peak >= last - 1:
        return peak, last
    floor = smooth[peak:].min()
    below = np.flatnonzero(smooth[peak:] <= floor + T_SHARE * (smooth[peak] - floor))
    return peak, peak + int(below[0])


def _has_q_wave(qrs: np.ndarray, rate: float) -> bool:
    wide, deep = round(0.03 * rate), 0.1
    has_q = []
    for trace in qrs:
        rise = np.flatnonzero(trace > 0.05)  # the R wave, or the end if the complex stays below zero (QS)
        first = trace[: rise[0] if rise.size else trace.size]
        has_q.append(first.size > 0 and np.count_nonzero(first < -0.02) >= wide and first.min() <= -deep)
    return any(sum(has_q[lead] for lead in group) >= 2 for group in _NEIGHBOURS)
