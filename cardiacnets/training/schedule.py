"""Learning rate by optimiser step, and which weights decay."""

from __future__ import annotations

import math

from torch import nn

from cardiacnets.profile import Training

UNDECAYED = ("pos_embed", "cls_token", "relative_position_bias_table", "position", "hidden", "null")
"""Position tables and learned tokens: they would only be pulled to zero."""


def warmup_cosine(step: int, total: int, warmup: int, peak: float) -> float:
    """Rate at ``step`` (from 0): linear to ``peak`` in ``warmup`` steps, half a cosine to 0 at ``total``."""
    if step < warmup:
        return peak * (step + 1) / warmup
    return peak * (1 + math.cos(math.pi * (step - warmup) / max(1, total - warmup))) / 2


def parameter_groups(model: nn.Module, settings: Training) -> list[dict]:
    """Trainable parameters in two groups: matrices decay, biases, norms and learned tables do not."""
    decayed, undecayed = [], []
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            flat = parameter.ndim < 2 or name.endswith(UNDECAYED)
            (undecayed if flat else decayed).append(parameter)
    groups = [
        {"params": decayed, "weight_decay": settings.weight_decay},
        {"params": undecayed, "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]
