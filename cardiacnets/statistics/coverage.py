"""Do the intervals and tests of this room keep their promise at the study's sizes? Simulation with a known
truth.

An interval promises to hold the truth in 95 % of studies; a test promises a false alarm in at most 5 % of
studies without an effect. Each scenario below draws many studies, asks the public function, and counts.
Methods marked ``recommended`` are those the chapters use; the others stand beside them because they were
published, or are common.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from cardiacnets.statistics.as_published import auc_z_pvalue
from cardiacnets.statistics.correlation import compare_correlations, pearson_interval
from cardiacnets.statistics.correlation_resampling import bootstrap_correlations, correlation_bca
from cardiacnets.statistics.discrimination import auc_interval, delong_test, delong_test_unpaired
from cardiacnets.statistics.equivalence import two_one_sided_tests
from cardiacnets.statistics.estimate import two_sided
from cardiacnets.statistics.proportions import (
    clustered_paired_test,
    mcnemar_pvalue,
    mcnemar_test,
    paired_difference,
    two_proportion_z,
    wilson_interval,
)
from cardiacnets.statistics.reader_study import obuchowski_rockette

SIZES = {"reader study": (77, 34), "QPH": (236, 102), "SAHZU": (264, 200), "UK Biobank test": (764, 764)}
"""Cases and controls of the study's evaluations."""
AREAS = (0.75, 0.85, 0.95)
SCORE_CORRELATION = 0.6
"""Between two models' scores of one participant, within cases and within controls."""
BOUNDS = {"coverage": (0.935, 0.965), "exact test": (0.0, 0.05), "test": (0.04, 0.06)}
"""Rates that count as a promise kept."""


@dataclass(frozen=True)
class Count:
    """How often ``hits`` happened: the truth in the interval (``kind`` coverage), or a false alarm."""

    question: str
    method: str
    setting: str
    n: int
    kind: str
    recommended: bool
    hits: np.ndarray


COLUMNS = [
    "question", "method", "setting", "n", "kind", "recommended", "rate", "low", "high", "replicates",
    "verdict",
]


def coverage_table(replicates: int, scenarios: Iterable[str] | None = None, seed: int = 0) -> pd.DataFrame:
    """Simulated coverage and false-alarm rates, one row a method and setting.

    Columns: question, method, setting, n (rows of one study), kind, recommended, rate, low, high (Wilson
    interval of the rate), replicates, verdict. Bootstraps and reader studies run a tenth of ``replicates``,
    at least 50. The verdict allows for the simulation's own error. Raises ``ValueError`` for an unknown
    scenario.
    """
    names = list(SCENARIOS) if scenarios is None else list(scenarios)
    rows = []
    for name in names:
        if name not in SCENARIOS:
            raise ValueError(f"no scenario {name!r}; there are {', '.join(SCENARIOS)}")
        rng = np.random.default_rng([seed, list(SCENARIOS).index(name)])
        for count in SCENARIOS[name](replicates, rng):
            rate = wilson_interval(int(np.sum(count.hits)), len(count.hits))
            low, high = BOUNDS[count.kind]
            above, below = rate.interval[0] > high, rate.interval[1] < low
            verdict = "too high" if above else "too low" if below else "kept"
            rows.append((
                count.question, count.method, count.setting, count.n, count.kind, count.recommended,
                rate.estimate, *rate.interval, len(count.hits), verdict,
            ))
    return pd.DataFrame(rows, columns=COLUMNS)


def binormal(cases: int, controls: int, area: float, rng: np.random.Generator, scores: int = 1) -> np.ndarray:
    """Scores (cases + controls, scores) of equal AUC ``area``, correlated by ``SCORE_CORRELATION``; cases
    first.
    """
    shared = rng.normal(size=(cases + controls, 1))
    own = rng.normal(size=(cases + controls, scores))
    values = np.sqrt(SCORE_CORRELATION) * shared + np.sqrt(1 - SCORE_CORRELATION) * own
    values[:cases] += np.sqrt(2) * norm.ppf(area)
    return values


