"""Chapter 03: do ECGs with a broad QRS complex lie together in the shared space?"""

from __future__ import annotations

import numpy as np
from sklearn.neighbors import NearestNeighbors

from cardiacnets.cohorts.preprocessing import CleanCohort
from cardiacnets.contracts import BEAT_RATE
from cardiacnets.ecg import measure_beats

BROAD_MS = 150.0
"""The rule measures generously: in this simulation it reads ordinary complexes as 90 to 130 ms wide."""
FEW = 10
"""Below so many broad complexes nothing is said of where they lie."""


def broad_complexes(clean: CleanCohort, rows: np.ndarray) -> np.ndarray:
    """Which of ``rows`` (n,) have a median beat whose QRS complex measures :data:`BROAD_MS` or more, (n,)."""
    return (measure_beats(clean.beats[rows], BEAT_RATE)["qrs_ms"] >= BROAD_MS).to_numpy()


def lie_together(plane: np.ndarray, broad: np.ndarray) -> str:
    """In a sentence whether the ECGs that are ``broad`` (n,) have others of their kind as their nearest
    neighbour in ``plane`` (n, 2), and how often anybody would by chance.
    """
    count = int(broad.sum())
    if count < FEW:
        return f"Fewer than {FEW} of these ECGs have a broad QRS complex, too few to say where they lie"
    nearest = NearestNeighbors(n_neighbors=2).fit(plane).kneighbors(plane, return_distance=False)[:, 1]
    found, chance = float(broad[nearest][broad].mean()), (count - 1) / (len(broad) - 1)
    words = "they lie together" if found > 2 * chance else "they lie scattered among the others"
    return (
        f"Of the {count} ringed ECGs {100 * found:.0f} % have another one as their nearest neighbour in this "
        f"plane, where chance would give {100 * chance:.0f} %: {words}"
    )
