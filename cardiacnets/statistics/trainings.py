"""Intervals that hold trainings: a network trained again from other weights and batches answers otherwise.

An arm that was trained T times answers by the mean of its T predictions. How much that answer owes to these
trainings is told by the jackknife over them: the statistic with each training left out in turn. Participants
and trainings are drawn independently of each other, so that their two intervals add in squares.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.stats import norm, t

from cardiacnets.statistics.estimate import Comparison, Estimate, normal_quantile, two_sided

Found = TypeVar("Found", bound=Estimate)

NEAREST, FARTHEST = 1e-3, 30.0
"""Standard errors between which p is sought: at the first it is 1 to three digits, at the second 1e-197."""
OVER_TRAININGS = "trainings by jackknife, added in squares"
"""What a method says whose interval holds them."""
ONE_TRAINING = "one training: its spread is not in the interval"
LENT = "spread of trainings lent by comparable networks, added in squares"
"""What a method says of a network that was trained once, whose interval holds the spread of others."""


def trained_once(found: Found) -> Found:
    """``found``, what a network says that was trained once; its method tells so, however often asked."""
    if ONE_TRAINING in found.method:
        return found
    return replace(found, method=f"{found.method}; {ONE_TRAINING}")


def with_trainings(
    found: Found, left_out: Sequence[ArrayLike], bounds: tuple[float, float] = (-np.inf, np.inf)
) -> Found:
    """``found``, whose interval is over participants, with one over participants and trainings.

    ``left_out``: for each arm that was trained T >= 2 times, the statistic (T,) where that arm is the mean of
    all its trainings but one. The jackknife's variance is (T - 1) / T times the sum of their squared
    deviations (Tukey 1958), summed over arms, with sum(T - 1) degrees of freedom. With the half-width h of
    Student's interval of that variance,

        low = estimate - sqrt((estimate - low_participants)^2 + h^2),

    and ``high`` likewise (Howe 1974, "Approximate confidence limits on the mean of X + Y"; Zou and Donner
    2008). Drawing three trainings with replacement instead would keep two thirds of their variance and
    normal quantiles where Student's are 4.3. The interval ends at ``bounds``, between which the statistic
    lies: few trainings that differ may tell nothing. A :class:`Comparison` gets the test that fits:
    ``statistic`` is the z at which its interval just touches 0.

    Assumes trainings alike but for their seeds, and arms trained apart: arms that share a start vary
    together, for which the interval of their difference is too wide. What could not be computed stays as it
    is. Raises ``ValueError`` for an arm with a single training, whose spread nobody knows.
    """
    arms = [np.asarray(values, dtype=float) for values in left_out]
    for values in arms:
        if values.ndim != 1 or len(values) < 2:
            raise ValueError(f"the spread of trainings needs two or more of an arm, found {values.shape}")
    if not arms or not np.isfinite([found.estimate, *found.interval]).all():
        return found
    variance = sum((len(values) - 1) ** 2 / len(values) * values.var(ddof=1) for values in arms)
    freedom = sum(len(values) - 1 for values in arms)
    counts = " and ".join(dict.fromkeys(str(len(values)) for values in arms))
    method = f"{found.method}; {counts} {OVER_TRAININGS}"
    return _widened(found, float(np.sqrt(variance)), freedom, method, bounds)


def with_lent_spread(found: Found, spreads: Sequence[tuple[float, int]]) -> Found:
    """``found``, from networks that were trained once, with an interval over participants and trainings as
    wide as if they varied like comparable networks.

    ``spreads``: of each comparable result its standard deviation between T >= 2 single trainings, and T;
    pooled over them with sum(T - 1) degrees of freedom. Limits, and the test of a :class:`Comparison`, as
    :func:`with_trainings` has them, but for one training, whose variance no mean divides. Raises
    ``ValueError`` where nothing lends a spread.
    """
    if not spreads or any(count < 2 or not deviation >= 0 for deviation, count in spreads):
        raise ValueError(f"a spread is lent by two or more trainings of an arm, found {list(spreads)}")
    if not np.isfinite([found.estimate, *found.interval]).all():
        return found
    freedom = sum(count - 1 for _, count in spreads)
    variance = sum((count - 1) * deviation**2 for deviation, count in spreads) / freedom
    method = f"{found.method}; {LENT}"
    return _widened(found, float(np.sqrt(variance)), freedom, method, (-np.inf, np.inf))


def _widened(
    found: Found, error: float, freedom: int, method: str, bounds: tuple[float, float]
) -> Found:
    """``found`` with Student's interval of an independent ``error`` added in squares."""
    z = normal_quantile(found.level)

    def half_width(z: float) -> float:
        """Of Student's interval that is as sure as the normal one of z standard errors."""
        return float(t.isf(norm.sf(z), freedom)) * error

    low, high = found.interval
    below, above = found.estimate - low, high - found.estimate
    interval = (
        max(found.estimate - float(np.hypot(below, half_width(z))), bounds[0]),
        min(found.estimate + float(np.hypot(above, half_width(z))), bounds[1]),
    )
    changed = {"interval": interval, "method": method}
    if isinstance(found, Comparison) and error > 0:
        toward = below if found.estimate > 0 else above

        def excess(at: float) -> float:
            return abs(found.estimate) - float(np.hypot(toward * at / z, half_width(at)))

        if excess(NEAREST) <= 0:
            at = NEAREST
        else:
            at = FARTHEST if excess(FARTHEST) > 0 else float(brentq(excess, NEAREST, FARTHEST))
        changed |= {"statistic": float(np.sign(found.estimate)) * at, "pvalue": two_sided(at)}
    return replace(found, **changed)


def without_each(trainings: np.ndarray) -> np.ndarray:
    """Means over all trainings but one of predictions (T, n, ...), each left out in turn: the same shape."""
    count = len(trainings)
    return (trainings.sum(axis=0) - trainings) / (count - 1)
