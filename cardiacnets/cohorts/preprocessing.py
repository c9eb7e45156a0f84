"""From a stored cohort to what the networks see: cleaned ECGs, cines at the encoder's size, splits and
quality.

The clean folder holds ``beats.npy`` float32 (R, 12, 180), each lead's median beat in millivolts at 250 Hz;
where the profile's encoder sees ten seconds also ``rhythm.npy`` float32 (R, 12, samples); ``sax.npy`` and
``lax.npy`` uint8 (R, T, pixels, pixels) where there is CMR; and ``index.parquet``: the cohort's rows with
``split``, ``usable`` and ``reason``. Rows stay aligned with the stored cohort: a bad record is flagged with
its reason, never dropped silently.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as functional
from tqdm.auto import tqdm

from cardiacnets.artefacts import new_array
from cardiacnets.cohorts.splits import SPLITS, split_participants
from cardiacnets.cohorts.store import (
    Cohort,
    memory_map,
    open_cohort,
    worthwhile_processes,
)
from cardiacnets.cohorts.studied import real_cohorts, shown_cohort, studied_cohorts
from cardiacnets.contracts import BEAT_RATE, BEAT_SAMPLES, ECG_RATE
from cardiacnets.ecg import check_ecg, clean, detect_r_peaks, heart_rate, median_beat, resample
from cardiacnets.ecg.cleaning import FALLBACK_HEART_RATE
from cardiacnets.profile import EcgInput
from cardiacnets.reach import code_of
from cardiacnets.run import Run
from cardiacnets.shards import Part, leave_shard, over_shards, shards_of
from cardiacnets.stored_ecg import in_millivolts
from cardiacnets.study import PAIRED_COHORTS, SPLIT_COHORTS

SHARD = 128


@dataclass(frozen=True)
class CleanCohort:
    """A preprocessed cohort, arrays memory-mapped and row-aligned with ``index``."""

    name: str
    folder: Path
    index: pd.DataFrame
    beats: np.ndarray
    rhythm: np.ndarray | None
    sax: np.ndarray | None
    lax: np.ndarray | None

    @property
    def ecg(self) -> np.ndarray:
        """What the ECG encoder sees, (R, 12, samples) mV: ten seconds where the profile asks for them, else
        beats.
        """
        return self.beats if self.rhythm is None else self.rhythm

    def rows(self, split: str) -> np.ndarray:
        """Positions of the usable recordings of ``split``, ascending."""
        return np.flatnonzero((self.index["split"] == split) & self.index["usable"])

    def counts(self) -> pd.Series:
        """Recordings, participants, usable recordings of each split, and recordings set aside."""
        usable = self.index["usable"]
        splits = self.index.loc[usable, "split"].value_counts().reindex(SPLITS, fill_value=0)
        whole = {"recordings": len(self.index), "participants": self.index["participant_id"].nunique()}
        return pd.Series({**whole, **splits, "set aside": int((~usable).sum())})


def beat_view(cleaned: np.ndarray) -> np.ndarray:
    """The median beat (n, 12, 180) mV at 250 Hz of clean ten-second ECGs (n, 12, 5000) mV."""
    return median_beat(cleaned, ECG_RATE, samples=BEAT_SAMPLES, beat_rate=BEAT_RATE)


def rhythm_view(cleaned: np.ndarray, settings: EcgInput) -> np.ndarray:
    """Clean ten-second ECGs (n, 12, 5000) mV at the encoder's rate and length (n, 12, samples)."""
    return resample(cleaned, ECG_RATE, settings.rate)[..., : settings.samples].astype(np.float32)


def encoder_view(signal: np.ndarray, settings: EcgInput) -> np.ndarray:
    """Clean ten-second ECGs (n, 12, 5000) mV and bring them to the encoder's view (n, 12, samples) mV."""
    cleaned = clean(signal, ECG_RATE)
    return beat_view(cleaned) if settings.view == "beat" else rhythm_view(cleaned, settings)


def resize_cine(cine: np.ndarray, frames: int, pixels: int) -> np.ndarray:
    """Cines (n, T, H, W) uint8 at ``frames`` evenly spaced phases and ``pixels`` squared, antialiased."""
    steps = np.linspace(0, cine.shape[1], frames, endpoint=False).round().astype(int)
    chosen = torch.from_numpy(np.ascontiguousarray(cine[:, steps])).float()
    resized = functional.interpolate(chosen, size=(pixels, pixels), mode="bilinear", antialias=True)
    return resized.round_().clamp_(0, 255).byte().numpy()


def preprocess_cohorts(run: Run) -> dict[str, CleanCohort]:
    """Clean every cohort of the run, and the simulated twins of the real ones, which are not returned."""
    cohorts = {name: preprocess_cohort(run, name) for name in studied_cohorts(run)}
    for name in PAIRED_COHORTS:
        preprocess_cohort(run, shown_cohort(run, name))
    return cohorts


def preprocess_cohort(
    run: Run, name: str, processes: int | None = None, progress: bool = True
) -> CleanCohort:
    """Clean cohort ``name`` shard by shard, or reuse it if nothing it depends on changed.

    Shards that :func:`preprocess_part` has left are not made again.
    """
    cohort = open_cohort(run, name)
    ingredients = _ingredients(run, cohort)
    state = run.unfinished(ingredients)
    run.fit_or_load(
        run.root / "clean" / name,
        ingredients,
        lambda folder: _preprocess(
            run, cohort, folder, state, processes or worthwhile_processes(len(cohort.recordings)), progress
        ),
    )
    return open_clean(run, name)


