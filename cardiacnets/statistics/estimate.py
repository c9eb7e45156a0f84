"""What a statistic returns: an estimate that never travels without its interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm


@dataclass(frozen=True)
class Estimate:
    """A value and its confidence interval.

    ``estimate`` and the two ends of ``interval`` are floats, or arrays of one shape where a function is
    vectorised over columns; ``n`` counts what was studied; ``method`` names the interval in words.
    """

    estimate: float
    interval: tuple[float, float]
    n: int
    method: str


@dataclass(frozen=True)
class Comparison(Estimate):
    """A difference with its interval, and the two-sided test of no difference."""

    statistic: float
    pvalue: float


def normal_quantile(level: float) -> float:
    """The z with a central probability of ``level`` (.95: 1.96); ``ValueError`` outside (0, 1)."""
    if not 0 < level < 1:
        raise ValueError(f"a confidence level lies between 0 and 1, not {level}")
    return float(norm.ppf(0.5 + level / 2))


def two_sided(z: float) -> float:
    """Two-sided p-value of a standard normal statistic."""
    return float(2 * norm.sf(np.abs(z)))
