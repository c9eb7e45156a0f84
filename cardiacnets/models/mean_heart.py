"""The heart that an ECG lets one expect, in closed form: where a denoiser can start instead of at nothing.

Ridge regression from the ECG's tokens, averaged, to the latents of its cine; and of what that leaves open the
principal components and their variances. Were hearts normally distributed around what is expected, the best
way back from noise would follow from these (:meth:`MeanHeart.told`): a network that starts there need not
learn what a heart is, and what it adds is what its linear twin cannot.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from cardiacnets.models.linear_twin import RidgeMap

COMPONENTS = 768
"""Principal components of what the ECG leaves open, of at most half as many as training people."""


class MeanHeart(nn.Module):
    """Expected latents of an ECG: ``tokens (B, N, D)`` to ``latents (B, C, T, h, w)`` of ``shape``."""

    def __init__(self, width: int, shape: tuple[int, int, int, int]) -> None:
        super().__init__()
        numbers = torch.Size(shape).numel()
        self.shape = shape
        self.register_buffer("weight", torch.zeros(width, numbers))
        self.register_buffer("offset", torch.zeros(numbers))
        self.register_buffer("centre", torch.zeros(width))
        self.register_buffer("axes", torch.zeros(min(COMPONENTS, numbers), numbers))
        self.register_buffer("variance", torch.zeros(len(self.axes)))
        self.register_buffer("left", torch.ones(()))

    def forward(self, tokens: Tensor | None) -> Tensor:
        """Expected latents (B, C, T, h, w); (1, C, T, h, w), everyone's mean, where no ECG is given."""
        expected = self.offset[None]
        if tokens is not None:
            expected = expected + (tokens.mean(1) - self.centre) @ self.weight
        return expected.unflatten(1, self.shape)

    def told(self, noisy: Tensor, noise: Tensor) -> Tensor:
        """The way e - x that a normal distribution lets one expect in ``noisy`` (B, C, T, h, w), which is
        (1 - t) x + t e at ``noise`` t (B,); x is the rest around the expected heart.
        """
        flat, noise = noisy.flatten(1), noise[:, None]

        def gain(variance: Tensor) -> Tensor:
            return (1 - noise) * variance / ((1 - noise) ** 2 * variance + noise**2)

        scores = flat @ self.axes.T
        clean = gain(self.left) * flat + ((gain(self.variance) - gain(self.left)) * scores) @ self.axes
        return ((flat - clean) / noise).view_as(noisy)

    def walk(self, noisy: Tensor, noise: float, less: float) -> Tensor:
        """``noisy`` (B, C, T, h, w) at ``noise`` walked to ``less`` of it along the way of :meth:`told`,
        exactly: along each axis the distribution stays normal, and a point keeps its place in it.
        """

        def shrunk(variance: Tensor) -> Tensor:
            before, after = ((1 - t) ** 2 * variance + t**2 for t in (noise, less))
            return (after / before).sqrt()

        flat = noisy.flatten(1)
        scores = flat @ self.axes.T
        rest = shrunk(self.left)
        return (rest * flat + ((shrunk(self.variance) - rest) * scores) @ self.axes).view_as(noisy)

    @torch.no_grad()
    def fit(self, tokens: Tensor, latents: Tensor) -> None:
        """Learn from training ``tokens`` (n, N, D) and ``latents`` (n, C, T, h, w); the penalty is chosen by
        generalised cross-validation.
        """
        targets = latents.flatten(1).double()
        found = RidgeMap.fit(tokens.mean(1).double().numpy(), targets.numpy())
        self.weight.copy_(torch.from_numpy(found.weight / found.spread[:, None]))
        self.centre.copy_(torch.from_numpy(found.centre))
        self.offset.copy_(torch.from_numpy(found.offset))
        rest = latents.flatten(1) - self(tokens).flatten(1)
        count = min(len(self.axes), len(rest) // 2)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            _, _, axes = torch.pca_lowrank(rest, count, center=False, niter=2)
        self.axes[:count], self.axes[count:] = axes.T, 0
        self.measure(tokens, latents)

    @torch.no_grad()
    def measure(self, tokens: Tensor, latents: Tensor) -> None:
        """Take the variances of what is left open from ``tokens`` (n, N, D) and ``latents`` (n, C, T, h, w):
        of people whom :meth:`fit` has not seen, for of those it has it leaves too little open.
        """
        rest = latents.flatten(1) - self(tokens).flatten(1)
        self.variance.copy_((rest @ self.axes.T).square().mean(0))
        left = (rest.square().sum(1).mean() - self.variance.sum()) / max(1, rest.shape[1] - self.used)
        self.left.copy_(left.clamp(min=1e-6))

    @property
    def used(self) -> int:
        """How many of the axes are in use; those of few people are fewer."""
        return int(self.axes.any(1).sum())


def cross_fit(
    whole: MeanHeart, tokens: Tensor, latents: Tensor, seed: int
) -> tuple[list[MeanHeart], list[np.ndarray]]:
    """For each of two halves of people the mean heart that has learned from the other half, and the halves.

    ``whole`` has learned from all: what it leaves open of their pictures is less than what it leaves open of
    anyone else's, and a network that learns from that finds nothing to add. Of the halves it takes how much
    is left open of people who are not seen. ``tokens`` (n, N, D), ``latents`` (n, C, T, h, w). Cross-fitting,
    as in Chernozhukov et al., Econometrics Journal 2018;21:C1.
    """
    order = np.random.default_rng([seed, 405]).permutation(len(latents))
    halves, starts = [np.sort(half) for half in np.array_split(order, 2)], []
    for own, other in zip(halves, reversed(halves), strict=True):
        start = MeanHeart(tokens.shape[-1], whole.shape)
        start.fit(tokens[other], latents[other])
        start.measure(tokens[own], latents[own])
        starts.append(start)
    whole.axes[min(start.used for start in starts) :] = 0
    whole.variance.copy_(torch.stack([start.variance for start in starts]).mean(0))
    whole.left.copy_(torch.stack([start.left for start in starts]).mean(0))
    return starts, halves
