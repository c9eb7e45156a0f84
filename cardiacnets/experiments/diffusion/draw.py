"""The pictures of chapter 04: noise and loss, real beside generated, and how the ECG guides the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from cardiacnets.contracts import LEADS
from cardiacnets.judges import seen_heart
from cardiacnets.picture import Picture
from cardiacnets.study import VIEW_TITLES
from cardiacnets.theme import BLUE, INK, ORANGE, SKY, VERMILION

TOLD = {"stranger": "a stranger's ECG", "none": "no ECG"}
CHANGE = 60
"""Grey levels of 255 that are drawn in full colour."""


def schedule(alphas: np.ndarray, prediction: str = "velocity") -> Picture:
    """Signal and noise in a latent at each step of the schedule, from cumulative ``alphas`` (steps,); those
    of a ``flow`` are the squares of amplitudes that add up to 1.
    """
    straight = prediction == "flow"
    noise = 1 - np.sqrt(alphas) if straight else np.sqrt(1 - alphas)
    table = pd.DataFrame({"signal": np.sqrt(alphas), "noise": noise})
    figure = Figure(figsize=(6.5, 2.8))
    axis = figure.subplots()
    seaborn.lineplot(table, ax=axis)
    axis.set(xlabel="step t", ylabel="amplitude")
    return Picture(
        figure,
        "schedule",
        "How much signal and noise a latent holds at each step of "
        + ("a flow, along a straight line." if straight else "the linear schedule, as published."),
        "Two curves over diffusion steps: signal amplitude falls from one to zero while noise amplitude "
        "rises from zero to one.",
    )


def losses(by_view: Mapping[str, pd.Series], untrained: Mapping[str, float]) -> Picture:
    """Denoising loss by epoch of each view's model, above the error of the ``untrained`` (NaN: no line)."""
    table = pd.DataFrame({VIEW_TITLES[view]: loss for view, loss in by_view.items()})
    figure = Figure(figsize=(6.5, 2.8))
    axis = figure.subplots()
    seaborn.lineplot(table, markers=["o"] * len(table.columns), dashes=False, ax=axis)
    for line, view in zip(list(axis.get_lines()), by_view, strict=False):
        if np.isfinite(untrained[view]):
            axis.axhline(untrained[view], color=line.get_color(), linestyle=":", linewidth=1.2)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.set(xlabel="epoch", ylabel="denoising error")
    return Picture(
        figure,
        "losses",
        "Denoising error of the two models, the mean of each epoch of training; dotted, in the same colour, "
        "that of a network that has learned nothing yet, of people of validation. A model that starts at "
        "noise then has an error of 1; one that starts at the expected heart starts at what the straight "
        "line already tells, in training one that has learned from other people.",
        "Line chart of the denoising error of the short-axis and four-chamber models against epoch, with "
        "dotted lines for the untrained.",
    )


def frames(movies: Mapping[str, Mapping[str, np.ndarray]]) -> Picture:
    """The first person's movie (T, H, W) by kind and view, frame by frame."""
    rows = [(view, kind) for view in VIEW_TITLES for kind in ("real", "generated")]
    count = len(movies["real"]["sax"][0])
    figure = Figure(figsize=(1.1 * count, 4.6))
    axes = figure.subplots(len(rows), count)
    for line, (view, kind) in zip(axes, rows, strict=True):
        for axis, frame in zip(line, movies[kind][view][0], strict=True):
            axis.imshow(frame, cmap="gray", vmin=0, vmax=255)
            axis.set(xticks=[], yticks=[])
        line[0].set_ylabel(kind)
    return Picture(
        figure,
        "frames",
        "One participant through the beat, from the R wave: short axis (upper rows) and four-chamber view "
        "(lower rows), real and generated.",
        "Four rows of small grey images showing one heart contracting and relaxing, real and generated in "
        "two views.",
        "simulated",
    )


