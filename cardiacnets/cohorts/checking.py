"""What is wrong with a cohort's files, found before any compute is spent.

Everything is looked at that is cheap (tables, identifiers, dates, whether each file is there); of the files
a random sample is opened, and compared with its checksum where the cohort has a list of them.
"""

from __future__ import annotations

import hashlib
import json
import re
import warnings
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cardiacnets.cmr import read_cine
from cardiacnets.cohorts.flow import Flow, excluded, participant_flow
from cardiacnets.cohorts.labels import count_labels
from cardiacnets.cohorts.manifest import Manifest, Signal, load_manifest
from cardiacnets.cohorts.splits import LeakageError, check_leakage, split_participants
from cardiacnets.cohorts.table_files import NoTableError
from cardiacnets.cohorts.table_report import TableReport, counted, not_yet, unusual
from cardiacnets.cohorts.tables import (
    SCHEMAS,
    UNIQUE,
    CohortTables,
    DuplicateError,
    Reports,
    file_paths,
    join_people,
    present,
    read_covariates,
    read_diagnoses,
    read_indices,
    read_labels,
    read_table,
    table_chunks,
)
from cardiacnets.digital_heart import COHORTS
from cardiacnets.ecg import Scale, describe_scale, read_ecg, summarise_scales

SHOWN = 5
"""Faults of one kind that a report lists, or one of each sort if these are more; the rest it counts."""

NOT_OPENED = "files were not looked at: mend the tables first"


@dataclass(frozen=True)
class Fault:
    """One thing wrong: ``kind`` is missing, unreadable, duplicated or leaking."""

    kind: str
    detail: str


@dataclass(frozen=True)
class CheckReport:
    """What was seen and what is wrong.

    ``tables`` says of each table, column by column, what was understood, ``labels`` which codes made which
    label (:func:`~cardiacnets.cohorts.labels.count_labels`), and ``flow`` who is left; the last two are
    ``None`` for simulated cohorts and unreadable tables. ``scale`` says in one line what the numbers of the
    opened ECGs look like, and ``notes`` what readers warn of in files that they do read.
    """

    name: str
    seen: dict[str, int]
    faults: tuple[Fault, ...]
    flow: Flow | None = None
    scale: str = ""
    tables: tuple[TableReport, ...] = ()
    labels: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict:
        """The same as plain dictionaries and lists; all faults, where the text lists a few of each kind."""
        steps = None if self.flow is None else self.flow.steps
        return {
            "name": self.name,
            "seen": self.seen,
            "scale": self.scale,
            "tables": [asdict(table) for table in self.tables],
            "labels": [] if self.labels is None else json.loads(self.labels.to_json(orient="records")),
            "flow": [] if steps is None else json.loads(steps.to_json(orient="records")),
            "notes": list(self.notes),
            "faults": [asdict(fault) for fault in self.faults],
        }

    def __str__(self) -> str:
        lines = [f"{self.name}: " + ", ".join(counted(count, what) for what, count in self.seen.items())]
        lines += [str(table) for table in self.tables]
        if self.scale:
            lines.append(self.scale)
        if self.labels is not None and len(self.labels):
            lines.append(self.labels.to_string(index=False))
        if self.flow is not None:
            lines.append(self.flow.steps.to_string(index=False))
        lines += [f"  note: {note}" for note in self.notes[:SHOWN]]
        if len(self.notes) > SHOWN:
            lines.append(f"  note: and {len(self.notes) - SHOWN:,} more")
        for kind in dict.fromkeys(fault.kind for fault in self.faults):
            details = [fault.detail for fault in self.faults if fault.kind == kind]
            shown = _varied(details)
            lines += [f"  {kind}: {detail}" for detail in shown]
            if len(details) > len(shown):
                lines.append(f"  {kind}: and {len(details) - len(shown):,} more (--json lists all)")
        lines.append(counted(len(self.faults), "faults") if self.faults else "no faults")
        if any(re.search(r"\brow \d", line) for line in lines):
            lines.append("rows are counted below the header")
        return "\n".join(lines)


def _varied(details: list[str]) -> list[str]:
    """Faults to show: the first of each sort, told apart by their words without places, values and numbers,
    and then the next, :data:`SHOWN` at least.
    """
    sorts = [re.sub(r"'[^']*'|\S*/\S*|\d+", "", detail) for detail in details]
    first = sorted(sorts.index(sort) for sort in dict.fromkeys(sorts))
    others = [place for place in range(len(details)) if place not in set(first)]
    return [details[place] for place in [*first, *others][: max(SHOWN, len(first))]]


