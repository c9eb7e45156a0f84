"""Where in the ECG a decision comes from: occlusion, and Grad-CAM on the last block's tokens as published.

A heat map is (12, columns) in [0, 1], leads by time. Occlusion chooses its own columns; Grad-CAM sees no
finer than the encoder's tokens, which in a quick profile are one a lead.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from cardiacnets.models.heads import Downstream

BEAT_COLUMNS = 12
BATCH = 256


def grad_cam(model: Downstream, ecg: Tensor, output: int = 0) -> np.ndarray:
    """Grad-CAM (Selvaraju 2017) of one output for encoder inputs ``ecg`` (B, 12, samples): (B, 12, columns)
    in [0, 1].

    Activations and gradients are those of the encoder's ``cam_layer`` (of a transformer, what enters its last
    block), read as a 12 x columns image.
    """
    encoder, captured = model.encoder, []

    def as_image(tokens: Tensor) -> Tensor:
        patches = tokens[:, encoder.prefix :]  # (B, N, D)
        return patches.transpose(1, 2).unflatten(2, encoder.grid)  # (B, D, 12, columns)

    hook = encoder.cam_layer.register_forward_hook(lambda module, given, tokens: captured.append(tokens))
    try:
        with torch.enable_grad():
            score = model(ecg.detach().requires_grad_())[:, output].sum()
    finally:
        hook.remove()
    (tokens,) = captured
    gradients, activations = as_image(torch.autograd.grad(score, tokens)[0]), as_image(tokens)
    weights = gradients.mean(dim=(2, 3), keepdim=True)  # (B, D, 1, 1)
    heat = (weights * activations).sum(1).relu()  # (B, 12, columns)
    return _unit_range(heat.detach().numpy())


def occlusion(model: Downstream, ecg: Tensor, output: int = 0) -> np.ndarray:
    """Occlusion (Zeiler and Fergus 2014) of one output for encoder inputs ``ecg`` (B, 12, samples): (B, 12,
    columns) in [0, 1].

    How far the output falls when one window of one lead is drawn as a straight line between its ends,
    relative to the greatest fall. A beat has windows of 60 ms; where tokens are shorter, one a token.
    """
    columns = max(BEAT_COLUMNS, model.encoder.grid[1])
    leads, samples = ecg.shape[1:]
    straight = _straight(ecg, columns)
    cell = torch.arange(leads)[:, None] * columns + torch.arange(samples) * columns // samples
    hidden = cell == torch.arange(leads * columns)[:, None, None]  # (12 * columns, 12, samples)
    falls = []
    with torch.inference_mode():
        for one, line, whole in zip(ecg, straight, model(ecg)[:, output], strict=True):
            without = [model(torch.where(part, line, one))[:, output] for part in hidden.split(BATCH)]
            falls.append((whole - torch.cat(without)).relu())
    return _unit_range(torch.stack(falls).unflatten(1, (leads, columns)).numpy())


def flatten(ecg: Tensor, cells: Tensor) -> Tensor:
    """Encoder inputs ``ecg`` (B, 12, samples) with the windows where ``cells`` (B, 12, columns) is true drawn
    as straight lines between their ends, as :func:`occlusion` hides one of them.
    """
    columns, samples = cells.shape[2], ecg.shape[2]
    place = torch.arange(samples) * columns // samples  # (samples,)
    return torch.where(cells[..., place], _straight(ecg, columns), ecg)


def _straight(ecg: Tensor, columns: int) -> Tensor:
    """Each lead as straight lines between the ends of its ``columns`` windows, (B, 12, samples)."""
    samples = ecg.shape[-1]
    knots = torch.linspace(0, samples - 1, columns + 1).round().long()
    return functional.interpolate(ecg[..., knots], size=samples, mode="linear", align_corners=True)


def _unit_range(heat: np.ndarray) -> np.ndarray:
    """Each map scaled to a largest value of 1; an empty map stays 0."""
    return heat / np.maximum(heat.max(axis=(1, 2), keepdims=True), 1e-12)
