"""Masked self-supervision of the ECG encoder: an arm of chapter 05, and where alignment can start
(``alignment.start: masked``).
"""

from __future__ import annotations

import torch

from cardiacnets.cohorts.preprocessing import open_clean
from cardiacnets.ecg import EcgAugmentation
from cardiacnets.experiments.shared.encoding import build_seeded
from cardiacnets.experiments.shared.inputs import ecg_batch
from cardiacnets.experiments.shared.stage import Stage, trained
from cardiacnets.run import Run
from cardiacnets.training import minibatches


@trained(
    "ecg_autoencoder",
    needs=["clean/ukb"],
    reads=["ecg_input", "ecg_encoder", "ecg_autoencoder", "ecg_pretraining"],
)
def ecg_autoencoder_stage(run: Run) -> Stage:
    """Augmented ECGs, most patches of each hidden, to be rebuilt. No CMR is seen: what the features are worth
    is owed to ECGs alone.
    """
    clean, settings = open_clean(run, "ukb"), run.profile.ecg_pretraining
    model = build_seeded("ecg_autoencoder", run.profile)
    augmentation, training = EcgAugmentation.named(settings.augmentation), clean.rows("train")

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


fit_ecg_autoencoder, load_ecg_autoencoder = ecg_autoencoder_stage.fit, ecg_autoencoder_stage.load
