"""All 82 indices as small plots of what was told against what is recorded, by family."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from cardiacnets.experiments.shared.panels import panels
from cardiacnets.phenotypes import INDEX_NAMES, PHENOTYPES
from cardiacnets.statistics import pearson_interval
from cardiacnets.theme import INK

DOTS = 300
"""People drawn in a small scatter plot; the line and r are of all."""
BINS, ACROSS = 10, 9
SHORT = {
    "Mean myocardial wall thickness": "wall", "Circumferential strain": "circ. strain", "Ascending": "asc.",
    "Descending": "desc.", "Longitudinal": "long.", ", AHA segment": "", ", segment": "", "maximum": "max",
    "minimum": "min", "ejection fraction": "EF", "end-diastolic volume": "EDV", "end-systolic volume": "ESV",
}  # fmt: skip
"""Names of indices where there is room for a few letters."""


def index_pairs(recorded: ArrayLike, told: ArrayLike) -> pd.DataFrame:
    """One row an index: ``index``, ``label``, ``group``, ``r`` with interval, and arrays ``recorded``,
    ``predicted`` of the people whose index is known, from ``recorded`` and ``told`` (n, 82).
    """
    recorded, told = np.asarray(recorded), np.asarray(told)
    about, rows = PHENOTYPES.set_index("name"), []
    for place, name in enumerate(INDEX_NAMES):
        known = np.isfinite(recorded[:, place])
        pair = recorded[known, place], told[known, place]
        rows.append(
            {"index": name, "label": about.loc[name, "label"], "group": about.loc[name, "group"]}
            | pearson_interval(*pair).row()
            | {"recorded": pair[0], "predicted": pair[1]}
        )
    return pd.DataFrame(rows)


def small_multiples(table: pd.DataFrame, colour: str, people: bool) -> Figure:
    """Rows of :func:`index_pairs` as small plots, told (upwards) against recorded (to the right), each on its
    own scale with the line of least squares: a dot a person, or, where single ``people`` may not be shown,
    the mean of each tenth.
    """
    figure, axes = panels(len(table), ACROSS, (1.35, 1.42))
    figure.set_dpi(110)
    for axis, row in zip(axes, table.itertuples(), strict=True):
        if not np.isfinite(row.estimate):  # recorded of too few, or the same for all
            axis.set(xticks=[], yticks=[])
            axis.set_title(f"{short(row.label)}\nnot estimable", fontsize=7, fontweight="normal", pad=2)
            continue
        x, y = (row.recorded[:DOTS], row.predicted[:DOTS]) if people else tenths(row.recorded, row.predicted)
        seaborn.regplot(
            x=x, y=y, ci=None, ax=axis, line_kws={"color": INK, "linewidth": 1},
            scatter_kws={"s": 2 if people else 8, "alpha": 0.4 if people else 1, "color": colour},
        )  # fmt: skip
        axis.set(xticks=[], yticks=[], xlabel="", ylabel="")
        axis.set_title(f"{short(row.label)}\nr {row.estimate:.2f}", fontsize=7, fontweight="normal", pad=2)
    return figure


def short(label: str) -> str:
    """An index in a few letters, as "circ. strain 3"."""
    for long, few in SHORT.items():
        label = label.replace(long, few)
    return label


def tenths(recorded: np.ndarray, told: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means of both in tenths of the people by record."""
    parts = np.array_split(np.argsort(recorded), BINS)
    return tuple(np.array([values[part].mean() for part in parts]) for values in (recorded, told))
