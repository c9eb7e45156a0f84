"""A whole heart that measures what its ECG lets one expect: noise without what the indices follow.

A movie drawn with all its noise is one heart of those that an ECG allows, and its size is a throw of the dice
as its texture is. With less noise everywhere it measures nearer to what is expected, and blurs. But indices
follow few directions of that noise: ridge regression of the indices on what ECGs leave open of training
people's pictures names these, and noise can be damped along them alone (ours, not the study's). What is drawn
then is no fair draw of what is possible any more: it varies less in its indices than people with such an ECG
do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from cardiacnets.models.linear_twin import RidgeMap

LEAST = 1e-6
"""Directions weaker than this, as a share of the strongest, are rounding."""


@dataclass(frozen=True, eq=False)
class IndexNoise:
    """Directions of noise that indices follow: ``axes (M, p)``, orthonormal rows."""

    axes: Tensor

    @classmethod
    def fit(
        cls, scores: tuple[np.ndarray, ...], axes: tuple[Tensor, ...], indices: np.ndarray
    ) -> tuple[IndexNoise, ...]:
        """Learn from what ECGs leave open of people's pictures, in several parts (views) together.

        Arguments:
            scores: of each part, (n, K) along its axes, K its own.
            axes: of each part, (K, p), orthonormal rows.
            indices: recorded, (n, q) in their units, NaN where unknown.

        Raises ``ValueError`` for unlike numbers of people.
        """
        if len({len(part) for part in (*scores, indices)}) != 1:
            raise ValueError(f"scores and indices of the same people are needed, not {len(indices)} indices")
        # along each axis noise of amplitude 1 stands for one standard deviation of people
        noise = [part / part.std(axis=0).clip(1e-6) for part in scores]
        centred = indices - np.nanmean(indices, axis=0)
        known = np.nan_to_num(centred / np.nanstd(indices, axis=0).clip(1e-6))
        weight = RidgeMap.fit(np.hstack(noise).astype(np.float64), known).weight  # (all K, q)
        ends, found = np.cumsum([part.shape[1] for part in noise])[:-1], []
        for part, along in zip(np.split(weight, ends), axes, strict=True):
            left, strength, _ = np.linalg.svd(part, full_matrices=False)  # (K, q or fewer)
            left = left[:, strength > LEAST * strength.max()]
            found.append(cls(torch.from_numpy(left.T).to(along) @ along))
        return tuple(found)

    def __call__(self, noise: Tensor, share: float) -> Tensor:
        """``noise`` (B, ...) with ``share`` of its amplitude along the directions, all else as it was."""
        flat = noise.flatten(1)
        return (flat - (1 - share) * (flat @ self.axes.T) @ self.axes).view_as(noise)
