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

    Activations and gradients are those entering the last transformer block, read as a 12 x columns image.
    """
    from pytorch_grad_cam import GradCAM  # takes a second, and most chapters draw by occlusion
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    encoder = model.encoder
    layer = encoder.transformer.blocks[-1].norm1

    def as_image(tokens: Tensor) -> Tensor:
        patches = tokens[:, encoder.transformer.num_prefix_tokens :]  # (B, N, D)
        return patches.transpose(1, 2).unflatten(2, encoder.grid)  # (B, D, 12, columns)

    with GradCAM(_FromImage(model), [layer], reshape_transform=as_image) as method:
        method(ecg[:, None], [ClassifierOutputTarget(output)] * len(ecg))
        activations, gradients = (
            part[0]
            for part in (method.activations_and_grads.activations, method.activations_and_grads.gradients)
        )
    # the library's own maps are resized to the input; the tokens' own grid is what was decided on
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
    knots = torch.linspace(0, samples - 1, columns + 1).round().long()
    straight = functional.interpolate(ecg[..., knots], size=samples, mode="linear", align_corners=True)
    cell = torch.arange(leads)[:, None] * columns + torch.arange(samples) * columns // samples
    hidden = cell == torch.arange(leads * columns)[:, None, None]  # (12 * columns, 12, samples)
    falls = []
    with torch.inference_mode():
        for one, line, whole in zip(ecg, straight, model(ecg)[:, output], strict=True):
            without = [model(torch.where(part, line, one))[:, output] for part in hidden.split(BATCH)]
            falls.append((whole - torch.cat(without)).relu())
    return _unit_range(torch.stack(falls).unflatten(1, (leads, columns)).numpy())


class _FromImage(torch.nn.Module):
    """The library insists on images: (B, 1, 12, samples) in, the model's outputs out."""

    def __init__(self, model: Downstream) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor) -> Tensor:
        return self.model(image[:, 0])


def _unit_range(heat: np.ndarray) -> np.ndarray:
    """Each map scaled to a largest value of 1; an empty map stays 0."""
    return heat / np.maximum(heat.max(axis=(1, 2), keepdims=True), 1e-12)
