"""Tables of chapter 08 as a page shows them."""

from __future__ import annotations

import pandas as pd


def readable_indices(indices: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``Explanation.indices``, intervals in one cell, beside what nine in ten of the cohort have."""
    spans = {
        "90 % interval": ("low", "high"),
        "nine in ten of the cohort": ("usual_low", "usual_high"),
    }
    named = pd.DataFrame(
        {"index": indices["label"] + ", " + indices["unit"], "estimate": indices["estimate"].round(1)}
    )
    for title, (low, high) in spans.items():
        ends = zip(indices[low], indices[high], strict=True)
        named[title] = [f"{down:.1f} to {up:.1f}".replace("-", "−") for down, up in ends]
    return named.reset_index(drop=True)


def uninformed(indices: pd.DataFrame) -> int:
    """Rows whose interval is at least as wide as what nine in ten of the cohort have: they say no more."""
    return int((_widths(indices) >= 1).sum())


def widths_in_words(indices: pd.DataFrame) -> str:
    """ "48 to 97 %": how wide the narrowest and the widest interval are, of what nine in ten have."""
    widths = 100 * _widths(indices).dropna()
    if widths.empty:
        return "not known to be"
    ends = dict.fromkeys(f"{end:.0f}" for end in (widths.min(), widths.max()))
    return f"{' to '.join(ends)} %"


def _widths(indices: pd.DataFrame) -> pd.Series:
    usual = indices["usual_high"] - indices["usual_low"]
    return (indices["high"] - indices["low"]) / usual.where(usual > 0)
