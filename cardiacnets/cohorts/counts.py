"""Counts of people as they may be published.

On a restricted cohort a count is rounded to its manifest's threshold. To leave out the small ones would not
be enough: what is left out is the difference of a total and the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import pandas as pd

from cardiacnets.cohorts.studied import real_cohorts
from cardiacnets.run import Run

Counts = TypeVar("Counts", int, pd.Series, pd.DataFrame)


def threshold(run: Run, *names: str) -> int:
    """The smallest count that may be published of these cohorts (of all without any); 0 where any may."""
    real = real_cohorts(run)
    restricted = [one.disclosure_threshold for name, one in real.items() if one.restricted and
                  (not names or name in names)]  # fmt: skip
    return max(restricted, default=0)


def publishable(counts: Counts, threshold: int) -> Counts:
    """Counts rounded to the nearest multiple of ``threshold``; as they are where that is 0."""
    return counts if threshold == 0 else round(counts / threshold) * threshold


def shares(recordings: pd.DataFrame, columns: Sequence[str], threshold: int) -> pd.Series:
    """Participants with each of the boolean ``columns``, %, from publishable counts."""
    people = recordings.drop_duplicates("participant_id")[list(columns)]
    total = publishable(len(people), threshold)
    return 100 * publishable(people.sum(), threshold) / (total or np.nan)
