"""Several readers, the same cases, several displays: the analysis of Obuchowski and Rockette.

A figure of merit (AUC, sensitivity, ...) is computed for each reader with each modality; its errors are
correlated because the cases are the same. Obuchowski and Rockette 1995 correct the reader x modality analysis
of variance for three covariances: Cov1 same reader, different modality; Cov2 different reader, same modality;
Cov3 both different. Degrees of freedom are those of Hillis 2007, intervals those of Hillis, Obuchowski and
Berbaum 2011.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import chi2, f, norm, t

from cardiacnets.statistics.discrimination import placements
from cardiacnets.statistics.estimate import Comparison
from cardiacnets.statistics.ratings import Ratings, check_ratings

MERITS = ("auc", "sensitivity", "specificity", "accuracy")
COVARIANCES = ("jackknife", "delong")


@dataclass(frozen=True)
class Components:
    """Mean squares, error covariances and variance components (negative estimates set to 0)."""

    modality: float
    reader: float
    interaction: float
    error_variance: float
    cov1: float
    cov2: float
    cov3: float
    reader_variance: float
    interaction_variance: float


@dataclass(frozen=True)
class ReaderStudy:
    """``difference`` (= ``estimate``) is the first modality less the second, ``interval`` its confidence
    interval.

    ``f``, ``ddf`` and ``pvalue`` test that all modalities are equal (fixed readers: ``f`` is the chi-square
    and ``ddf`` infinite). ``modalities``, ``differences`` (all pairs) and ``readers`` are tables with
    estimates and intervals; the first two name n (cases), method and level, so that a row is an estimate.
    """

    f: float
    ddf: float
    pvalue: float
    difference: float
    interval: tuple[float, float]
    components: Components
    modalities: pd.DataFrame
    differences: pd.DataFrame
    readers: pd.DataFrame

    @property
    def estimate(self) -> float:
        return self.difference


def obuchowski_rockette(
    table: pd.DataFrame, merit: str = "auc", threshold: float | None = None, covariance: str = "jackknife",
    random: str = "readers and cases", readers: Sequence | None = None, modalities: Sequence | None = None,
    level: float = 0.95,
) -> ReaderStudy:
    """Do the modalities differ in the readers' mean figure of merit?

    Arguments:
        table: columns reader, modality, case, truth, rating; see :func:`check_ratings` for what is refused.
        merit: ``"auc"``, or ``"sensitivity"``, ``"specificity"``, ``"accuracy"`` of the decisions rating >=
            ``threshold``.
        covariance: of the errors, ``"jackknife"`` over cases or ``"delong"`` (the sample covariance of
            placements; for the binary merits of the decisions).
        random: ``"readers and cases"`` (conclusions for readers and patients like these), ``"cases"`` (for
            these very readers) or ``"readers"`` (for these very cases).
        level: of the intervals.

    F = MS(T) / (MS(TR) + max(J (Cov2 - Cov3), 0)) for J readers; with fixed readers chi2 = (I - 1) MS(T) /
    (Var - Cov1 + (J - 1) max(Cov2 - Cov3, 0)) for I modalities; with fixed cases F = MS(T) / MS(TR). Assumes
    normal reader effects and one covariance of each kind. Modalities that agree in every rating give F 0, p 1
    and the interval (0, 0).
    """
    if merit not in MERITS or covariance not in COVARIANCES:
        known = f"merit must be one of {MERITS} and covariance one of {COVARIANCES}"
        raise ValueError(f"{known}, not {merit!r} and {covariance!r}")
    if random not in ("readers and cases", "cases", "readers"):
        raise ValueError(f"random must be 'readers and cases', 'cases' or 'readers', not {random!r}")
    ratings = check_ratings(table, readers, modalities)
    if len(ratings.readers) < 2:
        raise ValueError(
            "one reader only: variation between readers cannot be estimated; compare the modalities with "
            "delong_test or mcnemar_test instead"
        )
    estimate, errors = merit_covariance(ratings, merit, threshold, covariance)
    components = _components(estimate, errors)
    i, j = estimate.shape
    gap = j * max(components.cov2 - components.cov3, 0.0)
    if random == "cases":
        variance = max(components.error_variance - components.cov1 + (j - 1) * gap / j, 0.0)
        degrees = np.inf
    elif random == "readers":
        variance, degrees = components.interaction, (i - 1) * (j - 1)
    else:
        variance = components.interaction + gap
        degrees = _degrees(variance, components.interaction, (i - 1) * (j - 1))
    statistic = components.modality / variance if variance > 0 else 0.0
    if random == "cases":
        statistic *= i - 1
        pvalue = chi2.sf(statistic, i - 1)
    else:
        pvalue = f.sf(statistic, i - 1, degrees)
    error = np.sqrt(2 * variance / j)
    names = {"n": ratings.values.shape[2], "method": f"Obuchowski-Rockette, {random} random", "level": level}
    differences = _differences(ratings.modalities, estimate.mean(axis=1), error, degrees, level)
    first = differences.iloc[0]
    return ReaderStudy(
        float(statistic), float(degrees), float(pvalue), float(first["estimate"]),
        (float(first["low"]), float(first["high"])), components,
        _modality_table(ratings.modalities, estimate, errors, random, level).assign(**names),
        differences.assign(**names), _reader_table(ratings, estimate, errors, level),
    )


def model_less_readers(table: pd.DataFrame, modality: str, model: pd.Series) -> Comparison:
    """AUC of a model less the readers' mean AUC with ``modality``, both of the same cases.

    ``table`` as :func:`check_ratings` asks; ``model``: the score of each case, by case. Each reader's
    difference from the model is one merit; their errors over cases are jackknifed together, so that what
    model and readers share in the luck of the cases cancels, and readers are random (Hillis' degrees of
    freedom). ``n`` counts cases. Raises ``ValueError`` for one reader only, or a case without a score.
    """
    ratings = check_ratings(table)
    if len(ratings.readers) < 2:
        raise ValueError("one reader only: variation between readers cannot be estimated")
    scores = model.reindex(ratings.cases).to_numpy(float)
    if np.isnan(scores).any():
        raise ValueError(f"{int(np.isnan(scores).sum())} of {len(scores)} cases have no score of the model")
    values = np.vstack([scores, ratings.values[ratings.modalities.index(modality)]])[None]
    estimate, errors = merit_covariance(replace(ratings, values=values))
    readers = len(ratings.readers)
    less = np.hstack([np.ones((readers, 1)), -np.eye(readers)])  # (readers, model and readers)
    gains, covariance = less @ estimate[0], less @ errors[0, :, 0, :] @ less.T
    mean, error, degrees = _mean_of_readers(gains, covariance, "readers and cases")
    reach = _reach(error, degrees, 0.95)
    statistic = float(mean / error) if error > 0 else 0.0
    pvalue = 2 * (norm.sf(abs(statistic)) if np.isinf(degrees) else t.sf(abs(statistic), degrees))
    method = "paired by case (jackknife), readers and cases random"
    return Comparison(mean, (mean - reach, mean + reach), len(scores), method, statistic, float(pvalue))


def merit_covariance(
    ratings: Ratings, merit: str = "auc", threshold: float | None = None, covariance: str = "jackknife"
) -> tuple[np.ndarray, np.ndarray]:
    """Figures of merit (modalities, readers) and the covariance (modalities, readers, modalities, readers) of
    their errors over cases.

    Every merit is a mean over m cases of one kind (the AUC, of placements, over the diseased or over the
    healthy), which gives leave-one-out values without refitting: (m A - a_i) / (m - 1).
    """
    i, j, n = ratings.values.shape
    flat = ratings.values.reshape(i * j, n)  # (modalities * readers, cases)
    groups = _terms(flat, ratings.truth, merit, threshold)
    if any(terms.shape[1] < 2 for terms in groups):
        raise ValueError("two diseased and two healthy cases are needed to estimate covariances")
    estimate = groups[0].mean(axis=1)
    if covariance == "delong":
        errors = sum(np.cov(terms) / terms.shape[1] for terms in groups)
    else:
        shifts = [(terms.mean(axis=1, keepdims=True) - terms) / (terms.shape[1] - 1) for terms in groups]
        left_out = estimate[:, None] + np.concatenate(shifts, axis=1)  # (modalities * readers, cases)
        deviations = left_out - left_out.mean(axis=1, keepdims=True)
        errors = (left_out.shape[1] - 1) / left_out.shape[1] * deviations @ deviations.T
    return estimate.reshape(i, j), errors.reshape(i, j, i, j)


def _terms(flat: np.ndarray, truth: np.ndarray, merit: str, threshold: float | None) -> list[np.ndarray]:
    """What a merit averages, (settings, cases), one array for each group of cases it depends on."""
    if merit == "auc":
        return list(placements(truth, flat.T)[1:])
    if threshold is None:
        raise ValueError(f"{merit} needs the threshold from which a rating counts as a positive decision")
    positive = flat >= threshold
    chosen = {"sensitivity": truth, "specificity": ~truth, "accuracy": np.ones_like(truth)}[merit]
    return [(positive == truth)[:, chosen].astype(float)]


def _components(estimate: np.ndarray, errors: np.ndarray) -> Components:
    """Mean squares of merits (I, J) and the mean covariances of their errors (I, J, I, J)."""
    i, j = estimate.shape
    centre, rows, cols = estimate.mean(), estimate.mean(axis=1), estimate.mean(axis=0)
    modality = j * np.sum((rows - centre) ** 2) / (i - 1)
    reader = i * np.sum((cols - centre) ** 2) / (j - 1)
    rest = estimate - rows[:, None] - cols[None, :] + centre
    interaction = np.sum(rest**2) / ((i - 1) * (j - 1))
    same_modality = np.eye(i, dtype=bool)[:, None, :, None]
    same_reader = np.eye(j, dtype=bool)[None, :, None, :]

    def mean(mask: np.ndarray) -> float:
        return float(errors[np.broadcast_to(mask, errors.shape)].mean())

    variance = mean(same_modality & same_reader)
    cov1, cov2 = mean(~same_modality & same_reader), mean(same_modality & ~same_reader)
    cov3 = mean(~same_modality & ~same_reader)
    return Components(
        float(modality), float(reader), float(interaction), variance, cov1, cov2, cov3,
        reader_variance=max(float((reader - interaction) / i - cov1 + cov3), 0.0),
        interaction_variance=max(float(interaction - variance + cov1 + cov2 - cov3), 0.0),
    )


def _degrees(variance: float, mean_square: float, degrees: int) -> float:
    """Hillis' degrees of freedom: those of the mean square, times (variance / mean square)^2."""
    return float("inf") if mean_square <= 0 else variance**2 / (mean_square**2 / degrees)


