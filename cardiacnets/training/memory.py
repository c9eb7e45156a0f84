"""When memory is short: say so with the way out, or compute activations twice instead of keeping them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

WAY_OUT = "halve the stage's `batch` in the profile and double `accumulate`, or set `checkpointing: true`"


@contextmanager
def within_memory(where: str) -> Iterator[None]:
    """Turn what a full device or machine raises in the block into ``MemoryError`` naming ``where``."""
    try:
        yield
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise MemoryError(f"no memory for {where}: {WAY_OUT}") from error
    except RuntimeError as error:
        # torch's allocator on a CPU raises no class of its own
        if "can't allocate memory" not in str(error):
            raise
        raise MemoryError(f"no memory for {where}: {WAY_OUT}") from error


def recompute(model: nn.Module, on: bool) -> None:
    """Gradient checkpointing in every part of ``model`` that knows it (timm's and diffusers' own switches).

    Only the input of each block is kept for the backward pass, and the block is computed again there (Chen
    2016, "Training deep nets with sublinear memory cost"): about a third more time, same gradients.
    """
    for module in model.modules():
        if hasattr(module, "set_grad_checkpointing"):  # timm
            module.set_grad_checkpointing(on)
        elif getattr(module, "_supports_gradient_checkpointing", False):  # diffusers
            module.enable_gradient_checkpointing() if on else module.disable_gradient_checkpointing()
