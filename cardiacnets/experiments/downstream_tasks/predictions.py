"""Chapter 05, the tables: one score an arm for every validation and test recording of a task.

Linear arms are fitted here: ``covariates`` alone; ``classical``, components of the beat with a linear
readout; ``classical_aligned``, the same beside the frozen aligned embedding, which asks what alignment knows
that the classical model does not; ``twin``, the cine components that alignment in closed form predicts from
the beat, and ``twin_permuted``, the same learned from strangers' hearts; ``cmr``, a linear readout of the
frozen CMR encoder (the picture itself), and ``cmr_twin``, of the components of the cines; what the
fine-tuned CMR encoder answers, ``cmr_supervised``, is taken as it is.
Networks are read from their folders, or applied to cohorts they never saw.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.special import softmax

from cardiacnets.cohorts.preprocessing import CleanCohort, open_clean
from cardiacnets.contracts import SUBTYPES
from cardiacnets.experiments.cmr_self_supervision.components import cine_scores
from cardiacnets.experiments.cmr_self_supervision.features import cmr_features
from cardiacnets.experiments.contrastive_alignment.align import ARMS as ALIGNMENTS
from cardiacnets.experiments.contrastive_alignment.align import load_aligner
from cardiacnets.experiments.contrastive_alignment.closed_form import open_closed_form
from cardiacnets.experiments.downstream_tasks.cmr_supervised import FOLDER as SUPERVISED
from cardiacnets.experiments.downstream_tasks.cmr_supervised import supervised_scores
from cardiacnets.experiments.downstream_tasks.downstream import (
    arms_of,
    fit_standardiser,
    load_network,
    model_name,
    network_inputs,
    network_outputs,
)
from cardiacnets.experiments.shared.classical import ClassicalFeatures
from cardiacnets.experiments.shared.encoding import in_batches
from cardiacnets.experiments.shared.probe import fit_probe
from cardiacnets.experiments.shared.tasks import Labelled, labelled
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.reach import code_of
from cardiacnets.run import Run
from cardiacnets.study import ARMS, TASKS, Task


def predict_task(run: Run, key: str) -> Path:
    """Write ``predictions/<cohort>.<task>/`` with every arm, or reuse it.

    ``table.parquet`` holds identifiers, split, label and scores; for ``indices`` the scores lie in
    ``truth.npy`` and ``<arm>.npy`` (n, 82), row-aligned. Cohorts that no model was trained on are scored by
    the models of ``Task.trained_on``.
    """
    task = TASKS[key]
    home = _home(task)
    network_arms = arms_of(home.key)
    trained = [run.require(run.models / model_name(home.key, arm)) for arm in network_arms]
    readouts = {name: arm.parts for name, arm in ARMS.items() if arm.parts and arm.answers(home.key)}
    ingredients = {
        "task": key,
        "cohort": open_clean(run, task.cohort).folder,
        "networks": trained,
        "readouts": readouts,
        "seed": run.profile.seed,
        "downstream": run.profile.downstream,
        "source": code_of(predict_task),
        "cmr": run.root / "features" / "ukb" if task.cohort == "ukb" else None,
        "supervised": run.require(run.models / SUPERVISED) if task.cohort == "ukb" else None,
        "twins": [run.require(run.root / "linear_twin" / arm) for arm in ALIGNMENTS],
    }

    def make(folder: Path) -> None:
        labels = labelled(run, key)
        held_out = np.flatnonzero(labels.table["split"] != "train")
        scores = linear_scores(run, home, labels, held_out) | {
            arm: network_scores(run, home, labels, held_out, arm) for arm in network_arms
        }
        table = labels.table.iloc[held_out].drop(columns="row").reset_index(drop=True)
        if task.kind == "indices":
            np.save(folder / "truth.npy", labels.target[held_out])
            for arm, values in scores.items():
                np.save(folder / f"{arm}.npy", values.astype(np.float32))
        else:
            table = table.assign(label=labels.target[held_out], **_columns(task, scores))
        table.to_parquet(folder / "table.parquet")

    return run.fit_or_load(run.predictions / key, ingredients, make)


def linear_scores(run: Run, home: Task, labels: Labelled, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Scores (n, outputs) of the linear arms at positions ``rows`` of ``labels``, learned on the task
    ``home``.
    """
    learned = labelled(run, home.key)
    home_clean, clean = open_clean(run, home.cohort), open_clean(run, labels.task.cohort)
    classical = ClassicalFeatures.fit(home_clean, run.profile.downstream, run.profile.seed)
    standardiser = fit_standardiser(home_clean, learned)
    twins = {arm: open_closed_form(run, arm) for arm in ALIGNMENTS}

    read = {
        "covariates": lambda cohort, rows: standardiser(cohort.index.loc[rows]),
        "beat": lambda cohort, rows: classical(cohort.beats[rows]),
        "embedding": lambda cohort, rows: frozen_embedding(run, cohort, rows),
        "twin": twins["aligned"],
        "twin_permuted": twins["permuted"],
        "cmr": lambda cohort, rows: np.hstack(
            [cmr_features(run, cohort.name, view)[0, rows] for view in VIEWS]
        ),
        "components": lambda cohort, rows: cine_scores(run)[rows].reshape(len(rows), -1),  # (n, views * K)
    }

    def features(arm: str, cohort: CleanCohort, rows: np.ndarray) -> np.ndarray:
        return np.hstack([read[part](cohort, rows) for part in ARMS[arm].parts])

    scores = {}
    for arm in (name for name, one in ARMS.items() if one.parts and one.answers(home.key)):
        if ARMS[arm].cmr and labels.task.cohort != "ukb":  # whose cines chapter 02 reads
            continue
        if "supervised" in ARMS[arm].parts:
            scores[arm] = supervised_scores(run, home.key)[labels.table["row"].to_numpy()[rows]]
            continue
        train, validation = (learned.of(split) for split in ("train", "validation"))
        learned_rows = learned.table["row"].to_numpy()
        probe = fit_probe(
            home,
            features(arm, home_clean, learned_rows[train]),
            learned.target[train],
            (features(arm, home_clean, learned_rows[validation]), learned.target[validation]),
        )
        scores[arm] = probe(features(arm, clean, labels.table["row"].to_numpy()[rows]))
    return scores


def network_scores(run: Run, home: Task, labels: Labelled, rows: np.ndarray, arm: str) -> np.ndarray:
    """Scores (n, outputs) of a fine-tuned network at positions ``rows`` of ``labels``."""
    model, readout = load_network(run, home.key, arm)
    clean = open_clean(run, labels.task.cohort)
    inputs = network_inputs(run, clean, labels.table["row"].to_numpy()[rows], readout.standardiser)
    return readout(network_outputs(model, inputs))


def frozen_embedding(run: Run, clean: CleanCohort, rows: np.ndarray) -> np.ndarray:
    """Embedding (n, D) of the aligned encoder as chapter 03 left it, before any fine-tuning."""
    return in_batches(load_aligner(run).encoder, network_inputs(run, clean, rows, None))


def _home(task: Task) -> Task:
    """The task whose models answer ``task``: itself, or its twin in the cohort that was trained on."""
    return TASKS[f"{task.trained_on}.{task.name}"]


def _columns(task: Task, scores: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Logits of binary tasks as one column an arm; probabilities of the subtypes as three."""
    if task.kind == "binary":
        return {arm: values[:, 0] for arm, values in scores.items()}
    return {
        f"{arm}.{subtype}": softmax(values, axis=1)[:, place]
        for arm, values in scores.items()
        for place, subtype in enumerate(SUBTYPES)
    }
