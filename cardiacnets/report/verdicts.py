"""What a recorded difference says of a published one: *agrees*, *undecided* or *disagrees*, and why.

A published claim of order has a direction, and often a size. The word follows from the direction alone:
only an interval that lies wholly on one side of zero decides, whatever the estimate in it. The size is
judged apart, as a remark beside the word: an interval that does not hold the published size excludes it,
also where the direction stays open. A claim of equality has its margin for a size: an interval inside
agrees, one wholly outside disagrees. What stays undecided says how large a difference its n could have
shown: one that four of five such studies would find.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cardiacnets.report.results import Result, decimals, number
from cardiacnets.statistics import not_below, within_margin
from cardiacnets.statistics.estimate import ORDERED, could_show

AGREES, UNDECIDED, DISAGREES = "agrees", "undecided", "disagrees"
NOT_RECORDED = "not yet run"
ASSUMED = "assumed, not judged"
WEAKEST_FIRST = (NOT_RECORDED, ASSUMED, DISAGREES, UNDECIDED, AGREES)


@dataclass(frozen=True)
class Verdict:
    """A word, what an undecided one could have shown, and the published size where it is excluded."""

    word: str
    detail: str = ""
    excluded: str = ""


def judge_order(result: Result | None, sign: int = 1, size: float | None = None) -> Verdict:
    """Whether a difference is ``sign`` (1 or -1) times positive, as published.

    ``size`` is the published difference, above 0 in the published direction, in the unit of the result.
    Raises ``ValueError`` for another sign, and for a size of 0 or less.
    """
    if sign not in (1, -1):
        raise ValueError(f"the published direction is 1 or -1, not {sign!r}")
    if size is not None and not size > 0:
        raise ValueError(f"a published size lies above 0, in the published direction, not at {size}")
    if result is None or result.interval is None:
        return Verdict(NOT_RECORDED)
    low, high = sorted(sign * end for end in result.interval)
    excluded = ""
    if size is not None and not low <= size <= high:
        published = number(sign * size, decimals(size)) + unit_of(result)
        excluded = f"published size {published} excluded: {'less' if high < size else 'more'} here"
    if low > 0:
        return Verdict(AGREES, excluded=excluded)
    if high < 0:
        return Verdict(DISAGREES, excluded=excluded)
    return Verdict(UNDECIDED, could_have_shown(result), excluded)


def judge_equality(result: Result | None, margin: float) -> Verdict:
    """Whether a difference is smaller than ``margin`` either way, by two one-sided tests.

    Raises ``ValueError`` for a margin of 0 or less, and for an interval that is not the 90 % interval.
    """
    if result is None or result.interval is None:
        return Verdict(NOT_RECORDED)
    if within_margin(result, margin):
        return Verdict(AGREES)
    low, high = result.interval
    if low >= margin or high <= -margin:
        return Verdict(DISAGREES)
    return Verdict(UNDECIDED, could_have_shown(result))


def judge_not_worse(result: Result | None, margin: float) -> Verdict:
    """Whether a difference is *equal or above*: disagrees where the interval lies wholly below zero.

    Raises ``ValueError`` as :func:`judge_equality`.
    """
    if result is None or result.interval is None:
        return Verdict(NOT_RECORDED)
    shown = not_below(result, margin)
    if result.interval[1] < 0:
        return Verdict(DISAGREES)
    return Verdict(AGREES) if shown else Verdict(UNDECIDED, could_have_shown(result))


def weakest(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict on several results at once; of equal words, the first.

    Raises ``ValueError`` where there is none.
    """
    return min(verdicts, key=lambda each: WEAKEST_FIRST.index(each.word))


def could_have_shown(result: Result) -> str:
    """In words, the difference that a result's n could have shown
    (:func:`cardiacnets.statistics.estimate.could_show`); nothing of a median between order statistics, whose
    interval has no standard error.
    """
    if ORDERED in result.method:
        return ""
    shown = could_show(result.interval, result.level)
    whom = (
        "this run" if result.n is None else f"{result.n:,} {result.of}" if result.of else f"n = {result.n:,}"
    )
    return f"{whom} could have shown a difference of about {number(shown, decimals(shown))}{unit_of(result)}"


def unit_of(result: Result) -> str:
    """A result's unit as it follows a number, or nothing."""
    return "" if not result.unit else " %" if result.unit == "%" else f" {result.unit}"
