"""A real cohort from its files into the store, shard by shard, as its manifest describes it.

What a reader refuses is set aside with its reason and costs nobody else anything: its row stays, so that all
tables and arrays of the cohort keep one order. Besides the arrays of :mod:`cardiacnets.cohorts.store` the
folder holds ``quality.parquet``, one row for every recording of the manifest's tables with why it is not
studied (empty: it is), and ``flow.parquet``, the same counted.
"""

from __future__ import annotations

import hashlib
import shutil
import warnings
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.lib.format import open_memmap
from tqdm.auto import tqdm

from cardiacnets import study
from cardiacnets.artefacts import atomic_path, new_array
from cardiacnets.cmr import read_cine
from cardiacnets.cohorts.flow import excluded, participant_flow
from cardiacnets.cohorts.judged_crop import judged_location
from cardiacnets.cohorts.manifest import Manifest
from cardiacnets.cohorts.tables import (
    file_paths,
    present,
    read_covariates,
    read_indices,
    read_labels,
    read_tables,
)
from cardiacnets.contracts import ECG_SAMPLES
from cardiacnets.ecg import heart_rate, read_ecg
from cardiacnets.judges.acdc_segmenter import why_not
from cardiacnets.phenotypes import INDEX_NAMES
from cardiacnets.reach import code_of
from cardiacnets.shards import PARTS, Part, leave_shard, load_shard, over_shards, shard_file, shards_of
from cardiacnets.stored_ecg import in_microvolts

SHARD = 64
"""Recordings that are read together: what a killed import has to read again."""

MARKS = "shards"
VIEWS = {view.cine: (view.name, view.pixels) for view in study.VIEWS.values()}
"""What a manifest calls a view: the array's name, and the side of its pictures."""


@dataclass(frozen=True)
class Selection:
    """Who of a cohort's tables is read, before any of their signals is opened.

    ``recordings`` has one row a recording to read, with covariates and labels; ``paths`` its files by what
    they hold, row-aligned, as ``indices (R, 82)``; ``everyone`` one row for each recording of the tables;
    ``exclusions`` why some of those are not read, each a reason and a boolean column over ``everyone``.
    """

    recordings: pd.DataFrame
    paths: dict[str, list[Path]]
    indices: np.ndarray
    everyone: pd.DataFrame
    exclusions: tuple[tuple[str, np.ndarray], ...]
    crop: str = "beat"
    """What finds the heart in the short axis: ``beat`` or ``judge``."""


def select_recordings(manifest: Manifest, covariates: tuple[str, ...], cines: bool) -> Selection:
    """Read a manifest's tables and choose the recordings to be read.

    Arguments:
        manifest: of a cohort of files.
        covariates: columns that the study needs; those that the manifest does not describe are unknown (NaN).
        cines: whether the study needs both views of CMR beside the ECG.

    Raises ``ValueError`` for faulty tables, for a manifest without CMR where ``cines`` asks for it, and if
    nobody is left.
    """
    signals = manifest.signals() if cines else {"ecg": manifest.signals()["ecg"]}
    if cines and not set(VIEWS) <= set(signals):
        raise ValueError(f"{manifest.file}: this cohort is studied with CMR, so the key 'cine' is needed")
    tables = read_tables(manifest)
    everyone = tables.recordings
    exclusions = [(one.reason, excluded(everyone, one)) for one in manifest.inclusion]
    paths = {what: file_paths(manifest, signal, everyone) for what, signal in signals.items()}
    for what, signal in signals.items():
        if signal.absent == "exclude":
            exclusions.append((f"no {what} file", ~present(manifest, signal, paths[what])))
    kept = participant_flow(everyone, exclusions).kept
    if not kept.any():
        raise ValueError(f"{manifest.file}: no recording is left; `python -m cardiacnets check` shows why")
    known = read_covariates(manifest, everyone).reindex(
        columns=list(dict.fromkeys([*manifest.covariates, *covariates]))
    )
    identifiers = everyone[["participant_id", "recording_id"]]
    table = pd.concat([identifiers, known.astype(np.float32), read_labels(manifest, tables)], axis=1)
    if manifest.indices is None:
        indices = np.full((int(kept.sum()), len(INDEX_NAMES)), np.nan, np.float32)
    else:
        indices = read_indices(manifest, everyone[kept])
    return Selection(
        table[kept].reset_index(drop=True),
        {what: [path for path, stays in zip(all_, kept, strict=True) if stays]
         for what, all_ in paths.items()},
        indices,
        identifiers.reset_index(drop=True),
        tuple(exclusions),
        _crop_of(manifest) if cines else "beat",
    )  # fmt: skip


