"""Hearts side by side: pictures, chamber volumes and beats of one participant in several conditions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cardiacnets.contracts import LEADS
from cardiacnets.digital_heart.teaching import Heart

SHOWN_LEADS = ("I", "aVF", "V1", "V5")
_GRID, _INK, _REFERENCE = "#f3c9c9", "#111111", "#8a8a8a"
_BEAT_MS, _BEAT_MV = (-240, 520), (-2.2, 2.4)


def plot_portraits(hearts: Mapping[str, Heart]) -> Figure:
    """One row a heart: short axis and four-chamber view at both phases, volumes over the beat, four leads.

    The first heart is the reference, drawn in grey behind the others' curves. ``hearts`` maps a row's title
    to its heart. Raises ``ValueError`` if there is none.
    """
    reference = _first(hearts)
    figure = Figure(figsize=(13, 1.35 * len(hearts)), layout="constrained")
    grid = figure.subplots(len(hearts), 6 + len(SHOWN_LEADS), squeeze=False)
    for axes, (title, heart) in zip(grid, hearts.items(), strict=True):
        systole = int(np.argmin(heart.volumes["lv"]))
        frames = (heart.sax[0], heart.sax[systole], heart.lax[0], heart.lax[systole])
        for axis, frame in zip(axes[:4], frames, strict=True):
            axis.imshow(frame, cmap="gray", vmin=0, vmax=255)
            axis.set(xticks=[], yticks=[])
        axes[0].set_ylabel(title, fontsize=8)
        for axis, pair in zip(axes[4:6], (("lv", "rv"), ("la", "ra")), strict=True):
            for chamber, style in zip(pair, ("-", "--"), strict=True):
                axis.plot(reference.times, reference.volumes[chamber], style, color=_REFERENCE, lw=1)
                axis.plot(heart.times, heart.volumes[chamber], style, color=_INK, lw=1)
            axis.set_ylim(
                0, 1.05 * max(each.volumes[name].max() for each in hearts.values() for name in pair)
            )
            axis.tick_params(labelsize=6)
        for axis, lead in zip(axes[6:], SHOWN_LEADS, strict=True):
            _draw_beat(axis, heart, lead, reference)
    names = (
        "SAX diastole",
        "SAX systole",
        "4ch diastole",
        "4ch systole",
        "LV, RV (--), ml",
        "LA, RA (--), ml",
    )
    for axis, name in zip(grid[0], (*names, *SHOWN_LEADS), strict=True):
        axis.set_title(name, fontsize=8)
    for axis in grid[-1, 4:6]:
        axis.set_xlabel("time, s", fontsize=8)
    return figure


def plot_twelve_leads(hearts: Mapping[str, Heart]) -> Figure:
    """One row a heart, one column a lead: the noise-free beat on paper of 200 ms by 0.5 mV squares."""
    _first(hearts)
    figure = Figure(figsize=(13, 1.25 * len(hearts)))
    grid = figure.subplots(
        len(hearts), len(LEADS), squeeze=False, gridspec_kw={"wspace": 0.08, "hspace": 0.08}
    )
    for axes, (title, heart) in zip(grid, hearts.items(), strict=True):
        for axis, lead in zip(axes, LEADS, strict=True):
            _draw_beat(axis, heart, lead)
        axes[0].set_ylabel(title, fontsize=8)
    for axis, lead in zip(grid[0], LEADS, strict=True):
        axis.set_title(lead, fontsize=8)
    return figure


def plot_published(recorded: pd.DataFrame, targets: pd.DataFrame) -> Figure:
    """Histograms of recorded quantities by sex under the published normal curves.

    ``recorded``: one row a person, columns ``sex`` (0 female, 1 male) and quantities named as in ``targets``,
    a table of ``check_targets``. Raises ``ValueError`` for a quantity whose spread is not published.
    """
    quantities = [name for name in recorded.columns if name != "sex"]
    figure = Figure(figsize=(11, 2.6), layout="constrained")
    for axis, quantity in zip(figure.subplots(1, len(quantities), squeeze=False)[0], quantities, strict=True):
        for sex, code, color in (("female", 0, "C1"), ("male", 1, "C0")):
            row = targets[(targets["quantity"] == quantity) & (targets["sex"] == sex)]
            if row.empty or not np.isfinite(row["target_sd"]).all():
                raise ValueError(f"no published mean and spread of {quantity!r} for {sex} people")
            mean, spread = float(row["target_mean"].iloc[0]), float(row["target_sd"].iloc[0])
            values = recorded.loc[recorded["sex"] == code, quantity]
            axis.hist(values, bins=15, density=True, alpha=0.35, color=color, label=f"{sex}, simulated")
            x = np.linspace(mean - 4 * spread, mean + 4 * spread, 200)
            curve = np.exp(-0.5 * ((x - mean) / spread) ** 2) / (spread * np.sqrt(2 * np.pi))
            axis.plot(x, curve, color=color, label=f"{sex}, published")
        axis.set(xlabel=quantity, yticks=[])
    axis.legend(fontsize=6)
    return figure


def _first(hearts: Mapping[str, Heart]) -> Heart:
    if not hearts:
        raise ValueError("there is no heart to draw: give at least one, by its title")
    return next(iter(hearts.values()))


def _draw_beat(axis: Axes, heart: Heart, lead: str, behind: Heart | None = None) -> None:
    """A lead's noise-free beat, mV over ms, on the paper's large squares."""
    if behind is not None:
        axis.plot(behind.beat_times, behind.beat[LEADS.index(lead)], color=_REFERENCE, lw=0.8)
    axis.plot(heart.beat_times, heart.beat[LEADS.index(lead)], color=_INK, lw=0.9)
    axis.set(xlim=_BEAT_MS, ylim=_BEAT_MV, xticks=range(-200, 501, 200), yticks=np.arange(-2, 2.1, 0.5))
    axis.grid(color=_GRID, lw=0.5)
    axis.tick_params(labelbottom=False, labelleft=False, length=0)
