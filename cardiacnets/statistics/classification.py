"""What a decision at one threshold achieves: sensitivity, specificity, predictive values, accuracies."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from cardiacnets.statistics.checking import binary, both_classes, columns, same_length
from cardiacnets.statistics.estimate import Estimate
from cardiacnets.statistics.proportions import wilson_interval


def youden_threshold(labels: ArrayLike, scores: ArrayLike) -> float:
    """The score from which on "disease" maximises sensitivity + specificity (Youden 1950).

    To be chosen on validation data and used on test data: on its own data its merits look too good. The
    lowest of equally good thresholds.
    """
    positive = both_classes(labels)
    values = columns(scores, len(positive))[:, 0]
    candidates = np.unique(values)
    cases, controls = np.sort(values[positive]), np.sort(values[~positive])
    missed = np.searchsorted(cases, candidates) / len(cases)
    cleared = np.searchsorted(controls, candidates) / len(controls)
    return float(candidates[np.argmax(cleared - missed)])


def classification_table(labels: ArrayLike, decisions: ArrayLike, level: float = 0.95) -> pd.DataFrame:
    """Five shares with Wilson intervals: ``measure, estimate, low, high, k, n``; rows are independent
    participants.

    Predictive values depend on the sample's share of cases; one with no decision of its kind is NaN.
    """
    positive, decided = binary(labels), binary(decisions, "decisions")
    same_length(labels=positive, decisions=decided)
    right = positive == decided
    groups = {
        "sensitivity": positive, "specificity": ~positive, "positive predictive value": decided,
        "negative predictive value": ~decided, "accuracy": np.ones_like(positive),
    }
    rows = []
    for measure, members in groups.items():
        k, n = int((right & members).sum()), int(members.sum())
        found = wilson_interval(k, n, level) if n else Estimate(np.nan, (np.nan, np.nan), 0, "")
        rows.append((measure, found.estimate, *found.interval, k, n))
    return pd.DataFrame(rows, columns=["measure", "estimate", "low", "high", "k", "n"])


def balanced_accuracy(labels: ArrayLike, predicted: ArrayLike, level: float = 0.95) -> Estimate:
    """Mean over classes of the share recognised, for any number of classes (the study's "average accuracy").

    The classes are independent samples: the distances to their Wilson limits add in squares (Zou and Donner
    2008).
    """
    truth, answers = np.asarray(labels), np.asarray(predicted)
    n = same_length(labels=truth, predicted=answers)
    classes = np.unique(truth)
    if len(classes) < 2:
        raise ValueError("balanced accuracy needs at least two classes")
    sizes = np.array([(truth == each).sum() for each in classes])
    hits = np.array([((truth == each) & (answers == each)).sum() for each in classes])
    recalls = wilson_interval(hits, sizes, level)
    mean, (low, high) = float(recalls.estimate.mean()), recalls.interval
    below, above = (np.hypot.reduce(recalls.estimate - end) / len(classes) for end in (low, high))
    interval = (float(mean - below), float(mean + above))
    return Estimate(mean, interval, n, "mean recall, Wilson limits in squares")