def _crop_of(manifest: Manifest) -> str:
    """What finds the hearts of a cohort with CMR; a warning where the judge is asked for and not there."""
    if manifest.cine.crop == "judge" and (reason := why_not()):
        warnings.warn(f"{manifest.file}: crop: judge: {reason}; hearts are found by their beat", stacklevel=2)
        return "beat"
    return manifest.cine.crop


def ingredients_of(manifest: Manifest, chosen: Selection, frames: int) -> dict:
    """What a stored cohort was made from: the manifest, its tables' content, and its files' sizes.

    A signal that is replaced by another of equal size is not noticed; remove the stored cohort then.
    """
    tables = sorted({manifest.folder / table.path for table in manifest.tables.values()})
    listing = hashlib.sha256()
    for what, paths in chosen.paths.items():
        for path in paths:
            listing.update(f"{what} {path.relative_to(manifest.folder)} {_size(path)}\n".encode())
    return {
        "manifest": str(manifest.file),
        "described": manifest.model_dump(mode="json", exclude={"root"}),
        "tables": {path.name: _digest(path) for path in tables},
        "files": listing.hexdigest(),
        "frames": frames,
        "codes": study.CODES.to_csv(),
        "crop": chosen.crop,
        "source": code_of(select_recordings, read_cohort),
    }


def read_cohort(state: Path, chosen: Selection, frames: int, processes: int = 1) -> None:
    """Read every chosen recording into ``state``, or what of it an import that was killed had not read.

    Shards that :func:`read_part` has left are moved in. A shard is marked as done after its rows are on disk.
    Memory does not grow with the cohort, and the result does not depend on ``processes`` or parts.
    """
    count = len(chosen.recordings)
    shards = shards_of(count, SHARD)
    if not (state / MARKS).is_dir():  # made last, so that arrays are whole where it is
        state.mkdir(parents=True, exist_ok=True)
        for name, (shape, kind) in _layout(chosen.paths, frames).items():
            new_array(state / f"{name}.npy", kind, (count, *shape)).flush()
        (state / MARKS).mkdir()
    jobs = [
        (rows, state, _files(chosen, rows), frames, chosen.crop)
        for rows in shards
        if not _mark(state, rows.start).is_file()
    ]
    finished = len(shards) - len(jobs)
    made = over_shards(_read_shard, jobs, processes)
    for _ in tqdm(made, initial=finished, total=len(shards), desc="read files"):
        pass
    found = pd.concat([pd.read_parquet(_mark(state, rows.start)) for rows in shards], ignore_index=True)
    recordings = chosen.recordings.assign(set_aside=found["reason"])
    measured = found["heart_rate"].astype(np.float32)
    recordings["heart_rate"] = recordings["heart_rate"].fillna(measured)
    recordings.to_parquet(state / "recordings.parquet", index=False)
    np.save(state / "indices.npy", chosen.indices)
    quality, exclusions = _quality(chosen, found)
    quality.to_parquet(state / "quality.parquet", index=False)
    participant_flow(chosen.everyone, exclusions).steps.to_parquet(state / "flow.parquet", index=False)


def read_part(state: Path, chosen: Selection, frames: int, part: Part) -> None:
    """Read one part of the chosen recordings, for :func:`read_cohort` of the same ``state`` to move in.

    Each shard is left as a file of its own, so that a killed job goes on at the shard where it was.
    """
    for rows in tqdm(part.share(shards_of(len(chosen.recordings), SHARD)), desc=f"read files, part {part}"):
        if not _mark(state, rows.start).is_file():
            leave_shard(state, rows.start, partial(_read_apart, _files(chosen, rows), frames, chosen.crop))


def hand_over(state: Path, folder: Path) -> None:
    """Make ``folder``, empty and on the same file system, what was read into ``state``."""
    state.rename(folder)
    shutil.rmtree(folder / MARKS)
    shutil.rmtree(folder / PARTS, ignore_errors=True)  # none, unless the run was scattered


