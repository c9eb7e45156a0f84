"""A simulated cohort written as a real one arrives: files, tables and the manifest that reads them.

It proves, and lets anybody try, that a person with access to the real data only has to edit paths. The files
say that they are simulated. Dates and codes are drawn so that the manifest's window gives each recording the
labels of the digital heart; identifiers are the simulation's own, so that splits are too.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cardiacnets.artefacts import atomic_path
from cardiacnets.cohorts.layouts import mimic_iv_ecg, ukb
from cardiacnets.cohorts.manifest import load_manifest
from cardiacnets.digital_heart.cohort import SHARD, check, simulate_participants
from cardiacnets.digital_heart.sites import site
from cardiacnets.phenotypes import INDEX_NAMES, MANIFESTS
from cardiacnets.shards import over_shards, shards_of

LAYOUTS = {layout.NAME: layout for layout in (ukb, mimic_iv_ecg)}
"""By the name of the manifest that describes the layout."""


@dataclass(frozen=True)
class Drawing:
    """Which cohort is drawn: as in :func:`~cardiacnets.digital_heart.simulate`; ``slices`` of the short
    axis.
    """

    n: int
    preset: str = "enriched"
    seed: int = 0
    frames: int = 50
    slices: int = 3


def export_cohort(folder: Path | str, layout: str, drawing: Drawing, processes: int = 1) -> Path:
    """Write a simulated cohort into ``folder`` in a real cohort's layout; return the path of its manifest.

    ``folder`` then holds ``<layout>.yaml`` (the shipped manifest with another ``root`` and ``title``), the
    manifest of its twin, and the data under ``<layout>/``, which appear as a whole or not at all. The bytes
    depend on ``drawing`` alone.

    What does not come back exactly: the beat of a cine is rounded to a millisecond (DICOM), and MIMIC-IV has
    no column for the heart rate, which is measured on the ECG instead. Signals lie on the 5-microvolt grid of
    both formats, and pixels, codes, covariates and indices are kept.

    Raises ``ValueError`` for an unknown layout, an impossible drawing, or data that are already there.
    """
    if layout not in LAYOUTS:
        raise ValueError(f"no layout {layout!r}: choose one of {', '.join(LAYOUTS)}")
    form = LAYOUTS[layout]
    check(drawing.n, form.SITE, drawing.preset, drawing.seed, drawing.frames)
    target = Path(folder) / layout
    if target.exists():
        raise ValueError(f"{target}: is already there; delete it or choose another folder")
    with atomic_path(target) as root:
        root.mkdir()
        jobs = [(shard, root, layout, drawing) for shard in shards_of(drawing.n, SHARD)]
        tables = over_shards(_export_shard, jobs, processes)
        form.write_tables(root, pd.concat(tables, ignore_index=True))
    return _write_manifests(Path(folder), layout)


def _export_shard(shard: range, root: Path, layout: str, drawing: Drawing) -> pd.DataFrame:
    """Write the signals of one shard; give back all that goes into tables, one row a recording."""
    form = LAYOUTS[layout]
    place = site(form.SITE, drawing.preset)
    part = simulate_participants(shard, place, drawing.preset, drawing.seed, drawing.frames, True)
    indices = pd.DataFrame(np.asarray(part.indices), columns=INDEX_NAMES)
    people = pd.concat([part.covariates, part.labels[["icd10"]], indices], axis=1)
    dated = form.date_recordings(people)
    form.write_signals(root, part, dated, shard, drawing)
    return dated


def _write_manifests(folder: Path, layout: str) -> Path:
    """The shipped manifest beside the data, with its ``root`` and an honest title; and its twin's."""
    text = (MANIFESTS / f"{layout}.yaml").read_text(encoding="utf-8")
    title = load_manifest(MANIFESTS / f"{layout}.yaml").title
    for key, value in (("root", layout), ("title", f"{title} layout (simulated)")):
        text, count = re.subn(rf"(?m)^{key}: .*$", f"{key}: {value}", text)
        if count != 1:
            raise ValueError(f"{MANIFESTS / layout}.yaml: one line '{key}: ...' is needed")
    head = "# SIMULATED: written by `python -m cardiacnets export`; nobody was examined.\n"
    path = folder / f"{layout}.yaml"
    with atomic_path(path) as temporary:
        temporary.write_text(head + text, encoding="utf-8")
    twin = f"{load_manifest(path).twin}.yaml"
    with atomic_path(folder / twin) as temporary:
        shutil.copyfile(MANIFESTS / twin, temporary)
    return path
