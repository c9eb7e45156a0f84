"""Tables of chapter 07 as a page shows them, and the sentences that follow from their intervals."""

from __future__ import annotations

import math

import pandas as pd

from cardiacnets.experiments.reader_study.measures import DISPLAYS
from cardiacnets.statistics import Estimate
from cardiacnets.statistics.in_words import in_one_cell, p_in_short, side_of_zero

SHARE = "share of equal decisions"
NAMES = {"modality": "display", "pvalue": "p", "first": "juniors", "second": "seniors"}


def readable(table: pd.DataFrame, value: str = "estimate") -> pd.DataFrame:
    """Displays and coefficients by their names, ``value`` with its interval in one cell, p in short; the
    columns ``low``, ``high`` and ``method`` go.
    """
    shown = table.reset_index(drop=True)
    for column in ("display", "modality"):
        if column in shown:
            named = shown.pop(column).replace(DISPLAYS)
            shown.insert(int("reader" in shown), column, named)
    for column in ("coefficient", "quantity"):
        if column in shown:
            shown[column] = shown[column].replace({"percent": SHARE})
    ends = zip(shown[value], shown["low"], shown["high"], strict=True)
    shown[value] = [in_one_cell(*each) or "not available" for each in ends]
    if "pvalue" in shown:
        shown["pvalue"] = [p_in_short(p) or "–" for p in shown["pvalue"]]
    shown = shown.drop(columns=["low", "high", "method"], errors="ignore").round(3)
    return shown.rename(columns=NAMES | {value: f"{value.replace('_', ' ')} (95 % interval)"})


def change_in_words(difference: Estimate, merit: str) -> str:
    """The end of a sentence that begins with a display: what it does to the mean ``merit`` of readers."""
    side = side_of_zero(difference)
    if side is None:
        return f"has an effect on the mean {merit} that cannot be judged in this run"
    low, high = (_signed(end) for end in difference.interval)
    if side == 0:
        return f"leaves the change of the mean {merit} undecided, from {low} to {high}"
    verb = "raises" if side > 0 else "lowers"
    return f"{verb} the mean {merit} by {abs(difference.estimate):.3f} (change {low} to {high})"


def odds_in_words(table: pd.DataFrame) -> str:
    """What each display does to the odds of finding a diseased case, from ``odds_ratio, low, high`` of
    :func:`~cardiacnets.statistics.estimating_equations`.
    """
    said = []
    for row in table.itertuples():
        name = f"with {DISPLAYS.get(row.modality, row.modality)}"
        if not (math.isfinite(row.low) and math.isfinite(row.high)):
            said.append(f"{name} they are not available")
            continue
        moved = "higher" if row.low > 1 else "lower" if row.high < 1 else "undecided"
        said.append(f"{name} they are {moved} (ratio {row.odds_ratio:.2f}, {row.low:.2f} to {row.high:.2f})")
    return "; ".join(said)


def pitfalls_in_words(table: pd.DataFrame) -> str:
    """The p-values of :func:`~cardiacnets.statistics.pitfall_table` side by side, as a sentence."""
    told = (p_in_short(p).replace("< ", "below ") for p in table["pvalue"].iloc[[-1, 0, 1]])
    random, *readings = (each or "not available" for each in told)
    naive = " and ".join(dict.fromkeys(readings))
    return f"p is {random} with readers and cases random, and {naive} with readings counted as people"


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")