def _quality(chosen: Selection, found: pd.DataFrame) -> tuple[pd.DataFrame, list[tuple[str, np.ndarray]]]:
    """Why each recording of the tables is not studied, and the same as steps of a flow."""
    everyone = chosen.everyone
    reason = pd.Series("", index=everyone.index)
    for one, out in chosen.exclusions:
        reason[(reason == "") & out] = one
    read = np.flatnonzero(reason == "")
    reason.iloc[read] = found["reason"].to_numpy()
    detail = pd.Series("", index=everyone.index)
    detail.iloc[read] = found["detail"].to_numpy()
    faults = [one for one in dict.fromkeys(found["reason"]) if one]
    steps = [*chosen.exclusions, *((one, (reason == one).to_numpy()) for one in sorted(faults))]
    return everyone.assign(reason=reason, detail=detail), steps


def _files(chosen: Selection, rows: range) -> dict[str, list[Path]]:
    """The files of one shard by what they hold."""
    return {what: paths[rows.start : rows.stop] for what, paths in chosen.paths.items()}


def _layout(paths: dict[str, list[Path]], frames: int) -> dict[str, tuple[tuple[int, ...], type]]:
    """Arrays that hold what is read of ``paths``: a recording's shape, and the type."""
    views = {name: ((frames, side, side), np.uint8) for what, (name, side) in VIEWS.items() if what in paths}
    return {"ecg": ((12, ECG_SAMPLES), np.int16), **views}


def _read_shard(shard: range, state: Path, paths: dict[str, list[Path]], frames: int, crop: str) -> None:
    """Read one shard's files into its rows, or move in what was read apart; then mark it as done."""
    start, rows = shard.start, slice(shard.start, shard.stop)
    stored = {name: open_memmap(state / f"{name}.npy", mode="r+") for name in _layout(paths, frames)}
    if left := load_shard(state, start):
        for name, array in stored.items():
            array[rows] = left.pop(name)
        found = pd.DataFrame(left)
    else:
        found = _read_files(paths, frames, crop, {name: array[rows] for name, array in stored.items()})
    for array in stored.values():
        array.flush()
    with atomic_path(_mark(state, start)) as temporary:
        found.to_parquet(temporary, index=False)
    shard_file(state, start).unlink(missing_ok=True)


def _read_apart(paths: dict[str, list[Path]], frames: int, crop: str) -> dict[str, np.ndarray]:
    """One shard's arrays and, a column an array, what was found."""
    count = len(paths["ecg"])
    arrays = {name: np.zeros((count, *shape), kind) for name, (shape, kind) in _layout(paths, frames).items()}
    found = _read_files(paths, frames, crop, arrays)
    return arrays | {
        "reason": found["reason"].to_numpy(str),
        "detail": found["detail"].to_numpy(str),
        "heart_rate": found["heart_rate"].to_numpy(),
    }


def _read_files(
    paths: dict[str, list[Path]], frames: int, crop: str, arrays: dict[str, np.ndarray]
) -> pd.DataFrame:
    """Read one shard's files into ``arrays``; one row for each recording, with what is wrong with it."""
    found = []
    for place in range(len(paths["ecg"])):
        row = {"reason": "", "detail": "", "heart_rate": np.nan}
        for what, files in paths.items():
            try:
                if what == "ecg":
                    signal = read_ecg(files[place]).standard()
                    arrays["ecg"][place] = in_microvolts(signal)
                    row["heart_rate"] = float(heart_rate(signal))
                else:
                    cine = read_cine(files[place], view=what)
                    asked = crop == "judge" and what == "sax"
                    location = judged_location(cine) if asked else None
                    arrays[VIEWS[what][0]][place] = cine.standard(frames=frames, location=location)
            except Exception as error:  # one bad file among ten thousand must not end the import
                row["reason"] = row["reason"] or _reason(what, error)
                row["detail"] = " ".join(f"{row['detail']} {error or type(error).__name__}".split())
        found.append(row)
    return pd.DataFrame(found)


def _mark(state: Path, start: int) -> Path:
    return state / MARKS / f"{start:09d}.parquet"


def _reason(what: str, error: Exception) -> str:
    """The kind of fault, without the file's name, which can be a participant's number."""
    name = "ECG" if what == "ecg" else f"{what} cine"
    missing = isinstance(error, FileNotFoundError) or "no such file" in str(error)
    return f"{name} file is missing" if missing else f"{name} file can't be used"


def _size(path: Path) -> int:
    """Bytes of a file, or of a WFDB record's files; 0 for none."""
    names = (path.name, *(path.name + suffix for suffix in (".hea", ".dat", ".mat")))
    files = (path.with_name(name) for name in dict.fromkeys(names))
    return sum(file.stat().st_size for file in files if file.is_file())


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
