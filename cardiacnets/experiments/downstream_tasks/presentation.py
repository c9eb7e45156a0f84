"""How tables of arms and differences are drawn, shown and recorded."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from cardiacnets.experiments.downstream_tasks.map_of_gain import TEACHERS
from cardiacnets.experiments.shared.depth import in_a_word
from cardiacnets.statistics import Comparison, Estimate
from cardiacnets.statistics.equivalence import LEVEL
from cardiacnets.study import ARMS, TASKS

METRIC_NAMES = {
    "auc": "AUC",
    "auc_dcm": "AUC, dilated",
    "auc_hcm": "AUC, hypertrophic",
    "auc_rcm": "AUC, restrictive",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "specificity": "specificity",
    "r": "mean r",
}
"""Measures as a page calls them."""


def task_title(key: str) -> str:
    """A task in words: ``mimic.cm`` is "MIMIC-IV-ECG: cardiomyopathy"."""
    return TASKS[key].title


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """What a reader needs: tasks, measures and arms by their names, estimate and interval in one cell."""
    table = table.reset_index(drop=True)
    named = {"task": table["task"].map(task_title), "measure": table["metric"].map(METRIC_NAMES)}
    if "arm" in table:
        named["arm"] = [ARMS[arm].title for arm in table["arm"]]
    else:
        pairs = zip(table["first"], table["second"], strict=True)
        named["difference"] = [f"{ARMS[first].title} − {ARMS[second].title}" for first, second in pairs]
    found = zip(table["estimate"], table["low"], table["high"], strict=True)
    named["estimate (95 % interval)"] = [_in_one_cell(*each) for each in found]
    if "pvalue" in table:
        named["p"] = ["< 0.001" if p < 0.001 else f"{p:.3f}" for p in table["pvalue"]]
    return pd.DataFrame({**named, "n": table["n"]})


def beside_twins(table: pd.DataFrame) -> pd.DataFrame:
    """Networks less their linear twins, readable, and in a word what follows from each interval."""
    words = [in_a_word(Comparison.of(row)) for row in table.itertuples()]
    return readable(table).assign(depth=words)


def readable_map(table: pd.DataFrame) -> pd.DataFrame:
    """The map of when alignment pays, a row a teacher and number of pairs, a column a number of labels; where
    there is no value, why.
    """
    found = zip(table["estimate"], table["low"], table["high"], table["note"], strict=True)
    cells = [note or _in_one_cell(*each) for *each, note in found]
    named = table.assign(
        cell=cells,
        teacher=table["teacher"].map(TEACHERS),
        labels=[f"{each:,} labels" for each in table["labels"]],
    )
    columns = list(dict.fromkeys(named["labels"]))
    wide = named.pivot(index=["teacher", "pairs"], columns="labels", values="cell")[columns]
    counted = named.groupby(["teacher", "pairs"])["n"].max().rename("n")
    order = named.drop_duplicates(["teacher", "pairs"]).set_index(["teacher", "pairs"]).index
    return wide.join(counted).loc[order].sort_index(
        level="teacher", key=lambda names: names.map(list(TEACHERS.values()).index), kind="stable"
    ).reset_index()  # fmt: skip


def record_map(record: Callable, table: pd.DataFrame) -> None:
    """Record each cell of the map as ``ukb.indices.r_map.<teacher>_<pairs>_pairs_<labels>_labels``."""
    for row in table.itertuples():
        key = f"ukb.indices.r_map.{row.teacher}_{row.pairs}_pairs_{row.labels}_labels"
        record(key, Comparison.of(row), method="less the classical features, mean over 82 indices")


def _in_one_cell(value: float, low: float, high: float) -> str:
    """ "−0.022 (−0.038 to −0.006)", or a dash for what could not be computed."""
    if pd.isna(value):
        return "–"
    return f"{value:.3f} ({low:.3f} to {high:.3f})".replace("-", "−")


def record_arms(record: Callable, table: pd.DataFrame) -> None:
    """Record each row of :func:`arm_table` as ``<cohort>.<task>.<metric>.<arm>``."""
    for row in table.itertuples():
        counted = "recordings without the disease" if row.metric == "specificity" else ""
        record(f"{_key(row.task, row.metric)}.{row.arm}", Estimate.of(row), of=counted)


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
