"""The simulated cohort's speed and memory: milliseconds a participant, and whether memory grows with n.

    python benchmarks/digital_heart.py --out digital_heart.json             (about a minute on two cores)
    python benchmarks/digital_heart.py --participants 64 --repeats 2
    python benchmarks/digital_heart.py --beside another_simulator.py        (its simulate(n), in the same run)

Each figure is the median of ``--repeats`` runs in processes of their own, one thread each, on this machine.
``parts`` splits a participant into geometry, its 82 indices, ECG, and the two cines; ``writing`` streams a
cohort to disk with one and two processes and at two sizes, so that growth of memory with n would show.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
SEED = 20_901


def parts(count: int, frames: int) -> dict[str, float]:
    """CPU milliseconds a participant of each stage, one after the other."""
    from cardiacnets.digital_heart import cohort
    from cardiacnets.digital_heart.hearts import draw_hearts
    from cardiacnets.digital_heart.indices import healthy_spread, recorded_indices, true_indices
    from cardiacnets.digital_heart.sites import site
    from cardiacnets.digital_heart.streams import Draws

    healthy_spread()  # computed once a process
    place, people = site("ukb", "enriched"), range(count)
    cohort.simulate_participants(range(2), place, "enriched", SEED, frames, True)
    result = {}

    def timed(name: str, work: Callable[[], object]) -> object:
        start = time.process_time()
        value = work()
        result[name] = 1e3 * (time.process_time() - start) / count
        return value

    def indices() -> None:
        truth = true_indices(anatomy)
        recorded_indices(anatomy, truth, Draws(SEED, "ukb", people, "measurement"))

    anatomy = timed("latents and geometry", lambda: draw_hearts(people, place, "ukb", SEED))
    timed("82 indices", indices)
    owner, visit = cohort.visits(place, SEED, people)
    timed("ECG", lambda: cohort.ecgs(anatomy, place, SEED, people, owner, visit))
    timed("both cines", lambda: cohort.render_cines(anatomy, SEED, "ukb", people, frames))
    result["sum"] = sum(result.values())
    return result


def writing(count: int, frames: int, processes: int) -> dict[str, float]:
    """Wall milliseconds a participant and peak MiB of the largest process while a cohort is written."""
    from cardiacnets.digital_heart import write_cohort

    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        write_cohort(folder, count, "ukb", seed=SEED, frames=frames, processes=processes)
        wall = time.perf_counter() - start
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {"ms": 1e3 * wall / count, "peak MiB": peak / 1024}


def beside(path: str, count: int) -> dict[str, float]:
    """CPU milliseconds a participant of another simulator: a Python file with ``simulate(n)``."""
    spec = importlib.util.spec_from_file_location("other_simulator", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.simulate(1)
    start = time.process_time()
    module.simulate(count)
    return {"sum": 1e3 * (time.process_time() - start) / count}


def run_apart(task: list[str], repeats: int) -> dict[str, float]:
    """The median of a task's figures over ``repeats`` fresh processes of this file."""
    command = [sys.executable, __file__, "--task", json.dumps(task)]
    runs = []
    for _ in range(repeats):
        done = subprocess.run(
            command, env=os.environ | ONE_THREAD, capture_output=True, text=True, check=True
        )
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    return {name: round(float(np.median([run[name] for run in runs])), 2) for name in runs[0]}


def main() -> None:
    """Run every comparison, print it and, with ``--out``, write it as JSON."""
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument("--participants", type=int, default=128)
    arguments.add_argument("--repeats", type=int, default=3)
    arguments.add_argument("--beside", help="a Python file with simulate(n), timed in the same run")
    arguments.add_argument("--out", type=Path)
    arguments.add_argument("--task", help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    tasks = {"parts": parts, "writing": writing, "beside": beside}
    if chosen.task:
        name, *values = json.loads(chosen.task)
        print(json.dumps(tasks[name](*values)))
        return
    count, results = chosen.participants, {"machine": platform.processor() or platform.machine()}
    for frames in (50, 16):
        results[f"parts, {frames} frames, CPU ms"] = run_apart(["parts", count, frames], chosen.repeats)
    for size, processes in ((count, 1), (4 * count, 1), (4 * count, 2)):
        name = f"writing {size} participants, 16 frames, {processes} process(es)"
        results[name] = run_apart(["writing", size, 16, processes], chosen.repeats)
    if chosen.beside:
        results["beside, CPU ms"] = run_apart(["beside", chosen.beside, count], chosen.repeats)
    print(json.dumps(results, indent=2))
    if chosen.out:
        from cardiacnets.artefacts import write_json

        write_json(chosen.out, results)


if __name__ == "__main__":
    main()
