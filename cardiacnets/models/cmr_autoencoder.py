"""Self-supervision of cine CMR: rebuild hidden cells of each view, and recognise the two views of one heart.

``sax``, ``lax (B, T, H, W)`` in [0, 1]: short-axis and four-chamber cines of the same hearts. Three losses of
the study: reconstruction of each view, and the SAX-LAX contrast (arXiv 2411.13602; GreenMIM, Huang 2022).
"""

from __future__ import annotations

import torch
from timm.models.vision_transformer import Block
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from cardiacnets import study
from cardiacnets.models.contrast import symmetric_info_nce
from cardiacnets.models.gathering import gather_rows
from cardiacnets.models.masked_swin import MaskedSwin
from cardiacnets.profile import CmrAutoencoder as Sizes
from cardiacnets.profile import Profile

VIEWS = tuple(study.VIEWS)


def draw_visible(
    batch: int, grid: int, mask_ratio: float, generator: torch.Generator | None, device: torch.device | str
) -> Tensor:
    """A random mask for each sample, shared by its frames: ``visible`` (B, grid, grid), True where seen.

    Every sample keeps floor(cells x (1 - mask_ratio)) cells, at least one. Drawn on the generator's device.
    """
    cells = grid * grid
    kept = max(1, int(cells * (1 - mask_ratio)))
    noise = torch.rand(batch, cells, generator=generator, device=generator.device if generator else device)
    visible = torch.zeros(batch, cells, dtype=torch.bool, device=device)
    visible.scatter_(1, noise.argsort(1)[:, :kept].to(device), True)
    return visible.view(batch, grid, grid)


