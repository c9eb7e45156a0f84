"""One line of the target table: what was published, what the simulation shows, and whether they agree."""

from __future__ import annotations

import numpy as np


def target_row(
    quantity: str, sex: str, target: float, simulated: float, tolerance: float, source: str, n: int,
    target_sd: float = np.nan, simulated_sd: float = np.nan, preset: str = "enriched",
) -> dict[str, object]:  # fmt: skip
    """A line; a spread, where there is one, has to lie within 30 % of its target.

    ``preset`` says which population the ``n`` people come from.
    """
    passed = abs(simulated - target) <= tolerance
    if np.isfinite(target_sd):
        passed = passed and abs(simulated_sd / target_sd - 1) <= 0.30
    return {
        "quantity": quantity, "sex": sex, "target_mean": target, "target_sd": target_sd,
        "simulated_mean": simulated, "simulated_sd": simulated_sd, "tolerance": tolerance,
        "passed": bool(passed), "source": source, "n": n, "preset": preset,
    }  # fmt: skip


def spread_row(
    quantity: str, sex: str, values: np.ndarray, target: tuple[float, float], source: str
) -> dict[str, object]:
    """A line for a mean and a spread: the mean passes within a quarter of the published spread."""
    mean, spread = target
    return target_row(
        quantity, sex, mean, float(np.nanmean(values)), spread / 4, source, len(values), spread,
        float(np.nanstd(values)),
    )  # fmt: skip
