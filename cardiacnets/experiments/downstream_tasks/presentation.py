"""How tables of arms and differences are drawn, shown and recorded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cardiacnets.experiments.downstream_tasks.map_of_gain import TEACHERS
from cardiacnets.experiments.shared.depth import in_a_word
from cardiacnets.experiments.shared.trainings import trainings_of
from cardiacnets.run import Run
from cardiacnets.statistics import Comparison, Estimate
from cardiacnets.statistics.equivalence import LEVEL, MARGIN
from cardiacnets.statistics.estimate import could_show
from cardiacnets.statistics.in_words import OFTEN_LOST, in_one_cell
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


def left_out(asked: Collection[str]) -> str:
    """Which tasks are not asked, and why, as a sentence with a space before it; empty if all are."""
    missing = "; ".join(task.title for key, task in TASKS.items() if key not in asked)
    return f" Left out, for want of people or cases to learn from: {missing}." if missing else ""


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
    named["estimate (95 % interval)"] = [in_one_cell(*each) or "–" for each in found]
    if "pvalue" in table:
        named["p"] = ["< 0.001" if p < 0.001 else f"{p:.3f}" for p in table["pvalue"]]
    if "trainings" in table and table["trainings"].map(len).any():
        named["each training"] = [", ".join(map(_in_short, each)) or "–" for each in table["trainings"]]
    return pd.DataFrame({**named, "n": table["n"]})


def by_comparison(table: pd.DataFrame, comparisons: Sequence[str]) -> pd.DataFrame:
    """Differences at a glance: a row a task, with the measure where that is not the AUC, a column a
    comparison, estimate and interval in one cell.
    """
    chosen = table[table["comparison"].isin(comparisons)].reset_index(drop=True)
    long = readable(chosen)
    measure = long["measure"].where(long["measure"] != METRIC_NAMES["auc"], "")
    long["task"] += [f", {each}" if each else "" for each in measure]
    wide = long.pivot(index="task", columns="difference", values="estimate (95 % interval)")
    wide = wide.loc[list(dict.fromkeys(long["task"])), list(dict.fromkeys(long["difference"]))]
    return wide.fillna("–").rename_axis(columns=None).reset_index()


def methods_in_words(table: pd.DataFrame) -> str:
    """How the intervals of a table were computed, each part once."""
    parts = [part for method in table["method"].unique() for part in method.split("; ")]
    return "; ".join(dict.fromkeys(parts))


def means_beside_singles(table: pd.DataFrame) -> str:
    """What answering by the mean of several trainings' predictions scores, beside the mean of the trainings'
    own scores: of the arms of a table of :func:`arm_table` that were trained several times.
    """
    told = [
        f"{task_title(row.task)}, {ARMS[row.arm].title}: {row.estimate:.3f} beside "
        f"{np.mean(row.trainings):.3f}"
        for row in table[table["metric"].isin(["auc", "r"])].itertuples()
        if len(row.trainings) > 1 and ARMS[row.arm].network
    ]
    return "; ".join(told) or "no network of these tasks was trained several times"


def on_which_side(table: pd.DataFrame, comparison: str) -> str:
    """The end of a sentence that begins with a difference: in how many rows its interval lies above 0, below
    it, or holds it, what those that hold it could have shown, and with how many people :data:`MARGIN`
    (an interval's width falls with the root of their number).
    """
    rows = table[table["comparison"] == comparison]
    rows = rows[rows["low"].notna() & rows["high"].notna()]
    if rows.empty:
        return "cannot be judged in this run"
    above, below = rows[rows["low"] > 0], rows[rows["high"] < 0]
    held = rows[(rows["low"] <= 0) & (rows["high"] >= 0)]
    told = [
        f"above 0 in {len(above)} of {len(rows)} rows{_named(above)}",
        f"below it in {len(below)}{_named(below)}",
    ]
    if len(held):
        shown = could_show((held["low"], held["high"]))
        needed = (held["n"] * (shown / MARGIN) ** 2).median()
        told.append(
            f"undecided in {len(held)} (in half of these a difference below {shown.median():.2g} "
            f"{OFTEN_LOST}; for {MARGIN:g} to be lost no more often would take about "
            f"{float(f'{needed:.1g}'):,.0f} test participants)"
        )
    return f"lies {'; '.join(told)}"


def _named(rows: pd.DataFrame) -> str:
    """ " (task, measure; ...)", or nothing for no rows."""
    names = [
        f"{task_title(row.task)}" + ("" if row.metric == "auc" else f", {METRIC_NAMES[row.metric]}")
        for row in rows.itertuples()
    ]
    return f" ({'; '.join(names)})" if names else ""


def _in_short(value: float) -> str:
    """ ".432" or "−.015"."""
    return f"{value:.3f}".replace("0.", ".", 1).replace("-", "−")


def record_passes(record: Callable, key: str, passes: float, **words: Any) -> None:
    """Record a number of passes over the training set: "1 pass", "18 passes", or that there is none."""
    whole = int(passes) if np.isfinite(passes) else passes
    record(key, whole, unit="pass" if whole == 1 else "passes", **words)


def shown_passes(costs: pd.DataFrame) -> pd.DataFrame:
    """The table of :func:`~cardiacnets.experiments.downstream_tasks.convergence.convergence` in words."""
    heads = {
        "ecg_goal": "ECG-only, to its best", "aligned_goal": "aligned, to that loss",
        "aligned_own": "aligned, to its own best", "saved": "saved, %",
    }  # fmt: skip
    shown = costs.round(1).assign(task=costs["task"].map(task_title))
    return shown[["task", *heads, "n"]].rename(columns=heads)


def how_often_trained(run: Run) -> str:
    """How many trainings stand behind a network of chapter 05, as a sentence of its own."""
    many, settings = len(trainings_of(run.profile)), run.profile.downstream
    if many == 1:
        return "Each network was trained once: the spread of trainings is in no interval of this run."
    where = "all tasks"
    if settings.repeated:
        where = "; ".join(task_title(key) for key in settings.repeated)
        where += "; those of other tasks once, which their intervals cannot show"
    return (
        f"Alignment was trained {many} times, and as often the networks of {where}. Such an arm answers by "
        "the mean of its predictions, and its intervals hold participants and trainings."
    )


def families_told(table: pd.DataFrame) -> str:
    """In which families of indices the aligned ECG lies furthest above covariates alone, and where lowest, of
    :func:`~cardiacnets.experiments.downstream_tasks.evaluation.correlation_by_group`.
    """
    ecg, known = (table[ARMS[arm].title] for arm in ("aligned", "covariates"))
    gain = (ecg - known).dropna()
    if gain.empty:
        return "What the ECG adds to covariates is not known by family in this run"
    told = [f"{name} ({ecg[name]:.2f} and {known[name]:.2f})" for name in (gain.idxmax(), gain.idxmin())]
    return (
        f"What the aligned ECG has over covariates alone is largest in the family {told[0]} and smallest in "
        f"{told[1]}"
    )


def beside_twins(table: pd.DataFrame) -> pd.DataFrame:
    """Networks less their linear twins, readable, and in a word what follows from each interval."""
    words = [in_a_word(Comparison.of(row)) for row in table.itertuples()]
    return readable(table).assign(depth=words)


def readable_map(table: pd.DataFrame) -> pd.DataFrame:
    """The map of when alignment pays, a row a teacher and number of pairs, a column a number of labels; where
    there is no value, why.
    """
    found = zip(table["estimate"], table["low"], table["high"], table["note"], strict=True)
    cells = [note or in_one_cell(*each) or "–" for *each, note in found]
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
        record(key, Comparison.of(row), method="less the best readout of the ECG alone, mean over 82 indices")


def readable_curve(table: pd.DataFrame) -> pd.DataFrame:
    """Arms over labels, a row an arm, a column a number of labels; where there is no value, why."""
    arms = table[~table["arm"].str.contains("-")]
    found = zip(arms["estimate"], arms["low"], arms["high"], arms["note"], strict=True)
    named = arms.assign(
        arm=arms["arm"].map({name: arm.title for name, arm in ARMS.items()}),
        cell=[note or in_one_cell(*each) or "–" for *each, note in found],
        labels=[
            f"{each:,} labels" + " (all)" * whole
            for each, whole in zip(arms["labels"], arms["all"], strict=True)
        ],
    )
    rows, columns = (list(dict.fromkeys(named[name])) for name in ("arm", "labels"))
    wide = named.pivot(index="arm", columns="labels", values="cell").loc[rows, columns]
    return wide.rename_axis(columns=None).reset_index()


def record_curve(record: Callable, table: pd.DataFrame) -> None:
    """Record each point of the curve as ``ukb.indices.r_labels_<number, or all>.<arm or comparison>``."""
    for row in table[table["estimate"].notna()].itertuples():
        key = f"ukb.indices.r_labels_{'all' if row.all else row.labels}.{row.arm}"
        record(key, Comparison.of(row), method="mean over 82 indices and over draws of labels")


def record_arms(record: Callable, table: pd.DataFrame) -> None:
    """Record each row of :func:`arm_table` as ``<cohort>.<task>.<metric>.<arm>``."""
    for row in table.itertuples():
        counted = "recordings without the disease" if row.metric == "specificity" else ""
        record(f"{_key(row.task, row.metric)}.{row.arm}", Estimate.of(row), of=counted)
        _record_spread(record, f"{_key(row.task, row.metric)}_trainings.{row.arm}", row)


def record_comparisons(record: Callable, table: pd.DataFrame) -> None:
    """Record each difference, and beside it the same with the 90 % interval that equivalence is judged by."""
    for row in table.itertuples():
        key, found = _key(row.task, row.metric), Comparison.of(row)
        narrow = Estimate(found.estimate, (row.low_90, row.high_90), found.n, found.method, level=LEVEL)
        record(f"{key}.{row.comparison}", found, method="paired, by participant")
        record(f"{key}_equivalence.{row.comparison}", narrow, method="paired, by participant")
        _record_spread(record, f"{key}_trainings.{row.comparison}", row)


def _record_spread(record: Callable, key: str, row: Any) -> None:
    """Record how far the trainings of an arm lie apart, where there are several."""
    singles = getattr(row, "trainings", ())
    if len(singles) > 1:
        record(
            key, float(np.std(singles, ddof=1)), n=len(singles), of="trainings",
            method="standard deviation between single trainings",
        )  # fmt: skip


def record_diseases_by_labels(record: Callable, table: pd.DataFrame) -> None:
    """``mimic.cad.auc_fraction.aligned_10`` and the like, where there is a number."""
    for row in table[table["why"] == ""].itertuples():
        record(f"{row.task}.auc_fraction.{row.comparison}", Estimate.of(row), of="recordings")


def beats_all_labels(table: pd.DataFrame) -> str:
    """For how many diseases the fewest labels with alignment lie above, or below, all labels without."""
    judged = table[(table["arm"] == "difference") & (table["why"] == "")]
    if judged.empty:
        return "cannot be compared in this run"
    above, below = int((judged["low"] > 0).sum()), int((judged["high"] < 0).sum())
    shown = could_show((judged["low"], judged["high"])).median()
    return (
        f"lies above for {above} of {len(judged)} diseases and below for {below}; for the others the "
        f"interval holds 0, and a difference below about {shown:.2f} {OFTEN_LOST}"
    )


def recall_gain(found: list, pair: tuple[str, str], subtype: str) -> str:
    """The difference of recall of a subtype as text, or that there is none."""
    for compared, name, test in found:
        if compared == pair and name == subtype:
            return f"{in_one_cell(test.estimate, *test.interval)}, n = {test.n}"
    return "not estimable: too few people have it"


def record_recalls(record: Callable, key: str, found: list) -> None:
    """``mimic.subtypes.recall_rcm.aligned-ecg`` and the like."""
    for (first, second), subtype, test in found:
        record(f"{key}.recall_{subtype}.{first}-{second}", test)


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
