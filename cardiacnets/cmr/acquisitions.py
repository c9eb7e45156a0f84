"""Parallel slices sorted into stacks: one breath-hold's slices are not woven into another's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

import numpy as np

EVEN = (0.7, 1.4)
"""A gap between slices, as a part of the usual one: below, slices overlap; above, one is missing."""

OVERLAP = 0.75
"""Slices nearer than this part of their thickness are not neighbours of one stack."""

REPEATED = 1.0
"""Parallel planes nearer than this, mm, show the same slice."""


COMPLETE = 0.75
"""Of two acquisitions, one with fewer than this part of the other's frames is not its equal; nor is a slice
with fewer than that part of the usual number complete."""

ENOUGH = 0.5
"""A stack with fewer than this part of another's slices is not weighed against it by its frames."""


class Slice(Protocol):
    frames: np.ndarray
    position: np.ndarray
    thickness: float
    between: float
    series: int
    series_uid: str
    kind: tuple[str, ...]

    @property
    def normal(self) -> np.ndarray: ...


One = TypeVar("One", bound=Slice)


def fullest_first(stacks: Sequence[list[One]]) -> list[list[One]]:
    """Those that are no worse than another, by slices, then by the latest series.

    A stack counts as worse than another that has at least half its slices (:data:`ENOUGH`) and clearly more
    frames (:data:`COMPLETE`): a survey or a first-pass series of few moments is not the cine.
    """
    longest = max(map(len, stacks), default=0)
    most = max((_usual(stack) for stack in stacks if len(stack) >= ENOUGH * longest), default=0)
    full = [stack for stack in stacks if _usual(stack) >= COMPLETE * most]
    return sorted(full, key=lambda stack: (-len(stack), -max(one.series for one in stack)))


def one_a_position(stack: list[One]) -> list[One]:
    """Parallel slices in order along their normal; of those at one place (:data:`REPEATED`) the one of the
    latest series that is complete (:data:`COMPLETE`)."""
    kept: list[One] = []
    for plane in sorted(_without_poorer_series(stack), key=lambda one: _depth(one, stack)):
        if kept and _depth(plane, stack) - _depth(kept[-1], stack) < REPEATED:
            kept[-1] = fuller(kept[-1], plane)
        else:
            kept.append(plane)
    return kept


def fuller(one: One, other: One) -> One:
    """Of two slices at one place the one with clearly more frames, else that of the later series."""
    few, many = sorted((one, other), key=lambda plane: len(plane.frames))
    if len(few.frames) < COMPLETE * len(many.frames):
        return many
    return max(one, other, key=lambda plane: plane.series)


