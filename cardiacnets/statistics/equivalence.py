"""Is a difference small enough not to matter? "Not significant" is no answer; two one-sided tests are.

At .05 each, they reject a difference as large as the margin just where the 90 % interval lies inside
(-margin, margin) (Schuirmann 1987). So the interval decides, by one function, wherever the question is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from numpy.typing import ArrayLike
from scipy.optimize import brentq

from cardiacnets.statistics.auc_difference import auc_difference
from cardiacnets.statistics.estimate import Estimate

MARGIN = 0.03
"""Of AUCs and of correlations, chosen before any was seen."""
LEVEL = 0.9
"""Coverage of the interval that decides: 1 - 2 x .05."""
NARROWEST, WIDEST = 0.01, 1 - 1e-9
"""Levels between which p is sought: beyond the first it is one half, beyond the second 0."""


class Found(Protocol):
    """What can be judged: a difference's interval and its coverage."""

    interval: tuple[float, float]
    level: float


@dataclass(frozen=True)
class Equivalence(Estimate):
    """A difference with the interval that decides, of level .9, its margin and the larger one-sided p."""

    margin: float
    pvalue: float

    @property
    def equivalent(self) -> bool:
        """Whether both one-sided tests reject a difference as large as the margin."""
        return within_margin(self, self.margin)


def within_margin(found: Found, margin: float) -> bool:
    """Whether a difference is shown to be smaller than ``margin`` either way.

    Raises ``ValueError`` for a margin of 0 or less, and for an interval that is not the 90 % interval.
    """
    return not_below(found, margin) and bool(found.interval[1] < margin)


def not_below(found: Found, margin: float) -> bool:
    """Whether a difference is shown to lie above ``-margin``: not worse. Raises as :func:`within_margin`."""
    if not margin > 0:
        raise ValueError(f"a margin lies above 0, not at {margin}")
    if abs(found.level - LEVEL) > 1e-9:
        raise ValueError(
            f"two one-sided tests are judged by the {LEVEL:.0%} interval, not by that of {found.level:.0%}"
        )
    return bool(-margin < found.interval[0])


def equivalence(
    compare: Callable[[float], Estimate], margin: float = MARGIN, least: float = 0.0
) -> Equivalence:
    """Two one-sided tests by the intervals of ``compare(level)``, a difference at a level of confidence.

    The p-value is the smallest alpha whose interval, of level 1 - 2 alpha, fits inside the margin: 1 where
    the estimate itself lies outside, and never below ``least``, the smallest that a resampling can show.
    """

    def slack(level: float) -> float:
        """How far the interval of a level stays inside the margin."""
        low, high = compare(level).interval
        return margin - max(abs(low), abs(high))

    found = compare(LEVEL)
    words = f"two one-sided tests, {found.method}"
    if not abs(found.estimate) < margin:
        pvalue = 1.0
    elif slack(WIDEST) > 0:
        pvalue = least
    elif slack(NARROWEST) <= 0:
        pvalue = 0.5
    else:
        pvalue = max((1 - brentq(slack, NARROWEST, WIDEST)) / 2, least)
    result = Equivalence(found.estimate, found.interval, found.n, words, margin, float(pvalue), level=LEVEL)
    within_margin(result, margin)  # refuses an impossible margin
    return result


def equivalent_auc(
    labels: ArrayLike, scores_a: ArrayLike, scores_b: ArrayLike, clusters: ArrayLike | None = None
) -> Equivalence:
    """Are two AUCs on the same participants within :data:`MARGIN` of each other? See :func:`auc_difference`.
    """
    return equivalence(
        lambda level: auc_difference(labels, scores_a, scores_b, level, clusters=clusters), MARGIN
    )