def areas_under_the_curve(replicates: int, rng: np.random.Generator) -> Iterator[Count]:
    """Intervals of one AUC."""
    for place, (cases, controls) in SIZES.items():
        labels = np.arange(cases + controls) < cases
        for area in AREAS:
            studies = [binormal(cases, controls, area, rng)[:, 0] for _ in range(replicates)]
            for method in ("wald", "logit", "newcombe"):
                found = [auc_interval(labels, scores, method=method).interval for scores in studies]
                hits = np.array([_holds(interval, area) for interval in found])
                setting, recommended = f"{place}, AUC {area}", method == "logit"
                yield Count("AUC", f"{method} interval", setting, len(labels), "coverage", recommended, hits)


def two_areas(replicates: int, rng: np.random.Generator) -> Iterator[Count]:
    """Two scores of the same participants and equal AUC."""
    for place, (cases, controls) in SIZES.items():
        labels = np.arange(cases + controls) < cases
        for area in AREAS:
            paired, held, unpaired, pooled = [], [], [], []
            for _ in range(replicates):
                a, b = binormal(cases, controls, area, rng, scores=2).T
                test = delong_test(labels, a, b)
                paired.append(test.pvalue < 0.05)
                held.append(_holds(test.interval, 0.0))
                unpaired.append(delong_test_unpaired(labels, a, labels, b).pvalue < 0.05)
                pooled.append(auc_z_pvalue(test.auc_a, test.auc_b, len(labels)) < 0.05)
            for method, kind, recommended, hits in (
                ("paired DeLong", "test", True, paired), ("paired DeLong interval", "coverage", True, held),
                ("unpaired DeLong", "test", False, unpaired),
                ("two-proportion z of the AUCs (as published)", "test", False, pooled),
            ):
                setting = f"{place}, AUC {area}"
                yield Count("AUC difference", method, setting, len(labels), kind, recommended, np.array(hits))


def repeated_recordings(replicates: int, rng: np.random.Generator) -> Iterator[Count]:
    """One AUC where participants have one to four recordings."""
    for people, area in ((120, 0.85), (400, 0.85), (400, 0.95)):
        clustered, naive = [], []
        for _ in range(replicates):
            who = np.repeat(np.arange(people), rng.integers(1, 5, size=people))
            diseased = np.arange(people) < people // 2
            person = np.sqrt(0.7) * rng.normal(size=people) + np.sqrt(2) * norm.ppf(area) * diseased
            scores = person[who] + np.sqrt(0.3) * rng.normal(size=len(who))
            clustered.append(_holds(auc_interval(diseased[who], scores, clusters=who).interval, area))
            naive.append(_holds(auc_interval(diseased[who], scores).interval, area))
        setting = f"{people} participants, AUC {area}"
        for method, hits in (("clustered", clustered), ("as if independent", naive)):
            recommended, hits = method == "clustered", np.array(hits)
            yield Count("AUC, repeated recordings", method, setting, people, "coverage", recommended, hits)


def one_proportion(replicates: int, rng: np.random.Generator) -> Iterator[Count]:
    """Wilson and Wald intervals of a sensitivity or specificity."""
    for n in (34, 77, 111, 464, 1528):
        for share in AREAS:
            k = rng.binomial(n, share, size=replicates)
            seen, error = k / n, np.sqrt(k / n * (1 - k / n) / n)
            for method, ends in (
                ("Wilson", wilson_interval(k, np.full(replicates, n)).interval),
                ("Wald", (seen - norm.ppf(0.975) * error, seen + norm.ppf(0.975) * error)),
            ):
                name, hits = f"{method} interval", _holds(ends, share)
                yield Count("proportion", name, f"p {share}", n, "coverage", method == "Wilson", hits)


