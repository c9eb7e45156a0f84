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

from cardiacnets.cohorts.cells import numbers
from cardiacnets.cohorts.manifest import Table

CELLS = 2_000_000
"""Cells of a table that are held as they were read: rows times columns, for some tables are wide."""

SURPLUS = "beyond the last column"
"""The column of what stands beyond the last one."""

NONE_OF_THESE = -7
"""UK Biobank's answer of none, where several could be chosen; its other codes below 0 are no answer."""


def long_chunks(path: Path, table: Table) -> Iterator[pd.DataFrame]:
    """A table as it is, in the book's column names."""
    counted, plain = _starred(table)
    for frame in _text_chunks(path, table, list(plain.values()), tuple(counted.values())):
        columns = {ours: frame[theirs] for ours, theirs in plain.items()}
        for ours, start in counted.items():
            places = [column for column in frame if column.startswith(start)]
            answers = frame[places].apply(lambda cells: numbers(cells, f"{path}: column {cells.name!r}"))
            count = (answers > 0).sum(axis=1)
            columns[ours] = count.where((count > 0) | (answers == NONE_OF_THESE).any(axis=1))
        yield pd.DataFrame(columns)


def wide_chunks(path: Path, table: Table) -> Iterator[pd.DataFrame]:
    """One row a participant and numbered columns, to one row a value: ``41270-0.*`` beside ``41280-0.*``."""
    starred, plain = _starred(table)
    named, first = next(iter(starred.items()))
    for frame in _text_chunks(path, table, list(plain.values()), tuple(starred.values())):
        endings = [column.removeprefix(first) for column in frame if column.startswith(first)]
        if not endings:
            raise ValueError(f"{path}: no column starts with {first!r}")
        cells = {ours: frame.reindex(columns=[start + ending for ending in endings]).to_numpy()
                 for ours, start in starred.items()}  # fmt: skip
        row, place = np.nonzero(pd.notna(cells[named]))  # nearly all cells of hundreds of columns are empty
        columns = {ours: values[row, place] for ours, values in cells.items()}
        yield pd.DataFrame(columns | {ours: frame[theirs].to_numpy()[row] for ours, theirs in plain.items()})


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
            raise ValueError(f"no column {missing[0]!r}; it has {', '.join(header[:12])[:200]}")
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
        raise ValueError(f"{path}: no such table; see the manifest's access route") from None
    except Exception as error:  # csv, compression and encoding faults are of many kinds
        raise ValueError(f"{path}: {' '.join(str(error).split())[:300]}") from None


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
