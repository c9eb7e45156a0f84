"""Chapter 05: how few labels an aligned encoder needs."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from cardiacnets.cohorts.preprocessing import open_clean
from cardiacnets.experiments.contrastive_alignment.closed_form import open_closed_form
from cardiacnets.experiments.downstream_tasks.downstream import model_name, other_seed
from cardiacnets.experiments.shared.probe import fit_probe
from cardiacnets.experiments.shared.tasks import labelled
from cardiacnets.run import Run
from cardiacnets.statistics import bootstrap_correlations


def label_efficiency(run: Run) -> pd.DataFrame:
    """Test scores by share of labels for ``ecg``, ``aligned`` and ``twin``; the difference of a tenth aligned
    to all without and to its twin with as many; and by how much alignment gains more with a tenth than with
    all (``gain_10-gain_100``).

    One row a (task, arm, fraction), averaged over label seeds; the interval is over test participants.
    """
    settings, scores, points = run.profile.downstream, {}, {}
    for arm in ("ecg", "aligned", "twin"):
        for fraction in settings.fractions:
            scored = _twin_scores if arm == "twin" else partial(_network_scores, arm=arm)
            drawn = [scored(run, fraction=fraction, seed=seed) for seed in settings.seeds]
            point = f"{arm}_{round(100 * fraction)}"
            points[point] = arm, round(100 * fraction)
            truth, scores[point] = drawn[0][0], np.mean([each[1] for each in drawn], axis=0)
    found = bootstrap_correlations(truth, scores, **run.profile.resampling)
    few, full = (round(100 * fraction) for fraction in (min(settings.fractions), max(settings.fractions)))
    results = {name: found.mean(name) for name in scores}
    results[f"aligned_{few}-ecg_{full}"] = found.mean_difference(f"aligned_{few}", f"ecg_{full}")
    results[f"aligned_{few}-twin_{few}"] = found.mean_difference(f"aligned_{few}", f"twin_{few}")
    results[f"gain_{few}-gain_{full}"] = found.mean_contrast({
        f"aligned_{few}": 1.0, f"ecg_{few}": -1.0, f"aligned_{full}": -1.0, f"ecg_{full}": 1.0,
    })  # fmt: skip
    rows = []
    for name, result in results.items():
        arm, labels = points.get(name, ("difference", few))  # differences start from the fewest labels
        rows.append({"comparison": name, "arm": arm, "labels, %": labels} | result.row())
    return pd.DataFrame(rows)


def _network_scores(run: Run, arm: str, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Truth and scores (n, 82) of test participants from a network fitted on a share of the labels."""
    labels = labelled(run, "ukb.indices", fraction, seed)
    name = model_name("ukb.indices", arm, fraction, other_seed(run, seed))
    scores = np.load(run.models / name / "scores.npy", allow_pickle=False)
    test = labels.of("test")
    return labels.target[test], scores[test]


def _twin_scores(run: Run, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The same from a readout of the components that alignment in closed form predicts."""
    labels = labelled(run, "ukb.indices", fraction, seed)
    predicted = open_closed_form(run)(open_clean(run, "ukb"), labels.table["row"].to_numpy())
    train, validation, test = (labels.of(split) for split in ("train", "validation", "test"))
    held_out = predicted[validation], labels.target[validation]
    probe = fit_probe(labels.task, predicted[train], labels.target[train], held_out)
    return labels.target[test], probe(predicted[test])
