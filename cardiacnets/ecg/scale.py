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

    ``line`` says the same for people, with the amplitude it was told from; ``span`` is the median lead's.
    """

    looks: str
    line: str
    span: float

    def __str__(self) -> str:
        return self.line

    @property
    def normalised(self) -> bool:
        """Whether software made these numbers for a network: no voltage is left in them."""
        return _WAYS_OUT.get(self.looks) is _NORMALISED_WAY_OUT

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
        return Scale("constant", "numbers look constant: in every lead", 0.0)
    spans = lead_spans(alive)
    span, largest = float(np.median(spans)), float(spans.max())
    if found := _normalised(alive):
        return Scale(found[0], f"numbers look {found[0]}: {found[1]}", span)
    told = f"the median lead spans {span:.3g}"
    if LARGEST_MILLIVOLTS < span < SMALLEST_MICROVOLTS or span > LARGEST_MILLIVOLTS * 1e3:
        looks = "raw digits"
    elif span > LARGEST_MILLIVOLTS:
        looks = "uV or raw digits"
    elif largest >= SMALLEST_MILLIVOLTS:
        looks = "mV"
    else:
        looks = "V" if largest >= SMALLEST_MILLIVOLTS * 1e-3 else "unknown"
        told = f"the largest lead spans {largest:.3g}"
    return Scale(looks, f"numbers look {'' if looks == 'unknown' else 'like '}{looks}: {told}", span)


def lead_spans(signal: np.ndarray) -> np.ndarray:
    """Robust range of each lead of ``signal (leads, T)``: from its 0.5th to its 99.5th percentile."""
    low, high = np.percentile(signal, [0.5, 99.5], axis=1)
    return high - low


def summarise_scales(scales: Sequence[Scale]) -> str:
    """One line for many recordings: how many look like what, and their median leads; ``""`` for none."""
    kinds = []
    for looks in dict.fromkeys(scale.looks for scale in scales):
        spans = [scale.span for scale in scales if scale.looks == looks]
        kinds.append(f"{looks} in {len(spans):,} files (median lead {min(spans):.3g} to {max(spans):.3g})")
    return f"ECG numbers look like {', '.join(kinds)}" if kinds else ""


def _normalised(alive: np.ndarray) -> tuple[str, str] | None:
    """Which normalisation by software the leads show, and by what; ``None`` for none."""
    mean, deviation = alive.mean(axis=1), alive.std(axis=1)
    low, high = alive.min(axis=1), alive.max(axis=1)
    whole_mean, whole_deviation = alive.mean(), alive.std()

    def are(values: np.ndarray, target: float) -> bool:
        """Whether all leads have this value, to within what rounding makes of it."""
        return len(alive) >= ALONE and bool((np.abs(values / power - target) < NORMALISED).all())

    for power in POWERS:
        if are(mean, 0) and are(deviation, 1):
            return "z-scored", "each lead has mean 0 and standard deviation 1"
        for bottom in (-1, 0):
            if are(low, bottom) and are(high, 1):
                return "min-max", f"each lead reaches from {bottom} to 1"
        if are(np.maximum(high, -low), 1):
            return "peak-normalised", "each lead has a largest value of 1"
        if max(abs(whole_mean), abs(whole_deviation - power)) < power * NORMALISED / 20:
            return "z-scored", "all leads together have mean 0 and standard deviation 1"
    # an ECG in steps of 5 uV reaches from -1 to 1 mV by chance; leads moved together no longer obey Einthoven
    moved = len(alive) == 12 and abs(np.median(alive[1] - alive[0] - alive[2])) > NORMALISED
    if high.max() == 1 and (low.min() == 0 or (low.min() == -1 and moved)):
        return "min-max", f"all leads together reach from {low.min():g} to 1"
    return None
