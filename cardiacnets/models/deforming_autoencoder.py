"""Whole hearts to a few numbers and back: a still picture that is bent from frame to frame.

Blocks of a picture (:mod:`cardiacnets.models.patch_autoencoder`) tell every place apart, and a draw of them
is a heart only where places agree; the mean of two hearts shows both. Here a cine is told by one vector. From
it a network draws a picture, a displacement of each pixel in each frame, by which the picture is bent
(deforming autoencoders: Shu, ECCV 2018; spatial transformers: Jaderberg, NeurIPS 2015), and what bending
cannot show is added, frame by frame. A wall that moves stays a wall, and what lies between two hearts is a
heart. A variational bound (Kingma, ICLR 2014) keeps the vectors about normal, so that what is drawn among
them is a heart, too. What no vector of that length can hold is kept beside it, if the profile asks for it
(:mod:`cardiacnets.models.detail`).

``cine (B, T, H, W)`` in [0, 1]; ``latents (B, C, 1, 1, 1)`` of unit spread over all of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from cardiacnets.models.detail import Detail
from cardiacnets.profile import Diffusion

KL_WEIGHT = 1 / 1500
"""Weight of a nat of the divergence from the standard normal, beside 100 times the mean squared error."""
SQUARED_WEIGHT = 100.0
GREY = 0.3
"""About the mean of cines in [0, 1]: networks see what differs from it."""
NARROW = 16
"""Channels at the coarsest grid between the vector and the rest: most weights would lie there else."""
SURE = -4.0
"""Log variance of a latent before anything is learned."""


class _Block(nn.Module):
    """Two convolutions added to features (B, W, h, w), scaled and shifted by latents (B, C) if there are any
    (Perez, AAAI 2018); it begins as nothing added.
    """

    def __init__(self, width: int, groups: int, latents: int = 0) -> None:
        super().__init__()
        self.before, self.between = nn.GroupNorm(groups, width), nn.GroupNorm(groups, width)
        self.first, self.second = (nn.Conv2d(width, width, 3, padding=1) for _ in range(2))
        self.told = nn.Linear(latents, 2 * width) if latents else None
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, features: Tensor, latents: Tensor | None = None) -> Tensor:
        inner = self.between(self.first(functional.silu(self.before(features))))
        if self.told is not None:
            scale, shift = self.told(latents)[:, :, None, None].chunk(2, dim=1)  # (B, W, 1, 1) each
            inner = torch.addcmul(shift, inner, 1 + scale)
        return features + self.second(functional.silu(inner))


class Press(nn.Module):
    """Cine (B, T, H, W) to mean and log variance (B, C) of its latents."""

    def __init__(self, sizes: Diffusion, side: int) -> None:
        super().__init__()
        width, grid, groups = sizes.vae_channels[-1], side // sizes.patch, sizes.norm_groups
        self.patch = sizes.patch
        self.blocks_in = nn.Conv2d(sizes.frames * sizes.patch**2, width, 1)
        self.place = nn.Parameter(torch.zeros(1, width, grid, grid))
        self.body = nn.Sequential(*(_Block(width, groups) for _ in range(3)))
        self.narrow = nn.Conv2d(width, NARROW, 1)
        self.out = nn.Linear(NARROW * grid**2, 2 * sizes.latent_channels)

    def forward(self, cine: Tensor) -> tuple[Tensor, Tensor]:
        seen = functional.pixel_unshuffle(cine - GREY, self.patch)  # (B, T * p * p, h, w)
        seen = self.body(self.blocks_in(seen) + self.place)
        seen = functional.silu(self.narrow(functional.silu(seen)))
        mean, spread = self.out(seen.flatten(1)).float().chunk(2, dim=1)
        return mean, (spread + SURE).clamp(-12, 2)


class Draw(nn.Module):
    """Latents (B, C) to a cine (B, T, H, W): a picture, bent in each frame, and what is added."""

    def __init__(self, sizes: Diffusion, side: int) -> None:
        super().__init__()
        fine, middle, coarse = sizes.vae_channels
        latents, groups, self.frames = sizes.latent_channels, sizes.norm_groups, sizes.frames
        self.side, self.grid = side, side // sizes.patch
        self.added_by, self.drawn_by = sizes.patch // 2, sizes.patch // 4
        self.spread = nn.Linear(latents, NARROW * self.grid**2)
        self.widen = nn.Conv2d(NARROW, coarse, 1)
        self.place = nn.Parameter(torch.zeros(1, coarse, self.grid, self.grid))
        self.coarse = nn.ModuleList(_Block(coarse, groups, latents) for _ in range(2))
        self.to_middle = nn.Conv2d(coarse, 4 * middle, 1)
        self.middle = nn.ModuleList(_Block(middle, groups, latents) for _ in range(2))
        self.narrow = nn.Conv2d(middle, middle // 2, 1)
        self.added = nn.Conv2d(middle // 2, sizes.frames * self.added_by**2, 3, padding=1)
        self.bend = nn.Conv2d(middle, 2 * sizes.frames, 3, padding=1)
        self.to_fine = nn.Conv2d(middle, 4 * fine, 1)
        self.fine = _Block(fine, groups, latents)
        self.picture = nn.Conv2d(fine, self.drawn_by**2, 3, padding=1)
        for layer in (self.added, self.bend):  # a still picture to begin with
            nn.init.normal_(layer.weight, std=1e-3)
            nn.init.zeros_(layer.bias)
        middles = (2 * torch.arange(side) + 1) / side - 1  # of pixels, from -1 to 1
        places = torch.stack(torch.meshgrid(middles, middles, indexing="xy"))  # (2, H, W): x, y
        self.register_buffer("pixels", places[:, None], persistent=False)  # (2, 1, H, W): in every frame

    def forward(self, latents: Tensor) -> Tensor:
        features = self.spread(latents).unflatten(1, (NARROW, self.grid, self.grid))
        # channels last from here on: convolutions on a processor need not turn features round and back
        features = self.widen(features.contiguous(memory_format=torch.channels_last)) + self.place
        for block in self.coarse:
            features = block(features, latents)
        features = functional.pixel_shuffle(self.to_middle(features), 2)  # half as coarse
        for block in self.middle:
            features = block(features, latents)
        shown = functional.silu(features)
        added = self.added(functional.silu(self.narrow(shown)))  # (B, T * a * a, H / a, W / a)
        picture = self.fine(functional.pixel_shuffle(self.to_fine(features), 2), latents)
        picture = functional.pixel_shuffle(self.picture(functional.silu(picture)), self.drawn_by)
        movie = self._bent(picture.float() + GREY, self.bend(shown).float())
        return self._add(movie, added.float())

    def _bent(self, picture: Tensor, bend: Tensor) -> Tensor:
        """``picture`` (B, 1, H, W) in each frame (B, T, H, W), every pixel fetched from ``bend``
        (B, 2 T, h, w) pixels away.

        Whole movies are large: they are laid out so that none is copied on the way, and added to in place.
        """
        size = (self.side, self.side)
        bend = bend.unflatten(1, (self.frames, 2)).transpose(1, 2).flatten(1, 2) * (2 / self.side)
        bend = functional.interpolate(bend.contiguous(), size, mode="bilinear", align_corners=False)
        places = bend.unflatten(1, (2, self.frames)).add_(self.pixels)  # (B, 2, T, H, W)
        places = places.flatten(2, 3).permute(0, 2, 3, 1)  # (B, T * H, W, 2)
        picture = picture.contiguous()
        fetched = functional.grid_sample(picture, places, padding_mode="border", align_corners=False)
        return fetched.view(-1, self.frames, *size)

    def _add(self, movie: Tensor, added: Tensor) -> Tensor:
        """``movie`` (B, T, H, W) with what ``added`` (B, T * a * a, H / a, W / a) tells of its pixels, in
        place: a pixel shuffle, added where it belongs.
        """
        a = self.added_by
        added = added.unflatten(1, (self.frames, a, a))
        added = added.permute(0, 1, 4, 2, 5, 3)  # (B, T, a, a, H / a, W / a) to (B, T, H / a, a, W / a, a)
        blocks = movie.view(added.shape)
        return blocks.add_(added).view(movie.shape)


class DeformingAutoencoder(nn.Module):
    """A pair of networks, :class:`Press` and :class:`Draw`, for each side that pictures have.

    Takes the place of :class:`cardiacnets.models.video_autoencoder.VideoAutoencoder` where a profile sets
    ``diffusion.autoencoder: deforming``. Raises ``ValueError`` for sizes that do not fit each other.
    """

    latent_frames = 1

    def __init__(self, sizes: Diffusion) -> None:
        super().__init__()
        self.sizes = sizes
        if len(sizes.vae_channels) != 3 or sizes.patch % 4:
            raise ValueError(
                "diffusion: autoencoder deforming takes three vae_channels, from fine to coarse, and a patch "
                f"that 4 divides, not {list(sizes.vae_channels)} and {sizes.patch}"
            )
        self.press, self.draw = nn.ModuleDict(), nn.ModuleDict()
        for key in ("pixels", "lax_pixels"):
            side = getattr(sizes, key) or sizes.pixels
            if side % sizes.patch:
                raise ValueError(f"diffusion: {key} {side} is not a multiple of patch {sizes.patch}")
            self.press[str(side)], self.draw[str(side)] = Press(sizes, side), Draw(sizes, side)
            self.register_buffer(f"scale_{side}", torch.ones(()))
        self.detail = Detail(sizes) if sizes.detail_channels else None

    def grid(self, pixels: int) -> int:
        """Side of the latents of pictures: 1, for one vector tells all places."""
        return 1

    def forward(self, cine: Tensor) -> dict[str, Tensor]:
        """Training losses of ``cine`` (B, T, H, W): ``loss`` = 100 ``squared`` + ``l1`` + ``steps`` +
        ``kl`` / 1500.

        ``squared`` and ``l1`` are the mean squared and absolute errors, ``steps`` the mean absolute error of
        the difference of neighbouring pixels, along rows and along columns; ``kl`` the divergence of a cine's
        latents from the standard normal, in nats.
        """
        side = str(cine.shape[-1])
        mean, spread = self.press[side](cine)
        drawn = self.draw[side](mean + torch.randn_like(mean) * (spread / 2).exp())
        error = drawn - cine
        squared, l1 = error.square().mean(), error.abs().mean()
        steps = sum(error.diff(dim=axis).abs().mean() for axis in (-1, -2))
        kl = 0.5 * (mean.square() + spread.exp() - 1 - spread).sum(1).mean()
        loss = SQUARED_WEIGHT * squared + l1 + steps + KL_WEIGHT * kl
        return {"loss": loss, "squared": squared, "l1": l1, "steps": steps, "kl": kl}

    def encode(self, cine: Tensor) -> Tensor:
        """Scaled latents (B, C, 1, 1, 1) of ``cine`` (B, T, H, W): the mean.

        Raises ``ValueError`` for pictures of another size or number of frames.
        """
        side = str(cine.shape[-1])
        if cine.shape[1] != self.sizes.frames or side not in self.press or cine.shape[2] != cine.shape[3]:
            raise ValueError(
                f"cine {tuple(cine.shape)}: this autoencoder takes {self.sizes.frames} frames of "
                f"{' or '.join(self.press)} pixels"
            )
        mean, _ = self.press[side](cine)
        return mean[:, :, None, None, None] / self.get_buffer(f"scale_{side}")

    def decode(self, latents: Tensor, pixels: int = 0) -> Tensor:
        """Cine (B, T, H, W) in [0, 1] of scaled ``latents`` (B, C, 1, 1, 1); ``pixels``: its side, or 0 for
        the profile's ``pixels``.
        """
        side = str(pixels or self.sizes.pixels)
        return self.draw[side](latents.flatten(1) * self.get_buffer(f"scale_{side}")).clamp_(0, 1)

    def rebuild(self, cine: Tensor) -> Tensor:
        """``cine`` (B, T, H, W), to its vector and back, with its own detail where that is kept."""
        drawn = self.decode(self.encode(cine), cine.shape[-1])
        return drawn if self.detail is None else self.detail.rebuild(cine, drawn)

    @torch.no_grad()
    def fit_detail(self, cines: Sequence[Tensor]) -> None:
        """Learn, where it is kept, what vectors leave out of batches of cines (n, T, H, W)."""
        if self.detail is not None:
            drawn = [torch.cat([self.decode(self.encode(few), few.shape[-1]) for few in part.split(16)])
                     for part in cines]  # fmt: skip
            self.detail.fit(cines, drawn)

    @torch.no_grad()
    def measure_scale(self, cine: Tensor) -> None:
        """Set the scale of latents of cines (B, T, H, W) of this size to their standard deviation around
        their mean, over all of them.
        """
        side = str(cine.shape[-1])
        latents = torch.cat([self.press[side](part)[0] for part in cine.split(64)])
        self.get_buffer(f"scale_{side}").copy_((latents - latents.mean(0)).square().mean().sqrt())
