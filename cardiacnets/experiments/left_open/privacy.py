"""Chapter 09: does the generator give away the people it learned from?

Two tests that need no more than the network. *Nearest neighbour*: is a movie drawn for a stranger's ECG
closer to a training movie than to an equally large set that no network saw? *Membership*: are denoising
errors of the people it was trained on smaller than those of others, so that the error tells who was in the
training set? An AUC of .5 tells nothing. The same is asked of the aligned encoder's similarity of an ECG with
its own heart.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import torch

from cardiacnets.cohorts.preprocessing import open_clean
from cardiacnets.experiments.contrastive_alignment.align import embeddings, load_aligner
from cardiacnets.experiments.diffusion.cine_reader import diffusion_cines
from cardiacnets.experiments.diffusion.generate import ecg_tokens, load_diffusion, movies
from cardiacnets.experiments.shared.encoding import cine_batch
from cardiacnets.experiments.shared.inputs import ecg_batch
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.models.diffusion import VideoDiffusion
from cardiacnets.run import Run
from cardiacnets.statistics import auc_interval, bootstrap_mean
from cardiacnets.study import VIEWS as NAMED

PEOPLE = 128
"""Members, and as many others, whose errors are compared."""
LEVELS = (0.3, 0.6)
"""Shares of the noise schedule at which the errors are taken: with more noise nobody can be told apart."""


def nearest_neighbours(run: Run) -> pd.DataFrame:
    """One row a view and kind of movie (``generated``, and ``real`` of the same people as a control):
    ``estimate`` with interval, the share whose nearest movie is a training one, among as many training movies
    as validation movies; by chance one half. ``distance``: root mean square difference to the nearest, in
    grey levels.
    """
    clean, rows = open_clean(run, "ukb"), []
    rng = np.random.default_rng([run.profile.seed, 909])
    others = clean.rows("validation")
    training = clean.rows("train")
    members = np.sort(rng.choice(training, min(len(others), len(training)), replace=False))
    others = others[: len(members)]
    for view in VIEWS:
        known = {
            name: diffusion_cines(run, clean, view, part)
            for name, part in (("member", members), ("other", others))
        }
        for kind in ("generated", "real"):
            drawn = np.asarray(movies(run, "ukb", view, kind))
            distance = {name: nearest_distance(drawn, part) for name, part in known.items()}
            member, other = distance["member"], distance["other"]
            closer = (member < other) + 0.5 * (member == other)
            found = bootstrap_mean(closer, **run.profile.resampling)
            nearest = float(np.minimum(member, other).mean())
            rows.append(
                {"view": NAMED[view].title, "kind": kind, "training": len(members), "distance": nearest}
                | found.row()
            )  # fmt: skip
    return pd.DataFrame(rows)


def nearest_distance(drawn: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Root mean square difference (n,) of each of ``drawn`` (n, T, H, W) to the nearest of ``known``."""
    a, b = (part.reshape(len(part), -1).astype(np.float32) for part in (drawn, known))  # (n, T * H * W)
    squares = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T  # (n, m)
    return np.sqrt(np.maximum(squares.min(axis=1), 0) / a.shape[1])


def membership(run: Run) -> pd.DataFrame:
    """One row an attack: ``estimate`` (AUC), ``low``, ``high``, ``n``: how well a small denoising error of
    either view's generator, or a great similarity of ECG and CMR in the aligned space, tells a training
    participant from a test participant.
    """
    clean = open_clean(run, "ukb")
    rng = np.random.default_rng([run.profile.seed, 910])
    sides = [clean.rows("train"), clean.rows("test")]
    count = min(PEOPLE, *(len(side) for side in sides))
    chosen = np.concatenate([np.sort(rng.choice(side, count, replace=False)) for side in sides])
    member = np.repeat([1, 0], count)
    tokens = ecg_tokens(load_aligner(run).encoder, ecg_batch(clean, chosen, run.profile.ecg_input))
    attacks = {}
    for view in VIEWS:
        cines = diffusion_cines(run, clean, view, chosen)
        errors = denoising_errors(load_diffusion(run, view), cines, tokens, run.profile.seed)
        attacks[f"denoising error, {NAMED[view].title}"] = -errors
    attacks["similarity of ECG and CMR, aligned"] = own_similarity(embeddings(run, "ukb", chosen))
    return pd.DataFrame([
        {"attack": name} | auc_interval(member, score).row() for name, score in attacks.items()
    ])  # fmt: skip


def denoising_errors(
    model: VideoDiffusion, cines: np.ndarray, tokens: torch.Tensor, seed: int
) -> np.ndarray:
    """Mean error (n,) over :data:`LEVELS`, the same noise for all ``cines`` (n, T, H, W), with the ``tokens``
    (n, N, D) of each person's own ECG.
    """
    generator, total = torch.Generator().manual_seed(seed), 0
    with torch.inference_mode():
        latents = model.encode(cine_batch(cines, slice(None)))
        context, rest = model.condition(tokens), model.rest(latents, tokens)
        for level in LEVELS:
            steps = torch.full((len(cines),), round(level * model.sizes.noise_steps))
            noise = torch.randn(latents.shape[1:], generator=generator).expand_as(latents)
            total = total + model.errors(rest, context, steps, noise).numpy()
    return total / len(LEVELS)


def own_similarity(embedded: Mapping[str, np.ndarray]) -> np.ndarray:
    """Cosine (n,) of each embedding ``ecg`` (n, P) with those of its own heart, mean over the views."""
    unit = {name: part / np.linalg.norm(part, axis=1, keepdims=True) for name, part in embedded.items()}
    hearts = [name for name in unit if name != "ecg"]
    return np.mean([(unit["ecg"] * unit[name]).sum(1) for name in hearts], axis=0)
