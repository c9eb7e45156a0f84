"""When the images of one slice were taken: their order, times after the R wave, and the beat's length."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset

STEP_LEAST, BEAT = 3.0, (200.0, 3000.0)
"""Between two moments of a beat, at least, and what a beat lasts, ms: a cine's times lie within."""

USUAL_BEAT = 1000.0

HOLE = 0.4
"""The largest part of a beat that may lie between two images of a cine."""


class WrongTimes(ValueError):
    """Times that can't be those of a beat, in words."""


@dataclass(frozen=True)
class Timing:
    """``order (T,)`` of the images; ``times (T,)`` ms after the R wave; ``cycle`` ms, the beat; ``known``:
    whether the files say so, else the images are spread evenly; ``hole``: what of the beat is missing, in
    words (empty if nothing is)."""

    order: np.ndarray
    times: np.ndarray
    cycle: float
    known: bool
    hole: str = ""


def latest_a_moment(images: list[Dataset]) -> list[Dataset]:
    """Images of one slice without their repetitions: where every trigger time is there equally often (or,
    without such times, every InstanceNumber), the slice was exported or taken so often: the last count."""
    times = [float(image.get("TriggerTime") or 0) for image in images]
    tag = "TriggerTime" if len(set(times)) > 1 else "InstanceNumber"
    moments: dict[float, list[Dataset]] = defaultdict(list)
    for image in sorted(images, key=lambda one: int(one.get("InstanceNumber") or 0)):
        moments[float(image.get(tag) or 0)].append(image)
    often = {len(alike) for alike in moments.values()}
    return [alike[-1] for alike in moments.values()] if len(moments) > 1 and len(often) == 1 else images


def trigger_times(images: list[Dataset]) -> np.ndarray | None:
    """TriggerTime of each, ms (PS3.3 C.8.3.1); None if one has none, or two have the same."""
    stored = [image.get("TriggerTime") for image in images]
    if any(value in (None, "") for value in stored):
        return None
    times = np.array(stored, dtype=float)
    return times if len(np.unique(times)) == len(times) else None


def read_timing(images: list[Dataset]) -> Timing:
    """Times of one slice's images, by TriggerTime, or evenly over the nominal beat, or over one second.

    Raises :class:`WrongTimes` where TriggerTime or NominalInterval can't be in ms, as PS3.3 C.8.3.1 has them,
    and where nothing says in which order the images were taken.
    """
    count = len(images)
    nominal = float(images[0].get("NominalInterval") or 0)
    trigger = trigger_times(images)
    if trigger is None:
        if nominal and not BEAT[0] <= nominal <= BEAT[1]:
            raise WrongTimes(f"NominalInterval {nominal:g} {_unit(nominal)}; correct it, or remove it")
        tags = ("InstanceNumber", "TemporalPositionIdentifier")  # the last weighs most
        ranks = np.array([[int(image.get(tag) or 0) for image in images] for tag in tags])
        if len(np.unique(ranks, axis=1).T) < count:
            raise WrongTimes(
                f"{count} images of one slice, and neither TriggerTime nor InstanceNumber nor "
                "TemporalPositionIdentifier tells each from the others: their order can't be told; export "
                "them again with their trigger times"
            )
        order = np.lexsort(ranks)
        cycle = nominal or USUAL_BEAT
        return Timing(order, np.arange(count) * cycle / count, cycle, False)
    order = np.argsort(trigger)
    times = trigger[order]
    step = float(np.median(np.diff(times)))
    if step < STEP_LEAST or times[-1] - times[0] > BEAT[1]:
        raise WrongTimes(
            f"TriggerTime runs from {times[0]:g} to {times[-1]:g} {_unit(times[-1] - times[0])}; correct it, "
            "or remove it from all images: their order then comes from InstanceNumber"
        )
    if times[-1] < nominal <= times[-1] + 3 * step:
        return Timing(order, times, nominal, True, _hole(times, nominal))
    if times[0] > step:  # counted from a trigger that was not the R wave
        times = times - times[0]
    cycle = float(times[-1] + step)
    beat = nominal if BEAT[0] <= nominal <= BEAT[1] and nominal > cycle else cycle
    return Timing(order, times, cycle, True, _hole(times, beat))


def _unit(duration: float) -> str:
    for factor, unit in ((1e3, "seconds"), (1e-3, "microseconds")):
        if BEAT[0] / 2 <= duration * factor <= BEAT[1]:
            return f"and should be ms (PS3.3 C.8.3.1), but looks like {unit}"
    return "and should be ms of one beat (PS3.3 C.8.3.1)"


def _hole(times: np.ndarray, beat: float) -> str:
    gaps = np.diff(times, append=times[0] + beat)
    worst = int(np.argmax(gaps))
    if gaps[worst] <= beat * max(HOLE, 1.5 / len(times)):
        return ""
    return f"no image for {gaps[worst]:.0f} of the beat's {beat:.0f} ms, after {times[worst]:.0f} ms"
