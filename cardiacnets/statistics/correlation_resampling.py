"""Correlations of all 82 indices, in all arms, over thousands of resamples of the participants.

A correlation is a function of six sums (pairs, x, y, x^2, y^2, xy). Summed once within participants, the sums
of every index and arm under any weights are one matrix product, ``weights (resamples, participants) @ sums
(participants, indices x moments)``. So ten thousand resamples of 82 indices in three arms take seconds.

``truth (n, k)`` recorded indices, NaN where missing; ``predictions``: arm to (n, k). A pair counts where the
truth and every arm are present, so that arms are compared on the same participants.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from cardiacnets.statistics.checking import cluster_codes
from cardiacnets.statistics.estimate import Comparison, Estimate
from cardiacnets.statistics.resampling import BCA, CELLS, bca_interval, resampled

NEGLIGIBLE = 1e-9
"""A variance (of standardised values) below this is a constant column."""


@dataclass(frozen=True)
class CorrelationSums:
    """Sums within participants: ``truth (participants, 3, k)`` of pairs, t and t^2; ``arms (participants,
    arms, 3, k)`` of p, p^2 and t p, all of columns standardised beforehand, which changes no correlation and
    keeps sums exact.
    """

    truth: np.ndarray
    arms: np.ndarray

    @classmethod
    def of(
        cls, truth: ArrayLike, predictions: Mapping[str, ArrayLike], participants: ArrayLike | None
    ) -> CorrelationSums:
        """Raises ``ValueError`` where shapes differ, naming the arm."""
        target = np.asarray(truth, dtype=np.float64)
        arms = {name: np.asarray(values, dtype=np.float64) for name, values in predictions.items()}
        for name, values in arms.items():
            if values.shape != target.shape or target.ndim != 2:
                raise ValueError(f"arm {name!r} is {values.shape}, the truth {target.shape}; both (n, k)")
        codes = np.arange(len(target)) if participants is None else cluster_codes(participants, len(target))
        present = np.isfinite(target) & np.all([np.isfinite(values) for values in arms.values()], axis=0)
        t = _standardised(target, present)
        truth_sums = np.stack([present, t, t**2], axis=1)  # (n, 3, k)
        arm_sums = []
        for values in arms.values():
            p = _standardised(values, present)
            arm_sums.append(np.stack([p, p**2, t * p], axis=1))  # (n, 3, k)
        return cls(_summed(truth_sums, codes), _summed(np.stack(arm_sums, axis=1), codes))

    def __call__(self, weights: np.ndarray) -> np.ndarray:
        """Correlations (rows, arms, k) under ``weights (rows, participants)``; NaN for a constant column."""
        return self.correlations(_product(weights, self.truth), _product(weights, self.arms))

    @staticmethod
    def correlations(truth: np.ndarray, arms: np.ndarray) -> np.ndarray:
        """Correlations (rows, arms, k) from sums over participants (rows, 3, k) and (rows, arms, 3, k)."""
        count, t, tt = (truth[:, None, moment] for moment in range(3))
        p, pp, tp = (arms[:, :, moment] for moment in range(3))
        with np.errstate(divide="ignore", invalid="ignore"):
            covariance = tp / count - t * p / count**2
            variances = (tt / count - (t / count) ** 2), (pp / count - (p / count) ** 2)
            r = covariance / np.sqrt(variances[0] * variances[1])
        return np.where((variances[0] > NEGLIGIBLE) & (variances[1] > NEGLIGIBLE), np.clip(r, -1, 1), np.nan)


@dataclass(frozen=True)
class BootstrappedCorrelations:
    """Correlations ``estimate (arms, k)``, their bootstrap ``draws (resamples, arms, k)`` and jackknife."""

    arms: tuple[str, ...]
    estimate: np.ndarray
    draws: np.ndarray
    left_out: np.ndarray

    @property
    def participants(self) -> int:
        return len(self.left_out)

    def indices(self, arm: str) -> Estimate:
        """Correlation of every index (k,) in one arm, BCa intervals."""
        place = self._place(arm)
        limits = bca_interval(self.estimate[place], self.draws[:, place], self.left_out[:, place])
        return Estimate(self.estimate[place], limits, self.participants, BCA)

    def mean(self, arm: str) -> Estimate:
        """Mean correlation over the indices of one arm (constant columns left out), BCa interval."""
        return self._summary({arm: 1.0}, 0.95)

    def mean_difference(self, arm: str, other: str, level: float = 0.95) -> Comparison:
        """Mean correlation of ``arm`` less that of ``other`` on the same participants; see
        :meth:`mean_contrast`.
        """
        return self.mean_contrast({arm: 1.0, other: -1.0}, level)

    def mean_contrast(self, weights: Mapping[str, float], level: float = 0.95) -> Comparison:
        """A weighted sum of the arms' mean correlations, say of two differences, on the same participants.

        ``pvalue``: twice the share of resamples on the far side of 0, at least 2 / (resamples + 1);
        ``statistic``: the contrast over its bootstrap standard error (0 if it never varies).
        """
        found, draws = self._summary(weights, level), self._mean(self.draws, weights)
        error = draws.std(ddof=1)
        share = (min((draws <= 0).sum(), (draws >= 0).sum()) + 1) / (len(draws) + 1)
        statistic, pvalue = float(found.estimate / error) if error > 0 else 0.0, float(min(2 * share, 1))
        return Comparison(
            found.estimate, found.interval, found.n, found.method, statistic, pvalue, level=level
        )

    def _place(self, arm: str) -> int:
        if arm not in self.arms:
            raise ValueError(f"no arm {arm!r}; there are {', '.join(self.arms)}")
        return self.arms.index(arm)

    def _mean(self, values: np.ndarray, weights: Mapping[str, float]) -> np.ndarray:
        """Mean over indices of the weighted arms of ``values (..., arms, k)``: (...)."""
        arms = [weight * values[..., self._place(arm), :] for arm, weight in weights.items()]
        return np.nanmean(np.sum(arms, axis=0), axis=-1)

    def _summary(self, weights: Mapping[str, float], level: float) -> Estimate:
        estimate, left_out = float(self._mean(self.estimate, weights)), self._mean(self.left_out, weights)
        low, high = bca_interval(estimate, self._mean(self.draws, weights), left_out, level)
        return Estimate(estimate, (float(low), float(high)), self.participants, BCA, level=level)


@dataclass(frozen=True)
class MaxT:
    """Per index (k,): ``difference`` of correlations, its p-value, and that adjusted for all indices."""

    difference: np.ndarray
    pvalue: np.ndarray
    adjusted: np.ndarray


def bootstrap_correlations(
    truth: ArrayLike, predictions: Mapping[str, ArrayLike], participants: ArrayLike | None = None,
    resamples: int = 10_000, seed: int = 0,
) -> BootstrappedCorrelations:
    """Correlations of every index in every arm over resamples of the participants, the same for all arms.

    Assumes independent participants, nothing about distributions. A row a participant unless ``participants
    (n,)`` is given.
    """
    sums = CorrelationSums.of(truth, predictions, participants)
    people = len(sums.truth)
    if people < 3:
        raise ValueError(f"a bootstrap of correlations needs at least three participants, not {people}")
    draws = resampled(sums, people, resamples, seed)
    left_out = sums.correlations(sums.truth.sum(axis=0) - sums.truth, sums.arms.sum(axis=0) - sums.arms)
    return BootstrappedCorrelations(tuple(predictions), sums(np.ones((1, people)))[0], draws, left_out)


def correlation_bca(
    x: ArrayLike, y: ArrayLike, participants: ArrayLike | None = None, resamples: int = 10_000, seed: int = 0
) -> Estimate:
    """Pearson's r of x and y, (n,) or (n, k), with a BCa interval over participants (Efron 1987).

    Assumes independent participants, no normality.
    """
    left, right = (np.asarray(side, dtype=float) for side in (x, y))
    scalar = left.ndim == 1
    left, right = (side[:, None] if scalar else side for side in (left, right))
    found = bootstrap_correlations(left, {"y": right}, participants, resamples, seed).indices("y")
    if not scalar:
        return found
    interval = (float(found.interval[0][0]), float(found.interval[1][0]))
    return Estimate(float(found.estimate[0]), interval, found.n, found.method)


def max_t_correlations(
    truth: ArrayLike, a: ArrayLike, b: ArrayLike, participants: ArrayLike | None = None,
    permutations: int = 10_000, seed: int = 0,
) -> MaxT:
    """Which of the k indices does arm a predict better or worse than arm b? Permutation test, adjusted for
    all.

    If the arms are exchangeable, swapping a participant's two (standardised) predictions changes nothing.
    Each permutation swaps a random half of the participants, all their indices together, so the dependence
    between indices is kept. The statistic is the difference of Fisher's z over its permutation deviation; the
    adjusted p-value is the share of permutations whose largest statistic over all indices reaches it
    (Westfall and Young 1993, single step). Constant columns have NaN; identical arms p 1.
    """
    sums = CorrelationSums.of(truth, {"a": a, "b": b}, participants)
    totals, arms = sums.truth.sum(axis=0), sums.arms.sum(axis=0)  # (3, k), (2, 3, k)
    exchange = sums.arms[:, 1] - sums.arms[:, 0]  # (participants, 3, k)

    def differences(swapped: np.ndarray) -> np.ndarray:
        moved = _product(swapped, exchange)  # (rows, 3, k)
        mixed = np.stack([arms[0] + moved, arms[1] - moved], axis=1)  # (rows, 2, 3, k)
        r = sums.correlations(np.broadcast_to(totals, moved.shape), mixed)
        z = np.arctanh(np.clip(r, -1 + NEGLIGIBLE, 1 - NEGLIGIBLE))
        return z[:, 0] - z[:, 1]

    rng, people = np.random.default_rng(seed), len(sums.truth)
    chunk = max(CELLS // people, 1)
    sizes = [min(chunk, permutations - start) for start in range(0, permutations, chunk)]
    null = np.concatenate([differences(rng.integers(2, size=(size, people)).astype(float)) for size in sizes])
    observed = differences(np.zeros((1, people)))[0]
    # what was seen is one of the permutations: without it the test is too bold where these are few
    spread = np.vstack([observed, null]).std(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        varies = spread > NEGLIGIBLE
        statistic, null = (np.where(varies, np.abs(each) / spread, 0.0) for each in (observed, null))
    largest = np.sort(null.max(axis=1))
    reached = len(largest) - np.searchsorted(largest, statistic - NEGLIGIBLE)
    each = (null >= statistic - NEGLIGIBLE).sum(axis=0)
    counts = np.where(np.isfinite(observed), np.stack([each, reached]), np.nan)
    r = sums(np.ones((1, people)))[0]
    return MaxT(r[0] - r[1], *((counts + 1) / (permutations + 1)))


def _standardised(values: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Columns at mean 0 and deviation 1 over the pairs that are present, 0 elsewhere; constant columns 0."""
    count = np.maximum(present.sum(axis=0), 1)
    centred = np.where(present, values - np.where(present, values, 0).sum(axis=0) / count, 0)
    deviation = np.sqrt((centred**2).sum(axis=0) / count)
    size = np.abs(np.where(present, values, 0)).max(axis=0, initial=0)
    return np.where(deviation > NEGLIGIBLE * size, centred / np.where(deviation > 0, deviation, 1), 0)


def _summed(values: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Sums over the rows of each participant, (participants, ...)."""
    if len(codes) == codes.max() + 1:
        return values[np.argsort(codes)]
    sums = np.zeros((codes.max() + 1, *values.shape[1:]))
    np.add.at(sums, codes, values)
    return sums


def _product(weights: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """weights (rows, participants) times sums (participants, ...) as one matrix product."""
    flat = sums.reshape(len(sums), -1)  # (participants, everything else)
    return (weights @ flat).reshape(len(weights), *sums.shape[1:])  # (rows, ...)
