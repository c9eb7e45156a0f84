"""Proportions: one, two independent, two on the same participants, and on participants with several rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import binom, chi2
from scipy.stats import t as student
from statsmodels.stats.proportion import proportion_confint

from cardiacnets.statistics.checking import binary, cluster_codes, same_length
from cardiacnets.statistics.estimate import Comparison, Estimate, normal_quantile, two_sided

BISECTIONS = 50
"""Halvings of [-1, 1]: to the last bit of a difference of proportions."""
WILSON = "Wilson score interval"
MCNEMAR = {
    "chi2": "McNemar's chi-square", "midp": "McNemar's mid-p", "exact": "McNemar's exact test",
    "corrected": "McNemar's corrected chi-square",
}
"""Versions of McNemar's test, in words."""


def wilson_interval(k: ArrayLike, n: ArrayLike, level: float = 0.95) -> Estimate:
    """Wilson's score interval of k successes in n independent trials (Wilson 1927; Newcombe 1998, method 3).

    Scalars or arrays. Defined at k = 0 and k = n. Raises ``ValueError`` unless 0 <= k <= n and n >= 1.
    """
    successes, trials = np.asarray(k, dtype=float), np.asarray(n, dtype=float)
    if (trials < 1).any() or (successes < 0).any() or (successes > trials).any():
        raise ValueError(f"a proportion needs 0 <= k <= n and n >= 1, not k = {k}, n = {n}")
    normal_quantile(level)
    low, high = proportion_confint(successes, trials, alpha=1 - level, method="wilson")
    low, high = np.where(successes == 0, 0.0, low), np.where(successes == trials, 1.0, high)
    share = successes / trials
    if share.ndim == 0:
        return Estimate(float(share), (float(low), float(high)), int(trials), WILSON, level=level)
    return Estimate(share, (low, high), int(trials.sum()), WILSON, level=level)


def two_proportion_z(k_a: int, n_a: int, k_b: int, n_b: int) -> Comparison:
    """*As published*: the pooled two-sided z-test of two independent proportions.

    z = (p_a - p_b) / sqrt(p (1 - p) (1 / n_a + 1 / n_b)), p the pooled share; interval by Newcombe 1998
    (method 10 of the unpaired paper: Wilson limits added in squares). It assumes two separate groups of
    people: on the same participants it ignores their pairing, on repeated rows it counts people several
    times. p is 1 where the pooled share is 0 or 1.
    """
    a, b = wilson_interval(k_a, n_a), wilson_interval(k_b, n_b)
    pooled = (k_a + k_b) / (n_a + n_b)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n_a + 1 / n_b))
    difference = a.estimate - b.estimate
    z = float(difference / error) if error > 0 else 0.0
    low = difference - np.hypot(a.estimate - a.interval[0], b.interval[1] - b.estimate)
    high = difference + np.hypot(a.interval[1] - a.estimate, b.estimate - b.interval[0])
    interval = (float(low), float(high))
    name = "pooled two-proportion z, Newcombe interval"
    return Comparison(difference, interval, n_a + n_b, name, z, two_sided(z))


def paired_counts(a: ArrayLike, b: ArrayLike) -> tuple[int, int, int, int]:
    """Rows where both, only a, only b and neither of two binary decisions (n,) are 1."""
    first, second = binary(a, "a"), binary(b, "b")
    same_length(a=first, b=second)
    counts = (first & second, first & ~second, ~first & second, ~first & ~second)
    return tuple(int(each.sum()) for each in counts)


