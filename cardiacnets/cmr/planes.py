"""From loose DICOM images to the planes they were taken in, and from planes to the view that is asked for.

Geometry decides, not ``SeriesDescription`` (which people type) nor ``SliceLocation`` (which scanners count
in their own way). Coordinates are the patient's, in mm: x to the left, y to the back, z to the head.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from pydicom.dataset import Dataset

from cardiacnets.cmr.acquisitions import REPEATED, one_a_position, one_acquisition
from cardiacnets.cmr.cine import resample_beat
from cardiacnets.cmr.pixels import grey_values
from cardiacnets.cmr.views import (
    APEX,
    angle,
    from_four_chamber,
    is_four_chamber,
    is_short_axis,
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
    centre; ``along`` the unit vectors in which columns and rows increase; ``spacing`` (row, column) and
    ``thickness`` mm.
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


def find_planes(images: Iterable[Dataset]) -> list[Plane]:
    """Group images by series, orientation and position; planes seen at one moment (scouts) are left out.

    Places are compared by tolerance (:data:`SAME_PLACE`, :data:`SAME_TURN`): scanners write the same place
    with other last digits. Where the same plane was taken as it is (ORIGINAL) and as a result of other
    images (DERIVED, PS3.3 C.7.6.1.1.2: contours drawn in, say), the original counts; a derived plane that
    nothing else shows is kept. Raises whatever pydicom and its decoders raise if pixels can't be decoded.
    """
    series: dict[tuple, list[tuple[np.ndarray, np.ndarray, dict[str, Dataset]]]] = defaultdict(list)
    for image in images:
        place = np.array(image.ImagePositionPatient, dtype=float)
        turn = np.array(image.ImageOrientationPatient, dtype=float)
        key = (str(image.get("SeriesInstanceUID")), image.Rows, image.Columns, is_derived(image))
        group = next(
            (
                group
                for there, turned, group in series[key]
                if np.abs(place - there).max() < SAME_PLACE and np.abs(turn - turned).max() < SAME_TURN
            ),
            None,
        )
        if group is None:
            group = {}
            series[key].append((place, turn, group))
        group[str(image.get("SOPInstanceUID"))] = image  # the same image twice counts once
    groups = [list(group.values()) for groups in series.values() for _, _, group in groups]
    planes = [_plane(group) for group in groups if len(group) > 1]
    originals = [plane for plane in planes if not plane.derived]
    return [one for one in planes if not one.derived or not any(one.repeats(other) for other in originals)]


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
    short = [stack for stack in stacks if is_short_axis(stack[0].normal, len(stack))]
    return _short_axis(stacks, short) if view == "sax" else _four_chamber(stacks, short)


def _short_axis(stacks: list[list[Plane]], short: list[list[Plane]]) -> list[Plane]:
    if not short:
        raise ValueError(
            f"its planes are no short-axis stack: three parallel slices are needed, or a single short-axis "
            f"plane, whose normal points to the apex; {what_was_found(stacks)}"
        )
    rivals = [stack for stack in stacks if may_be_short_axis(stack[0].normal, len(stack))] + short
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
        across = [plane for stack in stacks if stack not in short for plane in stack]
        reason = (
            f"none of its {len(across)} other planes is four-chamber: two- or three-chamber views, outflow "
            "tracts and axial slices are not"
            if across
            else f"holds {len(stacks[0])} parallel short-axis slices and no four-chamber plane"
        )
        raise ValueError(f"{reason}; read its long-axis file, or ask for 'sax'; {what_was_found(stacks)}")
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
    circle of the beat. Raises ``ValueError`` if a slice has less than half the usual number of frames.
    """
    planes = _white_is_most(planes)
    counts = [len(plane.frames) for plane in planes]
    usual = max(set(counts), key=counts.count)
    if min(counts) < usual / 2:
        raise ValueError(
            f"slices of {min(counts)} and {usual} frames: one is incomplete, fetch the file again"
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
    images = _latest_a_moment(images)
    order, times, cycle, times_known = _timing(images)
    first = images[order[0]]
    turn = np.array(first.ImageOrientationPatient, dtype=float).reshape(2, 3)  # (columns, rows) x (x, y, z)
    row, column = (float(value) for value in first.PixelSpacing)
    return Plane(
        frames=np.stack([grey_values(images[index]) for index in order]),
        phases=np.minimum(times / cycle, 1 - 1e-6),
        cycle=cycle,
        times_known=times_known,
        position=np.array(first.ImagePositionPatient, dtype=float),
        along=turn / np.linalg.norm(turn, axis=1, keepdims=True),
        spacing=(row, column),
        thickness=float(first.get("SliceThickness") or first.get("SpacingBetweenSlices") or 8.0),
        series=int(first.get("SeriesNumber") or 0),
        series_uid=str(first.get("SeriesInstanceUID")),
        derived=is_derived(first),
        inverted=first.get("PhotometricInterpretation") == "MONOCHROME1",
    )


def _latest_a_moment(images: list[Dataset]) -> list[Dataset]:
    """Images of one slice without their repetitions: where every trigger time is there equally often, the
    slice was exported or taken that often, and the last ones count."""
    moments: dict[float, list[Dataset]] = defaultdict(list)
    for image in sorted(images, key=lambda one: int(one.get("InstanceNumber") or 0)):
        moments[float(image.get("TriggerTime") or 0)].append(image)
    times = {len(alike) for alike in moments.values()}
    return [alike[-1] for alike in moments.values()] if len(moments) > 1 and len(times) == 1 else images


def _timing(images: list[Dataset]) -> tuple[np.ndarray, np.ndarray, float, bool]:
    """Order of a plane's images in time, when each was taken (ms after the R wave), the beat's length, and
    whether the files say so: else they are spread evenly over the nominal beat, or over one second."""
    count = len(images)
    trigger = np.array([float(image.get("TriggerTime") or 0) for image in images])
    nominal = float(images[0].get("NominalInterval") or 0)
    if len(np.unique(trigger)) < count:
        tags = ("InstanceNumber", "TemporalPositionIdentifier")  # the last weighs most
        order = np.lexsort([[int(image.get(tag) or 0) for image in images] for tag in tags])
        cycle = nominal or 1000.0
        return order, np.arange(count) * cycle / count, cycle, False
    order = np.argsort(trigger)
    times = trigger[order]
    step = float(np.median(np.diff(times)))
    if times[-1] < nominal <= times[-1] + 3 * step:
        return order, times, nominal, True
    if times[0] > step:  # counted from a trigger that was not the R wave
        times = times - times[0]
    return order, times, float(times[-1] + step), True
