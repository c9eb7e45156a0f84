"""The open table of predictions: one shape for all tasks, readable by anything that reads Parquet.

=============== ======= ============================================================================
column          type    meaning
=============== ======= ============================================================================
participant     text    pseudonym; rows of one participant are not independent
recording       text    one ECG of the participant
cohort          text    ``ukb``, ``mimic``, or another
task            text    ``cm``, ``indices``, ``subtypes``, or another
kind            text    ``binary``, ``classes`` or ``values``
output          text    which class or which value; the task's name where there is one only
arm             text    which model
training        int     which training of this model, from 1
split           text    ``validation`` or ``test``
truth           float   0 or 1 for ``binary`` and ``classes``; the value itself, NaN if not recorded
score           float   higher for disease (any scale); a probability for ``classes``; the value
=============== ======= ============================================================================

Every arm of a task scores the same recordings, so that arms can be compared on the same people. The table
holds single people: where the cohort is restricted, so is this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet

TEXT = ("participant", "recording", "cohort", "task", "kind", "output", "arm", "split")
COLUMNS = ("participant", "recording", "cohort", "task", "kind", "output", "arm", "training", "split",
           "truth", "score")  # fmt: skip
"""The columns in their order; others are ignored."""
KINDS = ("binary", "classes", "values")
SPLITS = ("validation", "test")
ROW = ["recording", "output"]
TASK = ["cohort", "task"]


@dataclass(frozen=True)
class TaskScores:
    """One task's scores as arrays, rows aligned: ``participants (n,)``, ``recordings (n,)``, ``truth (n,
    outputs)``, ``scores[arm] (trainings, n, outputs)``; ``outputs`` names the last axis.
    """

    kind: str
    participants: np.ndarray
    recordings: np.ndarray
    outputs: tuple[str, ...]
    truth: np.ndarray
    scores: Mapping[str, np.ndarray]

    def averaged(self, arm: str) -> np.ndarray:
        """Scores (n, outputs) of an arm, the mean over its trainings."""
        return self.scores[arm].mean(axis=0)

    @property
    def clusters(self) -> np.ndarray | None:
        """Participants where some have several recordings; ``None`` where each has one."""
        repeated = len(np.unique(self.participants)) < len(self.participants)
        return self.participants if repeated else None


def read_predictions(path: Path) -> pd.DataFrame:
    """The table at ``path`` (Parquet), checked by :func:`check_predictions`.

    Raises ``ValueError`` naming the file and what is wrong in it.
    """
    try:
        present = pyarrow.parquet.read_schema(path).names
        table = pd.read_parquet(path, columns=[name for name in COLUMNS if name in present])
    except (OSError, pyarrow.ArrowInvalid) as error:
        raise ValueError(f"{path}: no readable Parquet file ({error})") from None
    try:
        return check_predictions(table)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def check_predictions(table: pd.DataFrame) -> pd.DataFrame:
    """``table`` with :data:`COLUMNS` in their order, if it keeps the rules of this module.

    ``training`` may be absent where every arm was trained once, ``recording`` where every participant has
    one. Raises ``ValueError`` naming the column, or cohort, task and arm, and the value that breaks a rule.
    """
    if "training" not in table:
        table = table.assign(training=1)
    if "recording" not in table and "participant" in table:
        table = table.assign(recording=table["participant"])
    if missing := [name for name in COLUMNS if name not in table]:
        raise ValueError(f"no column {', '.join(map(repr, missing))}; a table has {', '.join(COLUMNS)}")
    if table.empty:
        raise ValueError("the table has no rows")
    table = table[list(COLUMNS)].reset_index(drop=True)
    for name in TEXT:
        if table[name].isna().any():
            raise ValueError(f"column {name!r} is empty in row {int(table[name].isna().argmax())}")
    for name, allowed in (("kind", KINDS), ("split", SPLITS)):
        wrong = sorted(set(table[name]) - set(allowed))
        if wrong:
            raise ValueError(f"column {name!r} holds {wrong[0]!r}; it may hold {', '.join(allowed)}")
    for name in ("truth", "score"):
        if not pd.api.types.is_numeric_dtype(table[name]):
            raise ValueError(f"column {name!r} holds no numbers")
    for place, part in table.groupby(TASK, sort=False, observed=True):
        _check_task(".".join(map(str, place)), part)
    return table


def _check_task(task: str, part: pd.DataFrame) -> None:
    kinds = part["kind"].unique()
    if len(kinds) > 1:
        raise ValueError(f"{task} is of two kinds, {kinds[0]} and {kinds[1]}")
    score, truth = part["score"].to_numpy(float), part["truth"].to_numpy(float)
    if not np.isfinite(score).all():
        row = part.iloc[int(np.argmin(np.isfinite(score)))]
        raise ValueError(f"{task}, arm {row['arm']}: no finite score for recording {row['recording']!r}")
    if kinds[0] != "values" and not np.isin(truth, (0, 1)).all():
        wrong = truth[~np.isin(truth, (0, 1))][0]
        raise ValueError(f"{task}: truth is 0 or 1 for a disease or a class; found {wrong:g}")
    if kinds[0] == "classes" and not ((score >= 0) & (score <= 1)).all():
        wrong = score[(score < 0) | (score > 1)][0]
        raise ValueError(f"{task}: scores of classes are probabilities in [0, 1]; found {wrong:g}")
    keys = ["arm", "training", *ROW]
    if part.duplicated(keys).any():
        row = part[part.duplicated(keys)].iloc[0]
        raise ValueError(f"{task}, arm {row['arm']}: recording {row['recording']!r} is scored twice")
    about = part.groupby(ROW, sort=False, observed=True)[["participant", "split", "truth"]]
    if (about.nunique(dropna=False) > 1).any(axis=None):
        name = (about.nunique(dropna=False) > 1).any().idxmax()
        raise ValueError(f"{task}: one recording has two values of {name!r}")
    sizes = part.groupby(["arm", "training"], observed=True).size()
    if (short := sizes[sizes != about.ngroups]).size:
        (arm, _), rows = short.index[0], int(short.iloc[0])
        raise ValueError(
            f"{task}: arm {arm} has {rows} rows, the task {about.ngroups}: "
            "every arm scores the same recordings"
        )


def tasks_of(table: pd.DataFrame) -> list[tuple[str, str]]:
    """Cohort and task of everything in the table, in its order."""
    return list(dict.fromkeys(zip(table["cohort"], table["task"], strict=True)))


def scores_of(
    table: pd.DataFrame, cohort: str, task: str, split: str = "test", arm: str = ""
) -> TaskScores:
    """One task as aligned arrays, of all its arms or of one; ``ValueError`` naming what there is if the table
    has none of it.
    """
    part = table[(table["cohort"] == cohort) & (table["task"] == task)]
    if part.empty:
        there = ", ".join(".".join(pair) for pair in tasks_of(table))
        raise ValueError(f"no predictions of {cohort}.{task}; there are {there}")
    part = part[part["split"] == split]
    if part.empty:
        raise ValueError(f"{cohort}.{task} has no rows of the {split} split")
    if arm and (part := part[part["arm"] == arm]).empty:
        raise ValueError(f"{cohort}.{task} has no predictions of arm {arm!r}")
    outputs, arms = tuple(dict.fromkeys(part["output"])), tuple(dict.fromkeys(part["arm"]))
    about = part.drop_duplicates("recording").set_index("recording")["participant"]
    recordings = about.index.to_numpy()

    def spread(rows: pd.DataFrame, column: str) -> np.ndarray:
        wide = rows.pivot(index="recording", columns="output", values=column)
        return wide.loc[recordings, list(outputs)].to_numpy(float)  # (n, outputs)

    first = part[(part["arm"] == arms[0])]
    first = first[first["training"] == first["training"].min()]
    scores = {
        arm: np.stack(
            [spread(rows, "score") for _, rows in part[part["arm"] == arm].groupby("training", observed=True)]
        )
        for arm in arms
    }  # (trainings, n, outputs) each
    return TaskScores(
        part["kind"].iloc[0], about.to_numpy(), recordings, outputs, spread(first, "truth"), scores
    )
