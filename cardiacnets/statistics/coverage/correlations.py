"""Studies of correlations: one, ranks, two that share a variable, the mean over indices, any of many."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from cardiacnets.statistics.correlation import compare_correlations, pearson_interval, spearman_interval
from cardiacnets.statistics.correlation_resampling import (
    bootstrap_correlations,
    correlation_bca,
    max_t_correlations,
)
from cardiacnets.statistics.coverage.counting import Count, holds, scenario
from cardiacnets.statistics.estimate import two_sided

BATCH = 250
"""Studies resampled together."""


@scenario(5)
def one_correlation(replicates: int, rng: np.random.Generator) -> Iterator[Count]:
    """Pearson intervals, normal and heavy-tailed pairs; studies are columns, a batch of them at a time."""
    for n in (111, 464, 1528):
        for tails in ("normal", "heavy-tailed"):
            fisher, bca = [], []
            for start in range(0, replicates, BATCH):
                x, y = _correlated(n, min(BATCH, replicates - start), 0.4, tails, rng)
                fisher.append(holds(pearson_interval(x, y).interval, 0.4))
                bca.append(holds(correlation_bca(x, y, resamples=1000, seed=start).interval, 0.4))
            setting, normal = f"r .4, {tails}", tails == "normal"
            for method, recommended, hits in (
                ("Fisher interval", normal, fisher), ("BCa bootstrap", not normal, bca)
            ):
                yield Count("correlation", method, setting, n, "coverage", recommended, np.concatenate(hits))


@scenario(18)
def rank_correlation(replicates: int, rng: np.random.Generator) -> Iterator[Count]:
    """Spearman intervals of normal pairs, whose rank correlation is 6 / pi arcsin(r / 2)."""
    truth = 6 / np.pi * np.arcsin(0.4 / 2)
    for n in (111, 464, 1528):
        held = []
        for start in range(0, replicates, BATCH):
            x, y = _correlated(n, min(BATCH, replicates - start), 0.4, "normal", rng)
            held.append(holds(spearman_interval(x, y).interval, truth))
        yield Count("rank correlation", "Bonett-Wright interval", "r .4, normal", n, "coverage", True,
                    np.concatenate(held))


@scenario(6)
def two_correlations(replicates: int, rng: np.random.Generator) -> Iterator[Count]:
    """Two predictions of one index that correlate equally with the truth."""
    for n in (111, 464, 1528):
        williams, steiger, zou, published = [], [], [], []
        for _ in range(replicates):
            y, common = rng.normal(size=(2, n))
            a, b = 0.5 * y + common + rng.normal(size=(2, n))
            found = compare_correlations(y, a, b)
            williams.append(found.pvalue < 0.05)
            steiger.append(found.steiger_pvalue < 0.05)
            zou.append(holds(found.interval, 0.0))
            z = (np.arctanh(found.r_a) - np.arctanh(found.r_b)) / np.sqrt(2 / (n - 3))
            published.append(two_sided(z) < 0.05)
        for method, kind, recommended, hits in (
            ("Williams t", "test", True, williams), ("Steiger z", "test", False, steiger),
            ("Zou interval", "coverage", True, zou), ("z as if independent", "test", False, published),
        ):
            yield Count("correlation difference", method, "equal r", n, kind, recommended, np.array(hits))


@scenario(7)
def mean_correlations(replicates: int, rng: np.random.Generator) -> Iterator[Count]:
    """Mean correlation over twenty correlated indices, two arms of equal worth."""
    for n in (111, 464):
        held, alarms = [], []
        for _ in range(replicates):
            truth, arms = _equal_arms(n, rng)
            found = bootstrap_correlations(truth, arms, resamples=500).mean_difference("a", "b")
            held.append(holds(found.interval, 0.0))
            alarms.append(found.pvalue < 0.05)
        for method, kind, hits in (("interval, BCa", "coverage", held), ("test", "test", alarms)):
            method = f"participant bootstrap {method}"
            yield Count("mean r difference", method, "equal arms", n, kind, True, np.array(hits))


@scenario(19)
def many_indices(replicates: int, rng: np.random.Generator) -> Iterator[Count]:
    """Two arms of equal worth over twenty correlated indices: is any index called different?"""
    for n in (111, 464):
        alarms = {"max-T permutation": [], "Williams t, Bonferroni or Holm": [], "no adjustment": []}
        for study in range(replicates):
            truth, arms = _equal_arms(n, rng)
            found = max_t_correlations(truth, *arms.values(), permutations=199, seed=study)
            # Holm's first step is Bonferroni's: to find any, the two are one
            least = compare_correlations(truth, *arms.values()).pvalue.min()
            for hits, alarm in zip(
                alarms.values(), (found.adjusted.min() <= 0.05, 20 * least < 0.05, least < 0.05), strict=True
            ):
                hits.append(alarm)
        for method, hits in alarms.items():
            kind, recommended = "exact test" if "max-T" in method else "test", "max-T" in method
            yield Count("any of 20 indices", method, "equal arms", n, kind, recommended, np.array(hits))


def _correlated(n: int, studies: int, r: float, tails: str, rng: np.random.Generator) -> np.ndarray:
    """Pairs (2, n, studies) of correlation r; heavy tails: every pair on its own scale."""
    x, e = rng.normal(size=(2, n, studies))
    pair = np.stack([x, r * x + np.sqrt(1 - r**2) * e])
    return pair if tails == "normal" else pair / np.sqrt(rng.chisquare(8, size=(n, studies)) / 8)


def _equal_arms(n: int, rng: np.random.Generator) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Twenty correlated indices (n, 20), and two predictions of them of equal worth."""
    truth = rng.normal(size=(n, 20)) + rng.normal(size=(n, 1))
    shared = rng.normal(size=(n, 20))
    return truth, {arm: 0.5 * truth + shared + rng.normal(size=(n, 20)) for arm in "ab"}
