"""Alignment in closed form: the linear twin of chapter 03's networks, trained on the same pairs.

The classical features of the beat predict the first components of the same heart's cines by ridge regression;
in an arm of strangers, of a stranger's, the same one that the network is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cardiacnets.cohorts.preprocessing import CleanCohort, open_clean
from cardiacnets.experiments.cmr_self_supervision.components import cine_scores
from cardiacnets.experiments.contrastive_alignment.align import partners
from cardiacnets.experiments.shared.classical import ClassicalFeatures
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.models.linear_twin import ClosedFormAlignment, RidgeMap
from cardiacnets.reach import code_of
from cardiacnets.run import Run
from cardiacnets.study import ALIGNMENTS


@dataclass(frozen=True)
class HeartFromBeat:
    """What the beats of any cohort tell of the cine components, by the twin of one arm."""

    features: ClassicalFeatures
    alignment: ClosedFormAlignment
    training: np.ndarray
    """Rows of ``ukb`` whose pairs were learned from."""

    def __call__(self, clean: CleanCohort, rows: np.ndarray) -> np.ndarray:
        """Predicted scores (n, views * aligned) of ``rows``; those of training people are out of fold."""
        predicted = self.alignment(self.features(clean.beats[rows]))
        if clean.name == "ukb":
            place = pd.Index(self.training).get_indexer(rows)  # -1: not learned from
            predicted[place >= 0] = self.alignment.out_of_fold[place[place >= 0]]
        return predicted


def fit_closed_form(run: Run, arm: str = "aligned") -> Path:
    """Fit one arm on the training split of ``ukb``, or reuse it: ``alignment.npz``, the arrays of
    :class:`ClosedFormAlignment`.

    Raises ``ValueError`` where the profile aligns more components than there are.
    """
    settings, seed = run.profile.linear_twin, run.profile.seed
    if settings.aligned > settings.components:
        raise ValueError(
            f"profile {run.profile.name}: linear_twin: aligned {settings.aligned} is more than components "
            f"{settings.components}"
        )
    clean = open_clean(run, "ukb")
    ingredients = {
        "cohort": clean.folder,
        "components": run.require(run.root / "linear_twin" / "components"),
        "strangers": ALIGNMENTS[arm].strangers,
        "aligned": settings.aligned,
        "random_features": run.profile.downstream.random_features,
        "seed": seed,
        "source": code_of(fit_closed_form),
    }

    def make(folder: Path) -> None:
        training = clean.rows("train")
        partner = partners(clean, permuted=ALIGNMENTS[arm].strangers, seed=seed)[training]
        classical = ClassicalFeatures.fit(clean, run.profile.downstream, seed)
        beats = classical(clean.beats[training])
        hearts = true_components(cine_scores(run)[training], settings.aligned)
        place = np.searchsorted(training, partner)
        found = ClosedFormAlignment.fit(beats, hearts, place, seed=seed)
        arrays = {"out_of_fold": found.out_of_fold, "covariance": found.covariance} | vars(found.ridge)
        np.savez(folder / "alignment.npz", **arrays)

    return run.fit_or_load(run.root / "linear_twin" / arm, ingredients, make)


def open_closed_form(run: Run, arm: str = "aligned") -> HeartFromBeat:
    """The twin of ``arm`` that :func:`fit_closed_form` has left."""
    folder = run.require(run.root / "linear_twin" / arm)
    with np.load(folder / "alignment.npz", allow_pickle=False) as file:
        arrays = dict(file)
    out_of_fold, covariance = arrays.pop("out_of_fold"), arrays.pop("covariance")
    alignment = ClosedFormAlignment(RidgeMap(**arrays), out_of_fold, covariance)
    clean = open_clean(run, "ukb")
    classical = ClassicalFeatures.fit(clean, run.profile.downstream, run.profile.seed)
    return HeartFromBeat(classical, alignment, clean.rows("train"))


def true_components(scores: np.ndarray, aligned: int) -> np.ndarray:
    """The first ``aligned`` components of each view (n, views * aligned) of scores (n, views, K)."""
    return scores[:, :, :aligned].reshape(len(scores), -1).astype(np.float64)


def twin_embeddings(run: Run, rows: np.ndarray, arm: str = "aligned") -> dict[str, np.ndarray]:
    """Vectors (n, views * aligned) of ECG, SAX and LAX of ``rows`` of ``ukb``, whose cosines are compared.

    Each view has its own half, in units of what ECGs leave open there, and zeros in the other's.
    """
    twin, count = open_closed_form(run, arm), run.profile.linear_twin.aligned
    true = true_components(cine_scores(run)[rows], count)
    vectors = {"ecg": twin(open_clean(run, "ukb"), rows)} | dict.fromkeys(VIEWS, true)
    embedded = {name: np.zeros_like(scores) for name, scores in vectors.items()}
    for number, view in enumerate(VIEWS):
        half = slice(number * count, (number + 1) * count)
        for name in ("ecg", view):
            embedded[name][:, half] = twin.alignment.embed(vectors[name], half)
    return embedded
