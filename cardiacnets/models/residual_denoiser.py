"""A denoiser for latents that are small already: residual convolutions at one resolution.

A U-Net halves its grid again and again, so that a place of a large picture sees the others. Latents that hold
all frames of a block at once (:mod:`cardiacnets.models.patch_autoencoder`) are a grid of ten by ten: here
each block sees it whole. Two convolutions, scaled and shifted by what the noise level says (Perez, AAAI 2018)
and added to what came in (He, CVPR 2016); to each place is added what the mean of all places says (as in Hu,
CVPR 2018); and a learned map says where in the picture a place lies, for hearts lie alike. Every second block
looks at the ECG by cross-attention. Each of these begins as nothing added. Where one vector tells the whole
heart (:mod:`cardiacnets.models.deforming_autoencoder`) the grid is one place, and convolutions are of size 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as functional
from diffusers.models.attention_processor import Attention
from diffusers.models.embeddings import Timesteps
from diffusers.models.unets.unet_2d_condition import UNet2DConditionOutput
from torch import Tensor, nn

from cardiacnets.models.ecg_attention import EcgContext, FrameAttention

TIME_WIDTH = 64


class _OnePlace(nn.Conv2d):
    """A convolution over a grid of one place (B, C, 1, 1), as the matrix product that it is: a convolution's
    own way there is several times as slow.
    """

    def forward(self, features: Tensor) -> Tensor:
        return functional.linear(features.flatten(1), self.weight.flatten(1), self.bias)[:, :, None, None]


def _convolution(channels: int, width: int, grid: Sequence[int]) -> nn.Conv2d:
    """Of size 3, or of size 1 where one vector for the whole heart has no neighbours."""
    return nn.Conv2d(channels, width, 3, padding=1) if max(grid) > 1 else _OnePlace(channels, width, 1)


class ResidualBlock(nn.Module):
    """Features (B, W, h, w) and the noise level (B, :data:`TIME_WIDTH`) to features (B, W, h, w)."""

    def __init__(self, width: int, groups: int, grid: Sequence[int]) -> None:
        super().__init__()
        self.before, self.between = nn.GroupNorm(groups, width), nn.GroupNorm(groups, width)
        self.first, self.second = (_convolution(width, width, grid) for _ in range(2))
        self.level = nn.Linear(TIME_WIDTH, 2 * width)
        self.everywhere = nn.Linear(width, width)
        _silence(self.second, self.everywhere)

    def forward(self, features: Tensor, level: Tensor) -> Tensor:
        scale, shift = self.level(level)[:, :, None, None].chunk(2, dim=1)  # (B, W, 1, 1) each
        inner = self.between(self.first(functional.silu(self.before(features)))) * (1 + scale) + shift
        features = features + self.second(functional.silu(inner))
        return features + self.everywhere(features.mean((2, 3)))[:, :, None, None]


class EcgLook(nn.Module):
    """Places of features (B, W, h, w) look at an ECG's tokens and add what they find there."""

    def __init__(self, width: int, context_width: int, head_width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.attention = Attention(
            width, context_width, heads=max(1, width // head_width), dim_head=head_width
        )
        _silence(self.attention.to_out[0])

    def forward(self, features: Tensor, ecg: EcgContext) -> Tensor:
        places = features.flatten(2).transpose(1, 2)  # (B, h * w, W)
        found = self.attention(self.norm(places), encoder_hidden_states=ecg.tokens, context=ecg)
        return features + found.transpose(1, 2).view_as(features)


class ResidualDenoiser(nn.Module):
    """Noisy latents (B, C, 1, h, w) and their step to what is told of them, as diffusers' U-Nets answer.

    ``shape``: (C, 1, h, w). ``width``: W, of all features. ``context_width``: D of the ECG tokens. Raises
    ``ValueError`` for latents of several frames.
    """

    def __init__(
        self, shape: tuple[int, int, int, int], width: int, blocks: int, context_width: int, head_width: int,
        groups: int,
    ) -> None:  # fmt: skip
        super().__init__()
        channels, frames, *grid = shape
        if frames != 1:
            raise ValueError(
                f"diffusion: denoiser residual takes latents of one frame, not of {frames}: set autoencoder: "
                "patches, or denoiser: unet"
            )
        self.level = Timesteps(TIME_WIDTH, flip_sin_to_cos=True, downscale_freq_shift=0)
        self.place = nn.Parameter(torch.zeros(1, width, *grid))
        self.conv_in = _convolution(channels, width, grid)
        self.blocks = nn.ModuleList(ResidualBlock(width, groups, grid) for _ in range(blocks))
        self.looks = nn.ModuleList(EcgLook(width, context_width, head_width) for _ in range(blocks // 2))
        self.conv_out = _convolution(width, channels, grid)
        self.set_attn_processor(FrameAttention())

    def forward(
        self,
        sample: Tensor,
        timestep: Tensor,
        encoder_hidden_states: Tensor,
        cross_attention_kwargs: dict[str, EcgContext] | None = None,
    ) -> UNet2DConditionOutput:
        """``sample`` (B, C, 1, h, w) at ``timestep`` (B,), or () for all. The ECG is ``context``, of B rows,
        or else ``encoder_hidden_states`` (B, N, D).
        """
        ecg = (cross_attention_kwargs or {}).get("context") or EcgContext(encoder_hidden_states)
        level = self.level(timestep.expand(len(sample))).to(sample.dtype)  # (B, TIME_WIDTH)
        features = self.conv_in(sample.squeeze(2)) + self.place  # (B, W, h, w)
        for number, block in enumerate(self.blocks):
            features = block(features, level)
            if number % 2:
                features = self.looks[number // 2](features, ecg)
        told = self.conv_out(functional.silu(features))
        return UNet2DConditionOutput(sample=told.unsqueeze(2))

    def set_attn_processor(self, processor: Any) -> None:
        """How places attend to the ECG, as diffusers' networks are told."""
        for look in self.looks:
            look.attention.set_processor(processor)


def _silence(*layers: nn.Module) -> None:
    """Layers that begin as nothing added."""
    for layer in layers:
        for weight in layer.parameters():
            nn.init.zeros_(weight)
