"""Decisions of a screening arm: threshold and probabilities from validation, carried to the test people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cardiacnets.predictions import scores_of
from cardiacnets.predictions.usefulness import probabilities_from
from cardiacnets.statistics import youden_threshold
from cardiacnets.study import TASKS


@dataclass(frozen=True)
class Decisions:
    """One screening task and arm: test rows with the common ``threshold`` and the ``probabilities`` that both
    come from the validation split of the cohort whose models answer it.
    """

    participants: np.ndarray
    recordings: np.ndarray
    truth: np.ndarray
    scores: np.ndarray
    threshold: float
    probabilities: np.ndarray


def decisions(table: pd.DataFrame, key: str, arm: str) -> Decisions:
    """From the open ``table`` of predictions; ``ValueError`` if the task, the arm or a class is absent."""
    task = TASKS[key]
    test = scores_of(table, task.cohort, task.name, arm=arm)
    home = scores_of(table, task.trained_on, task.name, "validation", arm)
    learned = home.truth[:, 0], home.averaged(arm)[:, 0]
    scores = test.averaged(arm)[:, 0]
    return Decisions(
        test.participants, test.recordings, test.truth[:, 0].astype(int), scores,
        youden_threshold(*learned), probabilities_from(*learned, scores),
    )  # fmt: skip
