"""Chapter 05's tables: every arm with its interval and n, every comparison of two arms paired on the same
people.

AUCs of recordings are clustered by participant where people have several (Obuchowski 1997); elsewhere DeLong.
Differences of AUC have logit limits added in squares. An arm that was trained several times answers by the
mean of its predictions, and its intervals hold the spread of trainings
(:func:`cardiacnets.statistics.trainings.with_trainings`); of one that was trained once they say that they
cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from cardiacnets.contracts import SUBTYPES
from cardiacnets.experiments.downstream_tasks.parts import ENCODERS
from cardiacnets.experiments.downstream_tasks.predictions import open_trainings
from cardiacnets.parallel import run_jobs
from cardiacnets.phenotypes import PHENOTYPES
from cardiacnets.run import Run
from cardiacnets.statistics import (
    Comparison,
    Estimate,
    accuracy,
    auc_difference,
    auc_interval,
    balanced_accuracy,
    balanced_accuracy_difference,
    bootstrap_correlations,
    clustered_paired_test,
    pearson,
    recall_gain,
    wilson_interval,
    youden_threshold,
)
from cardiacnets.statistics.trainings import Found, trained_once, with_trainings, without_each
from cardiacnets.study import ARMS, COMPARISONS, TASKS, Task

CMR_NETWORKS = ("cmr", "supervised")
"""Parts that a network made which sees the picture: each is trained once."""

Measure = Callable[[np.ndarray], float]


@dataclass(frozen=True)
class Predictions:
    """Test-split scores of one task: ``table`` with one column an arm, or ``scores[arm]`` (n, 82) for the
    indices. ``trainings[arm]`` (T, n, ...): what each training says of the arms that have several.
    """

    key: str
    table: pd.DataFrame
    arms: tuple[str, ...]
    truth: np.ndarray
    scores: dict[str, np.ndarray]
    validation: pd.DataFrame
    trainings: Mapping[str, np.ndarray] = field(default_factory=dict)

    def measured(self, result: Found, metric: str, arms: tuple[str, ...]) -> tuple[Found, tuple]:
        """``result``, the ``metric`` of one of ``arms``, or of the first less the second, with an interval
        over participants and trainings; and the same of each training, as far as all have it.
        """
        least, most = (-1.0 if metric == "r" or "-" in metric else 0.0, 1.0)
        measure = measure_of(metric, self.truth)
        bounds = (least, most) if len(arms) == 1 else (least - most, most - least)
        several = {arm: self.trainings[arm] for arm in arms if arm in self.trainings}
        if any(learned_by_steps(arm) and arm not in several for arm in arms):
            result = trained_once(result)
        if not several:
            return result, ()
        signs = dict(zip(arms, (1, -1), strict=False))
        whole = {arm: measure(self.scores[arm]) for arm in arms}
        value = sum(signs[arm] * whole[arm] for arm in arms)
        left_out = [
            [value + signs[arm] * (measure(scores) - whole[arm]) for scores in without_each(trainings)]
            for arm, trainings in several.items()
        ]
        alone = {arm: [measure(scores) for scores in trainings] for arm, trainings in several.items()}
        singles = tuple(
            float(sum(signs[arm] * (alone[arm][place] if arm in alone else whole[arm]) for arm in arms))
            for place in range(min(map(len, several.values())))
        )
        return with_trainings(result, left_out, bounds), singles


def learned_by_steps(arm: str) -> bool:
    """Whether an arm owes its answers to the training of a network, or to its random weights."""
    return arm in ARMS and (ARMS[arm].network or bool({*ENCODERS, *CMR_NETWORKS} & set(ARMS[arm].parts)))


def open_predictions(run: Run, key: str) -> Predictions:
    """Test predictions of task ``key``; ``ValueError`` naming the command to run if chapter 05 has not made
    them.
    """
    folder = run.require(run.predictions / key)
    table = pd.read_parquet(folder / "table.parquet")
    test = (table["split"] == "test").to_numpy()
    found = (
        _index_arms(folder)
        if TASKS[key].kind == "indices"
        else {name.split(".")[0] for name in table.columns}
    )
    arms = tuple(arm for arm in ARMS if arm in found)
    if TASKS[key].kind == "indices":
        truth = np.load(folder / "truth.npy", allow_pickle=False)[test]
        scores = {arm: np.load(folder / f"{arm}.npy", allow_pickle=False)[test] for arm in arms}
    else:
        truth, columns = table["label"].to_numpy()[test], list(SUBTYPES)
        scores = {
            arm: table.loc[
                test, arm if TASKS[key].kind == "binary" else [f"{arm}.{name}" for name in columns]
            ].to_numpy()
            for arm in arms
        }
    shown = slice(0, 1) if TASKS[key].kind == "binary" else slice(None)
    trainings = {
        arm: each[:, test, shown].squeeze(2) if TASKS[key].kind == "binary" else each[:, test]
        for arm, each in open_trainings(run, key).items()
    }
    parts = table[test].reset_index(drop=True), arms, truth, scores, table[~test].reset_index(drop=True)
    return Predictions(key, *parts, trainings)


def arm_table(run: Run, key: str) -> pd.DataFrame:
    """One row an arm: ``metric``, ``estimate``, ``low``, ``high``, ``n``, ``method``, and ``trainings``, the
    measure of each training alone (empty where there is one).

    ``n`` counts participants; of a specificity it is its denominator, the recordings without the disease, and
    its interval that of the threshold as it was chosen, without trainings.
    """
    predictions, rows = open_predictions(run, key), []
    people = predictions.table["participant_id"].nunique()
    if TASKS[key].kind == "binary":
        measured = _screening(predictions, _learned_from(run, TASKS[key]))
    elif TASKS[key].kind == "subtypes":
        measured = _subtypes(predictions)
    else:
        measured = _indices(predictions, **run.profile.resampling)
    for arm, metric, result in measured:
        row, singles = {"task": key, "arm": arm, "metric": metric}, ()
        if metric != "specificity":
            result, singles = predictions.measured(replace(result, n=people), metric, (arm,))
        rows.append(row | result.row() | {"trainings": singles})
    return pd.DataFrame(rows)


def arm_tables(run: Run, keys: Sequence[str]) -> pd.DataFrame:
    """:func:`arm_table` of several tasks, one below the other, made side by side."""
    return pd.concat(run_jobs(arm_table, [(run, key) for key in keys], run.profile.processes))


def measure_of(metric: str, truth: np.ndarray) -> Measure:
    """What maps scores (n, ...) to the value of a metric, as the tables call it: ``auc``, ``auc_rcm`` against
    the rest, ``recall_rcm``, and of two subtypes ``recall_rcm-dcm``, the first less the second.
    """
    if "-" in metric:
        kind, _, pair = metric.partition("_")
        first, second = (measure_of(f"{kind}_{name}", truth) for name in pair.split("-"))
        return lambda scores: first(scores) - second(scores)
    if metric == "r":
        return lambda scores: float(np.nanmean(pearson(truth, scores)))
    if metric == "auc":
        return lambda scores: float(roc_auc_score(truth, scores))
    if metric.startswith("auc_"):
        place = list(SUBTYPES).index(metric.removeprefix("auc_"))
        return lambda scores: float(roc_auc_score(truth == place, scores[:, place]))
    if metric.startswith("recall_"):
        place = list(SUBTYPES).index(metric.removeprefix("recall_"))
        return lambda scores: float(np.mean(scores[truth == place].argmax(axis=1) == place))
    if metric == "accuracy":
        return lambda scores: float(np.mean(scores.argmax(axis=1) == truth))
    return lambda scores: float(balanced_accuracy_score(truth, scores.argmax(axis=1)))


def comparison_table(
    run: Run, key: str, comparisons: Sequence[tuple[str, str]] = COMPARISONS
) -> pd.DataFrame:
    """One row a pair of arms, ``first`` less ``second``: ``estimate`` of the difference, 95 % and 90 %
    intervals, ``pvalue``, ``n``, ``method``, ``trainings``: the difference between trainings of the same
    number, or from an arm that was trained once. AUCs for which there are too few cases have no row.
    """
    predictions, rows = open_predictions(run, key), []
    people = predictions.table["participant_id"].nunique()
    pairs = [pair for pair in comparisons if set(pair) <= set(predictions.arms)]
    if TASKS[key].kind == "binary":
        compared = _screening_differences(predictions, pairs)
    elif TASKS[key].kind == "subtypes":
        compared = _subtype_differences(predictions, pairs)
    else:
        compared = _index_differences(predictions, pairs, **run.profile.resampling)
    for (first, second), metric, result, wide in compared:
        wide, _ = predictions.measured(wide, metric, (first, second))
        result, singles = predictions.measured(replace(result, n=people), metric, (first, second))
        low, high = wide.interval
        row = {"task": key, "comparison": f"{first}-{second}", "first": first, "second": second}
        row |= {"metric": metric, "trainings": singles}
        rows.append(row | result.row() | {"low_90": low, "high_90": high})
    return pd.DataFrame(rows)


def comparison_tables(
    run: Run, keys: Sequence[str], comparisons: Sequence[tuple[str, str]] = COMPARISONS
) -> pd.DataFrame:
    """:func:`comparison_table` of several tasks, one below the other, made side by side."""
    jobs = [(run, key, comparisons) for key in keys]
    return pd.concat(run_jobs(comparison_table, jobs, run.profile.processes))


def recall_difference(
    predictions: Predictions, arms: tuple[str, str], name: str, less: str | None = None
) -> Comparison:
    """How much more of subtype ``name`` the first arm recognises than the second, or with ``less``, how much
    more so than of that subtype; paired, clustered by participant, over trainings too. Raises ``ValueError``
    where nobody has the subtype.
    """
    truth, classes = predictions.truth, list(SUBTYPES)
    answers = [predictions.scores[arm].argmax(axis=1) for arm in arms]
    places = [None if each is None else classes.index(each) for each in (name, less)]
    found = recall_gain(truth, *answers, *places, clusters=predictions.table["participant_id"].to_numpy())
    metric = f"recall_{name}" + ("" if less is None else f"-{less}")
    return predictions.measured(found, metric, arms)[0]


def correlation_by_group(run: Run, arms: Sequence[str]) -> pd.DataFrame:
    """Mean test correlation within each group of indices (rows) for each arm (columns)."""
    predictions = open_predictions(run, "ukb.indices")
    columns = {
        ARMS[arm].title: pearson(predictions.truth, predictions.scores[arm])
        for arm in arms
        if arm in predictions.arms
    }
    return pd.DataFrame(columns).groupby(PHENOTYPES["group"].to_numpy(), sort=False).mean()


def _index_arms(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob("*.npy")} - {"truth"}


def _clusters(predictions: Predictions) -> np.ndarray | None:
    """Participants where some have several recordings; ``None`` where each has one."""
    people = predictions.table["participant_id"]
    return people.to_numpy() if people.duplicated().any() else None


def _screening(
    predictions: Predictions, validation: pd.DataFrame
) -> Iterator[tuple[str, str, Estimate]]:
    """``validation``: who the threshold is chosen on, of the task that was trained on."""
    truth = predictions.truth
    for arm, scores in predictions.scores.items():
        yield arm, "auc", auc_interval(truth, scores, clusters=_clusters(predictions))
        threshold = youden_threshold(validation["label"], validation[arm])
        cleared = (scores < threshold)[truth == 0]
        yield arm, "specificity", wilson_interval(int(cleared.sum()), len(cleared))


def _subtypes(predictions: Predictions) -> Iterator[tuple[str, str, Estimate]]:
    truth, people = predictions.truth, predictions.table["participant_id"].to_numpy()
    for arm, probabilities in predictions.scores.items():
        for place, name in _present(truth):
            yield (
                arm,
                f"auc_{name}",
                auc_interval(truth == place, probabilities[:, place], clusters=_clusters(predictions)),
            )
        right = probabilities.argmax(axis=1) == truth
        yield arm, "accuracy", accuracy(right, people)
        yield arm, "balanced_accuracy", balanced_accuracy(truth, right, people)


def _indices(
    predictions: Predictions, resamples: int, seed: int
) -> Iterator[tuple[str, str, Estimate]]:
    found = bootstrap_correlations(predictions.truth, predictions.scores, resamples=resamples, seed=seed)
    for arm in predictions.arms:
        yield arm, "r", found.mean(arm)


def _screening_differences(
    predictions: Predictions, pairs: list[tuple[str, str]]
) -> Iterator[tuple[tuple[str, str], str, Comparison, Comparison]]:
    for first, second in pairs if _comparable(predictions, predictions.truth == 1) else ():
        scores = predictions.scores[first], predictions.scores[second]
        results = [
            auc_difference(predictions.truth, *scores, level=level, clusters=_clusters(predictions))
            for level in (0.95, 0.9)
        ]
        yield (first, second), "auc", *results


def _subtype_differences(
    predictions: Predictions, pairs: list[tuple[str, str]]
) -> Iterator[tuple[tuple[str, str], str, Comparison, Comparison]]:
    for first, second in pairs:
        for place, name in _present(predictions.truth):
            scores = predictions.scores[first][:, place], predictions.scores[second][:, place]
            against_rest = predictions.truth == place
            if not _comparable(predictions, against_rest):
                continue
            results = [
                auc_difference(against_rest, *scores, level=level, clusters=_clusters(predictions))
                for level in (0.95, 0.9)
            ]
            yield (first, second), f"auc_{name}", *results
        yield from _accuracy_differences(predictions, (first, second))


def _accuracy_differences(
    predictions: Predictions, pair: tuple[str, str]
) -> Iterator[tuple[tuple[str, str], str, Comparison, Comparison]]:
    truth, people = predictions.truth, predictions.table["participant_id"].to_numpy()
    right = [predictions.scores[arm].argmax(axis=1) == truth for arm in pair]
    levels = (0.95, 0.9)
    yield pair, "accuracy", *[clustered_paired_test(*right, people, level) for level in levels]
    balanced = [balanced_accuracy_difference(truth, *right, people, level) for level in levels]
    yield pair, "balanced_accuracy", *balanced


def _index_differences(
    predictions: Predictions, pairs: list[tuple[str, str]], resamples: int, seed: int
) -> Iterator[tuple[tuple[str, str], str, Comparison, Comparison]]:
    found = bootstrap_correlations(predictions.truth, predictions.scores, resamples=resamples, seed=seed)
    for first, second in pairs:
        yield (first, second), "r", *[found.mean_difference(first, second, level) for level in (0.95, 0.9)]


def _present(truth: np.ndarray) -> list[tuple[int, str]]:
    """Subtypes that occur among the test recordings: a small cohort may lack one."""
    return [(place, name) for place, name in enumerate(SUBTYPES) if 0 < (truth == place).sum() < len(truth)]


def _comparable(predictions: Predictions, case: np.ndarray) -> bool:
    """Whether two AUCs can be compared: two people are cases, and two are not."""
    people = predictions.table["participant_id"].to_numpy()
    return all(len(np.unique(people[group])) >= 2 for group in (case, ~case))


def _learned_from(run: Run, task: Task) -> pd.DataFrame:
    """Validation people of the task that was trained on, with the scores of each arm."""
    table = pd.read_parquet(run.predictions / f"{task.trained_on}.{task.name}" / "table.parquet")
    return table[table["split"] == "validation"]
