"""Chapter 03: do ECGs with a broad QRS complex lie together in the shared space?"""

from __future__ import annotations

import numpy as np
from sklearn.neighbors import NearestNeighbors

from cardiacnets.cohorts.preprocessing import CleanCohort
from cardiacnets.contracts import BEAT_RATE
from cardiacnets.ecg import measure_beats
from cardiacnets.statistics import wilson_interval

BROAD_MS = 150.0
"""The rule measures generously: in this simulation it reads ordinary complexes as 90 to 130 ms wide."""
FEW = 10
"""Below so many broad complexes nothing is said of where they lie."""


def broad_complexes(clean: CleanCohort, rows: np.ndarray) -> np.ndarray:
    """Which of ``rows`` (n,) have a median beat whose QRS complex measures :data:`BROAD_MS` or more, (n,)."""
    return (measure_beats(clean.beats[rows], BEAT_RATE)["qrs_ms"] >= BROAD_MS).to_numpy()


def lie_together(plane: np.ndarray, broad: np.ndarray) -> str:
    """In a sentence whether the ECGs that are ``broad`` (n,) have others of their kind as their nearest
    neighbour in ``plane`` (n, 2), and how often anybody would by chance: Wilson's interval of the share
    decides.
    """
    count = int(broad.sum())
    if count < FEW:
        return f"Fewer than {FEW} of these ECGs have a broad QRS complex, too few to say where they lie"
    nearest = NearestNeighbors(n_neighbors=2).fit(plane).kneighbors(plane, return_distance=False)[:, 1]
    found = wilson_interval(int(broad[nearest][broad].sum()), count)
    chance, (low, high) = (count - 1) / (len(broad) - 1), found.interval
    words = "they lie together" if low > chance else "they are not shown to lie together"
    return (
        f"Of the {count} ringed ECGs {100 * found.estimate:.0f} % ({100 * low:.0f} to {100 * high:.0f}) have "
        f"another one as their nearest neighbour in this plane, where chance would give {100 * chance:.0f} "
        f"%: {words}"
    )
