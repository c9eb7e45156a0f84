"""A simulated cohort on disk: streamed shard by shard, so that memory does not grow with the cohort."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from cardiacnets.artefacts import new_array
from cardiacnets.contracts import CINE_FRAMES, ECG_SAMPLES, LAX_PIXELS, SAX_PIXELS
from cardiacnets.digital_heart.cohort import SHARD, check, simulate_participants, visits
from cardiacnets.digital_heart.sites import site
from cardiacnets.phenotypes import INDEX_NAMES
from cardiacnets.shards import over_shards, shards_of
from cardiacnets.stored_ecg import in_microvolts
from cardiacnets.study import COHORTS


def write_cohort(
    folder: Path | str, n: int, cohort: str, preset: str = "enriched", seed: int = 0,
    frames: int = CINE_FRAMES,
    cines: bool = True, processes: int = 1,
) -> int:  # fmt: skip
    """Simulate ``n`` participants into ``folder`` and return the number of recordings, R.

    Writes ``ecg.npy`` int16 microvolts ``(R, 12, 5000)``, ``sax.npy`` and ``lax.npy`` uint8 ``(R, T, H, W)``
    (where the site has CMR and ``cines``), ``indices.npy`` and ``indices_true.npy`` float32 ``(R, 82)``, all
    readable by ``np.load(mmap_mode="r")``, and ``recordings.parquet`` with the covariates and labels of each
    row. The bytes do not depend on ``processes``. Raises ``ValueError`` as ``simulate``, and for ``processes
    < 1``.
    """
    place = check(n, cohort, preset, seed, frames)
    if processes < 1:
        raise ValueError(f"processes has to be at least 1, not {processes}")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    shards = shards_of(n, SHARD)
    starts = np.cumsum([0] + [len(visits(place, seed, shard)[0]) for shard in shards])
    rows = int(starts[-1])
    layout = {
        "ecg": ((rows, 12, ECG_SAMPLES), np.int16),
        "indices": ((rows, len(INDEX_NAMES)), np.float32),
        "indices_true": ((rows, len(INDEX_NAMES)), np.float32),
    }
    if cines and COHORTS[cohort].cmr:
        layout["sax"] = ((rows, frames, SAX_PIXELS, SAX_PIXELS), np.uint8)
        layout["lax"] = ((rows, frames, LAX_PIXELS, LAX_PIXELS), np.uint8)
    for name, (shape, kind) in layout.items():
        new_array(folder / f"{name}.npy", kind, shape).flush()
    jobs = [
        (shard, int(start), folder, cohort, preset, seed, frames, cines, tuple(layout))
        for start, shard in zip(starts[:-1], shards, strict=True)
    ]
    tables = over_shards(_write_shard, jobs, processes)
    pd.concat(tables, ignore_index=True).to_parquet(folder / "recordings.parquet", index=False)
    return rows


def _write_shard(
    shard: range, start: int, folder: Path, cohort: str, preset: str, seed: int, frames: int, cines: bool,
    names: tuple[str, ...],
) -> pd.DataFrame:  # fmt: skip
    """Simulate one shard and write its rows into the files, from row ``start`` on; the table goes back to the
    caller.
    """
    part = simulate_participants(shard, site(cohort, preset), preset, seed, frames, cines)
    for name in names:
        file = np.lib.format.open_memmap(folder / f"{name}.npy", mode="r+")
        values = in_microvolts(part.ecg) if name == "ecg" else getattr(part, name)
        file[start : start + len(values)] = values
        file.flush()
    return pd.concat([part.covariates, part.labels], axis=1)
