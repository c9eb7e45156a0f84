"""How far generated movies can be believed: agreement of indices, similarity to one's own heart, Fréchet
distance.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd
import torch
from scipy.linalg import sqrtm
from sklearn.decomposition import PCA
from torchmetrics.functional.image import structural_similarity_index_measure

from cardiacnets.cohorts.preprocessing import resize_cine
from cardiacnets.experiments.cmr_self_supervision.encoder import load_cmr_encoder
from cardiacnets.experiments.diffusion.generate import movies
from cardiacnets.experiments.shared.encoding import cine_batch
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.phenotypes import INDEX_NAMES
from cardiacnets.run import Run
from cardiacnets.statistics.correlation_resampling import bootstrap_correlations
from cardiacnets.statistics.estimate import Estimate
from cardiacnets.statistics.in_words import in_one_cell
from cardiacnets.statistics.resampling import bootstrap_mean
from cardiacnets.study import VIEW_TITLES

FRECHET_COMPONENTS = 20
"""Components kept before fitting Gaussians: a covariance needs many more samples than dimensions."""
HALVINGS = 200
JUDGED = {"lv_ef": "%", "lv_edv": "ml", "lv_esv": "ml", "lv_mass": "g", "rv_edv": "ml", "rv_esv": "ml"}
"""Indices whose error is measured, with their units."""


def measured(run: Run, cohort: str) -> dict[str, np.ndarray]:
    """Indices (n, 82) read from generated and from real movies, and recorded: ``generated``, ``real``,
    ``truth``.
    """
    folder = run.require(run.predictions / f"generated.{cohort}")
    files = {"generated": "indices_generated", "real": "indices_real", "truth": "truth"}
    return {name: np.load(folder / f"{file}.npy", allow_pickle=False) for name, file in files.items()}


def index_agreement(run: Run, cohort: str) -> pd.DataFrame:
    """Mean correlation over the indices of each pair of readings, with participant-bootstrap intervals."""
    readings, rows = measured(run, cohort), []
    for first, second in (("generated", "real"), ("generated", "truth"), ("real", "truth")):
        arms = {first: readings[first]}
        found = bootstrap_correlations(readings[second], arms, **run.profile.resampling)
        rows.append({"comparison": f"{first}_{second}"} | found.mean(first).row())
    return pd.DataFrame(rows)


def own_similarity(run: Run, cohort: str) -> dict[str, np.ndarray]:
    """By view, structural similarity (n,) of generated movies to the same person's real ones."""
    return {
        view: movie_similarity(*(movies(run, cohort, view, kind) for kind in ("generated", "real")))
        for view in VIEWS
    }


