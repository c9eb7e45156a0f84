"""Movies of the start alone: what the generator draws before its network has learned anything.

A generator may start at the heart that a straight line expects for an ECG
(:mod:`cardiacnets.models.mean_heart`). Its network then begins as nothing added to that, and only what its
movies have over those of the start is what depth adds. They are drawn from the same noise, at the same
temperature and by the same steps, with the network's word left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import nn

from cardiacnets.cohorts.preprocessing import open_clean
from cardiacnets.cohorts.store import memory_map
from cardiacnets.experiments.contrastive_alignment.align import load_aligner
from cardiacnets.experiments.diffusion.cine_reader import (
    diffusion_cines,
    fit_cine_reader,
    open_cine_reader,
)
from cardiacnets.experiments.diffusion.generate import (
    SAMPLE_BATCH,
    ecg_tokens,
    generated_rows,
    knows_noise,
    load_diffusion,
    open_noise,
    sample_movies,
    starting_noise,
)
from cardiacnets.experiments.shared.encoding import cine_batch
from cardiacnets.experiments.shared.inputs import ecg_batch
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.models.diffusion import VideoDiffusion
from cardiacnets.profile import Diffusion
from cardiacnets.reach import code_of
from cardiacnets.run import Run
from cardiacnets.statistics.in_words import in_one_cell
from cardiacnets.statistics.resampling import bootstrap_mean
from cardiacnets.study import VIEW_TITLES

ASKED, REPEATS = 256, 8
"""People, and steps of each, of which :func:`unseen_errors` are the means."""
FROM_NOISE = "not available: this generator starts from noise"


class Silence(nn.Module):
    """A denoiser that tells nothing, like one whose last layer is still zero."""

    def forward(self, noisy: torch.Tensor, *_: Any, **__: Any) -> SimpleNamespace:
        """``noisy`` (B, C, T, h, w) to zeros of its shape, as diffusers' networks answer: ``sample``."""
        return SimpleNamespace(sample=torch.zeros_like(noisy))


def without_network(model: VideoDiffusion) -> VideoDiffusion:
    """The generator with its network left out, changed in place; ``ValueError`` where it starts from noise,
    for nothing then stays.
    """
    if model.mean_heart is None:
        raise ValueError("a generator that starts from noise draws nothing without its network")
    model.network = Silence()
    return model


def why_no_start(settings: Diffusion) -> str:
    """Why there are no movies of the start alone, in one line; empty where there are."""
    return "" if settings.start == "mean_heart" else FROM_NOISE


def draw_start(run: Run, view: str, tokens: torch.Tensor) -> np.ndarray:
    """Movies (B, T, H, W) uint8 of the start alone from tokens (B, N, D): what
    :func:`~cardiacnets.experiments.diffusion.generate.draw_movies` draws of them, but for the network.
    """
    settings, seed = run.profile.diffusion, run.profile.seed
    known = open_noise(run) if knows_noise(settings) else None
    models = {name: load_diffusion(run, name) for name in dict.fromkeys((VIEWS[0], view))}
    noise = starting_noise(models, known, settings, view, tokens, seed)
    return sample_movies(without_network(models[view]), tokens, settings, seed, noise)


@dataclass(frozen=True, eq=False)
class Unseen:
    """Denoising errors (n,) of people whom the generator has not seen: ``trained`` with its network, and
    ``untrained`` with one that has learned nothing; about 1 where drawing starts at noise, and NaN for a flow
    from there, whose error also holds the variance of what is drawn.
    """

    trained: np.ndarray
    untrained: np.ndarray


def unseen_errors(run: Run, view: str) -> Unseen:
    """Of the first :data:`ASKED` people of validation, at steps all along the schedule; the same noise with
    the network and without.
    """
    model, settings = load_diffusion(run, view), run.profile.diffusion
    clean = open_clean(run, "ukb")
    rows = clean.rows("validation")[:ASKED]
    tokens = ecg_tokens(load_aligner(run).encoder, ecg_batch(clean, rows, run.profile.ecg_input))
    with torch.inference_mode():
        cines = cine_batch(diffusion_cines(run, clean, view, rows), slice(None))
        rest, context = model.rest(model.encode(cines), tokens), model.condition(tokens)

        def asked(asked_model: VideoDiffusion) -> np.ndarray:
            generator, errors = torch.Generator().manual_seed(run.profile.seed), []
            for _ in range(REPEATS):
                even = (torch.randperm(len(rows), generator=generator) + 0.5) / len(rows)
                steps = (even * settings.noise_steps).long()
                noise = torch.randn(rest.shape, generator=generator)
                parts = (each.split(SAMPLE_BATCH) for each in (rest, context, steps, noise))
                errors.append(torch.cat([asked_model.errors(*part) for part in zip(*parts, strict=True)]))
            return torch.stack(errors).mean(0).numpy()

        trained = asked(model)
        if model.mean_heart is not None:
            return Unseen(trained, asked(without_network(model)))
    return Unseen(trained, np.full(len(rows), float("nan") if settings.prediction == "flow" else 1.0))


def losses_told(errors: Mapping[str, Unseen], resampling: Mapping[str, int]) -> str:
    """The errors of people who were not seen, by view, and how much lower they are with the network."""
    return "; ".join(f"{VIEW_TITLES[view]}: {_told(found, resampling)}" for view, found in errors.items())


def _told(found: Unseen, resampling: Mapping[str, int]) -> str:
    said = f"{found.trained.mean():.3f} with the network"
    if not np.isfinite(found.untrained).all():
        return f"{said}, untrained not known"
    less = bootstrap_mean(found.untrained - found.trained, **resampling)
    apart = in_one_cell(less.estimate, *less.interval)
    untrained = f"{found.untrained.mean():.3f} untrained"
    return f"{said}, {untrained}, the latter less the former {apart} over {less.n} people"


def draw_start_movies(run: Run, cohort: str) -> Path | None:
    """Draw and read the start's movies of :func:`generated_rows`, or reuse them: ``sax.npy``, ``lax.npy``
    uint8 at the diffusion model's size, and ``indices.npy`` (n, 82); ``None`` where drawing starts from
    noise.
    """
    if why_no_start(run.profile.diffusion):
        return None
    rows, clean = generated_rows(run, cohort), open_clean(run, cohort)
    known = [run.models / "noise"] if knows_noise(run.profile.diffusion) else []
    ingredients = {
        "cohort": clean.folder,
        "models": [run.require(run.models / f"diffusion_{view}") for view in VIEWS] + known,
        "aligned": run.models / "aligned",
        "diffusion": run.profile.diffusion,
        "ecg_input": run.profile.ecg_input,
        "reader": fit_cine_reader(run),
        "rows": len(rows),
        "seed": run.profile.seed,
        "source": code_of(draw_start_movies),
    }

    def make(folder: Path) -> None:
        tokens = ecg_tokens(load_aligner(run).encoder, ecg_batch(clean, rows, run.profile.ecg_input))
        cines = {view: draw_start(run, view, tokens) for view in VIEWS}
        for view, movie in cines.items():
            np.save(folder / f"{view}.npy", movie)
        np.save(folder / "indices.npy", open_cine_reader(run)(cines).astype(np.float32))

    return run.fit_or_load(run.root / "movies" / f"start.{cohort}", ingredients, make)


def start_movies(run: Run, cohort: str, name: str) -> np.ndarray:
    """An array of :func:`draw_start_movies`: ``sax``, ``lax`` or ``indices``."""
    return memory_map(run.require(run.root / "movies" / f"start.{cohort}") / f"{name}.npy")
