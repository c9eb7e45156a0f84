"""The pictures of chapter 06: tests side by side, intervals that part, and what a probability is worth."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import seaborn
from matplotlib.figure import Figure

from cardiacnets import statistics
from cardiacnets.cohorts.counts import publishable
from cardiacnets.cohorts.flow import Flow, draw_flow
from cardiacnets.experiments.downstream_tasks.presentation import task_title
from cardiacnets.picture import Picture
from cardiacnets.theme import BLUE, FAINT, INK, ORANGE, VERMILION

LEAST = 1e-12
"""A p-value below is drawn here: a logarithm has no zero."""
WAYS = {"wald": VERMILION, "logit": BLUE, "Wilson, as published": FAINT}
VERDICTS = {"survives max-T": BLUE, "below .05 alone": ORANGE, "neither": FAINT}


def p_values(tests: pd.DataFrame) -> Picture:
    """The published and the paired p of the same differences of AUC, one point a task."""
    figure = Figure(figsize=(4.8, 4.4))
    axis = figure.subplots()
    shown = tests[["p_published", "p_paired"]].clip(lower=LEAST)
    seaborn.scatterplot(shown, x="p_published", y="p_paired", ax=axis)
    axis.axline((1, 1), slope=1, color=FAINT)
    for line in (axis.axhline, axis.axvline):
        line(0.05, color=INK, linestyle=":")
    axis.set(xscale="log", yscale="log", xlabel="p as published", ylabel="p of the paired test")
    return Picture(
        figure,
        "p-values",
        "The same differences of AUC by the published and by the paired test, one point a task. Below the "
        "line the paired test sees more; dotted: 0.05.",
        "Scatter plot of paired against published p-values on logarithmic axes with the identity line and "
        "dotted lines at 0.05.",
    )


def false_alarms(alarms: pd.DataFrame) -> Picture:
    """Share of simulated studies that call equals different, by ``method`` and participants ``n``."""
    figure = Figure(figsize=(7, 3.6))
    axis = figure.subplots()
    seaborn.barplot(alarms, x="n", y="rate", hue="method", errorbar=None, saturation=1, ax=axis)
    axis.axhline(0.05, color=INK, linestyle=":")
    axis.set(xlabel="participants", ylabel="false alarms")
    seaborn.move_legend(axis, "lower center", bbox_to_anchor=(0.5, 1), title="")
    return Picture(
        figure,
        "false-alarms",
        "Share of simulated studies in which two equally good scores of the same people are called "
        "different at 0.05, averaged over AUCs of 0.75, 0.85 and 0.95. Dotted: the promise.",
        "Bar chart of false-alarm rates by sample size for the paired DeLong test, the unpaired one and "
        "the published z-test.",
        "simulated",
    )


def auc_intervals(tested: Mapping[str, pd.DataFrame], people: Mapping[str, pd.Series | None]) -> Picture:
    """Three intervals of the aligned encoder's AUC for each task; ``people`` where recordings repeat."""
    rows = []
    for key, test in tested.items():
        found = {
            way: statistics.auc_interval(test["label"], test["aligned"], method=way, clusters=people[key])
            for way in ("wald", "logit")
        }
        found["Wilson, as published"] = statistics.wilson_interval(
            found["logit"].estimate * len(test), len(test)
        )
        rows += [
            {"task": task_title(key), "interval": way, "AUC": value}
            for way, each in found.items()
            for value in (each.estimate, *each.interval)
        ]
    figure = Figure(figsize=(8, 0.9 + 0.42 * len(tested)))
    axis = figure.subplots()
    # of an estimate and its two ends, "percentile interval 100" draws just these ends
    seaborn.pointplot(
        pd.DataFrame(rows), x="AUC", y="task", hue="interval", palette=WAYS, dodge=0.5, linestyle="none",
        errorbar=("pi", 100), estimator="median", markersize=4, err_kws={"linewidth": 1.6}, ax=axis,
    )  # fmt: skip
    axis.set(ylabel="", xlim=(None, 1.02))
    seaborn.move_legend(axis, "lower center", bbox_to_anchor=(0.5, 1), ncols=3, title="")
    return Picture(
        figure,
        "intervals",
        "Three 95 % intervals of the same AUCs of the aligned encoder. Wald and logit part where the AUC "
        "is high and the sample small; Wilson's takes the AUC for a share of people, which it is not, and "
        "counts recordings as people.",
        "Horizontal interval lines for each task in threes, Wald, logit and Wilson, with dots at the AUC.",
    )


