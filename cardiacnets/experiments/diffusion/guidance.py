"""Chapter 04: how the ECG guides the picture, the study's open question.

Three views of it. Whether the network listens: its error with one's own ECG against a stranger's. Where it
looks: cross-attention from each place of each frame to leads and times. And what it does: the same simulated
heart with one cause turned and all else kept, its ECG put in, the movie drawn from the same noise. There the
true change is known, so the movie's can be scored.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from cardiacnets.cohorts.preprocessing import encoder_view, open_clean, resize_cine
from cardiacnets.contracts import LEADS
from cardiacnets.digital_heart import one_heart
from cardiacnets.experiments.contrastive_alignment.align import load_aligner
from cardiacnets.experiments.diffusion.cine_reader import (
    diffusion_cines,
    finer,
    fit_cine_reader,
    open_cine_reader,
    view_pixels,
)
from cardiacnets.experiments.diffusion.generate import draw_movies, ecg_tokens, load_diffusion
from cardiacnets.experiments.shared.encoding import cine_batch
from cardiacnets.experiments.shared.inputs import ecg_batch, scale_ecg
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.models.diffusion import VideoDiffusion
from cardiacnets.models.ecg_attention import EcgContext
from cardiacnets.phenotypes import INDEX_NAMES
from cardiacnets.profile import Profile
from cardiacnets.reach import code_of
from cardiacnets.run import Run
from cardiacnets.statistics import wilson_interval
from cardiacnets.statistics.resampling import bootstrap_mean

REGION = 0.2
"""The region that truly changed: the fifth of the pixels with the largest true change."""

LISTENERS = 128
"""Validation participants whose ECGs the network is asked about."""
NOISE_LEVELS = (0.3, 0.6, 0.9)
"""Shares of the schedule at which the attention is watched, and averaged."""


@dataclass(frozen=True)
class Cause:
    """One cause turned: the latents that are set, and the index it is known to move (empty: none)."""

    name: str
    latents: dict[str, Any]
    index: str = ""


CAUSES = (
    Cause("dilated", {"condition": "dcm", "severity": 0.8}, "lv_edv"),
    Cause("hypertrophic", {"condition": "hcm", "severity": 0.8}, "lv_mass"),
    Cause("restrictive", {"condition": "rcm", "severity": 0.8}, "la_max"),
    # the ECG changes and the heart does not: a movie that follows this has learned the wrong thing
    Cause("turned in the chest", {"azimuth": 1.3, "elevation": 0.5}),
)
REDRAWN = "other noise"
"""The same ECG, the movie drawn from other noise: the change that means nothing."""


def listening(run: Run, view: str) -> pd.DataFrame:
    """Denoising errors of validation cines with one's own ECG, a stranger's and none, by noise level.

    One row a ``level`` (share of the schedule) and ``told``: the mean error and, for strangers and none, how
    much it lies above one's own (``estimate`` with a bootstrap interval over participants); nothing is excess
    where the network does not listen. The noise is the same for all three.
    """
    clean, rows = open_clean(run, "ukb"), []
    people_rows = clean.rows("validation")[:LISTENERS]
    model, generator = load_diffusion(run, view), torch.Generator().manual_seed(run.profile.seed)
    ecg = ecg_batch(clean, people_rows, run.profile.ecg_input)
    tokens = ecg_tokens(load_aligner(run).encoder, ecg)
    with torch.inference_mode():
        latents = model.encode(cine_batch(diffusion_cines(run, clean, view, people_rows), slice(None)))
        told = {"own": tokens, "stranger": tokens.roll(1, 0), "none": None}
        contexts = {
            name: (
                model.condition.absent(len(tokens)) if ecg is None else model.condition(ecg),
                model.rest(latents, ecg),
            )
            for name, ecg in told.items()
        }
        for level in NOISE_LEVELS:
            steps = torch.full((len(tokens),), round(level * model.sizes.noise_steps))
            noise = torch.randn(latents.shape, generator=generator)
            errors = {
                name: model.errors(rest, context, steps, noise).numpy()
                for name, (context, rest) in contexts.items()
            }
            for name, error in errors.items():
                row = {"level": level, "told": name, "error": float(error.mean()), "n": len(tokens)}
                if name != "own":
                    row |= bootstrap_mean(error - errors["own"], **run.profile.resampling).row()
                rows.append(row)
    return pd.DataFrame(rows)


@dataclass(frozen=True, eq=False)
class Sample:
    """Validation participants: short-axis ``sax`` (n, T, H, W) uint8 and ECG ``tokens`` (n, N, D)."""

    sax: np.ndarray
    tokens: torch.Tensor


def validation_sample(run: Run, people: int) -> Sample:
    """The first ``people`` participants of ``ukb``'s validation split, at the diffusion model's size."""
    clean = open_clean(run, "ukb")
    rows = clean.rows("validation")[:people]
    tokens = ecg_tokens(load_aligner(run).encoder, ecg_batch(clean, rows, run.profile.ecg_input))
    return Sample(diffusion_cines(run, clean, "sax", rows), tokens)


def attention_maps(model: VideoDiffusion, cines: np.ndarray, tokens: torch.Tensor, seed: int) -> np.ndarray:
    """Where each place of each frame looks: (B, T, h, w, 12, columns), summing to 1 over leads and columns.

    ``cines`` (B, T, H, W) uint8, mixed with noise at :data:`NOISE_LEVELS`; ``tokens`` (B, N, D). The mean
    over heads, the finest cross-attention layers and the noise levels.
    """
    generator, total = torch.Generator().manual_seed(seed), torch.zeros(())
    with torch.inference_mode():
        latents = model.encode(cine_batch(cines, np.arange(len(cines))))  # (B, C, T, h, w)
        rest = model.rest(latents, tokens)
        places = latents[0, 0].numel()
        for level in NOISE_LEVELS:
            context = EcgContext(model.condition(tokens), watch=True)
            steps = torch.full((len(cines),), round(level * model.sizes.noise_steps))
            noise = torch.randn(latents.shape, generator=generator)
            model.denoise(model.mix(rest, noise, steps), steps, context)
            finest = [seen for seen in context.seen.values() if seen.shape[1] == places]
            total = total + torch.stack(finest).mean(0)
    maps = (total / len(NOISE_LEVELS)).numpy()  # (B, T * h * w, N)
    return maps.reshape(len(cines), *latents.shape[2:], len(LEADS), -1)


def moving_gaze(maps: np.ndarray) -> tuple[np.ndarray, str]:
    """How much the gaze of each place (h, w) moves in :func:`attention_maps`, and across what: from frame to
    frame, or, where latents hold all frames at once, from person to person.
    """
    axis, across = (1, "frame to frame") if maps.shape[1] > 1 else (0, "person to person")
    return maps.std(axis=axis).mean(axis=(0, 3, 4)), across


def turn_causes(run: Run) -> Path:
    """Draw hearts, turn each of :data:`CAUSES`, generate their movies and read them; or reuse all that.

    ``real_<view>.npy`` and ``generated_<view>.npy`` uint8 (states, n, T, H, W), ``truth.npy`` and
    ``read.npy`` (states, n, 82): state 0 is the healthy heart, then the causes, then (generated only)
    :data:`REDRAWN`.
    """
    count, seed = run.profile.diffusion.counterfactuals, run.profile.seed
    folders = [run.require(run.models / f"diffusion_{view}") for view in VIEWS]
    ingredients = {
        "models": folders,
        "aligned": run.models / "aligned",
        "reader": fit_cine_reader(run),
        "diffusion": run.profile.diffusion,
        "ecg_input": run.profile.ecg_input,
        "frames": run.profile.cohorts.frames,
        "seed": seed,
        "source": code_of(turn_causes),
    }

    def make(folder: Path) -> None:
        truths, tokens, real = [], [], {view: [] for view in VIEWS}
        encoder = load_aligner(run).encoder
        for latents in ({}, *(cause.latents for cause in CAUSES)):
            hearts = [
                one_heart(seed=10_000 * seed + person, frames=run.profile.cohorts.frames, **latents)
                for person in range(count)
            ]
            truths.append(np.stack([heart.indices_true for heart in hearts]))
            ecg = encoder_view(np.stack([heart.ecg for heart in hearts]), run.profile.ecg_input)
            inputs = np.ascontiguousarray(scale_ecg(ecg, run.profile.ecg_input), dtype=np.float32)
            tokens.append(ecg_tokens(encoder, torch.from_numpy(inputs)))
            for view in VIEWS:
                cines = np.stack([getattr(heart, view) for heart in hearts])
                real[view].append(_as_prepared(run.profile, view, cines))
        generated = {view: [] for view in VIEWS}
        for view in VIEWS:
            drawn = [(part, seed) for part in tokens] + [(tokens[0], seed + 1)]
            generated[view] = [draw_movies(run, view, part, key) for part, key in drawn]
            np.save(folder / f"real_{view}.npy", np.stack(real[view]))
            np.save(folder / f"generated_{view}.npy", np.stack(generated[view]))
        reader = open_cine_reader(run)
        states = range(len(CAUSES) + 2)
        read = [reader({view: generated[view][state] for view in VIEWS}) for state in states]
        np.save(folder / "read.npy", np.stack(read).astype(np.float32))
        np.save(folder / "truth.npy", np.stack(truths))

    return run.fit_or_load(run.root / "counterfactuals", ingredients, make)


def counterfactual(run: Run, name: str) -> np.ndarray:
    """An array of :func:`turn_causes`: ``real_sax``, ``generated_lax``, ``read`` or ``truth``."""
    folder = run.require(run.root / "counterfactuals")
    return np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)


def score_places(run: Run) -> pd.DataFrame:
    """How much and where the generated movie changed, with bootstrap intervals over hearts.

    One row a cause, view and measure. ``size``: root mean square change of the generated movie, grey levels
    of 255. ``in_region``: share of the change's energy inside the region that truly changed (:data:`REGION`),
    over that region's share of the picture; 1 is chance. A heart lies in the middle whatever is turned, so
    each cause stands beside :data:`REDRAWN`, scored in the same region.
    """
    rows = []
    for view in VIEWS:
        real = counterfactual(run, f"real_{view}").astype(np.float32)
        drawn = counterfactual(run, f"generated_{view}").astype(np.float32)
        redrawn = drawn[-1] - drawn[0]
        for state, cause in enumerate(CAUSES, start=1):
            true = np.abs(real[state] - real[0])
            for name, change in ((cause.name, drawn[state] - drawn[0]), (REDRAWN, redrawn)):
                measures = {"size": np.sqrt((change**2).mean(axis=(1, 2, 3)))}
                if cause.index:
                    measures["in_region"] = enrichment(change, true)
                rows += [
                    {"cause": cause.name, "change": name, "view": view, "measure": measure,
                     **bootstrap_mean(values, **run.profile.resampling).row()}
                    for measure, values in measures.items()
                ]  # fmt: skip
    return pd.DataFrame(rows)


def enrichment(change: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Share of the energy of ``change`` (n, T, H, W) in the :data:`REGION` of largest ``true`` change, over
    the region's size: (n,), 1 by chance, at most 1 / :data:`REGION`.

    A change of nothing has no place: 1.
    """
    energy = (change.astype(np.float64) ** 2).reshape(len(change), -1)
    flat = true.reshape(len(true), -1)
    count = max(1, round(REGION * flat.shape[1]))
    inside = np.argpartition(-flat, count - 1, axis=1)[:, :count]
    held = np.take_along_axis(energy, inside, axis=1).sum(1)
    whole = energy.sum(1)
    share = np.divide(held, whole, out=np.full(len(whole), count / flat.shape[1]), where=whole > 0)
    return share * flat.shape[1] / count


