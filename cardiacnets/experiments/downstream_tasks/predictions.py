"""Chapter 05, the tables: one score an arm for every validation and test recording of a task.

Linear arms are fitted here: ``covariates`` alone; ``classical``, components of the beat with a linear
readout; ``classical_aligned``, the same beside the frozen aligned embedding, which asks what alignment knows
that the classical model does not; ``untrained`` and the ``probe_`` arms, embeddings that no label has
touched; ``twin``, the cine components that alignment in closed form predicts from the beat, and
``twin_permuted``, the same learned from strangers' hearts; ``cmr``, a linear readout of the frozen CMR
encoder (the picture itself), and ``cmr_twin``, of the components of the cines; what the fine-tuned CMR
encoder answers, ``cmr_supervised``, is taken as it is.
Networks are read from their folders, or applied to cohorts they never saw. An arm that was trained several
times answers by the mean of its predictions; what each training says is kept beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import softmax

from cardiacnets.cohorts.preprocessing import CleanCohort, open_clean
from cardiacnets.contracts import SUBTYPES
from cardiacnets.experiments.contrastive_alignment.align import ARMS as ALIGNMENTS
from cardiacnets.experiments.downstream_tasks.cmr_supervised import FOLDER as SUPERVISED
from cardiacnets.experiments.downstream_tasks.cmr_supervised import supervised_scores
from cardiacnets.experiments.downstream_tasks.downstream import (
    Readout,
    arms_of,
    fit_standardiser,
    load_network,
    model_name,
    network_inputs,
    network_outputs,
    start_name,
)
from cardiacnets.experiments.downstream_tasks.oracle_arm import oracle_scores
from cardiacnets.experiments.downstream_tasks.parts import ANSWERS, Parts
from cardiacnets.experiments.shared.probe import fit_probe
from cardiacnets.experiments.shared.tasks import Labelled, labelled
from cardiacnets.experiments.shared.trainings import trainings_of
from cardiacnets.models.heads import Downstream
from cardiacnets.profile import EcgInput
from cardiacnets.reach import code_of
from cardiacnets.run import Run
from cardiacnets.study import ARMS, TASKS, Task

TRAININGS = "trainings.npz"


def predict_task(run: Run, key: str) -> Path:
    """Write ``predictions/<cohort>.<task>/`` with every arm, or reuse it.

    ``table.parquet`` holds identifiers, split, label and scores; for ``indices`` the scores lie in
    ``truth.npy`` and ``<arm>.npy`` (n, 82), row-aligned. ``trainings.npz`` has, for each arm that was trained
    T >= 2 times, the scores (T, n, outputs) whose mean that is. Cohorts that no model was trained on are
    scored by the models of ``Task.trained_on``.
    """
    task = TASKS[key]
    home = _home(task)
    network_arms = arms_of(home.key)
    trained = [
        run.require(run.models / model_name(home.key, arm, training=training))
        for arm in network_arms
        for training in trainings_of(run.profile, home.key)
    ]
    encoders = [
        run.require(run.models / start_name(start, training))
        for start in (*ALIGNMENTS, "masked")
        for training in trainings_of(run.profile)
    ]
    encoders.append(run.require(run.models / "published"))
    readouts = {name: arm.parts for name, arm in ARMS.items() if arm.parts and arm.answers(home.key)}
    ingredients = {
        "task": key,
        "cohort": open_clean(run, task.cohort).folder,
        "networks": trained,
        "encoders": encoders,
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
        clean, rows = open_clean(run, task.cohort), labels.table["row"].to_numpy()[held_out]
        learned, home_clean = labelled(run, home.key), open_clean(run, home.cohort)
        parts = Parts(run, home_clean, fit_standardiser(home_clean, learned))
        outputs = linear_scores(parts, learned, clean, rows, told_answers(run, task))
        for arm in network_arms:
            numbers = trainings_of(run.profile, home.key)
            networks = (load_network(run, home.key, arm, training) for training in numbers)
            outputs[arm] = network_scores(networks, clean, rows, run.profile.ecg_input)
        trainings = {arm: _answers(task, each) for arm, each in outputs.items()}  # (T, n, outputs)
        scores = {arm: each.mean(axis=0) for arm, each in trainings.items()}
        several = {arm: each.astype(np.float32) for arm, each in trainings.items() if len(each) > 1}
        np.savez(folder / TRAININGS, **several)
        table = labels.table.iloc[held_out].drop(columns="row").reset_index(drop=True)
        if task.kind == "indices":
            np.save(folder / "truth.npy", labels.target[held_out])
            for arm, values in scores.items():
                np.save(folder / f"{arm}.npy", values.astype(np.float32))
        else:
            table = table.assign(label=labels.target[held_out], **_columns(task, scores))
        table.to_parquet(folder / "table.parquet")

    return run.fit_or_load(run.predictions / key, ingredients, make)


def told_answers(run: Run, task: Task) -> dict[str, np.ndarray]:
    """Scores (R, outputs) of a task's whole cohort from each of :data:`ANSWERS` that there is."""
    if task.cohort != "ukb":
        return {}
    told = {"supervised": supervised_scores(run, task.key)}
    if task.kind == "indices" and (known := oracle_scores(run)) is not None:
        told["causes"] = known
    return told


