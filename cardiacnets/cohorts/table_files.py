"""A table's file as text: gzipped or not, some rows at a time, in the book's column names.

A table is read in one of two layouts: ``long``, one row a fact, or ``wide``, one row a participant with
numbered columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import numpy as np
import pandas as pd
from pandas.io.common import get_handle

from cardiacnets.cohorts.cells import numbers, parse_list
from cardiacnets.cohorts.manifest import Table

CELLS = 2_000_000
"""Cells of a table that are held as they were read: rows times columns, for some tables are wide."""

SURPLUS = "beyond the last column"
"""The column of what stands beyond the last one."""

NONE_OF_THESE = -7
"""UK Biobank's answer of none, where several could be chosen; its other codes below 0 are no answer."""


class NoTableError(ValueError):
    """A table's file is not there."""


def long_chunks(path: Path, table: Table) -> Iterator[pd.DataFrame]:
    """A table as it is, in the book's column names."""
    counted, plain = _starred(table)
    for frame in _text_chunks(path, table, list(plain.values()), tuple(counted.values())):
        columns = {ours: frame[theirs] for ours, theirs in plain.items()}
        for ours, start in counted.items():
            places = [column for column in frame if column.startswith(start)]
            columns[ours] = _count(path, frame[places])
        for ours in table.lists:
            columns[ours] = _count(path, _numbered(path, columns[ours], plain[ours]))
        yield pd.DataFrame(columns)


def wide_chunks(path: Path, table: Table) -> Iterator[pd.DataFrame]:
    """One row a participant and numbered columns, to one row a value: ``41270-0.*`` beside ``41280-0.*``.

    The n-th value of a listed column goes with the n-th of the numbered ones. Rows keep their place in the
    file as index, so that several have one.
    """
    starred, plain = _starred(table)
    listed = {ours: plain.pop(ours) for ours in table.lists}
    named = next(ours for ours in table.columns if ours in starred or ours in listed)
    for frame in _text_chunks(path, table, [*plain.values(), *listed.values()], tuple(starred.values())):
        cells = {ours: _numbered(path, frame[theirs], theirs) for ours, theirs in listed.items()}
        cells |= _alike(path, frame, starred, named if named in starred else None)
        width = max(values.shape[1] for values in cells.values())
        cells = {ours: _widened(values.to_numpy(dtype=object), width) for ours, values in cells.items()}
        if listed:
            _refuse_unpaired(path, frame, cells, table, named)
        row, place = np.nonzero(pd.notna(cells[named]))  # nearly all cells of hundreds of columns are empty
        columns = {ours: values[row, place] for ours, values in cells.items()}
        columns |= {ours: frame[theirs].to_numpy()[row] for ours, theirs in plain.items()}
        yield pd.DataFrame(columns, index=frame.index[row])


def _alike(
    path: Path, frame: pd.DataFrame, starred: dict[str, str], named: str | None
) -> dict[str, pd.DataFrame]:
    """The numbered columns of each beginning in one order: that of ``named``, or else by their numbers."""
    found = {ours: [column.removeprefix(start) for column in frame if column.startswith(start)]
             for ours, start in starred.items()}  # fmt: skip
    for ours, start in starred.items():
        if not found[ours] and named in (None, ours):
            raise ValueError(f"{path}: no column starts with {start!r}")
    if named is not None:
        endings = found[named]
        return {ours: frame.reindex(columns=[start + end for end in endings])
                for ours, start in starred.items()}  # fmt: skip
    for ours, start in starred.items():
        if strange := [end for end in found[ours] if not end.isdigit()]:
            raise ValueError(f"{path}: the column {start + strange[0]!r} does not end in its number")
    return {ours: frame[[start + end for end in sorted(found[ours], key=int)]]
            for ours, start in starred.items()}  # fmt: skip


def _widened(values: np.ndarray, width: int) -> np.ndarray:
    """Cells (N, fewer columns) as (N, width), the further ones empty."""
    return np.pad(values, ((0, 0), (0, width - values.shape[1])), constant_values=None)


def _refuse_unpaired(
    path: Path, frame: pd.DataFrame, cells: dict[str, np.ndarray], table: Table, named: str
) -> None:
    """``ValueError`` where a list has other places than the values that should go with it."""
    filled = {ours: pd.notna(values) for ours, values in cells.items()}
    for ours, mine in filled.items():
        surplus = (mine & ~filled[named]).any(axis=1)
        if surplus.any():
            row = int(np.flatnonzero(surplus)[0])
            raise ValueError(
                f"{path}: row {frame.index[row] + 1:,} has {int(filled[named][row].sum())} values in "
                f"{table.columns[named]!r} and {int(mine[row].sum())} in {table.columns[ours]!r}: "
                "which go together cannot be told"
            )


