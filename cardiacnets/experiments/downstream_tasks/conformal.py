"""Split-conformal intervals of the 82 indices: from validation residuals, checked on the test split."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cardiacnets.experiments.downstream_tasks.predictions import shown_network
from cardiacnets.run import Run
from cardiacnets.statistics import Estimate
from cardiacnets.statistics.resampling import bootstrap_mean

COVERAGE = 0.9
"""The share of people whose index an interval is to hold."""


def conformal_half_widths(residuals: np.ndarray, coverage: float) -> np.ndarray:
    """Half-widths (k,) of split-conformal intervals from calibration residuals (n, k), NaN left out.

    The ceil((n + 1) coverage)-th smallest absolute residual (Vovk 2005; Lei 2018): on exchangeable data the
    interval covers the truth with at least the stated probability. Infinite where n is too small to promise
    that.
    """
    ordered = np.sort(np.abs(residuals), axis=0)  # NaN sorts last
    count = np.isfinite(residuals).sum(axis=0)
    place = np.ceil((count + 1) * coverage).astype(int) - 1
    return np.where(
        place < count,
        ordered[np.minimum(place, np.maximum(count - 1, 0)), np.arange(ordered.shape[1])],
        np.inf,
    )


def coverage_on_test(run: Run) -> Estimate:
    """Share of recorded indices of test participants inside their 90 % conformal intervals, with its
    bootstrap interval: of the network that chapter 08 asks, the first training.
    """
    residuals, splits = shown_residuals(run, "aligned")
    half_widths = conformal_half_widths(residuals[splits == "validation"], COVERAGE)
    inside = np.abs(residuals[splits == "test"]) <= half_widths
    return bootstrap_mean(inside.mean(axis=1), **run.profile.resampling)


def shown_residuals(run: Run, arm: str) -> tuple[np.ndarray, np.ndarray]:
    """Recorded minus predicted indices (n, 82) of an arm's first training, and the split (n,) of each."""
    folder = run.require(run.predictions / "ukb.indices")
    truth = np.load(folder / "truth.npy", allow_pickle=False)
    splits = pd.read_parquet(folder / "table.parquet")["split"].to_numpy()
    return truth - shown_network(run, "ukb.indices", arm), splits
