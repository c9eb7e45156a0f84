"""What decisions at one threshold achieve: the study's supplementary tables 1 to 3, one row a number.

A threshold is chosen where it may be, on validation, and carried to the people it was not chosen on.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from cardiacnets.predictions.estimable import judged
from cardiacnets.statistics import Estimate, accuracy, auc_interval, calibration, wilson_interval
from cardiacnets.statistics.checking import binary, columns, same_length

METRICS = {
    "auc": "AUC", "sensitivity": "sensitivity", "specificity": "specificity", "ppv": "PPV", "npv": "NPV",
    "accuracy": "accuracy", "brier": "Brier score",
}  # fmt: skip
"""The numbers of a row and what a page calls them."""


def operating_points(
    labels: ArrayLike, scores: ArrayLike, threshold: float, probabilities: ArrayLike | None = None,
    participants: ArrayLike | None = None,
) -> pd.DataFrame:  # fmt: skip
    """A row each of :data:`METRICS`: ``metric, estimate, low, high, n, method, why``.

    ``labels (n,)`` 0 and 1, ``scores (n,)``; who reaches ``threshold`` is called diseased. ``probabilities
    (n,)`` in [0, 1] give the Brier score. ``n`` is a number's own denominator: the diseased for a
    sensitivity, those called diseased for a PPV. Wilson's intervals, or clustered by ``participants`` (n,)
    where some have several rows. What cannot be estimated is a row without numbers whose ``why`` says why.
    """
    truth, values = binary(labels), columns(scores, len(labels))[:, 0]
    people = np.arange(len(truth)) if participants is None else np.asarray(participants)
    same_length(labels=truth, participants=people)
    called = values >= threshold
    repeated = len(np.unique(people)) < len(people)

    def share(right: np.ndarray, among: np.ndarray, whom: str) -> Estimate:
        if not among.any():
            raise ValueError(f"no one is {whom}")
        if repeated:
            return accuracy(right[among], people[among])
        return wilson_interval(int(right[among].sum()), int(among.sum()))

    found = {
        "auc": lambda: auc_interval(truth, values, clusters=people if repeated else None),
        "sensitivity": lambda: share(called, truth, "diseased"),
        "specificity": lambda: share(~called, ~truth, "free of the disease"),
        "ppv": lambda: share(truth, called, "called diseased"),
        "npv": lambda: share(~truth, ~called, "called healthy"),
        "accuracy": lambda: share(called == truth, np.ones(len(truth), bool), "there"),
    }
    if probabilities is not None:
        found["brier"] = lambda: calibration(truth, probabilities).brier
    return pd.DataFrame([{"metric": name} | judged(measure) for name, measure in found.items()])
