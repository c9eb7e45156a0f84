"""The rival of the diffusion model: hearts drawn around what alignment in closed form predicts.

The components that a beat predicts, noise of the covariance that such predictions leave open, decoded to a
movie, without any network. It is judged as the generated movies are: on the same people, against the same
real ones, by the same reader.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from cardiacnets.cohorts.preprocessing import open_clean, resize_cine
from cardiacnets.cohorts.store import memory_map, open_cohort
from cardiacnets.experiments.cmr_self_supervision.components import cine_components, cine_scores
from cardiacnets.experiments.contrastive_alignment.closed_form import open_closed_form, true_components
from cardiacnets.experiments.diffusion.cine_reader import fit_cine_reader, open_cine_reader, view_pixels
from cardiacnets.experiments.diffusion.generate import SAMPLE_BATCH, generated_rows, with_detail
from cardiacnets.experiments.diffusion.video_autoencoder import load_video_autoencoder
from cardiacnets.experiments.shared.encoding import cine_batch
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.models.index_noise import IndexNoise
from cardiacnets.reach import code_of
from cardiacnets.run import Run


def draw_linear_movies(run: Run, cohort: str) -> Path:
    """Draw and read the movies of :func:`generated_rows`, or reuse them: ``sax.npy``, ``lax.npy`` uint8 at
    the diffusion model's size, and ``indices.npy`` (n, 82). At the diffusion model's temperature, with its
    share of the noise that indices follow and, where that is a distance from everyone's mean, with its
    guidance, so that neither is nearer to what is expected by these alone; and with the same detail thrown
    into them.
    """
    rows, clean, sizes = generated_rows(run, cohort), open_clean(run, cohort), run.profile.diffusion
    ingredients = {
        "cohort": clean.folder,
        "rows": len(rows),
        "alignment": run.require(run.root / "linear_twin" / "aligned"),
        "diffusion": run.profile.diffusion,
        "autoencoder": run.require(run.models / "video_autoencoder"),
        "reader": fit_cine_reader(run),
        "seed": run.profile.seed,
        "source": code_of(draw_linear_movies),
    }

    def make(folder: Path) -> None:
        twin = open_closed_form(run)
        everyone, guidance = twin.alignment.ridge.offset, 1.0
        if sizes.start == "mean_heart":
            guidance = sizes.guidance
        predicted = everyone + guidance * (twin(clean, rows) - everyone)
        noise = np.random.default_rng(run.profile.seed).standard_normal(predicted.shape)
        if sizes.index_noise < 1:
            hearts = true_components(cine_scores(run)[twin.training], run.profile.linear_twin.aligned)
            left, everything = twin.alignment.noise_of(hearts), torch.eye(predicted.shape[1]).double()
            recorded = open_cohort(run, "ukb").indices[twin.training]
            (follow,) = IndexNoise.fit((left,), (everything,), recorded)
            noise = follow(torch.from_numpy(noise), sizes.index_noise).numpy()
        scores = twin.alignment.draw(predicted, sizes.temperature * noise)
        drawn = cine_components(run).decode(scores.reshape(len(rows), len(VIEWS), -1))
        autoencoder, cines = load_video_autoencoder(run), {}
        for view in VIEWS:
            smooth = resize_cine(drawn[view], sizes.frames, view_pixels(sizes, view))
            parts = torch.arange(len(rows)).split(SAMPLE_BATCH)
            batches = (cine_batch(smooth, part.numpy()) for part in parts)
            cines[view] = with_detail(autoencoder, batches, sizes, run.profile.seed)
            np.save(folder / f"{view}.npy", cines[view])
        np.save(folder / "indices.npy", open_cine_reader(run)(cines).astype(np.float32))

    return run.fit_or_load(run.root / "linear_twin" / f"movies.{cohort}", ingredients, make)


def linear_movies(run: Run, cohort: str, name: str) -> np.ndarray:
    """An array of :func:`draw_linear_movies`: ``sax``, ``lax`` or ``indices``."""
    folder = run.require(run.root / "linear_twin" / f"movies.{cohort}")
    return memory_map(folder / f"{name}.npy")