def two_proportions(replicates: int, rng: np.random.Generator) -> Iterator[Count]:
    """Two decisions on the same participants, equally often right, correlated."""
    question = "paired proportions"
    for n in (111, 464, 1528):
        for share in AREAS:
            both = share - (1 - SCORE_CORRELATION) * share * (1 - share)  # so that phi is SCORE_CORRELATION
            one = share - both
            cells = rng.multinomial(n, [both, one, one, 1 - both - 2 * one], size=replicates)
            only_a, only_b = cells[:, 1], cells[:, 2]
            for method in ("exact", "midp", "chi2"):
                hits = mcnemar_pvalue(only_a, only_b, method) < 0.05
                kind = "exact test" if method == "exact" else "test"
                yield Count(question, f"McNemar {method}", f"p {share}", n, kind, method == "midp", hits)
            sums = cells[:, 0] + only_a, cells[:, 0] + only_b
            z = [two_proportion_z(int(a), n, int(b), n).pvalue < 0.05 for a, b in zip(*sums, strict=True)]
            yield Count(question, "pooled z (as published)", f"p {share}", n, "test", False, np.array(z))
            hits = _holds(paired_difference(*cells.T).interval, 0.0)
            yield Count(question, "Newcombe interval", f"p {share}", n, "coverage", True, hits)


def one_correlation(replicates: int, rng: np.random.Generator) -> Iterator[Count]:
    """Pearson intervals, normal and heavy-tailed pairs."""
    for n in (111, 464, 1528):
        for tails in ("normal", "heavy-tailed"):
            studies = [_correlated(n, 0.4, tails, rng) for _ in range(replicates)]
            fisher = [_holds(pearson_interval(x, y).interval, 0.4) for x, y in studies]
            few = enumerate(studies[: _few(replicates)])
            bca = [_holds(correlation_bca(x, y, resamples=1000, seed=i).interval, 0.4) for i, (x, y) in few]
            setting, normal = f"r .4, {tails}", tails == "normal"
            yield Count("correlation", "Fisher interval", setting, n, "coverage", normal, np.array(fisher))
            yield Count("correlation", "BCa bootstrap", setting, n, "coverage", not normal, np.array(bca))


def two_correlations(replicates: int, rng: np.random.Generator) -> Iterator[Count]:
    """Two predictions of one index that correlate equally with the truth."""
    for n in (111, 464, 1528):
        williams, steiger, zou, published = [], [], [], []
        for _ in range(replicates):
            y, common = rng.normal(size=(2, n))
            a, b = 0.5 * y + common + rng.normal(size=(2, n))
            found = compare_correlations(y, a, b)
            williams.append(found.pvalue < 0.05)
            steiger.append(found.steiger_pvalue < 0.05)
            zou.append(_holds(found.interval, 0.0))
            z = (np.arctanh(found.r_a) - np.arctanh(found.r_b)) / np.sqrt(2 / (n - 3))
            published.append(two_sided(z) < 0.05)
        for method, kind, recommended, hits in (
            ("Williams t", "test", True, williams), ("Steiger z", "test", False, steiger),
            ("Zou interval", "coverage", True, zou), ("z as if independent", "test", False, published),
        ):
            yield Count("correlation difference", method, "equal r", n, kind, recommended, np.array(hits))


def mean_correlations(replicates: int, rng: np.random.Generator) -> Iterator[Count]:
    """Mean correlation over twenty correlated indices, two arms of equal worth."""
    for n in (111, 464):
        held, alarms = [], []
        for _ in range(_few(replicates)):
            truth = rng.normal(size=(n, 20)) + rng.normal(size=(n, 1))
            shared = rng.normal(size=(n, 20))
            arms = {arm: 0.5 * truth + shared + rng.normal(size=(n, 20)) for arm in "ab"}
            found = bootstrap_correlations(truth, arms, resamples=500).mean_difference("a", "b")
            held.append(_holds(found.interval, 0.0))
            alarms.append(found.pvalue < 0.05)
        for method, kind, hits in (("interval, BCa", "coverage", held), ("test", "test", alarms)):
            method = f"participant bootstrap {method}"
            yield Count("mean r difference", method, "equal arms", n, kind, True, np.array(hits))


def equivalence_at_the_margin(replicates: int, rng: np.random.Generator) -> Iterator[Count]:
    """Two AUCs that truly differ by the margin, .03: equivalence must not be claimed."""
    for place in ("SAHZU", "UK Biobank test"):
        cases, controls = SIZES[place]
        labels, hits = np.arange(cases + controls) < cases, []
        for _ in range(replicates):
            scores = binormal(cases, controls, 0.85, rng, scores=2)
            scores[:cases, 1] += np.sqrt(2) * (norm.ppf(0.82) - norm.ppf(0.85))
            test = delong_test(labels, *scores.T)
            hits.append(two_one_sided_tests(test.estimate, test.standard_error, 0.03).equivalent)
        yield Count("equivalence", "two one-sided tests", f"{place}, difference at the margin", len(labels),
                    "exact test", True, np.array(hits))


