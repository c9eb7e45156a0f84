"""The downstream tasks of the study, and who takes part in each.

Screening: every case of the disease and as many controls, drawn at random (or, ``as_published``, the first)
among participants free of every cardiovascular code. Subtypes: every case of exactly one subtype. Indices:
participants with recorded indices, as many training labels as the profile grants. All splits are those
of pre-training.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cardiacnets.cohorts.counts import publishable
from cardiacnets.cohorts.preprocessing import open_clean
from cardiacnets.cohorts.splits import SPLITS, case_control, check_leakage, nested_fractions
from cardiacnets.contracts import SUBTYPES
from cardiacnets.run import Run
from cardiacnets.study import SPLIT_COHORTS, TASKS, Task

ESSENTIAL = ("ukb.indices", "ukb.cm", "mimic.cm", "mimic.subtypes")
"""Tasks that chapters name: a run whose cohorts cannot be asked one of them is refused."""


class TooFewError(ValueError):
    """A cohort has too few people, or cases, for a task."""


@dataclass(frozen=True)
class Labelled:
    """Rows of a clean cohort with their targets: (n,) classes, or (n, 82) indices with NaN where missing."""

    task: Task
    table: pd.DataFrame
    """``participant_id``, ``recording_id``, ``split`` and ``row`` in the clean cohort, one row a recording.
    """
    target: np.ndarray

    def count(self, threshold: int = 0) -> dict[str, str]:
        """Participants by split, for screening with the cases in brackets, rounded to ``threshold``."""
        counted = {"task": self.task.key}
        for split in SPLITS:
            rows = self.of(split)
            people = self.table["participant_id"].iloc[rows]
            counted[split] = str(publishable(people.nunique(), threshold))
            if self.task.kind == "binary":
                sick = people[self.target[rows] == 1].nunique()
                counted[split] += f" ({publishable(sick, threshold)})"
        return counted

    def of(self, split: str) -> np.ndarray:
        """Positions in ``table`` of a split."""
        return np.flatnonzero(self.table["split"] == split)


def asked_tasks(run: Run, *cohorts: str) -> tuple[str, ...]:
    """The tasks that the people of the run's cohorts, or of these, can be asked, in the study's order.

    A task is left out where :func:`labelled` refuses it as :class:`TooFewError`; one of :data:`ESSENTIAL`
    cannot be, and is refused here, too.
    """
    asked = []
    for key, task in TASKS.items():
        if cohorts and task.cohort not in cohorts:
            continue
        try:
            labelled(run, key)
        except TooFewError:
            if key in ESSENTIAL:
                raise
            continue
        asked.append(key)
    return tuple(asked)


def labelled(run: Run, key: str, fraction: float = 1.0, label_seed: int | None = None) -> Labelled:
    """Who takes part in task ``key``, with a stratified, nested ``fraction`` of the training participants.

    Raises ``ValueError`` for an unknown task, and :class:`TooFewError` for a cohort that has nobody to
    train on, case and control, or to validate with.
    """
    if key not in TASKS:
        raise ValueError(f"unknown task {key!r}: choose one of {', '.join(TASKS)}")
    task = TASKS[key]
    clean = open_clean(run, task.cohort)
    index = clean.index[clean.index["usable"]]
    seed = run.profile.seed if label_seed is None else label_seed
    if task.kind == "binary" and task.cohort not in SPLIT_COHORTS:
        # a case-control site recruited its controls itself: all of them count
        rows, target = index.index.to_numpy(), index[task.name].to_numpy(np.int64)
    elif task.kind == "binary":
        side = index.drop_duplicates("participant_id").set_index("participant_id")["split"]
        chosen = case_control(index, task.name, side, run.profile.seed, run.profile.downstream.controls)
        rows, target = chosen.index.to_numpy(), chosen["case"].to_numpy(np.int64)
    elif task.kind == "subtypes":
        flags = index[list(SUBTYPES)].to_numpy(bool)
        single = flags.sum(axis=1) == 1
        rows, target = index.index.to_numpy()[single], flags[single].argmax(axis=1)
    else:
        rows = index.index.to_numpy()
        target = np.load(run.cohorts / task.cohort / "indices.npy", mmap_mode="r", allow_pickle=False)[rows]
    table = (
        clean.index.loc[rows, ["participant_id", "recording_id", "split"]]
        .assign(row=rows)
        .reset_index(drop=True)
    )
    check_leakage(table)
    if task.cohort in SPLIT_COHORTS:
        _require_answers(task, table["split"].to_numpy(), target)
    keep = _training_budget(task, table, target, fraction, run.profile.downstream.labels, seed)
    return Labelled(task, table[keep].reset_index(drop=True), np.asarray(target)[keep])


def _require_answers(task: Task, split: np.ndarray, target: np.ndarray) -> None:
    """There is something to learn, two classes or anybody with indices, and somebody to validate with."""
    for part, least in (("train", 1 if task.kind == "indices" else 2), ("validation", 1)):
        if np.unique(target[split == part]).size < least:
            raise TooFewError(
                f"{task.key}: the {part} split of {task.cohort} has too few people, or cases, for this "
                f"question. Of simulated ones a profile draws as many as it says (cohorts: {task.cohort}), "
                "and another seed draws others"
            )


def _training_budget(
    task: Task, table: pd.DataFrame, target: np.ndarray, fraction: float, labels: int, seed: int
) -> np.ndarray:
    """Which rows stay: all of validation and test, and a nested fraction of the training participants;
    for the indices of no more than ``labels``.
    """
    training = table["split"] == "train"
    if not training.any():
        return np.ones(len(table), bool)
    strata = pd.Series(target if target.ndim == 1 else 0, index=table["participant_id"])[training.to_numpy()]
    strata = strata.groupby(level=0).max()
    if task.kind == "indices":
        fraction = min(1.0, fraction * labels / len(strata))
    chosen = nested_fractions(strata, [fraction], seed)[fraction]
    return (~training | table["participant_id"].isin(chosen)).to_numpy()
