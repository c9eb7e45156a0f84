"""The library's worker processes beside plain ones: seconds until two have started, and of what they compute.

    python benchmarks/workers.py --json workers.json      (two minutes on two cores)

``plain``: a pool of spawned processes, each of which imports what its job needs and lets libraries choose
their threads. ``library``: :func:`cardiacnets.parallel.process_pool`. ``start``: a pool opened for a job of
chapter 05 that does nothing; ``fits``: logistic regressions, as that chapter's readouts are. In turns, so
that a busy machine weighs on both alike.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from cardiacnets import parallel
from cardiacnets.artefacts import write_json
from cardiacnets.experiments.downstream_tasks import downstream


def nothing(_: int) -> str:
    """A job that needs the chapter's modules and no time."""
    return downstream.__name__


def fits(seed: int) -> float:
    """Seconds of forty logistic regressions; loading the libraries is not counted."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    random = np.random.default_rng(seed)
    features = random.normal(size=(1000, 600))
    label = features[:, :20].sum(1) + random.normal(size=1000) * 4 > 0
    started = time.perf_counter()
    for number in range(40):
        LogisticRegression(C=10.0 ** (number % 5 - 4), max_iter=2000).fit(features, label)
    return time.perf_counter() - started


def plain_pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    pools = {"plain": plain_pool, "library": lambda: parallel.process_pool(2)}
    spent = {(what, way): [] for what in ("start", "fits") for way in pools}
    for _ in range(options.rounds):
        for way, pool in pools.items():
            started = time.perf_counter()
            with pool() as workers:
                list(workers.map(nothing, (1, 2)))
            spent["start", way].append(time.perf_counter() - started)
            with pool() as workers:
                spent["fits", way].append(max(workers.map(fits, (1, 2))))
    # the library's first pool starts the server, and counts here with the others
    medians = {key: statistics.median(seconds) for key, seconds in spent.items()}
    for (what, way), median in medians.items():
        seconds = spent[what, way]
        print(f"{what:5} {way:7} {median:.2f} s ({min(seconds):.2f} - {max(seconds):.2f})")
    for what in ("start", "fits"):
        print(f"{what}: {medians[what, 'plain'] / medians[what, 'library']:.1f} times as fast")
    if options.json:
        write_json(options.json, {f"{what} {way}": seconds for (what, way), seconds in spent.items()})


if __name__ == "__main__":
    main()
