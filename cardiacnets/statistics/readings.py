"""What readers' decisions show: gains, agreement between displays, cases recovered, and four ways to test.

``table``: one row a reading with reader, experience, modality, case, truth, rating and decision (0 or 1),
complete as :func:`~cardiacnets.statistics.check_ratings` asks.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from cardiacnets.statistics.agreement import cohen_kappa, gwet_ac1
from cardiacnets.statistics.proportions import (
    clustered_paired_test,
    mcnemar_test,
    paired_counts,
    paired_difference,
    two_proportion_z,
)
from cardiacnets.statistics.reader_study import obuchowski_rockette
from cardiacnets.statistics.resampling import bootstrap_mean


def accuracy_gains(table: pd.DataFrame, before: str, after: str) -> pd.DataFrame:
    """Each reader's accuracy with two displays and the gain, Newcombe interval and mid-p McNemar over cases.

    Columns: reader, experience, before, after, gain, low, high, pvalue, n. For this reader and cases like
    these.
    """
    rows = []
    for (reader, experience), readings in table.groupby(["reader", "experience"]):
        right = readings.assign(right=readings["decision"] == readings["truth"])
        wide = right.pivot(index="case", columns="modality", values="right")
        gain = mcnemar_test(wide[after].to_numpy(), wide[before].to_numpy())
        shares = wide[before].mean(), wide[after].mean(), gain.estimate
        rows.append((reader, experience, *shares, *gain.interval, gain.pvalue, len(wide)))
    names = ["reader", "experience", "before", "after", "gain", "low", "high", "pvalue", "n"]
    return pd.DataFrame(rows, columns=names)


def display_agreement(table: pd.DataFrame, a: str, b: str, seed: int = 0) -> pd.DataFrame:
    """How often readers decide the same with two displays, by experience.

    Columns: experience, agreement with a bootstrap interval over cases (low, high), the mean over readers of
    Cohen's kappa and Gwet's AC1, cases. Agreement of a reader with himself on two displays of the same cases.
    """
    rows = []
    for experience, group in table.groupby("experience"):
        wide = group.pivot(index="case", columns=["modality", "reader"], values="decision")
        share = bootstrap_mean((wide[a] == wide[b]).mean(axis=1), seed=seed)
        kappa = np.nanmean([cohen_kappa(wide[a][reader], wide[b][reader]).estimate for reader in wide[a]])
        pairs = [np.column_stack([wide[a][reader], wide[b][reader]]) for reader in wide[a]]
        ac1 = np.mean([gwet_ac1(pair, resamples=2).estimate for pair in pairs])
        rows.append((experience, share.estimate, *share.interval, kappa, ac1, len(wide)))
    return pd.DataFrame(rows, columns=["experience", "agreement", "low", "high", "kappa", "ac1", "cases"])


def recovered_cases(table: pd.DataFrame, before: str, after: str) -> pd.DataFrame:
    """Diseased cases by how many readers missed them with one display and found them with another.

    Columns: case, recovered, lost (found before, missed after), readers; most recovered less lost first. Both
    are counted, for noise alone recovers some cases and loses as many.
    """
    diseased = table[table["truth"] == 1]
    diseased = diseased.pivot(index="case", columns=["modality", "reader"], values="decision")
    first, then = diseased[before], diseased[after]
    counts = pd.DataFrame({
        "case": diseased.index, "recovered": ((first == 0) & (then == 1)).sum(axis=1).to_numpy(),
        "lost": ((first == 1) & (then == 0)).sum(axis=1).to_numpy(), "readers": first.shape[1],
    })
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
