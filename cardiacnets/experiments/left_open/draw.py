"""The pictures of chapter 09."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import seaborn
import seaborn.objects as so
from matplotlib.figure import Figure

from cardiacnets.contracts import LEADS
from cardiacnets.experiments.left_open.fewer_leads import METHODS
from cardiacnets.picture import Picture
from cardiacnets.study import ARMS, TASKS
from cardiacnets.theme import ARM_COLOURS, BLUE, CYCLE, FAINT, INK, ORANGE, draw_on

WAYS = {"occlusion": BLUE, "Grad-CAM, as published": ORANGE}


def subgroups(table: pd.DataFrame, metric: str, name: str, arm: str) -> Picture:
    """One ``metric`` in every group of :func:`~cardiacnets.predictions.subgroup_table`, an attribute a
    panel.
    """
    shown = table[(table["metric"] == metric) & (table["why"] == "")]
    attributes = list(dict.fromkeys(shown["attribute"])) or ["no group is large enough"]
    sizes = [max(2, (shown["attribute"] == attribute).sum()) for attribute in attributes]
    figure = Figure(figsize=(7, 0.9 + 0.34 * sum(sizes)))
    axes = figure.subplots(len(attributes), 1, sharex=True, squeeze=False, height_ratios=sizes)[:, 0]
    for axis, attribute in zip(axes, attributes, strict=True):
        rows = shown[shown["attribute"] == attribute]
        if len(rows):
            axis.hlines(rows["group"], rows["low"], rows["high"], color=BLUE, linewidth=2)
            seaborn.stripplot(rows, x="estimate", y="group", color=BLUE, size=7, jitter=False, ax=axis)
        axis.set(xlabel="", ylabel="")
        axis.set_title(attribute, loc="left")
    called = {"auc": "AUC"}.get(metric, metric)
    axes[-1].set_xlabel(called)
    return Picture(
        figure,
        name,
        f"{called} of {ARMS[arm].title} in each group, with 95 % intervals; without groups of too "
        "few people.",
        "One panel an attribute; in each a dot with an interval for every group, on a common axis of "
        f"{called}.",
    )


def reliability(points: pd.DataFrame, arm: str) -> Picture:
    """Observed against predicted risk at each place."""
    figure = Figure(figsize=(5.6, 4.6))
    axis = figure.subplots()
    axis.axline((0, 0), slope=1, color=FAINT)
    for colour, (title, rows) in zip(CYCLE, points.groupby("task", sort=False), strict=False):
        axis.vlines(rows["predicted"], rows["low"], rows["high"], color=colour, alpha=0.35)
        seaborn.lineplot(
            rows, x="predicted", y="observed", color=colour, marker="o", label=title.split(":")[0], ax=axis
        )
    axis.set(xlabel="predicted risk", ylabel="observed share of cases", xlim=(0, 1), ylim=(0, 1))
    seaborn.move_legend(axis, "upper left", title="")
    return Picture(
        figure,
        "reliability",
        f"Observed against predicted risk of cardiomyopathy by {ARMS[arm].title}, in fifths of the people of "
        "each place, with Wilson intervals. Scores became probabilities on the validation part of the cohort "
        "that was trained on. Grey: as it should be.",
        "Observed share of cases against predicted risk, one line with intervals a place, and the diagonal.",
    )


def fewer_leads(table: pd.DataFrame) -> Picture:
    """What is left of each task with fewer leads."""
    tasks = list(dict.fromkeys(table["task"]))
    figure = Figure(figsize=(8.5, 3.4))
    axes = figure.subplots(1, len(tasks), squeeze=False)[0]
    colours = dict(zip(METHODS.values(), (ARM_COLOURS[arm] for arm in METHODS), strict=True))
    for axis, task in zip(axes, tasks, strict=True):
        rows = table[table["task"] == task]
        for shift, (how, part) in zip((-0.08, 0.08), rows.groupby("how", sort=False), strict=True):
            places = np.arange(len(part)) + shift
            axis.vlines(places, part["low"], part["high"], color=colours[how])
            axis.plot(places, part["estimate"], "o-", color=colours[how], label=how)
        axis.set_xticks(range(len(part)), part["leads"])
        axis.set(ylabel="mean r" if TASKS[task].kind == "indices" else "AUC")
        axis.set_title(TASKS[task].title, loc="left")
    axes[0].legend(loc="lower left")
    return Picture(
        figure,
        "fewer-leads",
        "The two headline tasks by set of leads, with 95 % intervals. Readouts are learned anew for each "
        "set; the aligned encoder sees the missing leads as flat lines.",
        "Two panels, mean correlation and AUC, each with two falling lines over twelve, eight, two and one "
        "lead.",
    )


def deletion(table: pd.DataFrame) -> Picture:
    """How much more hiding the hottest cells hurts than hiding any."""
    arms = list(dict.fromkeys(table["arm"]))
    figure = Figure(figsize=(8, 3.2))
    for axis, arm in zip(figure.subplots(1, len(arms), sharey=True), arms, strict=True):
        for how, rows in table[table["arm"] == arm].groupby("how", sort=False):
            axis.fill_between(rows["hidden"], rows["low"], rows["high"], color=WAYS[how], alpha=0.2)
            seaborn.lineplot(rows, x="hidden", y="estimate", color=WAYS[how], marker="o", label=how, ax=axis)
        axis.axhline(0, color=INK, linewidth=0.8)
        axis.set(xlabel="share of the ECG hidden", ylabel="fall beside chance, logits")
        axis.set_title(ARMS[arm].title, loc="left")
    return Picture(
        figure,
        "deletion",
        "By how much further the score of cardiomyopathy falls when what a map calls important is "
        "hidden than when as much at random is, with 95 % intervals. At 0 the map is worth what chance is.",
        "Two panels, aligned and ECG-only network; in each two lines with bands over the share hidden, for "
        "occlusion and for Grad-CAM, and a line at zero.",
    )


def localisation(table: pd.DataFrame) -> Picture:
    """Where the heat lies against where the disease is."""
    titles = {name: arm.title for name, arm in ARMS.items()}
    shown = table.assign(network=table["network"].replace(titles))
    figure = Figure(figsize=(8.5, 3.4))
    plot = (
        so.Plot(shown, x="estimate", y="network", xmin="low", xmax="high", color="how")
        .facet(col="cause")
        .add(so.Range(linewidth=2), so.Dodge())
        .add(so.Dot(pointsize=7), so.Dodge())
        .scale(color=dict(WAYS))
        .label(x="times chance", y="", color="", title=str)
    )
    draw_on(figure, plot)
    for axis in figure.axes:
        axis.axvline(1, color=INK, linewidth=0.8)
    return Picture(
        figure,
        "localisation",
        "Share of a map's heat in the fifth of the ECG that the disease changed most, in multiples of "
        "chance, with 95 % intervals. Line: chance; five would be perfect. A network with random weights is "
        "the control.",
        "Three panels, a disease each: dots with intervals for each network and method along an axis in "
        "multiples of chance, with a line at one.",
        "simulated",
    )


def heat_maps(beats: Mapping[str, np.ndarray], true: Mapping[str, np.ndarray]) -> Picture:
    """Mean maps (12, columns) of each disease: what the network looks at beside what the disease changed."""
    figure = Figure(figsize=(8.5, 2.8 * len(true)))
    grid = figure.subplots(len(true), 2, squeeze=False)
    for row, cause in zip(grid, true, strict=True):
        for axis, heat, title in zip(row, (true[cause], beats[cause]), ("changed", "looked at"), strict=True):
            seaborn.heatmap(
                heat / heat.max(), vmin=0, vmax=1, cmap="mako_r", cbar=False, yticklabels=LEADS, ax=axis
            )
            axis.set_xticks([])
            axis.set_title(f"{cause}: {title}", loc="left")
    return Picture(
        figure,
        "cause-and-heat",
        "Left: how much each disease changes each lead and moment of the beat, the same hearts with and "
        "without it. Right: mean occlusion map of the aligned network on the diseased hearts. Each on "
        "its own scale, time runs to the right.",
        "Pairs of heat maps of twelve leads by time, one pair a disease: true change and mean occlusion map.",
        "simulated",
    )