def linear_scores(
    parts: Parts, learned: Labelled, clean: CleanCohort, asked: np.ndarray, told: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Scores (T, n, outputs) of the linear arms for rows ``asked`` of ``clean``, learned from ``learned``; T
    is 1 but for readouts of an encoder that was trained several times.

    ``told``: scores (R, outputs) of all rows from parts that are answers already.
    """
    home, learned_rows, scores = learned.task, learned.table["row"].to_numpy(), {}
    train, validation = (learned.of(split) for split in ("train", "validation"))
    for arm in (one for one in ARMS.values() if one.parts and one.answers(home.key)):
        if arm.cmr and clean.name != "ukb":  # whose cines chapter 02 reads
            continue
        if answers := ANSWERS & set(arm.parts):
            for part in answers & told.keys():
                scores[arm.name] = told[part][None, asked]
            continue
        each = []
        for training in parts.trainings(arm):
            probe = fit_probe(
                home,
                parts(arm, parts.home, learned_rows[train], training),
                learned.target[train],
                (parts(arm, parts.home, learned_rows[validation], training), learned.target[validation]),
            )
            each.append(probe(parts(arm, clean, asked, training)))
        scores[arm.name] = np.stack(each)
    return scores


def network_scores(
    networks: Iterable[tuple[Downstream, Readout]], clean: CleanCohort, rows: np.ndarray, settings: EcgInput
) -> np.ndarray:
    """Scores (T, n, outputs) of a fine-tuned network's trainings for ``rows`` of a cohort."""
    each = []
    for model, readout in networks:
        inputs = network_inputs(settings, clean, rows, readout.standardiser)
        each.append(readout(network_outputs(model, inputs)))
    return np.stack(each)


def open_trainings(run: Run, key: str) -> dict[str, np.ndarray]:
    """What each training says, (T, n, outputs), of the arms of task ``key`` that were trained several times,
    row-aligned with its table.
    """
    with np.load(run.require(run.predictions / key) / TRAININGS, allow_pickle=False) as file:
        return dict(file)


def shown_network(run: Run, key: str, arm: str) -> np.ndarray:
    """Scores (n, outputs) of an arm's first training, the network that :func:`load_network` opens, where
    the table has the mean of all.
    """
    several = open_trainings(run, key)
    if arm in several:
        return several[arm][0].astype(np.float64)
    folder = run.predictions / key
    if TASKS[key].kind == "indices":
        return np.load(folder / f"{arm}.npy", allow_pickle=False)
    return pd.read_parquet(folder / "table.parquet")[[arm]].to_numpy()


def _home(task: Task) -> Task:
    """The task whose models answer ``task``: itself, or its twin in the cohort that was trained on."""
    return TASKS[f"{task.trained_on}.{task.name}"]


def _answers(task: Task, outputs: np.ndarray) -> np.ndarray:
    """What is averaged over trainings, (T, n, outputs): logits, indices, or probabilities of the subtypes."""
    return softmax(outputs, axis=2) if task.kind == "subtypes" else outputs


def _columns(task: Task, scores: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Scores of binary tasks as one column an arm; those of the subtypes as three."""
    if task.kind == "binary":
        return {arm: values[:, 0] for arm, values in scores.items()}
    return {
        f"{arm}.{subtype}": values[:, place]
        for arm, values in scores.items()
        for place, subtype in enumerate(SUBTYPES)
    }