def listening(heard: Mapping[str, pd.DataFrame]) -> Picture:
    """Excess denoising error without one's own ECG, by noise level and view."""
    figure = Figure(figsize=(8, 3))
    axes = figure.subplots(1, len(heard), sharey=True)
    for axis, (view, found) in zip(axes, heard.items(), strict=True):
        for told, rows in found[found["told"] != "own"].groupby("told"):
            spread = np.abs(rows[["low", "high"]].T.to_numpy() - rows["estimate"].to_numpy())
            name = TOLD[told]
            axis.errorbar(rows["level"], rows["estimate"], yerr=spread, marker="o", capsize=3, label=name)
        axis.axhline(0, color=INK, linewidth=0.8)
        axis.set(title=VIEW_TITLES[view], xlabel="noise level (share of the schedule)")
    axes[0].set_ylabel("excess error")
    axes[0].legend()
    return Picture(
        figure,
        "listening",
        "How much the denoising error rises when the ECG is a stranger's or absent, with 95 % intervals "
        "over validation participants. Zero: the network does not listen.",
        "Two panels with error bars: excess denoising error for a stranger's ECG and for none against the "
        "noise level, with a line at zero.",
    )


def attention(looked: np.ndarray, uniform: float, people: int) -> Picture:
    """Attention (T, 12, tokens) to the ECG, over frames and by frame; ``uniform`` is one share."""
    if looked.shape[1:] == (len(LEADS), 1) and len(looked) == 1:
        return _attention_bars(looked[0, :, 0] / uniform, people)
    by_frame = looked.sum(2).T * len(LEADS)  # (12, T), multiples of uniform
    figure = Figure(figsize=(8.5, 3.8))
    shown = [(looked.mean(0) / uniform, "token of a lead", "tokens")]
    if len(looked) > 1:
        shown.append((by_frame, "frame of the movie", "leads, by frame"))
    ratios = (looked.shape[2], max(4, len(looked)))[: len(shown)]
    axes = figure.subplots(1, len(shown), width_ratios=ratios, squeeze=False)[0]
    for axis, (share, across, title) in zip(axes, shown, strict=True):
        seaborn.heatmap(
            share, cmap="cividis", yticklabels=LEADS, ax=axis, cbar_kws={"label": "times the uniform share"},
        )  # fmt: skip
        axis.set(xlabel=across, title=title)
        axis.tick_params(axis="y", rotation=0)
    return Picture(
        figure,
        "attention",
        "Attention of the short-axis network to the tokens of the ECG"
        + (" (left, mean over frames) and to the leads by frame (right)" if len(shown) > 1 else "")
        + f"; mean over {people} validation participants, places, heads and noise levels. 1 is no "
        "preference.",
        "Heat map of twelve leads by token of the lead" + (", and by frame." if len(shown) > 1 else "."),
    )


def _attention_bars(shares: np.ndarray, people: int) -> Picture:
    """The same where a lead is one token and latents hold all frames: shares (12,) of an equal one."""
    figure = Figure(figsize=(6.5, 2.8))
    axis = figure.subplots()
    seaborn.barplot(x=list(LEADS), y=shares, color=BLUE, ax=axis)
    axis.axhline(1, color=INK, linewidth=1, linestyle="--")
    axis.set(xlabel="lead", ylabel="times an equal share", ylim=(0, None))
    return Picture(
        figure,
        "attention",
        f"Attention of the short-axis network to the leads of the ECG, one token each; mean over {people} "
        "validation participants, places, heads and noise levels. 1 (dashed) is no preference.",
        "Bars of attention by lead, beside a dashed line at an equal share.",
    )


def attended_places(cines: np.ndarray, places: np.ndarray, across: str = "frame to frame") -> Picture:
    """The mean of ``cines`` (n, T, H, W) and how much the gaze of each of ``places`` (h, w) moves, standard
    deviations in shares of the uniform one.
    """
    figure = Figure(figsize=(7, 2.8))
    pictures = ((cines.mean(axis=(0, 1)), "gray", "mean cine"), (places, "cividis", "where the gaze moves"))
    for axis, (image, colours, title) in zip(figure.subplots(1, 2), pictures, strict=True):
        shown = axis.imshow(image, cmap=colours, **({"vmin": 0} if colours == "cividis" else {}))
        axis.set(title=title, xticks=[], yticks=[])
    figure.colorbar(shown, ax=axis, label="times an equal share")
    return Picture(
        figure,
        "attention-places",
        f"Mean short-axis cine of {len(cines)} validation participants, and where in the latent picture "
        f"the attention to the ECG changes from {across}: standard deviation, in shares of a token that all "
        "would have alike.",
        "Left: blurred average heart in short axis. Right: coarse heat map of the same field, with a colour "
        f"bar, showing where attention varies from {across}.",
    )


