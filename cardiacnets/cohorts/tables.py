"""A real cohort's tables: read as its manifest says, validated, and put into the book's words.

``participants`` one row a person, ``recordings`` one row an ECG, ``diagnoses`` one row a code. Identifiers
are text. Hospitals have millions of codes, so they are read a piece at a time, and of them is kept what
carries a label and belongs to someone with a recording.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pandera.pandas as pandera

from cardiacnets.cohorts.cells import SEXES, as_spelled, days, numbers, one_key
from cardiacnets.cohorts.labels import LABELS, carry_label, label_recordings
from cardiacnets.cohorts.manifest import Manifest, Signal, Table
from cardiacnets.cohorts.table_files import long_chunks, wide_chunks
from cardiacnets.phenotypes import INDEX_NAMES, PHENOTYPES

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

UNIQUE = {"participants": "participant_id", "recordings": "recording_id"}
"""What may stand in one row only."""


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


def read_table(manifest: Manifest, name: str) -> pd.DataFrame:
    """A whole table in the book's column names, joined and validated; ``ValueError`` names file and fault."""
    frame = pd.concat(table_chunks(manifest, name), ignore_index=True)
    # 7 and 7.0 are one
    if name in UNIQUE and (repeated := one_key(frame[UNIQUE[name]]).duplicated()).any():
        path, key = manifest.folder / manifest.tables[name].path, UNIQUE[name]
        first = frame.loc[repeated, key].iloc[0]
        raise DuplicateError(f"{path}: {repeated.sum()} rows repeat a {key}, the first {first!r}")
    return frame


def table_chunks(manifest: Manifest, name: str) -> Iterator[pd.DataFrame]:
    """What :func:`read_table` reads, a piece of at most :data:`CELLS` cells of the file at a time.

    Every row is validated; a piece with faults is not given, and at the table's end ``ValueError`` names the
    file, how many there are in all, and the first.
    """
    table = manifest.tables[name]
    path = manifest.folder / table.path
    other = _joined(manifest, path, table)
    count, first = 0, ""
    for frame in wide_chunks(path, table) if table.layout == "wide" else long_chunks(path, table):
        if other is not None:
            frame[table.join.by] = as_spelled(frame[table.join.by], other[table.join.by])
            # one row each, as before: a fault is named by the row of the file
            frame = frame.merge(other, on=table.join.by, how="left").set_axis(frame.index)
        if "date" in frame:
            frame["date"] = days(frame["date"], f"{path}: column {_theirs(manifest, table, 'date')!r}")
        if "version" in frame:
            frame["version"] = _versions(path, frame)
        try:
            SCHEMAS[name].validate(frame, lazy=True)
        except pandera.errors.SchemaErrors as error:
            column, rule, value = error.failure_cases.loc[0, ["column", "check", "failure_case"]]
            first = first or f"the first in column {column!r}: {rule} fails for {value!r}"
            count += len(error.failure_cases)
        else:
            yield frame
    if count:
        raise ValueError(f"{path}: {count} faults, {first}")


def _theirs(manifest: Manifest, table: Table, ours: str) -> str:
    """What the file calls one of the book's columns, of this table or of the one it is joined to."""
    joined = manifest.tables[table.join.table].columns if table.join else {}
    return table.columns.get(ours) or joined.get(ours, ours)


def _versions(path: Path, frame: pd.DataFrame) -> pd.Series:
    """ICD versions as whole numbers, -1 for what is none; ``ValueError`` where version 9 lost zeros."""
    version = pd.to_numeric(frame["version"].str.strip("\"' "), errors="coerce").fillna(-1).astype(int)
    short = frame["code"].str.match(r"\s*\d{1,2}(?:\.|\s*$)").eq(True) & (version == 9)
    if short.any():
        first, row = frame.loc[short, "code"].iloc[0], frame.index[short][0] + 1
        many = f"{int(short.sum()):,} codes of version 9 have fewer than three digits"
        raise ValueError(
            f"{path}: {many}, the first {first!r} in row {row:,}: leading zeros were "
            "lost, and other codes may read as another disease; export them as text"
        )
    return version


