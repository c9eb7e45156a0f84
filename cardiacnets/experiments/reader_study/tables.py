"""Tables of chapter 07 as a page shows them, and the sentences that follow from their intervals."""

from __future__ import annotations

import math

import pandas as pd

from cardiacnets.experiments.reader_study.measures import DISPLAYS
from cardiacnets.statistics import Estimate
from cardiacnets.statistics.in_words import in_one_cell, p_in_short, side_of_zero

SHARE = "share of equal decisions"
PROMISE = 0.05
"""The rate of false alarms that a test at this level promises."""
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


def agreed_in_words(agreement: pd.DataFrame) -> str:
    """How often readers decide the same with two displays, from ``experience, coefficient, estimate, low,
    high``, and what is left of it once chance is taken out.
    """
    said = []
    for experience, rows in agreement.groupby("experience", sort=False):
        found = rows.set_index("coefficient")
        share = in_one_cell(*(100 * found.loc["percent", ["estimate", "low", "high"]]), digits=0)
        beyond = [
            f"{name.split()[-1]} {in_one_cell(*found.loc[name, ['estimate', 'low', 'high']], digits=2)}"
            for name in found.index.drop("percent")
        ]
        parts = [part for part in (f"{share} %" if share else "", *beyond) if not part.endswith(" ")]
        said.append(f"{experience}: {', '.join(parts) or 'not available'}")
    return "; ".join(said)


def contrasts_in_words(contrast: pd.DataFrame) -> str:
    """Which differences between juniors and seniors keep a side, from ``quantity, difference, low, high,
    cases``.
    """
    said = {1: "juniors above seniors", -1: "juniors below seniors", 0: "undecided", None: "not available"}
    found = {}
    for row in contrast.itertuples():
        side = side_of_zero(Estimate(row.difference, (row.low, row.high), row.cases, "over cases"))
        name = row.quantity.replace("percent", SHARE)
        found.setdefault(said[side], []).append(name)
    told = (f"{words} in {', '.join(names)}" for words, names in found.items())
    return "; ".join(told) or "there is none to make: one kind of reader only"


def between_in_words(between: pd.DataFrame) -> str:
    """With which display readers agree most and least by Fleiss' kappa, and whether the two intervals part;
    from ``display, coefficient, estimate, low, high``.
    """
    rows = between[between["coefficient"] == "Fleiss' kappa"].dropna(subset=["estimate", "low", "high"])
    if len(rows) < 2:
        return "cannot be compared in this run"
    ordered = rows.sort_values("estimate")
    least, most = ordered.iloc[0], ordered.iloc[-1]
    ends = [
        f"{DISPLAYS.get(row.display, row.display)} ({in_one_cell(row.estimate, row.low, row.high, 2)})"
        for row in (most, least)
    ]
    apart = "the two intervals part" if least.high < most.low else "the two intervals overlap"
    return f"is highest with {ends[0]} and lowest with {ends[1]}; {apart}"


def alarms_in_words(alarms: pd.DataFrame) -> str:
    """Which tests (``method, rate, low, high``) were seen to cry wolf more often than :data:`PROMISE`."""
    loud = alarms[alarms["low"] > PROMISE].drop_duplicates("method")
    if not len(loud):
        return "no test was seen above its promise in so few studies"
    each = ", ".join(f"{row.method} ({100 * row.rate:.0f} %)" for row in loud.itertuples())
    return f"the whole interval of their rate lies above the promise: {each}"


def plan_in_words(plan: pd.DataFrame) -> str:
    """What readers and cases buy, from ``readers, cases needed, power with the cases at hand``."""
    few, many = plan.iloc[0], plan.iloc[-1]
    power = (
        f"with the cases at hand {few['readers']:.0f} readers give a power of {few.iloc[-1]:.0%}, "
        f"{many['readers']:.0f} one of {many.iloc[-1]:.0%}"
    )
    enough = plan.dropna(subset="cases needed")
    if not len(enough):
        return f"{power}; no number of cases is enough for any of these panels"
    row = enough.iloc[0]
    return (
        f"{power}; {row['readers']:.0f} is the smallest panel here that cases can bring to 80 %, "
        f"with {row['cases needed']:,.0f} of them"
    )


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")
