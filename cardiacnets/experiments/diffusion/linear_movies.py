"""The linear twin of the diffusion model: hearts drawn around what alignment in closed form predicts.

The components that a beat predicts, noise of the covariance that such predictions leave open, decoded to a
movie. It is judged as the generated movies are: on the same people, against the same real ones, by the same
reader.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from cardiacnets.cohorts.preprocessing import open_clean, resize_cine
from cardiacnets.cohorts.store import memory_map, open_cohort
from cardiacnets.experiments.cmr_self_supervision.components import cine_components, cine_scores
from cardiacnets.experiments.contrastive_alignment.closed_form import open_closed_form, true_components
from cardiacnets.experiments.diffusion.cine_reader import fit_cine_reader, open_cine_reader, view_pixels
from cardiacnets.experiments.diffusion.generate import generated_rows, movies
from cardiacnets.experiments.diffusion.movie_quality import JUDGED, measured, movie_similarity
from cardiacnets.experiments.shared.depth import in_a_word
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.models.index_noise import IndexNoise
from cardiacnets.phenotypes import INDEX_NAMES
from cardiacnets.reach import code_of
from cardiacnets.run import Run
from cardiacnets.statistics import Estimate, bootstrap_correlations, bootstrap_mean
from cardiacnets.statistics.trainings import trained_once

MEASURES = {
    "r": "indices read from the movie, mean r with the recorded ones",
    "ssim_sax": "similarity to one's own short-axis movie",
    "ssim_lax": "similarity to one's own four-chamber movie",
    "lv_ef_error": "error of the ejection fraction",
    "lv_edv_error": "error of end-diastolic volume",
    "lv_esv_error": "error of end-systolic volume",
    "lv_mass_error": "error of left-ventricular mass",
    "rv_edv_error": "error of the right ventricle's end-diastolic volume",
    "rv_esv_error": "error of the right ventricle's end-systolic volume",
}
"""What is measured on movies, as a page calls it."""


def draw_linear_movies(run: Run, cohort: str) -> Path:
    """Draw and read the movies of :func:`generated_rows`, or reuse them: ``sax.npy``, ``lax.npy`` uint8 at
    the diffusion model's size, and ``indices.npy`` (n, 82). At the diffusion model's temperature, and with
    its share of the noise that indices follow, so that neither is nearer to what is expected by its noise
    alone.
    """
    rows, clean, sizes = generated_rows(run, cohort), open_clean(run, cohort), run.profile.diffusion
    ingredients = {
        "cohort": clean.folder,
        "rows": len(rows),
        "alignment": run.require(run.root / "linear_twin" / "aligned"),
        "diffusion": run.profile.diffusion,
        "reader": fit_cine_reader(run),
        "seed": run.profile.seed,
        "source": code_of(draw_linear_movies),
    }

    def make(folder: Path) -> None:
        twin = open_closed_form(run)
        predicted = twin(clean, rows)
        noise = np.random.default_rng(run.profile.seed).standard_normal(predicted.shape)
        if sizes.index_noise < 1:
            hearts = true_components(cine_scores(run)[twin.training], run.profile.linear_twin.aligned)
            left, everything = twin.alignment.noise_of(hearts), torch.eye(predicted.shape[1]).double()
            recorded = open_cohort(run, "ukb").indices[twin.training]
            (follow,) = IndexNoise.fit((left,), (everything,), recorded)
            noise = follow(torch.from_numpy(noise), sizes.index_noise).numpy()
        scores = twin.alignment.draw(predicted, sizes.temperature * noise)
        drawn = cine_components(run).decode(scores.reshape(len(rows), len(VIEWS), -1))
        cines = {view: resize_cine(drawn[view], sizes.frames, view_pixels(sizes, view)) for view in VIEWS}
        for view, movie in cines.items():
            np.save(folder / f"{view}.npy", movie)
        np.save(folder / "indices.npy", open_cine_reader(run)(cines).astype(np.float32))

    return run.fit_or_load(run.root / "linear_twin" / f"movies.{cohort}", ingredients, make)


def linear_movies(run: Run, cohort: str, name: str) -> np.ndarray:
    """An array of :func:`draw_linear_movies`: ``sax``, ``lax`` or ``indices``."""
    folder = run.require(run.root / "linear_twin" / f"movies.{cohort}")
    return memory_map(folder / f"{name}.npy")


def beside_twin(run: Run, cohort: str) -> pd.DataFrame:
    """Generated movies beside the twin's, on the same people: mean r of what is read from them with the
    recorded indices, similarity to the person's own real movie, errors against what is read from that.

    One row a measure: ``measure``, ``unit``, the ``twin``'s value and interval, and ``estimate``, ``low``,
    ``high``, ``n``, ``method`` of what depth adds: positive where the network is better.
    """
    readings, settings = measured(run, cohort), run.profile.resampling
    read = {"generated": readings["generated"], "twin": linear_movies(run, cohort, "indices")}
    found = bootstrap_correlations(readings["truth"], read, **settings)
    gains = [("r", "", found.mean("twin"), found.mean_difference("generated", "twin"))]
    pairs = {}
    for view in VIEWS:
        drawn, real = linear_movies(run, cohort, view), movies(run, cohort, view, "real")
        ours = movie_similarity(movies(run, cohort, view, "generated"), real)
        pairs[f"ssim_{view}"] = "", ours, movie_similarity(drawn, real), 1
    for name, unit in JUDGED.items():
        ours, twins = (np.abs(read[arm] - readings["real"])[:, INDEX_NAMES.index(name)] for arm in read)
        pairs[f"{name}_error"] = unit, ours, twins, -1
    for measure, (unit, ours, twins, sign) in pairs.items():
        twin, gain = (bootstrap_mean(values, **settings) for values in (twins, sign * (ours - twins)))
        gains.append((measure, unit, twin, gain))
    gains = [(*head, trained_once(gain)) for *head, gain in gains]
    return pd.DataFrame(
        {"measure": measure, "unit": unit, **twin.columns("twin"), **gain.row(), "depth": in_a_word(gain)}
        for measure, unit, twin, gain in gains
    )


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """:func:`beside_twin` for a page: measures by their names, values with their units and intervals."""

    def told(found: Estimate, unit: str) -> str:
        low, high = found.interval
        digits = 1 if unit else 3
        ends = f"{found.estimate:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"
        return f"{ends} {unit}".strip().replace("-", "−")

    rows = [
        {
            "measure": MEASURES[row.measure],
            "linear twin (95 % interval)": told(Estimate.of(row, "twin"), row.unit),
            "what depth adds (95 % interval)": told(Estimate.of(row), row.unit),
            "in a word": row.depth,
            "n": row.n,
        }
        for row in table.itertuples()
    ]
    return pd.DataFrame(rows)
