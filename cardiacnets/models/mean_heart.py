"""The heart that an ECG lets one expect, in closed form: where a denoiser can start instead of at nothing.

Ridge regression from the ECG's tokens, averaged, to the latents of its cine. A network that is shown only
what differs from this heart need not learn what a heart is, nor what a straight line tells of this one; what
it adds is what its linear twin cannot.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cardiacnets.models.linear_twin import RidgeMap


class MeanHeart(nn.Module):
    """Expected latents of an ECG: ``tokens (B, N, D)`` to ``latents (B, C, T, h, w)`` of ``shape``."""

    def __init__(self, width: int, shape: tuple[int, int, int, int]) -> None:
        super().__init__()
        self.shape = shape
        self.register_buffer("weight", torch.zeros(width, torch.Size(shape).numel()))
        self.register_buffer("offset", torch.zeros(torch.Size(shape).numel()))
        self.register_buffer("centre", torch.zeros(width))

    def forward(self, tokens: Tensor | None) -> Tensor:
        """Expected latents (B, C, T, h, w); (1, C, T, h, w), everyone's mean, where no ECG is given."""
        expected = self.offset[None]
        if tokens is not None:
            expected = expected + (tokens.mean(1) - self.centre) @ self.weight
        return expected.unflatten(1, self.shape)

    @torch.no_grad()
    def fit(self, tokens: Tensor, latents: Tensor) -> None:
        """Learn from training ``tokens`` (n, N, D) and ``latents`` (n, C, T, h, w); the penalty is chosen by
        generalised cross-validation.
        """
        features, targets = tokens.mean(1).double().numpy(), latents.flatten(1).double().numpy()
        found = RidgeMap.fit(features, targets)
        self.weight.copy_(torch.from_numpy(found.weight / found.spread[:, None]))
        self.centre.copy_(torch.from_numpy(found.centre))
        self.offset.copy_(torch.from_numpy(found.offset))
