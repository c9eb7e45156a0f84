"""Chapter 05's predictions of all tasks in one open table, ``predictions/open/predictions.parquet``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from cardiacnets.contracts import SUBTYPES
from cardiacnets.experiments.downstream_tasks.predictions import TRAININGS
from cardiacnets.experiments.shared.tasks import asked_tasks
from cardiacnets.phenotypes import INDEX_NAMES
from cardiacnets.predictions import check_predictions
from cardiacnets.predictions.open_table import COLUMNS, TEXT
from cardiacnets.reach import code_of
from cardiacnets.run import Run
from cardiacnets.study import ARMS, TASKS, Task

FILE = "predictions.parquet"
KINDS = {"binary": "binary", "subtypes": "classes", "indices": "values"}


def publish_predictions(run: Run) -> Path:
    """Write the table of every asked task's validation and test scores below the run's folder, or reuse it;
    see :mod:`cardiacnets.predictions.open_table` for its shape. The path of the file.

    It holds single people: of a restricted cohort it stays where the cohort may be.
    """
    folders = {key: run.require(run.predictions / key) for key in asked_tasks(run)}
    ingredients = {"predictions": folders, "source": code_of(publish_predictions)}

    def make(folder: Path) -> None:
        parts = [part for key, place in folders.items() for part in _long(TASKS[key], place)]
        table = check_predictions(pd.concat(parts, ignore_index=True))
        table = table.astype(dict.fromkeys(TEXT, "category") | {"truth": "float32", "score": "float32"})
        table.to_parquet(folder / FILE, index=False, compression="zstd")

    return run.fit_or_load(run.predictions / "open", ingredients, make) / FILE


def _long(task: Task, folder: Path) -> Iterator[pd.DataFrame]:
    """One frame an arm, in the open shape."""
    table = pd.read_parquet(folder / "table.parquet")
    outputs = {"binary": (task.name,), "subtypes": SUBTYPES, "indices": INDEX_NAMES}[task.kind]
    if task.kind == "indices":
        truth = np.load(folder / "truth.npy", allow_pickle=False)
    else:
        label = table["label"].to_numpy()
        truth = label[:, None] if task.kind == "binary" else label[:, None] == np.arange(len(SUBTYPES))
    n = len(table)
    several = np.load(folder / TRAININGS, allow_pickle=False)
    for arm in ARMS:
        scores = several[arm] if arm in several else _scores(task, folder, table, arm)
        for training, each in enumerate(() if scores is None else scores, start=1):
            frame = pd.DataFrame({
                "participant": np.repeat(table["participant_id"].to_numpy(), len(outputs)),
                "recording": np.repeat(table["recording_id"].to_numpy(), len(outputs)),
                "cohort": task.cohort,
                "task": task.name,
                "kind": KINDS[task.kind],
                "output": np.tile(np.asarray(outputs, dtype=object), n),
                "arm": arm,
                "training": training,
                "split": np.repeat(table["split"].to_numpy(), len(outputs)),
                "truth": truth.astype(np.float32).ravel(),  # (n, outputs) row by row
                "score": each.astype(np.float32).ravel(),
            })
            yield frame[list(COLUMNS)]


def _scores(task: Task, folder: Path, table: pd.DataFrame, arm: str) -> np.ndarray | None:
    """Scores (1, n, outputs) of an arm that was trained once; ``None`` if it was not asked."""
    if task.kind == "indices":
        path = folder / f"{arm}.npy"
        return np.load(path, allow_pickle=False)[None] if path.is_file() else None
    names = [arm] if task.kind == "binary" else [f"{arm}.{subtype}" for subtype in SUBTYPES]
    return table[names].to_numpy()[None] if set(names) <= set(table.columns) else None
