"""A real cohort's tables: read as its manifest says, validated, and put into the book's words.

``participants`` one row a person, ``recordings`` one row an ECG, ``diagnoses`` one row a code. Identifiers
are text. Hospitals have millions of codes, so they are read a piece at a time, and of them is kept what
carries a label and belongs to someone with a recording.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pandera.pandas as pandera

from cardiacnets.cohorts.cells import (
    as_spelled,
    misread,
    not_a_number,
    numbers,
    one_key,
    parse_numbers,
    row_of,
)
from cardiacnets.cohorts.icd_codes import ICD_CODE, of_another_version, read_versions, without_titles
from cardiacnets.cohorts.labels import LABELS, carry_label, label_recordings
from cardiacnets.cohorts.manifest import Manifest, Signal, Table
from cardiacnets.cohorts.table_files import long_chunks, wide_chunks
from cardiacnets.cohorts.table_report import ColumnReport, TableReport, counted, read_answers, readers_of
from cardiacnets.phenotypes import INDEX_NAMES, PHENOTYPES

_KEY = pandera.Column(str, pandera.Check.str_length(min_value=1))
_DATE = pandera.Column("datetime64[ns]", nullable=True, required=False)

SCHEMAS = {
    "participants": pandera.DataFrameSchema({"participant_id": _KEY}),
    "recordings": pandera.DataFrameSchema({"participant_id": _KEY, "recording_id": _KEY, "date": _DATE}),
    "diagnoses": pandera.DataFrameSchema(
        {
            "participant_id": _KEY,
            "code": pandera.Column(str, pandera.Check.str_matches(ICD_CODE)),
            "version": pandera.Column(int, pandera.Check.isin([9, 10]), required=False),
            "date": _DATE,
        }
    ),
}
"""What each table must hold; further columns are free."""

UNIQUE = {"participants": "participant_id", "recordings": "recording_id"}
"""What may stand in one row only."""

KEYS = set(UNIQUE.values())
NO_KEY = "empty, and every row needs an identifier"


Reports = dict[str, TableReport]
"""What each table holds, by its name in the manifest."""


class DuplicateError(ValueError):
    """A participant or recording stands in several rows."""


@dataclass(frozen=True)
class CohortTables:
    """The tables of a cohort.

    ``diagnoses`` has the codes that carry a label, of people with a recording, and is ``None`` where labels
    come from a column; ``diagnosed`` counts the participants with a code of any kind, and ``foreign`` the
    codes of people who are not among the participants; they are ``None`` too.
    """

    participants: pd.DataFrame
    recordings: pd.DataFrame
    diagnoses: pd.DataFrame | None = None
    diagnosed: int | None = None
    foreign: int | None = None


def read_tables(manifest: Manifest) -> CohortTables:
    """Read and validate all tables of a cohort of files, people as :func:`read_people` gives them.

    Raises ``ValueError`` naming the table's file, the column and the first value at fault.
    """
    participants, recordings = read_people(manifest)
    if "diagnoses" not in manifest.tables:
        return CohortTables(participants, recordings)
    return CohortTables(participants, recordings, *read_diagnoses(manifest, participants, recordings))


def read_people(manifest: Manifest) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The participants of a cohort of files, and their recordings with the participants' columns beside.

    Where there is no table of recordings each participant has one, of the same identifier; where there is
    none of participants they are those of the recordings. Raises as :func:`read_tables`.
    """
    return join_people({name: read_table(manifest, name) for name in UNIQUE if name in manifest.tables})


