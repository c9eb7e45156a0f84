"""Frozen CMR features: each cine of a cohort encoded once, in several augmented views, for later chapters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from cardiacnets.cohorts.preprocessing import open_clean
from cardiacnets.cohorts.store import memory_map
from cardiacnets.experiments.cmr_self_supervision.encoder import (
    cmr_encoder_folder,
    load_cmr_encoder,
    way_of,
)
from cardiacnets.experiments.shared.encoding import ENCODE_BATCH, cine_batch
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.reach import code_of
from cardiacnets.run import Run


def cache_cmr_features(run: Run, cohort: str) -> Path:
    """Encode each cine of ``cohort`` once: ``<view>.npy`` float32 (views, R, D), view 0 as it is, the rest
    augmented.

    Features are standardised by the training rows: what all hearts share is ten times larger than what tells
    them apart, and a contrast of directions would first have to unlearn it.
    """
    clean = open_clean(run, cohort)
    encoder_folder = cmr_encoder_folder(run)
    views = run.profile.alignment.views
    ingredients = {
        "cohort": clean.folder,
        "encoder": encoder_folder,
        "views": views,
        "seed": run.profile.seed,
        "source": code_of(cache_cmr_features),
    }

    def make(folder: Path) -> None:
        encoder, augmentation = load_cmr_encoder(run), way_of(run.profile).augmentation
        generator = torch.Generator().manual_seed(run.profile.seed)
        parts = np.array_split(np.arange(len(clean.index)), -(-len(clean.index) // ENCODE_BATCH))
        for view in VIEWS:
            features = []
            for number in range(views):
                cines = (cine_batch(getattr(clean, view), rows) for rows in parts)
                drawn = (augmentation(cine, generator) if number else cine for cine in cines)
                with torch.inference_mode():
                    features.append(torch.cat([encoder.encode(cine, view) for cine in drawn]).numpy())
            stacked = np.stack(features)  # (views, R, D)
            training = stacked[0, clean.rows("train")]
            np.save(
                folder / f"{view}.npy", (stacked - training.mean(axis=0)) / training.std(axis=0).clip(1e-6)
            )

    return run.fit_or_load(run.root / "features" / cohort, ingredients, make)


def cmr_features(run: Run, cohort: str, view: str) -> np.ndarray:
    """Frozen CMR features (views, R, D) of ``cohort``, memory-mapped."""
    folder = run.require(run.root / "features" / cohort)
    return memory_map(folder / f"{view}.npy")
