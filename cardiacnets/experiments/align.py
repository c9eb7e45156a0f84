"""Chapter 03: contrastive alignment of an ECG encoder to frozen CMR features.

The arms share everything but their pairs: ``aligned`` sees each ECG with its own CMR, ``permuted`` with a
stranger's (the negative control: whatever it reaches does not come from CMR).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from cardiacnets.cmr.augmenting import CineAugmentation
from cardiacnets.cohorts.preprocessing import CleanCohort, open_clean
from cardiacnets.cohorts.store import memory_map
from cardiacnets.digital_heart.controls import permuted_pairs
from cardiacnets.ecg import EcgAugmentation
from cardiacnets.experiments.inputs import ecg_batch
from cardiacnets.experiments.pretrain import (
    build_seeded,
    cine_batch,
    fit_ecg_autoencoder,
    load_cmr_autoencoder,
)
from cardiacnets.experiments.stage import Stage, fit_or_load, train
from cardiacnets.models.alignment import Aligner
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.run import Run, source
from cardiacnets.training import beside, load_checkpoint, minibatches, this_process

ARMS = ("aligned", "permuted")
ENCODE_BATCH = 128


def cache_cmr_features(run: Run, cohort: str) -> Path:
    """Encode each cine of ``cohort`` once: ``<view>.npy`` float32 (views, R, D), view 0 as it is, the rest
    augmented.

    Features are standardised by the training rows: what all hearts share is ten times larger than what tells
    them apart, and a contrast of directions would first have to unlearn it.
    """
    clean = open_clean(run, cohort)
    encoder_folder = run.require(run.models / "cmr_autoencoder", "02_cmr_self_supervision")
    views = run.profile.alignment.views
    ingredients = {
        "cohort": clean.folder,
        "encoder": encoder_folder,
        "views": views,
        "seed": run.profile.seed,
        "source": source("experiments/align.py", "cmr/augmenting.py"),
    }

    def make(folder: Path) -> None:
        encoder, augmentation = load_cmr_autoencoder(run), CineAugmentation()
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


def prepare(run: Run) -> None:
    """What both arms share, made once before they are trained side by side: CMR features, and the ECG
    encoder's start where the profile asks for one.
    """
    with this_process().main_process_first():  # one encodes, the others find it done
        cache_cmr_features(run, "ukb")
    if run.profile.alignment.start == "masked":
        fit_ecg_autoencoder(run)


def cmr_features(run: Run, cohort: str, view: str) -> np.ndarray:
    """Frozen CMR features (views, R, D) of ``cohort``, memory-mapped."""
    folder = run.require(run.root / "features" / cohort, "03_contrastive_alignment")
    return memory_map(folder / f"{view}.npy")


def fit_aligner(run: Run, arm: str = "aligned") -> Path:
    """Train one arm on the training split of ``ukb``, or reuse it; the lowest validation loss is kept."""
    if arm not in ARMS:
        raise ValueError(f"unknown alignment arm {arm!r}: choose one of {', '.join(ARMS)}")
    start = run.models / "ecg_autoencoder" if run.profile.alignment.start == "masked" else None
    if start and not start.is_dir():
        raise ValueError(f"{start} is missing: call align.prepare(run) first, as chapter 03 does")
    ingredients = {
        "cohort": open_clean(run, "ukb").folder,
        "features": run.require(run.root / "features" / "ukb", "03_contrastive_alignment"),
        "arm": arm,
        "start": start or "random weights",
        "ecg_input": run.profile.ecg_input,
        "encoder": run.profile.ecg_encoder,
        "alignment": run.profile.alignment,
        "training": run.profile.aligning,
        "seed": run.profile.seed,
        "source": source(
            "models",
            "training",
            "digital_heart/controls.py",
            "ecg/augmenting.py",
            "experiments/align.py",
            "experiments/inputs.py",
            "experiments/stage.py",
        ),
    }

    def make(folder: Path) -> None:
        stage = aligner_stage(run, arm)
        if start:
            weights = load_checkpoint(start, "ecg_autoencoder", run.profile).encoder.state_dict()
            stage.model.encoder.load_state_dict(weights)
        train(run, stage, folder, run.unfinished(ingredients))

    return fit_or_load(run, run.models / arm, ingredients, make)


def aligner_stage(run: Run, arm: str = "aligned") -> Stage:
    """Augmented ECGs beside the frozen features of their own hearts, or of a stranger's (``permuted``)."""
    clean, settings, seed = open_clean(run, "ukb"), run.profile.aligning, run.profile.seed
    features = {view: cmr_features(run, "ukb", view) for view in VIEWS}
    partner = partners(clean, permuted=arm == "permuted", seed=seed)
    augmentation, training = EcgAugmentation(), clean.rows("train")

    def pair(rows: np.ndarray, number: int) -> list[torch.Tensor]:
        cmr = [torch.from_numpy(features[view][number, partner[rows]]) for view in VIEWS]
        return [ecg_batch(clean, rows, run.profile.ecg_input), *cmr]

    def batches(epoch: int, generator: torch.Generator):
        number = epoch % run.profile.alignment.views
        for index in minibatches(len(training), settings.batch, generator):
            yield pair(training[index], number)

    def validate(model: Aligner) -> float:
        rows = clean.rows("validation")
        parts = np.array_split(rows, max(1, len(rows) // settings.batch))
        return float(torch.stack([model(*beside(model, pair(part, 0)))["loss"] for part in parts]).mean())

    return Stage(
        "aligner",
        build_seeded("aligner", run.profile),
        lambda model, batch: model(*batch),
        batches,
        settings,
        seed=seed,
        examples=len(training),
        augment=lambda pair, generator: [augmentation(pair[0], generator), *pair[1:]],
        validate=validate,
    )


def partners(clean: CleanCohort, permuted: bool, seed: int) -> np.ndarray:
    """For each row the row of its CMR partner: itself, or a stranger of the same split."""
    partner = np.arange(len(clean.index))
    if permuted:
        for number, split in enumerate(("train", "validation", "test")):
            rows = clean.rows(split)
            partner[rows] = rows[permuted_pairs(len(rows), [seed, 303, number])]
    return partner


def load_aligner(run: Run, arm: str = "aligned") -> Aligner:
    """The trained aligner of ``arm`` in evaluation mode."""
    folder = run.require(run.models / arm, "03_contrastive_alignment")
    return load_checkpoint(folder, "aligner", run.profile).eval()


def embeddings(run: Run, cohort: str, rows: np.ndarray, arm: str = "aligned") -> dict[str, np.ndarray]:
    """Unit-length projections (n, P) of ECG, SAX and LAX of ``rows``, for retrieval and maps."""
    model = load_aligner(run, arm)
    with torch.inference_mode():
        cmr = {
            view: model.embed_cmr(torch.from_numpy(cmr_features(run, cohort, view)[0, rows]), view).numpy()
            for view in VIEWS
        }
    return {"ecg": ecg_embeddings(run, cohort, rows, arm), **cmr}


def ecg_embeddings(run: Run, cohort: str, rows: np.ndarray, arm: str = "aligned") -> np.ndarray:
    """Unit-length projections (n, P) of the ECGs of ``rows``, of a cohort with or without CMR."""
    clean, model = open_clean(run, cohort), load_aligner(run, arm)
    with torch.inference_mode():
        parts = np.array_split(rows, -(-len(rows) // ENCODE_BATCH))
        ecg = torch.cat([model.embed_ecg(ecg_batch(clean, part, run.profile.ecg_input)) for part in parts])
    return ecg.numpy()


def history(run: Run, model: str) -> pd.DataFrame:
    """Losses by epoch of a trained model's folder."""
    return pd.read_parquet(run.models / model / "history.parquet")
