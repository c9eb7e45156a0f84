"""Chapter 03: contrastive alignment of an ECG encoder to frozen CMR features.

The arms share everything but their pairs: ``aligned`` sees each ECG with its own CMR, ``permuted`` with a
stranger's (the negative control: whatever it reaches does not come from CMR).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from cardiacnets.cohorts.preprocessing import CleanCohort, open_clean
from cardiacnets.digital_heart.controls import permuted_pairs
from cardiacnets.ecg import EcgAugmentation
from cardiacnets.experiments.cmr_self_supervision.features import cache_cmr_features, cmr_features
from cardiacnets.experiments.contrastive_alignment.ecg_pretraining import fit_ecg_autoencoder
from cardiacnets.experiments.shared.encoding import ENCODE_BATCH, build_seeded
from cardiacnets.experiments.shared.inputs import ecg_batch
from cardiacnets.experiments.shared.stage import Stage, fit_or_load, train
from cardiacnets.experiments.shared.trainings import named, seeded, trainings_of
from cardiacnets.models.alignment import Aligner
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.reach import code_of
from cardiacnets.run import Run
from cardiacnets.training import beside, load_checkpoint, minibatches, this_process

ARMS = ("aligned", "permuted")


def prepare(run: Run) -> None:
    """What both arms share, made once before they are trained side by side: CMR features, and the ECG
    encoder's start where the profile asks for one.
    """
    with this_process().main_process_first():  # one encodes, the others find it done
        cache_cmr_features(run, "ukb")
    if run.profile.alignment.start == "masked":
        fit_ecg_autoencoder(run)


def all_jobs(run: Run) -> list[tuple]:
    """Arguments of :func:`fit_aligner` for both arms and every training."""
    return [(run, arm, training) for training in trainings_of(run) for arm in ARMS]


def fit_aligner(run: Run, arm: str = "aligned", training: int = 1) -> Path:
    """Train one arm on the training split of ``ukb``, or reuse it; the lowest validation loss is kept.

    Each ``training`` has its own initial weights, batches and, for ``permuted``, strangers.
    """
    if arm not in ARMS:
        raise ValueError(f"unknown alignment arm {arm!r}: choose one of {', '.join(ARMS)}")
    start = run.models / "ecg_autoencoder" if run.profile.alignment.start == "masked" else None
    if start and not start.is_dir():
        raise ValueError(f"{start} is missing: call align.prepare(run) first, as chapter 03 does")
    ingredients = {
        "cohort": open_clean(run, "ukb").folder,
        "features": run.require(run.root / "features" / "ukb"),
        "arm": arm,
        "start": start or "random weights",
        "ecg_input": run.profile.ecg_input,
        "encoder": run.profile.ecg_encoder,
        "alignment": run.profile.alignment,
        "training": run.profile.aligning,
        "seed": seeded(run.profile, training).seed,
        "source": code_of(fit_aligner),
    }

    def make(folder: Path) -> None:
        stage = aligner_stage(run, arm, training)
        if start:
            weights = load_checkpoint(start, "ecg_autoencoder", run.profile).encoder.state_dict()
            stage.model.encoder.load_state_dict(weights)
        train(run, stage, folder, run.unfinished(ingredients))

    return fit_or_load(run, run.models / named(arm, training), ingredients, make)


def aligner_stage(run: Run, arm: str = "aligned", training: int = 1) -> Stage:
    """Augmented ECGs beside the frozen features of their own hearts, or of a stranger's (``permuted``)."""
    profile = seeded(run.profile, training)
    clean, settings, seed = open_clean(run, "ukb"), profile.aligning, profile.seed
    features = {view: cmr_features(run, "ukb", view) for view in VIEWS}
    partner = partners(clean, permuted=arm == "permuted", seed=seed)
    augmentation, rows_of_training = EcgAugmentation(), clean.rows("train")

    def pair(rows: np.ndarray, number: int) -> list[torch.Tensor]:
        cmr = [torch.from_numpy(features[view][number, partner[rows]]) for view in VIEWS]
        return [ecg_batch(clean, rows, run.profile.ecg_input), *cmr]

    def batches(epoch: int, generator: torch.Generator):
        number = epoch % run.profile.alignment.views
        for index in minibatches(len(rows_of_training), settings.batch, generator):
            yield pair(rows_of_training[index], number)

    def validate(model: Aligner) -> float:
        rows = clean.rows("validation")
        parts = np.array_split(rows, max(1, len(rows) // settings.batch))
        return float(torch.stack([model(*beside(model, pair(part, 0)))["loss"] for part in parts]).mean())

    return Stage(
        "aligner",
        build_seeded("aligner", profile),
        lambda model, batch: model(*batch),
        batches,
        settings,
        seed=seed,
        examples=len(rows_of_training),
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


def load_aligner(run: Run, arm: str = "aligned", training: int = 1) -> Aligner:
    """The trained aligner of ``arm`` in evaluation mode."""
    folder = run.require(run.models / named(arm, training))
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
