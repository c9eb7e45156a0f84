"""Split-conformal intervals of the 82 indices: from validation residuals, checked on the test split."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cardiacnets.experiments.downstream_tasks.predictions import shown_network
from cardiacnets.run import Run
from cardiacnets.statistics import Estimate
from cardiacnets.statistics.resampling import bootstrap_mean


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


def calibration_residuals(run: Run, arm: str = "aligned") -> np.ndarray:
    """Recorded minus predicted indices (n, 82) on the validation split, from chapter 05: of the network that
    chapter 08 asks, the first training.
    """
    truth, predicted = _shown(run, arm, "validation")
    return truth - predicted


def coverage_on_test(run: Run, arm: str = "aligned", coverage: float = 0.9) -> Estimate:
    """Share of recorded indices of test participants inside their conformal intervals, with its bootstrap
    interval.
    """
    truth, predicted = _shown(run, arm, "test")
    inside = np.abs(truth - predicted) <= conformal_half_widths(calibration_residuals(run, arm), coverage)
    return bootstrap_mean(inside.mean(axis=1), **run.profile.resampling)


def _shown(run: Run, arm: str, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Recorded and predicted indices (n, 82) of a split."""
    folder = run.require(run.predictions / "ukb.indices")
    chosen = pd.read_parquet(folder / "table.parquet")["split"].to_numpy() == split
    truth = np.load(folder / "truth.npy", allow_pickle=False)
    return truth[chosen], shown_network(run, "ukb.indices", arm)[chosen]
