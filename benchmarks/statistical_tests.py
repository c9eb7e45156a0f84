"""Speed of the statistics beside what one writes first: DeLong by pairs, correlations by resampling rows.

    python benchmarks/statistical_tests.py

One thread; CPU seconds, best of three for what takes under a second. The slow alternatives run on less and
are scaled, which the output says.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import resource  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable  # noqa: E402

import numpy as np  # noqa: E402

from cardiacnets.statistics import bootstrap_correlations, delong_test  # noqa: E402

CASES = 20_000
INDICES, RESAMPLES, MODELS, PARTICIPANTS = 82, 10_000, 3, 4_000


def seconds(task: Callable[[], object], repeats: int = 1) -> float:
    """Least CPU time of ``repeats`` runs."""
    spent = []
    for _ in range(repeats):
        start = time.process_time()
        task()
        spent.append(time.process_time() - start)
    return min(spent)


def delong_by_pairs(labels: np.ndarray, scores: np.ndarray, rows: int) -> np.ndarray:
    """Placements of the first ``rows`` cases by comparison with every control, for two scores (n, 2)."""
    cases, controls = scores[labels][:rows], scores[~labels]
    wins = [(np.sign(each - controls) + 1).mean(axis=0) / 2 for each in cases]
    return np.array(wins)


def correlations_by_rows(truth: np.ndarray, arms: list[np.ndarray], resamples: int) -> np.ndarray:
    """Mean correlations of each arm over resamples: draw rows, then ``np.corrcoef`` for each index."""
    rng, found = np.random.default_rng(0), []
    for _ in range(resamples):
        rows = rng.integers(len(truth), size=len(truth))
        found.append([
            np.mean([np.corrcoef(truth[rows, i], arm[rows, i])[0, 1] for i in range(truth.shape[1])])
            for arm in arms
        ])
    return np.array(found)


def main() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(2 * CASES) < CASES
    scores = rng.normal(size=(2 * CASES, 2)) + labels[:, None]
    fast = seconds(lambda: delong_test(labels, *scores.T), repeats=3)
    rows = 200
    slow = seconds(lambda: delong_by_pairs(labels, scores, rows)) * CASES / rows * 2  # cases, then controls
    print(f"DeLong test, {CASES:,} cases and {CASES:,} controls")
    print(f"  midranks {fast:.3f} s; by pairs {slow:.0f} s (from {rows} cases); ratio {slow / fast:,.0f}")

    truth = rng.normal(size=(PARTICIPANTS, INDICES))
    arms = {f"model {i}": 0.5 * truth + rng.normal(size=truth.shape) for i in range(MODELS)}
    a, b, *_ = arms
    fast = seconds(lambda: bootstrap_correlations(truth, arms, resamples=RESAMPLES).mean_difference(a, b))
    tried = 5
    slow = seconds(lambda: correlations_by_rows(truth, list(arms.values()), tried)) * RESAMPLES / tried
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{INDICES} correlations, {RESAMPLES:,} resamples, {MODELS} models, {PARTICIPANTS:,} participants")
    print(f"  sums {fast:.1f} s; by rows {slow:.0f} s (from {tried} resamples); ratio {slow / fast:,.0f}")
    print(f"  peak memory of the process {memory:.2f} GB")


if __name__ == "__main__":
    main()