def mcnemar_pvalue(only_a: ArrayLike, only_b: ArrayLike, method: str = "chi2") -> np.ndarray:
    """Two-sided p-values of McNemar's test from the two discordant counts (scalars or arrays).

    Given their sum n, ``only_a`` is binomial(n, 1/2) if the two proportions are equal. ``"chi2"``
    (recommended): (b - c)^2 / (b + c) against chi-square with one degree of freedom (McNemar 1947), 4 to 6 %
    false alarms at the study's sizes; ``"midp"``: twice the smaller tail less the probability of what was
    seen (Fagerland, Lydersen and Laake 2013), the careful choice where fewer than ten pairs are discordant,
    and about 2 % false alarms where some four are expected; ``"exact"``: twice the smaller tail,
    conservative; ``"corrected"``: (|b - c| - 1)^2 / (b + c) (Edwards 1948), as conservative. 1 where no pair
    is discordant.
    """
    b, c = np.asarray(only_a, dtype=float), np.asarray(only_b, dtype=float)
    n, least = b + c, np.minimum(b, c)
    if method in ("exact", "midp"):
        tails = 2 * binom.cdf(least, n, 0.5) - (binom.pmf(least, n, 0.5) if method == "midp" else 0)
        return np.where(b == c, 1.0, np.minimum(tails, 1.0))
    if method not in ("chi2", "corrected"):
        raise ValueError(f"method must be 'exact', 'midp', 'chi2' or 'corrected', not {method!r}")
    return np.where(n > 0, chi2.sf(_mcnemar_chi2(b, c, method), 1), 1.0)


def mcnemar_test(a: ArrayLike, b: ArrayLike, method: str = "chi2") -> Comparison:
    """Do two binary decisions (n,) on the same, independent participants have equal proportions?

    ``estimate`` is mean(a) - mean(b), its interval Tango's, which excludes 0 just where the uncorrected
    chi-square rejects; ``statistic`` is chi2 for the two chi-square methods, else the count of rows where
    only a is 1. See :func:`mcnemar_pvalue`, :func:`paired_difference`.
    """
    counts = paired_counts(a, b)
    difference = paired_difference(*counts)
    pvalue = float(mcnemar_pvalue(counts[1], counts[2], method))
    chi_square = method in ("chi2", "corrected")
    statistic = float(_mcnemar_chi2(counts[1], counts[2], method)) if chi_square else float(counts[1])
    name = f"{MCNEMAR[method]}, {difference.method}"
    return Comparison(difference.estimate, difference.interval, difference.n, name, statistic, pvalue)


def paired_difference(
    both: ArrayLike, only_a: ArrayLike, only_b: ArrayLike, neither: ArrayLike, method: str = "tango"
) -> Estimate:
    """A difference of paired proportions with its interval, from the four counts (scalars or arrays).

    ``method``: ``"tango"`` (recommended), the score interval of Tango 1998, "Equivalence test and confidence
    interval for the difference in proportions for the paired-sample design": the differences that McNemar's
    uncorrected test, moved to them, does not reject; ``"newcombe"``, Newcombe 1998, "Improved confidence
    intervals for the difference between binomial proportions based on paired data", method 10: two Wilson
    intervals added in squares, less twice their product times the correlation phi of the decisions
    (continuity-corrected where positive); too wide where few pairs disagree. Assumes independent
    participants. Defined for empty cells.
    """
    counts = [np.asarray(count, dtype=float) for count in (both, only_a, only_b, neither)]
    limits = {"tango": _tango_limits, "newcombe": _newcombe_limits}
    if method not in limits:
        raise ValueError(f"method must be 'tango' or 'newcombe', not {method!r}")
    n = sum(counts)
    difference, (low, high) = (counts[1] - counts[2]) / n, limits[method](*counts)
    name = {"tango": "Tango score", "newcombe": "Newcombe"}[method] + " interval of a paired difference"
    if np.ndim(difference) == 0:
        return Estimate(float(difference), (float(low), float(high)), int(n), name)
    return Estimate(difference, (low, high), int(n.sum()), name)