def _numbered(path: Path, cells: pd.Series, column: str) -> pd.DataFrame:
    """Lists in cells (N,) as numbered columns (N, most values of one), empty where a list has ended."""
    values, kinds = [], {}
    for place, cell in enumerate(cells):
        if pd.isna(cell):
            values.append([])
            continue
        if cell not in kinds:
            try:
                kinds[cell] = parse_list(cell)
            except ValueError as error:
                row = cells.index[place] + 1
                raise ValueError(f"{path}: column {column!r}: {error}; in row {row:,}") from None
        values.append(kinds[cell])
    most = max((len(one) for one in values), default=0) or 1
    padded = [[*one, *[None] * (most - len(one))] for one in values]
    return pd.DataFrame(padded, index=cells.index, columns=[column] * most, dtype=object)


def _count(path: Path, answers: pd.DataFrame) -> pd.Series:
    """How many of a person's answers are codes above 0: 0 for none of them, missing where there is none."""
    read = [numbers(answers.iloc[:, place], f"{path}: column {name!r}") for place, name in enumerate(answers)]
    values = np.array(read).reshape(len(read), len(answers))  # (columns, N)
    count = pd.Series((values > 0).sum(axis=0), index=answers.index)
    return count.where((count > 0) | (values == NONE_OF_THESE).any(axis=0))


def _starred(table: Table) -> tuple[dict[str, str], dict[str, str]]:
    """A table's columns by name: the beginnings of numbered ones, and the plain ones."""
    starts = {ours: theirs[:-1] for ours, theirs in table.columns.items() if theirs.endswith("*")}
    return starts, {ours: theirs for ours, theirs in table.columns.items() if ours not in starts}


def _text_chunks(
    path: Path, table: Table, wanted: list[str], starts: tuple[str, ...]
) -> Iterator[pd.DataFrame]:
    """A table's columns of these names, or that start like this, as text, some rows at a time."""
    try:
        header = list(pd.read_csv(path, sep=table.separator, nrows=0, dtype=str).columns)
        missing = [column for column in wanted if column not in header]
        if missing:
            raise ValueError(f"no column {missing[0]!r}; {_nearest(missing[0], header, table.separator)}")
        chosen = [column for column in header if column in wanted or column.startswith(starts or ("\0",))]
        layout = {"sep": table.separator, "usecols": [*chosen, SURPLUS], "dtype": str, "index_col": False}
        with (
            get_handle(path, "r", encoding="utf-8-sig", compression="infer") as handles,
            pd.read_csv(
                _Widened(handles.handle, table.separator),
                chunksize=max(1, CELLS // len(chosen)),
                **layout,
            ) as chunks,
        ):
            for frame in chunks:
                surplus = frame.pop(SURPLUS)
                if surplus.notna().any():
                    row = surplus.first_valid_index() + 1
                    raise ValueError(f"row {row:,} below the header has more fields than its {len(header)}")
                yield frame
    except FileNotFoundError:
        raise NoTableError(f"{path}: no such table; see the manifest's access route") from None
    except UnicodeDecodeError as error:
        start = path.read_bytes()[:2]
        kind = "UTF-16" if start in (b"\xff\xfe", b"\xfe\xff") else "not UTF-8"
        raise ValueError(f"{path}: it is {kind}, save it as UTF-8 ({' '.join(str(error).split())})") from None
    except pd.errors.EmptyDataError:
        raise ValueError(f"{path}: the file is empty") from None
    except Exception as error:  # csv, compression and encoding faults are of many kinds
        raise ValueError(f"{path}: {' '.join(str(error).split())[:300]}") from None


def _nearest(column: str, header: list[str], separator: str) -> str:
    """What a table has in place of a column that it lacks."""
    if len(header) == 1:
        for other in ";\t|,":
            if other != separator and other in header[0]:
                return f"its one column is {header[0][:120]!r}: is its separator {other!r}?"
    for one in header:
        bare = one.strip().rpartition(".")[2] if not column.partition(".")[1] else one.strip()
        if column.casefold() in (one.strip().casefold(), bare.casefold()):
            return f"is it {one!r}? Name it so in the manifest"
    return f"it has {', '.join(header[:12])[:200]}"


class _Widened:
    """A stream of text whose header names one more column, :data:`SURPLUS`.

    pandas drops what a row has beyond the header without a word; so it is seen. It is empty where each row
    ends in a separator.
    """

    def __init__(self, stream: TextIO, separator: str) -> None:
        lines = iter(stream.readline, "")
        header = next((line for line in lines if line.strip()), "").rstrip("\r\n")
        self.stream, self.header = stream, f"{header}{separator}{SURPLUS}\n"

    def read(self, size: int = -1) -> str:
        header, self.header = self.header, ""
        return header or self.stream.read(size)

    def __iter__(self) -> Iterator[str]:  # pandas takes nothing else for a stream
        return iter(self.stream)
