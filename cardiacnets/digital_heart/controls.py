"""Negative controls: pairs that are no pairs, ECGs of hearts that are somebody else's, and no ECG at all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cardiacnets.digital_heart.cohort import (
    check,
    ecgs,
    simulate_participants,
    visits,
)
from cardiacnets.digital_heart.hearts import draw_hearts, strangers_inside
from cardiacnets.digital_heart.oracle import ORACLE_SEED, measured_hearts, read_indices
from cardiacnets.phenotypes import INDEX_NAMES
from cardiacnets.study import covariates_of

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


def limited_ecg(
    participants: range, cohort: str = "ukb", preset: str = "enriched", seed: int = 0
) -> np.ndarray:
    """The ECGs ``(R, 12, 5000)`` mV that the cohort's participants have under ``information_limited``,
    row-aligned with it: a stranger's heart in the participant's own body, at the participant's own rate.

    They know of the participant what covariates know: hearts, cines, indices and labels stay the cohort's.
    """
    place = check(len(participants), cohort, preset, seed, 1)
    anatomy = draw_hearts(participants, place, cohort, seed)
    hearts = strangers_inside(anatomy, participants, place, cohort, seed)
    signals, _ = ecgs(hearts, place, seed, participants, *visits(place, seed, participants))
    return signals


def covariates_only(train: int = 4_000, test: int = 2_000, cohort: str = "ukb", preset: str = "enriched",
                    seed: int = ORACLE_SEED) -> pd.DataFrame:  # fmt: skip
    """One row an index: correlation with the ``true`` and the ``recorded`` index of what a ridge regression
    makes of the study's covariates, without an ECG; the floor under every model that sees both.

    Drawn, fitted and tested as :func:`cardiacnets.digital_heart.oracle.oracle_table`, on the same
    participants. Raises ``ValueError`` for unknown names or fewer than 200 participants on either side.
    """
    place = check(train + test, cohort, preset, seed, 1)
    names = covariates_of(cohort)
    parts = [
        (np.stack([anatomy.latents[name] for name in names], axis=1), truth, recorded)
        for _, anatomy, truth, recorded in measured_hearts(train + test, place, seed)
    ]
    inputs, truth, recorded = (np.concatenate(values) for values in zip(*parts, strict=True))
    against_truth, against_recorded = read_indices(inputs, truth, recorded, train)
    return pd.DataFrame({"index": INDEX_NAMES, "true": against_truth, "recorded": against_recorded})
