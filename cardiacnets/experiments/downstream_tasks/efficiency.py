"""Chapter 05: how few labels an aligned encoder needs, for the indices and for each disease."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from cardiacnets.cohorts.preprocessing import open_clean
from cardiacnets.experiments.contrastive_alignment.closed_form import open_closed_form
from cardiacnets.experiments.downstream_tasks.downstream import LABELS_VARIED, model_name, other_seed
from cardiacnets.experiments.shared.probe import read_out
from cardiacnets.experiments.shared.tasks import asked_tasks, labelled
from cardiacnets.experiments.shared.trainings import trainings_of
from cardiacnets.predictions.estimable import judged
from cardiacnets.run import Run
from cardiacnets.statistics import (
    Estimate,
    auc_difference,
    auc_interval,
    bootstrap_correlations,
    pearson,
)
from cardiacnets.statistics.trainings import ONE_TRAINING, Found, with_trainings, without_each


def label_efficiency(run: Run) -> pd.DataFrame:
    """Test scores by share of labels for ``ecg``, ``aligned`` and ``twin``; the difference of a tenth aligned
    to all without and to its twin with as many; and by how much alignment gains more with a tenth than with
    all (``gain_10-gain_100``).

    One row a (task, arm, fraction), averaged over label seeds; the interval is over test participants, and
    over trainings where there are several.
    """
    settings, trainings = run.profile.downstream, {}
    for arm in ("ecg", "aligned", "twin"):
        for fraction in settings.fractions:
            scored = _twin_scores if arm == "twin" else partial(_network_scores, arm=arm)
            drawn = [scored(run, fraction=fraction, seed=seed) for seed in settings.seeds]
            truth = drawn[0][0]
            trainings[arm, round(100 * fraction)] = np.mean([each[1] for each in drawn], axis=0)
    return efficiency_table(truth, trainings, **run.profile.resampling)


def efficiency_table(
    truth: np.ndarray, scores_by_training: Mapping[tuple[str, int], np.ndarray], resamples: int, seed: int
) -> pd.DataFrame:
    """The table of :func:`label_efficiency`, from ``truth`` (n, 82) and the scores (T, n, 82) of each arm and
    per cent of the labels.
    """
    points = {f"{arm}_{labels}": (arm, labels) for arm, labels in scores_by_training}
    trainings = dict(zip(points, scores_by_training.values(), strict=True))
    scores = {point: each.mean(axis=0) for point, each in trainings.items()}
    found = bootstrap_correlations(truth, scores, resamples=resamples, seed=seed)

    def mean_r(scores: np.ndarray) -> float:
        return float(np.nanmean(pearson(truth, scores)))

    def over_trainings(result: Found, contrast: dict[str, float]) -> Found:
        """A weighted sum of points with its interval over participants and trainings."""
        left_out = []
        for point, weight in contrast.items():
            if len(trainings[point]) > 1:
                whole = mean_r(scores[point])
                without = [mean_r(each) - whole for each in without_each(trainings[point])]
                left_out.append(weight * np.array(without))
        return with_trainings(result, left_out)

    few, full = (end(labels for _, labels in scores_by_training) for end in (min, max))
    contrasts = {
        f"aligned_{few}-ecg_{full}": {f"aligned_{few}": 1.0, f"ecg_{full}": -1.0},
        f"aligned_{few}-twin_{few}": {f"aligned_{few}": 1.0, f"twin_{few}": -1.0},
        f"gain_{few}-gain_{full}": {
            f"aligned_{few}": 1.0, f"ecg_{few}": -1.0, f"aligned_{full}": -1.0, f"ecg_{full}": 1.0,
        },
    }  # fmt: skip
    results = {point: over_trainings(found.mean(point), {point: 1.0}) for point in scores} | {
        name: over_trainings(found.mean_contrast(contrast), contrast) for name, contrast in contrasts.items()
    }
    rows = []
    for name, result in results.items():
        arm, labels = points.get(name, ("difference", few))  # differences start from the fewest labels
        rows.append({"comparison": name, "arm": arm, "labels, %": labels} | result.row())
    return pd.DataFrame(rows)


def disease_efficiency(run: Run) -> pd.DataFrame:
    """AUC of each disease of the hospital cohort by share of labels, for the first training of ``ecg`` and
    ``aligned``; and the fewest labels aligned less all without.

    One row a task and point, columns as :func:`label_efficiency`; scores are averaged over label seeds,
    intervals are over test participants. A disease that validation or test lack has a row that says so.
    """
    settings, rows = run.profile.downstream, []
    shares = {round(100 * fraction): fraction for fraction in settings.fractions}
    for key in (key for key in asked_tasks(run) if key in LABELS_VARIED):
        points = {}
        for arm in ("ecg", "aligned"):
            for share, fraction in shares.items():
                drawn = [_disease_scores(run, key, arm, fraction, seed) for seed in settings.seeds]
                truth, people = drawn[0][:2]
                points[arm, share] = np.mean([each[2] for each in drawn], axis=0)
        clusters = people if len(np.unique(people)) < len(people) else None
        for (arm, share), scores in points.items():
            row = _trained_once(partial(auc_interval, truth, scores, clusters=clusters))
            rows.append({"task": key, "comparison": f"{arm}_{share}", "arm": arm, "labels, %": share} | row)
        few, full = min(shares), max(shares)
        pair = points["aligned", few], points["ecg", full]
        row = _trained_once(partial(auc_difference, truth, *pair, clusters=clusters))
        name = f"aligned_{few}-ecg_{full}"
        rows.append({"task": key, "comparison": name, "arm": "difference", "labels, %": few} | row)
    return pd.DataFrame(rows)


def _trained_once(measure: Callable[[], Estimate]) -> dict[str, Any]:
    """The row of ``measure()``, whose method says that its interval holds no trainings."""
    row = judged(measure)
    return row if row["why"] else row | {"method": f"{row['method']}; {ONE_TRAINING}"}


def _disease_scores(
    run: Run, key: str, arm: str, fraction: float, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, participants and scores (n,) of the test recordings."""
    labels = labelled(run, key, fraction, seed)
    test = labels.of("test")
    name = model_name(key, arm, fraction, other_seed(run.profile, seed))
    scores = np.load(run.models / name / "scores.npy", allow_pickle=False)
    return labels.target[test], labels.table["participant_id"].to_numpy()[test], scores[test, 0]


def _network_scores(run: Run, arm: str, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Truth (n, 82) and scores (T, n, 82) of test participants from the trainings of a network on a share of
    the labels.
    """
    labels = labelled(run, "ukb.indices", fraction, seed)
    test, scores = labels.of("test"), []
    for training in trainings_of(run.profile, "ukb.indices"):
        name = model_name("ukb.indices", arm, fraction, other_seed(run.profile, seed), training)
        scores.append(np.load(run.models / name / "scores.npy", allow_pickle=False)[test])
    return labels.target[test], np.stack(scores)


def _twin_scores(run: Run, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The same from a readout of the components that alignment in closed form predicts."""
    labels = labelled(run, "ukb.indices", fraction, seed)
    predicted = open_closed_form(run)(open_clean(run, "ukb"), labels.table["row"].to_numpy())
    return labels.target[labels.of("test")], read_out(labels, predicted)[None]
