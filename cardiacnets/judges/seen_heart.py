"""What can be measured on labels of the short axis, whoever drew them: overlap, areas, a heart's shape.

Labels are (N, H, H): 0 elsewhere, 1 left ventricle, 2 muscle, 3 right ventricle.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import binary_dilation, label

from cardiacnets.contracts import PIXEL_MM, SAX_PIXELS

PARTS = {"lv": 1, "muscle": 2, "rv": 3}
FIELD_MM = SAX_PIXELS * PIXEL_MM
"""Side of what a short-axis frame shows, in any number of pixels."""


def on_grid(labels: np.ndarray, pixels: int) -> np.ndarray:
    """Labels (N, H, H) on a grid of ``pixels`` squared: each takes the label under its middle."""
    at = ((np.arange(pixels) + 0.5) * labels.shape[-1] / pixels).astype(int)
    return labels[:, at][:, :, at]


def dice(labels: np.ndarray, truth: np.ndarray, part: str) -> np.ndarray:
    """Overlap (N,) of a part in two drawings on one grid: 2 |A and B| / (|A| + |B|), in [0, 1]; 1 where
    neither has it (Dice 1945).

    Raises ``ValueError`` for grids that differ, or a part that is not of :data:`PARTS`.
    """
    if labels.shape != truth.shape:
        raise ValueError(f"labels {labels.shape} and truth {truth.shape}: one grid is needed (on_grid)")
    a, b = (_part(each, part) for each in (labels, truth))
    size = a.sum(axis=(1, 2)) + b.sum(axis=(1, 2))
    return np.where(size, 2 * (a & b).sum(axis=(1, 2)) / np.maximum(size, 1), 1.0)


def area(labels: np.ndarray, part: str, field_mm: float = FIELD_MM) -> np.ndarray:
    """Area (N,) of a part in cm2; ``field_mm`` is the side of the picture."""
    pixel_cm = field_mm / labels.shape[-1] / 10
    return _part(labels, part).sum(axis=(1, 2)) * pixel_cm**2


def in_one_piece(labels: np.ndarray) -> np.ndarray:
    """Whether (N,) the left ventricle is there, and connected (by edges of pixels)."""
    return np.array([label(each)[1] == 1 for each in _part(labels, "lv")])


def wall_closed(labels: np.ndarray) -> np.ndarray:
    """Whether (N,) there is a left cavity and muscle all around it: no edge of it meets anything else."""
    cavity, muscle = _part(labels, "lv"), _part(labels, "muscle")
    around = np.stack([binary_dilation(each) for each in cavity]) & ~cavity
    rim = np.ones(labels.shape[1:], bool)
    rim[1:-1, 1:-1] = False  # a cavity that leaves the picture is open
    return cavity.any(axis=(1, 2)) & ~(around & ~muscle).any(axis=(1, 2)) & ~(cavity & rim).any(axis=(1, 2))


def area_change(areas: np.ndarray) -> np.ndarray:
    """Fractional area change (n,) in percent of areas (n, T) through a beat: (largest - least) / largest; NaN
    where nothing was seen in any frame.
    """
    most, least = areas.max(axis=1), areas.min(axis=1)
    return np.where(most > 0, 100 * (most - least) / np.where(most > 0, most, 1), np.nan)


def _part(labels: np.ndarray, part: str) -> np.ndarray:
    if part not in PARTS:
        raise ValueError(f"part {part!r} is not one of {', '.join(PARTS)}")
    return labels == PARTS[part]