def file_paths(manifest: Manifest, signal: Signal, recordings: pd.DataFrame) -> list[Path]:
    """Where a signal of each recording should lie.

    Raises ``ValueError`` if the pattern asks for an unknown column, or a table points outside the cohort's
    folder.
    """
    paths, names = [], list(recordings)
    for values in recordings.itertuples(index=False, name=None):
        row = dict(zip(names, values, strict=True))
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
    value = tables.recordings[settings.column].str.strip()
    value = value.where(value.isin(settings.values), as_spelled(value, pd.Index(map(str, settings.values))))
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
        where, value = f"{manifest.name}: column {covariate.column!r}", recordings[covariate.column]
        number = pd.to_numeric(value, errors="coerce")  # some exports write the code -3 as -3.0
        value = value.mask(
            value.isin([str(code) for code in covariate.missing])
            | number.isin([code for code in covariate.missing if not isinstance(code, str)])
        )
        meant = covariate.values
        if name == "sex" and not meant and value.astype("string").str.contains("[a-zA-Z]").any():
            meant = SEXES | {"0": 0.0, "1": 1.0}
        value = numbers(value, where, meant).replace(covariate.recode)
        if since := covariate.years_since:
            began = numbers(recordings[since], f"{manifest.name}: column {since!r}")
            value = value + recordings["date"].dt.year - began
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
    person, people = pd.factorize(recordings["participant_id"])
    values = np.full((len(people), len(INDEX_NAMES)), np.nan, dtype=np.float32)
    for frame in long_chunks(manifest.folder / table.path, asked):
        place = people.get_indexer(as_spelled(frame.pop("participant_id"), people))
        found = {name: numbers(frame[name], f"{table.path}: column {columns[name]!r}") for name in frame}
        values[place[place >= 0]] = pd.DataFrame(found)[place >= 0].to_numpy(dtype=np.float32)
    return values[person]


def read_diagnoses(
    manifest: Manifest, participants: pd.DataFrame, recordings: pd.DataFrame
) -> tuple[pd.DataFrame, int, int]:
    """The codes that labels are made of, how many participants have a code of any kind, and how many codes
    belong to nobody among them.

    Raises ``ValueError`` as :func:`table_chunks`.
    """
    everyone = pd.Index(participants["participant_id"])
    recorded = pd.Index(recordings["participant_id"].unique())
    diagnosed = np.zeros(len(everyone), dtype=bool)
    pieces, foreign = [], 0
    for frame in table_chunks(manifest, "diagnoses"):
        frame["participant_id"] = as_spelled(frame["participant_id"], everyone)
        places = everyone.get_indexer(frame["participant_id"])
        diagnosed[places[places >= 0]] = True
        foreign += int((places < 0).sum())
        owned = recorded.get_indexer(frame["participant_id"]) >= 0
        kept = owned & carry_label(frame["code"], frame.get("version", 10))
        pieces.append(frame.loc[kept, [column for column in SCHEMAS["diagnoses"].columns if column in frame]])
    return pd.concat(pieces, ignore_index=True), int(diagnosed.sum()), foreign


def _joined(manifest: Manifest, path: Path, table: Table) -> pd.DataFrame | None:
    """The table that each row of ``table`` finds its further columns in, one row a key."""
    if table.join is None:
        return None
    if table.join.table not in manifest.tables:
        raise ValueError(f"{path}: joined to {table.join.table!r}, which the manifest does not describe")
    described, by = manifest.tables[table.join.table], table.join.by
    if by not in table.columns or by not in described.columns:
        raise ValueError(f"{path}: joined on {by!r}, which is not a column of both tables")
    other = pd.concat(long_chunks(manifest.folder / described.path, described), ignore_index=True)
    other = other.drop_duplicates()
    if (twice := one_key(other[by]).duplicated(keep=False)).any():
        first = other.index[twice][0]
        raise ValueError(
            f"{manifest.folder / described.path}: {int(twice.sum()):,} rows say different things of one "
            f"{described.columns[by]}, first row {first + 1:,}: nobody can tell which is meant"
        )
    return other
