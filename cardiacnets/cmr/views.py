"""Which view a plane shows: the one place that decides it, from normals and positions of all planes.

Axes are the patient's (left, back, head). What a plane is called in the file counts for nothing: people type
that. Normals have no sign here; angles between them run from 0 to 90 degrees.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

APEX = np.array([0.6, -0.6, -0.5])
"""Roughly where the apex points in everybody: the normal of short-axis planes."""

NORMALS = {
    "short-axis": APEX,
    "four-chamber": np.array([0.0, -0.72, 0.69]),
    "two-chamber": np.array([0.78, 0.62, 0.05]),
    "three-chamber": np.array([0.74, -0.20, 0.63]),
    "LVOT": np.array([0.27, 0.95, 0.0]),
    "RVOT": np.array([0.95, -0.20, 0.0]),
    "axial": np.array([0.0, 0.0, 1.0]),
    "sagittal": np.array([1.0, 0.0, 0.0]),
    "coronal": np.array([0.0, 1.0, 0.0]),
}
"""How the planes of routine examinations lie (Kramer et al., J Cardiovasc Magn Reson 2020;22:17, for how they
are planned): around the long axis, or along the vessels and the body."""

STACK_CONE, LONE_CONE, UNSURE_CONE = 40.0, 30.0, 55.0
"""Degrees from :data:`APEX`: a stack of three is short axis within the first, fewer slices within the second;
a stack up to the third may be one in an unusual heart, and is not passed over in silence. In either, short
axis has to be the nearest view."""

KNOWN_CONE = 25.0
"""Degrees from the ventricle's axis, where four- and two-chamber planes tell it, within which a stack is
short axis, whatever view its normal would be nearest to."""

FOUR_CONE = 30.0
"""Degrees from its usual normal within which a plane can be the four-chamber view."""

ACROSS = 65.0
"""Degrees between the short axis and a plane that holds the long axis, at least."""

STACK = 3
"""Slices that make a stack."""


class Cut(Protocol):
    """What is needed of a plane."""

    position: np.ndarray

    @property
    def normal(self) -> np.ndarray: ...


def angle(one: np.ndarray, other: np.ndarray) -> float:
    """Between two normals, 0 to 90 degrees."""
    cosine = abs(one @ other) / np.linalg.norm(one) / np.linalg.norm(other)
    return float(np.degrees(np.arccos(min(cosine, 1.0))))


def likely_view(normal: np.ndarray) -> str:
    """The view whose usual normal is nearest."""
    return min(NORMALS, key=lambda name: angle(normal, NORMALS[name]))


def long_axis(normals: Sequence[np.ndarray]) -> np.ndarray | None:
    """Where a four-chamber plane and a two- or three-chamber plane of the exam meet: the ventricle's axis;
    None without two such planes, or where they meet nowhere near it."""
    looks = [(likely_view(normal), normal) for normal in normals]
    for view, four in looks:
        for other, across in looks:
            if view != "four-chamber" or other not in ("two-chamber", "three-chamber"):
                continue
            if angle(four, across) > 40 and angle(np.cross(four, across), APEX) <= STACK_CONE:
                return np.cross(four, across)
    return None


def is_short_axis(normal: np.ndarray, slices: int, axis: np.ndarray | None = None) -> bool:
    """Whether a stack of so many slices can only be short axis; ``axis`` is the ventricle's, if known."""
    if slices >= STACK and axis is not None:
        return angle(normal, axis) <= KNOWN_CONE
    cone = STACK_CONE if slices >= STACK else LONE_CONE
    return angle(normal, APEX) <= cone and likely_view(normal) == "short-axis"


def may_be_short_axis(normal: np.ndarray, slices: int) -> bool:
    """Whether a stack might be one in a heart that lies unusually."""
    return slices >= STACK and angle(normal, APEX) <= UNSURE_CONE


def is_four_chamber(normal: np.ndarray, short_axis: np.ndarray | None = None) -> bool:
    """Whether a plane can only be the four-chamber view; ``short_axis`` is the stack's normal, if known."""
    if short_axis is not None and angle(normal, short_axis) < ACROSS:
        return False
    return likely_view(normal) == "four-chamber" and from_four_chamber(normal, short_axis) <= FOUR_CONE


def from_four_chamber(normal: np.ndarray, short_axis: np.ndarray | None = None) -> float:
    """Degrees from where the four-chamber view is to be expected: it holds the long axis and, as nearly as
    that allows, the left-right axis."""
    usual = NORMALS["four-chamber"] if short_axis is None else np.cross(short_axis, (1.0, 0.0, 0.0))
    return min(angle(normal, usual), angle(normal, NORMALS["four-chamber"]))


def what_was_found(stacks: Sequence[Sequence[Cut]]) -> str:
    """Every group of parallel planes in words, for a refusal: how many, their normal, what it looks like."""
    words = []
    for stack in stacks:
        normal = stack[0].normal
        cosines = ", ".join(f"{value + 0.0:.2f}" for value in normal.round(2))
        words.append(f"{len(stack)} with normal ({cosines}), nearest to {likely_view(normal)}")
    return "planes found: " + "; ".join(words[:8]) + (f"; and {len(words) - 8} more" * (len(words) > 8))