def _reach(error: float, degrees: float, level: float) -> float:
    quantile = norm.ppf(0.5 + level / 2) if np.isinf(degrees) else t.ppf(0.5 + level / 2, degrees)
    return float(quantile * error)


def _differences(
    names: Sequence, means: np.ndarray, error: float, degrees: float, level: float
) -> pd.DataFrame:
    rows = []
    for a, b in combinations(range(len(names)), 2):
        difference, reach = means[a] - means[b], _reach(error, degrees, level)
        statistic = abs(difference) / error if error > 0 else 0.0
        pvalue = 2 * (norm.sf(statistic) if np.isinf(degrees) else t.sf(statistic, degrees))
        rows.append((names[a], names[b], difference, difference - reach, difference + reach, float(pvalue)))
    return pd.DataFrame(rows, columns=["a", "b", "estimate", "low", "high", "pvalue"])


def _modality_table(
    names: Sequence, estimate: np.ndarray, errors: np.ndarray, random: str, level: float
) -> pd.DataFrame:
    """Mean merit of each modality; its interval uses that modality's own readers and covariances."""
    rows = []
    for place, name in enumerate(names):
        mean, error, degrees = _mean_of_readers(estimate[place], errors[place, :, place, :], random)
        reach = _reach(error, degrees, level)
        rows.append((name, mean, max(mean - reach, 0.0), min(mean + reach, 1.0)))
    return pd.DataFrame(rows, columns=["modality", "estimate", "low", "high"])


