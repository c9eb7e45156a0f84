"""True features of the noise-free beat: what a perfect ECG machine would print, for the oracle and the
targets.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from cardiacnets.contracts import LEADS
from cardiacnets.digital_heart.anatomy import Anatomy
from cardiacnets.digital_heart.electrics import BEAT_TIMES, beat_potentials
from cardiacnets.digital_heart.torso import leads

P_WINDOW, QRS_WINDOW, T_WINDOW = (-350.0, -20.0), (-12.0, 180.0), (200.0, 520.0)
"""Where each wave is looked for, ms from the start of activation."""


def window(bounds: tuple[float, float]) -> np.ndarray:
    """Which beat samples lie in ``bounds``."""
    return (BEAT_TIMES >= bounds[0]) & (BEAT_TIMES <= bounds[1])


def extent(activity: np.ndarray, bounds: tuple[float, float], share: float) -> np.ndarray:
    """Time, ms ``(n,)``, from the first to the last sample in ``bounds`` above ``share`` of the greatest."""
    inside = activity[:, window(bounds)]
    above = inside > share * np.maximum(inside.max(axis=1, keepdims=True), 1e-9)
    first = above.argmax(axis=1)
    last = above.shape[1] - 1 - above[:, ::-1].argmax(axis=1)
    return 2.0 * (last - first)


def beat_features(anatomy: Anatomy, beat: np.ndarray | None = None) -> pd.DataFrame:
    """One row a heart; durations in ms, voltages in mV, the frontal axis in degrees. ``beat``: the noise-free
    leads ``(n, 12, S)`` where they are at hand.

    ``qrs_ms``, ``p_ms``, ``axis_deg`` (atan2 of the net areas of aVF and I), ``v1_r_s_ratio``,
    ``limb_voltage_mv`` (greatest peak-to-peak QRS of the limb leads), ``heart_rate``, ``q_wave`` (a Q of 30
    ms, 20 in V1 to V3, and 0.1 mV in two leads of a region), ``t_inversion_mv`` (deepest T of I, II, V3 to
    V6), ``t_area`` and each lead's R, S, T.
    """
    beat = leads(beat_potentials(anatomy)) if beat is None else beat  # (n, 12, S)
    velocity = np.sqrt((np.gradient(beat, axis=2) ** 2).sum(axis=1))
    qrs = beat[:, :, window(QRS_WINDOW)]
    area = qrs.sum(axis=2)
    table = pd.DataFrame({
        "qrs_ms": extent(velocity, QRS_WINDOW, 0.09),
        "p_ms": extent(np.sqrt((beat**2).sum(axis=1)), P_WINDOW, 0.12),
        "axis_deg": np.rad2deg(np.arctan2(area[:, LEADS.index("aVF")] * 2 / np.sqrt(3), area[:, 0])),
        "heart_rate": anatomy.latents["heart_rate"],
        "pr_ms": anatomy.latents["pr"],
    })  # fmt: skip
    up, down = np.maximum(qrs.max(axis=2), 0), np.maximum(-qrs.min(axis=2), 0)  # (n, 12)
    wave = beat[:, :, window(T_WINDOW)]
    t_wave = np.take_along_axis(wave, np.abs(wave).argmax(axis=2)[:, :, None], axis=2)[:, :, 0]
    first = LEADS.index("V1")
    table["v1_r_s_ratio"] = up[:, first] / np.maximum(down[:, first], 0.02)
    table["limb_voltage_mv"] = (up + down)[:, :6].max(axis=1)
    table["q_wave"] = pathological_q(qrs)
    table["t_inversion_mv"] = t_wave[:, [0, 1, 8, 9, 10, 11]].min(axis=1)
    for k, lead in enumerate(LEADS):
        table[f"r_{lead}"], table[f"s_{lead}"], table[f"t_{lead}"] = up[:, k], down[:, k], t_wave[:, k]
    return table


def pathological_q(qrs: np.ndarray) -> np.ndarray:
    """Whether two leads of a region start with a Q of 0.1 mV lasting 30 ms (V1 to V3: 20), bool ``(n,)``."""
    qrs = qrs - qrs[:, :, :1]  # against the end of the PR segment
    upward = np.cumsum(qrs > 0.08, axis=2) > 0  # an r below 80 microvolts does not count as one
    initial = ~upward & (qrs < -0.02)
    lasting = initial.sum(axis=2) * 2.0
    depth = np.maximum(-np.where(initial, qrs, 0).min(axis=2), 0)
    enough = np.where(np.isin(LEADS, ("V1", "V2", "V3")), 20.0, 30.0)  # ms
    broad = (lasting >= enough) & (depth >= 0.1)
    regions = ([LEADS.index(name) for name in names] for names in (("II", "III", "aVF"), ("I", "aVL", "V5",
        "V6"),
                                                                    ("V1", "V2", "V3", "V4")))  # fmt: skip
    return np.any([broad[:, region].sum(axis=1) >= 2 for region in regions], axis=0)
