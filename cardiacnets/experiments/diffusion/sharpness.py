"""How sharp movies are, and could be: real, without the scanner's noise, rebuilt, and generated.

A real movie holds noise, which nothing that draws can know. Of a simulated heart it can be left out: the same
heart, body and coil without the noise is the most that an autoencoder can give back.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from cardiacnets.artefacts import read_json
from cardiacnets.cohorts.preprocessing import open_clean, resize_cine
from cardiacnets.cohorts.store import open_cohort
from cardiacnets.cohorts.studied import may_show
from cardiacnets.digital_heart.redrawn import without_noise
from cardiacnets.experiments.diffusion.cine_reader import diffusion_cines, view_pixels
from cardiacnets.experiments.diffusion.generate import generated_rows, movies
from cardiacnets.experiments.diffusion.movie_quality import movie_similarity
from cardiacnets.experiments.diffusion.video_autoencoder import load_video_autoencoder
from cardiacnets.experiments.shared.encoding import cine_batch
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.models.linear_twin import CineComponents
from cardiacnets.run import SIDECAR, Run
from cardiacnets.statistics.estimate import Estimate
from cardiacnets.statistics.in_words import in_one_cell, side_of_zero
from cardiacnets.statistics.resampling import bootstrap_mean, participant_bootstrap
from cardiacnets.study import VIEW_TITLES

SHARP = 64
"""People whose movies are looked at."""
AT_ONCE = 16
TAUGHT = 1_000
"""Training people whose cines teach components of whole movies, at most."""
SHOWN = {
    "generated": "generated", "rebuilt": "rebuilt from its latents",
    "components": "rebuilt in closed form, from as many components", "noise-free": "without the noise",
}  # fmt: skip
"""Kinds of movies, as a table names them."""
HEADS = {"edges": ("edges, % of the real", 0), "similarity": ("similarity to the real", 3)}
"""What a table calls each measure, and its decimals."""
GOAL = 0.02
"""How far below the similarity of the noise-free heart that of the rebuilt one may lie."""


def noise_free_movies(run: Run, cohort: str) -> dict[str, np.ndarray] | None:
    """The first :data:`SHARP` of :func:`~.generate.generated_rows` as they were before the scanner's noise:
    movies (n, T, H, W) uint8 by view, at the diffusion model's size; None of real people.
    """
    if not may_show(run, cohort):
        return None
    made, settings = read_json(run.cohorts / cohort / SIDECAR)["ingredients"], run.profile.diffusion
    rows, stored = generated_rows(run, cohort)[:SHARP], open_cohort(run, cohort)
    people = stored.recordings["participant_id"].iloc[rows]
    which = made["cohort"], made["preset"], made["seed"], stored.sax.shape[1]
    drawn = without_noise(list(people), [int(row) for row in rows], *which)
    return {
        view: resize_cine(cines, settings.frames, view_pixels(settings, view))
        for view, cines in drawn.items()
    }  # fmt: skip


def rebuilt_movies(run: Run, cohort: str, view: str) -> np.ndarray:
    """The first :data:`SHARP` real movies, pressed into latents and drawn again: (n, T, H, W) uint8."""
    autoencoder, real = load_video_autoencoder(run), movies(run, cohort, view, "real")[:SHARP]
    with torch.inference_mode():
        parts = cine_batch(real, np.arange(len(real))).split(AT_ONCE)
        rebuilt = torch.cat([autoencoder.decode(autoencoder.encode(part), real.shape[-1]) for part in parts])
    return rebuilt.mul(255).round().clamp(0, 255).byte().numpy()


def component_movies(run: Run, cohort: str) -> dict[str, np.ndarray] | None:
    """The same by the autoencoder's closed form: by view, movies rebuilt from as many principal components of
    whole movies, learned from training people of ``ukb``, as the autoencoder has latents. None where latents
    are more than one vector a heart.
    """
    settings = run.profile.diffusion
    if settings.autoencoder != "deforming":
        return None
    clean = open_clean(run, "ukb")
    rows, rebuilt = clean.rows("train")[:TAUGHT], {}
    for view in VIEWS:
        cines = {view: diffusion_cines(run, clean, view, rows)}
        count = min(settings.latent_channels, len(rows) - 1)
        twin = CineComponents.fit(cines, count, cines[view].shape[-1], run.profile.seed)
        real = np.asarray(movies(run, cohort, view, "real")[:SHARP])
        rebuilt |= twin.decode(twin.encode({view: real}))
    return rebuilt


def sharpness(run: Run, cohort: str) -> pd.DataFrame:
    """Edges, as percent of the real movies' mean step of grey level from pixel to pixel (``measure``
    ``edges``), and structural similarity to the real movie (``similarity``).

    One row a ``measure``, ``view`` and ``kind``: ``generated``, ``rebuilt``, and, where there are such,
    ``noise-free`` and ``components``; ``rebuilt-noise-free`` and ``rebuilt-components`` are the paired
    differences of similarity. Intervals over participants.
    """
    rows, settings = [], run.profile.resampling
    beside = {"components": component_movies(run, cohort), "noise-free": noise_free_movies(run, cohort)}
    beside = {kind: clips for kind, clips in beside.items() if clips is not None}
    for view in VIEWS:
        real = movies(run, cohort, view, "real")[:SHARP]
        drawn = {"generated": movies(run, cohort, view, "generated")[:SHARP]}
        drawn["rebuilt"] = rebuilt_movies(run, cohort, view)
        drawn |= {kind: clips[view] for kind, clips in beside.items()}
        whole, alike = edges(real), {}
        for kind, clips in drawn.items():
            left, alike[kind] = edges(clips), movie_similarity(clips, real)

            def share(weights: np.ndarray, left: np.ndarray = left, whole: np.ndarray = whole) -> np.ndarray:
                return 100 * (weights @ left) / (weights @ whole)

            found = participant_bootstrap(share, len(whole), **settings)
            rows.append({"measure": "edges", "view": view, "kind": kind} | found.row())
        for kind in beside:
            alike[f"rebuilt-{kind}"] = alike["rebuilt"] - alike[kind]
        rows += [
            {"measure": "similarity", "view": view, "kind": kind} | bootstrap_mean(each, **settings).row()
            for kind, each in alike.items()
        ]
    return pd.DataFrame(rows)


def edges(clips: np.ndarray) -> np.ndarray:
    """Mean absolute difference of neighbouring pixels of movies (n, T, H, W): (n,), in grey levels."""
    return np.array([
        np.mean([np.abs(np.diff(clip.astype(np.float32), axis=axis)).mean() for axis in (1, 2)])
        for clip in clips
    ])  # fmt: skip


def sharpness_table(found: pd.DataFrame) -> pd.DataFrame:
    """:func:`sharpness` for a page: a view and kind of movie a line."""
    lines = {}
    for row in found.itertuples():
        if row.kind not in SHOWN:
            continue
        named = {"view": VIEW_TITLES[row.view], "movie": SHOWN[row.kind], "n": row.n}
        line = lines.setdefault((row.view, row.kind), named)
        head, digits = HEADS[row.measure]
        line[head] = in_one_cell(row.estimate, row.low, row.high, digits)
    heads = [head for head, _ in HEADS.values()]
    return pd.DataFrame(lines.values())[["view", "movie", *heads, "n"]]


def sharp_told(found: pd.DataFrame) -> str:
    """What is to be seen in a generated movie and what is not, of :func:`sharpness`."""
    rows = {(row.measure, row.view, row.kind): Estimate.of(row) for row in found.itertuples()}

    def percent(view: str, kind: str) -> str:
        one = rows["edges", view, kind]
        return f"{one.estimate:.0f} % ({one.interval[0]:.0f} to {one.interval[1]:.0f})"

    told = [
        f"In the {name} view generated pictures have {percent(view, 'generated')} of the real ones' edges "
        "(steps of grey level from pixel to pixel, noise among them); pressing real ones into latents "
        f"and drawing them again, without any ECG, leaves {percent(view, 'rebuilt')}"
        + (
            f", and the same hearts before the scanner's noise have {percent(view, 'noise-free')}."
            if ("edges", view, "noise-free") in rows
            else "."
        )
        for view, name in VIEW_TITLES.items()
    ]
    known = ("edges", VIEWS[0], "noise-free") in rows
    drawn = [rows["edges", view, "generated"] for view in VIEWS]
    most = [rows["edges", view, "noise-free"].interval[0] if known else 100 for view in VIEWS]
    if all(one.interval[1] < end for one, end in zip(drawn, most, strict=True)):
        told.append(
            "The movies are blurred: look at the size of the chambers, at the thickness of the walls and at "
            "how they contract, not at texture."
        )
    else:
        told.append("Edges alone do not say whose heart it is: look at size, thickness and contraction.")
    return " ".join([*told, _beside_components(rows), _lost_told(rows, known)]).replace("  ", " ").strip()


def _beside_components(rows: dict[tuple[str, str, str], Estimate]) -> str:
    """Whether the autoencoder rebuilds more than its closed form does, where that stands beside it."""
    said = []
    for view, name in VIEW_TITLES.items():
        if ("similarity", view, "rebuilt-components") not in rows:
            return ""
        one = rows["similarity", view, "rebuilt-components"]
        side = {1: "more", -1: "less", 0: "not shown to be more or less", None: "not comparable"}
        ends = in_one_cell(one.estimate, *one.interval)
        said.append(f"{side[side_of_zero(one)]} in the {name} view (difference {ends})")
    return (
        "Beside as many principal components of whole movies, its closed form, the autoencoder's rebuilt "
        f"movies are like the real ones: {', and '.join(said)}."
    )


def _lost_told(rows: dict[tuple[str, str, str], Estimate], known: bool) -> str:
    """What the latents lose: beside the noise-free heart, or, of real people, beside the real movie."""
    if not known:
        rebuilt = [rows["edges", view, "rebuilt"] for view in VIEWS]
        lossy = all(one.interval[1] < 100 for one in rebuilt)
        return "What the latents lose, noise or detail, no ECG can bring back." if lossy else ""
    each = [rows["similarity", view, "rebuilt-noise-free"] for view in VIEWS]
    apart = " and ".join(
        f"{one.estimate:+.3f} ({one.interval[0]:+.3f} to {one.interval[1]:+.3f})".replace("-", "−")
        for one in each
    )
    within = [one.interval[0] > -GOAL for one in each]
    verdict = (
        f"within the goal of {GOAL:g}"
        if all(within)
        else f"further off than the goal of {GOAL:g}"
        if all(one.interval[1] < -GOAL for one in each)
        else f"so that the goal of {GOAL:g} is not shown to be met in both views"
    )
    return (
        "What the latents cost: the similarity of rebuilt movies to the real ones, less that of the hearts "
        f"without noise, is {apart} (short axis, four-chamber), {verdict}."
    )
