"""Networks as chapters use them: built from the run's seed, fed with cines, asked batch by batch."""

from __future__ import annotations

import numpy as np
import torch

from cardiacnets import models
from cardiacnets.profile import Profile

ENCODE_BATCH = 128


def cine_batch(array: np.ndarray, rows: np.ndarray) -> torch.Tensor:
    """Stored cines (R, T, H, W) uint8 at ``rows`` as float32 (B, T, H, W) in [0, 1]."""
    return torch.from_numpy(array[rows]).float().div_(255)


def grey_levels(cines: torch.Tensor) -> np.ndarray:
    """Cines (B, T, H, W) in [0, 1] as they are stored, uint8: the way back from :func:`cine_batch`."""
    return cines.mul(255).round_().byte().numpy()


def build_seeded(kind: str, profile: Profile, **options: int) -> torch.nn.Module:
    """``models.build`` with initial weights that follow from the profile's seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(profile.seed)
        return models.build(kind, profile, **options)


def in_batches(module: torch.nn.Module, features: tuple[torch.Tensor, torch.Tensor | None]) -> np.ndarray:
    """What ``module`` makes of (ecg, covariates or ``None``), without gradients: (n, ...)."""
    ecg, covariates = features
    parts = [
        ecg.split(ENCODE_BATCH),
        [None] * len(ecg) if covariates is None else covariates.split(ENCODE_BATCH),
    ]
    with torch.inference_mode():
        return torch.cat([module(*part) for part in zip(*parts, strict=False)]).numpy()
