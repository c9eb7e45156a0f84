"""The cells of tables from elsewhere: keys that are one person, numbers, codes and days, or a fault by name.

What is empty is missing. What is not empty and not understood is never taken for missing: a ``ValueError``
says how many such cells a column has, and the first with its row.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

SEXES = {"female": 0.0, "f": 0.0, "woman": 0.0, "male": 1.0, "m": 1.0, "man": 1.0}

NOT_A_DATE = "not a date (year-month-day is)"

_WHOLE = r"^\s*0*(\d+)(?:\.0+)?\s*$"
_WHOLE_DAY = r"^\d{4}-?\d{2}-?\d{2}"  # a year or a month alone is no day
_ZONE = re.compile(r"(?<=[\d:.])\s*(?:Z|z|[+-]\d{2}(?::?\d{2})?)$")


def one_key(keys: pd.Series) -> pd.Series:
    """Keys by which the same number is the same key: ``20000000.0``, ``020000000`` and ``20000000``.

    Any other text stays as it is, without space around it.
    """
    text = keys.astype("string").str.strip()
    return text.str.replace(_WHOLE, r"\1", regex=True).astype(object).where(keys.notna(), None)


def as_spelled(keys: pd.Series, known: pd.Series | pd.Index) -> pd.Series:
    """``keys`` as ``known`` spells the same ones; those that are not among them stay as they are.

    Raises ``ValueError`` if two of ``known`` are one number, so that nobody can tell which is meant.
    """
    strange = ~keys.isin(known)
    if not strange.any():
        return keys
    spelled = pd.Series(pd.unique(pd.Series(known).dropna()))
    same = one_key(spelled)
    wanted = one_key(keys[strange])
    if (twice := same[same.duplicated() & same.isin(wanted)]).size:
        both = spelled[same == twice.iloc[0]].tolist()
        raise ValueError(f"the keys {both[0]!r} and {both[1]!r} are one number")
    found = wanted.map(dict(zip(same, spelled, strict=True)))
    given = keys.to_numpy(dtype=object, copy=True)
    given[strange.to_numpy()] = found.where(found.notna(), keys[strange]).to_numpy(dtype=object)
    return pd.Series(given, index=keys.index, name=keys.name, dtype=keys.dtype)


def parse_numbers(
    column: pd.Series, values: Mapping[str | int, float] | None = None
) -> tuple[pd.Series, np.ndarray]:
    """The column as floats, NaN where it is empty, and which cells are neither (N,).

    ``values`` gives texts their numbers, in any case and with ``0.0`` for ``0``; without it a cell is a
    finite number itself.
    """
    text = column.astype("string").str.strip()
    empty = column.isna() | text.eq("").fillna(True)
    if values:
        known = {_folded(str(key)): float(number) for key, number in values.items()}
        if {"f", "m"} <= known.keys():
            known |= {word: known[word[0]] for word in ("female", "male")}
            known.setdefault("woman", known["f"])
            known.setdefault("man", known["m"])
        meant = {cell: known.get(_folded(cell)) for cell in pd.unique(text.dropna())}
        number = text.map(meant)
    else:
        number = pd.to_numeric(text.where(~empty), errors="coerce")
    number = number.astype("float64").replace([np.inf, -np.inf], np.nan)
    return number.where(~empty), (number.isna() & ~empty).to_numpy(dtype=bool)


def parse_days(column: pd.Series) -> tuple[pd.Series, np.ndarray]:
    """Dates as nanoseconds, NaT where empty, and which cells are neither (N,).

    The clock that is written counts, whatever its zone. A date is year-month-day, as one whose day or month
    is written first never is.
    """
    text = column.astype("string").str.strip()
    empty = column.isna() | text.eq("").fillna(True)
    clocked = text.str.contains(":", regex=False).fillna(False)
    text = text.where(~clocked, text.str.replace(_ZONE, "", regex=True))
    text = text.where(text.str.match(_WHOLE_DAY).fillna(False).astype(bool))
    dates = pd.to_datetime(text.where(~empty), errors="coerce", format="ISO8601")
    return dates.astype("datetime64[ns]"), (dates.isna() & ~empty).to_numpy(dtype=bool)


def parse_list(cell: str) -> list[str]:
    """Several values in one cell, ``["I251", "I10"]`` or ``I251|I10``, as UK Biobank's platform exports them.

    Raises ``ValueError`` for a list that does not end.
    """
    text = cell.strip()
    if not text.startswith("["):
        return [part.strip() for part in text.split("|") if part.strip()]
    for written in (text, text.replace("'", '"')):  # JSON, or as Python writes it
        with contextlib.suppress(ValueError, RecursionError):
            return [str(value).strip() for value in json.loads(written) if value is not None]
    raise ValueError(f"{cell[:60]!r} is no list of values")


def numbers(column: pd.Series, where: str, values: Mapping[str | int, float] | None = None) -> pd.Series:
    """As :func:`parse_numbers`; ``ValueError`` for the cells that are no number."""
    number, wrong = parse_numbers(column, values)
    _refuse(column, wrong, where, not_a_number(values))
    return number


def _folded(text: str) -> str:
    return re.sub(_WHOLE, r"\1", text.strip().casefold())


def not_a_number(values: Mapping[str | int, float] | None = None) -> str:
    """What a cell is that :func:`parse_numbers` does not understand."""
    if values:
        return f"not among the values {', '.join(map(str, values))}"
    return "no number, with a point before its decimals and nothing between its thousands"


def row_of(index: pd.Index, place: int) -> int:
    """The row below the header, from 1, of the cell at ``place`` of a column with this index."""
    return int(index[place] if isinstance(index[place], int | np.integer) else place) + 1


def misread(value: object, what: str, count: int, row: int) -> str:
    """One line on cells that are not understood: the first, what it is, how many there are, and its row."""
    more = f"the first of {count:,} such cells, in" if count > 1 else "in"
    return f"{value!r} is {what}; {more} row {row:,}"


def _refuse(column: pd.Series, wrong: np.ndarray, where: str, what: str) -> None:
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        count, row = int(wrong.sum()), row_of(column.index, place)
        raise ValueError(f"{where}: {misread(column.iloc[place], what, count, row)}")
