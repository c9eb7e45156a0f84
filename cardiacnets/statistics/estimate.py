"""What a statistic returns: an estimate that never travels without its interval, its n and its method.

The method is named once, where it is computed. Tables, captions and recorded results take the name, the n and
the level from here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Self

import numpy as np
from scipy.stats import norm

POWER = 0.8
"""The chance with which a difference that a study *could have shown* is found, wherever the book says so."""
ORDERED = "interval between order statistics"
"""What the method of a median says: its interval has no standard error."""


@dataclass(frozen=True)
class Estimate:
    """A value and its confidence interval.

    ``estimate`` and the two ends of ``interval`` are floats, or arrays of one shape where a function is
    vectorised over columns; ``n`` counts what was studied (None where nothing is counted); ``method`` names
    the interval in words; ``level`` is its coverage.
    """

    estimate: float
    interval: tuple[float, float]
    n: int | None
    method: str
    level: float = field(default=0.95, kw_only=True)

    def row(self) -> dict[str, Any]:
        """As columns of a table: ``estimate, low, high, n, method``."""
        low, high = self.interval
        return {"estimate": self.estimate, "low": low, "high": high, "n": self.n, "method": self.method}

    def columns(self, name: str) -> dict[str, Any]:
        """As columns beside other estimates: ``name``, ``name_interval`` and ``name_method``."""
        return {name: self.estimate, f"{name}_interval": self.interval, f"{name}_method": self.method}

    @classmethod
    def of(cls, row: Any, name: str = "") -> Self:
        """Back from a row of a table (a named tuple), from what :meth:`row` wrote, or :meth:`columns` of
        ``name``; a column ``level`` may say which it is where it is not .95.
        """
        if name:
            value, interval, method = (getattr(row, name + end) for end in ("", "_interval", "_method"))
        else:
            value, interval, method = row.estimate, (row.low, row.high), row.method
        tested = {each.name: getattr(row, each.name, np.nan) for each in fields(cls)[len(fields(Estimate)) :]}
        if not isinstance(interval, tuple):  # what could not be computed
            value, interval, method = np.nan, (np.nan, np.nan), ""
        return cls(value, interval, row.n, method, **tested, level=getattr(row, "level", 0.95))

    def times(self, factor: float) -> Self:
        """In another unit, or with the other sign; a test stays as it is."""
        low, high = sorted(factor * end for end in self.interval)
        fixed = {each.name: getattr(self, each.name) for each in fields(self)}
        return type(self)(**fixed | {"estimate": factor * self.estimate, "interval": (low, high)})


@dataclass(frozen=True)
class Comparison(Estimate):
    """A difference with its interval, and the two-sided test of no difference."""

    statistic: float
    pvalue: float

    def row(self) -> dict[str, Any]:
        """As :meth:`Estimate.row`, with ``pvalue``."""
        return super().row() | {"pvalue": self.pvalue}


def apart(a: Estimate, b: Estimate) -> Estimate:
    """``a`` less ``b`` of different people, with both their limits added in squares (Zou and Donner 2008).

    Of the same people it is too wide where the two rise together. ``n`` counts both; ``ValueError`` for
    intervals of two levels.
    """
    if a.level != b.level:
        raise ValueError(f"intervals of one level are needed, not of {a.level:g} and {b.level:g}")
    difference = a.estimate - b.estimate
    below = np.hypot(a.estimate - a.interval[0], b.interval[1] - b.estimate)
    above = np.hypot(a.interval[1] - a.estimate, b.estimate - b.interval[0])
    interval = (float(difference - below), float(difference + above))
    n = None if a.n is None or b.n is None else a.n + b.n
    return Estimate(float(difference), interval, n, "limits of both added in squares", level=a.level)


def normal_quantile(level: float) -> float:
    """The z with a central probability of ``level`` (.95: 1.96); ``ValueError`` outside (0, 1)."""
    if not 0 < level < 1:
        raise ValueError(f"a confidence level lies between 0 and 1, not {level}")
    return float(norm.ppf(0.5 + level / 2))


def could_show(interval: tuple[float, float], level: float = 0.95) -> float:
    """The difference that four of five such studies would find at p < .05: 1.96 + 0.84 standard errors, a
    standard error being taken from the half-width of the ``interval`` (low, high) of this ``level``.

    Numbers, or arrays of one shape.
    """
    low, high = interval
    error = (high - low) / 2 / normal_quantile(level)
    return (normal_quantile(0.95) + float(norm.ppf(POWER))) * error


def two_sided(z: float) -> float:
    """Two-sided p-value of a standard normal statistic."""
    return float(2 * norm.sf(np.abs(z)))