def join_people(tables: dict[str, pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What :func:`read_people` gives, of the tables ``participants``, ``recordings`` or both."""
    participants, recordings = tables.get("participants"), tables.get("recordings")
    if recordings is None:
        recordings = participants.assign(recording_id=participants["participant_id"])
    elif participants is None:
        participants = recordings[["participant_id"]].drop_duplicates(ignore_index=True)
    else:
        known = as_spelled(recordings["participant_id"], participants["participant_id"])
        recordings = recordings.assign(participant_id=known)
        own = [column for column in participants if column == "participant_id" or column not in recordings]
        recordings = recordings.merge(
            participants[own], on="participant_id", how="left", validate="many_to_one"
        )
    return participants, recordings


def read_table(manifest: Manifest, name: str, reports: Reports | None = None) -> pd.DataFrame:
    """A whole table in the book's column names, joined and validated; ``ValueError`` names file and fault.

    ``reports`` is told what the tables hold, as :func:`table_chunks` does.
    """
    frame = pd.concat(table_chunks(manifest, name, reports), ignore_index=True)
    if name not in UNIQUE:
        return frame
    path, key = manifest.folder / manifest.tables[name].path, UNIQUE[name]
    if frame.empty:
        raise ValueError(f"{path}: no row below the header")
    numbered = frame[key].str.contains(r"\d").to_numpy(dtype=bool)
    if numbered.mean() > 0.9 and not numbered.all():
        row = int(np.flatnonzero(~numbered)[0])
        raise ValueError(
            f"{path}: the {key} {frame[key].iloc[row]!r} in row {row + 1:,} has no digit, as others have: "
            "is the row a sum, or the header again?"
        )
    if (repeated := one_key(frame[key]).duplicated()).any():  # 7 and 7.0 are one
        first = frame.loc[repeated, key].iloc[0]
        rows, ending = counted(int(repeated.sum()), "rows"), "s" if repeated.sum() == 1 else ""
        raise DuplicateError(f"{path}: {rows} repeat{ending} a {key}, the first {first!r}")
    return frame


def table_chunks(manifest: Manifest, name: str, reports: Reports | None = None) -> Iterator[pd.DataFrame]:
    """What :func:`read_table` reads, a piece of at most :data:`~.table_files.CELLS` cells at a time.

    Every row is validated, and every cell that means something to the study is read. A piece with faults is
    not given, and at the table's end ``ValueError`` names the file, how many there are in all, and the first.
    ``reports`` gains one of this table and one of the table it is joined to.
    """
    table = manifest.tables[name]
    path = manifest.folder / table.path
    reports = {} if reports is None else reports
    report = reports.setdefault(name, TableReport(name, table.path))
    readers, keys = readers_of(manifest, name), set()
    other = _joined(manifest, path, table, reports)
    count, first = 0, ""
    for frame in wide_chunks(path, table) if table.layout == "wide" else long_chunks(path, table):
        report.rows += len(frame)
        keys |= set(frame["participant_id"].dropna().unique())
        raw = list(frame)
        if other is not None:
            by = table.join.by
            frame[by] = as_spelled(frame[by], other[by])
            met = frame[by].isin(other[by]).to_numpy()
            report.join(f"{by} found in {table.join.table}").count(frame[by], met)
            # one row each, as before: a fault is named by the row of the file
            frame = frame.merge(other, on=by, how="left").set_axis(frame.index)
        whole = _look(report, table, frame, raw, readers)
        if "version" in frame:
            frame["version"] = read_versions(frame["version"], frame["code"], path)
        if "code" in frame:
            frame["code"] = without_titles(frame["code"])
            wrong, why = of_another_version(frame["code"], frame.get("version", 10))
            _theirs(report, table, "code").mark(frame["code"], wrong, why)
            whole &= not wrong.any()
        try:
            SCHEMAS[name].validate(frame.reset_index(drop=True), lazy=True)
        except pandera.errors.SchemaErrors as error:
            cases = error.failure_cases.drop_duplicates(["column", "index"])  # a blank breaks several rules
            first = first or _first_case(table, frame, cases.iloc[0])
            count += len(cases)
            for column, places in cases.dropna(subset="index").groupby("column")["index"]:
                wrong = np.isin(np.arange(len(frame)), places.astype(int))
                one = _theirs(report, table, column)
                one.mark(frame[column], wrong, NO_KEY if column in KEYS else "not as it must be")
                if column in KEYS:  # at fault, so that it does not count as empty too
                    one.empty, one.filled = one.empty - len(places), one.filled + len(places)
        else:
            if whole:
                yield frame
    report.keys = len(keys)
    if count:
        raise ValueError(f"{path}: {f'{count:,} faults, the first in ' if count > 1 else ''}{first}")
    if report.fault:
        raise ValueError(f"{path}: {report.fault}")


def _first_case(table: Table, frame: pd.DataFrame, case: pd.Series) -> str:
    """A cell of a piece that breaks a rule of its table, in words: its column in the file, row, content."""
    column = f"column {table.columns.get(case['column'], case['column'])!r}"
    if pd.isna(case["index"]):
        return f"{column}: {case['check']} fails for {case['failure_case']!r}"
    place = int(case["index"])
    cell, row = frame[case["column"]].iloc[place], row_of(frame.index, place)
    if case["column"] in KEYS:
        return f"{column}: row {row:,} is {NO_KEY}"
    said = "an empty cell" if pd.isna(cell) else repr(str(cell))
    return f"{column}: {said} in row {row:,} is not as it must be"


def _theirs(report: TableReport, table: Table, ours: str) -> ColumnReport:
    return report.column(ours, table.columns.get(ours, ours))


def _look(report: TableReport, table: Table, frame: pd.DataFrame, columns: list[str], readers: dict) -> bool:
    """Read the cells of a piece, dates in place, and report them; whether all were understood."""
    whole = True
    for name in columns:
        nothing = np.zeros(len(frame), dtype=bool)
        if name not in readers:
            _theirs(report, table, name).look(frame[name], nothing, nothing, "")
            continue
        read = readers[name](frame[name])
        _theirs(report, table, name).look(frame[name], read.missing, read.wrong, read.why)
        whole &= not read.wrong.any()
        if name == "date":
            frame["date"] = read.values
    return whole


def file_paths(manifest: Manifest, signal: Signal, recordings: pd.DataFrame) -> list[Path]:
    """Where a signal of each recording should lie.

    Raises ``ValueError`` if the pattern asks for an unknown column, or a table points outside the cohort's
    folder.
    """
    paths, names, folder = [], list(recordings), manifest.folder
    for values in recordings.itertuples(index=False, name=None):
        row = dict(zip(names, values, strict=True))
        try:
            place = signal.pattern.format_map(row)
        except (KeyError, IndexError, ValueError) as error:
            known = ", ".join(recordings.columns)
            raise ValueError(
                f"pattern {signal.pattern!r}: no column {error} in the recordings; {known}"
            ) from None
        if os.path.isabs(place) or ".." in place.split("/"):
            raise ValueError(f"recording {row['recording_id']}: {place} points outside {folder}")
        paths.append(folder / place)
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
    places, wrong = parse_numbers(value, {text: place for place, text in enumerate(settings.values)})
    if wrong.any():
        raise ValueError(
            f"{manifest.name}: {settings.column} {value[wrong].iloc[0]!r} is not among the manifest's values"
        )
    carried = places.map(dict(enumerate(settings.values.values())))
    return pd.DataFrame(
        {label: [isinstance(labels, list) and label in labels for labels in carried] for label in LABELS},
        index=value.index,
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
        cells = recordings[covariate.column]
        read = read_answers(name, covariate, cells)
        if read.wrong.any():
            place = int(np.flatnonzero(read.wrong)[0])
            said = misread(cells.iloc[place], read.why, int(read.wrong.sum()), row_of(cells.index, place))
            raise ValueError(f"{manifest.name}: column {covariate.column!r}: {said}")
        value = read.values
        if since := covariate.years_since:
            began = numbers(recordings[since], f"{manifest.name}: column {since!r}")
            value = value + recordings["date"].dt.year - began
        columns[name] = value.to_numpy(dtype=float)
    return pd.DataFrame(columns, index=recordings.index)


def read_indices(manifest: Manifest, recordings: pd.DataFrame, reports: Reports | None = None) -> np.ndarray:
    """The 82 indices of each recording's participant, float32 (R, 82), NaN where missing.

    ``reports`` gains one of these columns. Raises ``ValueError`` if the manifest names no columns for them,
    the table lacks one, or a cell is no number.
    """
    if manifest.indices is None:
        raise ValueError(f"{manifest.name}: its manifest has no key 'indices'")
    table = manifest.tables["participants"]
    columns = {name: manifest.indices.format(field=field) for name, field in
               zip(PHENOTYPES["name"], PHENOTYPES["field"], strict=True)}  # fmt: skip
    identifier = {"participant_id": table.columns["participant_id"]}
    asked = table.model_copy(update={"columns": identifier | columns, "listed": []})
    report = TableReport("indices", table.path)
    if reports is not None:
        reports["indices"] = report
    person, people = pd.factorize(recordings["participant_id"])
    values = np.full((len(people), len(INDEX_NAMES)), np.nan, dtype=np.float32)
    for frame in long_chunks(manifest.folder / table.path, asked):
        keys = as_spelled(frame.pop("participant_id"), people)
        report.rows, report.keys = report.rows + len(keys), report.keys + len(keys)
        place, found = people.get_indexer(keys), {}
        for name, cells in frame.items():
            found[name], wrong = parse_numbers(cells)
            _theirs(report, asked, name).look(cells, np.zeros(len(cells), dtype=bool), wrong, not_a_number())
        values[place[place >= 0]] = pd.DataFrame(found)[place >= 0].to_numpy(dtype=np.float32)
    if report.fault:
        raise ValueError(f"{manifest.folder / table.path}: {report.fault}")
    return values[person]


def read_diagnoses(
    manifest: Manifest, participants: pd.DataFrame, recordings: pd.DataFrame, reports: Reports | None = None
) -> tuple[pd.DataFrame, int, int]:
    """The codes that labels are made of, how many participants have a code of any kind, and how many codes
    belong to nobody among them.

    Raises ``ValueError`` as :func:`table_chunks`, and tells ``reports`` as it does.
    """
    reports = {} if reports is None else reports
    everyone = pd.Index(participants["participant_id"])
    recorded = pd.Index(recordings["participant_id"].unique())
    diagnosed = np.zeros(len(everyone), dtype=bool)
    pieces, foreign = [], 0
    for frame in table_chunks(manifest, "diagnoses", reports):
        owner = frame["participant_id"] = as_spelled(frame["participant_id"], everyone)
        report, places = reports["diagnoses"], everyone.get_indexer(owner)
        diagnosed[places[places >= 0]] = True
        foreign += int((places < 0).sum())
        owned = recorded.get_indexer(owner) >= 0
        carries = carry_label(frame["code"], frame.get("version", 10))
        report.join("of a participant").count(owner, places >= 0)
        report.join("of someone with a recording").count(owner, owned)
        report.join("of a code that carries a label").count(frame["code"], carries)
        kept = owned & carries
        pieces.append(frame.loc[kept, [column for column in SCHEMAS["diagnoses"].columns if column in frame]])
    return pd.concat(pieces, ignore_index=True), int(diagnosed.sum()), foreign


def _joined(manifest: Manifest, path: Path, table: Table, reports: Reports) -> pd.DataFrame | None:
    """The table that each row of ``table`` finds its further columns in, one row a key."""
    if table.join is None:
        return None
    if table.join.table not in manifest.tables:
        raise ValueError(f"{path}: joined to {table.join.table!r}, which the manifest does not describe")
    described, by = manifest.tables[table.join.table], table.join.by
    if by not in table.columns or by not in described.columns:
        raise ValueError(f"{path}: joined on {by!r}, which is not a column of both tables")
    report = reports.setdefault(table.join.table, TableReport(table.join.table, described.path))
    theirs = manifest.folder / described.path
    other = pd.concat(long_chunks(theirs, described), ignore_index=True)
    report.rows, report.keys = len(other), other[by].nunique()
    _look(report, described, other, list(other), readers_of(manifest, table.join.table))
    if report.fault:
        raise ValueError(f"{theirs}: {report.fault}")
    other = other.drop_duplicates()
    if (twice := one_key(other[by]).duplicated(keep=False)).any():
        first = other.index[twice][0]
        raise ValueError(
            f"{theirs}: {int(twice.sum()):,} rows say different things of one "
            f"{described.columns[by]}, first row {first + 1:,}: nobody can tell which is meant"
        )
    return other
