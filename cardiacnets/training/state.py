"""The state of a training stage on disk: one safetensors file, whole or absent, never pickle.

One file, because renaming a file over another is the only replacement that a kill cannot cut in half.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from cardiacnets.artefacts import atomic_path
from cardiacnets.profile import Training

FILE, PROGRESS = "training_state.safetensors", "progress"


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
    """Write each entry of ``tensors`` and the optimiser's moments, with ``progress`` as JSON in the header.

    ``progress`` holds the ``fingerprint``. The file of the epoch before is replaced as a whole.
    """
    moments = {
        f"{index}.{name}": value
        for index, group in optimizer.state_dict()["state"].items()
        for name, value in group.items()
    }
    plain = {
        f"{title}/{name}": value.detach().cpu().contiguous()
        for title, group in {**tensors, "optimizer": moments}.items()
        for name, value in group.items()
    }
    with atomic_path(workspace / FILE) as temporary:
        save_file(plain, temporary, metadata={PROGRESS: json.dumps(progress)})


def read(workspace: Path, expected: str) -> tuple[dict[str, Any], dict[str, dict[str, Tensor]]] | None:
    """Progress and tensors of the state with fingerprint ``expected``; None if there is no such state.

    Raises ``ValueError`` naming the file if it cannot be read.
    """
    path = workspace / FILE
    if not path.is_file():
        return None
    tensors: dict[str, dict[str, Tensor]] = {}
    try:
        with safe_open(path, framework="pt") as file:
            progress = json.loads(file.metadata()[PROGRESS])
            if progress["fingerprint"] != expected:
                return None
            for key in file.keys():
                title, _, name = key.partition("/")
                tensors.setdefault(title, {})[name] = file.get_tensor(key)
    except (SafetensorError, KeyError, TypeError, json.JSONDecodeError) as error:
        reason = f"no readable training state ({error}); delete it to start the stage again"
        raise ValueError(f"{path}: {reason}") from None
    return progress, tensors


def sweep(workspace: Path) -> None:
    """Delete what a killed process was writing."""
    for leftover in workspace.glob(f".{FILE}.*"):
        shutil.rmtree(leftover, ignore_errors=True)


def restore_optimizer(optimizer: torch.optim.Optimizer, moments: Mapping[str, Tensor]) -> None:
    """Put saved moments back."""
    groups: dict[int, dict[str, Tensor]] = {}
    for key, value in moments.items():
        index, _, name = key.partition(".")
        groups.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": groups})
