"""The state of a training stage on disk: safetensors and JSON, whole or absent, never pickle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from cardiacnets.artefacts import atomic_path, read_json, write_json
from cardiacnets.profile import Training

FOLDER, PROGRESS = "training_state", "progress.json"


def fingerprint(model: nn.Module, settings: Training, seed: int, steps_per_epoch: int) -> str:
    """What a saved state must share with a stage to continue it."""
    shapes = {name: [list(value.shape), str(value.dtype)] for name, value in model.state_dict().items()}
    trainable = sorted(name for name, parameter in model.named_parameters() if parameter.requires_grad)
    content = [asdict(settings), seed, steps_per_epoch, shapes, trainable]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def snapshot(model: nn.Module) -> dict[str, Tensor]:
    """A copy of the model's weights."""
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def save(
    workspace: Path,
    tensors: Mapping[str, Mapping],
    optimizer: torch.optim.Optimizer,
    progress: dict[str, Any],
) -> None:
    """Write one folder: safetensors for each entry of ``tensors`` and the optimiser, ``progress`` as JSON.

    ``progress`` holds the ``fingerprint``. The folder of the epoch before is replaced as a whole.
    """
    moments = {
        f"{index}.{name}": value
        for index, group in optimizer.state_dict()["state"].items()
        for name, value in group.items()
    }
    with atomic_path(workspace / FOLDER) as temporary:
        temporary.mkdir()
        for title, group in {**tensors, "optimizer": moments}.items():
            plain = {str(name): value.detach().contiguous() for name, value in group.items()}
            save_file(plain, temporary / f"{title}.safetensors")
        write_json(temporary / PROGRESS, progress)


def read(workspace: Path, expected: str) -> tuple[dict[str, Any], dict[str, dict[str, Tensor]]] | None:
    """Progress and tensors of the state with fingerprint ``expected``; None if there is no such state."""
    folder = workspace / FOLDER
    progress = read_json(folder / PROGRESS) if (folder / PROGRESS).is_file() else {}
    if progress.get("fingerprint") != expected:
        return None
    return progress, {path.stem: load_file(path) for path in sorted(folder.glob("*.safetensors"))}


def restore_optimizer(optimizer: torch.optim.Optimizer, moments: Mapping[str, Tensor]) -> None:
    """Put saved moments back."""
    groups: dict[int, dict[str, Tensor]] = {}
    for key, value in moments.items():
        index, _, name = key.partition(".")
        groups.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": groups})
