"""Indices that hang together, of one heart: what follows from volumes and rate is computed from them.

A network that predicts 82 indices one by one gives a heart whose ejection fraction is not that of its own
volumes, and whose output is not stroke volume times rate.
"""

from __future__ import annotations

import numpy as np

from cardiacnets.phenotypes import INDEX_NAMES

CHAMBERS = {
    "lv": ("lv_edv", "lv_esv"),
    "rv": ("rv_edv", "rv_esv"),
    "la": ("la_max", "la_min"),
    "ra": ("ra_max", "ra_min"),
}
"""The largest and the smallest volume of each chamber, ml."""
SIGNED = ("ecc_", "err_", "ell_")
"""Indices of any sign: strain, by how their names begin."""


def coherent(indices: np.ndarray, heart_rate: np.ndarray | float) -> np.ndarray:
    """``indices (..., 82)`` with stroke volume, ejection fraction and output from their own volumes.

    SV = largest less smallest volume (ml), EF = 100 SV / largest (%), output = SV of the left ventricle times
    ``heart_rate`` (..., beats/min) / 1000 (l/min). Amounts below zero, and an EF above 100 %, are cut to what
    is possible first; NaN stays. All else is as it was.
    """
    found = np.clip(indices, *possible())
    for chamber, (largest, smallest) in CHAMBERS.items():
        full, left = (found[..., _place(name)] for name in (largest, smallest))
        stroke = np.maximum(full - left, 0)
        found[..., _place(f"{chamber}_sv")] = stroke
        with np.errstate(divide="ignore", invalid="ignore"):
            found[..., _place(f"{chamber}_ef")] = np.where(full > 0, 100 * (stroke / full), np.nan)
    found[..., _place("lv_co")] = found[..., _place("lv_sv")] * heart_rate / 1000
    return found


def possible() -> tuple[np.ndarray, np.ndarray]:
    """The least and the largest value (82,) that each index can have: amounts are not negative, shares lie in
    0 to 100 %, strains may have either sign.
    """
    low = np.array([-np.inf if name.startswith(SIGNED) else 0.0 for name in INDEX_NAMES])
    high = np.array([100.0 if name.endswith("_ef") else np.inf for name in INDEX_NAMES])
    return low, high


def _place(name: str) -> int:
    return INDEX_NAMES.index(name)
