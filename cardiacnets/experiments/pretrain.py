"""Chapter 02: masked self-supervision of the CMR encoder, and its frozen features.

The autoencoder sees only cines of the training split. Afterwards every paired cohort is encoded once, several
augmented views of each cine, and later chapters reuse those features.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from cardiacnets import models
from cardiacnets.cmr.augmenting import CineAugmentation
from cardiacnets.cohorts.preprocessing import open_clean
from cardiacnets.ecg import EcgAugmentation
from cardiacnets.experiments.inputs import ecg_batch, trained_on
from cardiacnets.models.cmr_autoencoder import VIEWS, CmrAutoencoder
from cardiacnets.profile import Profile
from cardiacnets.run import Run, source
from cardiacnets.training import fit, load_checkpoint, minibatches, save_checkpoint


def cine_batch(array: np.ndarray, rows: np.ndarray) -> torch.Tensor:
    """Stored cines (R, T, H, W) uint8 at ``rows`` as float32 (B, T, H, W) in [0, 1]."""
    return torch.from_numpy(array[rows]).float().div_(255)


def build_seeded(kind: str, profile: Profile, **options: int) -> torch.nn.Module:
    """``models.build`` with initial weights that follow from the profile's seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(profile.seed)
        return models.build(kind, profile, **options)


def fit_cmr_autoencoder(run: Run) -> Path:
    """Train the two-tower masked autoencoder on the training split of ``ukb``, or reuse it."""
    clean = open_clean(run, "ukb")
    settings = run.profile.pretraining
    ingredients = {
        "cohort": clean.folder,
        "model": run.profile.cmr_autoencoder,
        "training": settings,
        "seed": run.profile.seed,
        "source": source("models", "training", "experiments/pretrain.py"),
    }

    def make(folder: Path) -> None:
        model = build_seeded("cmr_autoencoder", run.profile)
        augmentation, training = CineAugmentation(), clean.rows("train")

        def batches(epoch: int, generator: torch.Generator):
            for index in minibatches(len(training), settings.batch, generator):
                yield [cine_batch(getattr(clean, view), training[index]) for view in VIEWS]

        def augment(pair: list[torch.Tensor], generator: torch.Generator) -> dict[str, object]:
            sax, lax = (augmentation(cine, generator) for cine in pair)
            return {"sax": sax, "lax": lax, "visible": model.draw_masks(sax, lax, generator)}

        history = fit(
            model,
            lambda model, batch: model(**batch),
            batches,
            settings,
            augment=augment,
            seed=run.profile.seed,
            steps_per_epoch=len(training) // settings.batch,
            workspace=run.unfinished(ingredients),
        )
        save_checkpoint(model, folder, "cmr_autoencoder", run.profile, data=trained_on(run))
        history.table().to_parquet(folder / "history.parquet")

    return run.fit_or_load(run.models / "cmr_autoencoder", ingredients, make)


def fit_ecg_autoencoder(run: Run) -> Path:
    """Train the ECG masked autoencoder on the training split of ``ukb``, or reuse it.

    Only needed where the profile's ``alignment.start`` is ``masked``; it sees no CMR.
    """
    clean, settings = open_clean(run, "ukb"), run.profile.ecg_pretraining
    ingredients = {
        "cohort": clean.folder,
        "ecg_input": run.profile.ecg_input,
        "encoder": run.profile.ecg_encoder,
        "model": run.profile.ecg_autoencoder,
        "training": settings,
        "seed": run.profile.seed,
        "source": source(
            "models", "training", "ecg/augmenting.py", "experiments/inputs.py", "experiments/pretrain.py"
        ),
    }

    def make(folder: Path) -> None:
        model = build_seeded("ecg_autoencoder", run.profile)
        augmentation, training = EcgAugmentation(), clean.rows("train")

        def batches(epoch: int, generator: torch.Generator):
            for index in minibatches(len(training), settings.batch, generator):
                yield ecg_batch(clean, training[index], run.profile.ecg_input)

        def augment(ecg: torch.Tensor, generator: torch.Generator) -> list[torch.Tensor]:
            return [augmentation(ecg, generator), model.draw_visible(len(ecg), generator)]

        history = fit(
            model,
            lambda model, batch: model(*batch),
            batches,
            settings,
            augment=augment,
            seed=run.profile.seed,
            steps_per_epoch=len(training) // settings.batch,
            workspace=run.unfinished(ingredients),
        )
        save_checkpoint(model, folder, "ecg_autoencoder", run.profile, data=trained_on(run))
        history.table().to_parquet(folder / "history.parquet")

    return run.fit_or_load(run.models / "ecg_autoencoder", ingredients, make)


def load_cmr_autoencoder(run: Run) -> CmrAutoencoder:
    """The trained autoencoder in evaluation mode."""
    folder = run.require(run.models / "cmr_autoencoder", "02_cmr_self_supervision")
    return load_checkpoint(folder, "cmr_autoencoder", run.profile).eval()


def reconstructions(
    model: CmrAutoencoder, cine: torch.Tensor, view: str, seed: int
) -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """For each cine (B, T, H, W) of ``view``: itself, the same with hidden cells black, and rebuilt."""
    with torch.inference_mode():
        rebuilt, hidden = model.reconstruct(cine, view, torch.Generator().manual_seed(seed))
    return list(zip(cine, cine.masked_fill(hidden[:, None], 0), rebuilt, strict=True))
