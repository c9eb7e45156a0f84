"""Where in the ECG a decision comes from: Grad-CAM on the last block's tokens, attention rollout beside it.

A heat map is (12, columns) in [0, 1]: leads by thirds of a beat, or by patches of ten seconds.
"""

from __future__ import annotations

import numpy as np
import torch
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import Tensor

from cardiacnets.models.ecg_encoder import EcgEncoder
from cardiacnets.models.heads import Downstream


def grad_cam(model: Downstream, ecg: Tensor, output: int = 0) -> np.ndarray:
    """Grad-CAM (Selvaraju 2017) of one output for encoder inputs ``ecg`` (B, 12, samples): (B, 12, columns)
    in [0, 1].

    Activations and gradients are those entering the last transformer block, read as a 12 x columns image.
    """
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


def attention_rollout(encoder: EcgEncoder, ecg: Tensor) -> np.ndarray:
    """Attention rollout (Abnar and Zuidema 2020): (B, 12, columns) in [0, 1], whatever is predicted."""
    joint, prefix = None, encoder.transformer.num_prefix_tokens
    with torch.inference_mode():
        tokens = encoder.transformer._pos_embed(encoder.transformer.patch_embed(ecg[:, None]))  # (B, N, D)
        for block in encoder.transformer.blocks:
            attention = _attention(block.attn, block.norm1(tokens)).mean(1)  # (B, N, N), mean over heads
            mixed = 0.5 * (attention + torch.eye(attention.shape[-1]))
            joint = mixed if joint is None else mixed @ joint
            tokens = block(tokens)
    received = (
        joint[:, 0] if prefix else joint.mean(1)
    )  # what the class token, or the mean of all tokens, gathers
    return _unit_range(received[:, prefix:].unflatten(1, encoder.grid).numpy())


class _FromImage(torch.nn.Module):
    """The library insists on images: (B, 1, 12, samples) in, the model's outputs out."""

    def __init__(self, model: Downstream) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor) -> Tensor:
        return self.model(image[:, 0])


def _attention(layer: torch.nn.Module, tokens: Tensor) -> Tensor:
    """Attention weights (B, heads, N, N) of a timm attention layer."""
    query, key, _ = (
        layer.qkv(tokens).unflatten(2, (3, layer.num_heads, -1)).permute(2, 0, 3, 1, 4)
    )  # (B, heads, N, d)
    return (query @ key.transpose(-2, -1) * layer.scale).softmax(-1)


def _unit_range(heat: np.ndarray) -> np.ndarray:
    """Each map scaled to a largest value of 1; an empty map stays 0."""
    return heat / np.maximum(heat.max(axis=(1, 2), keepdims=True), 1e-12)