def changes(real: np.ndarray, drawn: np.ndarray, causes: Sequence[str]) -> Picture:
    """Mean change of movies (states, n, T, H, W) when each cause is turned, in truth and as generated."""
    figure = Figure(figsize=(8, 4))
    axes = figure.subplots(2, len(causes))
    for line, states, name in zip(axes, (real, drawn), ("true", "generated"), strict=True):
        for place, axis in enumerate(line, start=1):
            change = (states[place].astype(float) - states[0]).mean(axis=(0, 1))
            axis.imshow(change, cmap="RdBu_r", vmin=-CHANGE, vmax=CHANGE)
            axis.set(xticks=[], yticks=[])
        line[0].set_ylabel(name)
    for axis, cause in zip(axes[0], causes, strict=True):
        axis.set_title(cause, fontsize=9)
    return Picture(
        figure,
        "cause-changes",
        "Mean change of the short-axis movie when one cause is turned, over hearts and frames: in truth "
        "(above) and as generated from the changed ECG (below); red is brighter, blue darker, full "
        f"colour {CHANGE} of 255 grey levels.",
        "Two rows of four red and blue difference images: true change of the heart above, generated "
        "change below, for dilated, hypertrophic, restrictive and turned hearts.",
        "simulated",
    )


def judged_frames(shown: Mapping[str, np.ndarray], seen: Mapping[str, np.ndarray]) -> Picture:
    """The first person's frames (n, m, H, H) of each kind of movie under the judge's outlines."""
    colours = {"muscle": ORANGE, "rv": SKY, "lv": VERMILION}  # the cavity last: its edge is the wall's
    count = next(iter(shown.values())).shape[1]
    figure = Figure(figsize=(1.6 * count, 1.7 * len(shown)))
    for line, (kind, frames) in zip(figure.subplots(len(shown), count), shown.items(), strict=True):
        for axis, frame, labels in zip(line, frames[0], seen[kind][0], strict=True):
            axis.imshow(frame, cmap="gray", vmin=0, vmax=255)
            at = (np.arange(len(labels)) + 0.5) * len(frame) / len(labels) - 0.5
            for part, colour in colours.items():
                if (drawn := labels == seen_heart.PARTS[part]).any():
                    axis.contour(at, at, drawn, [0.5], colors=colour, linewidths=1.2)
            axis.set(xticks=[], yticks=[])
            axis.grid(False)
        line[0].set_ylabel(kind)
    return Picture(
        figure,
        "judge-frames",
        "What the outside judge outlines in one test participant's real and generated movie, from the R "
        "wave: left ventricle red, muscle orange, right ventricle blue.",
        "Rows of grey heart images, real above generated, with outlines of both ventricles and the muscle.",
        "simulated",
    )


def judged_areas(areas: Mapping[str, np.ndarray], beat: np.ndarray) -> Picture:
    """Area of the left ventricle (n, m) through the ``beat`` (m,), in shares of it, by kind of movie."""
    table = pd.concat(
        pd.DataFrame(through, columns=beat).melt(var_name="beat", value_name="area").assign(movie=kind)
        for kind, through in areas.items()
    )
    figure = Figure(figsize=(6, 3.2))
    axis = figure.subplots()
    seaborn.lineplot(
        table, x="beat", y="area", hue="movie", style="movie", markers=True, seed=0, ax=axis,
        palette={"real": INK, "generated": BLUE},
    )  # fmt: skip
    axis.set(xlabel="share of the beat from the R wave", ylabel="area of the left ventricle, cm²")
    axis.get_legend().set_title("")
    return Picture(
        figure,
        "judge-areas",
        "Area of the left ventricle through the beat as the outside judge sees it, real and generated "
        "movies of the same people: means and 95 % intervals over people.",
        "Two lines of area over the beat, real and generated, with bands.",
    )
