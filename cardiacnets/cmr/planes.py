"""From loose DICOM images to the planes they were taken in, and from planes to the view that is asked for.

Geometry decides, not ``SeriesDescription`` (which people type) nor ``SliceLocation`` (which scanners count
in their own way). Coordinates are the patient's, in mm: x to the left, y to the back, z to the head.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from pydicom.dataset import Dataset

from cardiacnets.cmr.acquisitions import (
    COMPLETE,
    REPEATED,
    fullest_first,
    one_a_position,
    one_acquisition,
)
from cardiacnets.cmr.cine import resample_beat
from cardiacnets.cmr.left_out import LeftOut, kind_of, one_line
from cardiacnets.cmr.pixels import grey_values
from cardiacnets.cmr.timing import WrongTimes, latest_a_moment, read_timing, trigger_times
from cardiacnets.cmr.views import (
    APEX,
    STACK,
    angle,
    from_four_chamber,
    is_four_chamber,
    is_short_axis,
    long_axis,
    may_be_short_axis,
    what_was_found,
)

PARALLEL = np.cos(np.radians(5))
SAME_PLACE, SAME_TURN = 0.2, 0.005
"""Images of one slice differ by less: mm of position, and a direction cosine."""

NEARBY = 10.0
"""Parallel long-axis planes within so many mm are breath-holds of one view."""


@dataclass(frozen=True)
class Plane:
    """The images of one plane over one beat, in order of time.

    ``frames (T, H, W)``; ``phases (T,)`` of the beat; ``cycle`` ms; ``position`` of the first pixel's
    centre; ``along`` the unit vectors in which columns and rows increase; ``spacing`` (row, column),
    ``thickness`` and ``between`` (SpacingBetweenSlices, 0 if not said) mm; ``expected`` images of a beat by
    the header (0 if not said); ``hole``: what of the beat is missing, in words.
    """

    frames: np.ndarray
    phases: np.ndarray
    cycle: float
    times_known: bool
    position: np.ndarray
    along: np.ndarray
    spacing: tuple[float, float]
    thickness: float
    series: int
    series_uid: str = ""
    between: float = 0.0
    kind: tuple[str, ...] = ()
    expected: int = 0
    hole: str = ""
    derived: bool = False
    inverted: bool = False

    @property
    def normal(self) -> np.ndarray:
        """Unit normal, on the side of the apex."""
        normal = np.cross(*self.along)
        return normal * (1 if normal @ APEX > 0 else -1)

    @property
    def centre(self) -> np.ndarray:
        """The middle of the picture, mm."""
        rows, columns = self.frames.shape[1:]
        across = self.along[0] * self.spacing[1] * (columns - 1) / 2
        return self.position + across + self.along[1] * self.spacing[0] * (rows - 1) / 2

    def repeats(self, other: Plane) -> bool:
        """Whether both cut the body in the same plane, whatever their grids."""
        away = (self.position - other.position) @ self.normal
        return bool(abs(self.normal @ other.normal) > PARALLEL and abs(away) < REPEATED)

    def matches(self, other: Plane) -> bool:
        """Whether both can be slices of one stack: parallel, equally turned, of one grid."""
        return (
            self.frames.shape[1:] == other.frames.shape[1:]
            and np.allclose(self.spacing, other.spacing, rtol=0.01)
            and all(mine @ theirs > PARALLEL for mine, theirs in zip(self.along, other.along, strict=True))
        )


def find_planes(images: Iterable[Dataset]) -> tuple[list[Plane], list[LeftOut]]:
    """Group images by series, orientation and position; what was seen at one moment only (scouts), or can't
    be decoded, is left out and told.

    Places are compared by tolerance (:data:`SAME_PLACE`, :data:`SAME_TURN`): scanners write the same place
    with other last digits. Where the same plane was taken as it is (ORIGINAL) and as a result of other
    images (DERIVED, PS3.3 C.7.6.1.1.2: contours drawn in, say), the original counts, unless it is not
    complete; a derived plane that nothing else shows is kept. Moments of one slice that lie in two series, or
    are original in part, are brought together. An image counts once however often it is there; of images that
    differ, none is taken for another because of an equal SOPInstanceUID.
    """
    groups: list[_Group] = []
    for image in images:
        place = np.array(image.ImagePositionPatient, dtype=float)
        turn = np.array(image.ImageOrientationPatient, dtype=float)
        series = (str(image.get("SeriesInstanceUID")), str(image.get("SeriesNumber")))
        key = (*series, image.Rows, image.Columns, is_derived(image))
        home = next((group for group in groups if group.key == key and group.is_at(place, turn)), None)
        if home is None:
            home = _Group(key, place, turn)
            groups.append(home)
        home.images[_identity(image)] = image
    planes, left = [], []
    for group in _parts_joined(groups):
        if len(group) == 1:
            left.append(LeftOut.from_image(group[0]))
            continue
        try:
            planes.append(_plane(group))
        except Exception as error:  # decoders and damaged headers raise almost anything
            reason = one_line(error)
            fault = reason if isinstance(error, WrongTimes) else f"an image can't be decoded ({reason})"
            left.extend(LeftOut.from_image(image, fault) for image in group)
    originals = [plane for plane in planes if not plane.derived]
    return [
        one for one in planes if not one.derived or not any(_stands_for(other, one) for other in originals)
    ], left


@dataclass
class _Group:
    """Images of one slice in one series, by what identifies each."""

    key: tuple
    place: np.ndarray
    turn: np.ndarray
    images: dict[tuple, Dataset] = field(default_factory=dict)

    def is_at(self, place: np.ndarray, turn: np.ndarray) -> bool:
        return bool(
            np.abs(place - self.place).max() < SAME_PLACE and np.abs(turn - self.turn).max() < SAME_TURN
        )


def _identity(image: Dataset) -> tuple:
    """Equal for one image that is there twice; files whose UIDs were overwritten all have the same UID."""
    told = tuple(str(image.get(tag)) for tag in ("SOPInstanceUID", "InstanceNumber", "TriggerTime"))
    return (*told, hash(bytes(image.PixelData)))


def _stands_for(original: Plane, derived: Plane) -> bool:
    return derived.repeats(original) and len(original.frames) >= COMPLETE * len(derived.frames)


def _parts_joined(groups: list[_Group]) -> list[list[Dataset]]:
    """Every slice's images, those in two parts as one: parts lie at one place and share no moment; and they
    follow each other in time, or are together no more than most other slices have."""
    joined: list[_Group] = []
    for group in groups:
        for other in joined:
            if other.key[2:4] == group.key[2:4] and other.is_at(group.place, group.turn):
                if _complement(other, group, groups):
                    other.images |= group.images
                    break
        else:
            joined.append(_Group(group.key, group.place, group.turn, dict(group.images)))
    return [list(group.images.values()) for group in joined]


def _complement(one: _Group, other: _Group, groups: list[_Group]) -> bool:
    images = [*one.images.values(), *other.images.values()]
    times = trigger_times(images)
    if times is None:
        return False
    mine, theirs = times[: len(one.images)], times[len(one.images) :]
    if len(mine) > 1 < len(theirs) and (mine.max() < theirs.min() or theirs.max() < mine.min()):
        return True
    counts = [
        len(group.images)
        for group in groups
        if group.key[2:4] == one.key[2:4]
        and np.abs(group.turn - one.turn).max() < SAME_TURN
        and not group.is_at(one.place, one.turn)
    ]
    usual = max(set(counts), key=counts.count) if counts else int(images[0].get("CardiacNumberOfImages") or 0)
    return len(times) <= usual


def is_derived(image: Dataset) -> bool:
    """Value 1 of ImageType (PS3.3 C.7.6.1.1.2)."""
    return "DERIVED" in (image.get("ImageType") or ())


def choose_view(planes: list[Plane], view: str) -> list[Plane]:
    """The planes of one view, from base to apex; :mod:`cardiacnets.cmr.views` says which they are.

    ``sax`` is the largest short-axis stack, and of that one acquisition
    (:func:`~cardiacnets.cmr.acquisitions.one_acquisition`); ``4ch`` the plane nearest to where four chambers
    are to be expected, and of several parallel ones that through the middle of the short-axis stack. Where
    one position was taken twice, the later series counts. Raises ``ValueError`` with all planes and normals
    found where they don't settle it.
    """
    stacks: list[list[Plane]] = []
    for plane in planes:
        home = next((stack for stack in stacks if stack[0].matches(plane)), None)
        if home is None:
            stacks.append([plane])
        else:
            home.append(plane)
    stacks = sorted((one_a_position(stack) for stack in stacks), key=len, reverse=True)
    axis = long_axis([stack[0].normal for stack in stacks if len(stack) < STACK])
    short = fullest_first([stack for stack in stacks if is_short_axis(stack[0].normal, len(stack), axis)])
    return _short_axis(stacks, short) if view == "sax" else _four_chamber(stacks, short)


def _short_axis(stacks: list[list[Plane]], short: list[list[Plane]]) -> list[Plane]:
    if not short:
        raise ValueError(
            f"its planes are no short-axis stack: three parallel slices are needed, or a single short-axis "
            f"plane, whose normal points to the apex; {what_was_found(stacks)}"
        )
    unsure = [stack for stack in stacks if may_be_short_axis(stack[0].normal, len(stack))]
    rivals = fullest_first([short[0], *(stack for stack in unsure if stack is not short[0])]) + short
    if any(stack is not short[0] and len(stack) >= len(short[0]) for stack in rivals):
        raise ValueError(
            f"holds two stacks of {len(short[0])} slices or more that are turned or sampled differently: put "
            f"each in its own folder; {what_was_found(stacks)}"
        )
    return one_acquisition(short[0])


def _four_chamber(stacks: list[list[Plane]], short: list[list[Plane]]) -> list[Plane]:
    normal = short[0][0].normal if short else None
    fitting = [plane for stack in stacks for plane in stack if is_four_chamber(plane.normal, normal)]
    if not fitting:
        across = [plane for stack in stacks if not any(stack is one for one in short) for plane in stack]
        reason = (
            f"none of its {len(across)} other planes is four-chamber: two- or three-chamber views, outflow "
            "tracts and axial slices are not"
            if across
            else f"holds {len(stacks[0])} parallel short-axis slices and no four-chamber plane"
        )
        raise ValueError(f"{reason}; read its long-axis file, or ask for 'sax'; {what_was_found(stacks)}")
    most = max(len(plane.frames) for plane in fitting)
    fitting = [plane for plane in fitting if len(plane.frames) >= COMPLETE * most]
    best = min(fitting, key=lambda one: (round(from_four_chamber(one.normal, normal) / 5), -one.series))
    parallel = [one for one in fitting if angle(one.normal, best.normal) < 5]
    places = [float(one.position @ best.normal) for one in parallel]
    if np.ptp(places) <= NEARBY:
        return [best]
    if normal is None:
        raise ValueError(
            f"holds {len(parallel)} parallel four-chamber planes over {np.ptp(places):.1f} mm, and no "
            f"short-axis stack tells which cuts the ventricle's middle; {what_was_found(stacks)}"
        )
    heart = np.mean([plane.centre for plane in short[0]], axis=0)
    return [min(parallel, key=lambda one: abs((one.position - heart) @ best.normal))]


def stack_frames(planes: list[Plane]) -> tuple[np.ndarray, np.ndarray]:
    """Bring parallel planes to common moments: frames (T, S, H, W) and their phases (T,).

    Each slice is its own breath-hold, with its own heart rate; what they share is the phase. A slice with
    another number of frames, or taken more than half a frame apart from the others, is interpolated on the
    circle of the beat. Raises ``ValueError`` if a slice has clearly fewer frames (:data:`COMPLETE`) than the
    others, or than its header says, or if a large part of its beat is missing.
    """
    planes = _white_is_most(planes)
    counts = [len(plane.frames) for plane in planes]
    usual, fewest = max(set(counts), key=counts.count), int(np.argmin(counts))
    if min(counts) < COMPLETE * usual:
        raise ValueError(
            f"slices of {min(counts)} and {usual} frames: one is incomplete, slice {fewest + 1} of "
            f"{len(planes)} from the base (series {planes[fewest].series}); fetch the file again"
        )
    for number, plane in enumerate(planes):
        if len(plane.frames) < COMPLETE * plane.expected:
            fault = f"{len(plane.frames)} images of a beat, of {plane.expected} by CardiacNumberOfImages"
        elif plane.hole:
            fault = plane.hole
        else:
            continue
        raise ValueError(
            f"slice {number + 1} of {len(planes)} from the base (series {plane.series}) has {fault}: it is "
            "incomplete, fetch the file again"
        )
    alike = [plane.phases for plane in planes if len(plane.frames) == usual]
    phases = np.mean(alike, axis=0)
    if np.abs(np.array(alike) - phases).max() > 0.5 / usual:
        phases = np.arange(usual) / usual
    frames = [
        plane.frames
        if len(plane.frames) == usual and np.abs(plane.phases - phases).max() <= 0.5 / usual
        else resample_beat(plane.frames, plane.phases, phases)
        for plane in planes
    ]
    return np.stack(frames, axis=1), phases


def _white_is_most(planes: list[Plane]) -> list[Plane]:
    """In MONOCHROME1 the least value is white (PS3.3 C.7.6.3.1.2): counted down from the view's greatest."""
    top = max((float(plane.frames.max()) for plane in planes if plane.inverted), default=0.0)
    return [replace(one, frames=top - one.frames, inverted=False) if one.inverted else one for one in planes]


