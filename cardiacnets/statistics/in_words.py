"""What a difference says, in words that follow from its interval and from nothing else."""

from __future__ import annotations

import math

from cardiacnets.statistics.estimate import Estimate, could_show
from cardiacnets.statistics.trainings import ONE_TRAINING

OFTEN_LOST = "would be lost by more than one such study in five"
"""What happens to a difference below :func:`cardiacnets.statistics.estimate.could_show`."""


def side_of_zero(difference: Estimate) -> int | None:
    """1 or -1 where the whole interval lies above or below 0, 0 where it holds 0; ``None`` without a finite
    interval. All that is said of a difference follows from this.
    """
    low, high = difference.interval
    if not (math.isfinite(low) and math.isfinite(high)):
        return None
    return 1 if low > 0 else -1 if high < 0 else 0


def digits_of(end: float, digits: int) -> int:
    """Decimals that an interval's end needs: ``digits``, up to three more where it is not 0 and would read 0,
    so that a reader sees on which side of 0 it lies.
    """
    more = range(digits, digits + 4) if end else ()
    return next((each for each in more if float(f"{end:.{each}f}")), digits)


def in_one_cell(value: float, low: float, high: float, digits: int = 3) -> str:
    """ "−0.022 (−0.038 to −0.006)", an estimate and its interval; empty where it could not be computed."""
    if not math.isfinite(value):
        return ""
    ends = " to ".join(f"{end:.{digits_of(end, digits)}f}" for end in (low, high))
    return f"{value:.{digits}f} ({ends})".replace("-", "−")


def p_in_short(pvalue: float) -> str:
    """ ".036" as "0.036", what is below .001 as that; empty where it could not be computed."""
    if not math.isfinite(pvalue):
        return ""
    return "< 0.001" if pvalue < 0.001 else f"{pvalue:.3f}"


def as_trained(difference: Estimate) -> str:
    """What has to follow a direction that one training of a network shows; nothing after any other."""
    return " (in its one training: another may differ)" if ONE_TRAINING in difference.method else ""


def in_words(
    difference: Estimate, above: str, below: str, nothing: str = "makes no difference", *,
    of: str = "participants", unit: str = "", lost: str = "a difference",
    unknown: str = "cannot be judged in this run",
) -> str:  # fmt: skip
    """``above`` or ``below`` where the interval lies on that side of 0, else ``nothing`` that can be seen.

    The words end a sentence that begins with what was changed ("the movie ..."); ``of`` names what ``n``
    counts, ``unit`` is the difference's. An interval that holds 0 proves no equality, and the words say so:
    below what such a study could have shown (:func:`cardiacnets.statistics.estimate.could_show`) a difference
    often goes unseen; ``lost`` is what it is called. Without a finite interval nothing is said but
    ``unknown``. Of a direction that one training shows the words say so.
    """
    side = side_of_zero(difference)
    if side != 0:
        return unknown if side is None else (above if side > 0 else below) + as_trained(difference)
    counted = "this run" if difference.n is None else f"{difference.n} {of}"
    unseen = f"{could_show(difference.interval, difference.level):.2g} {unit}".strip()
    return f"{nothing} that {counted} can see ({lost} below about {unseen} {OFTEN_LOST})"
