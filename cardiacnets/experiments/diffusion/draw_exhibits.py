"""The study's figure 4 and supplementary figure 2 and table 8, redrawn from the movies of this run."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import seaborn
import seaborn.objects as so
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from cardiacnets.cmr.movie import Film, film
from cardiacnets.contracts import DIAGNOSIS_NAMES
from cardiacnets.ecg import plot_ecg
from cardiacnets.experiments.diffusion.exhibits import (
    BY_RULE,
    SHOWN,
    WAYS,
    Case,
    Extreme,
    bland_altman,
)
from cardiacnets.experiments.shared.small_multiples import DOTS, small_multiples, tenths
from cardiacnets.phenotypes import INDEX_NAMES, PHENOTYPES, axis_label
from cardiacnets.picture import Picture
from cardiacnets.run import Run
from cardiacnets.statistics import pearson_interval
from cardiacnets.study import VIEWS
from cardiacnets.theme import BLUE, FAINT, INK, draw_on

SHOWN_PEOPLE = 3
"""People of one end that are shown."""
PAPER_DPI = 90
KINDS = ("real", "generated")
MOMENTS = {"end of filling": 0.0, "end of ejection": 0.375}
"""Share of the beat at which still frames are taken, from the R wave."""


def extremes(
    found: Sequence[Extreme], read: Mapping[str, np.ndarray], truth: np.ndarray,
    movies: Mapping[str, Mapping[str, np.ndarray]],
) -> Picture:  # fmt: skip
    """Those of both ends of each index, real above generated, at the end of filling; ``read`` and ``truth``
    (n, 82), ``movies`` (n, T, H, W) by kind and view. An end of which nobody was drawn stays empty.
    """
    figure = Figure(figsize=(9, 3.6 * len(SHOWN)))
    for part, one in zip(figure.subfigures(len(SHOWN), 2).ravel(), found, strict=True):
        place, view = INDEX_NAMES.index(one.index), SHOWN[one.index]
        about = PHENOTYPES.iloc[place]
        part.suptitle(f"{about['label']}: {one.end} tenth, {len(one.places)} drawn", fontsize=9)
        axes = part.subplots(len(KINDS), SHOWN_PEOPLE)
        for axis in axes.ravel():
            axis.set(xticks=[], yticks=[])
            axis.set_frame_on(False)
        for column, person in enumerate(one.places[:SHOWN_PEOPLE]):
            for axis, kind in zip(axes[:, column], KINDS, strict=True):
                _frame(axis, movies[kind][view][person][0])
                axis.set_title(f"{kind}: {read[kind][person, place]:.0f} {about['unit']}", fontsize=7.5)
            axis.set_xlabel(f"record: {truth[person, place]:.0f} {about['unit']}", fontsize=7.5)
    return Picture(
        figure,
        "extremes",
        f"Up to {SHOWN_PEOPLE} of those drawn whose recorded index lies in the lowest tenth of the test "
        "split (left) and in the highest (right), the most extreme first, at the end of filling: the real "
        "cine above the movie generated from the ECG, with what the reader finds in each and what is "
        "recorded. "
        + " ".join(f"{axis_label(index)}: {VIEWS[view].title}." for index, view in SHOWN.items()),
        f"Rows of grey images of hearts, {len(SHOWN)} indices, real above generated, lowest tenth at the "
        "left and highest at the right.",
        "simulated",
    )


def extremes_film(
    found: Sequence[Extreme], index: str, movies: Mapping[str, Mapping[str, np.ndarray]], fps: float
) -> Film | None:
    """The same people of one ``index`` moving; None where nobody was drawn."""
    view, cines, labels = SHOWN[index], [], []
    for one in (one for one in found if one.index == index):
        for person in one.places[:SHOWN_PEOPLE]:
            cines.append(np.concatenate([movies[kind][view][person] for kind in KINDS], axis=1))
            labels.append("")
        if len(one.places):
            shown = len(one.places[:SHOWN_PEOPLE])
            labels[len(labels) - shown + (shown - 1) // 2] = one.end
    return film(cines, fps=fps, labels=labels, scale=2) if cines else None


def generated(read: Mapping[str, np.ndarray], truth: np.ndarray, people: bool) -> Picture:
    """What is read from generated movies against real ones and the record, and the differences, a row each
    index of :data:`SHOWN`; the means of tenths where single ``people`` may not be shown.
    """
    figure = Figure(figsize=(10, 3.2 * len(SHOWN)))
    axes = figure.subplots(len(SHOWN), 3, squeeze=False)
    for line, index in zip(axes, SHOWN, strict=True):
        place = INDEX_NAMES.index(index)
        drawn, real = read["generated"][:, place], read["real"][:, place]
        known = np.isfinite(truth[:, place])
        _scatter(line[0], real, drawn, people)
        line[0].set(xlabel=f"real movie: {axis_label(index)}", ylabel="generated movie")
        _scatter(line[1], truth[known, place], drawn[known], people)
        line[1].set(xlabel=f"record: {axis_label(index)}", ylabel="generated movie")
        _differences(line[2], real, drawn, people)
        unit = PHENOTYPES.iloc[place]["unit"]
        line[2].set(xlabel=f"mean of both, {unit}", ylabel=f"generated − real, {unit}")
    shown = "A dot is a test participant" if people else "A dot is the mean of a tenth of the participants"
    return Picture(
        figure,
        "generated",
        "What one reader finds in generated movies against real movies of the same people (left) and against "
        f"the record (middle), with the line of least squares and that of equality (grey); right: the "
        f"difference of both movies over their mean, with its mean and the limits of agreement, all with "
        f"their 95 % intervals. {shown}; lines are of all.",
        f"{3 * len(SHOWN)} panels: two scatter plots with a line and a plot of differences for each of "
        f"{len(SHOWN)} indices.",
        "simulated" if people else "aggregate",
    )


def ways(table: pd.DataFrame) -> Picture:
    """r with the record by what an index is read from: rows of ``beside_record``."""
    named = table.assign(
        way=table["way"].map(WAYS),
        index_name=[axis_label(name).split(",")[0] for name in table["index_name"]],
    )
    figure = Figure(figsize=(7.5, 2.6))
    draw_on(
        figure,
        so.Plot(named, x="estimate", y="way", xmin="low", xmax="high")
        .facet(col="index_name")
        .add(so.Range(color=BLUE))
        .add(so.Dot(color=BLUE))
        .label(x="r with the record", y="", col=""),
    )
    return Picture(
        figure,
        "generated-ways",
        "Correlation with the recorded index of what is read from one generated movie a person, from one "
        "drawn by the rival (in closed form: cine components that a straight line predicts from the beat), "
        "of what the same ECG tells directly, and of what is read from the real movie; 95 % intervals over "
        "participants.",
        f"Dots with intervals: {len(WAYS)} ways to an index, for {len(SHOWN)} indices.",
    )


def regressions(table: pd.DataFrame, people: bool) -> Picture:
    """All indices as read from generated against real movies, by family."""
    drawn = f"the first {DOTS} of those drawn" if people else "means of tenths of those drawn"
    return Picture(
        small_multiples(table, BLUE, people),
        "regressions",
        f"Each of the {len(table)} indices as read from the generated movie (upwards) against the same read "
        f"from the person's real movie (to the right): {drawn}, each on its own scale, with the line of "
        "least squares; r is of all. Numbers after a name are segments of the AHA's model.",
        f"{len(table)} small scatter plots with a line each, named by index and correlation.",
        "simulated" if people else "aggregate",
    )


def gallery(run: Run, cases: Sequence[Case]) -> Picture:
    """A row each case: its ECG on paper, then its short axis at two moments, real and generated."""
    count = len(cases)
    figure = Figure(figsize=(10, 1.95 * max(count, 1)))
    axes = figure.subplots(max(count, 1), 1 + 2 * len(KINDS), width_ratios=(3.4, 1, 1, 1, 1), squeeze=False)
    for axis in axes.ravel():
        axis.set_axis_off()
    for line, case in zip(axes, cases, strict=False):
        line[0].imshow(_paper(case.ecg(run)))
        line[0].set_title(f"{case.title} (error {case.error:.2f})", loc="left", fontsize=8)
        for number, kind in enumerate(KINDS):
            cine = case.cine(run, "sax", kind)
            for step, (moment, share) in enumerate(MOMENTS.items()):
                axis = line[1 + 2 * number + step]
                _frame(axis, cine[round(share * len(cine))])
                axis.set_title(f"{kind}\n{moment}", fontsize=7, fontweight="normal")
    return Picture(
        figure,
        "gallery",
        "By disease, a typical case among those drawn and that of the largest error, chosen by rule: the "
        "error of the generated movie against the person's own (mean of six indices, in standard deviations "
        "of the real ones) is the median of all with the disease, or the largest; who is shown already is "
        "passed over. The ECG that was the only input, then "
        "the short axis, real and generated.",
        f"{count} rows: an electrocardiogram on millimetre paper and four grey images of a heart, real and "
        "generated, at the end of filling and of ejection.",
        "simulated",
    )


def gallery_film(run: Run, cases: Sequence[Case], rule: str, fps: float) -> Film | None:
    """Cases of one ``rule`` side by side, real above generated, short axis; None where there are none."""
    if rule not in BY_RULE:
        raise ValueError(f"cases are {' or '.join(BY_RULE)}, not {rule!r}")
    chosen = [case for case in cases if case.rule == rule]
    pairs = [np.concatenate([case.cine(run, "sax", kind) for kind in KINDS], axis=1) for case in chosen]
    names = [DIAGNOSIS_NAMES[case.condition].removesuffix(" cardiomyopathy") for case in chosen]
    return film(pairs, fps=fps, labels=names, scale=2) if pairs else None


def _frame(axis: Axes, frame: np.ndarray) -> None:
    axis.imshow(frame, cmap="gray", vmin=0, vmax=255)


def _scatter(axis: Axes, x: np.ndarray, y: np.ndarray, people: bool) -> None:
    """Dots with the line of least squares of all, the line of equality, and r."""
    dots = (x, y) if people else tenths(x, y)
    seaborn.scatterplot(x=dots[0], y=dots[1], color=BLUE, alpha=0.6, s=18, ax=axis)
    seaborn.regplot(x=x, y=y, scatter=False, ci=95, seed=0, color=BLUE, line_kws={"linewidth": 1.5}, ax=axis)
    axis.axline((float(x.mean()), float(x.mean())), slope=1, color=FAINT, linewidth=1)
    found = pearson_interval(x, y)
    low, high = found.interval
    axis.set_title(f"r {found.estimate:.2f} ({low:.2f} to {high:.2f}), n {found.n}", fontsize=9)


def _differences(axis: Axes, real: np.ndarray, drawn: np.ndarray, people: bool) -> None:
    """Bland and Altman's plot of ``drawn`` less ``real``."""
    middle, difference = (real + drawn) / 2, drawn - real
    dots = (middle, difference) if people else tenths(middle, difference)
    seaborn.scatterplot(x=dots[0], y=dots[1], color=BLUE, alpha=0.6, s=18, ax=axis)
    found = bland_altman(drawn, real)
    for one, style in ((found.bias, "-"), (found.lower, "--"), (found.upper, "--")):
        axis.axhline(one.estimate, color=INK, linewidth=1, linestyle=style)
        axis.axhspan(*one.interval, color=FAINT, alpha=0.4, linewidth=0)


def _paper(signal: np.ndarray) -> np.ndarray:
    """An ECG (12, T) mV on paper as a picture (H, W, 3)."""
    buffer = io.BytesIO()
    plot_ecg(signal).savefig(buffer, format="png", dpi=PAPER_DPI)
    return np.asarray(Image.open(buffer).convert("RGB"))
