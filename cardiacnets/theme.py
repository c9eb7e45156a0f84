"""One look for every statistical figure: seaborn's theme and one colour an arm, set in one place.

Colours are Okabe and Ito's, told apart with any common colour vision (Wong, Nature Methods 2011;8:441).
An arm with covariates has the colour of the arm without them and another marker.
"""

from __future__ import annotations

import matplotlib
import seaborn
import seaborn.objects
from matplotlib.figure import Figure

from cardiacnets.study import ARMS

INK, FAINT = "#333333", "#b8b8b8"
"""What is drawn for orientation: lines of reference, and what stands behind."""

BLACK, ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PURPLE = (
    "#000000", "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7",
)  # fmt: skip
BROWN, WINE, OLIVE = "#7f5539", "#882255", "#999933"
"""Three more, where arms are many."""
CYCLE = (BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, BLACK)
"""For groups that are no arms, in this order."""

_PALETTE = {
    "grey": FAINT, "black": BLACK, "orange": ORANGE, "sky": SKY, "green": GREEN, "blue": BLUE,
    "vermilion": VERMILION, "purple": PURPLE, "yellow": YELLOW, "brown": BROWN,
    "wine": WINE, "olive": OLIVE,
}  # fmt: skip
ARM_COLOURS = {name: _PALETTE[arm.colour] for name, arm in ARMS.items()}
"""The colour of an arm, the same in every chapter."""


_RC = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titleweight": "bold",
    "axes.titlesize": "medium",
    "figure.constrained_layout.use": True,
    "grid.alpha": 0.6,
    "legend.frameon": False,
    "lines.markersize": 5,
    "savefig.facecolor": "white",
}


def use_theme() -> None:
    """Draw what follows in the book's look: white, a light grid, the palette :data:`CYCLE`."""
    seaborn.set_theme(context="notebook", style="whitegrid", palette=CYCLE, font_scale=0.85, rc=_RC)


def draw_on(figure: Figure, plot: seaborn.objects.Plot) -> None:
    """Draw a plot of seaborn's objects, which bring a look of their own, on ``figure`` in the book's."""
    parts = ("axes", "grid", "xtick", "ytick", "font", "legend")
    look = {name: value for name, value in matplotlib.rcParams.items() if name.startswith(parts)}
    plot.theme(look).on(figure).plot()