def check(manifest: Manifest, read: int = 100, seed: int = 0) -> CheckReport:
    """Look for what is missing, unreadable, duplicated or leaking in a cohort.

    Arguments:
        manifest: as :func:`~cardiacnets.cohorts.manifest.load_manifest` gives it.
        read: how many files of each signal to open, drawn at random by ``seed``.
    """
    if manifest.source == "simulated":
        return _check_simulated(manifest)
    if not manifest.folder.is_dir():
        fault = Fault("missing", f"root {manifest.folder}: no such folder; the manifest's key root names it")
        return CheckReport(manifest.name, {"tables": len(manifest.tables)}, (fault,), notes=(NOT_OPENED,))
    broken, frames, diagnoses, reports = [], {}, (), {}
    for name in filter(manifest.tables.get, SCHEMAS):
        try:
            if name in UNIQUE:
                frames[name] = read_table(manifest, name, reports)
            elif broken:  # looked through all the same
                deque(table_chunks(manifest, name, reports), maxlen=0)
            else:  # too large to be read twice
                diagnoses = read_diagnoses(manifest, *join_people(frames), reports)
        except ValueError as error:
            kinds = {DuplicateError: "duplicated", NoTableError: "missing"}
            broken.append(Fault(kinds.get(type(error), "unreadable"), str(error)))
    if broken:
        seen = {"tables": len(manifest.tables)}
        broken = tuple(dict.fromkeys(broken))  # a joined table may be named twice
        return CheckReport(manifest.name, seen, broken, tables=tuple(reports.values()), notes=(NOT_OPENED,))
    tables = CohortTables(*join_people(frames), *diagnoses)
    seen = {"participants": len(tables.participants), "recordings": len(tables.recordings)}
    notes: list[str] = []
    labels, faults = _check_tables(manifest, tables, reports, notes)
    faults += [*_check_twin(manifest), *_check_leaks(manifest, tables)]
    scales: list[Scale] = []
    exclusions, draw = [], np.random.default_rng(seed)
    try:
        exclusions = [(one.reason, excluded(tables.recordings, one)) for one in manifest.inclusion]
    except ValueError as error:
        faults.append(Fault("missing", str(error)))
    for what, signal in manifest.signals().items():
        try:
            paths = np.array(file_paths(manifest, signal, tables.recordings), dtype=object)
        except ValueError as error:
            faults.append(Fault("missing", str(error)))
            continue
        there = present(manifest, signal, list(paths))
        if signal.absent == "fault":
            faults += [Fault("missing", f"{path} ({signal.format})") for path in paths[~there]]
        if signal.absent != "allow":
            exclusions.append((f"no {what} file", ~there))
        found, times = np.unique(paths[there], return_counts=True)
        faults += [Fault("duplicated", f"{path} belongs to several recordings") for path in found[times > 1]]
        sample = draw.choice(found, min(read, len(found)), replace=False) if len(found) else []
        seen |= {f"{what} files": len(found), f"{what} files opened": len(sample)}
        faults += [*_check_files(what, sample, scales, notes), *_check_sums(manifest, signal, sample)]
    flow = participant_flow(tables.recordings, exclusions)
    return CheckReport(
        manifest.name, seen, tuple(faults), flow, summarise_scales(scales), tuple(reports.values()), labels,
        tuple(notes),
    )  # fmt: skip


def _check_simulated(manifest: Manifest) -> CheckReport:
    names = [manifest.cohort, *manifest.subsets.values()]
    known = ", ".join(COHORTS)
    faults = [Fault("missing", f"no simulated cohort {name!r}; there are {known}") for name in names
              if name not in COHORTS]  # fmt: skip
    return CheckReport(manifest.name, {"simulated cohorts": len(names)}, tuple(faults))


def _check_twin(manifest: Manifest) -> list[Fault]:
    if manifest.twin is None:
        return []
    try:
        load_manifest(manifest.sibling(manifest.twin))
    except ValueError as error:
        return [Fault("missing", f"twin: {error}")]
    return []