def similarity(run: Run, cohort: str, own: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Generated movies against the same person's real movie (``own``) and against the next person's
    (``stranger``), and the paired difference (``own-stranger``): one row a ``measure`` and ``pairing``.

    ``own``: of :func:`own_similarity`.
    """
    readings, rows, found = measured(run, cohort), [], {}
    count = len(readings["truth"])
    stranger = np.roll(np.arange(count), 1)
    pairings = {"own": np.arange(count), "stranger": stranger}
    strange = {
        view: movie_similarity(
            movies(run, cohort, view, "generated"), movies(run, cohort, view, "real")[stranger]
        )
        for view in VIEWS
    }
    for pairing, partner in pairings.items():
        alike = own if pairing == "own" else strange
        each = {f"ssim_{view}": (alike[view], "") for view in VIEWS}
        for name, unit in JUDGED.items():
            place = INDEX_NAMES.index(name)
            each[f"{name}_error"] = (
                np.abs(readings["generated"][:, place] - readings["real"][partner, place]),
                unit,
            )
        found[pairing] = each
    found["own-stranger"] = {
        measure: (values - found["stranger"][measure][0], unit.replace("%", "percentage points"))
        for measure, (values, unit) in found["own"].items()
    }
    for pairing, each in found.items():
        for measure, (values, unit) in each.items():
            result = bootstrap_mean(values, **run.profile.resampling)
            rows.append({"measure": measure, "pairing": pairing, "unit": unit} | result.row())
    return pd.DataFrame(rows).sort_values(["measure", "pairing"], kind="stable")


def similarity_table(found: pd.DataFrame) -> pd.DataFrame:
    """:func:`similarity` for a page: a measure a line."""
    heads = {"own": "own heart", "stranger": "a stranger's", "own-stranger": "own less stranger's"}
    lines = {}
    for row in found.itertuples():
        digits = 1 if row.unit else 3
        line = lines.setdefault(row.measure, {"measure": row.measure, "unit": "", "n": row.n})
        line[heads[row.pairing]] = in_one_cell(row.estimate, row.low, row.high, digits)
        if row.pairing == "own":
            line["unit"] = row.unit
    return pd.DataFrame(lines.values())[["measure", *heads.values(), "unit", "n"]]


def closer_told(found: pd.DataFrame, distances: pd.DataFrame) -> str:
    """How often a generated movie is closer to the person's own heart than to a stranger's, of
    :func:`similarity`, and how far from real movies, of :func:`frechet_distances`: sentences that follow from
    the intervals.
    """
    apart = found[found["pairing"] == "own-stranger"]
    errors = apart["measure"].str.endswith("_error")
    below = int((apart["high"][errors] < 0).sum())
    above = int((apart["low"][~errors] > 0).sum())
    told = [
        f"Errors against one's own heart lie below those against a stranger's, their whole interval, in "
        f"{below} of {int(errors.sum())} indices; the similarity of pictures lies above in {above} of "
        f"{int((~errors).sum())} views."
    ]
    rows = {row.comparison: row for row in distances.itertuples()}
    for view, name in VIEW_TITLES.items():
        drawn, real = rows[f"{view}_generated"], rows[f"{view}_real_halves"]
        parted = "farther than sampling alone explains: such sets can be told apart"
        if not drawn.low > real.high:
            parted = "and with sampling alone they are not shown to differ"
        told.append(
            f"In the {name} view the Fréchet distance of generated to real movies is "
            f"{drawn.estimate / real.estimate:.1f} times that of two real halves, {parted}."
        )
    return " ".join(told)


def frechet_distances(run: Run, cohort: str) -> pd.DataFrame:
    """Fréchet distance (Heusel 2017) of generated to real movies, and of real to other real ones, by view.

    One row a ``comparison``: always between two halves of the participants, so that nobody meets himself; the
    mean ``estimate`` over :data:`HALVINGS` random halvings, the central 95 % of them (``low``, ``high``), and
    ``n`` participants on each side.
    """
    encoder, settings, rows = load_cmr_encoder(run), run.profile.cmr_autoencoder, []
    for view in VIEWS:
        features = {}
        for kind in ("real", "generated"):
            clips = _stretched(movies(run, cohort, view, kind), settings.frames, settings.pixels)
            with torch.inference_mode():
                features[kind] = encoder.encode(cine_batch(clips, np.arange(len(clips))), view).numpy()
        components = PCA(min(FRECHET_COMPONENTS, len(clips) // 4), whiten=True).fit(features["real"])
        real, generated = (components.transform(features[kind]) for kind in ("real", "generated"))
        for name, drawn in (("generated", generated), ("real_halves", real)):
            distances = halved_distances(real, drawn, HALVINGS, run.profile.seed)
            ends = tuple(np.quantile(distances, [0.025, 0.975]))
            method = f"mean and central 95 % of {HALVINGS} random halvings of the participants"
            found = Estimate(distances.mean(), ends, len(real) // 2, method)
            rows.append({"comparison": f"{view}_{name}"} | found.row())
    return pd.DataFrame(rows)


def halved_distances(a: np.ndarray, b: np.ndarray, halvings: int, seed: int) -> np.ndarray:
    """Fréchet distance (halvings,) of row-aligned features (n, d): one random half of ``a``, the other of
    ``b``.
    """
    generator, half = np.random.default_rng(seed), len(a) // 2
    shuffles = [generator.permutation(len(a)) for _ in range(halvings)]
    return np.array([frechet_distance(a[order[half:]], b[order[:half]]) for order in shuffles])


def frechet_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Squared 2-Wasserstein distance of Gaussians fitted to (n, d) and (m, d) features (Dowson and Landau
    1982).
    """
    covariance_a, covariance_b = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    cross = sqrtm(
        covariance_a @ covariance_b
    ).real  # an imaginary part is rounding: both factors are positive
    means = np.sum((a.mean(axis=0) - b.mean(axis=0)) ** 2)
    return float(means + np.trace(covariance_a) + np.trace(covariance_b) - 2 * np.trace(cross))


def worst_cases(run: Run, cohort: str, index: str, count: int) -> np.ndarray:
    """Positions of the movies whose ``index`` is read most differently from the generated than from the real
    one.
    """
    readings, place = measured(run, cohort), INDEX_NAMES.index(index)
    return np.argsort(-np.abs(readings["generated"][:, place] - readings["real"][:, place]))[:count]


def minus(text: str) -> str:
    """The same with a minus sign before numbers, and hyphens left in words."""
    return re.sub(r"(?<!\w)-(?=\d)", "−", text)


def movie_similarity(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Structural similarity (Wang 2004; (n,)) of movies (n, T, H, W) uint8, the mean over frames.

    Movie by movie, for what is computed on the way of a hundred does not fit a processor's cache; and frames
    as channels of one picture, which are convolved several at a time.
    """
    found = np.empty(len(a), np.float32)
    for row, pair in enumerate(zip(a, b, strict=True)):
        frames = (torch.from_numpy(np.array(movie)).float()[None] for movie in pair)  # (1, T, H, W)
        found[row] = structural_similarity_index_measure(*frames, data_range=255.0)
    return found


def _stretched(clips: np.ndarray, frames: int, pixels: int) -> np.ndarray:
    """Movies (n, t, h, w) with each frame repeated to ``frames``, at the CMR encoder's size."""
    steps = np.arange(frames) * clips.shape[1] // frames
    return resize_cine(clips[:, steps], frames, pixels)
