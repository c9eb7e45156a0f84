"""Tables of chapter 06 as a page shows them: names instead of keys, and a reading of their rates."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pandas as pd

from cardiacnets.statistics import Estimate
from cardiacnets.statistics.in_words import in_one_cell, p_in_short
from cardiacnets.study import TASKS

P_NAMES = {
    "p_published": "p, published",
    "p_delong": "p, DeLong",
    "p_paired": "p, paired",
    "p_holm": "p, Holm",
    "p_equivalent": "p, same",
}


def readable(table: pd.DataFrame, first: str, second: str) -> pd.DataFrame:
    """Rows of two tests of the same two models (``BothTests.row``): the models by the names ``first`` and
    ``second``, difference and interval in one cell, the 90 % interval where equivalence was asked, n
    recordings. The method of the paired test
    is left to the caption; further columns stay as they are, at the end.
    """
    table = table.reset_index(drop=True)
    named = table.rename(columns={"a": first, "b": second, "n": "recordings"} | P_NAMES)
    if "task" in named:
        named["task"] = [TASKS[key].title if key in TASKS else key for key in named["task"]]
    ends = zip(table["difference"], table["low"], table["high"], strict=True)
    named["difference"] = [in_one_cell(*each) or "–" for each in ends]
    if "low_90" in table:
        ends = zip(table["low_90"], table["high_90"], strict=True)
        narrow = [f"{low:.3f} to {high:.3f}" for low, high in ends]
        place = named.columns.get_loc("difference") + 1
        named.insert(place, "90 % interval", [each.replace("-", "−") for each in narrow])
    for name in P_NAMES.values():
        if name in named:
            named[name] = [p_in_short(p) for p in named[name]]
    named[[first, second]] = named[[first, second]].round(3)
    named = named.drop(columns=["low", "high", "low_90", "high_90", "method"], errors="ignore")
    named = named.rename(columns={"difference": "difference (95 % interval)"})
    return named[[name for name in named if name != "recordings"] + ["recordings"]]


def rates_in_words(rates: pd.DataFrame, methods: Iterable[str] | None = None) -> str:
    """ "McNemar midp 2.4 to 6.8 %; ..." from the columns ``method`` and ``rate`` of a simulation; one number
    where all rates are the same.
    """
    found = rates.groupby("method", sort=False)["rate"]
    chosen = list(methods) if methods is not None else [name for name, _ in found]
    said = {name: span_in_percent(each) for name, each in found}
    return "; ".join(f"{name} {said[name]}" for name in chosen)


def span_in_percent(shares: pd.Series) -> str:
    """ "2.4 to 6.8 %" of shares between 0 and 1, or one number where both ends read the same."""
    low, high = (f"{100 * end:.1f}" for end in (shares.min(), shares.max()))
    return f"{low} %" if low == high else f"{low} to {high} %"


def slope_in_words(slope: Estimate) -> str:
    """What a calibration slope says of probabilities, by its interval."""
    low, high = slope.interval
    if not (math.isfinite(low) and math.isfinite(high)):
        return "cannot be judged in this run"
    if low > 1:
        return "are too moderate: the interval lies above 1"
    if high < 1:
        return "are too extreme: the interval lies below 1"
    return "are not shown to be too moderate or too extreme: the interval holds 1"
