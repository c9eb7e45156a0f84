"""Frames to small latents and back: a variational autoencoder, frame by frame.

``cine (B, T, H, W)`` in [0, 1]; ``latents (B, C, T, h, w)`` of unit spread, h = H / 2^(levels - 1).
"""

from __future__ import annotations

import torch
from diffusers import AutoencoderKL
from torch import Tensor, nn

from cardiacnets.profile import Diffusion

KL_WEIGHT = 1e-6
"""Keeps latents bounded without blurring (Rombach 2022, latent diffusion)."""


class VideoAutoencoder(nn.Module):
    """diffusers' ``AutoencoderKL`` applied to every frame.

    Trained here it has one grey channel; with pretrained weights three, and a grey frame is repeated.
    ``scale`` brings latents to unit spread: measured on training data, or the pretrained model's own.
    """

    def __init__(self, sizes: Diffusion) -> None:
        super().__init__()
        self.sizes = sizes
        levels = len(sizes.vae_channels)
        self.channels = 3 if sizes.pretrained_vae else 1
        self.factor, self.latent_frames = 2 ** (levels - 1), sizes.frames
        if sizes.pixels % self.factor:
            raise ValueError(f"diffusion: {sizes.pixels} pixels cannot be halved {levels - 1} times")
        self.vae = AutoencoderKL(
            in_channels=self.channels,
            out_channels=self.channels,
            latent_channels=sizes.latent_channels,
            block_out_channels=sizes.vae_channels,
            layers_per_block=sizes.layers_per_block,
            down_block_types=("DownEncoderBlock2D",) * levels,
            up_block_types=("UpDecoderBlock2D",) * levels,
            norm_num_groups=sizes.norm_groups,
            sample_size=sizes.pixels,
        )
        self.register_buffer("scale", torch.tensor(self.vae.config.scaling_factor))

    def forward(self, frames: Tensor) -> dict[str, Tensor]:
        """Training losses of ``frames`` (n, H, W): ``loss`` = ``l1`` + 1e-6 x ``kl``.

        ``l1`` is the mean absolute error on the [-1, 1] scale; ``kl`` the divergence of a frame's posterior
        from the standard normal, in nats, averaged over frames.
        """
        images = self._images(frames)
        posterior = self.vae.encode(images).latent_dist
        l1 = (self.vae.decode(posterior.sample()).sample - images).abs().mean()
        kl = posterior.kl().mean()
        return {"loss": l1 + KL_WEIGHT * kl, "l1": l1, "kl": kl}

    def encode(self, cine: Tensor) -> Tensor:
        """Scaled latents (B, C, T, h, w) of ``cine`` (B, T, H, W): the posterior's mean."""
        mean = self.vae.encode(self._images(cine.flatten(0, 1))).latent_dist.mode() * self.scale
        return mean.unflatten(0, cine.shape[:2]).transpose(1, 2)  # (B * T, C, h, w) -> (B, C, T, h, w)

    def grid(self, pixels: int) -> int:
        """Side h of the latents of pictures of so many pixels."""
        return pixels // self.factor

    def decode(self, latents: Tensor, pixels: int = 0) -> Tensor:
        """Cine (B, T, H, W) in [0, 1] of scaled ``latents`` (B, C, T, h, w), whose side tells that of the
        picture.
        """
        flat = latents.transpose(1, 2).flatten(0, 1) / self.scale  # (B, C, T, h, w) -> (B * T, C, h, w)
        images = self.vae.decode(flat).sample.mean(1)  # (B * T, H, W)
        return ((images + 1) / 2).clamp(0, 1).unflatten(0, (len(latents), -1))

    @torch.no_grad()
    def measure_scale(self, cine: Tensor) -> float:
        """Set ``scale`` to 1 / standard deviation of the latents of cines (B, T, H, W), and return it."""
        self.scale.fill_(1.0)
        self.scale.copy_(1 / self.encode(cine).std())
        return float(self.scale)

    def _images(self, frames: Tensor) -> Tensor:
        """Frames (n, H, W) in [0, 1] as images (n, channels, H, W) in [-1, 1]."""
        return (frames[:, None] * 2 - 1).expand(-1, self.channels, -1, -1)
