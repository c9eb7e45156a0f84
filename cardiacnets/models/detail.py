"""What the vector of a whole heart leaves out: grain of tissue, vessels, trabeculae.

A speckle of thousands of independent places cannot stand in some hundred numbers, and no ECG tells it. What
is left of a cine when its vector has been drawn is kept in closed form, as components of blocks of space and
time (:mod:`cardiacnets.models.patch_autoencoder`). A movie that is drawn from an ECG gets such detail thrown:
normal around nothing, each component as large as it is where pictures are as bright. Nobody's own detail is
kept, so none can show up in another's movie.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from cardiacnets.models.patch_autoencoder import PatchAutoencoder
from cardiacnets.profile import Diffusion


class Detail(nn.Module):
    """Components of blocks of ``cine - drawn``; both (B, T, H, W) in [0, 1], their codes (B, C, 1, h, w)."""

    def __init__(self, sizes: Diffusion) -> None:
        super().__init__()
        self.patches = PatchAutoencoder(replace(sizes, latent_channels=sizes.detail_channels))
        self.register_buffer("spread", torch.zeros(2, sizes.detail_channels))  # in the dark; by brightness

    def rebuild(self, cine: Tensor, drawn: Tensor) -> Tensor:
        """``drawn`` (B, T, H, W), with what the components keep of ``cine``, in [0, 1]."""
        return (drawn + self.patches.draw(self.patches.encode(cine - drawn))).clamp(0, 1)

    def sample(self, drawn: Tensor, amplitude: float, generator: torch.Generator) -> Tensor:
        """``drawn`` (B, T, H, W), with detail of nobody: normal, ``amplitude`` times as large as that of
        cines; in [0, 1].
        """
        side = self.patches.grid(drawn.shape[-1])
        noise = torch.randn(len(drawn), self.spread.shape[1], 1, side, side, generator=generator)
        codes = amplitude * self._spread_in(drawn) * noise.to(drawn)
        return (drawn + self.patches.draw(codes)).clamp(0, 1)

    @torch.no_grad()
    def fit(self, cines: Sequence[Tensor], drawn: Sequence[Tensor]) -> None:
        """Learn components and spread from batches of cines (n, T, H, W) and what was drawn of them.

        The spread of a component is a straight line over a block's brightness, by least squares of its
        absolute value, which few large ones (a vessel in the lung) move less than its square.
        """
        left = [cine - part for cine, part in zip(cines, drawn, strict=True)]
        self.patches.fit(left)
        gram = torch.zeros(2, 2, dtype=torch.float64)
        against = torch.zeros_like(self.spread, dtype=torch.float64)
        for rest, part in zip(left, drawn, strict=True):
            size = self.patches.encode(rest).abs() * math.sqrt(math.pi / 2)  # of a normal one: its deviation
            light = self._brightness(part).flatten().double()
            known = torch.stack([torch.ones_like(light), light], dim=1)  # (B * h * w, 2)
            gram += known.T @ known
            against += known.T @ size.squeeze(2).permute(0, 2, 3, 1).flatten(0, 2).double()
        self.spread.copy_(torch.linalg.solve(gram, against))

    def _spread_in(self, drawn: Tensor) -> Tensor:
        """Spread of each code (B, C, 1, h, w) of ``drawn``."""
        dark, bright = self.spread[:, None, :, None, None, None]  # (1, C, 1, 1, 1) each
        return (dark + bright * self._brightness(drawn)[:, None, None]).clamp(min=0)

    def _brightness(self, drawn: Tensor) -> Tensor:
        """Mean grey of each block (B, h, w), over all frames."""
        return functional.avg_pool2d(drawn.mean(dim=1), self.patches.factor)
