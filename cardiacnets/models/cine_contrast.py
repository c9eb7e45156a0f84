"""A CMR encoder that starts from its linear twin and learns by contrast what the twin misses.

``sax``, ``lax (B, T, H, W)`` in [0, 1]: short-axis and four-chamber cines of the same hearts. Of each view
the features are two parts side by side: the principal components of the whole cine
(:class:`cardiacnets.models.linear_twin.CineComponents`), which stay as they are, and what a small
convolutional network over frames-as-channels adds. That network is trained by the SAX-LAX contrast of the
study (arXiv 2411.13602) alone, on whole cines: nothing is hidden and nothing rebuilt.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from sklearn.decomposition import PCA
from torch import Tensor, nn

from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.models.contrast import symmetric_info_nce
from cardiacnets.models.gathering import gather_rows
from cardiacnets.models.linear_twin import CineComponents, averaging
from cardiacnets.profile import CmrEncoder, Profile

CELL = 16
"""Pixels a side of what one cell of the network's last map stands for."""
PATCH = 4


class CineNetwork(nn.Module):
    """Patches of 4 x 4 pixels with all their frames, then five convolutions, two of which halve the map.

    Channels are normed over the batch (in training; over that of one process, where there are several).
    """

    def __init__(self, sizes: CmrEncoder, frames: int, pixels: int) -> None:
        super().__init__()
        if pixels % CELL:
            raise ValueError(
                f"cmr_encoder: cells of {CELL} pixels do not divide cmr_autoencoder.pixels {pixels}"
            )
        self.frames, self.pixels = frames, pixels
        self.grid, self.width = pixels // CELL, 2 * sizes.width
        narrow, wide = sizes.width, self.width
        self.body = nn.Sequential(
            nn.PixelUnshuffle(PATCH),  # (B, T, H, W) -> (B, T * 16, H / 4, W / 4)
            *_convolved(frames * PATCH**2, narrow, kernel=1),
            *_convolved(narrow, narrow),
            *_convolved(narrow, wide, stride=2),
            *_convolved(wide, wide),
            *_convolved(wide, wide, stride=2),
        )

    def forward(self, cine: Tensor) -> Tensor:
        """Latents (B, grid * grid, D) of ``cine`` (B, T, H, W), one a cell, rows first.

        Raises ``ValueError`` for other frames or pixels than the profile's.
        """
        cine = checked(cine, self.frames, self.pixels)
        return self.body(cine.contiguous(memory_format=torch.channels_last)).flatten(2).transpose(1, 2)


def checked(cine: Tensor, frames: int, pixels: int) -> Tensor:
    """``cine`` if it is (B, ``frames``, ``pixels``, ``pixels``); else ``ValueError``."""
    if cine.shape[1:] != (frames, pixels, pixels):
        raise ValueError(f"cine must be (B, {frames}, {pixels}, {pixels}), found {tuple(cine.shape)}")
    return cine


class Affine(nn.Module):
    """``(rows - mean) @ axes.T / spread``, fixed: (B, n) to (B, m). Zeros until :meth:`set` is called."""

    def __init__(self, inputs: int, outputs: int, name: str) -> None:
        super().__init__()
        self.name = name
        self.register_buffer("mean", torch.zeros(inputs))
        self.register_buffer("axes", torch.zeros(outputs, inputs))
        self.register_buffer("spread", torch.ones(outputs))

    def set(self, mean: np.ndarray, axes: np.ndarray, spread: np.ndarray) -> None:
        """Take these values; ``ValueError`` if their shapes are others."""
        for name, value in (("axes", axes), ("mean", mean), ("spread", spread)):
            held = getattr(self, name)
            if np.shape(value) != held.shape:
                shapes = f"must be {tuple(held.shape)} in this profile, found {np.shape(value)}"
                raise ValueError(f"{name} of {self.name} {shapes}")
            held.copy_(torch.as_tensor(np.asarray(value)))

    def forward(self, rows: Tensor) -> Tensor:
        """Rows (B, n) to (B, m)."""
        return (rows - self.mean) @ self.axes.T / self.spread


class LinearPath(nn.Module):
    """The linear twin of one view: scores (B, K) of a cine (B, T, H, W) in [0, 1], each of unit variance over
    training people.
    """

    def __init__(self, profile: Profile) -> None:
        super().__init__()
        cines, twin = profile.cmr_autoencoder, profile.linear_twin
        small = min(twin.pixels, cines.pixels)
        self.width, self.frames, self.pixels = twin.components, cines.frames, cines.pixels
        self.register_buffer("shrinking", torch.from_numpy(averaging(cines.pixels, small)), persistent=False)
        self.components = Affine(cines.frames * small**2, twin.components, "components of the linear twin")

    def forward(self, one_view: Tensor) -> Tensor:
        """Scores (B, K), in the order of the components; ``ValueError`` for other frames or pixels."""
        cine = checked(one_view, self.frames, self.pixels)
        small = self.shrinking @ (255 * cine) @ self.shrinking.T  # (B, T, small, small)
        return self.components(small.flatten(1))


class BesideTwin(nn.Module):
    """One view's cine as the twin's scores and the whole map of the network: (B, K + cells * D)."""

    def __init__(self, linear: LinearPath, encoder: CineNetwork) -> None:
        super().__init__()
        self.linear, self.encoder = linear, encoder
        self.width = linear.width + encoder.width * encoder.grid**2

    def forward(self, one_view: Tensor) -> Tensor:
        """Both parts side by side, the linear one first."""
        return torch.cat([self.linear(one_view), self.encoder(one_view).flatten(1)], dim=1)


