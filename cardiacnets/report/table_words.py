"""Words of tables: a page names indices, cohorts and measures, and shows no key.

Only keys that are known are translated where they stand in cells, so that an identifier never changes its
look before the disclosure guard; a head loses its underscores, unless the guard knows it by name.
"""

from __future__ import annotations

from cardiacnets.cohorts.disclosure import COUNTS, IDENTIFIERS
from cardiacnets.phenotypes import INDEX_NAMES, axis_label
from cardiacnets.study import COHORTS, VIEWS

WORDS = {
    **{name: axis_label(name) for name in INDEX_NAMES},
    **{f"{name}_error": f"error of {axis_label(name)}" for name in INDEX_NAMES},
    **{name: cohort.title for name, cohort in COHORTS.items()},
    **{f"ssim_{name}": f"structural similarity, {view.title}" for name, view in VIEWS.items()},
    **{f"{name}_generated": f"{view.title}: generated and real" for name, view in VIEWS.items()},
    **{f"{name}_real_halves": f"{view.title}: two halves of the real" for name, view in VIEWS.items()},
    "generated_real": "generated and real", "generated_truth": "generated and recorded",
    "real_truth": "real and recorded", "in_region": "in the true region", "ukb_like": "as in UK Biobank",
    "recall_1": "first place", "recall_5": "first five", "recall_10": "first ten",
}  # fmt: skip
"""What a key is called."""


def cell_words(text: str) -> str:
    """A known key in words, anything else as it is."""
    return WORDS.get(text, text)


def head_words(name: str) -> str:
    """The name of a column in words."""
    if name in WORDS or name in IDENTIFIERS | COUNTS:
        return WORDS.get(name, name)
    stem = name.removesuffix("_interval")
    return f"{WORDS.get(stem, stem.replace('_', ' '))}{', interval' if stem != name else ''}"