def _check_tables(
    manifest: Manifest, tables: CohortTables, reports: Reports, notes: list[str]
) -> tuple[pd.DataFrame | None, list[Fault]]:
    """The count of each label's codes and carriers, and what is wrong between the tables; ``notes`` gains
    what is believed and not usual.
    """
    faults, labels = [], None
    try:
        labels = count_labels(
            manifest.labels.tasks, tables.recordings, read_labels(manifest, tables), tables.diagnoses,
            manifest.labels.window,
        )  # fmt: skip
    except ValueError as error:
        faults.append(Fault("unreadable", str(error)))
    steps = [lambda: notes.extend(unusual(read_covariates(manifest, tables.recordings)))]
    if manifest.indices:
        steps.append(lambda: read_indices(manifest, tables.recordings, reports))
    for step in steps:
        try:
            step()
        except ValueError as error:
            faults.append(Fault("unreadable", str(error)))
    for name, table in (("recordings", tables.recordings), ("diagnoses", tables.diagnoses)):
        if table is not None and "date" in table:
            said, wrong = not_yet(name, table["date"], pd.Timestamp.now())
            faults += [Fault("unreadable", said)] if wrong else []
            notes += [said] if said and not wrong else []
    if tables.diagnosed == 0:
        faults.append(
            Fault("missing", "no diagnosis belongs to any participant: are the identifiers of one kind?")
        )
    elif tables.foreign and "participants" in manifest.tables:
        faults.append(Fault("missing", f"{tables.foreign:,} codes belong to nobody among the participants"))
    if tables.diagnoses is not None and "date" in tables.diagnoses and not manifest.labels.window.undated:
        undated = int(tables.diagnoses["date"].isna().sum())
        if undated:
            what = f"{undated:,} of {len(tables.diagnoses):,} codes that carry a label have no date"
            faults.append(Fault("missing", f"{what}, and count for none: is the table with the dates whole?"))
    if {"participants", "recordings"} <= set(reports):
        people, recorded = tables.participants["participant_id"], tables.recordings["participant_id"]
        reports["participants"].join("with a recording").count(people, people.isin(recorded).to_numpy())
        owned = reports["recordings"].join("of a participant")
        owned.count(recorded, recorded.isin(people).to_numpy())
        if owned.unmatched:
            path = manifest.folder / manifest.tables["recordings"].path
            what = f"{path}: {owned.unmatched:,} recordings belong to no known participant"
            faults.append(Fault("missing", f"{what}, the first to {owned.first!r} in row {owned.row:,}"))
    return labels, faults


def _check_leaks(manifest: Manifest, tables: CohortTables) -> list[Fault]:
    """Ways for the answer to reach the question: across the split, from the future, as a covariate."""
    faults = []
    try:
        split = split_participants(tables.recordings["participant_id"], seed=0, ratio=manifest.split.ratio)
        check_leakage(tables.recordings.assign(split=tables.recordings["participant_id"].map(split)))
    except LeakageError as error:
        faults.append(Fault("leaking", str(error)))
    except ValueError as error:
        faults.append(Fault("missing", str(error)))
    dated = tables.diagnoses is not None and "date" in tables.diagnoses
    if dated and "date" in tables.recordings and tables.recordings["date"].isna().any():
        count = int(tables.recordings["date"].isna().sum())
        faults.append(
            Fault("leaking", f"{count} recordings have no date: their diagnoses may lie in the future")
        )
    if dated and manifest.labels.window.undated:
        faults.append(Fault("leaking", "labels.window.undated counts codes that may be later than the ECG"))
    late = manifest.labels.window.last_day
    if late > 30:
        faults.append(
            Fault("leaking", f"labels.window.last_day counts diagnoses up to {late} days after the ECG")
        )
    told = [
        name
        for name, one in manifest.covariates.items()
        if one.column and one.column == manifest.labels.column
    ]
    faults += [Fault("leaking", f"the covariate {name!r} is the column of the labels") for name in told]
    return faults


def _check_files(what: str, paths: list[Path], scales: list[Scale], notes: list[str]) -> list[Fault]:
    faults, contents = [], {}
    for path in paths:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always", UserWarning)
            try:
                if what == "ecg":
                    ecg = read_ecg(path)
                    scales.append(describe_scale(ecg.signal))
                    signal = ecg.standard()
                    twin = contents.setdefault(hashlib.sha256(np.ascontiguousarray(signal)).digest(), path)
                    if twin is not path:
                        faults.append(Fault("duplicated", f"{path} holds the same ECG as {twin}"))
                else:
                    read_cine(path, view=what)
            except ValueError as error:
                faults.append(Fault("unreadable", str(error)))
        notes += [str(one.message) for one in warned if one.category is UserWarning]
    return faults


def _check_sums(manifest: Manifest, signal: Signal, paths: list[Path]) -> list[Fault]:
    if manifest.checksums is None:
        return []
    listing = manifest.folder / manifest.checksums
    try:
        lines = listing.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return [Fault("missing", f"{listing}: no list of checksums")]
    pairs = (line.split(maxsplit=1) for line in lines if line.strip())
    expected = {listing.parent / name.lstrip("*"): digest for digest, name in pairs}
    suffixes = ("", ".hea", ".dat", ".mat") if signal.format == "wfdb" else ("",)
    files = [path.with_name(path.name + suffix) for path in paths for suffix in suffixes]
    return [
        Fault("unreadable", f"{file}: its checksum is not that of {listing.name}")
        for file in files
        if file in expected and file.is_file() and _digest(file) != expected[file]
    ]


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
