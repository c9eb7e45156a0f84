"""One loop for every stage: accelerate, AdamW, warm-up and cosine, early stopping, moving average.

Everything random in an epoch follows from (seed, epoch): the generator that shuffles, the one that augments,
and torch's own, from which dropout and noise are drawn. So a stage that was killed continues after its last
whole epoch as if nothing had happened, and on a CPU ends with the same bits. With several processes
(``accelerate launch``) each takes its share of every batch's rows, augmented before they are shared out: what
is shuffled and augmented does not depend on the number of processes; torch's own stream differs by process.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import recursively_apply, send_to_device
from torch import Tensor, nn
from tqdm.auto import tqdm

from cardiacnets.training import state
from cardiacnets.training.batching import ahead
from cardiacnets.training.history import History
from cardiacnets.training.memory import recompute, within_memory
from cardiacnets.training.schedule import parameter_groups, warmup_cosine
from cardiacnets.training.stage import Stage

KEPT = "the model keeps the weights from before it"


def fit(stage: Stage, workspace: Path | None = None, progress: bool = True) -> History:
    """Train the model of ``stage`` in place; it ends in evaluation mode.

    ``workspace``: a folder where the state is kept after each epoch, and continued from if it fits.

    Raises ``FloatingPointError`` naming epoch and batch if the loss or the gradient is not finite: the model
    keeps the weights from before that batch, and ``workspace`` the last whole epoch. Raises ``ValueError`` if
    an epoch has no step, the processes do not divide a batch, or the device has no such precision;
    ``MemoryError``, with the way out, if a batch does not fit.
    """
    if stage.steps < 1:
        raise ValueError("an epoch has no step: the cohort is smaller than one batch")
    with _frozen(stage.model, stage.trainable), _threads(stage.settings.threads), torch.random.fork_rng():
        return _Fit(stage, workspace, progress).run()


class _Fit:
    """The state of one fit: weights beside their average and the best of them, and what happened so far."""

    def __init__(self, stage: Stage, workspace: Path | None, progress: bool) -> None:
        self.stage, self.workspace, self.progress = stage, workspace, progress
        self.model, self.settings = stage.model, stage.settings
        # accelerate keeps the precision in a process-wide state, but each stage has its own
        AcceleratorState._reset_state()
        self.accelerator = Accelerator(mixed_precision=self.settings.precision)
        if self.settings.precision == "fp16" and self.accelerator.device.type == "cpu":
            raise ValueError("precision fp16 needs a GPU: set the stage's `precision` to bf16 or no")
        recompute(self.model, self.settings.checkpointing)
        self.updates = math.ceil(stage.steps / self.settings.accumulate)
        self.identity = state.fingerprint(self.model, self.settings, stage.seed, stage.steps)
        groups = parameter_groups(self.model, self.settings)
        optimizer = torch.optim.AdamW(groups, lr=self.settings.learning_rate, betas=self.settings.betas)
        with within_memory("the model itself"):
            self.wrapped, self.optimizer = self.accelerator.prepare(self.model, optimizer)
        self.moving = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        self.average = [parameter.detach().clone() for parameter in self.moving] if self.settings.ema else []
        self.best: dict[str, Tensor] | None = None
        self.best_score, self.best_epoch, self.rows = math.inf, 0, []

    def run(self) -> History:
        epoch = self._resume()
        total = self.settings.epochs * self.stage.steps
        hidden = not (self.progress and self.accelerator.is_main_process)
        done = epoch * self.stage.steps
        silent = {"disable": True} if hidden else {}  # else it is the environment's to say (TQDM_DISABLE)
        bar = tqdm(total=total, initial=done, mininterval=1.0, unit="batch", **silent)
        with bar:
            while epoch < self.settings.epochs and not self._out_of_patience(epoch):
                epoch += 1
                bar.set_description(f"epoch {epoch}/{self.settings.epochs}")
                self.rows.append(self._epoch(epoch, bar))
                self._validate(epoch)
                self._save(epoch)
                bar.set_postfix(loss=f"{self.rows[-1]['loss']:.4g}")
        self.accelerator.unwrap_model(self.wrapped, keep_fp32_wrapper=False)
        recompute(self.model, False)
        if self.best is not None:
            self.model.load_state_dict(self.best)
        elif self.average:
            self._swap_average()
        self.model.eval().to("cpu")  # what is not training runs where its inputs lie
        return History(tuple(self.rows), self.best_epoch if self.best is not None else epoch)

    def _epoch(self, epoch: int, bar: tqdm) -> dict[str, float]:
        started = time.monotonic()
        shuffling, augmenting = (
            torch.Generator().manual_seed(_derived(self.stage.seed, epoch, stream)) for stream in (0, 1)
        )
        torch.manual_seed(_derived(self.stage.seed, epoch, 2 + self.accelerator.process_index))
        self.wrapped.train()
        totals: dict[str, float] = {}
        steps = 0
        with contextlib.closing(ahead(self.stage.batches(epoch, shuffling))) as batches:
            for index, batch in enumerate(batches):
                for name, value in self._step(epoch, index, batch, augmenting).items():
                    totals[name] = totals.get(name, 0.0) + value
                steps += 1
                bar.update()
        if steps != self.stage.steps:
            expected = f"{self.stage.examples} examples make {self.stage.steps}"
            raise ValueError(f"epoch {epoch} had {steps} batches, {expected}")
        means = {name: value / steps for name, value in totals.items()}
        rate = self.optimizer.param_groups[0]["lr"]
        return {"epoch": epoch, **means, "learning_rate": rate, "seconds": time.monotonic() - started}

    def _step(self, epoch: int, index: int, batch: Any, generator: torch.Generator) -> dict[str, float]:
        """One batch: backward always, an update after every ``accumulate`` batches and at the epoch's end."""
        where = f"epoch {epoch}, batch {index + 1} of {self.stage.steps}"
        due = (index + 1) % self.settings.accumulate == 0 or index + 1 == self.stage.steps
        # the epoch's last group may be smaller: the gradient is the mean over the batches that it has
        first = index - index % self.settings.accumulate
        together = min(self.settings.accumulate, self.stage.steps - first)
        with within_memory(where):
            batch = self._share(batch, generator)
            with contextlib.nullcontext() if due else self.accelerator.no_sync(self.wrapped):
                with self.accelerator.autocast():
                    values = self.stage.loss(self.wrapped, batch)
                shown = self._over_processes(values)
                if not math.isfinite(shown["loss"]):
                    raise FloatingPointError(f"the loss is {shown['loss']} in {where}; {KEPT}")
                self.accelerator.backward(values["loss"] / together)
            if due:
                self._update(epoch, index, where)
        return shown

    def _over_processes(self, values: dict[str, Tensor]) -> dict[str, float]:
        """Means over all processes: NaN in one of them is NaN in all, so that all stop together."""
        numbers = torch.stack([value.detach().float() for value in values.values()])
        return dict(zip(values, self.accelerator.reduce(numbers, "mean").tolist(), strict=True))

    def _update(self, epoch: int, index: int, where: str) -> None:
        update = (epoch - 1) * self.updates + index // self.settings.accumulate
        warmup = round(self.settings.warmup_epochs * self.updates)
        total = self.settings.epochs * self.updates
        for group in self.optimizer.param_groups:
            group["lr"] = warmup_cosine(update, total, warmup, self.settings.learning_rate)
        # under fp16 the loss scaler meets infinite gradients by design, and skips their update itself
        if self.settings.precision != "fp16":
            gradients = [parameter.grad for parameter in self.moving if parameter.grad is not None]
            if not torch.nn.utils.get_total_norm(gradients).isfinite():
                raise FloatingPointError(f"the gradient is not finite in {where}; {KEPT}")
        self.optimizer.step()
        self.optimizer.zero_grad()
        if self.average:
            # a young average forgets its random start faster
            decay = min(self.settings.ema, (1 + update) / (10 + update))
            with torch.no_grad():
                torch._foreach_lerp_(self.average, self.moving, 1 - decay)

    def _share(self, batch: Any, generator: torch.Generator) -> Any:
        """This process's rows of ``batch``, augmented, on its device."""
        rank, count = self.accelerator.process_index, self.accelerator.num_processes

        def rows(tensor: Tensor) -> Tensor:
            if len(tensor) % count:
                way_out = "make the stage's `batch` a multiple of the processes"
                raise ValueError(f"{count} processes do not divide a batch of {len(tensor)} rows: {way_out}")
            return tensor[rank::count]

        batch = send_to_device(batch, self.accelerator.device)
        if self.stage.augment is not None:
            batch = self.stage.augment(batch, generator)
        return recursively_apply(rows, batch) if count > 1 else batch

    def _validate(self, epoch: int) -> None:
        if self.stage.validate is None:
            return
        self._swap_average()
        self.model.eval()
        with torch.no_grad(), within_memory("validation"):
            score = torch.tensor(float(self.stage.validate(self.model)), device=self.accelerator.device)
        # one score for all processes, so that they stop at the same epoch
        score = float(self.accelerator.reduce(score, "mean"))
        if epoch == 0:
            self.rows.append({"epoch": 0})
        self.rows[-1]["validation"] = score
        if score < self.best_score:
            self.best, self.best_score, self.best_epoch = state.snapshot(self.model), score, epoch
        self._swap_average()

    def _swap_average(self) -> None:
        """Exchange the weights with their moving average, where there is one; twice is as before."""
        with torch.no_grad():
            for parameter, average in zip(self.moving, self.average, strict=False):
                held = parameter.clone()
                parameter.copy_(average)
                average.copy_(held)

    def _out_of_patience(self, epoch: int) -> bool:
        return self.stage.validate is not None and 0 < self.settings.patience <= epoch - self.best_epoch

    def _save(self, epoch: int) -> None:
        if self.workspace is not None and self.accelerator.is_main_process:
            tensors = {"model": self.model.state_dict(), "average": dict(enumerate(self.average))}
            if self.best is not None:
                tensors["best"] = self.best
            best_score = self.best_score if math.isfinite(self.best_score) else None
            progress = {"fingerprint": self.identity, "epoch": epoch, "rows": self.rows}
            progress |= {"best_epoch": self.best_epoch, "best_score": best_score}
            progress["scaler"] = self.accelerator.scaler.state_dict() if self.accelerator.scaler else None
            state.save(self.workspace, tensors, self.optimizer.optimizer, progress)
        self.accelerator.wait_for_everyone()

    def _resume(self) -> int:
        """The last whole epoch of the workspace's state, loaded; 0, validated, where there is none."""
        if self.workspace and self.accelerator.is_main_process:
            state.sweep(self.workspace)
        saved = state.read(self.workspace, self.identity) if self.workspace else None
        if saved is None:
            self._validate(0)
            return 0
        progress, tensors = saved
        self.model.load_state_dict(tensors["model"])
        state.restore_optimizer(self.optimizer.optimizer, tensors["optimizer"])
        if self.accelerator.scaler and progress["scaler"]:
            self.accelerator.scaler.load_state_dict(progress["scaler"])
        for index, average in enumerate(self.average):
            average.copy_(tensors["average"][str(index)])
        self.best, self.rows, self.best_epoch = tensors.get("best"), progress["rows"], progress["best_epoch"]
        self.best_score = math.inf if progress["best_score"] is None else progress["best_score"]
        return progress["epoch"]


def beside(model: nn.Module, batch: Any) -> Any:
    """Tensors, or tuples, lists and dictionaries of them, on the device of ``model``: for ``validate``."""
    return send_to_device(batch, next(model.parameters()).device)


def _derived(seed: int, epoch: int, stream: int) -> int:
    """A seed of its own for each epoch and use."""
    return (seed * 1_000_003 + epoch) * 1024 + stream


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
