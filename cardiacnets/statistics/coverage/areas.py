"""Studies of areas under the ROC curve: one, two, over repeated recordings, over three classes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.stats import norm

from cardiacnets.statistics.as_published import auc_z_pvalue
from cardiacnets.statistics.auc_difference import auc_difference
from cardiacnets.statistics.coverage.counting import AREAS, SIZES, Count, binormal, holds, scenario
from cardiacnets.statistics.discrimination import auc_interval, delong_test, delong_test_unpaired
from cardiacnets.statistics.equivalence import LEVEL, MARGIN, within_margin
from cardiacnets.statistics.multiclass import one_vs_rest


@scenario(0)
def areas_under_the_curve(replicates: int, rng: np.random.Generator) -> Iterator[Count]:
    """Intervals of one AUC."""
    for place, (cases, controls) in SIZES.items():
        labels = np.arange(cases + controls) < cases
        for area in AREAS:
            studies = [binormal(cases, controls, area, rng)[:, 0] for _ in range(replicates)]
            for method in ("wald", "logit", "newcombe"):
                found = [auc_interval(labels, scores, method=method).interval for scores in studies]
                hits = np.array([holds(interval, area) for interval in found])
                setting, recommended = f"{place}, AUC {area}", method == "logit"
                yield Count("AUC", f"{method} interval", setting, len(labels), "coverage", recommended, hits)


@scenario(1)
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
                held.append(holds(test.interval, 0.0))
                unpaired.append(delong_test_unpaired(labels, a, labels, b).pvalue < 0.05)
                pooled.append(auc_z_pvalue(test.auc_a, test.auc_b, len(labels)) < 0.05)
            for method, kind, recommended, hits in (
                ("paired DeLong", "test", False, paired),
                ("paired DeLong interval", "coverage", False, held),
                ("unpaired DeLong", "test", False, unpaired),
                ("two-proportion z of the AUCs (as published)", "test", False, pooled),
            ):
                setting = f"{place}, AUC {area}"
                yield Count("AUC difference", method, setting, len(labels), kind, recommended, np.array(hits))


@scenario(10)
def two_areas_by_limits(replicates: int, rng: np.random.Generator) -> Iterator[Count]:
    """The same question, answered by logit limits added in squares."""
    for place, (cases, controls) in SIZES.items():
        labels = np.arange(cases + controls) < cases
        for area in AREAS:
            scores = (binormal(cases, controls, area, rng, scores=2).T for _ in range(replicates))
            held = np.array([holds(auc_difference(labels, *pair).interval, 0.0) for pair in scores])
            # the test rejects just where its interval leaves 0 out
            for method, kind, hits in (("interval", "coverage", held), ("test", "test", ~held)):
                method, setting = f"logit limits in squares, {method}", f"{place}, AUC {area}"
                yield Count("AUC difference", method, setting, len(labels), kind, True, hits)


@scenario(12)
def areas_of_two_cohorts(replicates: int, rng: np.random.Generator) -> Iterator[Count]:
    """One score carried from one hospital to another, equally good in both."""
    for (here, first), (there, second) in (
        (("QPH", SIZES["QPH"]), ("SAHZU", SIZES["SAHZU"])),
        (("SAHZU", SIZES["SAHZU"]), ("UK Biobank test", SIZES["UK Biobank test"])),
    ):
        labels = [np.arange(sum(size)) < size[0] for size in (first, second)]
        for area in AREAS:
            alarms = []
            for _ in range(replicates):
                scores = [binormal(*size, area, rng)[:, 0] for size in (first, second)]
                alarms.append(delong_test_unpaired(labels[0], scores[0], labels[1], scores[1]).pvalue < 0.05)
            setting, n = f"{here} and {there}, AUC {area}", sum(first) + sum(second)
            yield Count("AUC, two cohorts", "unpaired DeLong", setting, n, "test", True, np.array(alarms))


@scenario(2)
def repeated_recordings(replicates: int, rng: np.random.Generator) -> Iterator[Count]:
    """One AUC where participants have one to four recordings."""
    for people, area in ((120, 0.85), (400, 0.85), (400, 0.95)):
        clustered, naive = [], []
        for _ in range(replicates):
            who = np.repeat(np.arange(people), rng.integers(1, 5, size=people))
            diseased = np.arange(people) < people // 2
            person = np.sqrt(0.7) * rng.normal(size=people) + np.sqrt(2) * norm.ppf(area) * diseased
            scores = person[who] + np.sqrt(0.3) * rng.normal(size=len(who))
            clustered.append(holds(auc_interval(diseased[who], scores, clusters=who).interval, area))
            naive.append(holds(auc_interval(diseased[who], scores).interval, area))
        setting = f"{people} participants, AUC {area}"
        for method, hits in (("clustered", clustered), ("as if independent", naive)):
            recommended, hits = method == "clustered", np.array(hits)
            yield Count("AUC, repeated recordings", method, setting, people, "coverage", recommended, hits)


@scenario(13)
def differences_over_repeats(replicates: int, rng: np.random.Generator) -> Iterator[Count]:
    """Two equally good scores where participants have one to four recordings."""
    for people, area in ((120, 0.85), (400, 0.95)):
        clustered, naive = [], []
        for _ in range(replicates):
            who = np.repeat(np.arange(people), rng.integers(1, 5, size=people))
            diseased = np.arange(people) < people // 2
            person = np.sqrt(0.7) * rng.normal(size=(people, 2))
            person[diseased] += np.sqrt(2) * norm.ppf(area)
            scores = (person[who] + np.sqrt(0.3) * rng.normal(size=(len(who), 2))).T
            clustered.append(not holds(auc_difference(diseased[who], *scores, clusters=who).interval, 0.0))
            naive.append(delong_test(diseased[who], *scores).pvalue < 0.05)
        setting = f"{people} participants, AUC {area}"
        for method, hits in (("clustered", clustered), ("DeLong, as if independent", naive)):
            yield Count("AUC difference, repeated recordings", method, setting, people, "test",
                        method == "clustered", np.array(hits))


@scenario(14)
def three_classes(replicates: int, rng: np.random.Generator) -> Iterator[Count]:
    """Three subtypes, each found by a score of its own: the mean one-vs-rest AUC."""
    for n in (111, 464):
        for area in (0.75, 0.95):
            labels = np.arange(n) % 3
            lift, held = np.sqrt(2) * norm.ppf(area) * np.eye(3)[labels], []
            for _ in range(replicates):
                held.append(holds(one_vs_rest(labels, rng.normal(size=(n, 3)) + lift).macro.interval, area))
            yield Count("three classes", "mean one-vs-rest AUC, logit interval", f"AUC {area}", n, "coverage",
                        True, np.array(held))


@scenario(8)
def equivalence_at_the_margin(replicates: int, rng: np.random.Generator) -> Iterator[Count]:
    """Two AUCs that truly differ by the margin, .03: equivalence must not be claimed."""
    for place in ("SAHZU", "UK Biobank test"):
        cases, controls = SIZES[place]
        labels, hits = np.arange(cases + controls) < cases, []
        for _ in range(replicates):
            scores = binormal(cases, controls, 0.85, rng, scores=2)
            scores[:cases, 1] += np.sqrt(2) * (norm.ppf(0.82) - norm.ppf(0.85))
            hits.append(within_margin(auc_difference(labels, *scores.T, level=LEVEL), MARGIN))
        yield Count("equivalence", "two one-sided tests, logit limits in squares",
                    f"{place}, difference at the margin", len(labels), "exact test", True, np.array(hits))
