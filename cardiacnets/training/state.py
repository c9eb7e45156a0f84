"""The state of a training stage on disk: safetensors and JSON, whole or absent, never pickle."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from cardiacnets.artefacts import atomic_path, read_json, write_json
from cardiacnets.profile import Training

FOLDER = "training_state"


def fingerprint(model: nn.Module, settings: Training, seed: int, steps_per_epoch: int) -> str:
    """What a saved state must share with a stage to continue it."""
    shapes = {name: [list(value.shape), str(value.dtype)] for name, value in model.state_dict().items()}
    trainable = sorted(name for name, parameter in model.named_parameters() if parameter.requires_grad)
    content = [asdict(settings), seed, steps_per_epoch, shapes, trainable]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def snapshot(model: nn.Module) -> dict[str, Tensor]:
    """A copy of the model's weights."""
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def save_state(workspace: Path, tensors: dict[str, dict[str, Tensor]], optimizer: torch.optim.Optimizer, progress: Any) -> None:
    """Write one folder with a safetensors file for each entry of ``tensors``, the optimiser's, and ``progress.json``.

    The folder of the epoch before is replaced as a whole.
    """
    moments = {
        f"{index}.{key}": value
        for index, state in optimizer.state_dict()["state"].items()
        for key, value in state.items()
    }
    with atomic_path(workspace / FOLDER) as temporary:
        temporary.mkdir()
        for name, group in {**tensors, "optimizer": moments}.items():
            save_file({key: value.detach().contiguous() for key, value in group.items()}, temporary / f"{name}.safetensors")
        write_json(temporary / "progress.json", progress)


def read_progress(workspace: Path, expected: str) -> dict[str, Any] | None:
    """``progress.json`` of a state with this fingerprint; None if there is no such state."""
    path = workspace / FOLDER / "progress.json"
    if not path.is_file():
        return None
    progress = read_json(path)
    return progress if progress["fingerprint"] == expected else None


def read_tensors(workspace: Path, name: str) -> dict[str, Tensor] | None:
    """The tensors saved under ``name``; None if there are none."""
    path = workspace / FOLDER / f"{name}.safetensors"
    return load_file(path) if path.is_file() else None


def restore_optimizer(workspace: Path, optimizer: torch.optim.Optimizer) -> None:
    """Put the saved moments back."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in (read_tensors(workspace, "optimizer") or {}).items():
        index, _, name = key.partition(".")
        state.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
