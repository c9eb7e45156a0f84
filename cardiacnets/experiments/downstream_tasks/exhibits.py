"""Chapter 05, the study's own exhibits, from the open table of predictions: decisions of every arm
(supplementary tables 1 to 3), confusion matrices of the subtypes (figure 3), every index against its record
(supplementary figure 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cardiacnets.contracts import SUBTYPES
from cardiacnets.experiments.downstream_tasks.decisions import decisions
from cardiacnets.experiments.downstream_tasks.evaluation import Predictions, recall_difference
from cardiacnets.experiments.shared.small_multiples import index_pairs
from cardiacnets.phenotypes import INDEX_NAMES
from cardiacnets.predictions import operating_points, scores_of
from cardiacnets.predictions.estimable import NOTHING
from cardiacnets.predictions.operating import METRICS
from cardiacnets.statistics import Comparison, accuracy
from cardiacnets.study import ARMS, TASKS


def decision_table(table: pd.DataFrame, key: str) -> pd.DataFrame:
    """One row an arm and metric of :func:`cardiacnets.predictions.operating_points`; the threshold maximises
    sensitivity + specificity on the validation part of the cohort that was trained on. Where that part has no
    case, no control or no answer of the arm, there is no threshold, and each row says so.
    """
    task, rows = TASKS[key], []
    table = table[table["task"] == task.name]
    for arm in scores_of(table, task.cohort, task.name).scores:
        try:
            found = decisions(table, key, arm)
        except ValueError as error:
            why = f"not estimable: no threshold from validation: {error}"
            rows.append(pd.DataFrame([NOTHING | {"metric": name, "why": why, "task": key, "arm": arm}
                                      for name in METRICS]))  # fmt: skip
            continue
        points = operating_points(
            found.truth, found.scores, found.threshold, found.probabilities, found.participants
        )
        rows.append(points.assign(task=key, arm=arm))
    return pd.concat(rows, ignore_index=True)


def counted(table: pd.DataFrame, key: str) -> str:
    """What the denominators of a task's decisions count where people have several recordings, as the
    continuation of a sentence on them; nothing where each has one.
    """
    task = TASKS[key]
    people = scores_of(table, task.cohort, task.name).participants
    if len(np.unique(people)) == len(people):
        return ""
    return (
        ": recordings for AUC and Brier score, people for the rest, and who has recordings of both kinds "
        "counts in PPV and in NPV"
    )


@dataclass(frozen=True)
class Confusion:
    """Answers of one arm about subtypes: ``counts (true, called)`` of recordings in the order of
    ``SUBTYPES``, ``recalls`` their shares in each row with intervals clustered by participant.
    """

    arm: str
    counts: np.ndarray
    recalls: pd.DataFrame


def confusion(table: pd.DataFrame, key: str, arm: str) -> Confusion:
    """What ``arm`` calls each true subtype in task ``key``, on the test split. A subtype that nobody has
    stands in ``recalls`` as a row without numbers and says so.
    """
    truth, called, people = _answers(table, key, arm)
    counts = np.zeros((len(SUBTYPES), len(SUBTYPES)), int)
    np.add.at(counts, (truth, called), 1)
    rows = []
    for place, name in enumerate(SUBTYPES):
        inside = truth == place
        row = {"arm": arm, "subtype": name}
        if not inside.any():
            rows.append(row | NOTHING | {"why": "not estimable: nobody has it"})
            continue
        rows.append(row | accuracy(called[inside] == place, people[inside]).row() | {"why": ""})
    return Confusion(arm, counts, pd.DataFrame(rows))


def recall_differences(
    predictions: Predictions, pairs: Sequence[tuple[str, str]]
) -> list[tuple[tuple[str, str], str, Comparison]]:
    """For each pair of arms and subtype present, how much more of it the first recognises, paired."""
    people, found = predictions.table["participant_id"].to_numpy(), []
    for pair in pairs:
        for place, name in enumerate(SUBTYPES):
            if len(np.unique(people[predictions.truth == place])) > 1:
                found.append((pair, name, recall_difference(predictions, pair, name)))
    return found


def _answers(table: pd.DataFrame, key: str, arm: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True and called subtype by number, and participant, of each test recording."""
    task = TASKS[key]
    found = scores_of(table, task.cohort, task.name, arm=arm)
    order = [found.outputs.index(name) for name in SUBTYPES]
    truth = found.truth[:, order].argmax(axis=1)
    return truth, found.averaged(arm)[:, order].argmax(axis=1), found.participants


def regressions(table: pd.DataFrame, arm: str) -> pd.DataFrame:
    """One row an index: ``index``, ``label``, ``group``, ``r`` with interval, and arrays ``recorded``,
    ``predicted`` of the test participants.
    """
    found = scores_of(table, "ukb", "indices", arm=arm)
    order = [found.outputs.index(name) for name in INDEX_NAMES]
    return index_pairs(found.truth[:, order], found.averaged(arm)[:, order])


def shown_decisions(table: pd.DataFrame) -> pd.DataFrame:
    """Decisions as a page shows them: a row an arm, a column a measure, with its interval and its own n."""
    cells = [
        row.why or f"{row.estimate:.2f} ({row.low:.2f} to {row.high:.2f}), n {row.n}"
        for row in table.itertuples()
    ]
    named = table.assign(cell=cells, arm=[ARMS[arm].title for arm in table["arm"]])
    wide = named.pivot(index="arm", columns="metric", values="cell")
    wide = wide.loc[list(dict.fromkeys(named["arm"])), list(dict.fromkeys(named["metric"]))]
    return wide.rename(columns=METRICS).reset_index()
