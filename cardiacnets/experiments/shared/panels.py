"""Small multiples: panels in rows of equally many, the last row's empty places blank."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure


def panels(
    count: int, across: int, size: tuple[float, float], margin: float = 0, **options: bool
) -> tuple[Figure, np.ndarray]:
    """A figure and its ``count`` axes, at least one row of ``across``, each of ``size`` inches, and
    ``margin`` inches of height for what stands beside all; ``options`` as :meth:`Figure.subplots` takes them.
    """
    rows = max(-(-count // across), 1)
    figure = Figure(figsize=(size[0] * across, size[1] * rows + margin))
    axes = figure.subplots(rows, across, squeeze=False, **options).ravel()
    for axis in axes[count:]:
        axis.set_axis_off()
    return figure, axes[:count]
