"""How sharp movies are, and could be: real, without the scanner's noise, rebuilt, and generated.

A real movie holds noise, which nothing that draws can know. Of a simulated heart it can be left out: the same
heart, body and coil without the noise is the most that an autoencoder can give back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

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
from cardiacnets.experiments.diffusion.video_autoencoder import (
    BRIEF_EPOCHS,
    BRIEF_PEOPLE,
    load_brief,
    load_video_autoencoder,
)
from cardiacnets.experiments.shared.encoding import cine_batch, grey_levels
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.models.deforming_autoencoder import DeformingAutoencoder
from cardiacnets.models.diffusion import Autoencoder
from cardiacnets.models.linear_twin import CineComponents
from cardiacnets.profile import Diffusion
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
    "generated": "generated", "rebuilt": "rebuilt from all that is kept",
    "vector": "rebuilt from its vector alone",
    "brief": "rebuilt by an autoencoder trained here",
    "components": "rebuilt in closed form, from as many components", "noise-free": "without the noise",
}  # fmt: skip
"""Kinds of movies, as a table names them."""
HEADS = {"edges": ("edges, % of the real", 0), "similarity": ("similarity to the real", 3)}
"""What a table calls each measure, and its decimals."""
GOAL = 0.02
"""How far below the similarity of the noise-free heart that of the rebuilt one may lie."""


def noise_free_movies(
    people: Sequence[str], numbers: Sequence[int], made: Mapping[str, Any], frames: int, sizes: Diffusion
) -> dict[str, np.ndarray]:
    """Simulated people as they were before the scanner's noise: movies (n, T, H, W) uint8 by view, at the
    diffusion model's size. ``made``: from what their cohort was, of so many ``frames``.
    """
    which = made["cohort"], made["preset"], made["seed"], frames
    drawn = without_noise(people, [int(number) for number in numbers], *which)
    return {view: resize_cine(drawn[view], sizes.frames, view_pixels(sizes, view)) for view in VIEWS}


def rebuilt_movies(autoencoder: Autoencoder, real: np.ndarray) -> dict[str, np.ndarray]:
    """Movies (n, T, H, W) uint8, pressed into latents and drawn again, by kind: ``rebuilt``, and, where
    latents are one vector, from the ``vector`` alone, without the detail that is kept beside it.
    """
    alone = from_latents(autoencoder, real)
    if not isinstance(autoencoder, DeformingAutoencoder):
        return {"rebuilt": alone}
    return {"rebuilt": _drawn_again(autoencoder.rebuild, real), "vector": alone}


def from_latents(autoencoder: Autoencoder, real: np.ndarray) -> np.ndarray:
    """The same from latents alone, without what may be kept beside them: movies (n, T, H, W) uint8."""
    return _drawn_again(lambda part: autoencoder.decode(autoencoder.encode(part), real.shape[-1]), real)


def _drawn_again(way: Callable[[torch.Tensor], torch.Tensor], real: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        parts = cine_batch(real, np.arange(len(real))).split(AT_ONCE)
        return np.concatenate([grey_levels(way(part)) for part in parts])


def rebuilt_twice(run: Run, real: np.ndarray) -> dict[str, np.ndarray]:
    """Real movies (n, T, H, W) pressed and drawn again, by what a film is labelled with: by the weights that
    the profile names, and by a moment's training.
    """
    given = rebuilt_movies(load_video_autoencoder(run), real)["rebuilt"]
    return {"given weights": given, "trained here": from_latents(load_brief(run), real)}


def component_movies(
    taught: Mapping[str, np.ndarray], real: Mapping[str, np.ndarray], count: int, seed: int
) -> dict[str, np.ndarray]:
    """The same in closed form: movies by view, rebuilt from ``count`` principal components of whole movies
    that ``taught`` (n, T, H, W) have given.
    """
    rebuilt = {}
    for view, cines in taught.items():
        own, count = {view: cines}, min(count, len(cines) - 1)
        twin = CineComponents.fit(own, count, cines.shape[-1], seed)
        rebuilt |= twin.decode(twin.encode({view: np.asarray(real[view])}))
    return rebuilt


def _beside(run: Run, cohort: str, real: Mapping[str, np.ndarray]) -> dict[str, dict[str, np.ndarray]]:
    """By kind, movies by view beside the rebuilt ones: where latents are one vector, and hearts simulated."""
    found, sizes, clean = {}, run.profile.diffusion, open_clean(run, "ukb")
    if sizes.autoencoder == "deforming":
        rows = clean.rows("train")[:TAUGHT]
        taught = {view: diffusion_cines(run, clean, view, rows) for view in VIEWS}
        found["components"] = component_movies(taught, real, sizes.latent_channels, run.profile.seed)
    if may_show(run, cohort):
        made, stored = read_json(run.cohorts / cohort / SIDECAR)["ingredients"], open_cohort(run, cohort)
        rows = generated_rows(run, cohort)[:SHARP]
        people = stored.recordings["participant_id"].iloc[rows]
        found["noise-free"] = noise_free_movies(list(people), rows, made, stored.sax.shape[1], sizes)
    return found


def sharpness(run: Run, cohort: str) -> pd.DataFrame:
    """Edges, as percent of the real movies' mean step of grey level from pixel to pixel (``measure``
    ``edges``), and structural similarity to the real movie (``similarity``).

    One row a ``measure``, ``view`` and ``kind``: ``generated``, ``rebuilt``, and, where there are such,
    ``vector``, ``brief``, ``noise-free`` and ``components``; ``rebuilt-noise-free``, ``vector-components``
    and ``vector-brief`` are the paired differences of similarity. Intervals over participants.
    """
    rows, settings, autoencoder = [], run.profile.resampling, load_video_autoencoder(run)
    everyone = {view: movies(run, cohort, view, "real")[:SHARP] for view in VIEWS}
    beside = _beside(run, cohort, everyone)
    if run.profile.diffusion.pretrained_vae:
        beside["brief"] = {view: from_latents(load_brief(run), real) for view, real in everyone.items()}
    for view, real in everyone.items():
        drawn = {"generated": movies(run, cohort, view, "generated")[:SHARP]}
        drawn |= rebuilt_movies(autoencoder, real)
        drawn |= {kind: clips[view] for kind, clips in beside.items()}
        whole, alike = edges(real), {}
        for kind, clips in drawn.items():
            left, alike[kind] = edges(clips), movie_similarity(clips, real)

            def share(weights: np.ndarray, left: np.ndarray = left, whole: np.ndarray = whole) -> np.ndarray:
                return 100 * (weights @ left) / (weights @ whole)

            found = participant_bootstrap(share, len(whole), **settings)
            rows.append({"measure": "edges", "view": view, "kind": kind} | found.row())
        if "noise-free" in alike:
            alike["rebuilt-noise-free"] = alike["rebuilt"] - alike["noise-free"]
        if "components" in alike:  # as many numbers a heart
            alike["vector-components"] = alike["vector"] - alike["components"]
        if "brief" in alike:  # it keeps no detail
            alike["vector-brief"] = alike.get("vector", alike["rebuilt"]) - alike["brief"]
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
            "The movies are smoother than they could be: look at the size of the chambers, at the thickness "
            "of the walls and at how they contract, not at texture."
        )
    else:
        told.append("Edges alone do not say whose heart it is: look at size, thickness and contraction.")
    ends = (_beside_components(rows), _beside_brief(rows), _lost_told(rows, known))
    return " ".join([*told, *filter(None, ends)])


def _beside_components(rows: dict[tuple[str, str, str], Estimate]) -> str:
    """Whether the autoencoder rebuilds more than its closed form does, where that stands beside it."""
    said = []
    for view, name in VIEW_TITLES.items():
        if ("similarity", view, "vector-components") not in rows:
            return ""
        one = rows["similarity", view, "vector-components"]
        side = {1: "more", -1: "less", 0: "not shown to be more or less", None: "not comparable"}
        ends = in_one_cell(one.estimate, *one.interval)
        said.append(f"{side[side_of_zero(one)]} in the {name} view (difference {ends})")
    return (
        "Beside as many principal components of whole movies, its closed form, what the autoencoder rebuilds "
        f"from the vector alone is like the real ones: {', and '.join(said)}. The intervals hold "
        "participants, and one training of the autoencoder: another may differ."
    )


def _beside_brief(rows: dict[tuple[str, str, str], Estimate]) -> str:
    """What weights that are given have over a moment's training, where that stands beside them."""
    if ("similarity", VIEWS[0], "vector-brief") not in rows:
        return ""
    apart = [rows["similarity", view, "vector-brief"] for view in VIEWS]
    sides = {side_of_zero(one) for one in apart}
    verdict = {1: "the given weights rebuild more of a heart", -1: "the given weights rebuild less"}
    said = verdict.get(sides.pop(), "no difference is seen") if len(sides) == 1 else "the views disagree"
    ends = " and ".join(in_one_cell(one.estimate, *one.interval) for one in apart)
    return (
        f"An autoencoder of the same kind that was trained here from nothing, {BRIEF_EPOCHS} times through "
        f"the cines of {BRIEF_PEOPLE} people, stands beside the weights that this profile names: the "
        f"similarity of what these rebuild, without detail, less its own is {ends} (short axis, "
        f"four-chamber): {said}."
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
