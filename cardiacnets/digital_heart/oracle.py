"""The best an ECG could do here: a regressor on true beat features, and the linear-Gaussian bound.

Both are fitted on a fresh cohort that no model sees. A gain of one arm over another is then also told as the
share of the gap to the oracle that it closes.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cardiacnets.digital_heart.anatomy import Anatomy
from cardiacnets.digital_heart.beat_features import beat_features
from cardiacnets.digital_heart.electrics import beat_potentials
from cardiacnets.digital_heart.hearts import draw_hearts, strangers_inside
from cardiacnets.digital_heart.indices import recorded_indices, true_indices
from cardiacnets.digital_heart.sites import Site, site
from cardiacnets.digital_heart.streams import Draws
from cardiacnets.digital_heart.torso import leads
from cardiacnets.phenotypes import INDEX_NAMES
from cardiacnets.shards import shards_of
from cardiacnets.study import covariates_of

ORACLE_SEED, BLOCK = 20_201, 256

HEART_LATENTS = (
    "lv_edv", "lv_mass", "shortening", "longitudinal", "sphericity", "rv_edv", "rv_ef", "la_max", "la_ef",
    "ra_max",
    "ra_ef", "ascending_area", "descending_area", "scar_depth", "septal_bump", "apical_bump", "effusion",
    "amyloid",
    "rv_hypertrophy", "heart_rate", "thickness_modes", "contraction_modes",
)  # fmt: skip
"""The latents an index can depend on: the state of the linear-Gaussian bound."""


def oracle_table(train: int = 4_000, test: int = 2_000, cohort: str = "ukb", preset: str = "enriched",
                 seed: int = ORACLE_SEED) -> pd.DataFrame:  # fmt: skip
    """One row an index: correlation of the oracle's prediction with the true and the recorded index, and the
    bound.

    ``oracle_true`` and ``oracle_recorded`` come from a ridge regression on true beat features and samples of
    the noise-free beat, fitted to noise-free targets of ``train`` participants and tested on ``test`` others.
    It sees what electrodes, conduction and age make of the beat, never those causes themselves.
    ``oracle_with_covariates``, against the recorded index, is also given the study's covariates. ``bound`` is
    sqrt of :func:`linear_gaussian_bound`, against the truth. About 3 ms a participant. Raises
    ``ValueError`` for unknown names or fewer than 200 participants on either side.
    """
    inputs, covariates, state, truth, recorded = oracle_data(train + test, cohort, preset, seed)
    against_truth, against_recorded = read_indices(inputs, truth, recorded, train)
    with_covariates = read_indices(np.concatenate([inputs, covariates], axis=1), truth, recorded, train)[1]
    return pd.DataFrame({
        "index": INDEX_NAMES,
        "oracle_true": against_truth,
        "oracle_recorded": against_recorded,
        "oracle_with_covariates": with_covariates,
        "bound": np.sqrt(fitted_bounds(inputs[:train], state[:train], truth[:train])),
    })  # fmt: skip


def read_indices(
    inputs: np.ndarray, truth: np.ndarray, recorded: np.ndarray, train: int
) -> tuple[np.ndarray, np.ndarray]:
    """Correlation with the true and with the recorded indices, ``(82,)`` each, of a ridge regression that is
    fitted to the truth of the first ``train`` rows of ``inputs (n, k)`` and applied to the others.

    Raises ``ValueError`` for fewer than 200 participants on either side.
    """
    if (fewer := min(train, len(inputs) - train)) < 200:
        raise ValueError(f"a readout of the indices needs at least 200 participants a side, not {fewer}")
    model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(0, 4, 9), alpha_per_target=True))
    model.fit(inputs[:train], StandardScaler().fit_transform(truth[:train]))
    predicted = model.predict(inputs[train:])
    return column_correlations(predicted, truth[train:]), column_correlations(predicted, recorded[train:])


def oracle_data(n: int, cohort: str, preset: str, seed: int) -> tuple[np.ndarray, ...]:
    """Inputs (beat features and every tenth sample of the beat), covariates, heart latents, true and recorded
    indices.
    """
    place = site(cohort, preset)
    names = covariates_of(cohort)
    parts = []
    for people, anatomy, truth, recorded in measured_hearts(n, place, seed):
        electrical = anatomy
        if preset == "information_limited":
            electrical = strangers_inside(anatomy, people, place, cohort, seed)
        covariates = np.stack([anatomy.latents[name] for name in names], axis=1).astype(float)
        parts.append((oracle_inputs(electrical), covariates, heart_state(anatomy), truth, recorded))
    return tuple(np.concatenate(values) for values in zip(*parts, strict=True))


def measured_hearts(
    n: int, place: Site, seed: int
) -> Iterator[tuple[range, Anatomy, np.ndarray, np.ndarray]]:
    """Participants of a site, block by block: numbers, hearts, true and recorded indices ``(b, 82)``."""
    for people in shards_of(n, BLOCK):
        anatomy = draw_hearts(people, place, place.name, seed)
        truth = true_indices(anatomy)
        yield (
            people,
            anatomy,
            truth,
            recorded_indices(anatomy, truth, Draws(seed, place.name, people, "measurement")),
        )


def oracle_inputs(anatomy: Anatomy) -> np.ndarray:
    """True features, their logarithms where positive, and the eight independent leads of the beat, ``(n,
    k)``.
    """
    features = beat_features(anatomy).astype(float).to_numpy()
    beat = leads(beat_potentials(anatomy))[:, [0, 1, 6, 7, 8, 9, 10, 11], 60:440:10]  # (n, 8, 38)
    return np.concatenate([features, np.log(np.abs(features) + 0.05), beat.reshape(len(beat), -1)], axis=1)


def heart_state(anatomy: Anatomy) -> np.ndarray:
    """The heart's latents, ``(n, k)``, and their products with the sex: what an index can depend on."""
    parts = [anatomy.latents[name].reshape(len(anatomy.length), -1) for name in HEART_LATENTS]
    return np.concatenate([*parts, anatomy.latents["sex"][:, None]], axis=1).astype(float)


