"""Chapter 01: what its tables say, in words that follow from them."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from cardiacnets.statistics import spearman_interval
from cardiacnets.statistics.in_words import in_one_cell, side_of_zero

NORMALISED = "numbers look "
"""How the reason begins where numbers alone decided that a recording is not in millivolts."""
LOSING = 3


def lost_most(change: pd.DataFrame) -> str:
    """Which leads lose the largest share of their height, and whether they are small ones. ``change``: a row
    a lead, with ``lead``, ``peak to peak, raw, mV`` and ``kept, %``.
    """
    most = change.nsmallest(LOSING, "kept, %")
    small = change["peak to peak, raw, mV"].rank() <= len(change) / 2
    named = [f"{lead} ({kept:.0f} % kept)" for lead, kept in zip(most["lead"], most["kept, %"], strict=True)]
    among = f"{int(small[most.index].sum())} of the {len(most)} are of the lower half of the leads"
    return f"{', '.join(named[:-1])} and {named[-1]}; {among}"


def share_with_height(change: pd.DataFrame) -> str:
    """Whether small waves lose a larger share: the rank correlation of a lead's height with what is kept, of
    the table that :func:`lost_most` reads; its interval over leads decides.
    """
    found = spearman_interval(change["peak to peak, raw, mV"], change["kept, %"])
    words = {
        1: "small leads lose a larger share", -1: "small leads lose a smaller share",
        0: "whether small leads lose a larger share is not shown", None: "nothing can be said of their size",
    }[side_of_zero(found)]  # fmt: skip
    shown = in_one_cell(found.estimate, *found.interval, 2) or "not available"
    return f"{words} (rank correlation of height and share kept {shown})"


def false_alarms(reasons: Iterable[pd.Series]) -> str:
    """What the reasons for which recordings of simulated cohorts were set aside (empty: not) say of the check
    itself, a series of text a cohort: their numbers are millivolts by construction.
    """
    told = [reason for cohort in reasons for reason in cohort]
    recordings, mistaken = len(told), sum(NORMALISED in reason for reason in told)
    if not recordings:
        return "No cohort of this run is simulated, so nothing is known of how often the check errs"
    if not mistaken:
        return f"None of the {recordings:,} simulated recordings was refused for the look of its numbers"
    return (
        f"Of the {recordings:,} simulated recordings {mistaken:,} had numbers that look as if a program had "
        "normalised them: set aside, although simulated recordings are in millivolts by construction. So "
        "often a check errs that sees numbers alone"
    )
