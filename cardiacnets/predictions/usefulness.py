"""Would it help? Predictive values where the disease is rare, and what fifty labels at a new place repair.

A case-control sample has as many sick as healthy people; a population has not. Sensitivity and specificity
carry over (as far as the cases are alike), predictive values follow from them and the prevalence.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from cardiacnets.statistics import Estimate, calibration
from cardiacnets.statistics.checking import both_classes, columns
from cardiacnets.statistics.estimate import normal_quantile

UNPENALISED = 1e6


def at_prevalence(labels: ArrayLike, scores: ArrayLike, threshold: float, prevalence: float) -> Estimate:
    """PPV that calling disease from ``threshold`` on would have where ``prevalence`` of the people have it.

    logit PPV = logit prevalence + log LR+, with the standard logit interval of Mercaldo, Lau and Zhou 2007,
    "Confidence intervals for predictive values with an emphasis to case-control studies"; 1 / PPV people
    called diseased are scanned for each one found. Assumes independent rows. Raises ``ValueError`` for a
    prevalence outside (0, 1), and where no case, or no control, or every control reaches the threshold.
    """
    positive = both_classes(labels)
    called = columns(scores, len(positive))[:, 0] >= threshold
    if not 0 < prevalence < 1:
        raise ValueError(f"a prevalence lies between 0 and 1, not {prevalence}")
    cases, controls = int(positive.sum()), int((~positive).sum())
    found, alarms = int(called[positive].sum()), int(called[~positive].sum())
    if not found:
        raise ValueError("no case reaches the threshold")
    if not alarms:
        raise ValueError("no control reaches the threshold: any PPV up to 1 is possible")
    sensitivity, false = found / cases, alarms / controls
    middle = logit(prevalence) + np.log(sensitivity / false)
    error = np.sqrt((1 - sensitivity) / found + (1 - false) / alarms)
    ends = expit(middle + np.array([-1, 1]) * normal_quantile(0.95) * error)
    return Estimate(
        float(expit(middle)), (float(ends[0]), float(ends[1])), cases + controls,
        f"PPV at a prevalence of {prevalence:g}, logit interval",
    )  # fmt: skip


def probabilities_from(labels: ArrayLike, scores: ArrayLike, others: ArrayLike) -> np.ndarray:
    """Probabilities (m,) of the scores ``others`` by a logistic regression learned on ``labels (n,)`` and
    ``scores (n,)`` (Platt 1999).
    """
    positive = both_classes(labels)
    learned = columns(scores, len(positive))
    asked = np.asarray(others, dtype=float).reshape(-1, 1)  # (m, 1)
    centre, spread = learned.mean(), learned.std() or 1.0
    model = LogisticRegression(C=UNPENALISED).fit((learned - centre) / spread, positive)
    return model.predict_proba((asked - centre) / spread)[:, 1]


def after_local_labels(
    labels: ArrayLike, scores: ArrayLike, probabilities: ArrayLike, local: int = 50, draws: int = 200,
    seed: int = 0,
) -> pd.DataFrame:  # fmt: skip
    """Calibration at a new place before and after ``local`` of its people were labelled, over random draws.

    ``probabilities (n,)`` as they were carried here; each draw learns a logistic recalibration of ``scores``
    on ``local`` rows with both classes and is judged on the others. Columns: ``when`` (before, after),
    ``draw``, ``intercept`` (calibration in the large), ``slope``, ``brier``. Raises ``ValueError`` where
    fewer than ``local`` + 20 rows are there, or too few of one class to leave some in both parts.
    """
    positive = both_classes(labels)
    values, carried = columns(scores, len(positive))[:, 0], columns(probabilities, len(positive))[:, 0]
    n, rarer = len(positive), int(min(positive.sum(), (~positive).sum()))
    if n < local + 20:
        raise ValueError(f"{n} people are too few to label {local} and judge on the others")
    if rarer < 10:
        raise ValueError(f"{rarer} people of the rarer class are too few to be in both parts")
    rng, rows = np.random.default_rng(seed), []
    for draw in range(draws):
        while True:
            chosen = np.zeros(n, bool)
            chosen[rng.choice(n, local, replace=False)] = True
            if all(len(np.unique(positive[part])) == 2 for part in (chosen, ~chosen)):
                break
        again = probabilities_from(positive[chosen], values[chosen], values[~chosen])
        for when, p in (("before", carried[~chosen]), ("after", again)):
            found = calibration(positive[~chosen], np.clip(p, 0, 1))
            rows.append({
                "when": when, "draw": draw, "intercept": found.intercept.estimate,
                "slope": found.slope.estimate, "brier": found.brier.estimate,
            })  # fmt: skip
    return pd.DataFrame(rows)
