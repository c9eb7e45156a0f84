"""Chapter 05, the arm that has both the picture and the labels: the CMR encoder fine-tuned, as in the study.

One network answers all questions asked of ``ukb``, the 82 indices and each disease: its pre-trained towers
move with the labels of all of them, where the study fine-tunes one a task. It sees the labels that every
other arm sees, but the indices' labels help the diseases too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from cardiacnets.cohorts.preprocessing import CleanCohort, open_clean
from cardiacnets.experiments.cmr_self_supervision.contrast import LIGHT
from cardiacnets.experiments.cmr_self_supervision.encoder import load_cmr_encoder, way_of
from cardiacnets.experiments.shared.encoding import ENCODE_BATCH, build_seeded, cine_batch
from cardiacnets.experiments.shared.probe import standardise_targets
from cardiacnets.experiments.shared.stage import Stage, trained
from cardiacnets.experiments.shared.tasks import Labelled, asked_tasks, labelled
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.models.heads import CmrEmbedding, Downstream, index_loss, screening_loss
from cardiacnets.phenotypes import INDEX_NAMES
from cardiacnets.profile import Profile
from cardiacnets.run import Run
from cardiacnets.study import TASKS
from cardiacnets.training import beside, minibatches

INDICES = len(INDEX_NAMES)
FOLDER = "ukb.all/cmr_supervised"
"""Where the network lies below ``models/``."""


@dataclass(frozen=True)
class Lesson:
    """What the network learns from: ``target`` (R, outputs) of all rows of ``ukb``, NaN where a person has no
    label or takes no part in a task; ``training`` and ``validation`` rows with any label; ``columns`` of each
    task; ``mean`` and ``deviation`` (outputs,) that turn outputs into scores.
    """

    target: np.ndarray
    training: np.ndarray
    validation: np.ndarray
    columns: dict[str, slice]
    mean: np.ndarray
    deviation: np.ndarray


def supervised_scores(run: Run, key: str) -> np.ndarray:
    """Scores (R, outputs) of task ``key`` for every row of ``ukb``, NaN on training rows."""
    folder = run.require(run.models / FOLDER)
    place = _columns(asked_tasks(run, "ukb"))[key]
    return np.load(folder / "scores.npy", allow_pickle=False)[:, place].astype(np.float64)


def lesson_of(clean: CleanCohort, tasks: Mapping[str, Labelled]) -> Lesson:
    """All labels of ``ukb``, of each of its ``tasks``, side by side; those of test participants left out."""
    columns = _columns(tasks)
    outputs = max(each.stop for each in columns.values())
    target = np.full((len(clean.index), outputs), np.nan)
    mean, deviation = np.zeros(outputs), np.ones(outputs)
    for key, place in columns.items():
        labels = tasks[key]
        seen = np.concatenate([labels.of("train"), labels.of("validation")])
        values = np.asarray(labels.target, np.float64).reshape(len(labels.target), -1)
        if TASKS[key].kind == "indices":
            mean[place], deviation[place] = standardise_targets(values[labels.of("train")])[1:]
        target[labels.table["row"].to_numpy()[seen], place] = (values[seen] - mean[place]) / deviation[place]
    known = np.isfinite(target).any(axis=1)
    parts = (rows[known[rows]] for rows in (clean.rows("train"), clean.rows("validation")))
    return Lesson(target, *parts, columns, mean, deviation)


def _needs(profile: Profile) -> list[str]:
    """The pairs, and the encoder that the profile chooses."""
    return ["clean/ukb", f"models/{way_of(profile).folder}"]


@trained(
    FOLDER,
    needs=_needs,
    reads=[
        "cmr_autoencoder", "cmr_encoder", "linear_twin", "supervising", "downstream.labels",
        "downstream.controls",
    ],
)
def cmr_supervised_stage(run: Run) -> Stage:
    """Lightly augmented cines of both views, and whatever labels their person has; the epoch with the lowest
    validation loss is kept.

    Beside the model lies ``scores.npy`` (R, outputs): logits, and indices in their units, NaN on training
    rows.
    """
    clean, settings = open_clean(run, "ukb"), run.profile.supervising
    lesson = lesson_of(clean, {key: labelled(run, key) for key in asked_tasks(run, "ukb")})
    target = torch.from_numpy(lesson.target).float()
    model = build_seeded("cmr_downstream", run.profile, outputs=target.shape[1])
    model.encoder = CmrEmbedding(load_cmr_encoder(run)).requires_grad_(True)

    def given(rows: np.ndarray) -> list[Tensor]:
        return [*(cine_batch(getattr(clean, view), rows) for view in VIEWS), target[rows]]

    def batches(epoch: int, generator: torch.Generator):
        for index in minibatches(len(lesson.training), settings.batch, generator):
            yield given(lesson.training[index])

    def losses(model: Downstream, batch: list[Tensor]) -> dict[str, Tensor]:
        *cines, truth = batch
        return {"loss": all_tasks_loss(model(*cines), truth)}

    def validate(model: Downstream) -> float:
        parts = [given(rows) for rows in _parts(lesson.validation)]
        outputs = [model(*beside(model, part[:2])).cpu() for part in parts]
        return float(all_tasks_loss(torch.cat(outputs), torch.cat([part[2] for part in parts])))

    def leave(folder: Path) -> None:
        scores = _outputs(model, clean) * lesson.deviation + lesson.mean
        scores[clean.rows("train")] = np.nan
        np.save(folder / "scores.npy", scores.astype(np.float32))

    return Stage(
        "cmr_downstream",
        model,
        losses,
        batches,
        settings,
        seed=run.profile.seed,
        examples=len(lesson.training),
        augment=lambda batch, generator: [*(LIGHT(cine, generator) for cine in batch[:2]), batch[2]],
        validate=validate,
        options={"outputs": target.shape[1]},
        leave=leave,
    )


fit_cmr_supervised = cmr_supervised_stage.fit


def all_tasks_loss(outputs: Tensor, target: Tensor) -> Tensor:
    """Squared error of the z-scored indices plus the mean cross-entropy of the diseases, each over the people
    whose label is known: ``outputs`` and ``target`` (B, 82 + diseases), the indices first.
    """
    columns = range(INDICES, target.shape[1])
    diseases = [screening_loss(outputs[:, [column]], target[:, column]) for column in columns]
    return index_loss(outputs[:, :INDICES], target[:, :INDICES]) + torch.stack(diseases).mean()


def _columns(tasks: Iterable[str]) -> dict[str, slice]:
    """Where each task's outputs stand, the indices first."""
    places, start = {}, 0
    for key in sorted(tasks, key=lambda key: TASKS[key].kind != "indices"):
        places[key] = slice(start, start + TASKS[key].outputs)
        start = places[key].stop
    return places


def _outputs(model: Downstream, clean: CleanCohort) -> np.ndarray:
    """Outputs (R, outputs) for every row of ``ukb``, in evaluation mode."""
    with torch.inference_mode():
        made = [
            model(*(cine_batch(getattr(clean, view), rows) for view in VIEWS))
            for rows in _parts(np.arange(len(clean.index)))
        ]
    return torch.cat(made).numpy().astype(np.float64)


def _parts(rows: np.ndarray) -> list[np.ndarray]:
    return np.array_split(rows, -(-len(rows) // ENCODE_BATCH))
