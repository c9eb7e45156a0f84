"""The table of a reader study, checked: every reader rated every case once in every modality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

COLUMNS = ("reader", "modality", "case", "truth", "rating")


@dataclass(frozen=True)
class Ratings:
    """``values (modalities, readers, cases)`` and the ``truth (cases,)`` of a balanced, complete design."""

    values: np.ndarray
    truth: np.ndarray
    modalities: tuple
    readers: tuple
    cases: tuple


def check_ratings(
    table: pd.DataFrame, readers: Sequence | None = None, modalities: Sequence | None = None
) -> Ratings:
    """The ratings as an array, or ``ValueError`` naming the row (first is 1) and column that does not fit.

    ``table`` has the columns reader, modality, case, truth (0 or 1) and rating (a number, higher for
    disease). ``readers`` and ``modalities``, if given, are those that may occur, in their order (else
    sorted). Supported: at least two modalities, cases of both kinds, and each reader rating each case once in
    each modality.
    """
    absent = [column for column in COLUMNS if column not in table]
    if absent:
        raise ValueError(f"column {absent[0]!r} is missing; a rating table needs {', '.join(COLUMNS)}")
    if table.empty:
        raise ValueError("the rating table holds no rows")
    table = table[list(COLUMNS)].reset_index(drop=True)
    for column in COLUMNS:
        empty = table[column].isna()
        if empty.any():
            raise ValueError(f"row {_first(empty)}, column {column!r}: empty cell")
    for column in ("truth", "rating"):
        numbers = pd.to_numeric(table[column], errors="coerce")
        wrong = ~np.isfinite(numbers) if column == "rating" else ~numbers.isin([0, 1])
        if wrong.any():
            meant = "a number" if column == "rating" else "0 or 1"
            value = table[column].iloc[_first(wrong) - 1]
            raise ValueError(f"row {_first(wrong)}, column {column!r}: {value} is not {meant}")
        table[column] = numbers.astype(float)
    for column, known in (("reader", readers), ("modality", modalities)):
        if known is not None and (strange := ~table[column].isin(list(known))).any():
            value, names = table[column].iloc[_first(strange) - 1], ", ".join(map(str, known))
            place = f"row {_first(strange)}, column {column!r}"
            raise ValueError(f"{place}: unknown {column} {value}; known: {names}")
    return _balanced(table, readers, modalities)


def _balanced(table: pd.DataFrame, readers: Sequence | None, modalities: Sequence | None) -> Ratings:
    repeated = table.duplicated(["reader", "modality", "case"])
    if repeated.any():
        row = table.iloc[_first(repeated) - 1]
        raise ValueError(
            f"row {_first(repeated)}, column 'case': reader {row['reader']} rated case {row['case']} with "
            f"{row['modality']!r} before"
        )
    changed = table.groupby("case")["truth"].transform("first") != table["truth"]
    if changed.any():
        case = table["case"].iloc[_first(changed) - 1]
        raise ValueError(f"row {_first(changed)}, column 'truth': case {case} had the other truth before")
    names = tuple(modalities) if modalities is not None else tuple(sorted(table["modality"].unique()))
    people = tuple(readers) if readers is not None else tuple(sorted(table["reader"].unique()))
    if len(names) < 2:
        raise ValueError(f"one modality only ({names[0]}): nothing to compare; give at least two")
    truth = table.groupby("case")["truth"].first()
    wide = table.set_index(["modality", "reader", "case"])["rating"]
    full = wide.reindex(pd.MultiIndex.from_product([names, people, truth.index]))
    if full.isna().any():
        modality, reader, case = full.index[full.isna()][0]
        raise ValueError(
            f"incomplete design: reader {reader} did not rate case {case} with {modality!r} "
            f"({int(full.isna().sum())} ratings absent). Only balanced complete designs are supported: "
            "covariances between readers and modalities are estimated from cases that all of them rated"
        )
    if truth.nunique() < 2:
        raise ValueError(f"column 'truth' is {int(truth.iloc[0])} for every case; both kinds are needed")
    values = full.to_numpy().reshape(len(names), len(people), len(truth))  # (modalities, readers, cases)
    return Ratings(values, truth.to_numpy().astype(bool), names, people, tuple(truth.index))


def _first(mask: pd.Series) -> int:
    """Number of the first row that holds, counted from 1."""
    return int(np.flatnonzero(mask)[0]) + 1