def column_correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Pearson's r of each column of one table with the same column of the other."""
    a, b = first - first.mean(axis=0), second - second.mean(axis=0)
    return (a * b).sum(axis=0) / np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))


def linear_gaussian_bound(
    loadings: np.ndarray, latent: np.ndarray, noise: np.ndarray, targets: np.ndarray
) -> np.ndarray:
    """Greatest r^2 of any predictor from ``y = B z + e`` for targets ``c'z`` (z and e Gaussian):

    r^2 = c'S B'(B S B' + R)^-1 B S c / c'S c, with ``loadings`` B ``(features, state)``, ``latent`` S,
    ``noise`` R and ``targets`` c ``(state, k)``; returns ``(k,)``.
    """
    seen = loadings @ latent @ targets  # (features, k)
    total = loadings @ latent @ loadings.T + noise
    explained = (seen * np.linalg.solve(total, seen)).sum(axis=0)
    return np.clip(explained / (targets * (latent @ targets)).sum(axis=0), 0, 1)


def fitted_bounds(inputs: np.ndarray, state: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The bound with B, S, R and c estimated by least squares from hearts, features and true indices,
    ``(82,)``.

    The part of an index that is not linear in the state counts as out of reach.
    """
    z, y, t = (StandardScaler().fit_transform(part) for part in (state, inputs, truth))
    latent = np.cov(z.T) + 1e-6 * np.eye(z.shape[1])
    loadings = np.linalg.lstsq(z, y, rcond=None)[0].T
    targets = np.linalg.lstsq(z, t, rcond=None)[0]
    residual = y - z @ loadings.T
    noise = np.cov(residual.T) + 1e-3 * np.eye(y.shape[1])
    linear_share = np.clip(1 - (t - z @ targets).var(axis=0), 0, 1)
    return linear_gaussian_bound(loadings, latent, noise, targets) * linear_share
