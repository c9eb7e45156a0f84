"""Chapter 05: how soon fine-tuning arrives, with every arm's start on the bill.

Counted in passes over the training participants, which do not depend on the machine: an epoch of fine-tuning
is three (forward, and backward at twice its price), the probe from which an aligned encoder starts is one
(its features; the linear fit is not counted). Validation is asked once an epoch in every arm and is left out.
Alignment itself is left out too, as in the study: it is paid once for all tasks.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import binom

from cardiacnets.experiments.downstream_tasks.downstream import model_name
from cardiacnets.experiments.shared.tasks import TASKS, labelled
from cardiacnets.run import Run
from cardiacnets.statistics import Estimate

EPOCH_PASSES, PROBE_PASSES = 3, 1
TOLERANCE = 0.01
"""An arm has arrived at a loss once it is within this share of it."""
LEAST = -100.0
"""Savings are told down to this: twice the passes, or never. A median and its order statistics allow it."""


def convergence(run: Run) -> pd.DataFrame:
    """One row a screening task with models of its own.

    Columns: ``task``; ``n`` training recordings; for ``ecg`` and ``aligned`` the passes until the validation
    loss arrives at the arm's own best (``..._own``) and at the best of the ECG-only network (``..._goal``;
    NaN: never, within the epochs that early stopping allowed); ``saved``, in per cent of the ECG-only
    network's passes to that same goal, no less than :data:`LEAST`, which also stands where the aligned
    encoder never arrives, NaN where the ECG-only network was best before it learned anything.
    """
    rows = []
    for key, task in TASKS.items():
        if task.kind == "binary" and task.trained_on == task.cohort:
            losses = {arm: _losses(run, key, arm) for arm in ("ecg", "aligned")}
            row = {"task": key, "n": len(labelled(run, key).of("train"))}
            for arm, loss in losses.items():
                row[f"{arm}_own"] = passes(loss, loss.min(), arm)
                row[f"{arm}_goal"] = passes(loss, losses["ecg"].min(), arm)
            rows.append(row | {"saved": saved(row["ecg_goal"], row["aligned_goal"])})
    return pd.DataFrame(rows)


def passes(losses: pd.Series, goal: float, arm: str) -> float:
    """Passes over the training set until ``losses``, by epoch from 0, come within the tolerance of ``goal``.

    NaN if they never do. Epoch 0 costs nothing from random weights, and the probe from an aligned encoder.
    """
    arrived = losses.index[losses <= goal + TOLERANCE * abs(goal)]
    return EPOCH_PASSES * float(arrived[0]) + PROBE_PASSES * (arm != "ecg") if len(arrived) else np.nan


def saved(ecg: float, aligned: float) -> float:
    """Passes saved in per cent; see :func:`convergence`."""
    if not ecg > 0:
        return np.nan
    return LEAST if np.isnan(aligned) else max(LEAST, 100 * (1 - aligned / ecg))


def median_saving(table: pd.DataFrame, level: float = 0.95) -> Estimate:
    """Median of ``saved`` over tasks, with the sign test's interval; n tasks.

    Tasks are taken for independent. The interval is as wide as the range where there are too few for the
    level.
    """
    values = np.sort(table["saved"].dropna().to_numpy())
    count = len(values)
    method = "median over tasks, interval between order statistics"
    if not count:
        return Estimate(np.nan, (np.nan, np.nan), 0, method, level=level)
    place = int(max(binom.ppf((1 - level) / 2, count, 0.5), 1)) - 1
    middle = values[[(count - 1) // 2, count // 2]]
    ends = float(values[place]), float(values[count - 1 - place])
    return Estimate(float(middle.mean()), ends, count, method, level=level)


def _losses(run: Run, key: str, arm: str) -> pd.Series:
    folder = run.require(run.models / model_name(key, arm))
    return pd.read_parquet(folder / "history.parquet")["validation"]
