"""The study's figures 2 and 3 and supplementary figure 1, redrawn from this run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import seaborn
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from sklearn.metrics import roc_curve

from cardiacnets.cohorts.counts import publishable
from cardiacnets.contracts import DIAGNOSIS_NAMES, LEADS, SUBTYPES
from cardiacnets.experiments.downstream_tasks.exhibits import Confusion
from cardiacnets.experiments.downstream_tasks.heat_maps import CaseHeat
from cardiacnets.experiments.shared.panels import panels
from cardiacnets.experiments.shared.small_multiples import DOTS, small_multiples
from cardiacnets.picture import Picture
from cardiacnets.predictions import scores_of
from cardiacnets.study import ARMS, TASKS
from cardiacnets.theme import ARM_COLOURS, BLUE, FAINT, INK

COLUMNS = 3


def roc(table: pd.DataFrame, keys: Sequence[str], arms: Sequence[str], name: str) -> Picture:
    """ROC curves of ``arms`` in each of ``keys``; an arm that did not answer a task is left out of its
    panel.
    """
    figure, axes = panels(len(keys), COLUMNS, (3.1, 3.1), 0.5)
    named: dict = {}
    for axis, key in zip(axes, keys, strict=True):
        task = TASKS[key]
        found = scores_of(table, task.cohort, task.name)
        alike = len(np.unique(found.truth[:, 0])) < 2
        if alike:
            axis.text(0.5, 0.5, "not estimable:\none class only", ha="center", va="center", color=INK)
        for arm in (arm for arm in arms if arm in found.scores and not alike):
            wrong, right, _ = roc_curve(found.truth[:, 0], found.averaged(arm)[:, 0])
            axis.plot(wrong, right, color=ARM_COLOURS[arm], label=ARMS[arm].title, linewidth=1.6)
        axis.axline((0, 0), slope=1, color=FAINT, linewidth=0.8)
        axis.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel="1 − specificity", ylabel="sensitivity")
        axis.set_aspect("equal")
        axis.set_title(task.title.replace(": ", "\n"), loc="left", fontsize="small")
        named |= {label: line for line, label in zip(*axis.get_legend_handles_labels(), strict=True)}
    figure.legend(named.values(), named.keys(), loc="outside lower center", ncols=2)
    return Picture(
        figure,
        name,
        "ROC curves on the test people of each task. The AUCs with their intervals stand in the table of "
        "arms.",
        f"{len(keys)} square panels with one ROC curve for each of {len(arms)} arms and the diagonal of "
        "chance.",
    )


def diseases_by_labels(table: pd.DataFrame) -> Picture:
    """AUC of each disease by share of labels, one panel a disease: rows of ``disease_efficiency``."""
    keys = list(dict.fromkeys(table["task"]))
    figure, axes = panels(len(keys), COLUMNS, (3.1, 2.6), 0.4, sharey=True)
    for axis, key in zip(axes, keys, strict=True):
        for arm in ("ecg", "aligned"):
            points = table[(table["task"] == key) & (table["arm"] == arm)].sort_values("labels, %")
            axis.fill_between(
                points["labels, %"], points["low"], points["high"], color=ARM_COLOURS[arm], alpha=0.15
            )
            seaborn.lineplot(
                points, x="labels, %", y="estimate", color=ARM_COLOURS[arm], marker="o",
                label=ARMS[arm].title if key == keys[0] else None, ax=axis,
            )  # fmt: skip
        axis.set(xscale="log", ylabel="AUC")
        shares = sorted(set(table["labels, %"]))
        axis.set_xticks(shares, [f"{share}" for share in shares], minor=False)
        axis.set_title(TASKS[key].title.split(": ")[1], loc="left", fontsize="small")
    return Picture(
        figure,
        "diseases-by-labels",
        "AUC of each disease of the hospital cohort by share of its labels, with 95 % intervals over test "
        "participants; one training, nested sets of people with labels.",
        f"{len(keys)} panels, a disease each, with lines and bands of the ECG-only and the aligned network "
        "over the share of labels.",
    )


def adaptation(table: pd.DataFrame) -> Picture:
    """Best validation loss so far against what it cost, a column a task: rows of
    :func:`~cardiacnets.experiments.downstream_tasks.convergence.adaptation`.
    """
    keys = list(dict.fromkeys(table["task"]))
    figure = Figure(figsize=(3.2 * len(keys), 5.2))
    grid = figure.subplots(2, len(keys), squeeze=False)
    costs = {"passes": "passes over the training set", "seconds": "seconds on this machine"}
    for row, (cost, words) in zip(grid, costs.items(), strict=True):
        for axis, key in zip(row, keys, strict=True):
            for (arm, _), line in table[table["task"] == key].groupby(["arm", "training"], sort=False):
                axis.plot(
                    line[cost], line["loss"], color=ARM_COLOURS[arm], label=ARMS[arm].title, linewidth=1.3,
                    drawstyle="steps-post", marker="o", markersize=2.5,
                )  # fmt: skip
            axis.set(xlabel=words, ylabel="validation loss" if key == keys[0] else "")
            axis.set_title(TASKS[key].title if cost == "passes" else "", loc="left", fontsize="small")
    lines, labels = grid[0, 0].get_legend_handles_labels()
    named = dict(zip(labels, lines, strict=True))
    figure.legend(named.values(), named.keys(), loc="outside lower center", ncols=2)
    trained = table.groupby("task")["training"].nunique()
    return Picture(
        figure,
        "adaptation",
        "Best validation loss so far of the aligned encoder and of the network from random weights, a line a "
        f"training ({', '.join(str(trained[key]) for key in keys)} of each, from left to right), against "
        "passes over the training set (an epoch is three, the aligned encoder's probe one) and against "
        "seconds, in which neither the probe nor the asking of validation is counted.",
        f"Two rows of {len(keys)} panels, a task each: falling step lines of validation loss of two networks "
        "over passes and over seconds.",
    )


def heat_maps(found: Sequence[CaseHeat]) -> Picture:
    """A row a disease, a column a network and method: the beat of one simulated person over its heat, and
    outlined what the disease changed in it.
    """
    columns = list(found[0].heat)
    figure = Figure(figsize=(2.6 * len(columns), 3.3 * len(found)))
    grid = figure.subplots(len(found), len(columns), squeeze=False)
    for row, case in zip(grid, found, strict=True):
        for axis, column in zip(row, columns, strict=True):
            _beat_over_heat(axis, case.beat, case.heat[column], case.changed)
            arm, how = column
            axis.set_title(f"{ARMS[arm].title}\n{how}", loc="left", fontsize=8)
        row[0].set_yticks(np.arange(len(LEADS)), LEADS, fontsize=7)
        name = DIAGNOSIS_NAMES[case.disease]
        row[0].set_ylabel(f"{name}\nscores higher than {case.rank}", fontsize=8)
    unknown = [DIAGNOSIS_NAMES[case.disease] for case in found if case.changed is None]
    cause = "; outlined: the fifth of the beat that the disease changed most in this simulated person"
    if unknown:
        cause += f" (not known for {', '.join(unknown)})"
    return Picture(
        figure,
        "heat-maps",
        "Heat maps of the same ECGs by the aligned and by the ECG-only network: Grad-CAM, as published, and "
        "occlusion, each on its own scale. Of each disease, the test case that the aligned network scores "
        f"highest: a rule, not picked by eye{cause}.",
        f"{len(found)} rows, a disease each, of {len(columns)} panels: twelve leads of one beat, one above "
        "the other, shaded by heat.",
        "simulated",
    )


def _beat_over_heat(axis: Axes, beat: np.ndarray, heat: np.ndarray, changed: np.ndarray | None) -> None:
    leads, columns = heat.shape
    edges = np.linspace(0, 1, columns + 1), np.arange(leads + 1) - 0.5
    axis.pcolormesh(*edges, heat, cmap="Oranges", vmin=0, vmax=1.3)
    if changed is not None:
        across = np.linspace(0, 1, changed.shape[1] + 1)
        for lead, column in zip(*np.nonzero(changed), strict=True):
            corner = across[column], lead - 0.5
            axis.add_patch(Rectangle(corner, across[1], 1, fill=False, edgecolor=BLUE, linewidth=0.8))
    times = np.linspace(0, 1, beat.shape[1])
    for lead, trace in enumerate(beat):
        axis.plot(times, lead - np.clip(trace, -1, 1) * 0.45, color=INK, linewidth=0.7)
    axis.set(xticks=[], yticks=[], ylim=(leads - 0.5, -0.5), xlim=(0, 1))
    axis.grid(False)


def confusions(found: Sequence[Confusion], key: str, least: int = 0) -> Picture:
    """Confusion matrices of arms side by side, shares by row and counts, none of them under ``least``."""
    names = [DIAGNOSIS_NAMES[subtype].removesuffix(" cardiomyopathy") for subtype in SUBTYPES]
    figure = Figure(figsize=(3.4 * len(found), 3.4))
    axes = figure.subplots(1, len(found), squeeze=False)[0]
    for place, (axis, one) in enumerate(zip(axes, found, strict=True)):
        counts = np.vectorize(lambda count: publishable(int(count), least), otypes=[int])(one.counts)
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        words = [[f"{share:.2f}\n{count}" for share, count in zip(*row, strict=True)]
                 for row in zip(shares, counts, strict=True)]  # fmt: skip
        seaborn.heatmap(
            shares, vmin=0, vmax=1, cmap="Blues", cbar=False, annot=np.array(words), fmt="", square=True,
            xticklabels=names, yticklabels=names if place == 0 else False, ax=axis,
        )  # fmt: skip
        axis.set(xlabel="called", ylabel="true" if place == 0 else "")
        axis.set_title(ARMS[one.arm].title, loc="left", fontsize="small")
    return Picture(
        figure,
        f"confusion-{TASKS[key].cohort}",
        f"{TASKS[key].title}: share of each true subtype (row) that each arm calls by each name (column), "
        "and recordings.",
        f"{len(found)} square matrices of three true by three called subtypes, shaded by share.",
    )


def regressions(table: pd.DataFrame, arm: str, people: bool) -> Picture:
    """All indices as small plots of predicted against recorded, by family: a dot a person, or, where single
    ``people`` may not be shown, the mean of each tenth.
    """
    drawn = f"the first {DOTS} test participants" if people else "means of tenths of the test participants"
    return Picture(
        small_multiples(table, ARM_COLOURS[arm], people),
        "regressions",
        f"Each of the {len(table)} indices as {ARMS[arm].title} predicts it (upwards) against the record (to "
        f"the right): {drawn}, each on its own scale, with the line of least squares; r is of all test "
        "participants. Numbers after a name are segments of the AHA's model.",
        f"{len(table)} small scatter plots with a line each, named by index and correlation.",
        "simulated" if people else "aggregate",
    )
