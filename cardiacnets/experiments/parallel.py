"""Several artefacts at once, one process each: two one-thread fits finish before one two-thread fit on small models."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any


def run_jobs(job: Callable[..., Any], arguments: Sequence[tuple], processes: int | None = None) -> list[Any]:
    """``[job(*a) for a in arguments]`` in spawned processes; each job writes its own artefact.

    Results do not depend on the number of processes, since a job fixes its own seed and threads. The first failure
    is raised when it is met.
    """
    processes = min(processes or os.cpu_count() or 1, len(arguments))
    if processes <= 1:
        return [job(*each) for each in arguments]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        return [future.result() for future in [pool.submit(job, *each) for each in arguments]]
