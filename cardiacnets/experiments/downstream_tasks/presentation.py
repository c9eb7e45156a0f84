"""How tables of arms and differences are drawn, shown and recorded."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from cardiacnets.experiments.downstream_tasks.evaluation import ARM_NAMES
from cardiacnets.statistics import Comparison, Estimate
from cardiacnets.statistics.equivalence import LEVEL


def forest(table: pd.DataFrame) -> Figure:
    """Estimates with intervals, one panel a task, one row an arm."""
    tasks = list(dict.fromkeys(table["task"]))
    columns = min(len(tasks), 4)
    lines = -(-len(tasks) // columns)
    arms = [arm for arm in ARM_NAMES if arm in set(table["arm"])]
    figure = Figure(
        figsize=(2.2 + 2.2 * columns, 0.6 + lines * (0.5 + 0.26 * len(arms))), layout="constrained"
    )
    axes = figure.subplots(lines, columns, squeeze=False, sharey=True, sharex=len(set(table["metric"])) == 1)
    for axis, task in zip(axes.flat, tasks, strict=False):
        part = table[table["task"] == task].drop_duplicates("arm").set_index("arm")
        place = np.array([arms.index(arm) for arm in part.index])
        spread = [part["estimate"] - part["low"], part["high"] - part["estimate"]]
        axis.errorbar(part["estimate"], place, xerr=spread, fmt="o", markersize=4, capsize=2)
        axis.set(title=task, yticks=range(len(arms)), yticklabels=[ARM_NAMES[arm] for arm in arms])
        axis.grid(axis="x", alpha=0.3)
    for axis in axes.flat[len(tasks) :]:
        axis.set_axis_off()
    axes[0, 0].invert_yaxis()
    return figure


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """The columns a reader needs, arms by their names."""
    shown = table.drop(columns=[name for name in ("low_90", "high_90", "method") if name in table])
    return shown.assign(arm=shown["arm"].map(ARM_NAMES)) if "arm" in shown else shown


def record_arms(record: Callable, table: pd.DataFrame) -> None:
    """Record each row of :func:`arm_table` as ``<cohort>.<task>.<metric>.<arm>``."""
    for row in table.itertuples():
        record(f"{_key(row.task, row.metric)}.{row.arm}", Estimate.of(row))


def record_comparisons(record: Callable, table: pd.DataFrame) -> None:
    """Record each difference, and beside it the same with the 90 % interval that equivalence is judged by."""
    for row in table.itertuples():
        key, found = _key(row.task, row.metric), Comparison.of(row)
        narrow = Estimate(found.estimate, (row.low_90, row.high_90), found.n, found.method, level=LEVEL)
        record(f"{key}.{row.comparison}", found, method="paired, by participant")
        record(f"{key}_equivalence.{row.comparison}", narrow, method="paired, by participant")


def record_fractions(record: Callable, table: pd.DataFrame) -> None:
    """Record each row of :func:`label_efficiency`."""
    for row in table.itertuples():
        key = f"ukb.indices.r_fraction.{row.comparison}"
        record(key, Comparison.of(row), method="mean over 82 indices")


def _key(task: str, metric: str) -> str:
    """``mimic.subtypes`` and ``auc_dcm`` as ``mimic.dcm.auc``; everything else as
    ``<cohort>.<task>.<metric>``.
    """
    cohort, name = task.split(".")
    return (
        f"{cohort}.{metric.removeprefix('auc_')}.auc"
        if metric.startswith("auc_")
        else f"{cohort}.{name}.{metric}"
    )
