"""Chapter 05, the networks: each task fine-tuned from random weights or from alignment, with and without
covariates.

Arms: ``ecg`` starts from random weights; ``aligned``, ``permuted`` and ``masked`` start from chapter 03;
``_covariates`` adds the study's covariates. Every choice is made on the validation split. A network that is
trained several times starts from another alignment each time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from cardiacnets.artefacts import read_json, write_json
from cardiacnets.cohorts.preprocessing import CleanCohort, open_clean
from cardiacnets.ecg import EcgAugmentation
from cardiacnets.experiments.contrastive_alignment.align import load_aligner
from cardiacnets.experiments.contrastive_alignment.ecg_pretraining import load_ecg_autoencoder
from cardiacnets.experiments.shared.encoding import in_batches
from cardiacnets.experiments.shared.inputs import Standardiser, ecg_batch
from cardiacnets.experiments.shared.probe import fit_probe, standardise_targets
from cardiacnets.experiments.shared.stage import Stage, trained
from cardiacnets.experiments.shared.tasks import Labelled, asked_tasks, labelled
from cardiacnets.experiments.shared.trainings import named, seeded, trainings_of
from cardiacnets.models import build
from cardiacnets.models.heads import Downstream, index_loss, screening_loss, subtype_loss
from cardiacnets.profile import EcgInput, Profile, Training
from cardiacnets.run import Run
from cardiacnets.study import ARMS, TASKS, Task, covariates_of
from cardiacnets.training import beside, minibatches

LABELS_VARIED = tuple(task.key for task in TASKS.values() if task.cohort == "mimic" and task.kind == "binary")
"""Screening tasks whose networks are also trained on shares of the labels (the study's Figure 2c)."""
MASKED = "ecg_autoencoder"
"""Folder of the encoder that learned from ECGs alone, by filling in what was hidden."""


def model_name(
    key: str, arm: str, fraction: float = 1.0, seed: int | None = None, training: int = 1
) -> str:
    """Folder of a model below ``models/``, as ``ukb.cm/aligned`` or ``ukb.cm/aligned_10_seed2``."""
    suffix = ("" if fraction == 1 else f"_{round(100 * fraction)}") + ("" if seed is None else f"_seed{seed}")
    return named(f"{key}/{arm}{suffix}", training)


def all_jobs(run: Run) -> list[tuple]:
    """Arguments of :func:`fit_network` for every model of the chapter, the longest first; tasks of too few
    people have none.

    Alignment to strangers and the start without CMR are fitted on two tasks; labels are varied for the
    indices and, as in the study, for each disease of the hospital cohort.
    """
    settings, asked = run.profile.downstream, asked_tasks(run)
    curve = [
        ("ukb.indices", arm, fraction, other_seed(run.profile, seed), training)
        for fraction in settings.fractions
        for seed in settings.seeds
        for training in trainings_of(run.profile, "ukb.indices")
        for arm in ("ecg", "aligned")
    ]
    whole = [
        (key, arm, 1.0, None, training)
        for key in trained_tasks()
        if key in asked
        for training in trainings_of(run.profile, key)
        for arm in arms_of(key)
    ]
    diseases = [
        (key, arm, fraction, other_seed(run.profile, seed), 1)
        for key in LABELS_VARIED
        if key in asked
        for fraction in settings.fractions
        for seed in settings.seeds
        for arm in ("ecg", "aligned")
    ]
    # the curves' ends at the run's own seed are among the whole fits
    return [(run, *job) for job in dict.fromkeys(curve + whole + diseases)]


def trained_tasks() -> tuple[str, ...]:
    """Tasks that have networks of their own."""
    return tuple(task.key for task in TASKS.values() if task.trained_on == task.cohort)


def other_seed(profile: Profile, seed: int) -> int | None:
    """``None`` for the run's own seed, which no model's name carries."""
    return None if seed == profile.seed else seed


def arms_of(key: str) -> tuple[str, ...]:
    """The network arms that :func:`all_jobs` fits for task ``key``."""
    return tuple(arm.name for arm in ARMS.values() if arm.network and arm.answers(key))


def _needs(profile: Profile, key: str, arm: str, training: int, **how: object) -> list[str]:
    """The recordings, and the network that ``arm`` starts from; ``ValueError`` where it is not asked."""
    if arm not in arms_of(key):
        raise ValueError(f"unknown network arm {arm!r} of {key}: choose one of {', '.join(arms_of(key))}")
    start = ARMS[arm].start
    needed = [] if start == "random" else [f"models/{start_name(start, training)}"]
    return [f"clean/{TASKS[key].cohort}", *needed]


@trained(
    model_name,
    needs=_needs,
    reads=[
        "ecg_input", "ecg_encoder", "finetuning", "aligning.learning_rate", "downstream.labels",
        "downstream.controls", "downstream.scratch_epochs", "downstream.scratch_batch",
    ],
    rows=lambda key, arm, fraction, seed, training: (ARMS[arm].start, ARMS[arm].covariates),
    each=[(key, arm) for key in trained_tasks() for arm in arms_of(key)],
    progress=False,
)  # fmt: skip
def network_stage(
    run: Run, key: str, arm: str, fraction: float = 1.0, seed: int | None = None, training: int = 1
) -> Stage:
    """``arm`` fine-tuned on task ``key``; its start, for a pre-trained encoder a probe, counts as epoch 0.

    ``seed`` (default: the profile's) draws labels, and with ``training`` initial weights and batches. Beside
    the model lies ``scores.npy``: the scores of the task's rows, NaN on training rows.
    """
    start, draw = ARMS[arm].start, run.profile.seed if seed is None else seed
    weights = draw + seeded(run.profile, training).seed - run.profile.seed
    clean, labels = open_clean(run, TASKS[key].cohort), labelled(run, key, fraction, draw)
    settings = settings_of(run.profile, start, len(labels.of("train")))
    standardiser = fit_standardiser(clean, labels) if ARMS[arm].covariates else None
    rows = labels.table["row"].to_numpy()
    features = network_inputs(run.profile.ecg_input, clean, rows, standardiser)
    model = random_network(run.profile, labels.task, features[1], weights)
    if start != "random":
        encoder = start_encoder(run, start, training)
        start_from(model, encoder, labels, features, run.models / start_name(start, training))

    def leave(folder: Path) -> None:
        readout = Readout.of(labels, standardiser)
        readout.save(folder)
        scores = readout(network_outputs(model, features))
        scores[labels.of("train")] = np.nan
        np.save(folder / "scores.npy", scores)

    return replace(fine_tuning_stage(model, labels, features, settings, weights), leave=leave)


fit_network = network_stage.fit


def settings_of(profile: Profile, start: str, examples: int) -> Training:
    """How a network is trained on ``examples`` recordings: from a probe gently, from random weights as long
    and in such batches as validation asks for.
    """
    settings, given = profile.finetuning, profile.downstream
    # a tenth of the labels may be less than one batch
    settings = replace(settings, batch=min(settings.batch, examples))
    if start != "random":
        return settings
    # random weights need alignment's larger steps; pre-trained ones are destroyed by them
    settings = replace(settings, learning_rate=profile.aligning.learning_rate)
    if given.scratch_epochs:
        patience = max(given.scratch_epochs // 4, 1)
        settings = replace(settings, epochs=given.scratch_epochs, patience=patience)
    if given.scratch_batch:
        largest = max(examples // 8, min(16, examples))
        settings = replace(settings, batch=min(given.scratch_batch, largest))
    return settings


@dataclass(frozen=True)
class Readout:
    """What turns a network's outputs into scores: covariates' scale, and the units of the indices."""

    standardiser: Standardiser | None
    mean: np.ndarray
    deviation: np.ndarray

    @classmethod
    def of(cls, labels: Labelled, standardiser: Standardiser | None) -> Readout:
        if labels.task.kind != "indices":
            return cls(standardiser, np.zeros(1), np.ones(1))
        return cls(standardiser, *standardise_targets(labels.target[labels.of("train")])[1:])

    def __call__(self, outputs: np.ndarray) -> np.ndarray:
        """Network outputs (n, outputs) as logits, or as indices in their units."""
        return outputs * self.deviation + self.mean

    def save(self, folder: Path) -> None:
        """Write ``readout.json`` beside the model."""
        covariates = self.standardiser and {
            "names": list(self.standardiser.names),
            "mean": self.standardiser.mean.tolist(),
            "deviation": self.standardiser.deviation.tolist(),
        }
        write_json(
            folder / "readout.json",
            {"covariates": covariates, "mean": self.mean.tolist(), "deviation": self.deviation.tolist()},
        )

    @classmethod
    def load(cls, folder: Path) -> Readout:
        """Read ``readout.json`` of a fine-tuned model."""
        content = read_json(folder / "readout.json")
        covariates = content["covariates"]
        standardiser = covariates and Standardiser(
            tuple(covariates["names"]), np.array(covariates["mean"]), np.array(covariates["deviation"])
        )
        return cls(standardiser, np.array(content["mean"]), np.array(content["deviation"]))


def fit_standardiser(clean: CleanCohort, labels: Labelled) -> Standardiser:
    """The study's covariates of the task's cohort, scaled by the task's training rows."""
    training = clean.index.loc[labels.table["row"].iloc[labels.of("train")]]
    return Standardiser.fit(training, covariates_of(labels.task.cohort))


def network_inputs(
    settings: EcgInput, clean: CleanCohort, rows: np.ndarray, standardiser: Standardiser | None
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """ECGs (n, 12, samples) on the encoder's scale, and standardised covariates (n, c) or ``None``."""
    covariates = None if standardiser is None else torch.from_numpy(standardiser(clean.index.loc[rows]))
    return ecg_batch(clean, rows, settings), covariates


def start_name(start: str, training: int = 1) -> str:
    """What chapter 03 calls the encoder that an arm starts from; the masked autoencoder is trained once."""
    return MASKED if start == "masked" else named(start, training)


def start_encoder(run: Run, start: str, training: int = 1) -> nn.Module:
    """The pre-trained encoder of :func:`start_name`, in evaluation mode."""
    if start == "masked":
        return load_ecg_autoencoder(run).encoder
    return load_aligner(run, start, training).encoder


def random_network(profile: Profile, task: Task, covariates: torch.Tensor | None, seed: int) -> Downstream:
    """A network of a task with random weights throughout, for these covariates (n, c) or none."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        known = 0 if covariates is None else covariates.shape[1]
        return build("downstream", profile, outputs=task.outputs, covariates=known)


def start_from(
    model: Downstream, pretrained: nn.Module, labels: Labelled,
    features: tuple[torch.Tensor, torch.Tensor | None], folder: Path,
) -> None:  # fmt: skip
    """Give ``model`` the encoder ``pretrained``, which lies in ``folder``, with its head set to a probe.

    A random head would destroy what an aligned encoder knows; a probe of random features would tie a random
    encoder to huge weights that its first steps cannot survive. Raises ``ValueError`` naming the folder where
    the encoder does not fit.
    """
    covariates, encoder = features[1], model.encoder
    missing, unexpected = encoder.load_state_dict(pretrained.state_dict(), strict=False)
    if unexpected or any(not name.startswith("modulation.") for name in missing):
        raise ValueError(f"{folder}: the pre-trained encoder does not fit: {missing + unexpected}")
    embedded = in_batches(encoder.eval(), features)
    if covariates is not None:
        embedded = np.hstack([embedded, covariates.numpy()])
    learned, validation = labels.of("train"), labels.of("validation")
    held_out = embedded[validation], labels.target[validation]
    probe = fit_probe(labels.task, embedded[learned], labels.target[learned], held_out)
    model.start_from_probe(*(torch.from_numpy(part).float() for part in probe.affine()))


def fine_tuning_stage(
    model: Downstream,
    labels: Labelled,
    features: tuple[torch.Tensor, torch.Tensor | None],
    settings: Training,
    seed: int,
) -> Stage:
    """All weights, early stopping on the validation loss; the start is the state to beat."""
    loss, target = task_objective(labels)
    training, validation = labels.of("train"), labels.of("validation")
    augmentation = EcgAugmentation.named(settings.augmentation)
    given = [*(part for part in features if part is not None), target]  # ECG, perhaps covariates, truth

    def batches(epoch: int, generator: torch.Generator):
        for index in minibatches(len(training), settings.batch, generator):
            ecg, *others = (part[training[index]] for part in given)
            yield [augmentation(ecg, generator), *others]

    def losses(model: Downstream, batch: list[torch.Tensor]) -> dict[str, torch.Tensor]:
        *inputs, truth = batch
        return {"loss": loss(model(*inputs), truth)}

    def validate(model: Downstream) -> float:
        return float(losses(model, beside(model, [part[validation] for part in given]))["loss"])

    return Stage(
        "downstream",
        model,
        losses,
        batches,
        settings,
        seed=seed,
        examples=len(training),
        validate=validate,
        options={"outputs": labels.task.outputs, "covariates": model.covariates},
    )


def task_objective(labels: Labelled) -> tuple[Callable, torch.Tensor]:
    """The task's loss and its targets as tensors: {0, 1} floats, class numbers, or z-scores by the training
    rows.
    """
    if labels.task.kind == "binary":
        return screening_loss, torch.from_numpy(labels.target).float()
    if labels.task.kind == "subtypes":
        return subtype_loss, torch.from_numpy(labels.target).long()
    readout = Readout.of(labels, None)
    return index_loss, torch.from_numpy((labels.target - readout.mean) / readout.deviation).float()


def network_outputs(model: Downstream, features: tuple[torch.Tensor, torch.Tensor | None]) -> np.ndarray:
    """Raw outputs (n, outputs) of a fine-tuned model, in evaluation mode."""
    return in_batches(model.eval(), features)


def load_network(run: Run, key: str, arm: str, training: int = 1) -> tuple[Downstream, Readout]:
    """A fine-tuned model in evaluation mode, and its readout."""
    model = network_stage.load(run, key, arm, training=training)
    return model, Readout.load(run.models / model_name(key, arm, training=training))
