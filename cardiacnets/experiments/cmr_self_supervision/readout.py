"""What a frozen representation knows: linear readouts, recorded values and maps, for chapters 02 and 03."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from sklearn.decomposition import PCA

from cardiacnets.cohorts.preprocessing import CleanCohort, open_clean
from cardiacnets.cohorts.store import open_cohort
from cardiacnets.experiments.cmr_self_supervision.components import cine_scores
from cardiacnets.experiments.cmr_self_supervision.contrast import contrast_of, load_cine_contrast
from cardiacnets.experiments.cmr_self_supervision.encoder import untrained_cmr_encoder
from cardiacnets.experiments.cmr_self_supervision.features import cmr_features
from cardiacnets.experiments.cmr_self_supervision.pretrain import load_cmr_autoencoder
from cardiacnets.experiments.shared.classical import ClassicalFeatures
from cardiacnets.experiments.shared.encoding import ENCODE_BATCH, build_seeded, cine_batch
from cardiacnets.experiments.shared.inputs import Standardiser
from cardiacnets.experiments.shared.probe import read_out
from cardiacnets.experiments.shared.tasks import Labelled, labelled
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.phenotypes import INDEX_NAMES
from cardiacnets.profile import Profile
from cardiacnets.run import Run
from cardiacnets.statistics import Estimate, bootstrap_mean
from cardiacnets.statistics.correlation_resampling import BootstrappedCorrelations, bootstrap_correlations
from cardiacnets.statistics.in_words import side_of_zero
from cardiacnets.statistics.trainings import ONE_TRAINING
from cardiacnets.study import covariates_of

LEFT = 0.05
"""How far below guessing, as a share of it, a training loss has to come before it has left it."""


def cmr_readouts(run: Run, key: str) -> BootstrappedCorrelations:
    """Test correlations of ridge readouts, resampled together, of the CMR features of both views, ``trained``
    by chapter 02 and ``untrained``, as the same network makes them before its first step; of the ``twin``'s
    components; of the ``masked`` autoencoder of the study and ``masked_untrained``; and of the classical ECG
    features with the covariates, ``ecg``.
    """
    labels = labelled(run, key)
    rows = labels.table["row"].to_numpy()
    clean, known = open_clean(run, "ukb"), [cmr_features(run, "ukb", view)[0, rows] for view in VIEWS]
    encoders = {
        "untrained": untrained_cmr_encoder(run),
        "masked": load_cmr_autoencoder(run),
        "masked_untrained": build_seeded("cmr_autoencoder", run.profile).eval(),
    }
    read = {"trained": read_out(labels, np.hstack(known))}
    for arm, encoder in encoders.items():
        features = [encoded(encoder.encode, clean, view, rows) for view in VIEWS]
        read[arm] = read_out(labels, np.hstack(features))
    read["twin"] = read_out(labels, cine_scores(run)[rows].reshape(len(rows), -1))  # (n, views * K)
    read["ecg"] = read_out(labels, _classical_ecg(clean, labels, run.profile))
    return bootstrap_correlations(labels.target[labels.of("test")], read, **run.profile.resampling)


def _classical_ecg(clean: CleanCohort, labels: Labelled, profile: Profile) -> np.ndarray:
    """Classical features of the beat beside the study's covariates (n, p): what a teacher has to know more
    than.
    """
    rows = labels.table["row"].to_numpy()
    classical = ClassicalFeatures.fit(clean, profile.downstream, profile.seed)
    learned = clean.index.loc[rows[labels.of("train")]]
    standardiser = Standardiser.fit(learned, covariates_of("ukb"))
    return np.hstack([classical(clean.beats[rows]), standardiser(clean.index.loc[rows])])


def contrast_among(run: Run, split: str) -> Estimate:
    """Mean SAX-LAX contrast of the people of ``split``, each among all of them: guessing is the logarithm of
    their number, ``n``.
    """
    clean = open_clean(run, "ukb")
    found = contrast_of(load_cine_contrast(run), clean, clean.rows(split))
    return bootstrap_mean(found.numpy(), **run.profile.resampling)


def against_guessing(contrast: Estimate) -> str:
    """In words whether a contrast among ``n`` people lies below that of guessing, ln n."""
    low, high = contrast.interval
    chance = math.log(contrast.n)
    if not (math.isfinite(low) and math.isfinite(high)):
        return "cannot be judged in this run"
    return "leaves guessing" if high < chance else "does not leave guessing"


def ended(losses: pd.Series, batch: int) -> str:
    """In words where a contrast ended in training, by its ``losses`` (one an epoch; NaN: not known) in
    batches of ``batch``: at guessing, ln ``batch``, where it came less than :data:`LEFT` of that below.
    """
    known, chance = losses.dropna(), math.log(batch)
    if known.empty or not math.isfinite(known.iloc[-1]) or chance <= 0:
        return "no contrast is known of this run"
    last = known.iloc[-1]
    words = "it left guessing" if last < (1 - LEFT) * chance else "it stayed at guessing"
    return f"after the last epoch the contrast is {last:.2f}, where guessing gives {chance:.2f}: {words}"


def verdict(gain: Estimate) -> str:
    """In words whether features tell more than others, where ``gain`` is the difference of what they read."""
    seen = {1: "tell more about the heart than", -1: "tell less about the heart than"}
    words = seen.get(side_of_zero(gain), "cannot be told from")
    once = words in seen.values() and ONE_TRAINING in gain.method
    return f"in the one training of this run {words}" if once else words


def as_table(scores: Mapping[str, Estimate], name: str) -> pd.DataFrame:
    """Scores as rows: estimate, interval and number of participants."""
    rows = [{"representation": arm} | score.row() for arm, score in scores.items()]
    return pd.DataFrame(rows).drop(columns="method").rename(columns={"estimate": name, "pvalue": "p"})


def recorded(run: Run, cohort: str, names: Sequence[str]) -> np.ndarray:
    """Recorded indices (R, len(names)) of every row of ``cohort``."""
    return open_cohort(run, cohort).indices[:, [INDEX_NAMES.index(name) for name in names]]


def principal_plane(vectors: np.ndarray) -> np.ndarray:
    """The first two principal components (n, 2) of unit vectors (n, P)."""
    return PCA(2).fit_transform(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def encoded(
    encode: Callable[[torch.Tensor, str], torch.Tensor], clean: CleanCohort, view: str, rows: np.ndarray
) -> np.ndarray:
    """What ``encode`` makes (n, D) of the cines of ``rows``."""
    array, parts = getattr(clean, view), np.array_split(rows, -(-len(rows) // ENCODE_BATCH))
    with torch.inference_mode():
        return torch.cat([encode(cine_batch(array, part), view) for part in parts]).numpy()
