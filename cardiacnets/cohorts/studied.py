"""Which cohorts a run studies: simulated, but for those of which there is a manifest.

A folder of manifests stands for real cohorts. A manifest fills the place of the cohort it is named after
(``ukb.yaml``, ``fahzu_readers.yaml``), or else of the one that its twin simulates (``mimic_iv_ecg.yaml`` that
of ``mimic``); one that fills no place (``ptb_xl.yaml``) is stored and cleaned beside the others. What a run
studies is read from the stored cohorts themselves, so that later chapters need not be told.

Beside a real cohort stands a simulated twin of a few hundred people. Whatever chapters show of one person,
they show of the twin; and so do sections that only a simulation can answer.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from cardiacnets.artefacts import read_json
from cardiacnets.cohorts.flow import Flow
from cardiacnets.cohorts.importing import (
    Selection,
    hand_over,
    ingredients_of,
    read_cohort,
    read_part,
    select_recordings,
)
from cardiacnets.cohorts.manifest import Manifest, load_manifest
from cardiacnets.cohorts.store import (
    SIMULATED_COHORTS,
    TWIN,
    Cohort,
    open_cohort,
    simulate_cohort,
    simulate_twin,
    worthwhile_processes,
)
from cardiacnets.run import SIDECAR, Run
from cardiacnets.shards import Part
from cardiacnets.study import PAIRED_COHORTS, covariates_of


def load_manifests(folder: Path | str) -> dict[str, Manifest]:
    """The manifests of real cohorts in ``folder``, by the cohort whose place they take; none for ``""``.

    Manifests of simulated cohorts beside them are passed over. Raises ``ValueError`` if there is no such
    folder, no manifest of files in it, or two for one place.
    """
    if not str(folder):
        return {}
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder; give the one that holds your manifests")
    found: dict[str, Manifest] = {}
    for path in sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")]):
        manifest = load_manifest(path)
        if manifest.source == "simulated":
            continue
        name = _place(manifest)
        if name in found:
            raise ValueError(f"{path}: the cohort {name!r} is already described by {found[name].file.name}")
        found[name] = manifest
    if not found:
        raise ValueError(f"{folder}: no manifest of a cohort of files; copy one from data_manifests/")
    return found


def _place(manifest: Manifest) -> str:
    if manifest.file.stem in SIMULATED_COHORTS:
        return manifest.file.stem
    twin = load_manifest(manifest.sibling(manifest.twin)).cohort if manifest.twin else None
    if twin is not None and twin not in SIMULATED_COHORTS:
        raise ValueError(f"{manifest.file}: its twin simulates {twin!r}, which no chapter opens")
    return twin or manifest.name


def store_cohorts(run: Run, manifests: Path | str = "") -> dict[str, Cohort]:
    """Store every cohort that the chapters open, real where ``manifests`` has one for it, or reuse it.

    Raises ``ValueError`` as :func:`load_manifests` and the readers of tables, and where a simulated cohort
    would take the place of a stored real one.
    """
    real = load_manifests(manifests)
    names = [*SIMULATED_COHORTS, *(name for name in real if name not in SIMULATED_COHORTS)]
    return {name: store_cohort(run, name, real.get(name)) for name in names}


def store_cohort(
    run: Run, name: str, manifest: Manifest | None = None, processes: int | None = None
) -> Cohort:
    """Store the cohort ``name`` from a manifest's files, or simulate it without one; or reuse it."""
    if manifest is None:
        if stored := real_cohorts(run).get(name):
            raise ValueError(
                f"{run.cohorts / name} holds {stored.title}, and would be replaced by a simulated cohort: "
                f"name its folder of manifests again ({stored.file.parent}), choose another RUN, or remove it"
            )
        return simulate_cohort(run, name, processes)
    chosen, ingredients = _to_read(run, name, manifest)
    work = len(chosen.recordings) * (10 if name in PAIRED_COHORTS else 1)  # a zip of DICOM is slow to read

    def make(folder: Path) -> None:
        state = run.unfinished(ingredients)
        read_cohort(state, chosen, run.profile.cohorts.frames, processes or worthwhile_processes(work))
        hand_over(state, folder)

    run.fit_or_load(run.cohorts / name, ingredients, make)
    if name in PAIRED_COHORTS:
        simulate_twin(run, name, processes)
    return open_cohort(run, name)


def store_part(run: Run, name: str, manifest: Manifest, part: Part) -> None:
    """Read one part of a manifest's files for :func:`store_cohort`, unless that has stored them all."""
    chosen, ingredients = _to_read(run, name, manifest)
    if not run.holds(run.cohorts / name, ingredients):
        read_part(run.unfinished(ingredients), chosen, run.profile.cohorts.frames, part)


def _to_read(run: Run, name: str, manifest: Manifest) -> tuple[Selection, dict]:
    """Who is read for the cohort ``name``, and the ingredients of what is stored then."""
    chosen = select_recordings(manifest, covariates_of(name), cines=name in PAIRED_COHORTS)
    return chosen, ingredients_of(manifest, chosen, run.profile.cohorts.frames)


def real_cohorts(run: Run) -> dict[str, Manifest]:
    """The manifests of the run's stored real cohorts, by name; ``ValueError`` if one of them is gone."""
    sidecars = sorted(run.cohorts.glob(f"*/{SIDECAR}"))
    named = {path.parent.name: read_json(path)["ingredients"].get("manifest") for path in sidecars}
    return {name: load_manifest(file) for name, file in named.items() if file}


def studied_cohorts(run: Run) -> list[str]:
    """Names of the run's cohorts: those that chapters open, and further real ones."""
    return [*SIMULATED_COHORTS, *(name for name in real_cohorts(run) if name not in SIMULATED_COHORTS)]


def shown_cohort(run: Run, name: str) -> str:
    """The cohort of whom single people may be shown: ``name`` if it is simulated, else its twin."""
    return f"{name}{TWIN}" if name in real_cohorts(run) else name


def may_show(run: Run, name: str) -> bool:
    """Whether single people of a cohort may be shown: they are simulated."""
    return shown_cohort(run, name) == name


def open_shown(run: Run, name: str) -> Cohort:
    """The simulated cohort ``name``, or the simulated twin of the real one."""
    return open_cohort(run, shown_cohort(run, name))


def stored_flows(run: Run) -> dict[str, Flow]:
    """The flow of participants into each stored real cohort."""
    flows = {}
    for name in real_cohorts(run):
        folder = run.cohorts / name
        kept = pd.read_parquet(folder / "quality.parquet", columns=["reason"])["reason"] == ""
        flows[name] = Flow(pd.read_parquet(folder / "flow.parquet"), kept.to_numpy())
    return flows
