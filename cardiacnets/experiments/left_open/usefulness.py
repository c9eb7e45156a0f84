"""Chapter 09: what a positive answer means where the disease is rare, and what fifty local labels repair."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cardiacnets.experiments.downstream_tasks.decisions import decisions
from cardiacnets.predictions import after_local_labels, at_prevalence
from cardiacnets.predictions.estimable import judged
from cardiacnets.run import Run
from cardiacnets.statistics import calibration
from cardiacnets.study import ARMS, TASKS

PREVALENCES = {"general population": 0.01, "a clinic": 0.05, "a cardiology ward": 0.2}
"""Settings to think with, not estimates: one, five and twenty in a hundred have the disease."""
LOCAL = 50


def predictive_values(table: pd.DataFrame, key: str, arms: Sequence[str]) -> pd.DataFrame:
    """One row an arm and setting of :data:`PREVALENCES`: PPV with interval, and ``scans``, how many people
    called diseased are scanned for each one found. From the open ``table`` of predictions.
    """
    rows = []
    for arm in arms:
        found = decisions(table, key, arm)
        for setting, prevalence in PREVALENCES.items():
            row = judged(
                lambda found=found, prevalence=prevalence: at_prevalence(
                    found.truth, found.scores, found.threshold, prevalence
                )
            )
            head = {"arm": ARMS[arm].title, "setting": setting, "prevalence": prevalence}
            rows.append(head | row | {"scans": 1 / row["estimate"]})
    return pd.DataFrame(rows)


def new_sites(run: Run, table: pd.DataFrame, disease: str, home: str, arm: str) -> pd.DataFrame:
    """One row a site that no model was trained on: calibration in the large as carried there, and the median
    over random draws of it and of the Brier score before and after :data:`LOCAL` people were labelled.
    """
    rows = []
    for task in TASKS.values():
        if task.name != disease or task.trained_on != home or task.cohort == home:
            continue
        found = decisions(table, task.key, arm)
        carried = calibration(found.truth, found.probabilities).intercept
        row = {"task": task.key} | carried.row()
        try:
            draws = after_local_labels(
                found.truth, found.scores, found.probabilities, LOCAL, seed=run.profile.seed
            )
        except ValueError as error:
            rows.append(row | {"why": f"not estimable: {error}"})
            continue
        for when, part in draws.groupby("when"):
            row |= {
                f"intercept_{when}": part["intercept"].abs().median(),
                f"slope_{when}": part["slope"].median(),
                f"brier_{when}": part["brier"].median(),
            }
        better = draws.pivot(index="draw", columns="when", values="brier")
        rows.append(row | {"better": float(np.mean(better["after"] < better["before"])), "why": ""})
    return pd.DataFrame(rows)


def reliability(table: pd.DataFrame, keys: Sequence[str], arm: str) -> pd.DataFrame:
    """Points of the calibration curves of tasks: ``task, predicted, observed, low, high, n``."""
    curves = []
    for key in keys:
        found = decisions(table, key, arm)
        curve = calibration(found.truth, found.probabilities, 5).curve
        curves.append(curve.assign(task=TASKS[key].title))
    return pd.concat(curves, ignore_index=True)
