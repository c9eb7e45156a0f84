"""A training stage: a network, what it is shown, and how it is judged; all that one fit needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from cardiacnets.profile import Training

Loss = Callable[[nn.Module, Any], dict[str, Tensor]]
Batches = Callable[[int, torch.Generator], Iterable[Any]]
Augment = Callable[[Any, torch.Generator], Any]
Validate = Callable[[nn.Module], float]


@dataclass(frozen=True)
class Stage:
    """One network to be trained, ready before the first step; :func:`cardiacnets.training.fit` trains it.

    ``loss(model, batch)`` returns a dictionary with ``loss`` (a scalar) and whatever else the history should
    show. ``batches(epoch, generator)`` yields the batches of an epoch: tensors, or tuples, lists or
    dictionaries of them, rows first; it may draw from its generator only, for the next batch is made in a
    thread while the model works on the present one.
    """

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
    """``augment(batch, generator)`` changes a whole batch on the model's device."""
    validate: Validate | None = None
    """``validate(model)``, lower is better, is asked before the first epoch and after each: the model ends
    with the best weights seen. Without it, it ends with the moving average if ``settings.ema`` > 0, else with
    the last weights."""
    trainable: Callable[[str], bool] | None = None
    """Which parameters move, by their names; the others are frozen meanwhile."""
    finish: Callable[[nn.Module], None] | None = None
    """What is measured on the trained network and kept with its weights."""
    leave: Callable[[Path], None] | None = None
    """Writes what else is kept, into the folder of the weights."""
    options: Mapping[str, int] = field(default_factory=dict)
    """How the network was built, beyond the profile: options of :func:`cardiacnets.models.build`."""

    @property
    def steps(self) -> int:
        """Batches of an epoch."""
        return self.examples // self.settings.batch


@dataclass(frozen=True)
class Given:
    """A network whose weights somebody else has trained, on ``data``: it is kept as it is."""

    kind: str
    model: nn.Module
    data: str
