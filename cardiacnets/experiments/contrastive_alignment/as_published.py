"""Alignment as the released code does it: leads scaled to [-1, 1] each, records reversed in time and in sign,
features of the masked autoencoder averaged over the picture and not standardised, CMR heads that are never
trained.

Sizes, pairs and epochs are those of the run, so that what differs from ``aligned`` are these choices.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from cardiacnets.cohorts.preprocessing import CleanCohort, open_clean
from cardiacnets.ecg import EcgAugmentation
from cardiacnets.experiments.shared.encoding import ENCODE_BATCH, build_seeded, cine_batch
from cardiacnets.experiments.shared.inputs import ecg_batch
from cardiacnets.experiments.shared.stage import Stage, trained
from cardiacnets.models.alignment import Aligner
from cardiacnets.models.cmr_autoencoder import VIEWS, CmrAutoencoder
from cardiacnets.profile import Profile
from cardiacnets.run import Run
from cardiacnets.training import beside, from_pretrained, minibatches


def as_published(profile: Profile) -> Profile:
    """``profile`` with the released code's choices."""
    return replace(
        profile,
        ecg_input=replace(profile.ecg_input, scale="min_max"),
        alignment=replace(profile.alignment, cmr_heads="random", start="random"),
        aligning=replace(profile.aligning, augmentation="as_published"),
        cmr_autoencoder=replace(profile.cmr_autoencoder, feature_grid=1),
        cmr_encoder=replace(profile.cmr_encoder, kind="masked_swin"),
    )


@trained(
    "published",
    needs=["clean/ukb", "models/cmr_autoencoder"],
    reads=[
        "ecg_input", "ecg_encoder", "cmr_autoencoder", "cmr_encoder", "linear_twin", "alignment", "aligning",
    ],
    under=as_published,
)  # fmt: skip
def published_stage(run: Run) -> Stage:
    """ECGs varied as published beside the mean features of their own hearts."""
    clean, settings = open_clean(run, "ukb"), run.profile.aligning
    training, validation = clean.rows("train"), clean.rows("validation")
    encoder = from_pretrained(run.require(run.models / "cmr_autoencoder"))
    augmentation, features = EcgAugmentation.named(settings.augmentation), _mean_features(encoder, clean)

    def pair(rows: np.ndarray) -> list[torch.Tensor]:
        return [ecg_batch(clean, rows, run.profile.ecg_input), *(features[view][rows] for view in VIEWS)]

    def batches(epoch: int, generator: torch.Generator):
        for index in minibatches(len(training), settings.batch, generator):
            yield pair(training[index])

    def validate(model: Aligner) -> float:
        parts = np.array_split(validation, max(1, len(validation) // settings.batch))
        return float(torch.stack([model(*beside(model, pair(part)))["loss"] for part in parts]).mean())

    return Stage(
        "aligner",
        build_seeded("aligner", run.profile),
        lambda model, batch: model(*batch),
        batches,
        settings,
        seed=run.profile.seed,
        examples=len(training),
        augment=lambda pair, generator: [augmentation(pair[0], generator), *pair[1:]],
        validate=validate,
    )


fit_published, load_published = published_stage.fit, published_stage.load


def _mean_features(encoder: CmrAutoencoder, clean: CleanCohort) -> dict[str, torch.Tensor]:
    """Means over the picture (R, D) of each view, as the masked autoencoder of chapter 02 encodes it."""
    parts = np.array_split(np.arange(len(clean.index)), -(-len(clean.index) // ENCODE_BATCH))
    with torch.inference_mode():
        return {
            view: torch.cat([encoder.pooled(cine_batch(getattr(clean, view), rows), view) for rows in parts])
            for view in VIEWS
        }
