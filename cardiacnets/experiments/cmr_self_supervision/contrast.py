"""Chapter 02: the CMR encoder that starts from its linear twin and learns by contrast, which later chapters
read where the profile chooses it.

It sees only cines of the training split; the epoch with the lowest contrast among validation people is kept.
"""

from __future__ import annotations

import numpy as np
import torch

from cardiacnets.cmr.augmenting import CineAugmentation
from cardiacnets.cohorts.preprocessing import CleanCohort, open_clean
from cardiacnets.experiments.cmr_self_supervision.components import (
    cine_components,
    cine_scores,
    fit_cine_components,
)
from cardiacnets.experiments.shared.encoding import ENCODE_BATCH, build_seeded, cine_batch
from cardiacnets.experiments.shared.stage import Stage, trained
from cardiacnets.models.cine_contrast import CineContrast, standardised
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.models.contrast import info_nce_rows
from cardiacnets.models.linear_twin import CineComponents
from cardiacnets.profile import Profile
from cardiacnets.run import Run
from cardiacnets.training import beside, minibatches

LIGHT = CineAugmentation(rotation=10.0, crop=(0.95, 1.0), aspect=(0.97, 1.03))
"""Size and place of a heart are what the features are to tell: a view may hardly change them."""


@trained(
    "cine_contrast",
    needs=["clean/ukb", "linear_twin/components"],
    reads=["cmr_autoencoder", "cmr_encoder", "linear_twin", "contrasting"],
    prepare=fit_cine_components,
)
def cine_contrast_stage(run: Run) -> Stage:
    """Pairs of lightly augmented whole cines, each to find the other view of its heart in the batch."""
    clean, settings = open_clean(run, "ukb"), run.profile.contrasting
    training = clean.rows("train")
    model = start_of_contrast(run.profile, cine_components(run), cine_scores(run)[training])
    held_out = clean.rows("validation")

    def batches(epoch: int, generator: torch.Generator):
        for index in minibatches(len(training), settings.batch, generator):
            yield [cine_batch(getattr(clean, view), training[index]) for view in VIEWS]

    def validate(model: CineContrast) -> float:
        return float(contrast_of(model, clean, held_out).mean())

    return Stage(
        "cine_contrast",
        model,
        lambda model, pair: model(*pair),
        batches,
        settings,
        seed=run.profile.seed,
        examples=len(training),
        augment=lambda pair, generator: [LIGHT(cine, generator) for cine in pair],
        validate=validate,
        finish=lambda model: condense(model, clean, training, run.profile.seed),
    )


fit_cine_contrast, load_cine_contrast = cine_contrast_stage.fit, cine_contrast_stage.load


def start_of_contrast(profile: Profile, twin: CineComponents, scores: np.ndarray) -> CineContrast:
    """Both towers before their first step: random networks beside the linear twin, and its ``scores``
    (n, views, K) of the training people.
    """
    model = build_seeded("cine_contrast", profile)
    model.start_from(twin, scores)
    return model


def untrained_contrast(run: Run) -> CineContrast:
    """The same, its random networks condensed as the trained ones are, in evaluation mode."""
    clean = open_clean(run, "ukb")
    training = clean.rows("train")
    model = start_of_contrast(run.profile, cine_components(run), cine_scores(run)[training]).eval()
    condense(model, clean, training, run.profile.seed)
    return model


def condense(model: CineContrast, clean: CleanCohort, training: np.ndarray, seed: int) -> None:
    """Learn on the people in ``training`` rows which directions of the networks' maps are kept."""
    added = {view: _asked(model, "added", clean, view, training).numpy() for view in VIEWS}
    model.condense(added, seed)


def contrast_of(model: CineContrast, clean: CleanCohort, rows: np.ndarray) -> torch.Tensor:
    """Each person's own contrast (n,) among all ``rows``, whose guessing level is ln n."""
    projected = [_asked(model, "project", clean, view, rows) for view in VIEWS]
    return info_nce_rows(*map(standardised, projected), model.temperature)


def _asked(model: CineContrast, what: str, clean: CleanCohort, view: str, rows: np.ndarray) -> torch.Tensor:
    """What the tower of ``view`` makes (``added`` or ``project``) of the cines of ``rows``: (n, D)."""
    ask = getattr(model.towers[view], what)
    parts = np.array_split(rows, -(-len(rows) // ENCODE_BATCH))
    with torch.inference_mode():
        made = [ask(beside(model, cine_batch(getattr(clean, view), part))) for part in parts]
        return torch.cat(made).cpu()
