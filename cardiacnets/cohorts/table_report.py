"""What a table holds and what of it was understood, column by column, so that no count shrinks in silence."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import NamedTuple

import numpy as np
import pandas as pd

from cardiacnets.cohorts.cells import (
    NOT_A_DATE,
    SEXES,
    misread,
    not_a_number,
    parse_days,
    parse_numbers,
    row_of,
)
from cardiacnets.cohorts.manifest import Covariate, Manifest

MANY = 20
"""Columns with the same counts, beyond which a report names the ends."""

BELIEVED = {
    "age": (0, 125, "years"), "height": (50, 260, "cm"), "weight": (10, 650, "kg"), "bmi": (5, 150, "kg/m2"),
    "heart_rate": (10, 400, "beats a minute"),
}  # fmt: skip
"""From where to where an adult's covariate is believed, and its unit; no other covariate is below 0."""

USUAL = {"height": (140, 200, "inches"), "weight": (40, 120, "pounds"), "bmi": (15, 45, "another unit")}
"""Where the median of a covariate lies in a cohort of adults; beyond it, what the numbers may be instead."""


class Reading(NamedTuple):
    """Cells as read (N,): ``values``, which are ``missing`` by the manifest's word, and which not understood,
    which is said in words by ``why``."""

    values: pd.Series
    missing: np.ndarray
    wrong: np.ndarray
    why: str


@dataclass
class ColumnReport:
    """A column of a table: how many of its cells are filled, mean no answer, and are not understood.

    ``first`` and ``row`` are the first cell that is not understood and its row below the header, ``why`` what
    it is; they are empty where all is understood.
    """

    name: str
    column: str
    filled: int = 0
    empty: int = 0
    no_answer: int = 0
    not_understood: int = 0
    first: str = ""
    row: int | None = None
    why: str = ""

    @property
    def understood(self) -> int:
        """Cells with an answer that was understood."""
        return self.filled - self.no_answer - self.not_understood

    def look(self, cells: pd.Series, missing: np.ndarray, wrong: np.ndarray, why: str) -> None:
        """Count some cells (N,), of which these mean no answer, and these are not understood for ``why``."""
        blank = [cell for cell in pd.unique(cells) if isinstance(cell, str) and not cell.strip()]
        filled = int(cells.notna().sum() - (cells.isin(blank).sum() if blank else 0))
        self.filled += filled
        self.empty += len(cells) - filled
        self.no_answer += int(missing.sum())
        self.mark(cells, wrong, why)

    def mark(self, cells: pd.Series, wrong: np.ndarray, why: str) -> None:
        """Count as not understood those of these looked-at cells (N,) that are ``wrong``."""
        if wrong.any() and not self.not_understood:
            place = int(np.flatnonzero(wrong)[0])
            first = cells.iloc[place]
            self.first, self.why = "" if pd.isna(first) else str(first), why
            self.row = row_of(cells.index, place)
        self.not_understood += int(wrong.sum())

    def counts(self) -> str:
        """Its counts in words."""
        counts = f"{self.understood:,} understood, {self.no_answer:,} no answer, {self.empty:,} empty"
        return f"{counts}, {self.not_understood:,} NOT understood" if self.not_understood else counts

    @property
    def fault(self) -> str:
        """What is not understood, in one line; empty if nothing."""
        if not self.not_understood:
            return ""
        return f"column {self.column!r}: {misread(self.first, self.why, self.not_understood, self.row)}"


@dataclass
class JoinReport:
    """How the rows of one table met those of another: ``first`` and ``row`` are the first that met nobody."""

    what: str
    matched: int = 0
    unmatched: int = 0
    first: str = ""
    row: int | None = None

    def count(self, keys: pd.Series, met: np.ndarray) -> None:
        """Count some keys (N,), of which these ``met`` somebody (N,)."""
        missed = int((~met).sum())
        if missed and not self.unmatched:
            place = int(np.flatnonzero(~met)[0])
            self.first, self.row = str(keys.iloc[place]), row_of(keys.index, place)
        self.matched += len(keys) - missed
        self.unmatched += missed

    def __str__(self) -> str:
        first = f" (the first {self.first!r} in row {self.row:,})" if self.unmatched and self.row else ""
        return f"{self.what}: {self.matched:,} yes, {self.unmatched:,} no{first}"


@dataclass
class TableReport:
    """A table: its ``rows``, the different ``keys`` of its participants, its columns and its joins."""

    name: str
    path: str
    rows: int = 0
    keys: int = 0
    columns: dict[str, ColumnReport] = field(default_factory=dict)
    joins: dict[str, JoinReport] = field(default_factory=dict)

    def column(self, name: str, column: str) -> ColumnReport:
        """The report of a column, begun if there is none: the book's name for it, and the file's."""
        return self.columns.setdefault(name, ColumnReport(name, column))

    def join(self, what: str) -> JoinReport:
        """The report of a join, begun if there is none."""
        return self.joins.setdefault(what, JoinReport(what))

    @property
    def fault(self) -> str:
        """What is not understood, in one line that names the first column at fault; empty if nothing."""
        faults = [column.fault for column in self.columns.values() if column.not_understood]
        more = f"; and {len(faults) - 1} more columns" if len(faults) > 1 else ""
        return f"{faults[0]}{more}" if faults else ""

    def __str__(self) -> str:
        lines = [f"{self.name} ({self.path}): {counted(self.rows, 'rows')}, {counted(self.keys, 'keys')}"]
        lines += [f"  {join}" for join in self.joins.values()]
        alike = [list(group) for _, group in groupby(self.columns.values(), ColumnReport.counts)]
        told = [(names, group[0]) for group in alike for names in _told(group)]
        width = max((len(names) for names, _ in told), default=0)
        for names, one in told:
            line = f"  {names:{width}}  {one.counts()}"
            if one.not_understood:
                line += f", the first {one.first!r} in row {one.row:,}"
            lines.append(line)
        return "\n".join(lines)