def reader_studies(replicates: int, rng: np.random.Generator) -> Iterator[Count]:
    """Six readers, 111 cases, two equal modalities, after the model of Roe and Metz 1997."""
    diseased, healthy = SIZES["reader study"]
    truth = np.arange(diseased + healthy) < diseased
    axes = {"modality": ["a", "b"], "reader": range(6), "case": range(len(truth))}
    table = pd.MultiIndex.from_product(axes.values(), names=axes.keys()).to_frame(index=False)
    table["truth"] = truth[table["case"]].astype(int)
    alarms = {"readers and cases": [], "cases": [], "readers": []}
    decisions = {"pooled z (as published)": [], "McNemar, rows as independent": [], "clustered by case": [],
                 "Obuchowski-Rockette, readers and cases random": []}
    for _ in range(_few(replicates)):
        ratings = _roe_metz(truth, 6, rng)
        table["rating"] = ratings.ravel()
        for random, found in alarms.items():
            found.append(obuchowski_rockette(table, random=random).pvalue < 0.05)
        a, b = (ratings[:, :, truth] >= 0.8).reshape(2, -1)  # (modalities, readers * diseased)
        cases = np.tile(np.arange(diseased), 6)
        binary = obuchowski_rockette(table, merit="sensitivity", threshold=0.8)
        tests = (two_proportion_z(int(a.sum()), len(a), int(b.sum()), len(b)), mcnemar_test(a, b),
                 clustered_paired_test(a, b, cases), binary)
        for found, test in zip(decisions.values(), tests, strict=True):
            found.append(test.pvalue < 0.05)
    for random, hits in alarms.items():
        method, recommended = f"Obuchowski-Rockette, {random} random", random == "readers and cases"
        yield Count("reader study", method, "AUC", len(truth), "test", recommended, np.array(hits))
    for method, hits in decisions.items():
        recommended = method.startswith("Obuchowski")
        yield Count("reader study", method, "sensitivity", diseased, "test", recommended, np.array(hits))


SCENARIOS: dict[str, Callable[[int, np.random.Generator], Iterator[Count]]] = {
    scenario.__name__: scenario
    for scenario in (
        areas_under_the_curve, two_areas, repeated_recordings, one_proportion, two_proportions,
        one_correlation, two_correlations, mean_correlations, equivalence_at_the_margin, reader_studies,
    )
}


def _few(replicates: int) -> int:
    return max(replicates // 10, 50)


def _holds(interval: tuple, truth: float) -> np.ndarray:
    return (np.asarray(interval[0]) <= truth) & (truth <= np.asarray(interval[1]))


def _correlated(n: int, r: float, tails: str, rng: np.random.Generator) -> np.ndarray:
    """Pairs (2, n) of correlation r; heavy tails: every pair on its own scale."""
    x, e = rng.normal(size=(2, n))
    pair = np.stack([x, r * x + np.sqrt(1 - r**2) * e])
    return pair if tails == "normal" else pair / np.sqrt(rng.chisquare(8, size=n) / 8)


def _roe_metz(truth: np.ndarray, readers: int, rng: np.random.Generator) -> np.ndarray:
    """Ratings (2, readers, cases) of equal modalities: variance components of Roe and Metz 1997 ("HL")."""
    n = len(truth)
    kinds = {"case": (0.3, (1, 1, n)), "modality": (0.3, (2, 1, n)), "reader": (0.2, (1, readers, n))}
    ratings = np.sqrt(0.2) * rng.normal(size=(2, readers, n))
    for variance, shape in kinds.values():
        ratings = ratings + np.sqrt(variance) * rng.normal(size=shape)
    of_readers, of_modalities = rng.normal(size=(2, 1, readers, 1)), rng.normal(size=(2, 2, readers, 1))
    effects = np.sqrt(0.03) * (of_readers + of_modalities)  # (truth, modality, reader, 1)
    return ratings + np.where(truth, 1.5 + effects[1], effects[0])