def _newcombe_limits(
    both: np.ndarray, only_a: np.ndarray, only_b: np.ndarray, neither: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    n = both + only_a + only_b + neither
    a, b = wilson_interval(both + only_a, n), wilson_interval(both + only_b, n)
    margins = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    product = both * neither - only_a * only_b
    corrected = np.where(product > 0, np.maximum(product - n / 2, 0), product)
    phi = np.where(margins > 0, corrected / np.sqrt(np.where(margins > 0, margins, 1)), 0.0)

    def reach(first: np.ndarray, second: np.ndarray) -> np.ndarray:
        return np.sqrt(np.maximum(first**2 - 2 * phi * first * second + second**2, 0))

    difference = a.estimate - b.estimate
    low = difference - reach(a.estimate - a.interval[0], b.interval[1] - b.estimate)
    return low, difference + reach(a.interval[1] - a.estimate, b.estimate - b.interval[0])


def _tango_limits(
    both: np.ndarray, only_a: np.ndarray, only_b: np.ndarray, neither: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The score falls with the difference it is moved to: both roots by bisection, all tables at once."""
    n, z = both + only_a + only_b + neither, normal_quantile(0.95)
    seen = (only_a - only_b) / n

    def score(difference: np.ndarray) -> np.ndarray:
        linear = (2 * n - only_a + only_b) * difference - only_a - only_b
        root = np.sqrt(np.maximum(linear**2 + 8 * n * only_b * difference * (1 - difference), 0))
        share = (root - linear) / (4 * n)  # of "only b", most likely if the difference were this
        spread = n * np.maximum(2 * share + difference * (1 - difference), 0)
        distance = only_a - only_b - n * difference
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(distance == 0, 0.0, distance / np.sqrt(spread))

    ends = []
    for side in (-1.0, 1.0):
        inside, outside = seen, np.full(seen.shape, side)
        for _ in range(BISECTIONS):
            middle = (inside + outside) / 2
            accepted = np.abs(score(middle)) <= z
            inside, outside = np.where(accepted, middle, inside), np.where(accepted, outside, middle)
        ends.append(inside)
    return ends[0], ends[1]


def clustered_paired_test(a: ArrayLike, b: ArrayLike, clusters: ArrayLike, level: float = 0.95) -> Comparison:
    """Two binary decisions on the same rows, where a participant (or case) may have several rows.

    With d the sum of a - b within a participant, z = sum d / sqrt(K / (K - 1) sum d^2) for K participants
    (Obuchowski 1998, "On the comparison of correlated proportions for clustered data": the variance under
    equality); the interval uses the spread of d about its expectation and t with K - 1 degrees of freedom.
    Participants are independent; within them anything may be correlated. p is 1 where no row differs. Raises
    ``ValueError`` for one participant.
    """
    first, second = binary(a, "a"), binary(b, "b")
    n = same_length(a=first, b=second)
    codes = cluster_codes(clusters, n)
    total = codes.max() + 1
    if total < 2:
        raise ValueError("one participant only: between-participant variation cannot be estimated")
    sums = np.bincount(codes, first.astype(float) - second, total)
    difference = float(sums.sum() / n)
    inflate = total / (total - 1)
    null_error = np.sqrt(inflate * np.sum(sums**2)) / n
    error = np.sqrt(inflate * np.sum((sums - difference * np.bincount(codes, minlength=total)) ** 2)) / n
    z = float(difference / null_error) if null_error > 0 else 0.0
    reach = student.ppf(0.5 + level / 2, total - 1) * error
    interval = (float(max(difference - reach, -1)), float(min(difference + reach, 1)))
    name = "clustered paired proportions (Obuchowski), t interval"
    return Comparison(difference, interval, int(total), name, z, two_sided(z), level=level)


def _mcnemar_chi2(only_a: ArrayLike, only_b: ArrayLike, method: str) -> np.ndarray:
    b, c = np.asarray(only_a, dtype=float), np.asarray(only_b, dtype=float)
    distance = np.abs(b - c)
    distance = np.maximum(distance - 1, 0) if method == "corrected" else distance
    return distance**2 / np.maximum(b + c, 1)
