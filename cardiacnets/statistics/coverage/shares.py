"""Studies of shares and probabilities: proportions alone and in pairs, accuracy over classes, calibration."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.special import expit
from scipy.stats import norm

from cardiacnets.statistics.calibration import calibration
from cardiacnets.statistics.classification import (
    accuracy,
    balanced_accuracy,
    balanced_accuracy_difference,
)
from cardiacnets.statistics.coverage.counting import AREAS, SCORE_CORRELATION, Count, holds, scenario
from cardiacnets.statistics.proportions import (
    clustered_paired_test,
    mcnemar_pvalue,
    mcnemar_test,
    paired_difference,
    two_proportion_z,
    wilson_interval,
)


@scenario(3)
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
                name, hits = f"{method} interval", holds(ends, share)
                yield Count("proportion", name, f"p {share}", n, "coverage", method == "Wilson", hits)


@scenario(4)
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
                yield Count(question, f"McNemar {method}", f"p {share}", n, kind, method == "chi2", hits)
            sums = cells[:, 0] + only_a, cells[:, 0] + only_b
            z = [two_proportion_z(int(a), n, int(b), n).pvalue < 0.05 for a, b in zip(*sums, strict=True)]
            yield Count(question, "pooled z (as published)", f"p {share}", n, "test", False, np.array(z))
            for method in ("tango", "newcombe"):
                hits = holds(paired_difference(*cells.T, method=method).interval, 0.0)
                name, recommended = f"{method.title()} interval", method == "tango"
                yield Count(question, name, f"p {share}", n, "coverage", recommended, hits)


@scenario(11)
def unequal_proportions(replicates: int, rng: np.random.Generator) -> Iterator[Count]:
    """Two decisions on the same participants, the second right .05 less often: intervals away from 0."""
    for n in (111, 464, 1528):
        for share in AREAS:
            other = share - 0.05
            both = share * other + SCORE_CORRELATION * np.sqrt(
                share * (1 - share) * other * (1 - other)
            )
            one = np.array([share - both, other - both])
            cells = rng.multinomial(n, [both, *one, 1 - both - one.sum()], size=replicates)
            for method in ("tango", "newcombe"):
                hits = holds(paired_difference(*cells.T, method=method).interval, 0.05)
                yield Count("paired proportions", f"{method.title()} interval, true difference .05",
                            f"p {share}", n, "coverage", method == "tango", hits)


@scenario(15)
def repeated_decisions(replicates: int, rng: np.random.Generator) -> Iterator[Count]:
    """Two decisions, equally often right, on participants with one to four recordings."""
    for people, share in ((111, 0.85), (464, 0.75)):
        clustered, held, naive = [], [], []
        for _ in range(replicates):
            who = np.repeat(np.arange(people), rng.integers(1, 5, size=people))
            person, cut = rng.normal(size=(2, people)), norm.ppf(share)
            noise = rng.normal(size=(2, len(who)))
            a, b = np.sqrt(0.7) * person[:, who] + np.sqrt(0.3) * noise < cut
            found = clustered_paired_test(a, b, who)
            clustered.append(found.pvalue < 0.05)
            held.append(holds(found.interval, 0.0))
            naive.append(mcnemar_test(a, b).pvalue < 0.05)
        for method, kind, hits in (
            ("clustered", "test", clustered),
            ("clustered, t interval", "coverage", held),
            ("McNemar, as if independent", "test", naive),
        ):
            yield Count("paired proportions, repeated recordings", method, f"p {share}", people, kind,
                        method.startswith("clustered"), np.array(hits))


@scenario(16)
def accuracy_over_classes(replicates: int, rng: np.random.Generator) -> Iterator[Count]:
    """Accuracy and balanced accuracy over three classes of unlike size and recall, and the difference of two
    equally good models, on participants with one to four recordings.
    """
    recalls, sizes = np.array([0.9, 0.8, 0.7]), np.array([1 / 2, 1 / 3, 1 / 6])
    setting, mean = "recalls .9, .8, .7", "balanced accuracy, repeated recordings"
    for people in (60, 111, 464):
        whole, clustered, naive, held, alarms = [], [], [], [], []
        for _ in range(replicates):
            who = np.repeat(np.arange(people), rng.integers(1, 5, size=people))
            labels = rng.choice(3, size=people, p=sizes)[who]
            a, b = (scores < norm.ppf(recalls[labels]) for scores in _of_people(who, people, rng))
            whole.append(holds(accuracy(a, who).interval, recalls @ sizes))
            clustered.append(holds(balanced_accuracy(labels, a, who).interval, recalls.mean()))
            naive.append(holds(balanced_accuracy(labels, a).interval, recalls.mean()))
            found = balanced_accuracy_difference(labels, a, b, who)
            held.append(holds(found.interval, 0.0))
            alarms.append(found.pvalue < 0.05)
        for question, method, kind, hits in (
            ("accuracy, repeated recordings", "clustered, logit interval", "coverage", whole),
            (mean, "clustered, logit interval", "coverage", clustered),
            (mean, "logit interval, as if independent", "coverage", naive),
            (f"{mean}, difference", "clustered, t interval", "coverage", held),
            (f"{mean}, difference", "clustered, t test", "test", alarms),
        ):
            recommended = not method.endswith("independent")
            yield Count(question, method, setting, people, kind, recommended, np.array(hits))


def _of_people(who: np.ndarray, people: int, rng: np.random.Generator) -> np.ndarray:
    """Two models' standard normal scores (2, rows): alike within a person, and between the models."""
    person = np.sqrt(SCORE_CORRELATION) * rng.normal(size=people)
    person = person + np.sqrt(1 - SCORE_CORRELATION) * rng.normal(size=(2, people))
    return np.sqrt(0.7) * person[:, who] + np.sqrt(0.3) * rng.normal(size=(2, len(who)))


@scenario(17)
def calibrated_probabilities(replicates: int, rng: np.random.Generator) -> Iterator[Count]:
    """Probabilities that mean what they say: slope 1, intercept 0."""
    for n in (338, 1528):
        held = {"intercept": [], "slope": []}
        for _ in range(replicates):
            chance = expit(1.5 * rng.normal(size=n))
            found = calibration(rng.random(n) < chance, chance)
            held["intercept"].append(holds(found.intercept.interval, 0.0))
            held["slope"].append(holds(found.slope.interval, 1.0))
        for name, hits in held.items():
            yield Count("calibration", f"{name}, Wald interval", "calibrated", n, "coverage", True,
                        np.array(hits))
