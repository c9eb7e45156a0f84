"""The cells of tables from elsewhere: keys that are one person, numbers, codes and days, or a fault by name.

What is empty is missing. What is not empty and not understood is never taken for missing: a ``ValueError``
says how many such cells a column has, and the first with its row.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

SEXES = {"female": 0.0, "f": 0.0, "woman": 0.0, "male": 1.0, "m": 1.0, "man": 1.0}

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
    return keys.where(~strange, found.reindex(keys.index).where(lambda given: given.notna(), keys))


def numbers(column: pd.Series, where: str, values: Mapping[str | int, float] | None = None) -> pd.Series:
    """The column as floats, NaN where it is empty.

    ``values`` gives texts their numbers, in any case and with ``0.0`` for ``0``; without it a cell is a
    number itself. Raises ``ValueError`` for any other cell.
    """
    text = column.astype("string").str.strip()
    folded = text.str.casefold()
    empty = column.isna() | text.eq("").fillna(True)
    if values:
        known = {_folded(str(key)): float(number) for key, number in values.items()}
        if {"f", "m"} <= known.keys():
            known |= {word: known[word[0]] for word in ("female", "male")}
            known.setdefault("woman", known["f"])
            known.setdefault("man", known["m"])
        number = folded.map(_folded, na_action="ignore").map(known)
    else:
        number = pd.to_numeric(text.where(~empty), errors="coerce")
    number = number.astype("float64")
    _refuse(column, number.isna() & ~empty, where, _advice(values))
    return number.where(~empty)


def days(column: pd.Series, where: str) -> pd.Series:
    """Dates as nanoseconds, NaT where empty; the clock that is written counts, whatever its zone.

    Raises ``ValueError`` for what is not year-month-day, as a day or a month written first never is.
    """
    text = column.astype("string").str.strip()
    empty = column.isna() | text.eq("").fillna(True)
    clocked = text.str.contains(":", regex=False).fillna(False)
    text = text.where(~clocked, text.str.replace(_ZONE, "", regex=True))
    text = text.where(text.str.match(_WHOLE_DAY).fillna(False).astype(bool))
    dates = pd.to_datetime(text.where(~empty), errors="coerce", format="ISO8601")
    _refuse(column, dates.isna() & ~empty, where, "not a date (year-month-day is)")
    return dates.astype("datetime64[ns]")


def _folded(text: str) -> str:
    return re.sub(_WHOLE, r"\1", text.strip().casefold())


def _advice(values: Mapping[str | int, float] | None) -> str:
    if values:
        return f"not among the values {', '.join(map(str, values))}"
    return "no number, with a point before its decimals and nothing between its thousands"


def _refuse(column: pd.Series, wrong: pd.Series, where: str, what: str) -> None:
    if not wrong.any():
        return
    place = int(np.flatnonzero(wrong.to_numpy())[0])
    row = column.index[place] + 1 if isinstance(column.index[place], int | np.integer) else place + 1
    more = f"the first of {int(wrong.sum()):,} such cells, in" if wrong.sum() > 1 else "in"
    raise ValueError(f"{where}: {column.iloc[place]!r} is {what}; {more} row {row:,}")
