"""Fairness: does a model do for one group of people what it does for the rest?

A group and the rest are different people, so the difference of two estimates has both their limits added in
squares (Zou and Donner 2008, "Construction of confidence limits about effect measures"). A group too small to
say anything is shown as small. Correlations need care: a group of one sex has less variation to explain, so
its r is lower whatever the model does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from cardiacnets.predictions.estimable import NOTHING, judged
from cardiacnets.statistics import (
    Estimate,
    accuracy,
    apart,
    auc_interval,
    bootstrap_correlations,
    calibration,
)
from cardiacnets.statistics.checking import same_length
from cardiacnets.statistics.estimate import could_show

SMALL = 20
"""Fewer participants than this are named and not estimated."""
ALONE = dict.fromkeys(("difference", "difference_low", "difference_high", "could_show"), np.nan)
"""What a row holds that has nothing to be compared with."""

Measure = Callable[[np.ndarray], Estimate]


def screening_measures(
    labels: np.ndarray, scores: np.ndarray, threshold: float, probabilities: np.ndarray,
    participants: np.ndarray,
) -> dict[str, Measure]:  # fmt: skip
    """For :func:`subgroup_table`: AUC, sensitivity and specificity at the common ``threshold``, and
    calibration in the large of ``probabilities``; each asked of rows (n,) that are true for a group.
    """
    truth = labels.astype(bool)

    def share(right: np.ndarray, among: np.ndarray, whom: str) -> Estimate:
        if among.sum() < 2:
            raise ValueError(f"fewer than two {whom}")
        return accuracy(right[among], participants[among])

    return {
        "auc": lambda rows: auc_interval(truth[rows], scores[rows], clusters=participants[rows]),
        "sensitivity": lambda rows: share(scores >= threshold, rows & truth, "cases"),
        "specificity": lambda rows: share(scores < threshold, rows & ~truth, "controls"),
        "calibration in the large": lambda rows: calibration(truth[rows], probabilities[rows]).intercept,
    }


def correlation_measure(
    truth: np.ndarray, predicted: np.ndarray, participants: np.ndarray, resamples: int, seed: int
) -> dict[str, Measure]:
    """For :func:`subgroup_table`: mean r over the columns of ``truth (n, k)`` and ``predicted (n, k)``."""

    def mean(rows: np.ndarray) -> Estimate:
        arms = {"model": predicted[rows]}
        return bootstrap_correlations(truth[rows], arms, participants[rows], resamples, seed).mean("model")

    return {"mean r": mean}


def subgroup_table(
    groups: Mapping[str, ArrayLike], measures: Mapping[str, Measure], participants: ArrayLike,
    least: int = SMALL,
) -> pd.DataFrame:  # fmt: skip
    """A row for each attribute, group and measure, beside the rest of the people.

    ``groups``: attribute to (n,) names of groups, missing where unknown; ``measures`` map rows (n,) of
    booleans to an estimate. Columns: ``attribute, group, people, metric, estimate, low, high, n, method,
    why``; ``difference, difference_low, difference_high`` of the group less the rest; and ``could_show``, the
    difference that a study like this finds four times of five. A group of fewer than ``least`` participants
    has one row with its reason and no number of people; beside a rest as small stands no difference.
    """
    people, rows = np.asarray(participants), []
    for attribute, named in groups.items():
        names = pd.Series(np.asarray(named, dtype=object))
        same_length(participants=people, group=names.to_numpy())
        known = names.notna().to_numpy()
        for group in sorted(names[known].unique(), key=str):
            inside = (names == group).to_numpy()
            count = len(np.unique(people[inside]))
            head = {"attribute": attribute, "group": str(group), "people": count}
            if count < least:
                small = f"not estimable: fewer than {least} people"
                rows.append(head | {"people": np.nan, "metric": "", "why": small} | NOTHING | ALONE)
                continue
            rest = known & ~inside
            enough = len(np.unique(people[rest])) >= least
            rows += _measured(head, measures, inside, rest if enough else None)
    return pd.DataFrame(rows)


def _measured(
    head: Mapping[str, object], measures: Mapping[str, Measure], inside: np.ndarray,
    outside: np.ndarray | None,
) -> Iterator[dict]:  # fmt: skip
    for metric, measure in measures.items():
        row = judged(lambda measure=measure: measure(inside)) | ALONE
        if not row["why"] and outside is not None:
            rest = judged(lambda measure=measure: measure(outside))
            row |= _apart(row, rest) if not rest["why"] else {}
        yield head | {"metric": metric} | row


def _apart(group: Mapping, rest: Mapping) -> dict[str, float]:
    found = apart(*(
        Estimate(row["estimate"], (row["low"], row["high"]), row["n"], row["method"]) for row in (group, rest)
    ))
    low, high = found.interval
    return {
        "difference": found.estimate, "difference_low": low, "difference_high": high,
        "could_show": could_show(found.interval),
    }  # fmt: skip


def banded(values: ArrayLike, edges: tuple[float, ...], unit: str = "") -> np.ndarray:
    """Names of bands (n,) of ``values``: below the first of ``edges``, between them, from the last on;
    missing for NaN.
    """
    array = np.asarray(values, dtype=float)
    ends = [f"{edge:g}" for edge in edges]
    unit = f" {unit}" if unit else ""
    names = [f"under {ends[0]}{unit}"]
    names += [f"{low} to {high}{unit}" for low, high in zip(ends, ends[1:], strict=False)]
    names += [f"{ends[-1]}{unit} or more"]
    found = np.asarray(names, dtype=object)[np.searchsorted(edges, array, side="right")]
    found[~np.isfinite(array)] = None
    return found
