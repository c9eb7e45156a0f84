"""Alignment: the ECG encoder learns to land where the frozen CMR features of the same heart lie.

``sax_features``, ``lax_features (B, D)``: means of the frozen masked Swin's latents, computed once and
kept.
"""

from __future__ import annotations

from torch import Tensor, nn

from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.models.contrast import symmetric_info_nce
from cardiacnets.models.gathering import gather_rows
from cardiacnets.profile import Profile


class Aligner(nn.Module):
    """ECG encoder and one projection head a modality: LayerNorm, then linear.

    ``encoder``: one of ECGs, with its ``width``; ``cmr_width``: D of the CMR features. As published
    (``cmr_heads: random``) the CMR heads keep their random start; corrected (``trained``) they learn with the
    rest.
    """

    def __init__(self, profile: Profile, encoder: nn.Module, cmr_width: int) -> None:
        super().__init__()
        settings = profile.alignment
        self.temperature = settings.temperature
        self.encoder = encoder
        self.ecg_head = _projection(self.encoder.width, settings.projection)
        self.cmr_heads = nn.ModuleDict({view: _projection(cmr_width, settings.projection) for view in VIEWS})
        if settings.cmr_heads == "random":
            self.cmr_heads.requires_grad_(False)

    def forward(
        self, ecg: Tensor, sax_features: Tensor, lax_features: Tensor, covariates: Tensor | None = None
    ) -> dict[str, Tensor]:
        """The losses of a batch of B hearts: ``loss`` = ``sax`` + ``lax``, each a symmetric InfoNCE.

        ``ecg`` (B, 12, T); features (B, D); ``covariates`` (B, c) or None.
        """
        hearts = gather_rows(self.embed_ecg(ecg, covariates))
        sax = symmetric_info_nce(hearts, gather_rows(self.embed_cmr(sax_features, "sax")), self.temperature)
        lax = symmetric_info_nce(hearts, gather_rows(self.embed_cmr(lax_features, "lax")), self.temperature)
        return {"loss": sax + lax, "sax": sax, "lax": lax}

    def embed_ecg(self, ecg: Tensor, covariates: Tensor | None = None) -> Tensor:
        """ECG (B, 12, T) in the shared space (B, P)."""
        return self.ecg_head(self.encoder(ecg, covariates))

    def embed_cmr(self, features: Tensor, view: str) -> Tensor:
        """CMR features (B, D) of ``view`` in the shared space (B, P)."""
        if view not in VIEWS:
            raise ValueError(f"unknown view {view!r}: choose one of {', '.join(VIEWS)}")
        return self.cmr_heads[view](features)


def _projection(width: int, projection: int) -> nn.Sequential:
    return nn.Sequential(nn.LayerNorm(width), nn.Linear(width, projection))
