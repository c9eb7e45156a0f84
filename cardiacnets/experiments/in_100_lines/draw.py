"""The pictures of chapter 90."""

from __future__ import annotations

import pandas as pd
import seaborn
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from cardiacnets.picture import Picture
from cardiacnets.theme import ARM_COLOURS

TITLES = {
    "classical": "components of the ECG",
    "twin": "aligned in closed form",
    "twin_permuted": "closed form with strangers",
    "probe_aligned": "aligned by contrast",
    "probe_permuted": "contrast with strangers",
    "cmr_twin": "components of the cine",
}
"""What each arm is on this page."""


def label_curve(curve: pd.DataFrame) -> Picture:
    """Mean r against the number of labels; ``curve``: a row an arm and number, with
    ``arm, labels, estimate, low, high``.
    """
    figure = Figure(figsize=(8.5, 4))
    axis = figure.subplots()
    axis.set_xscale("log")
    for number, (arm, rows) in enumerate(curve.groupby("arm", sort=False)):
        places = rows["labels"] * 1.02**number  # side by side, or intervals would hide each other
        dashes = "--" if arm.endswith("_permuted") else "-"
        axis.vlines(places, rows["low"], rows["high"], color=ARM_COLOURS[arm], alpha=0.5)
        seaborn.lineplot(
            x=places, y=rows["estimate"], color=ARM_COLOURS[arm], linestyle=dashes,
            marker="s" if arm.startswith("twin") else "o", markersize=6, label=TITLES[arm], ax=axis,
        )  # fmt: skip
    labels = sorted(set(curve["labels"]))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.set_xticks(labels, labels)
    axis.set(xlabel="hearts with labels", ylabel="mean r of the 82 indices")
    seaborn.move_legend(axis, "center left", bbox_to_anchor=(1, 0.5), title="")
    return Picture(
        figure,
        "label-curve",
        "Mean correlation with the 82 indices on unseen hearts against the number of labels a linear readout "
        "learned from, with 95 % intervals over hearts. Dashed: aligned with strangers; squares: in closed "
        "form.",
        "Line chart with intervals of mean correlation against the number of labelled hearts, one line each "
        "for the ECG's components, alignment in closed form and by contrast, both also with strangers, and "
        "the components of the cine.",
        "simulated",
    )
