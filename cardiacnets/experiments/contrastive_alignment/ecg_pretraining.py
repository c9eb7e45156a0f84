"""Masked self-supervision of the ECG encoder: an arm of chapter 05, and where alignment can start
(``alignment.start: masked``).
"""

from __future__ import annotations

from pathlib import Path

import torch

from cardiacnets.cohorts.preprocessing import open_clean
from cardiacnets.ecg import EcgAugmentation
from cardiacnets.experiments.shared.encoding import build_seeded
from cardiacnets.experiments.shared.inputs import ecg_batch
from cardiacnets.experiments.shared.stage import Stage, fit_or_load, train
from cardiacnets.reach import code_of
from cardiacnets.run import Run
from cardiacnets.training import minibatches


def fit_ecg_autoencoder(run: Run) -> Path:
    """Train the ECG masked autoencoder on the training split of ``ukb``, or reuse it.

    It sees no CMR: what its features are worth is owed to ECGs alone.
    """
    ingredients = {
        "cohort": open_clean(run, "ukb").folder,
        "ecg_input": run.profile.ecg_input,
        "encoder": run.profile.ecg_encoder,
        "model": run.profile.ecg_autoencoder,
        "training": run.profile.ecg_pretraining,
        "seed": run.profile.seed,
        "source": code_of(fit_ecg_autoencoder),
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
