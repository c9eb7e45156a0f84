"""The ECG encoder: a vision transformer that reads twelve leads as a one-channel image.

``ecg (B, 12, T)``: twelve leads, T samples each, on the profile's scale. ``token``: one lead during one patch
of time; N = 12 x T / patch, ordered by lead, then time. ``covariates (B, c)``: standardised age, sex and so
on.
"""

from __future__ import annotations

import torch
from timm.models import checkpoint_seq
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn

from cardiacnets.contracts import LEADS
from cardiacnets.profile import Profile


class Modulation(nn.Module):
    """Covariates scale and shift every token (FiLM, Perez 2018).

    ``film`` (corrected): x (1 + gamma) + beta, which starts as the identity. ``non_negative`` (as published):
    gamma x + beta with gamma, beta = ReLU(...) >= 0, which can silence a channel but never invert it.
    """

    def __init__(self, covariates: int, width: int, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.linear = nn.Linear(covariates, 2 * width)
        if kind == "film":
            nn.init.zeros_(self.linear.weight)
            nn.init.zeros_(self.linear.bias)

    def forward(self, tokens: Tensor, covariates: Tensor) -> Tensor:
        """``tokens`` (B, N, D) modulated by ``covariates`` (B, c)."""
        gamma, beta = self.linear(covariates)[:, None].chunk(2, dim=-1)  # (B, 1, D) each
        if self.kind == "film":
            return tokens * (1 + gamma) + beta
        return tokens * gamma.relu() + beta.relu()


class EcgEncoder(nn.Module):
    """Twelve leads to one embedding (and one vector a token).

    ``covariates``: how many are modulated in; 0 builds an encoder that sees the ECG alone. Raises
    ``ValueError`` if the patch does not divide the input.
    """

    def __init__(self, profile: Profile, covariates: int = 0) -> None:
        super().__init__()
        sizes, samples = profile.ecg_encoder, profile.ecg_input.samples
        if samples % sizes.patch:
            raise ValueError(f"ecg_encoder.patch {sizes.patch} does not divide ecg_input.samples {samples}")
        self.samples, self.width, self.covariates = samples, sizes.width, covariates
        self.grid = (len(LEADS), samples // sizes.patch)
        self.transformer = VisionTransformer(
            img_size=(len(LEADS), samples),
            patch_size=(1, sizes.patch),
            in_chans=1,
            num_classes=0,
            embed_dim=sizes.width,
            depth=sizes.depth,
            num_heads=sizes.heads,
            proj_drop_rate=sizes.dropout,
            class_token=sizes.pooling == "cls",
            global_pool="token" if sizes.pooling == "cls" else "avg",
            fc_norm=False,
        )
        self.prefix = self.transformer.num_prefix_tokens
        self.modulation = Modulation(covariates, sizes.width, sizes.modulation) if covariates else None

    def forward(self, ecg: Tensor, covariates: Tensor | None = None) -> Tensor:
        """Embedding (B, D) of ``ecg`` (B, 12, T): the class token, or the mean of all tokens."""
        return self.transformer.pool(self._features(ecg, covariates))

    def tokens(self, ecg: Tensor, covariates: Tensor | None = None) -> Tensor:
        """Normed patch tokens (B, N, D) in (lead, time) order."""
        return self._features(ecg, covariates)[:, self.prefix :]

    def visible_tokens(self, ecg: Tensor, visible: Tensor) -> Tensor:
        """Normed tokens (B, K, D) of the ``visible`` (B, K) patches; the others are not computed at all."""
        self._check(ecg, None)
        first, patches = self.placed(ecg).tensor_split([self.prefix], dim=1)
        seen = patches.gather(1, visible[..., None].expand(-1, -1, self.width))
        x = self.blocks(torch.cat([first, seen], dim=1))
        return self.transformer.norm(x)[:, self.prefix :]

    @property
    def cam_layer(self) -> nn.Module:
        """The layer whose output (B, prefix + N, D) enters the last block: where Grad-CAM looks."""
        return self.transformer.blocks[-1].norm1

    def _features(self, ecg: Tensor, covariates: Tensor | None) -> Tensor:
        """All normed tokens, the class token first where there is one."""
        self._check(ecg, covariates)
        vit = self.transformer
        x = self.blocks(self.placed(ecg))
        if covariates is not None:
            x = self.modulation(x, covariates)
        return vit.norm(x)

    def placed(self, ecg: Tensor) -> Tensor:
        """Patches of ``ecg`` (B, 12, T) with their positions (B, N, D), the class token first if any."""
        return self.transformer._pos_embed(self.transformer.patch_embed(ecg[:, None]))  # (B, 1, 12, T)

    def blocks(self, x: Tensor) -> Tensor:
        """All attention blocks; where checkpointing is on, activations are computed again on the way back."""
        vit = self.transformer
        again = vit.grad_checkpointing and torch.is_grad_enabled()
        return checkpoint_seq(vit.blocks, x) if again else vit.blocks(x)

    def _check(self, ecg: Tensor, covariates: Tensor | None) -> None:
        if ecg.shape[1:] != (len(LEADS), self.samples):
            raise ValueError(f"ecg must be (B, {len(LEADS)}, {self.samples}), found {tuple(ecg.shape)}")
        given = 0 if covariates is None else covariates.shape[-1]
        if given != self.covariates:
            raise ValueError(f"this encoder modulates by {self.covariates} covariates, found {given}")
