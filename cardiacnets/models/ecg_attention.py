"""Cross-attention from every frame of a movie to one ECG, without repeating the ECG.

The library's own attention copies the ECG tokens for each frame and projects the copies to keys and values in
every layer, frame and sampling step. But all frames of a clip look at the same ECG, and it does not change
while a movie is drawn: so the queries of all frames form one sequence, and keys and values are computed once
a clip.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch.nn.functional as F
from diffusers.models.attention_processor import Attention
from torch import Tensor


@dataclass
class EcgContext:
    """ECG tokens (B, N, D) to attend to.

    ``reuse`` keeps each layer's keys and values (sampling only). ``watch`` keeps where each layer looked, in
    ``seen``: (B, T * L, N) a layer, the mean over heads; it sums to 1 over the N tokens.
    """

    tokens: Tensor
    reuse: bool = False
    watch: bool = False
    kept: dict[Attention, tuple[Tensor, Tensor]] = field(default_factory=dict)
    seen: dict[Attention, Tensor] = field(default_factory=dict)

    def keys_values(self, layer: Attention) -> tuple[Tensor, Tensor]:
        """Keys and values (B, N, C) of this ECG in ``layer``."""
        if layer in self.kept:
            return self.kept[layer]
        pair = layer.to_k(self.tokens), layer.to_v(self.tokens)
        if self.reuse:
            self.kept[layer] = pair
        return pair


class FrameAttention:
    """Attention processor for diffusers' video U-Net: plain self-attention, cross-attention clip by clip."""

    def __call__(
        self,
        layer: Attention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
        context: EcgContext | None = None,
    ) -> Tensor:
        """``hidden_states`` (B * T, L, C) attend to ``context`` if ``encoder_hidden_states`` is given."""
        frames, length, _ = hidden_states.shape
        query = layer.to_q(hidden_states)
        if encoder_hidden_states is None:
            key, value = layer.to_k(hidden_states), layer.to_v(hidden_states)
        else:
            key, value = context.keys_values(layer)
            query = query.reshape(len(key), -1, query.shape[-1])  # (B * T, L, C) -> (B, T * L, C)
        query, key, value = (x.unflatten(-1, (layer.heads, -1)).transpose(1, 2) for x in (query, key, value))
        if context is not None and context.watch and encoder_hidden_states is not None:
            # (B, heads, T * L, N) -> (B, T * L, N); the fused attention below does not show its weights
            scores = query @ key.transpose(-2, -1) / query.shape[-1] ** 0.5
            context.seen[layer] = scores.softmax(-1).mean(1)
        mixed = F.scaled_dot_product_attention(query, key, value)  # (B, heads, T * L, C / heads)
        mixed = mixed.transpose(1, 2).reshape(frames, length, -1)
        return layer.to_out[1](layer.to_out[0](mixed))
