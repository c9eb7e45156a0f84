"""Several classes at once: one AUC a class against the rest, and their mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cardiacnets.statistics.checking import cluster_codes, columns
from cardiacnets.statistics.discrimination import ROUNDING, auc_interval, logit_limits, placements
from cardiacnets.statistics.estimate import Estimate, normal_quantile


@dataclass(frozen=True)
class MulticlassAuc:
    """One-vs-rest AUCs, one a class, and their mean over classes."""

    classes: tuple[Estimate, ...]
    macro: Estimate


def one_vs_rest(
    labels: ArrayLike, probabilities: ArrayLike, level: float = 0.95, clusters: ArrayLike | None = None
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
    singles, influence, n = [], np.zeros(len(classes)), len(classes)
    for column, score in enumerate(values.T):
        positive = classes == column
        auc, of_cases, of_controls = placements(positive, score)
        influence[positive] += (of_cases[0] - auc[0]) / positive.sum()
        influence[~positive] += (of_controls[0] - auc[0]) / (~positive).sum()
        singles.append(auc_interval(positive, score, level, clusters=clusters))
    if clusters is not None:
        influence = np.bincount(cluster_codes(clusters, n), influence)
    people = len(influence)
    macro = float(np.mean([single.estimate for single in singles]))
    scale = people / (people - 1) if people > 1 else np.nan
    error = float(np.sqrt(scale * np.sum((influence / values.shape[1]) ** 2)))
    if error > ROUNDING and 0 < macro < 1:
        interval = logit_limits(macro, error, normal_quantile(level))
    else:
        interval = tuple(float(np.mean([single.interval[end] for single in singles])) for end in (0, 1))
    return MulticlassAuc(tuple(singles), Estimate(macro, interval, n, "mean one-vs-rest AUC, logit interval"))
