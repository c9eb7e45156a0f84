"""Zero-shot retrieval: can an ECG find its own MRI among those of all test participants?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import torch

from cardiacnets.models.contrast import retrieval_ranks
from cardiacnets.statistics import Estimate, bootstrap_mean, wilson_interval

DIRECTIONS = {
    "ECG to SAX": ("ecg", "sax"),
    "ECG to four-chamber": ("ecg", "lax"),
    "SAX to ECG": ("sax", "ecg"),
    "four-chamber to ECG": ("lax", "ecg"),
}


def retrieval_table(embedded: Mapping[str, Mapping[str, np.ndarray]]) -> pd.DataFrame:
    """Recall at 1, 5 and 10 with Wilson intervals, and the median rank, of each arm and direction.

    ``embedded``: for each arm vectors (n, P) by ``ecg``, ``sax`` and ``lax``. Two further rows say what
    chance gives.
    """
    rows = []
    for arm, vectors in embedded.items():
        for direction in DIRECTIONS:
            ranks = _ranks(vectors, direction)
            row = {
                "arm": arm,
                "direction": direction,
                "n": len(ranks),
                "median_rank": float(np.median(ranks)),
            }
            for place in (1, 5, 10):
                result = wilson_interval(int((ranks <= place).sum()), len(ranks))
                row |= result.columns(f"recall_{place}")
            rows.append(row)
    count = rows[0]["n"]
    chance = {"arm": "chance", "direction": "any", "n": count, "median_rank": (count + 1) / 2}
    return pd.DataFrame(
        [*rows, chance | {f"recall_{place}": min(1.0, place / count) for place in (1, 5, 10)}]
    )


def found_more(
    one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray], place: int, resamples: int, seed: int
) -> Estimate:
    """How many more ECGs find their own SAX cine among the first ``place`` by the vectors of ``one`` than by
    those of ``other``, as a share of the same ECGs, with a bootstrap interval over them.
    """
    one_found, other_found = (_ranks(vectors, "ECG to SAX") <= place for vectors in (one, other))
    return bootstrap_mean(one_found.astype(float) - other_found, resamples=resamples, seed=seed)


def _ranks(vectors: Mapping[str, np.ndarray], direction: str) -> np.ndarray:
    """Ranks (n,) of the own partner."""
    return retrieval_ranks(*(torch.from_numpy(vectors[name]) for name in DIRECTIONS[direction])).numpy()
