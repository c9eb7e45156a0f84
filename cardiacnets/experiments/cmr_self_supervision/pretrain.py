"""Chapter 02: masked self-supervision of the CMR encoder, and its frozen features.

The autoencoder sees only cines of the training split. Afterwards every paired cohort is encoded once, several
augmented views of each cine, and later chapters reuse those features.
"""

from __future__ import annotations

import torch

from cardiacnets.cmr.augmenting import CineAugmentation
from cardiacnets.cohorts.preprocessing import open_clean
from cardiacnets.experiments.shared.encoding import build_seeded, cine_batch
from cardiacnets.experiments.shared.stage import Stage, trained
from cardiacnets.models.cmr_autoencoder import VIEWS, CmrAutoencoder
from cardiacnets.run import Run
from cardiacnets.training import minibatches


@trained("cmr_autoencoder", needs=["clean/ukb"], reads=["cmr_autoencoder", "pretraining"])
def cmr_autoencoder_stage(run: Run) -> Stage:
    """Pairs of augmented cines, three quarters of each hidden, to be rebuilt and to be told apart."""
    clean, settings = open_clean(run, "ukb"), run.profile.pretraining
    model = build_seeded("cmr_autoencoder", run.profile)
    augmentation, training = CineAugmentation.named(settings.augmentation), clean.rows("train")

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


fit_cmr_autoencoder, load_cmr_autoencoder = cmr_autoencoder_stage.fit, cmr_autoencoder_stage.load


def reconstructions(
    model: CmrAutoencoder, cine: torch.Tensor, view: str, seed: int
) -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """For each cine (B, T, H, W) of ``view``: itself, the same with hidden cells black, and rebuilt."""
    with torch.inference_mode():
        rebuilt, hidden = model.reconstruct(cine, view, torch.Generator().manual_seed(seed))
    return list(zip(cine, cine.masked_fill(hidden[:, None], 0), rebuilt, strict=True))
