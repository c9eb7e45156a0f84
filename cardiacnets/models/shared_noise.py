"""One heart in two views: the noise of one view told to the other, so that both draw the same heart.

Each view's movie is drawn from noise of its own, and what an ECG leaves open, a heart's size say, is then
decided twice. Around the mean heart noise is not without meaning: along each component of what the ECG leaves
open, the movie follows its noise. So the components of both views are set against each other in training
people (canonical correlation: Hotelling 1936), and the second view's noise takes along each direction that it
shares what the first view's has there, as far as hearts do. Either view's noise stays standard normal: no
network is trained anew, and each view alone is drawn as before.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

CHANCE = 2.0
"""A correlation counts as shared above so many times (components / people) ** .5: the largest that components
without anything in common reach (Wachter, Annals of Statistics 1980;8:937).
"""
WHOLE = 0.99
"""No direction is shared more than this: something is left to the second view."""


@dataclass(frozen=True, eq=False)
class SharedNoise:
    """Directions of noise that the views share: ``first (M, p)`` and ``second (M, q)``, orthonormal rows, and
    their correlations ``shared (M,)``; M may be 0.
    """

    first: Tensor
    second: Tensor
    shared: Tensor

    @classmethod
    def fit(cls, scores: tuple[Tensor, Tensor], axes: tuple[Tensor, Tensor]) -> SharedNoise:
        """Learn from scores (n, K) of the same people in both views along ``axes (K, p)`` and ``(K, q)``,
        orthonormal rows.

        Raises ``ValueError`` for unlike numbers of people or components, or fewer than four people a
        component.
        """
        if scores[0].shape != scores[1].shape:
            raise ValueError(f"scores of both views must be alike, not {[tuple(s.shape) for s in scores]}")
        people, count = scores[0].shape
        if people < 4 * count:
            raise ValueError(f"{people} people cannot tell what {count} components of either view share")
        first, second = ((part - part.mean(0)) / part.std(0, correction=0) for part in scores)
        left, found, right = torch.linalg.svd(first.T @ second / people)
        kept = found > CHANCE * (count / people) ** 0.5
        return cls(left.T[kept] @ axes[0], right[kept] @ axes[1], found[kept].clamp(max=WHOLE))

    def __call__(self, first: Tensor, own: Tensor) -> Tensor:
        """Noise of the second view, of the shape of ``own (B, ...)``, its own where nothing is shared; beside
        ``first (B, ...)``, the first view's. Standard normal if both are, and independent of each other.
        """
        flat = own.flatten(1)
        along = flat @ self.second.T  # (B, M)
        told = self.shared * (first.flatten(1) @ self.first.T) + (1 - self.shared**2).sqrt() * along
        return (flat + (told - along) @ self.second).view_as(own)
