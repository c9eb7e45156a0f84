"""Chapter 09: does the model do for every group of people, and at every site, what it does for the rest?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from cardiacnets.cohorts.counts import threshold as least_shown
from cardiacnets.cohorts.preprocessing import open_clean
from cardiacnets.experiments.downstream_tasks.decisions import decisions
from cardiacnets.predictions import scores_of, subgroup_table
from cardiacnets.predictions.subgroups import SMALL, banded, correlation_measure, screening_measures
from cardiacnets.run import Run
from cardiacnets.study import COHORTS, TASKS, Task

AGE_EDGES = (55.0, 65.0, 75.0)
BMI_EDGES = (25.0, 30.0)


def groups_of(index: pd.DataFrame, recordings: np.ndarray) -> dict[str, np.ndarray]:
    """Sex, age band, BMI band and ethnicity of ``recordings`` (n,), missing where the cohort's ``index``
    does not say.
    """
    index = index.set_index("recording_id").loc[recordings]
    found = {"sex": index["sex"].map({0: "women", 1: "men"}).to_numpy(object)}
    for name, label, edges, unit in (("age", "age", AGE_EDGES, "years"), ("bmi", "BMI", BMI_EDGES, "kg/m2")):
        if name in index:
            found[label] = banded(index[name], edges, unit)
    if "ethnicity" in index:
        named = index["ethnicity"]
        found["ethnicity"] = named.where(named.notna(), None).to_numpy(object)
    return found


def screening_fairness(run: Run, table: pd.DataFrame, key: str, arm: str) -> pd.DataFrame:
    """:func:`cardiacnets.predictions.subgroup_table` of one screening task by sex, age, BMI and ethnicity."""
    found = decisions(table, key, arm)
    cohort = TASKS[key].cohort
    measures = screening_measures(
        found.truth, found.scores, found.threshold, found.probabilities, found.participants
    )
    groups = groups_of(open_clean(run, cohort).index, found.recordings)
    least = max(SMALL, least_shown(run, cohort))
    return subgroup_table(groups, measures, found.participants, least).assign(task=key)


def index_fairness(run: Run, table: pd.DataFrame, arm: str) -> pd.DataFrame:
    """The same of the mean correlation over the 82 indices."""
    scores = scores_of(table, "ukb", "indices", arm=arm)
    settings = run.profile.resampling
    measures = correlation_measure(scores.truth, scores.averaged(arm), scores.participants, **settings)
    groups = groups_of(open_clean(run, "ukb").index, scores.recordings)
    least = max(SMALL, least_shown(run, "ukb"))
    rows = subgroup_table(groups, measures, scores.participants, least)
    return rows.assign(task="ukb.indices")


def site_fairness(run: Run, table: pd.DataFrame, disease: str, home: str, arm: str) -> pd.DataFrame:
    """One disease at every site whose models were trained on ``home``: each site beside all the others,
    models and threshold carried unchanged.
    """
    tasks = [task for task in TASKS.values() if _of(task, disease, home)]
    parts = [decisions(table, task.key, arm) for task in tasks]
    site = np.concatenate(
        [
            np.full(len(part.truth), COHORTS[task.cohort].title, dtype=object)
            for task, part in zip(tasks, parts, strict=True)
        ]
    )
    people = np.concatenate(
        [
            np.array([f"{task.cohort}.{name}" for name in part.participants])
            for task, part in zip(tasks, parts, strict=True)
        ]
    )
    truth, scores, probabilities = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("truth", "scores", "probabilities")
    )
    measures = screening_measures(truth, scores, parts[0].threshold, probabilities, people)
    least = max(SMALL, *(least_shown(run, task.cohort) for task in tasks))
    return subgroup_table({"site": site}, measures, people, least).assign(task=f"{disease}, every site")


def _of(task: Task, disease: str, home: str) -> bool:
    return task.name == disease and task.trained_on == home
