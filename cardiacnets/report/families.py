"""Claims that are corrected together: Holm within a family, and whether a verdict survives it.

A family is a section of the claims, or what their rows name as one. Its comparisons are the differences that
its claims of order are judged by, each once however many claims rest on it. What was not recorded, has no
p-value, or rests on an assumption is not among them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cardiacnets.report.results import Result, at_floor, probability
from cardiacnets.report.verdicts import AGREES, DISAGREES
from cardiacnets.statistics import holm

LEVEL = 0.05


@dataclass(frozen=True)
class Corrected:
    """A p-value after Holm's correction (Holm 1979) over ``among`` comparisons.

    ``at_most``: the test behind it could give none smaller.
    """

    pvalue: float
    among: int
    at_most: bool = False

    @property
    def survives(self) -> bool:
        return self.pvalue < LEVEL

    def __str__(self) -> str:
        """``survives Holm over 9 comparisons (p = 0.004)``, or that it does not; of a family of one, that
        there is nothing to correct for.
        """
        if self.among == 1:
            return f"the only comparison of its section ({probability(self.pvalue, self.at_most)})"
        kept = "survives" if self.survives else "does not survive"
        p = probability(self.pvalue, self.at_most)
        return f"{kept} Holm over {self.among} comparisons ({p})"


def corrected(
    tested: Iterable[tuple[str, str]], results: Mapping[str, Result]
) -> dict[tuple[str, str], Corrected]:
    """Each ``(family, key of a result)`` of ``tested`` that has a p-value, corrected within its family."""
    families: dict[str, list[str]] = {}
    for family, key in dict.fromkeys(tested):
        if key in results and results[key].pvalue is not None:
            families.setdefault(family, []).append(key)
    found = {}
    for family, keys in families.items():
        for key, pvalue in zip(keys, holm([results[key].pvalue for key in keys]), strict=True):
            floor = at_floor(results[key].pvalue, results[key].method)
            found[family, key] = Corrected(float(pvalue), len(keys), floor)
    return found


def said_of(word: str, found: Corrected | None) -> str:
    """What a decided verdict says of the correction; nothing for one that decides nothing."""
    if word not in (AGREES, DISAGREES):
        return ""
    return "no p-value to correct" if found is None else str(found)
