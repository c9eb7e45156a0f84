"""What linear arms read: each part of an arm's row as features of chosen rows of a clean cohort."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import torch

from cardiacnets.cohorts.preprocessing import CleanCohort
from cardiacnets.experiments.cmr_self_supervision.components import cine_scores
from cardiacnets.experiments.cmr_self_supervision.features import cmr_features
from cardiacnets.experiments.contrastive_alignment.as_published import as_published, load_published
from cardiacnets.experiments.contrastive_alignment.closed_form import HeartFromBeat, open_closed_form
from cardiacnets.experiments.downstream_tasks.downstream import start_encoder
from cardiacnets.experiments.shared.classical import ClassicalFeatures
from cardiacnets.experiments.shared.encoding import build_seeded, in_batches
from cardiacnets.experiments.shared.inputs import Standardiser, ecg_batch
from cardiacnets.experiments.shared.trainings import seeded, trainings_of
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.run import Run
from cardiacnets.study import Arm

ENCODERS = {
    "embedding": "aligned", "embedding_permuted": "permuted", "masked": "masked", "published": "published",
    "untrained": "",
}  # fmt: skip
"""Parts that a frozen encoder makes, and where it starts; of random weights nowhere."""
ANSWERS = {"causes", "supervised"}
"""Parts that are answers already, which no readout is fitted on."""
REPEATED = {"embedding", "embedding_permuted", "untrained"}
"""Those that another training, or another draw of random weights, makes anew."""


class Parts:
    """Features of an arm, computed once for each part, training, cohort and rows.

    ``home``: the cohort that is learned from; ``standardiser``: covariates on the scale of those of its
    people whose labels are.
    """

    def __init__(self, run: Run, home: CleanCohort, standardiser: Standardiser) -> None:
        self.run, self.home, self.standardiser = run, home, standardiser
        self.known: dict[tuple, np.ndarray] = {}

    def trainings(self, arm: Arm) -> range:
        """Numbers of the trainings of what ``arm`` reads."""
        return trainings_of(self.run.profile) if REPEATED & set(arm.parts) else range(1, 2)

    def __call__(self, arm: Arm, clean: CleanCohort, rows: np.ndarray, training: int = 1) -> np.ndarray:
        """Features (n, D) of ``rows``, the arm's parts side by side."""
        return np.hstack([self._part(part, clean, rows, training) for part in arm.parts])

    def _part(self, part: str, clean: CleanCohort, rows: np.ndarray, training: int) -> np.ndarray:
        number = training if part in REPEATED else 1
        key = (part, number, clean.name, rows.tobytes())
        if part not in ENCODERS:  # quick, and wide
            return self._read(part, clean, rows)
        if key not in self.known:
            profile = as_published(self.run.profile) if part == "published" else self.run.profile
            ecg = ecg_batch(clean, rows, profile.ecg_input)
            self.known[key] = in_batches(self._encoder(part, number), (ecg, None))
        return self.known[key]

    def _encoder(self, part: str, training: int) -> torch.nn.Module:
        if part == "published":
            return load_published(self.run).encoder
        if start := ENCODERS[part]:
            return start_encoder(self.run, start, training)
        return build_seeded("ecg_encoder", seeded(self.run.profile, training)).eval()

    def _read(self, part: str, clean: CleanCohort, rows: np.ndarray) -> np.ndarray:
        match part:
            case "covariates":
                return self.standardiser(clean.index.loc[rows])
            case "beat":
                return self._classical(clean.beats[rows])
            case "twin" | "twin_permuted":
                return self._twins[part](clean, rows)
            case "cmr":
                return np.hstack([cmr_features(self.run, clean.name, view)[0, rows] for view in VIEWS])
            case "components":
                return cine_scores(self.run)[rows].reshape(len(rows), -1)  # (n, views * K)
        raise ValueError(f"no part {part!r} can be read from {clean.name}")

    @cached_property
    def _classical(self) -> ClassicalFeatures:
        return ClassicalFeatures.fit(self.home, self.run.profile.downstream, self.run.profile.seed)

    @cached_property
    def _twins(self) -> dict[str, HeartFromBeat]:
        arms = {"twin": "aligned", "twin_permuted": "permuted"}
        return {part: open_closed_form(self.run, arm) for part, arm in arms.items()}
