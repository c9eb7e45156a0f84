"""The pictures of chapter 02: what is hidden from the network, how its losses fall, what it fills in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from cardiacnets.picture import Picture
from cardiacnets.study import VIEWS
from cardiacnets.theme import GREEN, INK

VIEW_LOSSES = {f"{name}_reconstruction": view.title for name, view in VIEWS.items()}


def masks(cine: torch.Tensor, visible: torch.Tensor) -> Picture:
    """Cines (B, T, H, W) in [0, 1] at end-diastole, whole and as their ``visible`` (B, H, W) pixels."""
    figure = Figure(figsize=(2 * len(cine), 4.2))
    axes = figure.subplots(2, len(cine))
    for whole, seen, (top, bottom) in zip(cine[:, 0], visible, axes.T, strict=True):
        _grey(top, whole)
        _grey(bottom, torch.where(seen, whole, 0.0))
    return Picture(
        figure,
        "masks",
        "Four short-axis cines at end-diastole, whole (top) and as the encoder sees them in pre-training "
        "(bottom).",
        "Two rows of four grey images of simulated hearts in short axis; in the lower row three quarters "
        "of each image are black squares.",
        "simulated",
    )


def losses(history: pd.DataFrame, batch: int) -> Picture:
    """Losses by epoch of the two reconstructions and of the contrast, whose chance level is ln ``batch``."""
    figure = Figure(figsize=(8, 3.2))
    rebuilding, contrasting = figure.subplots(1, 2)
    rebuilt = history[list(VIEW_LOSSES)].rename(columns=VIEW_LOSSES).dropna()
    seaborn.lineplot(rebuilt, markers=["o", "o"], dashes=False, ax=rebuilding)
    rebuilding.set(xlabel="epoch", ylabel="mean squared error")
    seaborn.lineplot(history["contrast"].dropna(), marker="o", color=GREEN, ax=contrasting)
    contrasting.axhline(np.log(batch), color=INK, linestyle=":", label=f"guessing, ln {batch}")
    # from zero, so that a loss that stays at chance looks like one
    contrasting.set(xlabel="epoch", ylabel="InfoNCE", ylim=(0, 1.15 * np.log(batch)))
    contrasting.legend(loc="lower left")
    for axis in (rebuilding, contrasting):
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    return Picture(
        figure,
        "losses",
        "Training losses by epoch: reconstruction of each view (left) and the contrast between views "
        "(right; dotted: guessing).",
        "Two line charts of training loss against epoch, reconstruction errors on the left, contrastive "
        "loss and its chance level on the right.",
    )


def contrast(history: pd.DataFrame, batch: int, held_out: int) -> Picture:
    """The contrast by epoch in training, in batches of ``batch``, and among ``held_out`` validation people;
    guessing is the logarithm of either number.
    """
    figure = Figure(figsize=(6, 3.2))
    axis = figure.subplots()
    shown = {
        "contrast": (f"training, among {batch}", GREEN, batch),
        "validation": (f"validation, among {held_out}", INK, held_out),
    }
    for column, (label, colour, among) in shown.items():
        seaborn.lineplot(history[column].dropna(), marker="o", color=colour, label=label, ax=axis)
        axis.axhline(np.log(among), color=colour, linestyle=":", label=f"guessing, ln {among}")
    # from zero, so that a loss that stays at chance looks like one; a confident guess can lie above chance
    highest = max(np.log(max(batch, held_out)), history[list(shown)].max(axis=None))
    axis.set(xlabel="epoch", ylabel="InfoNCE", ylim=(0, 1.15 * highest))
    axis.legend(loc="upper left", bbox_to_anchor=(1.02, 1))
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    return Picture(
        figure,
        "contrast",
        "The contrast of whole cines by epoch, in training and among validation participants, each with its "
        "level of guessing (dotted).",
        "Line chart of contrastive loss against epoch, one line for training and one for validation, beside "
        "two dotted horizontal lines at chance.",
    )


def reconstructions(pictures: Sequence[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]) -> Picture:
    """For each participant the cine (T, H, W) at end-diastole: original, as seen, rebuilt."""
    figure = Figure(figsize=(6.4, 2.2 * len(pictures)))
    axes = figure.subplots(len(pictures), 3, squeeze=False)
    for row, triple in zip(axes, pictures, strict=True):
        for axis, cine in zip(row, triple, strict=True):
            _grey(axis, cine[0])
    for axis, title in zip(axes[0], ("original", "seen", "rebuilt"), strict=True):
        axis.set_title(title)
    return Picture(
        figure,
        "reconstructions",
        "Three test participants at end-diastole: original, what the encoder saw, and the rebuilt cells "
        "beside the visible ones.",
        "Three rows of short-axis images: original heart, the masked input, and the network's "
        "reconstruction.",
        "simulated",
    )


def components(cine: np.ndarray, rebuilt: Mapping[int, np.ndarray]) -> Picture:
    """Cines (n, T, H, W) uint8 at end-diastole beside what their first components make of them, by how many
    components were kept.
    """
    columns = {"original": cine} | {f"{count} components": movie for count, movie in rebuilt.items()}
    figure = Figure(figsize=(2.2 * len(columns), 2.2 * len(cine)))
    axes = figure.subplots(len(cine), len(columns), squeeze=False)
    for person, row in enumerate(axes):
        for axis, movies in zip(row, columns.values(), strict=True):
            _grey(axis, movies[person, 0] / 255)
    for axis, title in zip(axes[0], columns, strict=True):
        axis.set_title(title)
    return Picture(
        figure,
        "components",
        "The same test participants at end-diastole, as recorded and as rebuilt by the linear twin from a "
        "few numbers of the whole clip.",
        "Rows of short-axis images: the original heart, then rebuilt from more and more principal "
        "components.",
        "simulated",
    )


def _grey(axis: Axes, image: torch.Tensor | np.ndarray) -> None:
    axis.imshow(image, cmap="gray", vmin=0, vmax=1)
    axis.set_axis_off()
