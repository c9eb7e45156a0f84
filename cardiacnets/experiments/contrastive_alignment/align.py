"""Chapter 03: contrastive alignment of an ECG encoder to frozen CMR features.

The arms share everything but their pairs: ``aligned`` sees each ECG with its own CMR, ``permuted`` with a
stranger's (the negative control: whatever it reaches does not come from CMR).
"""

from __future__ import annotations

import numpy as np
import torch

from cardiacnets.cohorts.preprocessing import CleanCohort, open_clean
from cardiacnets.digital_heart.controls import permuted_pairs
from cardiacnets.ecg import EcgAugmentation
from cardiacnets.experiments.cmr_self_supervision.features import cache_cmr_features, cmr_features
from cardiacnets.experiments.contrastive_alignment.ecg_pretraining import (
    fit_ecg_autoencoder,
    load_ecg_autoencoder,
)
from cardiacnets.experiments.shared.encoding import ENCODE_BATCH, build_seeded
from cardiacnets.experiments.shared.inputs import ecg_batch
from cardiacnets.experiments.shared.stage import Stage, trained
from cardiacnets.experiments.shared.trainings import named, seeded, trainings_of
from cardiacnets.models.alignment import Aligner
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.profile import Profile
from cardiacnets.run import Run
from cardiacnets.study import ALIGNMENTS
from cardiacnets.training import beside, minibatches, this_process

ARMS = tuple(ALIGNMENTS)


def prepare(run: Run) -> None:
    """What both arms share, made once before they are trained side by side: CMR features, and the ECG
    encoder's start where the profile asks for one.
    """
    with this_process().main_process_first():  # one encodes, the others find it done
        cache_cmr_features(run, "ukb")
    if run.profile.alignment.start == "masked":
        fit_ecg_autoencoder(run)


def all_jobs(run: Run) -> list[tuple]:
    """Arguments of :func:`fit_aligner` for every arm and training."""
    return [(run, arm, training) for training in trainings_of(run.profile) for arm in ARMS]


def _needs(profile: Profile, arm: str, training: int) -> list[str]:
    """The pairs, and what the encoder starts from; ``ValueError`` for an arm that there is not."""
    if arm not in ALIGNMENTS:
        raise ValueError(f"unknown alignment arm {arm!r}: choose one of {', '.join(ALIGNMENTS)}")
    start = [] if profile.alignment.start == "random" else ["models/ecg_autoencoder"]
    return ["clean/ukb", "features/ukb", *start]


@trained(
    lambda arm, training: named(arm, training),
    needs=_needs,
    reads=[
        "ecg_input", "ecg_encoder", "cmr_autoencoder", "cmr_encoder", "linear_twin", "alignment", "aligning",
    ],
    rows=lambda arm, training: ALIGNMENTS[arm].strangers,
    each=[(arm,) for arm in ALIGNMENTS],
    prepare=prepare,
)  # fmt: skip
def aligner_stage(run: Run, arm: str = "aligned", training: int = 1) -> Stage:
    """Augmented ECGs beside the frozen features of their own hearts, or of strangers', as ``arm`` says; the
    lowest validation loss is kept.

    Each ``training`` has its own initial weights, batches and strangers.
    """
    profile = seeded(run.profile, training)
    clean, settings, seed = open_clean(run, "ukb"), profile.aligning, profile.seed
    features = {view: cmr_features(run, "ukb", view) for view in VIEWS}
    partner = partners(clean, permuted=ALIGNMENTS[arm].strangers, seed=seed)
    augmentation, rows_of_training = EcgAugmentation.named(settings.augmentation), clean.rows("train")
    model = build_seeded("aligner", profile)
    if profile.alignment.start == "masked":
        model.encoder.load_state_dict(load_ecg_autoencoder(run).encoder.state_dict())

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
        model,
        lambda model, batch: model(*batch),
        batches,
        settings,
        seed=seed,
        examples=len(rows_of_training),
        augment=lambda pair, generator: [augmentation(pair[0], generator), *pair[1:]],
        validate=validate,
    )


fit_aligner, load_aligner = aligner_stage.fit, aligner_stage.load


def partners(clean: CleanCohort, permuted: bool, seed: int) -> np.ndarray:
    """For each row the row of its CMR partner: itself, or a stranger of the same split."""
    partner = np.arange(len(clean.index))
    if permuted:
        for number, split in enumerate(("train", "validation", "test")):
            rows = clean.rows(split)
            partner[rows] = rows[permuted_pairs(len(rows), [seed, 303, number])]
    return partner


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
