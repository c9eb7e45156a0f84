"""One loop for every stage: accelerate, AdamW, warm-up and cosine, early stopping, moving average, resumption.

``loss(model, batch)`` returns a dictionary with ``loss`` (a scalar) and whatever else the history should show.
``batches(epoch, generator)`` yields the batches of an epoch: tensors, or tuples, lists or dictionaries of them.

Everything random in an epoch follows from (seed, epoch): the generator that shuffles, and torch's own, from which
dropout, masks and noise are drawn. So a stage that was killed continues at the last whole epoch as if nothing had
happened, and on a CPU ends with the same bits.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import send_to_device
from torch import Tensor, nn
from tqdm.auto import tqdm

from cardiacnets.profile import Training
from cardiacnets.training.schedule import parameter_groups, warmup_cosine
from cardiacnets.training.state import (
    fingerprint,
    read_progress,
    read_tensors,
    restore_optimizer,
    save_state,
    snapshot,
)

Loss = Callable[[nn.Module, Any], dict[str, Tensor]]
Batches = Callable[[int, torch.Generator], Iterable[Any]]
Validate = Callable[[nn.Module], float]


@dataclass(frozen=True)
class History:
    """What happened, epoch by epoch."""

    epochs: tuple[dict[str, float], ...]
    """One row an epoch: ``epoch`` (from 1; 0 is the start, validation only), mean losses, ``learning_rate``,
    ``validation``, ``seconds``."""
    best_epoch: int
    """The epoch whose weights the model ended with."""

    def table(self) -> pd.DataFrame:
        """The rows as a table, for plotting."""
        return pd.DataFrame(self.epochs).set_index("epoch")


def fit(
    model: nn.Module,
    loss: Loss,
    batches: Batches,
    settings: Training,
    *,
    steps_per_epoch: int,
    seed: int,
    validate: Validate | None = None,
    workspace: Path | None = None,
    progress: bool = True,
    trainable: Callable[[str], bool] | None = None,
) -> History:
    """Train ``model`` in place.

    ``validate(model)`` (lower is better) is asked before the first epoch and after each; the model ends with the best
    weights seen. Without it, it ends with the moving average if ``settings.ema`` > 0, else with the last weights.
    ``workspace``: a folder where the state is kept after each epoch, and continued from if it fits.
    ``trainable(name)`` says which parameters move; the others are frozen meanwhile.

    Raises ``FloatingPointError`` naming epoch and batch if the loss or the gradient is not finite: the model keeps
    the weights from before that batch, and ``workspace`` the last whole epoch. Raises ``ValueError`` if
    ``steps_per_epoch`` is not positive.
    """
    if steps_per_epoch < 1:
        raise ValueError("an epoch has no step: the cohort is smaller than one batch")
    with _frozen(model, trainable), _threads(settings.threads), torch.random.fork_rng():
        return _Stage(model, loss, batches, settings, steps_per_epoch, seed, validate, workspace, progress).run()


@dataclass
class _Stage:
    model: nn.Module
    loss: Loss
    batches: Batches
    settings: Training
    steps_per_epoch: int
    seed: int
    validate: Validate | None
    workspace: Path | None
    progress: bool

    def __post_init__(self) -> None:
        # accelerate keeps its precision in a process-wide state; each stage has its own precision
        AcceleratorState._reset_state()
        self.accelerator = Accelerator(mixed_precision=self.settings.precision)
        self.updates = math.ceil(self.steps_per_epoch / self.settings.accumulate)
        self.identity = fingerprint(self.model, self.settings, self.seed, self.steps_per_epoch)
        optimizer = torch.optim.AdamW(
            parameter_groups(self.model, self.settings), lr=self.settings.learning_rate, betas=self.settings.betas
        )
        self.wrapped, self.optimizer = self.accelerator.prepare(self.model, optimizer)
        self.moving = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        self.average = [parameter.detach().clone() for parameter in self.moving] if self.settings.ema else []
        self.best: dict[str, Tensor] | None = None
        self.best_score, self.best_epoch, self.rows = math.inf, 0, []

    def run(self) -> History:
        epoch = self._resume()
        while epoch < self.settings.epochs and not self._out_of_patience(epoch):
            epoch += 1
            self.rows.append(self._epoch(epoch))
            self._validate(epoch)
            self._save(epoch)
        if self.best is not None:
            self.model.load_state_dict(self.best)
        elif self.average:
            self._swap_average()
        self.model.eval()
        return History(tuple(self.rows), self.best_epoch if self.best is not None else epoch)

    def _epoch(self, epoch: int) -> dict[str, float]:
        started = time.monotonic()
        torch.manual_seed(_derived(self.seed, epoch, 1))
        generator = torch.Generator().manual_seed(_derived(self.seed, epoch, 0))
        self.wrapped.train()
        totals: dict[str, float] = {}
        steps = 0
        for index, batch in enumerate(self._shown(self.batches(epoch, generator), epoch)):
            steps += 1
            values = self._step(epoch, index, batch)
            for name, value in values.items():
                totals[name] = totals.get(name, 0.0) + value
        if steps != self.steps_per_epoch:
            raise ValueError(f"epoch {epoch} had {steps} batches, steps_per_epoch says {self.steps_per_epoch}")
        means = {name: value / steps for name, value in totals.items()}
        rate = self.optimizer.param_groups[0]["lr"]
        return {"epoch": epoch, **means, "learning_rate": rate, "seconds": time.monotonic() - started}

    def _step(self, epoch: int, index: int, batch: Any) -> dict[str, float]:
        """One batch: backward always, an optimiser step after every ``accumulate`` batches and at the epoch's end."""
        where = f"epoch {epoch}, batch {index + 1} of {self.steps_per_epoch}"
        due = (index + 1) % self.settings.accumulate == 0 or index + 1 == self.steps_per_epoch
        with contextlib.nullcontext() if due else self.accelerator.no_sync(self.wrapped):
            with self.accelerator.autocast():
                values = self.loss(self.wrapped, send_to_device(batch, self.accelerator.device))
            shown = {name: float(value.detach()) for name, value in values.items()}
            if not math.isfinite(shown["loss"]):
                raise FloatingPointError(f"the loss is {shown['loss']} in {where}; the weights before it are kept")
            self.accelerator.backward(values["loss"] / self.settings.accumulate)
        if due:
            self._update(epoch, index, where)
        return shown

    def _update(self, epoch: int, index: int, where: str) -> None:
        update = (epoch - 1) * self.updates + index // self.settings.accumulate
        warmup = round(self.settings.warmup_epochs * self.updates)
        rate = warmup_cosine(update, self.settings.epochs * self.updates, warmup, self.settings.learning_rate)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        # under fp16 the loss scaler meets infinite gradients by design, and skips their step itself
        if self.settings.precision != "fp16":
            gradients = [parameter.grad for parameter in self.moving if parameter.grad is not None]
            if not torch.nn.utils.get_total_norm(gradients).isfinite():
                raise FloatingPointError(f"the gradient is not finite in {where}; the weights before it are kept")
        self.optimizer.step()
        self.optimizer.zero_grad()
        if self.average:
            # young averages forget their random start faster
            decay = min(self.settings.ema, (1 + update) / (10 + update))
            with torch.no_grad():
                torch._foreach_lerp_(self.average, self.moving, 1 - decay)

    def _validate(self, epoch: int) -> None:
        if self.validate is None:
            return
        self._swap_average()
        self.model.eval()
        with torch.no_grad():
            score = float(self.validate(self.model))
        if not self.rows or self.rows[-1]["epoch"] != epoch:
            self.rows.append({"epoch": epoch})
        self.rows[-1]["validation"] = score
        if score < self.best_score:
            self.best, self.best_score, self.best_epoch = snapshot(self.model), score, epoch
        self._swap_average()

    def _swap_average(self) -> None:
        """Exchange the weights with their moving average; twice is as before."""
        with torch.no_grad():
            for parameter, average in zip(self.moving, self.average, strict=False):
                held = parameter.clone()
                parameter.copy_(average)
                average.copy_(held)

    def _out_of_patience(self, epoch: int) -> bool:
        return self.validate is not None and 0 < self.settings.patience <= epoch - self.best_epoch

    def _save(self, epoch: int) -> None:
        if self.workspace is None or not self.accelerator.is_main_process:
            return
        tensors = {"model": self.model.state_dict()}
        if self.best is not None:
            tensors["best"] = self.best
        if self.average:
            tensors["average"] = {str(index): value for index, value in enumerate(self.average)}
        progress = {
            "fingerprint": self.identity, "epoch": epoch, "rows": self.rows, "best_epoch": self.best_epoch,
            "best_score": self.best_score if math.isfinite(self.best_score) else None, "settings": asdict(self.settings),
        }
        save_state(self.workspace, tensors, self.optimizer.optimizer, progress)

    def _resume(self) -> int:
        """The last whole epoch of the workspace's state, loaded; 0 after validating the start where there is none."""
        saved = read_progress(self.workspace, self.identity) if self.workspace else None
        if saved is None:
            self._validate(0)
            return 0
        self.model.load_state_dict(read_tensors(self.workspace, "model"))
        restore_optimizer(self.workspace, self.optimizer.optimizer)
        self.best = read_tensors(self.workspace, "best")
        if self.average:
            kept = read_tensors(self.workspace, "average")
            self.average = [kept[str(index)].to(value.device) for index, value in enumerate(self.average)]
        self.rows, self.best_epoch = saved["rows"], saved["best_epoch"]
        self.best_score = math.inf if saved["best_score"] is None else saved["best_score"]
        return saved["epoch"]

    def _shown(self, batches: Iterable[Any], epoch: int) -> Iterable[Any]:
        hidden = not (self.progress and self.accelerator.is_main_process)
        title = f"epoch {epoch}/{self.settings.epochs}"
        return tqdm(batches, total=self.steps_per_epoch, desc=title, leave=False, disable=hidden, mininterval=1.0)


def _derived(seed: int, epoch: int, stream: int) -> int:
    """A seed of its own for each epoch and use."""
    return (seed * 1_000_003 + epoch) * 2 + stream


@contextlib.contextmanager
def _frozen(model: nn.Module, trainable: Callable[[str], bool] | None) -> Iterator[None]:
    """Freeze the parameters that ``trainable`` does not name, and give them back as they were."""
    before = {name: parameter.requires_grad for name, parameter in model.named_parameters()}
    try:
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(before[name] and (trainable is None or trainable(name)))
        yield
    finally:
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(before[name])


@contextlib.contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
