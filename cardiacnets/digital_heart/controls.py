"""Negative controls: pairs that are no pairs, and ECGs of hearts that are somebody else's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cardiacnets.digital_heart.cohort import check, simulate_participants, visits

FOREIGN = 2**32
"""Added to a seed for hearts that no run can draw."""


def permuted_pairs(n: int, seed: int | Sequence[int] = 0) -> np.ndarray:
    """A permutation of ``n`` rows that leaves none in place (Sattolo's cycle): pair ECG ``i`` with cine
    ``p[i]``.

    Raises ``ValueError`` for ``n < 2``.
    """
    if n < 2:
        raise ValueError(f"permuting pairs needs n >= 2, not {n}")
    stream = np.random.default_rng(seed)
    order = np.arange(n)
    for last in range(n - 1, 0, -1):
        other = stream.integers(last)
        order[[last, other]] = order[[other, last]]
    return order


def resampled_ecg(
    participants: range, cohort: str = "ukb", preset: str = "enriched", seed: int = 0
) -> np.ndarray:
    """ECGs ``(R, 12, 5000)`` mV from hearts whose latents are all drawn anew, row-aligned with the cohort's.

    They look like ECGs and know nothing of the participant: whatever a model still finds in them is a leak.
    """
    place = check(len(participants), cohort, preset, seed, 1)
    owner, _ = visits(place, seed, participants)
    foreign = simulate_participants(participants, place, preset, seed + FOREIGN, 1, cines=False)
    first, _ = visits(place, seed + FOREIGN, participants)
    rows = np.array([np.flatnonzero(first == person)[0] for person in owner])
    return foreign.ecg[rows]
