"""Tables of chapter 06 as a page shows them: names instead of keys, and a reading of their rates."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from cardiacnets.statistics.in_words import in_one_cell
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
    ``second``, difference and interval in one cell, n recordings. The method of the paired test
    is left to the caption; further columns stay as they are, at the end.
    """
    named = table.rename(columns={"a": first, "b": second, "n": "recordings"} | P_NAMES)
    if "task" in named:
        named["task"] = [TASKS[key].title if key in TASKS else key for key in named["task"]]
    ends = zip(table["difference"], table["low"], table["high"], strict=True)
    named["difference"] = [in_one_cell(*each) or "–" for each in ends]
    for name in P_NAMES.values():
        if name in named:
            named[name] = ["< 0.001" if p < 0.001 else f"{p:.3f}" for p in named[name]]
    named[[first, second]] = named[[first, second]].round(3)
    named = named.drop(columns=["low", "high", "method"])
    named = named.rename(columns={"difference": "difference (95 % interval)"})
    return named[[name for name in named if name != "recordings"] + ["recordings"]]


def rates_in_words(rates: pd.DataFrame, methods: Iterable[str] | None = None) -> str:
    """ "McNemar midp 2.4 to 6.8 %; ..." from the columns ``method`` and ``rate`` of a simulation."""
    found = rates.groupby("method", sort=False)["rate"]
    chosen = list(methods) if methods is not None else [name for name, _ in found]
    said = {name: (100 * each.min(), 100 * each.max()) for name, each in found}
    return "; ".join(f"{name} {said[name][0]:.1f} to {said[name][1]:.1f} %" for name in chosen)
