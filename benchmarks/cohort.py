"""A cohort from its files to what networks see: time, peak memory and bytes on disk of each stage.

    python benchmarks/cohort.py --recordings 40000 --out cohort.json   (10 GB below --folder)
    python benchmarks/cohort.py --recordings 2000                      (minutes)

A simulated MIMIC-IV-ECG is written in the real layout, then goes the way of a user's own: ``check`` of its
manifest (100 files opened), tables and WFDB records into the store, cleaning into the clean store. Every
stage runs in a process of its own, so that its peak memory is its own, with ``--processes`` workers; the
largest of them is reported, and what all of them took of the processors. Three in five participants have one
recording, the others up to four, so participants are fewer than recordings asked for and the count is stated.
The tables of such a cohort are small; ``tests/cohorts/test_tables.py`` holds that memory does not grow with
codes that carry no label.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

RECORDINGS_EACH = 1.72
"""Expected recordings of a participant, from the shares in ``digital_heart.sites``."""

STAGES = ("export", "check", "store", "clean")


def run_stage(stage: str, folder: Path, participants: int, processes: int) -> int:
    """Do one stage below ``folder``; return the recordings it saw."""
    from cardiacnets.cohorts.checking import check
    from cardiacnets.cohorts.export import Drawing, export_cohort
    from cardiacnets.cohorts.manifest import load_manifest
    from cardiacnets.cohorts.preprocessing import preprocess_cohort
    from cardiacnets.profile import load_profile
    from cardiacnets.run import Run

    manifest = folder / "data" / "mimic_iv_ecg.yaml"
    run = Run(folder / "run", "benchmark", load_profile("quick"))
    if stage == "export":
        export_cohort(folder / "data", "mimic_iv_ecg", Drawing(participants, seed=1), processes)
        return participants
    if stage == "check":
        report = check(load_manifest(manifest))
        if report.faults:
            raise SystemExit(str(report))
        return report.seen["recordings"]
    if stage == "store":
        from cardiacnets.cohorts.studied import store_cohort

        return len(store_cohort(run, "mimic", load_manifest(manifest), processes).recordings)
    index = preprocess_cohort(run, "mimic", processes, progress=False).index
    if not index["usable"].all():
        raise SystemExit(str(index.loc[~index["usable"], "reason"].value_counts()))
    return len(index)


def measure(stage: str, folder: Path, participants: int, processes: int) -> dict[str, float]:
    """Seconds, processor seconds, and the largest resident memory (MB) of a process of the stage."""
    command = [sys.executable, __file__, "--stage", stage, "--folder", str(folder),
               "--participants", str(participants), "--processes", str(processes)]  # fmt: skip
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{stage}: {done.stderr[-2000:]}")
    told = json.loads(done.stdout.splitlines()[-1])
    return {"seconds": time.perf_counter() - started} | told


def own_costs(recordings: int) -> dict[str, float]:
    """What this process and its ended workers took."""
    whose = [resource.getrusage(one) for one in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "recordings": recordings,
        "processor_seconds": sum(one.ru_utime + one.ru_stime for one in whose),
        "peak_mb": max(one.ru_maxrss for one in whose) / 1024,
    }


def size_mb(folder: Path) -> float:
    """Megabytes of the files below a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recordings", type=int, default=40_000, help="about how many (default 40,000)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--folder", type=Path, help="where the files are put (default: a temporary folder)")
    parser.add_argument("--out", type=Path, help="write the figures to this JSON file")
    parser.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)
    parser.add_argument("--participants", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stage:
        seen = run_stage(options.stage, options.folder, options.participants, options.processes)
        print(json.dumps(own_costs(seen)))
        return
    participants = max(10, round(options.recordings / RECORDINGS_EACH))
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        figures = {stage: measure(stage, folder, participants, options.processes) for stage in STAGES}
        places = {"export": "data", "store": "run/cohorts", "clean": "run/clean"}
        for stage, place in places.items():
            figures[stage]["disk_mb"] = size_mb(folder / place)
    count = figures["clean"]["recordings"]
    machine = platform.processor() or platform.machine()
    print(f"{machine}, {os.cpu_count()} cores, {options.processes} processes; "
          f"{participants:,} participants, {count:,} recordings")  # fmt: skip
    print(f"{'stage':8}{'seconds':>10}{'processor s':>13}{'ms each':>9}{'peak MB':>9}{'disk MB':>10}")
    for stage, one in figures.items():
        each = 1000 * one["processor_seconds"] / count
        print(f"{stage:8}{one['seconds']:10.1f}{one['processor_seconds']:13.1f}{each:9.2f}"
              f"{one['peak_mb']:9.0f}{one.get('disk_mb', 0):10.1f}")  # fmt: skip
    if options.out:
        from cardiacnets.artefacts import write_json

        write_json(options.out, {
            "participants": participants, "recordings": count, "processes": options.processes,
            "stages": figures, "machine": machine, "cores": os.cpu_count(),
            "python": platform.python_version(),
        })  # fmt: skip


if __name__ == "__main__":
    main()
