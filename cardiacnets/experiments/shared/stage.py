"""A training stage: a network, what it is shown, and what it leaves behind.

Each chapter describes its stages as :class:`Stage`; they are trained and kept in one way, by one process or
by several (``accelerate launch``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
from torch import nn

from cardiacnets.experiments.shared.inputs import trained_on
from cardiacnets.profile import Training
from cardiacnets.run import Run
from cardiacnets.training import fit, save_checkpoint, this_process
from cardiacnets.training.loop import Augment, Batches, Loss, Validate


@dataclass(frozen=True)
class Stage:
    """What :func:`cardiacnets.training.fit` needs to train one network, ready before the first step."""

    kind: str
    """One of :data:`cardiacnets.models.registry.KINDS`."""
    model: nn.Module
    loss: Loss
    batches: Batches
    settings: Training
    seed: int
    examples: int
    """How many an epoch draws from; what does not fill a batch is left out."""
    augment: Augment | None = None
    validate: Validate | None = None
    trainable: Callable[[str], bool] | None = None
    finish: Callable[[nn.Module], None] | None = None
    """What is measured on the trained network and kept with its weights."""
    options: Mapping[str, int] = field(default_factory=dict)
    """How the network was built, beyond the profile: options of :func:`cardiacnets.models.build`."""


def train(run: Run, stage: Stage, folder: Path, workspace: Path, progress: bool = True) -> None:
    """Fit the network of ``stage`` in place and write it to ``folder``, with ``history.parquet``: its losses
    by epoch.

    ``workspace`` keeps the state from which a killed fit goes on.
    """
    history = fit(
        stage.model,
        stage.loss,
        stage.batches,
        stage.settings,
        steps_per_epoch=stage.examples // stage.settings.batch,
        seed=stage.seed,
        augment=stage.augment,
        validate=stage.validate,
        trainable=stage.trainable,
        workspace=workspace,
        progress=progress,
    )
    if stage.finish is not None:
        stage.finish(stage.model)
    save_checkpoint(stage.model, folder, stage.kind, run.profile, data=trained_on(run), **stage.options)
    history.table().to_parquet(folder / "history.parquet")


def fit_or_load(run: Run, path: Path, ingredients: Mapping[str, Any], make: Callable[[Path], None]) -> Path:
    """:meth:`Run.fit_or_load` of what is trained: all processes train, the first one's folder is kept.

    No process can train without the others, so what the first finds at ``path`` the others find too.
    """
    here = this_process()
    if here.is_main_process:
        run.fit_or_load(path, ingredients, make)
    elif not run.holds(path, ingredients):
        with TemporaryDirectory() as folder:
            make(Path(folder))
    here.wait_for_everyone()
    return path


def history(run: Run, model: str) -> pd.DataFrame:
    """Losses by epoch of a trained model's folder."""
    return pd.read_parquet(run.models / model / "history.parquet")
