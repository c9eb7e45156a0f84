"""What readers' decisions show: gains, agreement between displays, cases recovered, and four ways to test.

``table``: one row a reading with reader, experience, modality, case, truth, rating and decision (0 or 1),
complete as :func:`~cardiacnets.statistics.check_ratings` asks.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from cardiacnets.statistics.estimate import Estimate
from cardiacnets.statistics.proportions import (
    clustered_paired_test,
    mcnemar_test,
    paired_counts,
    paired_difference,
    two_proportion_z,
)
from cardiacnets.statistics.reader_study import obuchowski_rockette
from cardiacnets.statistics.resampling import participant_bootstrap

COEFFICIENTS = ("percent", "Cohen's kappa", "Gwet's AC1")


def accuracy_gains(table: pd.DataFrame, before: str, after: str) -> pd.DataFrame:
    """Each reader's accuracy with two displays and the gain, tested over cases.

    Columns: reader, experience, before, after, gain, low, high, pvalue, n, method (of interval and test). For
    this reader and cases like these.
    """
    rows = []
    for (reader, experience), readings in table.groupby(["reader", "experience"]):
        right = readings.assign(right=readings["decision"] == readings["truth"])
        wide = right.pivot(index="case", columns="modality", values="right")
        gain = mcnemar_test(wide[after].to_numpy(), wide[before].to_numpy())
        shares = wide[before].mean(), wide[after].mean(), gain.estimate
        rows.append((reader, experience, *shares, *gain.interval, gain.pvalue, gain.n, gain.method))
    names = ["reader", "experience", "before", "after", "gain", "low", "high", "pvalue", "n", "method"]
    return pd.DataFrame(rows, columns=names)


def display_agreement(
    table: pd.DataFrame, a: str, b: str, seed: int = 0, resamples: int = 2000
) -> pd.DataFrame:
    """How often readers decide the same with two displays, by experience: of each reader with himself.

    Columns: experience, coefficient (``percent``, ``Cohen's kappa``, ``Gwet's AC1``; means over the readers),
    estimate, low, high (bootstrap over cases, readers fixed), n cases, method.
    """
    rows = []
    for experience, group in table.groupby("experience"):
        agreement = _agreement(group, a, b)
        found = participant_bootstrap(agreement, group["case"].nunique(), resamples, seed)
        for place, name in enumerate(COEFFICIENTS):
            ends = tuple(end[place] for end in found.interval)
            one = Estimate(found.estimate[place], ends, found.n, found.method.replace("participant", "case"))
            rows.append({"experience": experience, "coefficient": name} | one.row())
    return pd.DataFrame(rows)


def compare_experience(table: pd.DataFrame, a: str, b: str, seed: int = 0) -> pd.DataFrame:
    """Junior less senior readers: agreement between displays, and gain in accuracy.

    The readers of the table are fixed: with two of a kind nothing can be said of others like them. Columns:
    quantity (each coefficient of :func:`display_agreement`, and ``gain in accuracy`` of ``a`` over ``b``),
    first (junior), second (senior), difference, low, high (bootstrap over cases), cases. Empty unless both
    groups read.
    """
    names = ["quantity", "first", "second", "difference", "low", "high", "cases"]
    parts = [table[table["experience"] == group] for group in ("junior", "senior")]
    if any(part.empty for part in parts):
        return pd.DataFrame(columns=names)

    def statistic(weights: np.ndarray) -> np.ndarray:
        first, second = (np.column_stack([agree(weights), gain(weights)]) for agree, gain in measures)
        return np.hstack([first - second, first, second])

    measures = [(_agreement(part, a, b), _gain(part, a, b)) for part in parts]
    found = participant_bootstrap(statistic, table["case"].nunique(), seed=seed)
    quantities = [*COEFFICIENTS, "gain in accuracy"]
    rows = []
    for place, name in enumerate(quantities):
        shares = found.estimate[len(quantities) + place], found.estimate[2 * len(quantities) + place]
        rows.append((name, *shares, found.estimate[place], *(end[place] for end in found.interval), found.n))
    return pd.DataFrame(rows, columns=names)


def describe_readers(table: pd.DataFrame) -> pd.DataFrame:
    """Who read: reader, experience, readings, share called diseased, median seconds (NaN without a clock)."""
    timed = table if "seconds" in table else table.assign(seconds=np.nan)
    groups = timed.groupby(["reader", "experience"])
    return groups.agg(
        readings=("case", "size"), called_diseased=("decision", "mean"), seconds=("seconds", "median")
    ).reset_index()


def accuracy_by_session(table: pd.DataFrame) -> pd.DataFrame:
    """Share of right decisions by session (rows) and modality (columns): what practice and display did.

    In a fixed order each session has one display, and the two cannot be told apart.
    """
    right = table.assign(right=table["decision"] == table["truth"], session=pd.to_numeric(table["session"]))
    return right.pivot_table(
        index="session", columns="modality", values="right", aggfunc="mean"
    ).reset_index()


def _gain(group: pd.DataFrame, a: str, b: str) -> Callable[[np.ndarray], np.ndarray]:
    """Mean accuracy with ``a`` less with ``b`` of the readers of ``group``, as a function of case weights."""
    right = group.assign(right=(group["decision"] == group["truth"]).astype(float))
    wide = right.pivot(index="case", columns=["modality", "reader"], values="right")
    gains = (wide[a].mean(axis=1) - wide[b].mean(axis=1)).to_numpy()  # (cases,)
    return lambda weights: weights @ gains / weights.sum(axis=1)


def _agreement(group: pd.DataFrame, a: str, b: str) -> Callable[[np.ndarray], np.ndarray]:
    """The coefficients (rows, 3) of binary decisions, means over readers, as a function of case weights.

    With shares p and q of "disease": chance is pq + (1-p)(1-q) for kappa and 2m(1-m), m = (p+q)/2, for AC1.
    A kappa whose chance is 1 (one category only) is left out of the mean over readers.
    """
    wide = group.pivot(index="case", columns=["modality", "reader"], values="decision")
    first, second = wide[a].to_numpy(float), wide[b].to_numpy(float)  # (cases, readers), the same readers

    def coefficients(weights: np.ndarray) -> np.ndarray:
        weights = weights / weights.sum(axis=1, keepdims=True)
        same, p, q = weights @ (first == second), weights @ first, weights @ second  # (rows, readers)
        middle = (p + q) / 2
        by_margins, by_mean = p * q + (1 - p) * (1 - q), 2 * middle * (1 - middle)
        known = by_margins < 1 - 1e-12
        kappa = np.where(known, (same - by_margins) / np.where(known, 1 - by_margins, 1), 0).sum(axis=1)
        counted = known.sum(axis=1)
        kappa = np.where(counted > 0, kappa / np.maximum(counted, 1), np.nan)
        return np.column_stack([same.mean(axis=1), kappa, ((same - by_mean) / (1 - by_mean)).mean(axis=1)])

    return coefficients


def recovered_cases(table: pd.DataFrame, before: str, after: str) -> pd.DataFrame:
    """Diseased cases by how many readers missed them with one display and found them with another.

    Columns: case, recovered, lost (found before, missed after), readers; most recovered less lost first. Both
    are counted, for noise alone recovers some cases and loses as many.
    """
    diseased = table[table["truth"] == 1]
    diseased = diseased.pivot(index="case", columns=["modality", "reader"], values="decision")
    first, then = diseased[before], diseased[after]
    counts = pd.DataFrame(
        {
            "case": diseased.index,
            "recovered": ((first == 0) & (then == 1)).sum(axis=1).to_numpy(),
            "lost": ((first == 1) & (then == 0)).sum(axis=1).to_numpy(),
            "readers": first.shape[1],
        }
    )
    order = (counts["lost"] - counts["recovered"]).sort_values(kind="stable").index
    return counts.loc[order].reset_index(drop=True)


def pitfall_table(table: pd.DataFrame, a: str, b: str, merit: str = "sensitivity") -> pd.DataFrame:
    """One difference of sensitivity (or specificity), a less b, tested in four ways.

    Pooled z and McNemar take every reading for another person; clustered tests generalise to new cases read
    by these readers; Obuchowski-Rockette to new cases and new readers. Columns: test, concludes_for,
    difference, low, high, pvalue.
    """
    kind = {"sensitivity": 1, "specificity": 0}
    if merit not in kind:
        raise ValueError(f"merit must be 'sensitivity' or 'specificity', not {merit!r}")
    readings = table[(table["truth"] == kind[merit]) & table["modality"].isin([a, b])]
    right = (readings["decision"] == kind[merit]).astype(int)
    wide = readings.assign(right=right).pivot(index=["case", "reader"], columns="modality", values="right")
    counts = paired_counts(wide[a], wide[b])
    pooled = two_proportion_z(int(wide[a].sum()), len(wide), int(wide[b].sum()), len(wide))
    naive, interval = mcnemar_test(wide[a], wide[b], "exact"), paired_difference(*counts).interval
    clustered = clustered_paired_test(wide[a], wide[b], wide.index.get_level_values("case"))
    decisions = table[table["modality"].isin([a, b])].assign(rating=lambda t: t["decision"])
    random = obuchowski_rockette(decisions, merit=merit, threshold=0.5, modalities=[a, b])
    rows = [
        ("pooled z (as published)", "no one: readings are not people", pooled.interval, pooled.pvalue),
        ("McNemar over readings", "no one: readings are not people", interval, naive.pvalue),
        ("clustered by case", "new cases, these readers", clustered.interval, clustered.pvalue),
        ("readers and cases random", "new cases, new readers", random.interval, random.pvalue),
    ]
    return pd.DataFrame(
        [(test, whom, naive.estimate, *ends, p) for test, whom, ends, p in rows],
        columns=["test", "concludes_for", "difference", "low", "high", "pvalue"],
    )
