"""Whole cines to small latents and back, in closed form: blocks of space and time, and their components.

A cine is cut into blocks of ``patch`` x ``patch`` pixels through all frames. The encoder keeps each block's
first principal components; the decoder draws a block from its own components and those of its eight
neighbours, by ridge regression, so that no edges show between blocks. Both are fitted in closed form: the
linear twin of a convolutional autoencoder.

Components are divided by the square root of their spread, half of what would make them all alike: those that
make up the picture stay the larger ones, and a denoiser, whose error counts every latent alike, learns them
first. Over all of them the latents have unit spread.

``cine (B, T, H, W)`` in [0, 1]; ``latents (B, C, 1, h, w)``, h = H / patch: the frames of a block are told
together, so that a latent clip has one frame.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from cardiacnets.profile import Diffusion

PENALTY = 1e-3
"""Ridge penalty of the decoder, as a share of the latents' mean square over blocks."""


class PatchAutoencoder(nn.Module):
    """Principal components of blocks of space and time, decoded with their neighbours.

    Takes the place of :class:`cardiacnets.models.video_autoencoder.VideoAutoencoder` where a profile sets
    ``diffusion.autoencoder: patches``. Works at any size that ``patch`` divides, so both views share one.
    """

    latent_frames = 1

    def __init__(self, sizes: Diffusion) -> None:
        super().__init__()
        self.sizes, self.factor = sizes, sizes.patch
        numbers, channels = sizes.frames * sizes.patch**2, sizes.latent_channels
        if channels >= numbers:
            raise ValueError(f"diffusion: a block of {numbers} numbers has no {channels} latent_channels")
        for key in ("pixels", "lax_pixels"):
            if getattr(sizes, key) % sizes.patch:
                raise ValueError(
                    f"diffusion: {key} {getattr(sizes, key)} is not a multiple of patch {sizes.patch}"
                )
        self.register_buffer("mean", torch.zeros(numbers))
        self.register_buffer("axes", torch.zeros(channels, numbers))
        self.register_buffer("spread", torch.ones(channels))
        self.register_buffer("synthesis", torch.zeros(numbers, channels, 3, 3))

    def encode(self, cine: Tensor) -> Tensor:
        """Latents (B, C, 1, h, w) of ``cine`` (B, T, H, W)."""
        centred = self._blocks(cine) - self.mean[:, None, None]
        scores = torch.einsum("cn,bnhw->bchw", self.axes, centred)
        return (scores / self.spread[:, None, None]).unsqueeze(2)

    def grid(self, pixels: int) -> int:
        """Side h of the latents of pictures of so many pixels."""
        return pixels // self.factor

    def decode(self, latents: Tensor, pixels: int = 0) -> Tensor:
        """Cine (B, T, H, W) in [0, 1] of ``latents`` (B, C, 1, h, w), whose side tells its own."""
        return self.draw(latents).clamp(0, 1)

    def draw(self, latents: Tensor) -> Tensor:
        """As :meth:`decode`, of what need not lie in [0, 1]."""
        drawn = functional.conv2d(latents.squeeze(2), self.synthesis, padding=1)  # (B, T * p * p, h, w)
        return functional.pixel_shuffle(drawn + self.mean[:, None, None], self.factor)

    @torch.no_grad()
    def fit(self, cines: Iterable[Tensor]) -> None:
        """Learn from batches of cines (n, T, H, W) in [0, 1], of one size each; they are gone through
        three times.

        Raises ``ValueError`` for fewer blocks than there are numbers to learn from each.
        """
        cines = list(cines)
        mean, count = torch.zeros_like(self.mean, dtype=torch.float64), 0
        for part in cines:
            rows = self._rows(self._blocks(part))
            mean += rows.sum(0, dtype=torch.float64)
            count += len(rows)
        if count <= len(mean):
            raise ValueError(f"{count} blocks cannot teach {len(mean)} numbers each: give more cines")
        self.mean.copy_(mean / count)
        covariance = torch.zeros(len(mean), len(mean), dtype=torch.float64)
        for part in cines:
            rows = self._rows(self._blocks(part)) - self.mean
            covariance += rows.T @ rows
        values, vectors = torch.linalg.eigh(covariance / count)  # ascending
        kept = vectors[:, -len(self.axes) :].flip(1).T
        sign = torch.where(kept.sum(1) < 0, -1.0, 1.0)  # of two opposite axes, the same one each time
        self.axes.copy_(kept * sign[:, None])
        spread = values[-len(self.axes) :].flip(0).clamp(min=1e-12) ** 0.25
        self.spread.copy_(spread * spread.square().mean().sqrt())
        self._fit_synthesis(cines, count)

    def _fit_synthesis(self, cines: list[Tensor], count: int) -> None:
        """Ridge regression of a block from the latents (C * 9) of itself and its neighbours."""
        width = 9 * len(self.axes)
        gram = torch.zeros(width, width, dtype=torch.float64)
        against = torch.zeros(width, len(self.mean), dtype=torch.float64)
        for part in cines:
            around = functional.unfold(self.encode(part).squeeze(2), 3, padding=1)  # (n, C * 9, h * w)
            around = around.transpose(1, 2).flatten(0, 1)
            gram += around.T @ around
            against += around.T @ (self._rows(self._blocks(part)) - self.mean)
        gram.diagonal().add_(PENALTY * count)
        weight = torch.linalg.solve(gram, against)  # (C * 9, T * p * p)
        self.synthesis.copy_(weight.T.unflatten(1, (-1, 3, 3)))

    def _blocks(self, cine: Tensor) -> Tensor:
        """Blocks (B, T * patch * patch, h, w) of ``cine`` (B, T, H, W); ``ValueError`` for other frames."""
        if cine.shape[1] != self.sizes.frames:
            raise ValueError(f"cines of {cine.shape[1]} frames, but diffusion.frames is {self.sizes.frames}")
        return functional.pixel_unshuffle(cine, self.factor)

    @staticmethod
    def _rows(blocks: Tensor) -> Tensor:
        """Blocks (B, N, h, w) one a row: (B * h * w, N)."""
        return blocks.permute(0, 2, 3, 1).flatten(0, 2)
