"""What the numbers of an ECG look like: millivolts, microvolts, a network's input, a converter's digits.

Told from amplitudes alone, and only where they leave no doubt. The span of a lead is its robust range, from
the 0.5th to the 99.5th percentile over time, which holds the QRS and leaves out pacing spikes and artefacts.
Numbers are too large where the median lead's span is, too small where even the largest is; constant leads do
not count.

Bounds, mV: QRS below 0.5 in all limb and below 1.0 in all chest leads is called low voltage, and 3.5 for
SV1 + RV5 hypertrophy (Hancock and others 2009, AHA/ACCF/HRS part V, doi:10.1161/CIRCULATIONAHA.108.191097);
across the public collections that are read here the median span lies between 0.5 and 2.6. The bounds are ten
times further out on either side, and still 1000, the step from one unit to the next, lies outside of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SMALLEST_MILLIVOLTS, LARGEST_MILLIVOLTS = 0.05, 25.0
"""Spans that can be an ECG's in millivolts."""
SMALLEST_MICROVOLTS = 100.0
"""Below it (and above the millivolts) lie only a converter's digits."""
NORMALISED = 0.02
"""By how much means, deviations and bounds of leads that software normalised may miss their values."""
POWERS = (1.0, 1e-3, 1e3, 1e-6)
"""Normalised numbers also occur declared as uV, V or nV: they come here multiplied by one of these."""
ALONE = 6
"""Leads that must agree before they count as normalised one by one."""


_NORMALISED_WAY_OUT = "voltage is lost for good; give the recording as it was before a program normalised it"
_WAYS_OUT = {
    "z-scored": _NORMALISED_WAY_OUT, "min-max": _NORMALISED_WAY_OUT, "peak-normalised": _NORMALISED_WAY_OUT,
    "uV or raw digits": "its gain or unit is too large (uV or digits declared as mV?); state the true one",
    "raw digits": "its gain or unit is missing or too large; state the true one",
    "V": "its gain or unit is too small (V declared as mV, or mV as uV?), or nothing was recorded; state the "
         "true one",
    "unknown": "its gain or unit is far too small, or nothing was recorded; state the true one",
}  # fmt: skip


@dataclass(frozen=True)
class Scale:
    """``looks``: mV, uV or raw digits, raw digits, V, z-scored, min-max, peak-normalised, constant, unknown.

    ``line`` says the same for people, with the amplitude it was told from.
    """

    looks: str
    line: str

    def __str__(self) -> str:
        return self.line

    @property
    def contradiction(self) -> str | None:
        """Why numbers said to be millivolts are none, and the way out; ``None`` where they can be."""
        if self.looks in ("mV", "constant"):
            return None
        return f"the file's units give millivolts, but its {self.line}; {_WAYS_OUT[self.looks]}"


def describe_scale(signal: np.ndarray) -> Scale:
    """What the numbers of ``signal (leads, T)`` look like, whatever unit they are said to be in.

    Leads that are constant or hold NaN are left out. z-scored: every lead has mean 0 and deviation 1, which
    no body gives, as aVR, aVL and aVF are weaker than the leads they are made of. min-max: every lead
    reaches the same two bounds exactly. uV and raw digits cannot be told apart and are not.
    """
    signal = np.asarray(signal, dtype=np.float64)
    alive = signal[np.isfinite(signal).all(axis=1) & (np.ptp(signal, axis=1) > 0)]
    if not len(alive):
        return Scale("constant", "numbers look constant: in every lead")
    if found := _normalised(alive):
        return Scale(found[0], f"numbers look {found[0]}: {found[1]}")
    spans = lead_spans(alive)
    median, largest = float(np.median(spans)), float(spans.max())
    if median > LARGEST_MILLIVOLTS * 1e3 or LARGEST_MILLIVOLTS < median < SMALLEST_MICROVOLTS:
        looks, told = "raw digits", f"the median lead spans {median:.3g}"
    elif median > LARGEST_MILLIVOLTS:
        looks, told = "uV or raw digits", f"the median lead spans {median:.3g}"
    elif largest >= SMALLEST_MILLIVOLTS:
        looks, told = "mV", f"the median lead spans {median:.3g}"
    else:
        looks = "V" if largest >= SMALLEST_MILLIVOLTS * 1e-3 else "unknown"
        told = f"the largest lead spans {largest:.3g}"
    return Scale(looks, f"numbers look {'like ' if looks != 'unknown' else ''}{looks}: {told}")


def lead_spans(signal: np.ndarray) -> np.ndarray:
    """Robust range of each lead of ``signal (leads, T)``: from its 0.5th to its 99.5th percentile."""
    low, high = np.percentile(signal, [0.5, 99.5], axis=1)
    return high - low


def summarise_scales(scales: Sequence[Scale | str]) -> str:
    """One line for many recordings: how many look like what."""
    lines = [
        str(scale).partition(":")[0].removeprefix("numbers look ").removeprefix("like ") for scale in scales
    ]
    kinds = {kind: lines.count(kind) for kind in dict.fromkeys(lines)}
    return "ECG numbers look like " + ", ".join(f"{kind} in {count:,} files" for kind, count in kinds.items())


def _normalised(alive: np.ndarray) -> tuple[str, str] | None:
    """Which normalisation by software the leads show, and by what; ``None`` for none."""
    for power in POWERS:
        numbers = alive / power
        mean, deviation = numbers.mean(axis=1), numbers.std(axis=1)
        low, high = numbers.min(axis=1), numbers.max(axis=1)
        peak = np.abs(numbers).max(axis=1)

        def all_near(values: np.ndarray, target: float) -> bool:
            return bool((np.abs(values - target) < NORMALISED).all())

        if len(alive) >= ALONE:
            if all_near(mean, 0) and all_near(deviation, 1):
                return "z-scored", "each lead has mean 0 and standard deviation 1"
            for bottom in (-1, 0):
                if all_near(low, bottom) and all_near(high, 1):
                    return "min-max", f"each lead reaches from {bottom} to 1"
            if all_near(peak, 1):
                return "peak-normalised", "each lead has a largest value of 1"
        whole = float(np.abs(numbers.mean())), float(np.abs(numbers.std() - 1))
        if max(whole) < NORMALISED / 20:
            return "z-scored", "all leads together have mean 0 and standard deviation 1"
        if numbers.max() == 1 and numbers.min() in (-1, 0):
            return "min-max", f"all leads together reach from {numbers.min():g} to 1"
    return None
