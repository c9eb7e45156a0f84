"""Verdicts on networks that were trained once: an interval over participants alone decides nothing.

Another training would move the difference, and its interval does not know how far. Where comparable networks
of the same run were trained several times, their spread is lent: what stays on its side of the line with it
is decided, all else is undecided *as to trainings*, and the card says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from cardiacnets.report.results import Result, decimals, number
from cardiacnets.report.verdicts import AGREES, DISAGREES, UNDECIDED, Verdict
from cardiacnets.statistics import Estimate
from cardiacnets.statistics.trainings import ONE_TRAINING, with_lent_spread

SPREAD = "_trainings"
"""How the metric of a result ends that is the standard deviation between single trainings."""
ALONE = "undecided as to trainings: it was trained once, and nothing comparable in this run more often"


def beyond_one_training(
    judge: Callable[[Result | None], Verdict], result: Result | None, results: Mapping[str, Result]
) -> Verdict:
    """``judge(result)``; where that decides, but one training stands behind the result, only what the lent
    spread of comparable networks leaves of it.

    ``judge`` maps a result, or ``None`` where none was recorded, to its verdict.
    """
    found = judge(result)
    if found.word not in (AGREES, DISAGREES) or ONE_TRAINING not in result.method:
        return found
    lent = comparable(result.key, results)
    if not lent:
        return Verdict(UNDECIDED, ALONE)
    widened = with_lent_spread(_estimate(result), [(each.value, each.n) for each in lent])
    judged = judge(replace(result, interval=widened.interval, method=widened.method))
    if judged.word == found.word:
        return judged
    low, high = widened.interval
    digits = decimals(low, high)
    return Verdict(
        UNDECIDED,
        f"undecided as to trainings: with the spread of {len(lent)} comparable results of this run, trained "
        f"{min(each.n for each in lent)} times or more, the {result.level:.0%} interval is "
        f"{number(low, digits)} to {number(high, digits)}".replace("%", " %"),
    )


def comparable(key: str, results: Mapping[str, Result]) -> list[Result]:
    """Spreads of trainings of the same difference by the same metric in other tasks; where there is none, of
    any difference by that metric; else by its first word, ``auc`` of ``auc_rcm``.
    """
    metric, pair = _measured(key)
    spreads = [each for each in results.values() if _is_spread(each)]
    narrowing: list[Callable[[str, str], bool]] = [
        lambda of, arms: (of, arms) == (metric, pair),
        lambda of, arms: of == metric,
        lambda of, arms: of.split("_")[0] == metric.split("_")[0],
    ]
    for fits in narrowing:
        if found := [each for each in spreads if fits(*_measured(each.key))]:
            return found
    return []


def _is_spread(result: Result) -> bool:
    """Whether it is how far the trainings of a difference lie apart."""
    metric, arms = result.key.rsplit(".", 2)[-2:]
    return metric.endswith(SPREAD) and "-" in arms and result.value is not None and (result.n or 0) > 1


def _measured(key: str) -> tuple[str, str]:
    """Metric and arms of ``ukb.cm.auc_trainings.aligned-ecg``: ``auc``, ``aligned-ecg``."""
    metric, arms = key.rsplit(".", 2)[-2:]
    return metric.removesuffix(SPREAD).removesuffix("_equivalence"), arms


def _estimate(result: Result) -> Estimate:
    return Estimate(result.value, result.interval, result.n, result.method, level=result.level)
