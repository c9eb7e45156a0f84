"""Verdicts on networks that were trained once: an interval over participants alone decides nothing.

Another training would move the difference, and its interval does not know how far. Where comparable networks
of the same run were trained several times, their spread is lent: what stays on its side of the line with it
is decided, all else is undecided *as to trainings*, and the card says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from cardiacnets.report.results import Result, decimals, ends
from cardiacnets.report.verdicts import AGREES, DISAGREES, UNDECIDED, Verdict
from cardiacnets.statistics import Estimate
from cardiacnets.statistics.trainings import ONE_TRAINING, with_lent_spread
from cardiacnets.study import ARMS

SPREAD = "_trainings"
"""How the metric of a result ends that is the standard deviation between single trainings."""
AS_TO_TRAININGS = "as to trainings: "
"""How a verdict's reason begins that only trainings leave open."""
ALONE = f"{AS_TO_TRAININGS}it was trained once, and nothing comparable in this run more often"
SHARE = re.compile(r"_\d+$")
"""How an arm ends that had a share of the labels, in percent."""


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
    low, high = ends(widened.interval, decimals(*widened.interval))
    return Verdict(
        UNDECIDED,
        f"{AS_TO_TRAININGS}with the spread of {_lenders(lent, results, result.key)}, trained "
        f"{min(each.n for each in lent)} times or more, the {result.level:.0%} interval is "
        f"{low} to {high}".replace("%", " %"),
    )


def _lenders(lent: list[Result], results: Mapping[str, Result], key: str) -> str:
    """How many results lend their spread, and how large their tests are: a small test spreads more."""
    stems = [each.key.rpartition(".") for each in lent]
    sizes = [results.get(f"{stem.removesuffix(SPREAD)}.{arms}") for stem, _, arms in stems]
    counts = sorted(each.n for each in sizes if each is not None and each.n is not None)
    said = [f"tests of {' to '.join(dict.fromkeys(f'{counts[at]:,}' for at in (0, -1)))}"] if counts else []
    said += ["all labels"] * (SHARE.search(key.rpartition("-")[0]) is not None)
    named = f" ({', '.join(said)})" if said else ""
    return f"{len(lent)} comparable result{'s' * (len(lent) > 1)} of this run{named}"


def comparable(key: str, results: Mapping[str, Result]) -> list[Result]:
    """Spreads of trainings of the same difference by the same metric in other tasks, whatever their share of
    the labels; where there is none, of differences by that metric of as many fine-tuned networks; then of any
    difference by it; else by its first word, ``auc`` of ``auc_rcm``.
    """
    metric, pair = _measured(key)
    spreads = [each for each in results.values() if _is_spread(each)]
    narrowing: list[Callable[[str, str], bool]] = [
        lambda of, arms: (of, arms) == (metric, pair),
        lambda of, arms: of == metric and _networks(arms) == _networks(pair),
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
    """Metric and arms of ``ukb.cm.auc_trainings.aligned-ecg``: ``auc``, ``aligned-ecg``; and the same of
    ``mimic.cm.auc_fraction.aligned_10-ecg_100``, which asks of shares of the labels.
    """
    metric, arms = key.rsplit(".", 2)[-2:]
    for ending in (SPREAD, "_equivalence", "_fraction"):
        metric = metric.removesuffix(ending)
    return metric, "-".join(SHARE.sub("", arm) for arm in arms.split("-"))


def _networks(arms: str) -> int:
    """How many of a pair are fine-tuned networks: what is read out of frozen features varies less."""
    return sum(arm in ARMS and ARMS[arm].network for arm in arms.split("-"))


def _estimate(result: Result) -> Estimate:
    return Estimate(result.value, result.interval, result.n, result.method, level=result.level)
