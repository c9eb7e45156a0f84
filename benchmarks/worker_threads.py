"""Two processes that keep to one thread each, against two that let libraries choose: seconds of fits.

    python benchmarks/worker_threads.py --fits 40 --json worker_threads.json      (a minute on two cores)

Logistic regressions, as chapter 05's readouts are, by :func:`cardiacnets.parallel.run_jobs`. ``free``: a
worker's environment does not name a number of threads, and SciPy's linear algebra, loaded when the job needs
it, takes all cores; ``one``: as the library does it. In turns, so that a busy machine weighs on both alike.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

from cardiacnets import parallel
from cardiacnets.artefacts import write_json

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def fit(seed: int, fits: int) -> float:
    """Seconds of so many logistic regressions; loading the libraries is not counted."""
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    random = np.random.default_rng(seed)
    features = random.normal(size=(1000, 600))
    label = features[:, :20].sum(1) + random.normal(size=1000) * 4 > 0
    started = time.perf_counter()
    for number in range(fits):
        LogisticRegression(C=10.0 ** (number % 5 - 4), max_iter=2000).fit(features, label)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fits", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    inherited, seconds = dict(parallel.INHERITED), {"free": [], "one": []}
    for _ in range(options.rounds):
        for way, spent in seconds.items():
            for name in THREADS:
                if way == "free":
                    parallel.INHERITED.pop(name, None)
                else:
                    parallel.INHERITED[name] = inherited[name]
            spent += parallel.run_jobs(fit, [(seed, options.fits) for seed in (1, 2)], processes=2)
    medians = {way: statistics.median(spent) for way, spent in seconds.items()}
    for way, median in medians.items():
        print(f"{way:5} {median:.2f} s a process ({min(seconds[way]):.2f} - {max(seconds[way]):.2f})")
    print(f"one thread each: {medians['free'] / medians['one']:.1f} times as fast")
    if options.json:
        write_json(options.json, {"seconds": seconds, "median": medians})


if __name__ == "__main__":
    main()