class Tower(nn.Module):
    """One view: the masked Swin, a light transformer that fills in hidden cells, and a projection."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.encoder = MaskedSwin(sizes)
        self.mask_ratio = sizes.mask_ratio
        cells, width, latent = self.encoder.grid**2, sizes.decoder_width, self.encoder.width
        self.embed = nn.Linear(latent, width)
        self.hidden = nn.Parameter(torch.zeros(1, 1, width))
        self.position = nn.Parameter(torch.randn(1, cells, width) * 0.02)
        blocks = (Block(width, sizes.decoder_heads, qkv_bias=True) for _ in range(sizes.decoder_depth))
        self.decoder = nn.Sequential(*blocks)
        cell_pixels = sizes.frames * self.encoder.cell**2
        self.pixels = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, cell_pixels))
        self.projection = nn.Sequential(nn.LayerNorm(latent), nn.Linear(latent, sizes.projection))

    def rebuild(self, latents: Tensor, visible: Tensor) -> Tensor:
        """All cells' pixels (B, cells, T * cell * cell) from the latents (B, K, D) of the visible ones."""
        seen = visible.flatten(1)[..., None]  # (B, cells, 1)
        tokens = self.hidden.expand(*seen.shape[:2], -1)
        # autocast may hand the embedding over in half precision, the mask token is float32
        tokens = tokens.masked_scatter(seen, self.embed(latents).to(tokens.dtype))
        return self.pixels(self.decoder(tokens + self.position))

    def forward(self, cine: Tensor, visible: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Masked pass: reconstruction loss, mean visible latent (B, D), rebuilt cells."""
        latents = self.encoder.visible_latents(cine, visible)
        rebuilt = self.rebuild(latents, visible)
        error = (rebuilt - self.to_cells(cine)).square().mean(-1)  # (B, cells)
        return error[~visible.flatten(1)].mean(), latents.mean(1), rebuilt

    def draw_mask(self, cine: Tensor, generator: torch.Generator | None) -> Tensor:
        """Random visible cells (B, grid, grid) for each clip of ``cine``."""
        return draw_visible(len(cine), self.encoder.grid, self.mask_ratio, generator, cine.device)

    def to_cells(self, cine: Tensor) -> Tensor:
        """A cine (B, T, H, W) as cells (B, cells, T * cell * cell)."""
        grid, cell = self.encoder.grid, self.encoder.cell
        cells = cine.unflatten(2, (grid, cell)).unflatten(4, (grid, cell))  # (B, T, g, cell, g, cell)
        return cells.permute(0, 2, 4, 1, 3, 5).flatten(1, 2).flatten(2)

    def to_cine(self, cells: Tensor) -> Tensor:
        """Cells (B, cells, T * cell * cell) as a cine (B, T, H, W); the inverse of :meth:`to_cells`."""
        grid, cell = self.encoder.grid, self.encoder.cell
        cine = cells.unflatten(2, (-1, cell, cell)).unflatten(1, (grid, grid))  # (B, g, g, T, cell, cell)
        return cine.permute(0, 3, 1, 4, 2, 5).flatten(4, 5).flatten(2, 3)


def means_of_parts(latents: Tensor, side: int) -> Tensor:
    """Means (B, D * side * side) of the cells' latents (B, cells, D) over each part of a square grid.

    ``side`` 1 is one mean over all cells, as published; corrected, parts keep where in the heart it is.
    """
    if side == 1:
        return latents.mean(1)
    cells = round(latents.shape[1] ** 0.5)
    pictures = latents.transpose(1, 2).unflatten(2, (cells, cells))  # (B, D, cells, cells)
    return adaptive_avg_pool2d(pictures, side).flatten(1)  # (B, D, side, side) -> (B, D * side * side)


class MeansOfParts(nn.Module):
    """One view's cine as the means of its latents over each part of a square grid: (B, D * side * side)."""

    def __init__(self, encoder: MaskedSwin, side: int) -> None:
        super().__init__()
        self.encoder, self.side, self.width = encoder, side, encoder.width * side**2

    def forward(self, one_view: Tensor) -> Tensor:
        """Features of ``one_view`` (B, T, H, W), nothing hidden."""
        return means_of_parts(self.encoder(one_view), self.side)


class CmrAutoencoder(nn.Module):
    """Two unshared towers, three losses."""

    def __init__(self, profile: Profile) -> None:
        super().__init__()
        sizes = profile.cmr_autoencoder
        self.towers = nn.ModuleDict({view: Tower(sizes) for view in VIEWS})
        self.temperature, self.contrast_weight = sizes.temperature, sizes.contrast_weight
        self.width = self.towers["sax"].encoder.width
        self.feature_grid = sizes.feature_grid
        self.feature_width = self.width_of(profile)

    @staticmethod
    def width_of(profile: Profile) -> int:
        """Features of one view at the sizes of ``profile``."""
        sizes = profile.cmr_autoencoder
        return sizes.width * 2 ** (len(sizes.depths) - 1) * sizes.feature_grid**2

    def forward(
        self,
        sax: Tensor,
        lax: Tensor,
        generator: torch.Generator | None = None,
        visible: tuple[Tensor, Tensor] | None = None,
    ) -> dict[str, Tensor]:
        """``loss`` of a batch = ``sax_reconstruction`` + ``lax_reconstruction`` + weight x ``contrast``.

        Reconstruction is the mean squared error over hidden cells; contrast is the symmetric InfoNCE of the
        projected mean visible latents. ``visible``: the masks of both views, else ``generator`` draws them
        (None: torch's own). Raises ``ValueError`` if a heart lacks a view.
        """
        if len(sax) != len(lax):
            raise ValueError(
                f"every heart needs both views, found {len(sax)} sax and {len(lax)} lax cines: leave out "
                "participants with one view"
            )
        sax_visible, lax_visible = visible or self.draw_masks(sax, lax, generator)
        sax_error, sax_latent, _ = self.towers["sax"](sax, sax_visible)
        lax_error, lax_latent, _ = self.towers["lax"](lax, lax_visible)
        sax_projected = gather_rows(self.towers["sax"].projection(sax_latent))
        lax_projected = gather_rows(self.towers["lax"].projection(lax_latent))
        contrast = symmetric_info_nce(sax_projected, lax_projected, self.temperature)
        parts = {"sax_reconstruction": sax_error, "lax_reconstruction": lax_error, "contrast": contrast}
        return {"loss": sax_error + lax_error + self.contrast_weight * contrast, **parts}

    def draw_masks(
        self, sax: Tensor, lax: Tensor, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """Random visible cells (B, grid, grid) of both views, each clip its own."""
        views = zip(VIEWS, (sax, lax), strict=True)
        sax_visible, lax_visible = (self.towers[view].draw_mask(cine, generator) for view, cine in views)
        return sax_visible, lax_visible

    def encode(self, cine: Tensor, view: str) -> Tensor:
        """Features (B, :attr:`feature_width`) of ``cine`` (B, T, H, W), nothing hidden."""
        return self.embedder(view)(cine)

    def embedder(self, view: str) -> MeansOfParts:
        """What of one view is fine-tuned: its cine to :meth:`encode`'s features, without the decoder."""
        return MeansOfParts(self._tower(view).encoder, self.feature_grid)

    def pooled(self, cine: Tensor, view: str) -> Tensor:
        """One mean over all cells (B, D) of ``cine`` (B, T, H, W), as published, whatever the grid is."""
        return self._tower(view).encoder(cine).mean(dim=1)

    def reconstruct(
        self, cine: Tensor, view: str, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """What the model makes of what it sees: a cine (B, T, H, W), and (B, H, W), True where it was hidden.

        Visible cells are shown as they are: they are not trained.
        """
        tower = self._tower(view)
        visible = tower.draw_mask(cine, generator)
        rebuilt = tower(cine, visible)[2]
        hidden = ~visible.repeat_interleave(tower.encoder.cell, 1).repeat_interleave(tower.encoder.cell, 2)
        return torch.where(hidden[:, None], tower.to_cine(rebuilt), cine), hidden

    def _tower(self, view: str) -> Tower:
        if view not in VIEWS:
            raise ValueError(f"unknown view {view!r}: choose one of {', '.join(VIEWS)}")
        return self.towers[view]
