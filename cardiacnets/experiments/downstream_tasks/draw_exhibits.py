"""The study's figures 2 and 3 and supplementary figure 1, redrawn from this run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import seaborn
from matplotlib.figure import Figure
from sklearn.metrics import roc_curve

from cardiacnets.cohorts.counts import publishable
from cardiacnets.contracts import DIAGNOSIS_NAMES, SUBTYPES
from cardiacnets.experiments.downstream_tasks.exhibits import Confusion
from cardiacnets.experiments.shared.small_multiples import DOTS, small_multiples
from cardiacnets.picture import Picture
from cardiacnets.predictions import scores_of
from cardiacnets.study import ARMS, TASKS
from cardiacnets.theme import ARM_COLOURS, FAINT

COLUMNS = 3


def roc(table: pd.DataFrame, keys: Sequence[str], arms: Sequence[str], name: str) -> Picture:
    """ROC curves of ``arms`` in each of ``keys``; an arm that did not answer a task is left out of its
    panel.
    """
    rows = -(-len(keys) // COLUMNS)
    figure = Figure(figsize=(3.1 * COLUMNS, 3.1 * rows + 0.5))
    axes = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
    named: dict = {}
    for axis, key in zip(axes, keys, strict=False):
        task = TASKS[key]
        found = scores_of(table, task.cohort, task.name)
        for arm in (arm for arm in arms if arm in found.scores):
            wrong, right, _ = roc_curve(found.truth[:, 0], found.averaged(arm)[:, 0])
            axis.plot(wrong, right, color=ARM_COLOURS[arm], label=ARMS[arm].title, linewidth=1.6)
        axis.axline((0, 0), slope=1, color=FAINT, linewidth=0.8)
        axis.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel="1 − specificity", ylabel="sensitivity")
        axis.set_aspect("equal")
        axis.set_title(task.title.replace(": ", "\n"), loc="left", fontsize="small")
        named |= {label: line for line, label in zip(*axis.get_legend_handles_labels(), strict=True)}
    for axis in axes[len(keys) :]:
        axis.set_axis_off()
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
    rows = -(-len(keys) // COLUMNS)
    figure = Figure(figsize=(3.1 * COLUMNS, 2.6 * rows + 0.4))
    axes = figure.subplots(rows, COLUMNS, squeeze=False, sharey=True).ravel()
    for axis, key in zip(axes, keys, strict=False):
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
    for axis in axes[len(keys) :]:
        axis.set_axis_off()
    return Picture(
        figure,
        "diseases-by-labels",
        "AUC of each disease of the hospital cohort by share of its labels, with 95 % intervals over test "
        "participants; one training, nested sets of people with labels.",
        f"{len(keys)} panels, a disease each, with lines and bands of the ECG-only and the aligned network "
        "over the share of labels.",
    )


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


def regressions(table: pd.DataFrame, arm: str, people: bool, across: int = 9) -> Picture:
    """All indices as small plots of predicted against recorded, by family: a dot a person, or, where single
    ``people`` may not be shown, the mean of each tenth.
    """
    drawn = f"the first {DOTS} test participants" if people else "means of tenths of the test participants"
    return Picture(
        small_multiples(table, ARM_COLOURS[arm], people, across),
        "regressions",
        f"Each of the {len(table)} indices as {ARMS[arm].title} predicts it (upwards) against the record (to "
        f"the right): {drawn}, each on its own scale, with the line of least squares; r is of all test "
        "participants. Numbers after a name are segments of the AHA's model.",
        f"{len(table)} small scatter plots with a line each, named by index and correlation.",
        "simulated" if people else "aggregate",
    )
