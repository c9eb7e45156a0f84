"""A real cohort's tables: read as its manifest says, validated, and put into the book's words.

``participants`` one row a person, ``recordings`` one row an ECG, ``diagnoses`` one row a code. Identifiers
are text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pandera.pandas as pandera

from cardiacnets.cohorts.labels import LABELS, label_recordings
from cardiacnets.cohorts.manifest import Manifest, Signal, Table
from cardiacnets.phenotypes import PHENOTYPES

_KEY = pandera.Column(str, pandera.Check.str_length(min_value=1))
_DATE = pandera.Column("datetime64[ns]", nullable=True, required=False)

SCHEMAS = {
    "participants": pandera.DataFrameSchema({"participant_id": _KEY}),
    "recordings": pandera.DataFrameSchema({"participant_id": _KEY, "recording_id": _KEY, "date": _DATE}),
    "diagnoses": pandera.DataFrameSchema(
        {
            "participant_id": _KEY,
            "code": pandera.Column(str, pandera.Check.str_matches(r"^[A-Za-z0-9.\- ]+$")),
            "version": pandera.Column(int, pandera.Check.isin([9, 10]), required=False),
            "date": _DATE,
        }
    ),
}
"""What each table must hold; further columns are free."""

ROWS = 20_000
"""Rows of a table that are held as they were read."""

UNIQUE = {"participants": "participant_id", "recordings": "recording_id"}
"""What may stand in one row only."""


class DuplicateError(ValueError):
    """A participant or recording stands in several rows."""


@dataclass(frozen=True)
class CohortTables:
    """The tables of a cohort; ``diagnoses`` is ``None`` where labels come from a column."""

    participants: pd.DataFrame
    recordings: pd.DataFrame
    diagnoses: pd.DataFrame | None


def read_tables(manifest: Manifest) -> CohortTables:
    """Read and validate all tables of a cohort of files.

    Where there is no table of recordings each participant has one, of the same identifier; where there is
    none of participants they are those of the recordings. Columns of participants are joined to their
    recordings. Raises ``ValueError`` naming the table's file, the column and the first value at fault.
    """
    tables = {name: read_table(manifest, name) for name in SCHEMAS if name in manifest.tables}
    participants, recordings = tables.get("participants"), tables.get("recordings")
    if recordings is None:
        recordings = participants.assign(recording_id=participants["participant_id"])
    elif participants is None:
        participants = recordings[["participant_id"]].drop_duplicates(ignore_index=True)
    else:
        own = [column for column in participants if column == "participant_id" or column not in recordings]
        recordings = recordings.merge(
            participants[own], on="participant_id", how="left", validate="many_to_one"
        )
    return CohortTables(participants, recordings, tables.get("diagnoses"))


def read_table(manifest: Manifest, name: str) -> pd.DataFrame:
    """One table in the book's column names, joined and validated; ``ValueError`` names file and fault."""
    table = manifest.tables[name]
    path = manifest.folder / table.path
    frame = _read_wide(path, table) if table.layout == "wide" else _read_columns(path, table)
    if table.join:
        if table.join.table not in manifest.tables:
            raise ValueError(f"{path}: joined to {table.join.table!r}, which the manifest does not describe")
        other = _read_columns(manifest.folder / manifest.tables[table.join.table].path,
                              manifest.tables[table.join.table])  # fmt: skip
        if table.join.by not in frame or table.join.by not in other:
            raise ValueError(f"{path}: joined on {table.join.by!r}, which is not a column of both tables")
        frame = frame.merge(other.drop_duplicates(table.join.by), on=table.join.by, how="left")
    if "date" in frame:
        frame["date"] = _dates(path, frame["date"])
    if "version" in frame:
        frame["version"] = pd.to_numeric(frame["version"], errors="coerce").fillna(-1).astype(int)
    try:
        SCHEMAS[name].validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as error:
        cases = error.failure_cases
        column, rule, value = cases.loc[0, ["column", "check", "failure_case"]]
        fault = f"{len(cases)} faults, the first in column {column!r}: {rule} fails for {value!r}"
        raise ValueError(f"{path}: {fault}") from None
    if name in UNIQUE and (repeated := frame[UNIQUE[name]].duplicated()).any():
        key, first = UNIQUE[name], frame.loc[repeated, UNIQUE[name]].iloc[0]
        raise DuplicateError(f"{path}: {repeated.sum()} rows repeat a {key}, the first {first!r}")
    return frame


