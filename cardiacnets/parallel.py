"""Work in several processes, one thread each: on small models two one-thread fits finish before one
two-thread fit.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any

import torch
from threadpoolctl import threadpool_limits

INHERITED = {
    # libraries that a worker loads only when its job needs them read these; of one that is loaded already,
    # the number of threads is set when the worker starts
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # bars of several processes would overwrite each other
    "TQDM_DISABLE": "1",
}
"""Of the environment of every worker."""


@contextmanager
def process_pool(processes: int) -> Iterator[ProcessPoolExecutor]:
    """A pool of processes whose numerical libraries keep to one thread, so that they do not crowd the cores.

    They are forked from a server that has computed nothing and imported once what is imported here when the
    first pool opens: a process that starts from nothing imports for seconds.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(sorted(filter(_holds_jobs, sys.modules)))
    before = {name: os.environ.get(name) for name in INHERITED}
    os.environ.update(INHERITED)
    try:
        with ProcessPoolExecutor(processes, mp_context=context, initializer=_start_worker) as pool:
            yield pool
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def run_jobs(job: Callable[..., Any], arguments: Sequence[tuple], processes: int) -> list[Any]:
    """``[job(*a) for a in arguments]`` in several processes; each job writes its own artefact, or returns
    what little it found.

    Results do not depend on the number of processes, since a job fixes its own seed and threads. The first
    failure is raised when it is met.
    """
    processes = min(processes, len(arguments))
    if processes <= 1:
        return [job(*each) for each in arguments]
    with process_pool(processes) as pool:
        return [future.result() for future in [pool.submit(job, *each) for each in arguments]]


def run_calls(calls: Sequence[tuple], processes: int) -> list[Any]:
    """As :func:`run_jobs` for ``calls`` of different functions, each ``(function, *arguments)``."""
    return run_jobs(_call, calls, processes)


def _call(function: Callable[..., Any], *arguments: Any) -> Any:
    return function(*arguments)


def _holds_jobs(module: str) -> bool:
    """Whether a module may hold what workers are asked for: of this package, below what makes pages (whose
    modules cannot all be imported first).
    """
    package, _, name = module.partition(".")
    return package == "cardiacnets" and name.partition(".")[0] not in ("", "report", "teaching", "__main__")


def _start_worker() -> None:
    torch.set_num_threads(1)
    threadpool_limits(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A run that was killed must not leave workers behind that write beside the next run."""
    multiprocessing.parent_process().join()
    os._exit(1)
