"""Chapter 05: how few labels an aligned encoder needs, and how soon fine-tuning arrives."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cardiacnets.experiments.downstream import model_name, other_seed
from cardiacnets.experiments.tasks import labelled
from cardiacnets.run import Run
from cardiacnets.statistics import bootstrap_correlations


def label_efficiency(run: Run) -> pd.DataFrame:
    """Test scores by share of labels for ``ecg`` and ``aligned``, and the difference of a tenth aligned to
    all without.

    One row a (task, arm, fraction), averaged over label seeds; the interval is over test participants.
    """
    settings, scores = run.profile.downstream, {}
    for arm in ("ecg", "aligned"):
        for fraction in settings.fractions:
            drawn = [_fraction_scores(run, arm, fraction, seed) for seed in settings.seeds]
            truth, scores[f"{arm}_{round(100 * fraction)}"] = (
                drawn[0][0],
                np.mean([each[1] for each in drawn], axis=0),
            )
    found = bootstrap_correlations(truth, scores, resamples=settings.bootstrap, seed=run.profile.seed)
    few, full = (round(100 * fraction) for fraction in (min(settings.fractions), max(settings.fractions)))
    results = {name: found.mean(name) for name in scores}
    results[f"aligned_{few}-ecg_{full}"] = found.mean_difference(f"aligned_{few}", f"ecg_{full}")
    return pd.DataFrame(
        [
            {
                "comparison": name,
                "arm": "difference" if "-" in name else name.split("_")[0],
                "labels, %": int(name.split("-")[0].split("_")[1]),
                "estimate": result.estimate,
                "low": result.interval[0],
                "high": result.interval[1],
                "n": len(truth),
                "pvalue": getattr(result, "pvalue", np.nan),
            }
            for name, result in results.items()
        ]
    )


def convergence(run: Run, key: str) -> pd.DataFrame:
    """First epoch of fine-tuning at or below the best validation loss of the ECG-only network, for each
    network arm.

    Epoch 0 is the probe. NaN where an arm never gets there.
    """
    losses = {
        arm: pd.read_parquet(run.models / model_name(key, arm) / "history.parquet")["validation"]
        for arm in ("ecg", "aligned")
    }
    goal, count = losses["ecg"].min(), len(labelled(run, key).of("train"))
    reached = {arm: loss.index[loss <= goal] for arm, loss in losses.items()}
    return pd.DataFrame(
        [
            {
                "arm": arm,
                "epochs": float(epochs[0]) if len(epochs) else np.nan,
                "best": float(losses[arm].min()),
                "n": count,
            }
            for arm, epochs in reached.items()
        ]
    )


def _fraction_scores(run: Run, arm: str, fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Truth and scores (n, 82) of test participants from a model fitted on a share of the labels."""
    labels = labelled(run, "ukb.indices", fraction, seed)
    name = model_name("ukb.indices", arm, fraction, other_seed(run, seed))
    scores = np.load(run.models / name / "scores.npy", allow_pickle=False)
    test = labels.of("test")
    return labels.target[test], scores[test]
