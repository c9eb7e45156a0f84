"""Reader studies: six readers, 111 cases, two modalities that are equally good."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from cardiacnets.statistics.coverage.counting import SIZES, Count, scenario
from cardiacnets.statistics.proportions import clustered_paired_test, mcnemar_test, two_proportion_z
from cardiacnets.statistics.reader_study import obuchowski_rockette


@scenario(9)
def reader_studies(replicates: int, rng: np.random.Generator) -> Iterator[Count]:
    """Six readers, 111 cases, two equal modalities, after the model of Roe and Metz 1997."""
    diseased, healthy = SIZES["reader study"]
    truth = np.arange(diseased + healthy) < diseased
    axes = {"modality": ["a", "b"], "reader": range(6), "case": range(len(truth))}
    table = pd.MultiIndex.from_product(axes.values(), names=axes.keys()).to_frame(index=False)
    table["truth"] = truth[table["case"]].astype(int)
    alarms = {"readers and cases": [], "cases": [], "readers": []}
    decisions = {"pooled z (as published)": [], "McNemar, rows as independent": [], "clustered by case": [],
                 "Obuchowski-Rockette, readers and cases random": []}
    for _ in range(replicates):
        ratings = _roe_metz(truth, 6, rng)
        table["rating"] = ratings.ravel()
        for random, found in alarms.items():
            found.append(obuchowski_rockette(table, random=random).pvalue < 0.05)
        a, b = (ratings[:, :, truth] >= 0.8).reshape(2, -1)  # (modalities, readers * diseased)
        cases = np.tile(np.arange(diseased), 6)
        binary = obuchowski_rockette(table, merit="sensitivity", threshold=0.8)
        tests = (two_proportion_z(int(a.sum()), len(a), int(b.sum()), len(b)), mcnemar_test(a, b, "midp"),
                 clustered_paired_test(a, b, cases), binary)
        for found, test in zip(decisions.values(), tests, strict=True):
            found.append(test.pvalue < 0.05)
    for random, hits in alarms.items():
        method, recommended = f"Obuchowski-Rockette, {random} random", random == "readers and cases"
        yield Count("reader study", method, "AUC", len(truth), "test", recommended, np.array(hits))
    for method, hits in decisions.items():
        recommended = method.startswith("Obuchowski")
        yield Count("reader study", method, "sensitivity", diseased, "test", recommended, np.array(hits))


def _roe_metz(truth: np.ndarray, readers: int, rng: np.random.Generator) -> np.ndarray:
    """Ratings (2, readers, cases) of equal modalities: variance components of Roe and Metz 1997 ("HL")."""
    n = len(truth)
    kinds = {"case": (0.3, (1, 1, n)), "modality": (0.3, (2, 1, n)), "reader": (0.2, (1, readers, n))}
    ratings = np.sqrt(0.2) * rng.normal(size=(2, readers, n))
    for variance, shape in kinds.values():
        ratings = ratings + np.sqrt(variance) * rng.normal(size=shape)
    of_readers, of_modalities = rng.normal(size=(2, 1, readers, 1)), rng.normal(size=(2, 2, readers, 1))
    effects = np.sqrt(0.03) * (of_readers + of_modalities)  # (truth, modality, reader, 1)
    return ratings + np.where(truth, 1.5 + effects[1], effects[0])
