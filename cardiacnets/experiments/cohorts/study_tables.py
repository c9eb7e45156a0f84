"""Chapter 00: the study's supplementary tables 6 and 7, the 82 indices and the cohorts by split."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cardiacnets.cohorts.counts import publishable, shares
from cardiacnets.cohorts.manifest import Manifest
from cardiacnets.cohorts.splits import SPLITS, split_participants
from cardiacnets.contracts import DIAGNOSIS_NAMES, DISEASES, SUBTYPES
from cardiacnets.phenotypes import PHENOTYPES
from cardiacnets.statistics import pearson_interval
from cardiacnets.study import SPLIT_COHORTS

RATIO = (7, 1, 2)
"""Of training, validation and test, where no manifest says another."""


def index_table(recorded: np.ndarray, true: np.ndarray) -> pd.DataFrame:
    """One row an index: ``field`` of UK Biobank, ``label``, ``unit``, ``group``; ``mean`` and ``sd`` of what
    is ``recorded`` (n, 82); ``reliability``, the share of its variance that is the ``true`` (n, 82) index's,
    r², with ``low`` and ``high``; ``n`` people with the index. An index of which fewer than four are known
    has no reliability.
    """
    rows = []
    for place, about in enumerate(PHENOTYPES.itertuples()):
        known = np.isfinite(recorded[:, place]) & np.isfinite(true[:, place])
        pair = recorded[known, place], true[known, place]
        row = {"field": str(about.field), "label": about.label, "unit": about.unit, "group": about.group}
        row |= {"mean": pair[0].mean() if len(pair[0]) else np.nan}
        row |= {"sd": pair[0].std(ddof=1) if len(pair[0]) > 1 else np.nan, "n": len(pair[0])}
        if len(pair[0]) > 3 and row["sd"] > 0:
            found = pearson_interval(*pair)
            low, high = (np.clip(end, 0, 1) ** 2 for end in found.interval)
            row |= {"reliability": max(found.estimate, 0.0) ** 2, "low": low, "high": high}
        rows.append(row)
    columns = ["field", "label", "unit", "group", "mean", "sd", "reliability", "low", "high", "n"]
    return pd.DataFrame(rows).reindex(columns=columns)


def family_reliability(table: pd.DataFrame) -> str:
    """Mean reliability of each family of indices in words, the most reliable first."""
    means = table.groupby("group")["reliability"].mean().sort_values(ascending=False)
    return "; ".join(f"{group} {value:.2f}" for group, value in means.items() if np.isfinite(value))


def split_table(
    people: Mapping[str, pd.DataFrame], seed: int, real: Mapping[str, Manifest], least: Mapping[str, int]
) -> pd.DataFrame:
    """One row a cohort and split: ``cohort``, ``split``, ``participants``, ``recordings``, means and standard
    deviations of age and body-mass index, the share of men, and of those with each recorded diagnosis, %.

    ``people``: recordings by cohort. Splits are drawn as chapter 01 draws them; a cohort that is not split
    has test people only. Counts are rounded to ``least`` of the cohort, and nothing is said of a split that
    rounds to nobody.
    """
    rows = []
    for name, recordings in people.items():
        split = pd.Series("test", index=recordings.index)
        if name in SPLIT_COHORTS:
            ratio = real[name].split.ratio if name in real else RATIO
            who = recordings["participant_id"]
            split = who.map(split_participants(who, seed, ratio))
        rows += [
            {"cohort": name, "split": part} | _described(recordings[split == part], least[name])
            for part in SPLITS
            if (split == part).any()
        ]
    return pd.DataFrame(rows)


def _described(recordings: pd.DataFrame, least: int) -> dict[str, object]:
    """What is said of one split."""
    persons = recordings.drop_duplicates("participant_id")
    counts = {
        "participants": publishable(len(persons), least), "recordings": publishable(len(recordings), least),
    }  # fmt: skip
    if not counts["participants"]:
        return counts
    sick = shares(recordings, [*DISEASES, *SUBTYPES], least)
    return counts | {
        "age, mean (SD)": _spread(persons, "age"),
        "BMI, mean (SD)": _spread(persons, "bmi"),
        "men, %": round(100 * float(persons["sex"].mean()), 1),
        **{f"{DIAGNOSIS_NAMES[name]}, %": round(float(value), 1) for name, value in sick.items()},
    }


def _spread(persons: pd.DataFrame, column: str) -> str:
    """Mean and standard deviation; a dash where nobody's is known."""
    values = persons[column].dropna() if column in persons else pd.Series(dtype=float)
    return f"{values.mean():.1f} ({values.std():.1f})" if len(values) > 1 else "–"
