"""What every format's reader hands over: named channels in millivolts, not yet checked or put in order."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

MILLIVOLTS = {
    "nv": 1e-6, "nanovolt": 1e-6, "nanovolts": 1e-6,
    "uv": 1e-3, "\N{MICRO SIGN}v": 1e-3, "\N{GREEK SMALL LETTER MU}v": 1e-3, "microvolt": 1e-3,
    "microvolts": 1e-3, "mv": 1.0, "millivolt": 1.0, "millivolts": 1.0, "v": 1e3, "volt": 1e3, "volts": 1e3,
}  # fmt: skip
"""Millivolts in one unit, by the unit's lower-case name (both Unicode signs for micro are in use). Capitals
decide nothing: in UCUM's case-insensitive form MV is the millivolt, and no heart gives megavolts."""


@dataclass(frozen=True, eq=False)
class Recording:
    """Channels ``name -> (samples,)`` mV, their ``rate`` Hz, what else a file tells, and its own names."""

    channels: dict[str, np.ndarray]
    rate: float
    meta: dict[str, Any] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)


def millivolts_per(unit: str, where: str) -> float:
    """Millivolts in one ``unit`` of ``where`` (a lead); ``ValueError`` for none and for no voltage."""
    if not unit.strip():
        raise ValueError(f"{where} states no unit; state uV, mV or V, or export it from the device again")
    try:
        return MILLIVOLTS[unit.strip().lower()]
    except KeyError:
        raise ValueError(f"{where}: unit {unit[:40]!r} is not a voltage; nV, uV, mV and V are read") from None


def positive(value: object, where: str) -> float:
    """A gain, scale or rate as a number above 0; ``ValueError`` naming ``where`` for anything else.

    Also below 0: a lead turned upside down by its gain cannot be told from a mistyped sign.
    """
    if (number := finite(value, where)) <= 0:
        raise ValueError(f"{where} must be above 0, not {number:g}; state it, or export the ECG again")
    return number


def finite(value: object, where: str) -> float:
    """A number; ``ValueError`` naming ``where`` for nothing, text, NaN and infinity."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        found = "absent" if value is None or not str(value).strip() else f"{str(value)[:40]!r}, no number"
        raise ValueError(f"{where} is {found}; state it, or export the ECG again")
    return number
