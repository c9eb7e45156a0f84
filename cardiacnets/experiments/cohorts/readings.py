"""Chapter 00: what its tables say, in words that follow from them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

ODDS_ERROR, APICAL = 0.8, 50
"""Standard error of the log odds ratio of the apical row, about, where it has so many apical hearts: between
.64 and .91 in five draws, as only a few septal hearts have so deep a T wave.
"""
SHARES = ("PH: ", "QRS >= 120 ms", "Q wave", "limb leads", "measured rate")
"""What the rows about shares of people have in their names."""
SOURCES = {
    "lit": "literature", "rec": "from memory", "physics": "by construction",
    "attia2019": "Attia 2019", "bocchi2020": "Bocchi 2020", "jain2010": "Jain 2010",
    "khurshid2021": "Khurshid 2021", "legoallec2021": "Le Goallec 2021", "pastika2024": "Pastika 2024",
    "petersen2017risk": "Petersen 2017 (risk factors)", "sathananthan2015": "Sathananthan 2015",
    "sohaib2009, su2017": "Sohaib 2009, Su 2017", "thambawita2021": "Thambawita 2021",
}  # fmt: skip
"""What the short names of the target table's sources mean; papers by first author and year."""
HEADS = {
    "target_mean": "published", "target_sd": "published SD", "simulated_mean": "simulated",
    "simulated_sd": "simulated SD", "passed": "within tolerance",
}  # fmt: skip
FAR = 2.0
"""Standard errors beyond which sampling is no likely reason."""


def emptied(healthy: Mapping[str, float], other: Mapping[str, float]) -> str:
    """How far a heart empties beside its healthy self, by the true indices ``lv_edv`` (ml) and ``lv_ef`` (%)
    of both, rounded as a reader would: the end of a sentence that begins with the heart.
    """

    def side(name: str, words: tuple[str, str, str]) -> str:
        one, reference = round(other[name]), round(healthy[name])
        return words[0] if one > reference else words[1] if one < reference else words[2]

    sizes = ("has a larger cavity than", "has a smaller cavity than", "has as large a cavity as")
    volume = side("lv_edv", sizes)
    fraction = side("lv_ef", ("further than", "less far than", "as far as"))
    return f"{volume} its healthy self and empties {fraction} that does"


def sampling_error(row: Any) -> float:
    """Standard error that the ``n`` people of a row of the target table leave, were the target true, by the
    kind of quantity; NaN where that is not known.
    """
    name, target, n = row.quantity, row.target_mean, row.n
    if math.isfinite(row.target_sd):
        return row.target_sd / math.sqrt(n)
    if "log odds ratio" in name:
        return ODDS_ERROR * math.sqrt(APICAL / n)
    if name.startswith("r(") or name.endswith(", r"):
        return (1 - target**2) / math.sqrt(n)
    if name.endswith(", R2"):
        return 2 * math.sqrt(target) * (1 - target) / math.sqrt(n)
    if any(part in name for part in SHARES) and 0 < target < 1:
        return math.sqrt(target * (1 - target) / n)
    return math.nan


def readable(targets: pd.DataFrame) -> pd.DataFrame:
    """The target table in words, numbers to two decimals; sources by :data:`SOURCES`."""
    passed = targets["passed"].map({True: "yes", False: "no"})
    named = targets.assign(passed=passed, source=targets["source"].replace(SOURCES))
    return named.round(2).rename(columns=HEADS)


def beyond_sampling(targets: pd.DataFrame) -> str:
    """Which failed rows of the target table lie more than :data:`FAR` standard errors off, in sentences."""
    failed = [(row, sampling_error(row)) for row in targets[~targets["passed"]].itertuples()]
    if not failed:
        return "In this draw no row failed"
    off = [
        f"{row.quantity} ({row.simulated_mean:.2f} for {row.target_mean:.2f}, standard error {error:.2g})"
        for row, error in failed
        if math.isfinite(error) and abs(row.simulated_mean - row.target_mean) > FAR * error
    ]
    unknown = sum(not math.isfinite(error) for _, error in failed)
    words = [
        f"Rows that failed in this draw: {len(failed)}. More than two standard errors off, so that sampling "
        f"alone is no likely reason: {'; '.join(off) or 'none'}"
    ]
    if near := len(failed) - len(off) - unknown:
        words.append(f"Within two, where sampling may be the reason: {near}")
    if unknown:
        words.append(f"Without a known standard error: {unknown}")
    return ". ".join(words)


def above_bound(budget: pd.DataFrame) -> str:
    """In how many indices the oracle reads more of the truth than the linear bound allows."""
    above = int((budget["oracle_true"] > budget["bound"]).sum())
    return f"{above} of the {len(budget)} indices"