class Tower(nn.Module):
    """One view: the twin's components, the network beside them, and the head of the contrast."""

    def __init__(self, profile: Profile) -> None:
        super().__init__()
        sizes, cines = profile.cmr_encoder, profile.cmr_autoencoder
        self.linear = LinearPath(profile)
        self.encoder = CineNetwork(sizes, cines.frames, cines.pixels)
        cells = self.encoder.width * self.encoder.grid**2
        if sizes.condensed > cells:
            raise ValueError(
                f"profile {profile.name}: cmr_encoder: condensed {sizes.condensed} is more than the "
                f"{cells} numbers of the network's last map"
            )
        self.condensed = Affine(cells, sizes.condensed, "components of the map")
        self.projection = nn.Linear(self.linear.width + cells, sizes.projection, bias=False)

    def added(self, cine: Tensor) -> Tensor:
        """What the network makes of ``cine`` (B, T, H, W), all cells side by side (B, cells * D)."""
        return self.encoder(cine).flatten(1)

    def project(self, cine: Tensor) -> Tensor:
        """Projections (B, P) of both parts, before they are standardised over the batch."""
        return self.projection(torch.cat([self.linear(cine), self.added(cine)], dim=1))

    def forward(self, one_view: Tensor) -> Tensor:
        """Features (B, components + condensed), the linear part first."""
        return torch.cat([self.linear(one_view), self.condensed(self.added(one_view))], dim=1)


class CineContrast(nn.Module):
    """Two unshared towers and one loss.

    Raises ``ValueError`` for sizes that do not fit each other.
    """

    def __init__(self, profile: Profile) -> None:
        super().__init__()
        self.towers = nn.ModuleDict({view: Tower(profile) for view in VIEWS})
        self.temperature = profile.cmr_encoder.temperature
        self.feature_width = self.width_of(profile)

    @staticmethod
    def width_of(profile: Profile) -> int:
        """Features of one view at the sizes of ``profile``."""
        return profile.linear_twin.components + profile.cmr_encoder.condensed

    def forward(self, sax: Tensor, lax: Tensor) -> dict[str, Tensor]:
        """``loss`` = ``contrast``, the symmetric InfoNCE of the standardised projections of both views.

        Raises ``ValueError`` if a heart lacks a view.
        """
        if len(sax) != len(lax):
            raise ValueError(
                f"every heart needs both views, found {len(sax)} sax and {len(lax)} lax cines: leave out "
                "participants with one view"
            )
        projected = (self.towers[view].project(cine) for view, cine in zip(VIEWS, (sax, lax), strict=True))
        contrast = symmetric_info_nce(
            *(standardised(gather_rows(rows)) for rows in projected), self.temperature
        )
        return {"loss": contrast, "contrast": contrast}

    def start_from(self, twin: CineComponents, scores: np.ndarray) -> None:
        """Take the linear twin as each tower's linear part, in units of its ``scores`` (n, views, K) of
        training people.

        Raises ``ValueError`` where the twin is of other sizes than the profile.
        """
        for place, view in enumerate(VIEWS):
            spread = scores[:, place].std(axis=0).clip(1e-6)
            self.towers[view].linear.components.set(twin.mean[place], twin.axes[place], spread)

    def condense(self, added: Mapping[str, np.ndarray], seed: int = 0) -> None:
        """Keep of each view's ``added`` (n, cells * D) of training people its first components, of unit
        variance: the network's map is wide, and its directions that hardly differ between hearts are noise
        to a linear readout.
        """
        for view in VIEWS:
            tower = self.towers[view]
            kept = len(tower.condensed.spread)
            if len(added[view]) <= kept:
                raise ValueError(
                    f"{len(added[view])} people cannot span {kept} components: give more people, or set "
                    f"cmr_encoder: condensed below {len(added[view])}"
                )
            fit = PCA(kept, svd_solver="randomized", random_state=seed).fit(added[view])
            spread = np.sqrt(fit.explained_variance_).clip(1e-6)
            tower.condensed.set(fit.mean_, fit.components_, spread)

    def encode(self, cine: Tensor, view: str) -> Tensor:
        """Features (B, :attr:`feature_width`) of ``cine`` (B, T, H, W): components, then what is added."""
        return self._tower(view)(cine)

    def embedder(self, view: str) -> BesideTwin:
        """What of one view is fine-tuned: its cine to (B, ``width``), the network's map whole."""
        tower = self._tower(view)
        return BesideTwin(tower.linear, tower.encoder)

    def pooled(self, cine: Tensor, view: str) -> Tensor:
        """One mean over all cells of the network's map (B, D), which forgets where in the heart it was."""
        return self._tower(view).encoder(cine).mean(dim=1)

    def _tower(self, view: str) -> Tower:
        if view not in VIEWS:
            raise ValueError(f"unknown view {view!r}: choose one of {', '.join(VIEWS)}")
        return self.towers[view]


def standardised(rows: Tensor) -> Tensor:
    """Each column of (n, d) with mean 0 and variance 1 over the rows: batch normalisation without weights, as
    in the heads of MoCo v3 (Chen 2021).

    What all hearts share is most of a projection; unless it is taken out, all directions are nearly equal and
    the gradient of the contrast all but vanishes.
    """
    return (rows - rows.mean(dim=0)) / rows.var(dim=0, unbiased=False).add(1e-5).sqrt()


def _convolved(inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> tuple[nn.Module, ...]:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return convolution, nn.BatchNorm2d(outputs), nn.ReLU()