def file_paths(manifest: Manifest, signal: Signal, recordings: pd.DataFrame) -> list[Path]:
    """Where a signal of each recording should lie.

    Raises ``ValueError`` if the pattern asks for an unknown column, or a table points outside the cohort's
    folder.
    """
    paths = []
    for row in recordings.to_dict("records"):
        try:
            place = Path(signal.pattern.format_map(row))
        except (KeyError, IndexError, ValueError) as error:
            known = ", ".join(recordings.columns)
            raise ValueError(
                f"pattern {signal.pattern!r}: no column {error} in the recordings; {known}"
            ) from None
        if place.is_absolute() or ".." in place.parts:
            raise ValueError(f"recording {row['recording_id']}: {place} points outside {manifest.folder}")
        paths.append(manifest.folder / place)
    return paths


def present(manifest: Manifest, signal: Signal, paths: list[Path]) -> np.ndarray:
    """Which of these files exist, boolean (N,); a WFDB record is named without its suffix."""
    return np.array(
        [
            path.exists() or (signal.format == "wfdb" and path.with_name(f"{path.name}.hea").exists())
            for path in paths
        ],
        dtype=bool,
    )


def read_labels(manifest: Manifest, tables: CohortTables) -> pd.DataFrame:
    """Boolean labels of each recording, from dated codes or from the manifest's label column."""
    settings = manifest.labels
    if not settings.tasks:  # a cohort for its signals only
        return pd.DataFrame(False, index=tables.recordings.index, columns=list(LABELS))
    if settings.column is None:
        if tables.diagnoses is None:
            raise ValueError(
                f"{manifest.name}: labels need a table of diagnoses, or a column with its values"
            )
        return label_recordings(tables.recordings, tables.diagnoses, settings.window)
    if settings.column not in tables.recordings:
        raise ValueError(f"{manifest.name}: no column {settings.column!r} for labels")
    value = tables.recordings[settings.column]
    unknown = sorted(set(value.dropna()) - set(settings.values))
    if unknown:
        raise ValueError(
            f"{manifest.name}: {settings.column} {unknown[0]!r} is not among the manifest's values"
        )
    carried = value.map(lambda one: settings.values.get(one, []))
    return pd.DataFrame(
        {label: [label in labels for labels in carried] for label in LABELS}, index=value.index
    )


def read_covariates(manifest: Manifest, recordings: pd.DataFrame) -> pd.DataFrame:
    """Covariates of each recording as numbers, NaN where not known or measured later from the ECG."""
    columns = {}
    for name, covariate in manifest.covariates.items():
        if covariate.column is None:
            columns[name] = np.full(len(recordings), np.nan)
            continue
        if covariate.column not in recordings:
            raise ValueError(f"{manifest.name}: no column {covariate.column!r} for the covariate {name!r}")
        value = recordings[covariate.column]
        value = value.mask(value.isin([str(code) for code in covariate.missing]))
        if covariate.values:
            value = value.map({str(code): number for code, number in covariate.values.items()})
        value = pd.to_numeric(value, errors="coerce")
        if covariate.years_since:
            value = value + recordings["date"].dt.year - pd.to_numeric(recordings[covariate.years_since])
        columns[name] = value.to_numpy(dtype=float)
    return pd.DataFrame(columns, index=recordings.index)