def index_differences(difference: np.ndarray, pvalue: np.ndarray, adjusted: np.ndarray) -> Picture:
    """Difference of correlation for each index, sorted, by what is left of it after adjustment."""
    order = np.argsort(difference)
    alone = np.where(pvalue < 0.05, "below .05 alone", "neither")
    verdicts = np.where(adjusted < 0.05, "survives max-T", alone)
    table = pd.DataFrame({
        "place": np.arange(len(order)), "r aligned − r ECG-only": difference[order], "": verdicts[order],
    })  # fmt: skip
    figure = Figure(figsize=(8, 3.4))
    axis = figure.subplots()
    seaborn.barplot(
        table, x="place", y="r aligned − r ECG-only", hue="", palette=VERDICTS, hue_order=list(VERDICTS),
        native_scale=True, dodge=False, saturation=1, ax=axis,
    )  # fmt: skip
    axis.axhline(0, color=INK, linewidth=0.8)
    axis.set_xlabel(f"{len(order)} indices, sorted")
    seaborn.move_legend(axis, "upper left", title="")
    return Picture(
        figure,
        "max-t",
        "Difference of correlation for each index. Blue: survives the adjustment for all indices (max-T); "
        "orange: below 0.05 only if it were the only index; grey: neither.",
        f"Sorted bar chart of differences in correlation for {len(order)} indices, coloured by whether "
        "they survive adjustment.",
    )


def calibration(curve: pd.DataFrame, benefit: pd.DataFrame) -> Picture:
    """Observed against predicted risk, and net benefit against the threshold from which one would treat."""
    figure = Figure(figsize=(8.5, 3.6))
    reliability, decision = figure.subplots(1, 2)
    spread = np.abs(curve[["low", "high"]].T.to_numpy() - curve["observed"].to_numpy())
    reliability.errorbar(curve["predicted"], curve["observed"], yerr=spread, fmt="o", color=BLUE)
    reliability.axline((0, 0), slope=1, color=FAINT)
    reliability.set(xlabel="predicted", ylabel="observed share of cases", xlim=(0, 1), ylim=(0, 1))
    names = {"net_benefit": "by the model", "treat_all": "treat all", "treat_none": "treat none"}
    long = benefit.rename(columns=names).melt("threshold", list(names.values()), "", "net benefit")
    seaborn.lineplot(long, x="threshold", y="net benefit", hue="", style="", ax=decision)
    decision.set(xlabel="threshold probability", ylim=(-0.1, 0.6))
    return Picture(
        figure,
        "calibration",
        "Calibration (left, Wilson intervals) and decision curve (right) of the aligned encoder for "
        "cardiomyopathy, in a sample with as many controls as cases.",
        "Left: observed against predicted risk with intervals and the diagonal. Right: net benefit against "
        "threshold for the model, for treating all and for treating none.",
    )


def screening_flow(flow: Flow, cases: int, least: int) -> Picture:
    """Who came to the test of cardiomyopathy screening, ``cases`` among them; no count under ``least``."""
    return Picture(
        draw_flow(flow, "Screening for cardiomyopathy, test split", least),
        "flow",
        "Flow of participants of the paired cohort from recording to the test of cardiomyopathy screening; "
        f"{publishable(cases, least)} of those left are cases.",
        "Flow diagram from all recordings at the top to the test participants at the bottom; at each step "
        "those taken out, with the reason, to the right.",
    )
