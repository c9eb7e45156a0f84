"""Random views of a cine: one rotation, resized crop and (as published) flip for all frames of a clip.

``cine (B, T, H, W)``: one transform a clip, drawn from an explicit generator, applied to the whole batch in
one call.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class CineAugmentation:
    """The study's augmentation of cines (arXiv 2411.13602), with each part a switch.

    Arguments:
        rotation: largest angle either way, degrees; 0 switches it off.
        crop: range of the crop's share of the image's area, each in (0, 1]; ``(1, 1)`` switches it off.
        aspect: range of the crop's width over its height, drawn on a logarithmic scale; ``(1, 1)`` switches
            it off.
        flip: probability of a left-right and, independently, of an up-down flip. Off by default, since the
            mirror image of a heart is not a heart.
        fill: the intensity that stands outside the image.
    """

    rotation: float = 30.0
    crop: tuple[float, float] = (0.8, 1.0)
    aspect: tuple[float, float] = (0.9, 1.1)
    flip: float = 0.0
    fill: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.crop[0] <= self.crop[1] <= 1:
            raise ValueError(f"crop {self.crop}: a range of area shares within (0, 1] is needed")
        if not 0 < self.aspect[0] <= self.aspect[1]:
            raise ValueError(f"aspect {self.aspect}: a range of positive ratios is needed")
        if not 0 <= self.flip <= 1:
            raise ValueError(f"flip {self.flip}: a probability is needed")

    @classmethod
    def named(cls, name: str) -> CineAugmentation:
        """What ``augmentation`` of a profile's ``pretraining`` means: ``corrected``, the defaults, or
        ``as_published``, the same with the study's horizontal and vertical flips.

        Raises ``ValueError`` for another name.
        """
        match name:
            case "corrected":
                return cls()
            case "as_published":
                return cls(flip=0.5)
        raise ValueError(f"unknown augmentation {name!r}: choose corrected or as_published")

    def __call__(self, cine: Tensor, generator: torch.Generator) -> Tensor:
        """Return a random view of each clip.

        Arguments:
            cine: (B, T, H, W), floating point or uint8, on any device.
            generator: the source of randomness; it may live on another device than ``cine``.

        Returns a tensor of the same shape, type and device.
        """
        maps = self.draw(cine.shape[0], cine.shape[-2:], generator).to(cine.device)
        grid = functional.affine_grid(maps, list(cine.shape), align_corners=False)  # (B, H, W, 2)
        pixels = cine if cine.is_floating_point() else cine.float()
        view = (
            functional.grid_sample(
                pixels - self.fill,
                grid.to(pixels.dtype),
                mode="bilinear",
                padding_mode="zeros",
                align_corners=False,
            )
            + self.fill
        )
        return view if cine.is_floating_point() else view.round().clamp(0, 255).to(cine.dtype)

    def draw(self, clips: int, size: tuple[int, int], generator: torch.Generator) -> Tensor:
        """Affine maps (clips, 2, 3) from the view's coordinates to the image's, each in [-1, 1]."""

        def uniform(low: float, high: float) -> Tensor:
            return low + (high - low) * torch.rand(clips, generator=generator, device=generator.device)

        angle = uniform(-math.radians(self.rotation), math.radians(self.rotation))
        area, ratio = uniform(*self.crop), uniform(math.log(self.aspect[0]), math.log(self.aspect[1])).exp()
        width = (area * ratio).sqrt().clamp(max=1)
        height = (area / ratio).sqrt().clamp(max=1)
        centre_x, centre_y = uniform(-1, 1) * (1 - width), uniform(-1, 1) * (1 - height)
        width = torch.where(uniform(0, 1) < self.flip, -width, width)
        height = torch.where(uniform(0, 1) < self.flip, -height, height)
        elongation = size[0] / size[1]  # a rotation is one in pixels, not in normalised coordinates
        cosine, sine = angle.cos(), angle.sin()
        rows = (
            (cosine * width, -sine * height * elongation, centre_x),
            (sine * width / elongation, cosine * height, centre_y),
        )
        return torch.stack([torch.stack(row, dim=-1) for row in rows], dim=1)  # (clips, 2, 3)