def _told(group: list[ColumnReport]) -> list[str]:
    """Columns that stand in a row with the same counts, by name; of many (82 indices) the ends."""
    names = [f"{one.name} ({one.column})" for one in group]
    many = len(names) > MANY and not group[0].not_understood
    return [f"{names[0]} to {names[-1]}, {len(names)} columns"] if many else names


def read_answers(name: str, covariate: Covariate, cells: pd.Series) -> Reading:
    """The cells of one covariate as numbers (N,), with its codes, its answers in words and its bounds."""
    text = cells.astype("string").str.strip()
    number = pd.to_numeric(text, errors="coerce")  # some exports write the code -3 as -3.0
    missing = text.isin([str(code) for code in covariate.missing]) | number.isin(
        [code for code in covariate.missing if not isinstance(code, str)]
    )
    missing = missing.fillna(False).to_numpy(dtype=bool)
    meant = covariate.values
    if name == "sex" and not meant and text.str.contains("[a-zA-Z]").any():
        meant = SEXES | {"0": 0.0, "1": 1.0}
    values, wrong = parse_numbers(cells.mask(missing), meant)
    return Reading(values.replace(covariate.recode), missing, wrong, not_a_number(meant))


def read_believed(name: str, covariate: Covariate, cells: pd.Series) -> Reading:
    """As :func:`read_answers`, and a number that nobody has is not understood (such as an age of 999)."""
    read = read_answers(name, covariate, cells)
    if read.wrong.any():
        return read
    lowest, highest, unit = BELIEVED.get(name, (0, np.inf, ""))
    lowest = -np.inf if covariate.years_since else lowest  # at a year of its own one may not be born
    wrong = ((read.values < lowest) | (read.values > highest)).to_numpy(dtype=bool)
    bounds = f"from {max(lowest, 0):g} to {highest:g} {unit}" if np.isfinite(highest) else "of 0 or more"
    why = f"no {name} {bounds}, and no code that the manifest lists under missing or recode"
    return Reading(read.values, read.missing, wrong, why)


def unusual(covariates: pd.DataFrame) -> list[str]:
    """What is believed cell by cell and yet not usual in adults, of covariates by name (N, any): a line each.

    Heights in inches, weights in pounds, and the two exchanged are such.
    """
    medians = covariates.reindex(columns=list(USUAL)).median()
    return [
        f"{name}: median {medians[name]:.3g}; are these {other}, or another column? {BELIEVED[name][2]} are "
        "expected"
        for name, (low, high, other) in USUAL.items()
        if medians[name] < low or medians[name] > high
    ]


def not_yet(table: str, dates: pd.Series, today: pd.Timestamp) -> tuple[str, bool]:
    """What is to be said of days (N,) after ``today``, and whether it is a fault; empty where there are none.

    A hospital that hides its patients' dates moves all of them, often into the future: that is none.
    """
    later = (dates > today).to_numpy(dtype=bool)
    if not later.any():
        return "", False
    if later.sum() == dates.notna().sum():
        return f"{table}: every date lies after today; taken for dates that were moved for all alike", False
    first = f"{dates[later].iloc[0]:%Y-%m-%d}"
    return f"{table}: {int(later.sum()):,} of {len(dates):,} dates lie after today, the first {first}", True


def counted(count: int, what: str) -> str:
    """A count of things, which are named in the plural: ``3 faults``, ``1 fault``, ``1 ecg file opened``."""
    return f"{count:,} {re.sub(r's(?![a-z])', '', what, count=1) if count == 1 else what}"


def readers_of(manifest: Manifest, table: str) -> dict[str, Callable[[pd.Series], Reading]]:
    """The columns of a table whose cells have to mean something to the study, and how each is read.

    They are dates, covariates and the years these count from, criteria's numbers, and values of labels.
    """
    described, readers = manifest.tables[table].columns, {"date": _days}
    for name, covariate in manifest.covariates.items():
        if covariate.column:
            readers.setdefault(covariate.column, partial(read_believed, name, covariate))
        if covariate.years_since:
            readers.setdefault(covariate.years_since, _numbers)
    for one in manifest.inclusion:
        if one.values is None:
            readers.setdefault(one.column, _numbers)
    if manifest.labels.column:
        readers.setdefault(manifest.labels.column, partial(_values, values=manifest.labels.values))
    return {column: reader for column, reader in readers.items() if column in described}


def _days(cells: pd.Series) -> Reading:
    values, wrong = parse_days(cells)
    return Reading(values, np.zeros(len(cells), dtype=bool), wrong, NOT_A_DATE)


def _numbers(cells: pd.Series) -> Reading:
    values, wrong = parse_numbers(cells)
    return Reading(values, np.zeros(len(cells), dtype=bool), wrong, not_a_number())


def _values(cells: pd.Series, values: dict[str, list[str]]) -> Reading:
    places, wrong = parse_numbers(cells, {value: place for place, value in enumerate(values)})
    return Reading(places, np.zeros(len(cells), dtype=bool), wrong, not_a_number(dict.fromkeys(values, 0.0)))
