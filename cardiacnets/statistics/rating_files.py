"""Ratings collected from people, read from CSV files and checked cell by cell.

A file has one row a reading with ``reader``, ``case`` and ``rating``, what was shown in ``modality`` (or,
with a key, in ``display``), and may have ``truth``, ``decision`` (0 or 1), ``experience``, ``session``,
``seconds`` and others. Supported is the balanced complete design: two readers or more, two modalities or
more, every reader rating every case once with each. Anything else is refused, with the reason.
"""

from __future__ import annotations

import csv
import glob
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from cardiacnets.statistics.ratings import check_ratings

MIDDLE = 5.0
"""On a scale of 0 to 10, the rating from which on a reading without a decision counts as "disease"."""
KEY = ("case", "display", "modality", "recording_id", "truth")
_PLACE = ["_file", "_row"]
_DESIGN = (
    "only balanced complete designs are supported (two or more readers and modalities, every reader rating "
    "every case once with each)"
)


def read_ratings(
    paths: str | Path | Sequence[str | Path], truth: pd.Series | None = None, key: pd.DataFrame | None = None
) -> pd.DataFrame:
    """The readings of one file or several in one table, as :func:`check_ratings` and chapter 07 take it.

    Arguments:
        paths: a CSV, several, a folder of CSVs, or a pattern such as ``answers/*.csv``.
        truth: diagnosis by case, for files that do not hold it.
        key: of a reader kit (:func:`read_key`): turns ``case`` and ``display`` into recording and
            modality, and gives the truth.

    Without ``decision`` a rating of 5 or more is one; without ``experience`` it is "reader". Raises
    ``ValueError`` naming file, row (the first below the header is 1) and column of an empty or non-numeric
    cell, an unknown reader, case or display, a reading given twice; and for one reader, one modality, or
    an incomplete design.
    """
    tables = [_read(path) for path in _files(paths)]
    for table in tables:
        needed = ("reader", "case", "display" if key is not None else "modality", "rating")
        if "display" in table and "modality" not in table and key is None:
            raise ValueError(
                f"{_where(table, 0)}: answers of a reader kit: give its key (-p key NAME-key.csv) as well"
            )
        _check_cells(table, needed)
    table = pd.concat(tables, ignore_index=True)
    if key is not None:
        table = _unblinded(table, key)
    if "truth" not in table and truth is not None:
        table["truth"] = _looked_up(table, "case", truth, "not among the study's cases")
    _check_repeats(table)
    for column, least in (("reader", 2), ("modality", 2)):
        if table[column].nunique() < least:
            found = f"column {column!r}: one {column} only ({table[column].iloc[0]})"
            raise ValueError(f"{tables[0]['_file'].iloc[0]}, {found}: {_DESIGN}")
    table["experience"] = table.get("experience", "reader")
    if "decision" not in table:
        table["decision"] = (table["rating"] >= MIDDLE).astype(int)
    names = ", ".join(dict.fromkeys(table["_file"]))
    table = table.drop(columns=_PLACE)
    try:
        check_ratings(table)
    except ValueError as error:
        raise ValueError(f"{names}: {error}") from error
    return table


def read_key(path: str | Path) -> pd.DataFrame:
    """A reader kit's key: one row a case and display; ``ValueError`` naming the file if it is none."""
    table = _read(path)
    absent = [name for name in KEY if name not in table]
    if absent:
        raise ValueError(f"{path}: column {absent[0]!r} is missing; a key has {', '.join(KEY)}")
    _check_cells(table, KEY)
    if table.duplicated(["case", "display"]).any():
        raise ValueError(f"{path}: a case and display stand there twice")
    return table.drop(columns=_PLACE)


def _files(paths: str | Path | Sequence[str | Path]) -> list[Path]:
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    found: list[Path] = []
    for each in given:
        folder = Path(each)
        names = folder.glob("*.csv") if folder.is_dir() else map(Path, glob.glob(str(each)))
        names = [folder] if folder.is_file() else sorted(names)
        if not names:
            raise ValueError(f"{each}: no such file, nor a folder or pattern of CSV files")
        found += names
    return list(dict.fromkeys(found))


