"""What the networks are fed: scaled ECGs and standardised covariates of chosen rows of a clean cohort."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from cardiacnets.artefacts import read_json
from cardiacnets.cohorts.preprocessing import CleanCohort
from cardiacnets.ecg import scale_millivolt, scale_min_max
from cardiacnets.profile import EcgInput
from cardiacnets.run import SIDECAR, Run


def scale_ecg(ecg: np.ndarray, settings: EcgInput) -> np.ndarray:
    """ECGs (..., 12, samples) in mV on the encoder's scale: fixed millivolts (corrected) or min-max (as
    published).
    """
    return (
        scale_millivolt(ecg, settings.full_scale_mv) if settings.scale == "millivolt" else scale_min_max(ecg)
    )


def ecg_batch(clean: CleanCohort, rows: np.ndarray, settings: EcgInput) -> torch.Tensor:
    """Encoder inputs (B, 12, samples) of ``rows``."""
    return torch.from_numpy(np.ascontiguousarray(scale_ecg(clean.ecg[rows], settings), dtype=np.float32))


def trained_on(run: Run) -> str:
    """What the models of ``run`` learn from, for their cards: told by how the cohort was made."""
    made = read_json(run.cohorts / "ukb" / SIDECAR)["ingredients"]
    if "preset" in made:
        return f"simulated hearts (preset {made['preset']}, no real participant)"
    return "records of real participants; the weights fall under the terms of their cohort"


@dataclass(frozen=True)
class Standardiser:
    """Covariates to zero mean and unit variance by the training rows; missing values become the mean."""

    names: tuple[str, ...]
    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def fit(cls, table: pd.DataFrame, names: tuple[str, ...]) -> Standardiser:
        """Means and deviations of ``names`` over the rows of ``table``."""
        values = table[list(names)].to_numpy(np.float64)
        return cls(names, np.nanmean(values, axis=0), np.maximum(np.nanstd(values, axis=0), 1e-6))

    def __call__(self, table: pd.DataFrame) -> np.ndarray:
        """Standardised covariates (rows, len(names)) float32."""
        values = (table[list(self.names)].to_numpy(np.float64) - self.mean) / self.deviation
        return np.nan_to_num(values).astype(np.float32)