def read_indices(manifest: Manifest, recordings: pd.DataFrame) -> np.ndarray:
    """The 82 indices of each recording's participant, float32 (R, 82), NaN where missing.

    Raises ``ValueError`` if the manifest names no columns for them, or the table lacks one.
    """
    if manifest.indices is None:
        raise ValueError(f"{manifest.name}: its manifest has no key 'indices'")
    table = manifest.tables["participants"]
    columns = {name: manifest.indices.format(field=field) for name, field in
               zip(PHENOTYPES["name"], PHENOTYPES["field"], strict=True)}  # fmt: skip
    identifier = {"participant_id": table.columns["participant_id"]}
    asked = table.model_copy(update={"columns": identifier | columns})
    values = _read_columns(manifest.folder / table.path, asked).set_index("participant_id")
    values = values.apply(pd.to_numeric, errors="coerce").reindex(recordings["participant_id"])
    return values.to_numpy(dtype=np.float32)


def _read_columns(path: Path, table: Table) -> pd.DataFrame:
    counted = {
        ours: theirs.removesuffix("*") for ours, theirs in table.columns.items() if theirs.endswith("*")
    }
    plain = {ours: theirs for ours, theirs in table.columns.items() if ours not in counted}
    frame = _read_text(path, table, list(plain.values()), tuple(counted.values()))
    columns = {ours: frame[theirs] for ours, theirs in plain.items()}
    for ours, start in counted.items():
        answers = frame[[column for column in frame if column.startswith(start)]].apply(
            pd.to_numeric, errors="coerce"
        )
        columns[ours] = (answers > 0).sum(axis=1).where(answers.notna().any(axis=1))
    return pd.DataFrame(columns)


def _read_wide(path: Path, table: Table) -> pd.DataFrame:
    """One row a participant and numbered columns, to one row a value: ``41270-0.*`` beside ``41280-0.*``."""
    starred = {
        ours: theirs.removesuffix("*") for ours, theirs in table.columns.items() if theirs.endswith("*")
    }
    plain = {ours: theirs for ours, theirs in table.columns.items() if ours not in starred}
    named, first = next(iter(starred.items()))
    pieces = []
    for frame in _text_chunks(path, table, list(plain.values()), tuple(starred.values())):
        for ending in (column.removeprefix(first) for column in frame if column.startswith(first)):
            columns = {ours: frame.get(theirs + ending) for ours, theirs in starred.items()}
            columns |= {ours: frame[theirs] for ours, theirs in plain.items()}
            # nearly all cells of hundreds of columns are empty
            pieces.append(pd.DataFrame(columns, index=frame.index).dropna(subset=named))
    if not pieces:
        raise ValueError(f"{path}: no column starts with {first!r}")
    return pd.concat(pieces, ignore_index=True)


def _read_text(path: Path, table: Table, wanted: list[str], starts: tuple[str, ...] = ()) -> pd.DataFrame:
    return pd.concat(_text_chunks(path, table, wanted, starts), ignore_index=True)


def _text_chunks(
    path: Path, table: Table, wanted: list[str], starts: tuple[str, ...]
) -> Iterator[pd.DataFrame]:
    """A table's columns of these names, or that start like this, as text, some thousand rows at a time."""
    try:
        header = list(pd.read_csv(path, sep=table.separator, nrows=0, dtype=str).columns)
        missing = [column for column in wanted if column not in header]
        if missing:
            raise ValueError(f"no column {missing[0]!r}; it has {', '.join(header[:12])[:200]}")
        chosen = [column for column in header if column in wanted or column.startswith(starts or ("\0",))]
        with pd.read_csv(path, sep=table.separator, usecols=chosen, dtype=str, chunksize=ROWS) as chunks:
            yield from chunks
    except FileNotFoundError:
        raise ValueError(f"{path}: no such table; see the manifest's access route") from None
    except Exception as error:  # csv, compression and encoding faults are of many kinds
        raise ValueError(f"{path}: {' '.join(str(error).split())[:300]}") from None


def _dates(path: Path, column: pd.Series) -> pd.Series:
    dates = pd.to_datetime(column, errors="coerce", format="ISO8601")
    wrong = column[dates.isna() & column.notna()]
    if len(wrong):
        raise ValueError(f"{path}: {wrong.iloc[0]!r} is not a date (year-month-day is)")
    return dates.astype("datetime64[ns]")