def _read(path: str | Path) -> pd.DataFrame:
    """All cells as stripped text, with file and row; commas or, as some spreadsheets save, semicolons."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        head = text.partition("\n")[0]
        comma = ";" if head.count(";") > head.count(",") else ","
        lines = list(csv.reader(text.splitlines(), delimiter=comma, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path}: not a readable CSV file ({error})") from None
    names = [name.strip() for name in lines[0]] if lines else []
    rows = [[cell.strip() for cell in line] for line in lines[1:]]
    while rows and not any(rows[-1]):
        rows.pop()
    if not rows:
        raise ValueError(f"{path}: no rows below a header")
    if len(set(names)) < len(names):
        raise ValueError(f"{path}: a column's name stands there twice")
    for number, row in enumerate(rows, start=1):
        if len(row) != len(names):
            raise ValueError(f"{path}, row {number}: {len(row)} cells under {len(names)} column names")
    return pd.DataFrame(rows, columns=names, dtype=object).assign(
        _file=str(path), _row=range(1, len(rows) + 1)
    )


def _check_cells(table: pd.DataFrame, needed: Sequence[str]) -> None:
    """Nothing needed is empty; numbers become numbers, in place."""
    for column in needed:
        if column not in table:
            raise ValueError(
                f"{table['_file'].iloc[0]}: column {column!r} is missing; needed: {', '.join(needed)}"
            )
    for column in [
        *needed,
        *(name for name in ("truth", "decision") if name in table and name not in needed),
    ]:
        _refuse(table, column, table[column] == "", "empty cell")
    for column, meant in (("rating", "a number"), ("truth", "0 or 1"), ("decision", "0 or 1")):
        if column in table:
            numbers = pd.to_numeric(table[column], errors="coerce")
            wrong = ~np.isfinite(numbers) if column == "rating" else ~numbers.isin([0, 1])
            _refuse(table, column, wrong, f"{{}} is not {meant}")
            table[column] = numbers.astype(float if column == "rating" else int)
    if "seconds" in table:
        table["seconds"] = pd.to_numeric(table["seconds"], errors="coerce")


def _unblinded(table: pd.DataFrame, key: pd.DataFrame) -> pd.DataFrame:
    """Codes replaced by recordings, displays by modalities; what the key does not know is refused."""
    _refuse(table, "case", ~table["case"].isin(key["case"]), "case {} is not in the key")
    _refuse(table, "display", ~table["display"].isin(key["display"]), "display {} is not in the key")
    if "kit" in table and "kit" in key:
        _refuse(table, "kit", ~table["kit"].isin(key["kit"]), "kit {} is not that of the key")
    if "readers" in key:
        names = key["readers"].iloc[0].split()
        _refuse(
            table, "reader", ~table["reader"].isin(names), f"unknown reader {{}}; known: {', '.join(names)}"
        )
    _check_repeats(table, "display")
    known = key[list(KEY)]
    pairs = pd.MultiIndex.from_frame(table[["case", "display"]])
    strange = ~pairs.isin(pd.MultiIndex.from_frame(known[["case", "display"]]))
    if strange.any():
        place = int(np.flatnonzero(strange)[0])
        found = "{} has no {}".format(*pairs[place])
        raise ValueError(f"{_where(table, place)}, columns 'case' and 'display': {found}")
    joined = table.drop(columns=[name for name in ("modality", "truth", "recording_id") if name in table])
    joined = joined.merge(known, on=["case", "display"], how="left", validate="many_to_one")
    return joined.assign(code=joined["case"], case=joined["recording_id"]).drop(columns="recording_id")


def _check_repeats(table: pd.DataFrame, shown: str = "modality") -> None:
    what = ["reader", shown, "case"]
    again = table.duplicated(what)
    if again.any():
        row = table[again].iloc[0]
        first = table[(table[what] == row[what]).all(axis=1)].iloc[0]
        raise ValueError(
            f"{row['_file']}, row {row['_row']}, column 'case': reader {row['reader']} rated case "
            f"{row['case']} with {row[shown]} before ({first['_file']}, row {first['_row']}); once each"
        )


def _looked_up(table: pd.DataFrame, column: str, values: pd.Series, fault: str) -> pd.Series:
    found = table[column].map(values)
    if found.isna().any() and values.index.dtype.kind in "iu":  # cases that are numbers were read as text
        found = pd.to_numeric(table[column], errors="coerce").map(values)
    _refuse(table, column, found.isna(), f"case {{}} is {fault}")
    return found.astype(int)


def _refuse(table: pd.DataFrame, column: str, wrong: pd.Series, fault: str) -> None:
    """``ValueError`` at the first row that is wrong; ``{}`` in ``fault`` stands for what was found there."""
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        raise ValueError(
            f"{_where(table, place)}, column {column!r}: {fault.format(table[column].iloc[place])}"
        )


def _where(table: pd.DataFrame, place: int) -> str:
    return f"{table['_file'].iloc[place]}, row {table['_row'].iloc[place]}"