def _mean_of_readers(merits: np.ndarray, errors: np.ndarray, random: str) -> tuple[float, float, float]:
    """Mean of merits (J,) of readers, its standard error and degrees of freedom; ``errors`` (J, J) over
    cases.
    """
    j = len(merits)
    variance = np.trace(errors) / j
    between = max((errors.sum() - np.trace(errors)) / (j * (j - 1)), 0.0)
    square = merits.var(ddof=1)
    if random == "cases":
        spread, degrees = variance + (j - 1) * between, np.inf
    elif random == "readers":
        spread, degrees = square, j - 1
    else:
        spread = square + j * between
        degrees = _degrees(spread, square, j - 1)
    return float(merits.mean()), float(np.sqrt(spread / j)), degrees


def _reader_table(ratings: Ratings, estimate: np.ndarray, errors: np.ndarray, level: float) -> pd.DataFrame:
    """Each reader with each modality; intervals over cases, for this reader."""
    rows = []
    for b, reader in enumerate(ratings.readers):
        for a, modality in enumerate(ratings.modalities):
            reach = _reach(np.sqrt(errors[a, b, a, b]), np.inf, level)
            value = estimate[a, b]
            rows.append((reader, modality, value, max(value - reach, 0.0), min(value + reach, 1.0)))
    return pd.DataFrame(rows, columns=["reader", "modality", "estimate", "low", "high"])
