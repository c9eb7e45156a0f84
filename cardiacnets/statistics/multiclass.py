"""Several classes at once: one AUC a class against the rest, and their mean."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student

from cardiacnets.statistics.checking import cluster_codes, columns
from cardiacnets.statistics.discrimination import ROUNDING, auc_interval, logit_limits, placements
from cardiacnets.statistics.estimate import Comparison, Estimate, normal_quantile, two_sided
from cardiacnets.statistics.proportions import wilson_interval


@dataclass(frozen=True)
class MulticlassAuc:
    """One-vs-rest AUCs, one a class, and their mean over classes."""

    classes: tuple[Estimate, ...]
    macro: Estimate


def one_vs_rest(
    labels: ArrayLike, probabilities: ArrayLike, clusters: ArrayLike | None = None
) -> MulticlassAuc:
    """One AUC a class against the rest, and their mean with an interval (Hand and Till 2001 weigh pairs of
    classes instead; here each class counts once).

    ``labels (n,)`` integers 0 .. classes - 1, each present; ``probabilities (n, classes)``; ``clusters (n,)``
    the participant of each row where participants repeat. Assumes independent participants. Intervals on the
    logit scale. The AUCs share participants: the variance of their mean sums each participant's centred
    placements over classes (their influence, DeLong 1988; Obuchowski 1997), squared, times K / (K - 1) for K
    participants; perfect separation in every class gives the mean of the classes' interval ends.
    """
    classes = np.asarray(labels)
    values = columns(probabilities, len(classes), "probabilities")
    if not np.array_equal(np.unique(classes), np.arange(values.shape[1])):
        found = np.unique(classes).tolist()
        raise ValueError(f"labels must hold each of 0 .. {values.shape[1] - 1}; found {found}")
    singles, influence = [], np.zeros(len(classes))
    n = len(classes if clusters is None else np.unique(np.asarray(clusters)))
    for column, score in enumerate(values.T):
        influence += _influence(classes == column, score)[1] / values.shape[1]
        singles.append(auc_interval(classes == column, score, clusters=clusters))
    macro = float(np.mean([single.estimate for single in singles]))
    error = _standard_error(influence, clusters)
    if error > ROUNDING and 0 < macro < 1:
        interval = logit_limits(macro, error, normal_quantile(0.95))
    else:
        interval = tuple(float(np.mean([single.interval[end] for single in singles])) for end in (0, 1))
    return MulticlassAuc(tuple(singles), Estimate(macro, interval, n, "mean one-vs-rest AUC, logit interval"))


def class_gain_difference(
    labels: ArrayLike, a: ArrayLike, b: ArrayLike, first: int, second: int,
    clusters: ArrayLike | None = None,
) -> Comparison:
    """Does model a gain more over model b in class ``first`` than in class ``second``?

    The gain of a class is its one-vs-rest AUC by ``a (n, classes)`` less that by ``b``; the four AUCs share
    participants, so the variance of the difference of gains sums each participant's influence on it, squared
    (as in :func:`one_vs_rest`). Assumes independent participants; Student's interval and test, with the
    participants of the smaller of the two classes less one as degrees of freedom. p is 1 and the interval
    (0, 0) where both models rank alike; (-2, 2) and 1 where a class has one participant.
    """
    classes, n = np.asarray(labels), len(np.asarray(labels))
    models = [columns(values, n, name) for values, name in ((a, "a"), (b, "b"))]
    estimate, influence = 0.0, np.zeros(n)
    for column, sign in ((first, 1), (second, -1)):
        for values, side in zip(models, (1, -1), strict=True):
            auc, part = _influence(classes == column, values[:, column])
            estimate, influence = estimate + sign * side * auc, influence + sign * side * part
    error = _standard_error(influence, clusters)
    name = "difference of gains in one-vs-rest AUC, t interval" + (
        "" if clusters is None else " clustered by participant"
    )
    people = [_people(classes == column, clusters) for column in (first, second)]
    return _by_t(float(estimate), error, min(people) - 1, 2.0, n, name)


def recall_gain(
    labels: ArrayLike, a: ArrayLike, b: ArrayLike, first: int, second: int | None = None,
    clusters: ArrayLike | None = None,
) -> Comparison:
    """How much more of class ``first`` does model a recognise than model b, as a confusion matrix shows it;
    with ``second``, less the same of that class.

    ``labels (n,)`` integers; ``a`` and ``b`` (n,) the classes that each model answers. Recall is the share of
    a class's rows answered right; n counts participants with a row of either class. Assumes independent
    participants (``clusters (n,)`` where they repeat): each one's influence on the difference, squared and
    summed; Student's interval and test, with the participants of the smaller class less one as degrees of
    freedom. Where all participants of a class change alike, Wilson's limits of both models are added in
    squares. p is 1 and the interval (0, 0) where no row differs; all that is possible and 1 where a class has
    one participant. Raises ``ValueError`` for a class without rows.
    """
    classes = np.asarray(labels)
    right = [(np.asarray(answers) == classes).astype(float) for answers in (a, b)]
    better = right[0] - right[1]
    asked = [(first, 1)] if second is None else [(first, 1), (second, -1)]
    estimate, influence, people, limits = 0.0, np.zeros(len(classes)), [], []
    for column, sign in asked:
        rows = classes == column
        if not rows.any():
            raise ValueError(f"no row of class {column}, whose recall was asked for")
        gain = better[rows].mean()
        estimate += sign * gain
        influence[rows] += sign * (better[rows] - gain) / rows.sum()
        people.append(_people(rows, clusters))
        for answers, side in zip(right, (sign, -sign), strict=True):
            share = answers[rows].mean()
            ends = wilson_interval(share * people[-1], people[-1]).interval
            limits.append(sorted(side * (end - share) for end in ends))
    either = np.isin(classes, [column for column, _ in asked])
    error = _standard_error(influence[either], None if clusters is None else np.asarray(clusters)[either])
    name = ("gain in recall" if second is None else "difference of gains in recall") + ", t interval" + (
        "" if clusters is None else " clustered by participant"
    )
    found = _by_t(float(estimate), error, min(people) - 1, float(len(asked)), _people(either, clusters), name)
    if error > ROUNDING or min(people) < 2 or not better[either].any():
        return found
    down, up = np.hypot.reduce(np.abs(limits), axis=0).tolist()
    z = estimate / (down if estimate > 0 else up) * normal_quantile(0.95)
    return replace(found, interval=(estimate - down, estimate + up), statistic=z, pvalue=two_sided(z))


def _people(rows: np.ndarray, clusters: ArrayLike | None) -> int:
    """Participants with one of these rows (n,) of booleans."""
    return int(rows.sum() if clusters is None else len(np.unique(np.asarray(clusters)[rows])))


def _by_t(estimate: float, error: float, freedom: int, most: float, n: int, name: str) -> Comparison:
    """Student's 95 % interval, within ``-most`` and ``most``, and the two-sided test."""
    if freedom < 1:
        return Comparison(estimate, (-most, most), n, name, 0.0, 1.0)
    error = error if error > ROUNDING else 0.0
    reach = float(student.ppf(0.975, freedom)) * error
    interval = (max(estimate - reach, -most), min(estimate + reach, most))
    statistic = estimate / error if error else 0.0
    return Comparison(estimate, interval, n, name, statistic, float(2 * student.sf(abs(statistic), freedom)))


def _influence(positive: np.ndarray, score: np.ndarray) -> tuple[float, np.ndarray]:
    """An AUC and each row's share in its deviation, (n,)."""
    auc, of_cases, of_controls = placements(positive, score)
    influence = np.empty(len(positive))
    influence[positive] = (of_cases[0] - auc[0]) / positive.sum()
    influence[~positive] = (of_controls[0] - auc[0]) / (~positive).sum()
    return float(auc[0]), influence


def _standard_error(influence: np.ndarray, clusters: ArrayLike | None) -> float:
    if clusters is not None:
        influence = np.bincount(cluster_codes(clusters, len(influence)), influence)
    people = len(influence)
    return float(np.sqrt(people / (people - 1) * np.sum(influence**2))) if people > 1 else np.nan