def preprocess_part(run: Run, name: str, part: Part) -> None:
    """Clean one part of cohort ``name`` for :func:`preprocess_cohort`, unless that has cleaned it all.

    Raises ``ValueError`` for a cohort that the run does not have.
    """
    if name not in (known := studied_cohorts(run)):
        raise ValueError(f"unknown cohort {name!r}: choose one of {', '.join(known)}")
    cohort = open_cohort(run, name)
    ingredients = _ingredients(run, cohort)
    state = run.unfinished(ingredients)
    if not run.holds(run.root / "clean" / name, ingredients):
        for job in tqdm(part.share(_jobs(run, cohort)), desc=f"clean {name}, part {part}"):
            leave_shard(state, job[0].start, partial(_preprocess_shard, *job))


def open_clean(run: Run, name: str) -> CleanCohort:
    """The preprocessed cohort ``name``; ``ValueError`` naming the command to run if chapter 01 has not made
    it.
    """
    folder = run.require(run.root / "clean" / name)
    arrays = {key: memory_map(folder / f"{key}.npy") for key in ("beats", "rhythm", "sax", "lax")}
    return CleanCohort(name, folder, pd.read_parquet(folder / "index.parquet"), **arrays)


def _ingredients(run: Run, cohort: Cohort) -> dict:
    """What a clean cohort is made from."""
    return {
        "cohort": cohort.folder,
        "ecg_input": run.profile.ecg_input,
        "pixels": run.profile.cmr_autoencoder.pixels,
        "frames": run.profile.cmr_autoencoder.frames,
        "seed": run.profile.seed,
        "source": code_of(preprocess_cohort, preprocess_part),
    }


def _jobs(run: Run, cohort: Cohort) -> list[tuple]:
    """What :func:`_preprocess_shard` is to do, shard by shard."""
    count, cmr = len(cohort.recordings), run.profile.cmr_autoencoder
    settings = run.profile.ecg_input
    return [(rows, cohort.folder, settings, cmr.frames, cmr.pixels) for rows in shards_of(count, SHARD)]


def _preprocess(run: Run, cohort: Cohort, folder: Path, state: Path, processes: int, progress: bool) -> None:
    settings, cmr = run.profile.ecg_input, run.profile.cmr_autoencoder
    recordings = cohort.recordings
    count = len(recordings)
    shapes = {"beats": ((count, 12, BEAT_SAMPLES), np.float32)}
    if settings.view == "rhythm":
        shapes["rhythm"] = ((count, 12, settings.samples), np.float32)
    for view in ("sax", "lax"):
        if getattr(cohort, view) is not None:
            shapes[view] = ((count, cmr.frames, cmr.pixels, cmr.pixels), np.uint8)
    outputs = {
        key: new_array(folder / f"{key}.npy", dtype, shape) for key, (shape, dtype) in shapes.items()
    }

    jobs = _jobs(run, cohort)
    reasons: list[str] = []
    made = over_shards(_preprocess_shard, jobs, processes, state)
    progressing = tqdm(made, total=len(jobs), desc=f"clean {cohort.name}", disable=not progress)
    for (rows, *_), arrays in zip(jobs, progressing, strict=True):
        reasons += arrays.pop("reasons").tolist()
        for key, array in arrays.items():
            outputs[key][rows.start : rows.stop] = array
    for output in outputs.values():
        output.flush()

    split, people = "test", recordings["participant_id"]
    if cohort.name in SPLIT_COHORTS:
        manifest = real_cohorts(run).get(cohort.name)
        ratio = manifest.split.ratio if manifest else (7, 1, 2)
        split = people.map(split_participants(people, run.profile.seed, ratio))
    if "set_aside" in recordings:  # what could not be read was stored as zeros
        reasons = [before or reason for before, reason in zip(recordings["set_aside"], reasons, strict=True)]
        recordings = recordings.drop(columns="set_aside")
    usable = [not reason for reason in reasons]
    recordings.assign(split=split, usable=usable, reason=reasons).to_parquet(folder / "index.parquet")


def _preprocess_shard(
    shard: range, folder: Path, settings: EcgInput, frames: int, pixels: int
) -> dict[str, np.ndarray]:
    """Arrays of one shard, among them ``reasons``: why a recording cannot be used (empty: it can)."""
    rows = slice(shard.start, shard.stop)
    signal = in_millivolts(memory_map(folder / "ecg.npy")[rows])
    peaks = detect_r_peaks(signal, ECG_RATE)
    checked = [check_ecg(record, ECG_RATE, tops) for record, tops in zip(signal, peaks, strict=True)]
    reasons = ["; ".join(quality.faults) for quality in checked]
    unusable = np.array([bool(reason) for reason in reasons])
    signal[unusable] = 0  # an unusable record must not stop the others
    rates = np.where(unusable, FALLBACK_HEART_RATE, heart_rate(signal, ECG_RATE, peaks))
    cleaned = clean(signal, ECG_RATE, rates)
    arrays = {"beats": beat_view(cleaned)}
    if settings.view == "rhythm":
        arrays["rhythm"] = rhythm_view(cleaned, settings)
    for view in ("sax", "lax"):
        if (cines := memory_map(folder / f"{view}.npy")) is not None:
            arrays[view] = resize_cine(cines[rows], frames, pixels)
    return arrays | {"reasons": np.array(reasons)}
