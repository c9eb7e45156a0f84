"""Alignment as the released code does it on the side of the ECG: leads scaled to [-1, 1] each, records
reversed in time and in sign, CMR features averaged over the picture, CMR heads that are never trained.

Sizes, pairs and epochs are those of the run, so that what differs from ``aligned`` are these choices.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from cardiacnets.cohorts.preprocessing import open_clean
from cardiacnets.ecg import EcgAugmentation
from cardiacnets.experiments.cmr_self_supervision.features import cmr_features
from cardiacnets.experiments.shared.encoding import build_seeded
from cardiacnets.experiments.shared.inputs import ecg_batch
from cardiacnets.experiments.shared.stage import Stage, fit_or_load, train
from cardiacnets.models.alignment import Aligner
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.profile import Profile
from cardiacnets.reach import code_of
from cardiacnets.run import Run
from cardiacnets.training import beside, load_checkpoint, minibatches


def as_published(profile: Profile) -> Profile:
    """``profile`` with the released code's choices."""
    return replace(
        profile,
        ecg_input=replace(profile.ecg_input, scale="min_max"),
        alignment=replace(profile.alignment, cmr_heads="random", start="random"),
        cmr_autoencoder=replace(profile.cmr_autoencoder, feature_grid=1),
    )


def fit_published(run: Run) -> Path:
    """Train the aligner as published on the training split of ``ukb``, or reuse it."""
    profile = as_published(run.profile)
    ingredients = {
        "cohort": open_clean(run, "ukb").folder,
        "features": run.require(run.root / "features" / "ukb"),
        "ecg_input": profile.ecg_input,
        "encoder": profile.ecg_encoder,
        "alignment": profile.alignment,
        "training": profile.aligning,
        "seed": profile.seed,
        "source": code_of(fit_published),
    }

    def make(folder: Path) -> None:
        train(replace(run, profile=profile), published_stage(run), folder, run.unfinished(ingredients))

    return fit_or_load(run, run.models / "published", ingredients, make)


def published_stage(run: Run) -> Stage:
    """ECGs varied as published beside the mean features of their own hearts."""
    profile, clean = as_published(run.profile), open_clean(run, "ukb")
    settings, training = profile.aligning, clean.rows("train")
    augmentation, cells = EcgAugmentation.as_published(), run.profile.cmr_autoencoder.feature_grid**2
    features = {view: cmr_features(run, "ukb", view) for view in VIEWS}

    def pair(rows, number: int) -> list[torch.Tensor]:
        means = [features[view][number, rows].reshape(len(rows), cells, -1).mean(axis=1) for view in VIEWS]
        return [ecg_batch(clean, rows, profile.ecg_input), *map(torch.from_numpy, means)]

    def batches(epoch: int, generator: torch.Generator):
        for index in minibatches(len(training), settings.batch, generator):
            yield pair(training[index], epoch % profile.alignment.views)

    def validate(model: Aligner) -> float:
        parts = clean.rows("validation")
        parts = [parts[start : start + settings.batch] for start in range(0, len(parts), settings.batch)]
        whole = [part for part in parts if len(part) == settings.batch] or parts
        return float(torch.stack([model(*beside(model, pair(part, 0)))["loss"] for part in whole]).mean())

    return Stage(
        "aligner",
        build_seeded("aligner", profile),
        lambda model, batch: model(*batch),
        batches,
        settings,
        seed=profile.seed,
        examples=len(training),
        augment=lambda pair, generator: [augmentation(pair[0], generator), *pair[1:]],
        validate=validate,
    )


def load_published(run: Run) -> Aligner:
    """The aligner as published, in evaluation mode."""
    folder = run.require(run.models / "published")
    return load_checkpoint(folder, "aligner", as_published(run.profile)).eval()
