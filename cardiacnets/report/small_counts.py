"""What a chapter shows of fewer people than a restricted cohort lets publish: that they are few, no more.

The disclosure guard stops a page on which a small count stands. A small cohort has many, and mostly of groups
that nobody would look for; so a chapter withholds them before. A share of few people tells how many they are,
and an interval does: from results and tables what was measured goes with the count, from words only the count
itself, since nothing tells which numbers beside it are about it. ``least`` is the smallest count that may be
published, 0 where any may (:func:`cardiacnets.cohorts.counts.threshold`).
"""

from __future__ import annotations

import re
from dataclasses import replace
from numbers import Real
from typing import Any

import pandas as pd

from cardiacnets.cohorts.disclosure import COUNT, COUNTS
from cardiacnets.report.results import Result

WITHHELD = "withheld"
PEOPLE = ("", "recordings", "participants", "people", "patients", "cases")
"""How that starts which a result's ``n`` counts, where it counts people or what is recorded of them."""


def _small(count: Any, least: int) -> bool:
    return isinstance(count, Real) and 0 < count < least and float(count).is_integer()


def result_withheld(result: Result, least: int) -> Result:
    """``result``, or that there is none to show, where its ``n`` counts too few people."""
    if not _small(result.n, least) or result.of.partition(" ")[0] not in PEOPLE:
        return result
    method = f"{WITHHELD}: fewer than {least}; {result.method}".rstrip("; ")
    return replace(result, value=None, interval=None, pvalue=None, n=None, of="", method=method)


def text_withheld(text: str, least: int) -> str:
    """``text``, where each count that the guard would find is told as "fewer than" the least one."""

    def told(found: re.Match) -> str:
        count = found.group(1) or found.group(2)
        if not _small(int(count), least):
            return found.group()
        start, end = found.span(1 if found.group(1) else 2)
        before, after = text[found.start() : start], text[end : found.end()]
        return f"{before.replace('=', '<')}{least}{after}" if "=" in before else f"fewer than {least}{after}"

    return COUNT.sub(told, text) if least else text


def table_withheld(table: pd.DataFrame, least: int) -> pd.DataFrame:
    """``table``, where rows of a small count have lost their numbers, and rows that are counts the small
    ones.
    """
    counts = [place for place, name in enumerate(table.columns) if str(name).strip().lower() in COUNTS]
    if not least or not len(table):
        return table
    rows = table.astype(object).to_numpy().copy()
    for row in rows:
        if any(_small(row[place], least) for place in counts):
            row[1:] = [WITHHELD if _measured(cell) else cell for cell in row[1:]]
        if str(row[0]).strip().lower() in COUNTS:
            row[1:] = [f"fewer than {least}" if _small(cell, least) else cell for cell in row[1:]]
    return pd.DataFrame(rows, columns=table.columns, index=table.index)


def _measured(cell: Any) -> bool:
    """Whether a cell shows a number: one, an interval, or words that hold one."""
    if isinstance(cell, str):
        return bool(re.search(r"\d", cell))
    return isinstance(cell, (Real, tuple)) and not isinstance(cell, bool)
