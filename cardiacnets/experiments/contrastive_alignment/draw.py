"""The pictures of chapter 03: how the loss falls, and the shape of the shared space."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import seaborn
from matplotlib.figure import Figure

from cardiacnets.phenotypes import axis_label
from cardiacnets.picture import Picture
from cardiacnets.theme import ARM_COLOURS, INK, VERMILION


def losses(histories: Mapping[str, pd.DataFrame], titles: Mapping[str, str], batch: int) -> Picture:
    """Loss by epoch of each arm, on its training batches and on validation; guessing costs 2 ln ``batch``."""
    columns = {"validation": "validation", "loss": "training"}
    long = pd.concat(
        history.rename(columns=columns)
        .melt(ignore_index=False, value_vars=list(columns.values()), var_name="on", value_name="loss")
        .assign(arm=titles[arm])
        for arm, history in histories.items()
    ).rename_axis("epoch")
    figure = Figure(figsize=(7.5, 3.4))
    axis = figure.subplots()
    colours = {titles[arm]: ARM_COLOURS[arm] for arm in histories}
    seaborn.lineplot(
        long.reset_index(), x="epoch", y="loss", hue="arm", style="on", palette=colours, ax=axis
    )
    axis.axhline(2 * np.log(batch), color=INK, linestyle=":")
    axis.set_ylabel("loss (short axis + four-chamber)")
    seaborn.move_legend(axis, "center left", bbox_to_anchor=(1, 0.5), title="")
    return Picture(
        figure,
        "losses",
        "Alignment loss by epoch for true and for exchanged partners. The weights of the lowest "
        f"validation loss are kept. Training ranks {batch} participants at a time, validation parts of "
        "about that size (one part, if it has not so many); dotted: guessing among "
        f"{batch}, 2 ln {batch}.",
        "Line chart of contrastive loss against epoch for aligned and permuted pairs, training and "
        "validation, with a dotted line at the level of guessing.",
    )


def shared_space(plane: np.ndarray, indices: Mapping[str, np.ndarray], broad: np.ndarray) -> Picture:
    """Embedded ECGs in ``plane`` (n, 2), coloured by the recorded value (n,) of each of ``indices``; rings
    around those whose QRS complex is ``broad`` (n,).
    """
    figure = Figure(figsize=(8.5, 3.6))
    for axis, (name, values) in zip(figure.subplots(1, len(indices)), indices.items(), strict=True):
        bounds = np.nanquantile(values, [0.02, 0.98])
        seaborn.scatterplot(
            x=plane[:, 0], y=plane[:, 1], hue=values, hue_norm=tuple(bounds), palette="viridis", s=9,
            linewidth=0, legend=False, ax=axis,
        )  # fmt: skip
        axis.scatter(*plane[broad].T, s=28, facecolors="none", edgecolors=VERMILION, linewidths=0.7)
        scale = axis.collections[0]
        scale.set(cmap="viridis", clim=tuple(bounds))
        figure.colorbar(scale, ax=axis, label=axis_label(name))
        axis.set(xlabel="first component", ylabel="second component")
    return Picture(
        figure,
        "map",
        "Test ECGs in the shared space, first two principal components, coloured by what MRI measured. The "
        "encoder never saw these numbers. Rings: a QRS complex of at least 150 ms, as measured on the "
        "median beat.",
        "Two scatter plots of the same points, one coloured by left ventricular volume, one by ejection "
        "fraction; rings around the points with a broad QRS complex.",
        "simulated",
    )
