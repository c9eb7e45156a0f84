"""Images of an exam that are in none of its planes: strangers do no harm, but what the cine lacks is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset

from cardiacnets.cmr.acquisitions import EVEN, REPEATED, Slice

KIND = ("Rows", "Columns", "ScanningSequence", "SequenceName", "InversionTime")
"""What slices of one stack share, and scouts or late-enhancement images do not."""

PARALLEL = 5.0
"""Degrees between normals up to which planes count as parallel."""


@dataclass(frozen=True)
class LeftOut:
    """One image: the file's ``name``, the ``fault`` for which it can't be used (empty if it is only alone at
    its place), its series and kind (:func:`kind_of`), its ``position`` and ``normal`` (None where the file
    doesn't say)."""

    name: str
    fault: str
    series_uid: str
    kind: tuple[str, ...]
    position: np.ndarray | None
    normal: np.ndarray | None

    @classmethod
    def from_image(cls, image: Dataset, fault: str = "") -> LeftOut:
        position, turn = (
            _numbers(image, tag, count)
            for tag, count in (("ImagePositionPatient", 3), ("ImageOrientationPatient", 6))
        )
        normal = None if turn is None else np.cross(*turn.reshape(2, 3))
        if normal is None or not np.linalg.norm(normal) > 0.5:
            normal = None
        return cls(
            str(getattr(image, "filename", "") or ""),
            fault,
            str(image.get("SeriesInstanceUID") or ""),
            kind_of(image),
            position,
            None if normal is None else normal / np.linalg.norm(normal),
        )


def kind_of(image: Dataset) -> tuple[str, ...]:
    """Its :data:`KIND`; nothing where that is damaged."""
    try:
        return tuple(str(image.get(tag)) for tag in KIND)
    except Exception:  # a damaged element raises almost anything
        return ()


def refuse_losses(chosen: Sequence[Slice], left: Sequence[LeftOut]) -> None:
    """Raise ``ValueError`` with the first image that the chosen slices lack.

    That is one of their series and orientation; or one that would continue their stack, or fill it: there are
    several at that place, or each slice of the stack has a series of its own.
    """
    series = {plane.series_uid for plane in chosen if plane.series_uid}
    a_slice_each = 1 < len(chosen) == len(series)
    for one in left:
        if one.series_uid in series:
            if one.fault or (_parallel(one, chosen) and _gap(one, chosen) > REPEATED):
                raise ValueError(_words(one))
        elif _continues(one, chosen):
            there = [
                other
                for other in left
                if other.series_uid == one.series_uid and np.array_equal(other.position, one.position)
            ]
            if a_slice_each or len(there) > 1:
                raise ValueError(_words(one))


def traces_of_losses(images: Sequence[Dataset], series: set[str]) -> list[str]:
    """Signs that images of these series are not here, in words: numbers that are skipped, or fewer images
    than ImagesInAcquisition counts (PS3.3 C.7.6.1). No proof: exports renumber, and leave out on purpose."""
    signs = []
    for uid in sorted(series):
        own = [image for image in images if str(image.get("SeriesInstanceUID") or "") == uid]
        numbers = sorted({int(image.get("InstanceNumber") or 0) for image in own})
        name = f"series {own[0].get('SeriesNumber')}"
        ends = list(zip([0, *numbers], numbers, strict=False)) if numbers[0] > 0 else []  # 0: not numbered
        skipped = sum(after - before - 1 for before, after in ends)
        if skipped:
            before, after = max(ends, key=lambda pair: pair[1] - pair[0])
            signs.append(
                f"{name} lacks {skipped} images by InstanceNumber, the most from {before + 1} to {after - 1}"
            )
        said = max(int(image.get("ImagesInAcquisition") or 0) for image in own)
        if said > len(own) + skipped:
            signs.append(f"{name} has {len(own)} images of {said} by ImagesInAcquisition")
    return signs


def refuse_faults(left: Sequence[LeftOut]) -> None:
    """Raise ``ValueError`` with the first image that can't be used, if there is one."""
    for one in left:
        if one.fault:
            raise ValueError(_words(one))


def about_faults(left: Sequence[LeftOut]) -> str:
    """What to add to a refusal where images can't be used; empty if all can."""
    faults = [one for one in left if one.fault]
    if not faults:
        return ""
    return f" ({len(faults)} images can't be used, the first: {faults[0].name}: {faults[0].fault})"


def one_line(error: Exception) -> str:
    """What an error says, on one line and not too long."""
    return " ".join(f"{error}".split())[:200] or type(error).__name__


def _words(one: LeftOut) -> str:
    if one.fault:
        return f"{one.name}: {one.fault}"
    return (
        f"{one.name}: the only image of a slice that belongs to the stack, the others are lost; fetch the "
        "file again, or remove this image to go without the slice"
    )


def _continues(one: LeftOut, chosen: Sequence[Slice]) -> bool:
    """Whether it lies where the stack's next slice would."""
    if len(chosen) < 2 or one.kind != chosen[0].kind or not _parallel(one, chosen):
        return False
    between = np.diff([float(plane.position @ chosen[0].normal) for plane in chosen])
    return REPEATED < _gap(one, chosen) <= EVEN[1] * float(np.median(between))


def _parallel(one: LeftOut, chosen: Sequence[Slice]) -> bool:
    if one.normal is None or one.position is None:
        return False
    return bool(abs(one.normal @ chosen[0].normal) > np.cos(np.radians(PARALLEL)))


def _gap(one: LeftOut, chosen: Sequence[Slice]) -> float:
    """Distance along the normal to the nearest slice, mm."""
    return min(abs(float((plane.position - one.position) @ chosen[0].normal)) for plane in chosen)


def _numbers(image: Dataset, tag: str, count: int) -> np.ndarray | None:
    try:
        values = np.array(image.get(tag), dtype=float)
    except Exception:  # a damaged element raises almost anything
        return None
    return values if values.shape == (count,) and np.isfinite(values).all() else None
