"""Chapter 05: how soon fine-tuning arrives, with every arm's start on the bill.

Counted in passes over the training participants, which do not depend on the machine: an epoch of fine-tuning
is three (forward, and backward at twice its price), the probe from which an aligned encoder starts is one
(its features; the linear fit is not counted). Validation is asked once an epoch in every arm and is left out.
Alignment itself is left out too, as in the study: it is paid once for all tasks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import binom

from cardiacnets.experiments.downstream_tasks.downstream import model_name
from cardiacnets.experiments.shared.stage import history
from cardiacnets.experiments.shared.tasks import asked_tasks, labelled
from cardiacnets.experiments.shared.trainings import trainings_of
from cardiacnets.run import Run
from cardiacnets.statistics import Estimate
from cardiacnets.statistics.estimate import ORDERED
from cardiacnets.study import ARMS, TASKS

EPOCH_PASSES, PROBE_PASSES = 3, 1
TOLERANCE = 0.01
"""An arm has arrived at a loss once it is within this share of it."""
FLAT = 0.05
"""A curve is flat if no more of its fall came last."""
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
    for key in asked_tasks(run):
        task = TASKS[key]
        if task.kind == "binary" and task.trained_on == task.cohort:
            losses = {arm: history(run, model_name(key, arm))["validation"] for arm in ("ecg", "aligned")}
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
    start = 0 if ARMS[arm].start == "random" else PROBE_PASSES
    return EPOCH_PASSES * float(arrived[0]) + start if len(arrived) else np.nan


def saved(ecg: float, aligned: float) -> float:
    """Passes saved in per cent; see :func:`convergence`."""
    if not ecg > 0:
        return np.nan
    return LEAST if np.isnan(aligned) else max(LEAST, 100 * (1 - aligned / ecg))


def learning_curves(run: Run, key: str) -> pd.DataFrame:
    """Validation losses by ``epoch``, one row an ``arm``, ``training`` and epoch: ``loss``."""
    curves = []
    for arm in ("ecg", "aligned"):
        for training in trainings_of(run.profile, key):
            loss = history(run, model_name(key, arm, training=training))["validation"]
            columns = {"arm": arm, "training": training, "epoch": loss.index, "loss": loss.to_numpy()}
            curves.append(pd.DataFrame(columns))
    return pd.concat(curves, ignore_index=True)


def adaptation(run: Run, keys: Sequence[str]) -> pd.DataFrame:
    """How the validation loss falls with what it costs: one row a task, arm, training and epoch.

    Columns: ``task``, ``arm``, ``training``, ``epoch``; ``passes`` over the training set, as
    :func:`passes` counts them; ``seconds`` of this machine, without the probe's and validation's; ``loss``,
    the best so far.
    """
    rows = []
    for key in keys:
        for arm in ("ecg", "aligned"):
            start = 0 if ARMS[arm].start == "random" else PROBE_PASSES
            for training in trainings_of(run.profile, key):
                curve = history(run, model_name(key, arm, training=training))
                rows.append(pd.DataFrame({
                    "task": key, "arm": arm, "training": training, "epoch": curve.index,
                    "passes": EPOCH_PASSES * curve.index + start,
                    "seconds": curve["seconds"].fillna(0).cumsum().to_numpy(),
                    "loss": curve["validation"].cummin().to_numpy(),
                }))  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def seconds_to_goal(curves: pd.DataFrame, key: str) -> str:
    """A sentence without its full stop: after how many seconds each arm comes within the tolerance of the
    best loss of the ECG-only network of the same training.
    """
    task = curves[curves["task"] == key]
    goals = task[task["arm"] == "ecg"].groupby("training")["loss"].min()
    said = []
    for arm in dict.fromkeys(task["arm"]):
        found = []
        for training, rows in task[task["arm"] == arm].groupby("training"):
            goal = goals[training]
            arrived = rows[rows["loss"] <= goal + TOLERANCE * abs(goal)]
            found.append(arrived["seconds"].iloc[0] if len(arrived) else np.nan)
        known = np.array(found)[np.isfinite(found)]
        name = f"{ARMS[arm].title}, after its probe," if ARMS[arm].start != "random" else ARMS[arm].title
        if not len(known):
            said.append(f"{name} never came there")
            continue
        rest = "" if len(known) == len(found) else f", and never in {len(found) - len(known)}"
        trainings = f"{len(known)} training{'s' if len(known) > 1 else ''}"
        ends = dict.fromkeys((f"{known.min():.1f}", f"{known.max():.1f}"))
        said.append(f"{name} took {' to '.join(ends)} s ({trainings}{rest})")
    return "; ".join(said)


def still_falling(curves: pd.DataFrame, arm: str) -> str:
    """The end of a sentence that begins with the validation loss of ``arm``: how much of its whole fall came
    in the last quarter of its epochs, at most over trainings.
    """
    shares = []
    for _, loss in curves[curves["arm"] == arm].groupby("training")["loss"]:
        best = np.minimum.accumulate(loss.to_numpy())
        late = best[-1 - max(1, len(best) // 4)] - best[-1]
        shares.append(late / (best[0] - best[-1]) if best[0] > best[-1] else np.nan)
    if not shares or np.isnan(shares).all():
        return "never fell below its start"
    share, bound = 100 * np.nanmax(shares), 100 * FLAT
    seen = f"{share:.0f} % of its fall in the last quarter of its epochs"
    return f"has flattened ({seen})" if share <= bound else f"is still falling ({seen})"


def median_saving(table: pd.DataFrame) -> Estimate:
    """Median of ``saved`` over tasks, with the sign test's interval; n tasks.

    Tasks are taken for independent. The interval is as wide as the range where there are too few for 95 %.
    """
    values = np.sort(table["saved"].dropna().to_numpy())
    count = len(values)
    method = f"median over tasks, {ORDERED}"
    if not count:
        return Estimate(np.nan, (np.nan, np.nan), 0, method)
    place = int(max(binom.ppf(0.025, count, 0.5), 1)) - 1
    middle = values[[(count - 1) // 2, count // 2]]
    ends = float(values[place]), float(values[count - 1 - place])
    return Estimate(float(middle.mean()), ends, count, method)
