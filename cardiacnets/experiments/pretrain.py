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
from cardiacnets.experiments.inputs import ecg_batch
from cardiacnets.experiments.stage import Stage, fit_or_load, train
from cardiacnets.models.cmr_autoencoder import VIEWS, CmrAutoencoder
from cardiacnets.profile import Profile
from cardiacnets.run import Run, source
from cardiacnets.training import load_checkpoint, minibatches


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
    ingredients = {
        "cohort": open_clean(run, "ukb").folder,
        "model": run.profile.cmr_autoencoder,
        "training": run.profile.pretraining,
        "seed": run.profile.seed,
        "source": source("models", "training", "experiments/pretrain.py", "experiments/stage.py"),
    }

    def make(folder: Path) -> None:
        train(run, cmr_autoencoder_stage(run), folder, run.unfinished(ingredients))

    return fit_or_load(run, run.models / "cmr_autoencoder", ingredients, make)


def cmr_autoencoder_stage(run: Run) -> Stage:
    """Pairs of augmented cines, three quarters of each hidden, to be rebuilt and to be told apart."""
    clean, settings = open_clean(run, "ukb"), run.profile.pretraining
    model = build_seeded("cmr_autoencoder", run.profile)
    augmentation, training = CineAugmentation(), clean.rows("train")

    def batches(epoch: int, generator: torch.Generator):
        for index in minibatches(len(training), settings.batch, generator):
            yield [cine_batch(getattr(clean, view), training[index]) for view in VIEWS]

    def augment(pair: list[torch.Tensor], generator: torch.Generator) -> dict[str, object]:
        sax, lax = (augmentation(cine, generator) for cine in pair)
        return {"sax": sax, "lax": lax, "visible": model.draw_masks(sax, lax, generator)}

    return Stage(
        "cmr_autoencoder",
        model,
        lambda model, batch: model(**batch),
        batches,
        settings,
        seed=run.profile.seed,
        examples=len(training),
        augment=augment,
    )


def fit_ecg_autoencoder(run: Run) -> Path:
    """Train the ECG masked autoencoder on the training split of ``ukb``, or reuse it.

    Only needed where the profile's ``alignment.start`` is ``masked``; it sees no CMR.
    """
    ingredients = {
        "cohort": open_clean(run, "ukb").folder,
        "ecg_input": run.profile.ecg_input,
        "encoder": run.profile.ecg_encoder,
        "model": run.profile.ecg_autoencoder,
        "training": run.profile.ecg_pretraining,
        "seed": run.profile.seed,
        "source": source(
            "models",
            "training",
            "ecg/augmenting.py",
            "experiments/inputs.py",
            "experiments/pretrain.py",
            "experiments/stage.py",
        ),
    }

    def make(folder: Path) -> None:
        train(run, ecg_autoencoder_stage(run), folder, run.unfinished(ingredients))

    return fit_or_load(run, run.models / "ecg_autoencoder", ingredients, make)


def ecg_autoencoder_stage(run: Run) -> Stage:
    """Augmented ECGs, most patches of each hidden, to be rebuilt."""
    clean, settings = open_clean(run, "ukb"), run.profile.ecg_pretraining
    model = build_seeded("ecg_autoencoder", run.profile)
    augmentation, training = EcgAugmentation(), clean.rows("train")

    def batches(epoch: int, generator: torch.Generator):
        for index in minibatches(len(training), settings.batch, generator):
            yield ecg_batch(clean, training[index], run.profile.ecg_input)

    def augment(ecg: torch.Tensor, generator: torch.Generator) -> list[torch.Tensor]:
        return [augmentation(ecg, generator), model.draw_visible(len(ecg), generator)]

    return Stage(
        "ecg_autoencoder",
        model,
        lambda model, batch: model(*batch),
        batches,
        settings,
        seed=run.profile.seed,
        examples=len(training),
        augment=augment,
    )


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
