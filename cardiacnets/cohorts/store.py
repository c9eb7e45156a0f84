"""Cohorts on disk: raw recordings as they were read or simulated, never a cohort in memory.

A cohort folder holds ``ecg.npy`` int16 microvolts (R, 12, 5000), ``sax.npy`` (R, T, 80, 80) and ``lax.npy``
(R, T, 96, 96) uint8 where there is CMR, ``indices.npy`` and (simulated only) ``indices_true.npy`` float32 (R,
82), and ``recordings.parquet``: one row a recording, in the same order, with identifiers, covariates and
labels. Simulated cohorts are made here, real ones in :mod:`cardiacnets.cohorts.importing`, which adds the
column ``set_aside``: why a recording's files could not be read (empty: they were).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cardiacnets.digital_heart import write_cohort
from cardiacnets.reach import code_of
from cardiacnets.run import Run
from cardiacnets.stored_ecg import in_millivolts
from cardiacnets.study import COHORTS, ICD10_GROUPS, PAIRED_COHORTS

SIMULATED_COHORTS = tuple(COHORTS)
TWIN = "_twin"
TWIN_PEOPLE = 300
"""Participants of a real cohort's simulated twin, at most: enough to choose single people from."""


@dataclass(frozen=True)
class Cohort:
    """A stored cohort, arrays memory-mapped; ``sax`` and ``lax`` are ``None`` where there is no CMR."""

    name: str
    folder: Path
    recordings: pd.DataFrame
    ecg: np.ndarray
    sax: np.ndarray | None
    lax: np.ndarray | None
    indices: np.ndarray
    indices_true: np.ndarray | None

    def ecg_millivolts(self, rows: slice | np.ndarray) -> np.ndarray:
        """Recordings as float32 (n, 12, 5000) mV."""
        return in_millivolts(self.ecg[rows])


def worthwhile_processes(count: int) -> int:
    """Processes for ``count`` recordings: one for each thousand, as far as there are cores; starting one
    costs seconds.
    """
    return max(1, min(os.cpu_count() or 1, count // 1000))


def memory_map(path: Path) -> np.ndarray | None:
    """A read-only memory map of a ``.npy`` file, ``None`` if the file does not exist."""
    return np.load(path, mmap_mode="r", allow_pickle=False) if path.is_file() else None


def open_cohort(run: Run, name: str) -> Cohort:
    """The stored cohort ``name``; ``ValueError`` naming the command to run if chapter 00 has not made it."""
    folder = run.require(run.cohorts / name)
    arrays = {
        key: memory_map(folder / f"{key}.npy") for key in ("ecg", "sax", "lax", "indices", "indices_true")
    }
    return Cohort(name, folder, pd.read_parquet(folder / "recordings.parquet"), **arrays)


def simulate_cohort(run: Run, name: str, processes: int | None = None) -> Cohort:
    """Draw the simulated cohort ``name`` at the profile's size, or reuse it if nothing changed.

    Raises ``ValueError`` for a cohort that the profile does not know.
    """
    if name not in SIMULATED_COHORTS:
        raise ValueError(f"unknown simulated cohort {name!r}: choose one of {', '.join(SIMULATED_COHORTS)}")
    return _simulate(run, name, name, getattr(run.profile.cohorts, name), processes)


def simulate_twin(run: Run, name: str, processes: int | None = None) -> Cohort:
    """A few hundred simulated participants of the kind of cohort ``name``, stored beside it."""
    people = min(TWIN_PEOPLE, getattr(run.profile.cohorts, name))
    return _simulate(run, name, f"{name}{TWIN}", people, processes)


def _simulate(run: Run, name: str, stored_as: str, n: int, processes: int | None) -> Cohort:
    settings = run.profile.cohorts
    drawing = {
        "n": n,
        "cohort": name,
        "preset": settings.preset,
        "seed": run.profile.seed,
        "frames": settings.frames,
    }
    run.fit_or_load(
        run.cohorts / stored_as,
        {**drawing, "codes": ICD10_GROUPS, "source": code_of(_simulate)},
        lambda folder: write_cohort(
            folder,
            **drawing,
            cines=name in PAIRED_COHORTS,
            processes=processes or worthwhile_processes(n),
        ),
    )
    return open_cohort(run, stored_as)