def _plane(images: list[Dataset]) -> Plane:
    images = latest_a_moment(images)
    if len({image.get("PhotometricInterpretation") for image in images}) > 1:
        raise ValueError("one slice in MONOCHROME1 and MONOCHROME2; export it again")
    timing = read_timing(images)
    first = images[timing.order[0]]
    turn = np.array(first.ImageOrientationPatient, dtype=float).reshape(2, 3)  # (columns, rows) x (x, y, z)
    row, column = (float(value) for value in first.PixelSpacing)
    return Plane(
        frames=np.stack([grey_values(images[index]) for index in timing.order]),
        phases=np.minimum(timing.times / timing.cycle, 1 - 1e-6),
        cycle=timing.cycle,
        times_known=timing.known,
        position=np.array(first.ImagePositionPatient, dtype=float),
        along=turn / np.linalg.norm(turn, axis=1, keepdims=True),
        spacing=(row, column),
        thickness=float(first.get("SliceThickness") or first.get("SpacingBetweenSlices") or 8.0),
        between=float(first.get("SpacingBetweenSlices") or 0.0),
        series=int(first.get("SeriesNumber") or 0),
        series_uid=str(first.get("SeriesInstanceUID") or ""),
        kind=kind_of(first),
        expected=max(int(image.get("CardiacNumberOfImages") or 0) for image in images),
        hole=timing.hole,
        derived=all(is_derived(image) for image in images),
        inverted=first.get("PhotometricInterpretation") == "MONOCHROME1",
    )
