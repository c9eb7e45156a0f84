"""Self-supervision of the ECG alone: hidden patches of a lead are rebuilt from the visible ones.

``ecg (B, 12, T)``: twelve leads on the profile's scale. Only visible tokens pass the encoder; a light decoder
fills in the rest (He 2022, "Masked autoencoders are scalable vision learners"). The study's released code
starts alignment from such an encoder, which the paper does not mention; here it is an option.
"""

from __future__ import annotations

import torch
from timm.models.vision_transformer import Block
from torch import Tensor, nn

from cardiacnets.profile import Profile


class EcgAutoencoder(nn.Module):
    """The ECG encoder, and a decoder that is thrown away after training.

    ``encoder``: without covariates. Raises ``ValueError`` if it cannot leave the hidden tokens out.
    """

    def __init__(self, profile: Profile, encoder: nn.Module) -> None:
        super().__init__()
        sizes = profile.ecg_autoencoder
        if not hasattr(encoder, "visible_tokens"):
            kind = profile.ecg_encoder.kind
            raise ValueError(
                f"profile {profile.name}: ecg_encoder.kind {kind!r} has no visible_tokens, by which "
                "chapter 03 trains a masked autoencoder: write it, as EcgEncoder of "
                "cardiacnets/models/ecg_encoder.py has it"
            )
        self.encoder = encoder
        self.mask_ratio, self.patch = sizes.mask_ratio, profile.ecg_encoder.patch
        leads, times = self.encoder.grid
        self.count, width = leads * times, sizes.decoder_width
        self.embed = nn.Linear(self.encoder.width, width)
        self.hidden = nn.Parameter(torch.zeros(1, 1, width))
        self.position = nn.Parameter(torch.randn(1, self.count, width) * 0.02)
        blocks = (Block(width, sizes.decoder_heads, qkv_bias=True) for _ in range(sizes.decoder_depth))
        self.decoder = nn.Sequential(*blocks)
        self.samples = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, self.patch))

    def draw_visible(self, batch: int, generator: torch.Generator | None = None) -> Tensor:
        """The visible tokens (B, K) int64 of each record, ascending; K = N x (1 - mask_ratio), at least 1."""
        kept = max(1, int(self.count * (1 - self.mask_ratio)))
        device = self.position.device
        where = generator.device if generator else device
        noise = torch.rand(batch, self.count, generator=generator, device=where)
        return noise.argsort(1)[:, :kept].sort(1).values.to(device)

    def forward(self, ecg: Tensor, visible: Tensor | None = None) -> dict[str, Tensor]:
        """``loss``: mean squared error over the hidden patches of ``ecg`` (B, 12, T).

        ``visible`` (B, K): as :meth:`draw_visible` gives them; None draws from torch's own stream.
        """
        visible = self.draw_visible(len(ecg)) if visible is None else visible
        rebuilt = self.rebuild(ecg, visible)
        error = (rebuilt - self.to_patches(ecg)).square().mean(-1)  # (B, N)
        hidden = torch.ones_like(error).scatter(1, visible, 0)
        return {"loss": (error * hidden).sum() / hidden.sum()}

    def rebuild(self, ecg: Tensor, visible: Tensor) -> Tensor:
        """All patches (B, N, patch) as the visible ones (B, K) of ``ecg`` suggest them."""
        latents = self.embed(self.encoder.visible_tokens(ecg, visible))  # (B, K, decoder width)
        # autocast may hand the embedding over in half precision, the mask token is float32
        tokens = self.hidden.expand(len(ecg), self.count, -1)
        index = visible[..., None].expand_as(latents)
        tokens = tokens.scatter(1, index, latents.to(tokens.dtype))
        return self.samples(self.decoder(tokens + self.position))

    def to_patches(self, ecg: Tensor) -> Tensor:
        """``ecg`` (B, 12, T) as patches (B, N, patch), by lead, then time: the order of the tokens."""
        return ecg.unflatten(-1, (-1, self.patch)).flatten(1, 2)  # (B, 12, T / patch, patch)
