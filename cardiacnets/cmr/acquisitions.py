"""Parallel slices sorted into stacks: one breath-hold's slices are not woven into another's."""

from __future__ import annotations

from typing import Protocol, TypeVar

import numpy as np

EVEN = (0.7, 1.4)
"""A gap between slices, as a part of the usual one: below, slices overlap; above, one is missing."""

OVERLAP = 0.75
"""Slices nearer than this part of their thickness are not neighbours of one stack."""

REPEATED = 1.0
"""Parallel planes nearer than this, mm, show the same slice."""


class Slice(Protocol):
    position: np.ndarray
    thickness: float
    series: int
    series_uid: str

    @property
    def normal(self) -> np.ndarray: ...


One = TypeVar("One", bound=Slice)


def one_a_position(stack: list[One]) -> list[One]:
    """Parallel slices in order along their normal; of those at one place (:data:`REPEATED`) the one of the
    latest series."""
    kept: list[One] = []
    for plane in sorted(stack, key=lambda one: _depth(one, stack)):
        if kept and _depth(plane, stack) - _depth(kept[-1], stack) < REPEATED:
            kept[-1] = max(kept[-1], plane, key=lambda one: one.series)
        else:
            kept.append(plane)
    return kept


def one_acquisition(stack: list[One]) -> list[One]:
    """The slices that were taken together, base to apex.

    A stack whose slices are evenly spaced and do not overlap is one acquisition, in however many series.
    Another one is taken apart in the order of its series: a series that falls between slices already there,
    or overlaps them, begins a repetition. The one with the most slices counts, of equals the later. Raises
    ``ValueError`` naming the place if a slice is missing in it, or if its slices lie unevenly.
    """
    if _is_even(stack) and _gaps(stack).min(initial=np.inf) >= OVERLAP * stack[0].thickness:
        return stack
    repetitions = _repetitions(stack)
    best = max(reversed(repetitions), key=len)
    if not _is_even(best):
        gaps = _gaps(best)
        usual = float(np.median(gaps))
        worst = int(np.argmax(np.abs(np.log(gaps / usual))))
        fault = "a slice is missing there" if gaps[worst] > usual else "they do not belong to one stack"
        raise ValueError(
            f"slices {worst + 1} and {worst + 2} of {len(best)} from the base are {gaps[worst]:.1f} mm "
            f"apart, the others {usual:.1f} mm: {fault}; fetch the file again, or "
            "put each stack in its own folder"
        )
    return best


def _repetitions(stack: list[One]) -> list[list[One]]:
    series: dict[tuple[int, str], list[One]] = {}
    for plane in sorted(stack, key=lambda one: (one.series, one.series_uid)):
        series.setdefault((plane.series, plane.series_uid), []).append(plane)
    runs: list[list[One]] = []
    for planes in series.values():
        if runs and not _collide(runs[-1], planes, stack):
            runs[-1].extend(planes)
        else:
            runs.append(planes)
    return [sorted(run, key=lambda one: _depth(one, stack)) for run in runs]


def _collide(run: list[One], planes: list[One], stack: list[One]) -> bool:
    """Whether one's range reaches into the other's, or to within an overlap of it."""
    mine, theirs = ([_depth(one, stack) for one in group] for group in (run, planes))
    margin = OVERLAP * stack[0].thickness
    return min(theirs) < max(mine) + margin and max(theirs) > min(mine) - margin


def _is_even(stack: list[One]) -> bool:
    gaps = _gaps(stack)
    return len(gaps) < 2 or bool(
        gaps.min() >= EVEN[0] * np.median(gaps) and gaps.max() <= EVEN[1] * np.median(gaps)
    )


def _gaps(stack: list[One]) -> np.ndarray:
    return np.diff([_depth(one, stack) for one in stack])


def _depth(plane: One, stack: list[One]) -> float:
    """Along the normal of the stack's first slice, mm; from base to apex."""
    return float(plane.position @ stack[0].normal)
