"""Learning rate by optimiser step, and which weights decay."""

from __future__ import annotations

import math

from torch import nn

from cardiacnets.profile import Training


def warmup_cosine(step: int, total: int, warmup: int, peak: float) -> float:
    """Learning rate at ``step`` (from 0): linear to ``peak`` over ``warmup`` steps, then half a cosine to 0 at ``total``."""
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * (1 + math.cos(math.pi * (step - warmup) / max(1, total - warmup))) / 2


def parameter_groups(model: nn.Module, settings: Training) -> list[dict]:
    """Trainable parameters in two groups: matrices decay, biases, norms and position tables do not."""
    named = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    flat = [parameter for name, parameter in named if parameter.ndim < 2 or _is_table(name)]
    matrices = [parameter for name, parameter in named if not (parameter.ndim < 2 or _is_table(name))]
    groups = [{"params": matrices, "weight_decay": settings.weight_decay}, {"params": flat, "weight_decay": 0.0}]
    return [group for group in groups if group["params"]]


def _is_table(name: str) -> bool:
    return name.endswith(("pos_embed", "cls_token", "relative_position_bias_table", "position", "hidden", "null"))
