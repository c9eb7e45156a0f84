"""The pictures of chapter 05: arms with their intervals, families of indices, scores by number of labels."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import seaborn
import seaborn.objects as so
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from cardiacnets.experiments.downstream_tasks.map_of_gain import TEACHERS
from cardiacnets.experiments.downstream_tasks.map_places import Place, on_axis
from cardiacnets.experiments.downstream_tasks.presentation import METRIC_NAMES, task_title
from cardiacnets.experiments.shared.panels import panels
from cardiacnets.picture import Picture
from cardiacnets.study import ARMS
from cardiacnets.theme import ARM_COLOURS, BLUE, INK, VERMILION, draw_on

ARM_NAMES = {name: arm.title for name, arm in ARMS.items()}
COLOURS = {ARM_NAMES[arm]: colour for arm, colour in ARM_COLOURS.items()}
PANELS = 4
"""Tasks side by side."""
MARKERS = "osD^vXP"
"""Of arms that share a colour, in turn."""
PALE = "#ececec"
"""Behind what cannot be told from 0."""


def screening(table: pd.DataFrame) -> Picture:
    """AUC of every arm for each disease of the paired cohort."""
    return Picture(
        forest(table),
        "screening",
        "Area under the ROC curve for each disease and arm on test participants of the UK Biobank-like "
        "cohort, with 95 % intervals.",
        "Forest plot: for each disease one row an arm, a dot for the area under the curve and a line for "
        "its interval.",
    )


def indices(table: pd.DataFrame) -> Picture:
    """Mean correlation of every arm over the 82 indices."""
    return Picture(
        forest(table),
        "indices",
        "Mean correlation of predicted and recorded indices over all 82, by arm, with 95 % intervals over "
        "test participants, and over trainings where an arm has several (small dots).",
        "Forest plot of mean correlation for each arm with intervals.",
    )


def elsewhere(table: pd.DataFrame) -> Picture:
    """AUC of every arm in the hospital cohort and at sites that no model has seen."""
    return Picture(
        forest(table[table["metric"] == "auc"]),
        "hospital",
        "Area under the ROC curve in the MIMIC-like cohort (participants with several recordings counted "
        "as clusters) and at sites never seen in training.",
        "Forest plot of areas under the curve for the hospital cohort and external sites by arm.",
    )


def families(by_group: pd.DataFrame) -> Picture:
    """Mean correlation within each family of indices (rows) of each arm (columns)."""
    long = by_group.rename_axis("family").reset_index().melt("family", var_name="arm", value_name="mean r")
    figure = Figure(figsize=(9, 3.8))
    axis = figure.subplots()
    seaborn.barplot(long, x="family", y="mean r", hue="arm", palette=COLOURS, saturation=1, ax=axis)
    axis.set_xlabel("")
    axis.tick_params(axis="x", rotation=25)
    seaborn.move_legend(axis, "lower center", bbox_to_anchor=(0.5, 1), ncols=3, title="")
    return Picture(
        figure,
        "index-groups",
        "Mean correlation within each family of indices, by arm.",
        f"Grouped bar chart of mean correlation for families of cardiac indices and {by_group.shape[1]} "
        "arms.",
    )


def label_efficiency(curve: pd.DataFrame) -> Picture:
    """Mean correlation by share of labels, one line an arm."""
    shown = curve[curve["arm"] != "difference"].reset_index(drop=True)
    shown = shown.assign(arm=shown["arm"].map(ARM_NAMES))
    figure = Figure(figsize=(7, 3.4))
    plot = so.Plot(shown, x="labels, %", y="estimate", ymin="low", ymax="high", color="arm")
    plot = plot.add(so.Line()).add(so.Dot()).add(so.Range()).scale(color=COLOURS)
    draw_on(figure, plot.label(x="labels used, %", y="mean r over 82 indices", color=""))
    return Picture(
        figure,
        "label-efficiency",
        "Mean correlation against the share of labels, with 95 % intervals over test participants, and over "
        "trainings where there are several.",
        "Line chart with error bars of mean correlation against the share of labels, for the aligned and "
        "the ECG-only network and for alignment in closed form.",
    )


def arms_by_labels(table: pd.DataFrame) -> Picture:
    """Mean correlation of every arm by number of labels, with bands; arms that are told covariates apart."""
    shown = table[~table["arm"].str.contains("-") & table["estimate"].notna()]
    told = [arm for arm in ARMS if "covariates" in ARMS[arm].parts or ARMS[arm].covariates]
    shown = shown.assign(
        given=["with covariates" if arm in told else "without covariates" for arm in shown["arm"]],
        network=[ARMS[arm].network for arm in shown["arm"]],
        arm=shown["arm"].map(ARM_NAMES),
    ).reset_index(drop=True)
    figure = Figure(figsize=(9.6, 6.4))
    parts = ["without covariates", "with covariates"]
    plot = so.Plot(
        shown, x="labels", y="estimate", ymin="low", ymax="high", color="arm", marker="arm",
        linestyle="network",
    )  # fmt: skip
    plot = plot.facet("given", order=parts).add(so.Band(alpha=0.08), legend=False)
    plot = plot.add(so.Line(marker=""), legend=False).add(so.Dot(pointsize=5))
    styles = so.Nominal({False: "-", True: "--"})
    ticks = so.Continuous(trans="log").tick(at=sorted(set(shown["labels"])), minor=0).label(like="{x:,.0f}")
    markers = _markers(list(dict.fromkeys(shown["arm"])))
    plot = plot.scale(color=COLOURS, marker=markers, x=ticks, linestyle=styles)
    named = {"color": "", "marker": ""}
    draw_on(figure, plot.label(x="labels", y="mean r over 82 indices", title=str, **named))
    _legend_below(figure)
    return Picture(
        figure,
        "arms-by-labels",
        "Mean correlation over the 82 indices by number of training labels, one line an arm; "
        "related arms share a colour and differ by their markers; broken: fine-tuned networks; bands: 95 % "
        "intervals over test participants and over trainings, or draws of labels.",
        "Line chart in two panels, arms without and with covariates: mean correlation against the number of "
        f"labels for {shown['arm'].nunique()} arms.",
    )


def _markers(arms: Sequence[str]) -> dict[str, str]:
    """A marker an arm (by title), such that no two of one colour have the same."""
    counted: dict[str, int] = {}
    found = {}
    for arm in arms:
        place = counted.get(COLOURS[arm], 0)
        counted[COLOURS[arm]] = place + 1
        found[arm] = MARKERS[place % len(MARKERS)]
    return found


def learning(losses: pd.DataFrame, title: str) -> Picture:
    """Validation losses of fine-tuning by epoch, one line a training; columns ``arm``, ``training``,
    ``epoch``, ``loss``.
    """
    figure = Figure(figsize=(7, 3.2))
    axis = figure.subplots()
    named = losses.assign(arm=losses["arm"].map(ARM_NAMES))
    seaborn.lineplot(
        named, x="epoch", y="loss", hue="arm", units="training", estimator=None, palette=COLOURS, ax=axis
    )
    axis.set(xlabel="epoch", ylabel="validation loss")
    seaborn.move_legend(axis, "upper left", bbox_to_anchor=(1.02, 1), title="")
    return Picture(
        figure,
        "learning-curves",
        f"Validation loss of fine-tuning by epoch ({title}), one line a training; epoch 0 is the start: "
        "random weights, or a probe.",
        "Line chart of validation loss by epoch, one line for each training of the ECG-only and of the "
        "aligned network.",
    )


def map_of_gain(table: pd.DataFrame, marked: Sequence[Place] = ()) -> Picture:
    """Gain of alignment over the best readout of the ECG alone by labels (columns) and pairs (rows), a panel
    a teacher; what cannot be told from 0 is grey, what is not available empty; ``marked`` are letters where
    studies lie, on the edge where they lie beyond.
    """
    shown = table.assign(told=(table["low"] > 0) | (table["high"] < 0))
    teachers = [name for name in TEACHERS if table.loc[table["teacher"] == name, "estimate"].notna().any()]
    # strangers may cost so much that all else would look pale beside them
    reach = table.loc[table["teacher"] != "strangers", "estimate"].abs().max()
    reach = max(reach, 0.01) if pd.notna(reach) else 0.01
    figure, axes = panels(len(teachers), 3, (9.4 / 3, 1.9), 1.1, sharex=True, sharey=True)
    colours = seaborn.blend_palette([VERMILION, "white", BLUE], as_cmap=True)
    for teacher, axis in zip(teachers, axes, strict=True):
        grid = shown[shown["teacher"] == teacher].pivot(index="pairs", columns="labels")
        grid = grid.sort_index(ascending=False)
        words = grid["estimate"].map(_signed, na_action="ignore").fillna("")
        seaborn.heatmap(
            grid["estimate"].where(grid["told"]), annot=words, fmt="", cmap=colours, vmin=-reach, vmax=reach,
            cbar=False, linewidths=1, linecolor="white", annot_kws={"size": 9}, ax=axis,
        )  # fmt: skip
        _label_the_untold(axis, words.where(~grid["told"], ""))
        _mark(axis, marked, *(sorted(table[name].unique()) for name in ("labels", "pairs")))
        axis.grid(visible=False)
        axis.set_title(TEACHERS[teacher])
        axis.set(xlabel="labels", ylabel="pairs")
        axis.label_outer()
    return Picture(
        figure,
        "map-of-gain",
        "When alignment pays, in closed form: mean r over the 82 indices less that of the best readout of "
        "the ECG alone with the same labels, by number of labels and of pairs, one panel a teacher. Blue: "
        "the 95 % interval over test participants lies above 0; orange: below; grey: it holds 0; empty: not "
        f"available.{_who_is_marked(marked)}",
        f"Heat maps, one for each of {len(teachers)} teachers, of the gain of alignment by number of labels "
        "and number of pairs, the gain written in each cell.",
    )


def _legend_below(figure: Figure) -> None:
    """Move the legend below the panels, where it covers nothing."""
    (legend,) = figure.legends
    handles, names = legend.legend_handles, [text.get_text() for text in legend.get_texts()]
    figure.legends.remove(legend)
    figure.legend(handles, names, loc="outside lower center", ncols=3, fontsize="small")


def _mark(axis: Axes, marked: Sequence[Place], labels: list[int], pairs: list[int]) -> None:
    """Write the letter of each place, inside the axes, away from the middle of a cell."""
    for place in marked:
        if place.pairs is None or place.labels is None:
            continue
        column, row = on_axis(place.labels, labels) + 0.5, len(pairs) - 0.5 - on_axis(place.pairs, pairs)
        column = min(max(column, 0.1), len(labels) - 0.1)
        row = min(max(row - 0.3 * (row > 0.3), 0.16), len(pairs) - 0.16)
        axis.text(column, row, place.mark, ha="center", va="center", size=8, weight="bold", color=INK)


def _who_is_marked(marked: Sequence[Place]) -> str:
    known = [place for place in marked if place.pairs is not None and place.labels is not None]
    told = "; ".join(
        f"{place.mark}: {place.name}, {place.pairs:,} pairs and {place.labels:,} labels" for place in known
    )
    return f" Letters lie on the edge where they belong beyond it: {told}." if told else ""


def _label_the_untold(axis: Axes, words: pd.DataFrame) -> None:
    """Write ``words`` in the cells that the heat map leaves blank, on grey where there are any."""
    for row, line in enumerate(words.to_numpy()):
        for column, text in enumerate(line):
            if text:
                axis.add_patch(Rectangle((column, row), 1, 1, facecolor=PALE, edgecolor="white", zorder=0.5))
                axis.text(column + 0.5, row + 0.5, text, ha="center", va="center", size=9, color=INK)


def _signed(value: float) -> str:
    """ "+.04" or "−.04"."""
    return f"{value:+.2f}".replace("0.", ".", 1).replace("-", "−")


def depth(table: pd.DataFrame) -> Picture:
    """Networks less their linear twins (rows of a table of comparisons), one panel a task."""
    figure = forest(table.assign(arm=table["first"]), "less its twin")
    for axis in figure.axes:
        axis.axvline(0, color=INK, linestyle=":")
    return Picture(
        figure,
        "depth",
        "What depth adds: each network less its linear twin on the same test participants, in mean r (82 "
        "indices) or AUC (diseases), with 95 % intervals. Dotted: nothing.",
        "Forest plot: for each task one row a network, a dot for the difference from its linear twin and a "
        "line for its interval, with a dotted line at zero.",
    )


def forest(table: pd.DataFrame, label: str = "") -> Figure:
    """Estimates with intervals, one panel a task, one row an arm in the order of the tables; ``label`` of the
    axis, by default the measure.
    """
    shown = table.drop_duplicates(["task", "arm"]).reset_index(drop=True)
    arms = [name for arm, name in ARM_NAMES.items() if arm in set(shown["arm"])]
    shown = shown.assign(
        task=shown["task"].map(task_title).str.replace(": ", "\n"),  # two lines over a panel
        arm=pd.Categorical(shown["arm"].map(ARM_NAMES), arms, ordered=True),
    )
    tasks = list(dict.fromkeys(shown["task"]))
    columns = min(len(tasks), PANELS)
    lines = -(-len(tasks) // columns)
    figure = Figure(figsize=(2.6 + 2.1 * columns, 0.8 + lines * (0.8 + 0.26 * len(arms))))
    singles = shown.pop("trainings") if "trainings" in shown else [()] * len(shown)
    alone = shown[["task", "arm"]].assign(each=singles).explode("each").dropna(subset="each")
    plot = so.Plot(shown, x="estimate", y="arm", xmin="low", xmax="high", color="arm")
    plot = plot.add(so.Range(linewidth=1.6), legend=False).add(so.Dot(pointsize=5), legend=False)
    measure = label or METRIC_NAMES[shown["metric"].iloc[0]]
    plot = plot.scale(color=COLOURS, y=so.Nominal(order=arms)).label(x=measure, y="")
    draw_on(figure, plot.facet("task", order=tasks, wrap=columns) if len(tasks) > 1 else plot)
    for task, axis in zip(tasks, figure.axes, strict=True):
        here = alone[alone["task"] == task]
        colours = [COLOURS[arm] for arm in here["arm"]]
        height = [arms.index(arm) for arm in here["arm"]]
        axis.scatter(here["each"].astype(float), height, s=7, c=colours, alpha=0.5, zorder=3, gid="trainings")
    return figure
