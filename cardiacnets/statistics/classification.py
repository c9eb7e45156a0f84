"""What a decision at one threshold achieves: sensitivity, specificity, predictive values, accuracies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student

from cardiacnets.statistics.checking import binary, both_classes, cluster_codes, columns, same_length
from cardiacnets.statistics.discrimination import ROUNDING, logit_limits
from cardiacnets.statistics.estimate import Comparison, Estimate
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


def accuracy(right: ArrayLike, participants: ArrayLike | None = None, level: float = 0.95) -> Estimate:
    """Share of right answers ``right (n,)``, 0 and 1, where participants may have several rows.

    As :func:`balanced_accuracy` with a single class. To compare two models: :func:`clustered_paired_test`.
    """
    answers = binary(right, "right").astype(float)
    recalls = _Recalls.of(np.zeros(len(answers)), answers, participants)
    return _mean_recall(recalls, level, "accuracy, logit interval clustered by participant")


def balanced_accuracy(
    labels: ArrayLike, right: ArrayLike, participants: ArrayLike | None = None, level: float = 0.95
) -> Estimate:
    """Mean over classes of the share recognised, for any number of classes (the study's "average accuracy").

    ``labels (n,)`` classes; ``right (n,)`` 1 where the answer was right, else 0; ``participants (n,)`` by
    default one a row. A share is a ratio of sums over participants, whose variance follows from their
    deviations (Rao and Scott 1992, "A simple method for the analysis of clustered binary data"), class by
    class; a participant with rows of two classes adds their covariance. Limits on the logit scale, with
    Student's t of Satterthwaite's degrees of freedom (1946), for a class may be small. Without any variation
    they are Wilson's for as many participants, added in squares (Zou and Donner 2008); [0, 1] where a class
    has one participant. Raises ``ValueError`` for one class only.
    """
    recalls = _Recalls.of(labels, binary(right, "right").astype(float), participants)
    if len(recalls.shares) < 2:
        raise ValueError("balanced accuracy needs at least two classes")
    return _mean_recall(recalls, level, "mean recall, logit interval clustered by participant")


def balanced_accuracy_difference(
    labels: ArrayLike, right_a: ArrayLike, right_b: ArrayLike, participants: ArrayLike | None = None,
    level: float = 0.95,
) -> Comparison:
    """Balanced accuracy of a less that of b on the same rows, with the t-test of no difference.

    Variance and degrees of freedom as in :func:`balanced_accuracy`, of the difference row by row. Where rows
    differ, but alike within each class, the Wilson limits of both models are added in squares, and t follows
    from the one on the side of 0. p is 1 and the interval (0, 0) where no row differs; [-1, 1] and p 1 where
    a class has one participant.
    """
    a, b = binary(right_a, "right_a").astype(float), binary(right_b, "right_b").astype(float)
    same_length(right_a=a, right_b=b)
    recalls = _Recalls.of(labels, a - b, participants)
    if len(recalls.shares) < 2:
        raise ValueError("balanced accuracy needs at least two classes")
    name, estimate = "difference of mean recalls, t interval clustered by participant", recalls.mean
    if (recalls.sizes < 2).any():
        return Comparison(estimate, (-1.0, 1.0), len(recalls.parts), name, 0.0, 1.0, level=level)
    error, degrees = recalls.error()
    quantile = float(student.ppf(0.5 + level / 2, degrees))
    low, high = estimate - quantile * error, estimate + quantile * error
    if error == 0 and (a != b).any():
        models = [_Recalls.of(labels, each, participants) for each in (a, b)]
        (down_a, up_a), (down_b, up_b) = (model.wilson(level) for model in models)
        down, up = float(np.hypot(down_a, up_b)), float(np.hypot(up_a, down_b))
        low, high = estimate - down, estimate + up
        error = (down if estimate > 0 else up) / quantile
    interval = (float(max(low, -1.0)), float(min(high, 1.0)))
    t = estimate / error if error > 0 else 0.0
    pvalue = float(2 * student.sf(abs(t), degrees))
    return Comparison(estimate, interval, len(recalls.parts), name, t, pvalue, level=level)


@dataclass(frozen=True)
class _Recalls:
    """``shares (classes,)`` of right answers, ``sizes`` the participants of each class, and each person's
    part in the mean's deviation, ``parts (participants, classes)``.
    """

    shares: np.ndarray
    sizes: np.ndarray
    parts: np.ndarray

    @classmethod
    def of(cls, labels: ArrayLike, values: np.ndarray, participants: ArrayLike | None) -> _Recalls:
        truth = np.asarray(labels)
        n = same_length(labels=truth, right=values)
        members = truth[:, None] == np.unique(truth)  # (n, classes)
        codes = np.arange(n) if participants is None else cluster_codes(participants, n)
        rows, sums = np.zeros((2, codes.max() + 1, members.shape[1]))  # (participants, classes) each
        np.add.at(rows, codes, members)
        np.add.at(sums, codes, members * values[:, None])
        shares = sums.sum(axis=0) / rows.sum(axis=0)
        parts = (sums - shares * rows) / rows.sum(axis=0) / len(shares)
        return cls(shares, (rows > 0).sum(axis=0), parts)

    @property
    def mean(self) -> float:
        return float(self.shares.mean())

    def error(self) -> tuple[float, float]:
        """Standard error of the mean and its degrees of freedom, with two participants a class or more."""
        products, people = self.parts.T @ self.parts, len(self.parts)
        own = np.diag(products) * self.sizes / (self.sizes - 1)
        crossed = (products.sum() - np.trace(products)) * people / (people - 1)
        variance = max(own.sum() + crossed, 0.0)
        if variance <= ROUNDING:
            return 0.0, float(people - len(self.shares))
        return float(np.sqrt(variance)), float(own.sum() ** 2 / np.sum(own**2 / (self.sizes - 1)))


    def wilson(self, level: float) -> tuple[float, float]:
        """How far the mean's limits lie below and above it: Wilson's of the classes, added in squares."""
        ends = wilson_interval(self.shares * self.sizes, self.sizes, level).interval
        return tuple(float(np.hypot.reduce(self.shares - end)) / len(self.shares) for end in ends)


def _mean_recall(recalls: _Recalls, level: float, name: str) -> Estimate:
    mean, n = recalls.mean, len(recalls.parts)
    if (recalls.sizes < 2).any():
        return Estimate(mean, (0.0, 1.0), n, name, level=level)
    error, degrees = recalls.error()
    if error > 0:
        interval = logit_limits(mean, error, float(student.ppf(0.5 + level / 2, degrees)))
    else:
        down, up = recalls.wilson(level)
        interval = (mean - down, mean + up)
    return Estimate(mean, interval, n, name, level=level)