def one_acquisition(stack: list[One]) -> list[One]:
    """The slices that were taken together, base to apex.

    A stack whose slices are evenly spaced and do not overlap is one acquisition, in however many series;
    unless SpacingBetweenSlices (PS3.3 C.8.3.1) says that its slices are farther apart. Another one is taken
    apart in the order of its series: a series that falls between slices already there, or overlaps them,
    begins a repetition. The fullest counts (:func:`fullest_first`). Raises ``ValueError`` naming the place if
    a slice is missing in it, or if its slices lie unevenly; and where nothing tells two breath-holds from one
    stack that was taken in turns.
    """
    _refuse_said_wider(stack)
    if _is_even(stack) and _gaps(stack).min(initial=np.inf) >= OVERLAP * stack[0].thickness:
        gap, said = float(np.median(_gaps(stack))) if len(stack) > 1 else 0.0, stack[0].between
        if not _taken_in_turns(stack) or EVEN[0] * gap <= said <= EVEN[1] * gap:
            return stack
        runs = _repetitions(stack, 0.0)
        if not said:
            raise ValueError(
                f"{len(stack)} slices {gap:.1f} mm apart come from {len(runs)} series of "
                f"{np.median(_gaps(runs[0])):.1f} mm each that lie between one another: two breath-holds of "
                "one stack, or one taken in turns, which SpacingBetweenSlices would tell; put each "
                "breath-hold in its own folder"
            )
    else:
        runs = _repetitions(stack, OVERLAP * stack[0].thickness)
    best = fullest_first(runs)[0]
    if not _is_even(best):
        gaps = _gaps(best)
        usual = float(np.sort(gaps)[(len(gaps) - 1) // 2])
        worst = int(np.argmax(np.abs(np.log(gaps / usual))))
        fault = "a slice is missing there" if gaps[worst] > usual else "they do not belong to one stack"
        raise ValueError(
            f"slices {worst + 1} and {worst + 2} of {len(best)} from the base are {gaps[worst]:.1f} mm "
            f"apart, the others {usual:.1f} mm: {fault}; fetch the file again, or "
            "put each stack in its own folder"
        )
    return best


def _refuse_said_wider(stack: list[One]) -> None:
    """Within one series only SpacingBetweenSlices tells that slices were taken twice, between one another."""
    if len(_by_series(stack)) > 1 or not _is_even(stack) or len(stack) < 2:
        return
    gap = float(np.median(_gaps(stack)))
    times = stack[0].between / gap
    if round(times) >= 2 and abs(times - round(times)) < 0.02 * times:
        raise ValueError(
            f"{len(stack)} slices of one series are {gap:.1f} mm apart, and SpacingBetweenSlices says "
            f"{stack[0].between:.1f} mm: {round(times)} breath-holds of one stack, between one "
            "another; put each in its own folder"
        )


def _taken_in_turns(stack: list[One]) -> bool:
    """Whether an even stack consists of even runs that each reach from end to end."""
    runs = _repetitions(stack, 0.0)
    if len(runs) < 2 or any(len(run) < 2 or not _is_even(run) for run in runs):
        return False
    gap = float(np.median(_gaps(stack)))
    return all(np.median(_gaps(run)) > EVEN[1] * gap for run in runs)


def _usual(stack: list[One]) -> float:
    return float(np.median([len(one.frames) for one in stack]))


def _without_poorer_series(stack: list[One]) -> list[One]:
    """Without series of clearly fewer frames than the rest that are a stack of their own: by themselves, or a
    slice each, most of them where another series has a slice, too."""
    series = _by_series(stack)
    poorer = [
        group
        for group in series
        if any(
            len(other) >= max(3, ENOUGH * len(group)) and _usual(group) < COMPLETE * _usual(other)
            for other in series
        )
    ]
    lost = [one for group in poorer if len(group) >= 3 for one in group]
    most = sorted((len(one.frames) for one in stack), reverse=True)[min(2, len(stack) - 1)]
    few = [one for group in series if len(group) == 1 for one in group if len(one.frames) < COMPLETE * most]
    many = [_depth(one, stack) for one in stack if len(one.frames) >= COMPLETE * most]
    again = [one for one in few if min(abs(_depth(one, stack) - depth) for depth in many) < REPEATED]
    if len(few) >= 3 and 2 * len(again) > len(few):
        lost += few
    return [one for one in stack if not any(one is other for other in lost)]


def _by_series(stack: list[One]) -> list[list[One]]:
    series: dict[tuple[int, str], list[One]] = {}
    for plane in sorted(stack, key=lambda one: (one.series, one.series_uid)):
        series.setdefault((plane.series, plane.series_uid), []).append(plane)
    return list(series.values())


def _repetitions(stack: list[One], margin: float) -> list[list[One]]:
    runs: list[list[One]] = []
    for planes in _by_series(stack):
        if runs and not _collide(runs[-1], planes, stack, margin):
            runs[-1].extend(planes)
        else:
            runs.append(planes)
    return [sorted(run, key=lambda one: _depth(one, stack)) for run in runs]


def _collide(run: list[One], planes: list[One], stack: list[One], margin: float) -> bool:
    """Whether one's range reaches into the other's, or to within ``margin`` mm of it."""
    mine, theirs = ([_depth(one, stack) for one in group] for group in (run, planes))
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
