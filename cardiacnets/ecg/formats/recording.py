"""What every format's reader hands over: named channels in millivolts, not yet checked or put in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cardiacnets.contracts import LEADS

_CANONICAL = {lead.lower(): lead for lead in LEADS}
MILLIVOLTS = {
    "nv": 1e-6, "uv": 1e-3, "\N{MICRO SIGN}v": 1e-3, "\N{GREEK SMALL LETTER MU}v": 1e-3, "microvolts": 1e-3,
    "mv": 1.0, "millivolts": 1.0, "v": 1e3,
}
"""Millivolts in one unit, by the unit's lower-case name (both Unicode signs for micro are in use)."""


@dataclass(frozen=True, eq=False)
class Recording:
    """Channels ``name -> (samples,)`` mV, their ``rate`` Hz, and what else a file tells."""

    channels: dict[str, np.ndarray]
    rate: float
    meta: dict[str, Any] = field(default_factory=dict)


def canonical_lead(name: str) -> str | None:
    """The contract's spelling of a lead name in any case (``avr``, ``Lead V1``); else ``None``."""
    words = name.strip().lower().split()
    if words[:1] == ["lead"]:
        words = words[1:]
    return _CANONICAL.get(words[0]) if words else None


def millivolts_per(unit: str) -> float:
    """Millivolts in one ``unit``; ``ValueError`` for a unit that is not a voltage."""
    try:
        return MILLIVOLTS[unit.strip().lower()]
    except KeyError:
        raise ValueError(f"unit {unit!r} is not a voltage; nV, uV, mV and V are read") from None


def derive_limb_leads(channels: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Add the limb leads that follow from I and II (Einthoven, Goldberger), where they are absent.

    III = II - I, aVR = -(I + II) / 2, aVL = I - II / 2, aVF = II - I / 2.
    """
    if "I" not in channels or "II" not in channels:
        return channels
    one, two = channels["I"], channels["II"]
    if one.shape != two.shape:
        raise ValueError(f"leads I and II differ in length ({one.size} and {two.size} samples)")
    derived = {"III": two - one, "aVR": -(one + two) / 2, "aVL": one - two / 2, "aVF": two - one / 2}
    return derived | channels
