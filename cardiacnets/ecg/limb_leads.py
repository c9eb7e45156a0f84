"""Six limb leads, two of which are independent: what follows from I and II, and what contradicts them.

III = II - I (Einthoven), aVR = -(I + II) / 2, aVL = I - II / 2, aVF = II - I / 2 (Goldberger). Exchanged
electrodes keep these relations; exchanged names, signs and gains break them.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np

from cardiacnets.contracts import LEADS

LIMB = LEADS[:6]
_FROM_I_AND_II = np.array([[1, 0], [0, 1], [-1, 1], [-0.5, -0.5], [1, -0.5], [-0.5, 1]])  # (6, 2)
DISAGREEMENT = 0.05
"""Share of the limb leads' effective amplitude that may disagree: rounding and filters stay far below it."""
SAME_GAIN = (0.8, 1.25)


def derive_limb_leads(channels: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Add III, aVR, aVL and aVF to named ``channels`` (T,) that hold I and II, where they are absent."""
    if "I" not in channels or "II" not in channels:
        return channels
    one, two = channels["I"], channels["II"]
    if one.shape != two.shape:
        raise ValueError(f"leads I and II differ in length ({one.size} and {two.size} samples)")
    derived = {"III": two - one, "aVR": -(one + two) / 2, "aVL": one - two / 2, "aVF": two - one / 2}
    return derived | channels


def limb_contradiction(signal: np.ndarray) -> str | None:
    """What is certainly wrong with the names, signs or gains of the limb leads in ``signal (12, T)``.

    Certain means: the six contradict one another, and do so no longer once two are exchanged, or once one is
    multiplied by a number. ``None`` where they agree, or where nothing so simple explains it (leads filtered
    apart, noise): :func:`~cardiacnets.ecg.quality.check_ecg` warns of that.
    """
    limb = np.asarray(signal[:6], dtype=np.float64)
    limb = limb - limb.mean(axis=1, keepdims=True)  # an offset of its own is the electrode's, no fault
    everything = list(range(6))
    before = _disagreement(limb, everything)
    bound = min(DISAGREEMENT, before / 5)
    if before <= DISAGREEMENT:
        return None
    for first, second in combinations(everything, 2):
        order = everything.copy()
        order[first], order[second] = second, first
        if _disagreement(limb[order], everything) < bound:
            return (
                f"leads {LIMB[first]} and {LIMB[second]} are exchanged: so named, the limb leads contradict"
            )
    for one in everything:
        others = [row for row in everything if row != one]
        if _disagreement(limb, others) < bound:
            expected = _FROM_I_AND_II[one] @ _fit(limb, others)
            ratio = float(limb[one] @ expected / max(expected @ expected, 1e-12))
            left = limb[one] - ratio * expected
            explained = np.sqrt(np.mean(left**2)) < bound * max(np.sqrt(np.mean(limb[one] ** 2)), 1e-12)
            if explained and not SAME_GAIN[0] <= ratio <= SAME_GAIN[1]:
                return f"lead {LIMB[one]} is {ratio:.3g} times what the other limb leads give"
    return None


def _fit(limb: np.ndarray, rows: list[int]) -> np.ndarray:
    """I and II (2, T) that agree best with the given rows."""
    return np.linalg.pinv(_FROM_I_AND_II[rows]) @ limb[rows]


def _disagreement(limb: np.ndarray, rows: list[int]) -> float:
    """What no I and II explain of the given rows, as a share of their effective amplitude."""
    left = limb[rows] - _FROM_I_AND_II[rows] @ _fit(limb, rows)
    return float(np.sqrt(np.mean(left**2) / max(np.mean(limb[rows] ** 2), 1e-18)))