def score_directions(run: Run) -> pd.DataFrame:
    """Whether the index that a cause moves is read to move the same way, with intervals over hearts.

    One row a cause: mean change of the index in truth (``true``) and as read from the generated movies
    (``estimate``, ``low``, ``high``); ``agree``: share of hearts read to move in the true direction, with
    Wilson limits. The last row has no true change: volume read after the heart was turned in the chest.
    """
    read, truth, rows = counterfactual(run, "read"), counterfactual(run, "truth"), []
    for state, cause in enumerate(CAUSES, start=1):
        index = cause.index or "lv_edv"
        place = INDEX_NAMES.index(index)
        change, true = ((array[state] - array[0])[:, place] for array in (read, truth))
        row = {"cause": cause.name, "index_name": index, "true": float(true.mean())}
        row |= bootstrap_mean(change, **run.profile.resampling).row()
        if cause.index:
            agree = wilson_interval(int((np.sign(change) == np.sign(true)).sum()), len(change))
            low, high = agree.interval
            row |= {"agree": agree.estimate, "agree_low": low, "agree_high": high}
        rows.append(row)
    return pd.DataFrame(rows)


def _as_prepared(profile: Profile, view: str, cines: np.ndarray) -> np.ndarray:
    """Simulated cines at the diffusion model's size, by the same steps as a cohort's."""
    cmr, sizes = profile.cmr_autoencoder, profile.diffusion
    pixels, prepared = view_pixels(sizes, view), resize_cine(cines, cmr.frames, cmr.pixels)
    if pixels > cmr.pixels:
        prepared = finer(prepared, cines)
    return resize_cine(prepared, sizes.frames, pixels)
