"""The pictures of chapter 07: readers with each display, what each gains, cases, and how much is assumed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import seaborn
import seaborn.objects as so
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import roc_curve

from cardiacnets.ecg import plot_beats
from cardiacnets.experiments.reader_study.measures import DISPLAYS, MODEL
from cardiacnets.picture import Picture
from cardiacnets.statistics import Estimate
from cardiacnets.theme import BLUE, FAINT, INK, ORANGE, draw_on


def displays(
    results: Mapping[str, object], experience: pd.Series, model: Estimate, simulated: bool
) -> Picture:
    """Each reader and their mean with each display; ``results`` by the name of the measure, the AUC first."""
    figure = Figure(figsize=(9.5, 3.6))
    axes = figure.subplots(1, len(results), sharey=True)
    for axis, (name, result) in zip(axes, results.items(), strict=True):
        own = result.readers.assign(experience=result.readers["reader"].map(experience))
        order = [display for display in DISPLAYS if display in set(result.modalities["modality"])]
        place = {display: number for number, display in enumerate(order)}
        seaborn.lineplot(
            own.assign(place=own["modality"].map(place)), x="place", y="estimate", units="reader",
            estimator=None, style="experience", style_order=["junior", "senior"], color=FAINT, ax=axis,
            legend=name == "AUC",
        )  # fmt: skip
        means = result.modalities.set_index("modality").loc[order]
        spread = np.abs(means[["low", "high"]].T.to_numpy() - means["estimate"].to_numpy())
        axis.errorbar(range(len(order)), means["estimate"], yerr=spread, color=BLUE, marker="o", linewidth=2)
        axis.set(title=name, xlabel="", ylabel="", xticks=range(len(order)), xlim=(-0.3, len(order) - 0.7))
        axis.set_xticklabels([DISPLAYS[display] for display in order], rotation=20, ha="right")
    axes[0].axhline(model.estimate, color=ORANGE, linestyle=":")
    axes[0].get_legend().set_title("")
    return Picture(
        figure,
        "displays",
        "Performance with each display: each reader (grey; seniors dashed), their mean (blue), and the "
        "model from the ECG alone (dotted orange, AUC). Intervals generalise to new readers and new "
        "cases.",
        "Three line charts: area under the curve, sensitivity and specificity for ECG, ECG with generated "
        "and ECG with real movie; grey lines for readers, blue for the mean, a dotted line for the "
        "model.",
        simulated=simulated,
    )


def plane(points: pd.DataFrame, truth: np.ndarray, scores: np.ndarray, simulated: bool) -> Picture:
    """Each reader as a point, a panel a display, with the model's curve and operating point: rows of
    :func:`~cardiacnets.experiments.reader_study.measures.points_in_plane`.
    """
    shown = [display for display in DISPLAYS if (points["modality"] == display).any()]
    figure = Figure(figsize=(3.5 * len(shown), 4.2))
    axes = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    wrong, right, _ = roc_curve(truth, scores)
    model = points[points["reader"] == MODEL]
    for axis, display in zip(axes, shown, strict=True):
        axis.axline((0, 0), slope=1, color=FAINT, linewidth=0.8)
        axis.plot(wrong, right, color=ORANGE, label="model from the ECG")
        _cross(axis, model, ORANGE, "*", 12, "its threshold")
        own = points[(points["reader"] != MODEL) & (points["modality"] == display)]
        for experience, marker in {"junior": "o", "senior": "s"}.items():
            _cross(axis, own[own["experience"] == experience], BLUE, marker, 6, experience)
        axis.set(title=DISPLAYS[display], xlabel="1 − specificity", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        axis.set_aspect("equal")
    axes[0].set_ylabel("sensitivity")
    named: dict = {}
    for axis in axes:
        named |= {label: line for line, label in zip(*axis.get_legend_handles_labels(), strict=True)}
    figure.legend(named.values(), named.keys(), loc="outside lower center", ncols=4)
    return Picture(
        figure,
        "plane",
        f"Readers and model in one ROC plane: each reader's decisions with each display (n = {len(truth)} "
        f"cases, {int(np.sum(truth))} of them diseased), and the model's curve with the threshold that "
        "validation chose. Crosses: Wilson's 95 % intervals over cases, for that reader.",
        f"{len(shown)} square panels, a display each: points with crosses for readers, a curve and a star "
        "for the model, and the diagonal of chance.",
        simulated=simulated,
    )


def _cross(axis: Axes, points: pd.DataFrame, color: str, marker: str, size: float, label: str) -> None:
    """Points of the plane with the intervals of both coordinates."""
    if points.empty:
        return
    x, y = 1 - points["specificity"], points["sensitivity"]
    across = x - 1 + points["specificity_high"], 1 - x - points["specificity_low"]
    along = y - points["sensitivity_low"], points["sensitivity_high"] - y
    axis.errorbar(
        x, y, xerr=np.clip(across, 0, None), yerr=np.clip(along, 0, None), color=color, fmt=marker,
        markersize=size, linewidth=0, elinewidth=0.7, label=label,
    )  # fmt: skip


def gains(table: pd.DataFrame, simulated: bool) -> Picture:
    """Gain in accuracy of each reader with each movie."""
    shown = table.reset_index(drop=True)
    shown = shown.assign(
        reader=shown["reader"] + ", " + shown["experience"], display=shown["display"].map(DISPLAYS)
    )
    figure = Figure(figsize=(9, 0.9 + 0.4 * shown["reader"].nunique()))
    plot = so.Plot(shown, x="gain", y="reader", xmin="low", xmax="high").facet("display")
    plot = plot.add(so.Range(color=BLUE, linewidth=1.6)).add(so.Dot(color=BLUE, pointsize=5))
    draw_on(figure, plot.label(x="gain in accuracy", y=""))
    for axis in figure.axes:
        axis.axvline(0, color=INK, linewidth=0.8)
    return Picture(
        figure,
        "gains-by-reader",
        "Gain in accuracy of each reader over the ECG alone; intervals over cases, for that reader.",
        "Two forest plots of each reader's gain in accuracy with the generated and with the real movie, "
        "with intervals, around a line at zero.",
        simulated=simulated,
    )


def case(number: int, beat: np.ndarray, heat: np.ndarray, recovered: int, lost: int, readers: int) -> Picture:
    """The median beat (12, n) mV of a case, shaded by ``heat`` (12, columns) in [0, 1]."""
    return Picture(
        plot_beats(beat, overlay=heat),
        f"case-{number}",
        f"Median beat of case {number}, shaded where the aligned model's score for cardiomyopathy is "
        f"sensitive (occlusion). Recovered by {recovered} and lost by {lost} of {readers} readers.",
        f"Twelve-lead median beat of case {number} with a heat map behind the traces.",
        "simulated",
    )


def sweep(table: pd.DataFrame) -> Picture:
    """Gain in mean AUC for readers of other ``skill`` and ``noise``, one panel a display."""
    figure = Figure(figsize=(9, 3.4))
    shown = [display for display in DISPLAYS if display != "ecg"]
    for axis, display in zip(figure.subplots(1, len(shown), sharey=True), shown, strict=True):
        last = display == shown[-1]
        grid = table[table["modality"] == display].assign(noise=lambda rows: rows["noise"].map("{:g}".format))
        seaborn.lineplot(grid, x="skill", y="gain", hue="noise", marker="o", ax=axis, legend=last)
        axis.axhline(0, color=INK, linewidth=0.8)
        axis.set(title=DISPLAYS[display], xlabel="ECG skill, multiplied by", ylabel="gain in mean AUC")
    seaborn.move_legend(axis, "center left", bbox_to_anchor=(1, 0.5), title="noise,\nmultiplied by")
    return Picture(
        figure,
        "sweep",
        "Gain in mean AUC over the ECG alone, for readers of other ECG skill and noise.",
        "Two line charts of gain against the multiplier of ECG skill, one line for each multiplier of "
        "noise, for generated and real movies.",
        "simulated",
    )
