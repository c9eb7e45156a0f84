"""A Swin transformer that computes visible tokens only, in every stage.

``cine (B, T, H, W)``: the frames are the image's channels. The image is masked in cells of patch x 2^(stages
- 1) pixels: one token of the last stage, and a whole square of tokens in every stage before it. ``visible (B,
h, w)``: True where a cell is seen; every sample sees equally many.

The weights are timm's; with nothing hidden, the result is timm's own.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from timm.models.swin_transformer import SwinTransformer, SwinTransformerBlock
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from cardiacnets.models.window_packing import Packing, pack_windows, to_slots, to_tokens
from cardiacnets.profile import CmrAutoencoder

# the order in which timm merges a 2 x 2 square into one token: down first, then right
SQUARE = ((0, 0), (1, 0), (0, 1), (1, 1))


class MaskedSwin(nn.Module):
    """timm's Swin over visible tokens, windows packed across the batch.

    Raises ``ValueError`` if pixels, patch, stages and window do not fit each other.
    """

    def __init__(self, sizes: CmrAutoencoder) -> None:
        super().__init__()
        stages = len(sizes.depths)
        self.patch, self.cell = sizes.patch, sizes.patch * 2 ** (stages - 1)
        if sizes.pixels % self.cell:
            raise ValueError(f"cmr_autoencoder: cells of {self.cell} pixels do not divide {sizes.pixels}")
        for stage in range(stages):
            tokens = sizes.pixels // (sizes.patch * 2**stage)
            if tokens > sizes.window and tokens % sizes.window:
                reason = f"does not divide the {tokens} tokens a side of stage {stage + 1}"
                raise ValueError(f"cmr_autoencoder: window {sizes.window} {reason}")
        self.grid = sizes.pixels // self.cell
        self.frames, self.pixels = sizes.frames, sizes.pixels
        self.width = sizes.width * 2 ** (stages - 1)
        self.swin = SwinTransformer(
            img_size=sizes.pixels,
            patch_size=sizes.patch,
            in_chans=sizes.frames,
            num_classes=0,
            embed_dim=sizes.width,
            depths=sizes.depths,
            num_heads=sizes.heads,
            window_size=sizes.window,
            drop_path_rate=0.0,
        )

    def forward(self, cine: Tensor) -> Tensor:
        """Latents (B, h * w, D) of all cells of ``cine`` (B, T, H, W), nothing hidden: timm's own forward."""
        return self.swin.forward_features(self.checked(cine)).flatten(1, 2)  # (B, h, w, D) -> (B, h * w, D)

    def visible_latents(self, cine: Tensor, visible: Tensor) -> Tensor:
        """Latents (B, K, D) of the K visible cells of each sample, in row-major order."""
        cells = visible.nonzero()  # (B * K, 3): sample, row, column
        layouts = token_layouts(cells, len(self.swin.layers))
        tokens = self._embed(self.checked(cine), layouts[0])
        for stage, layout in zip(self.swin.layers, layouts, strict=True):
            if not isinstance(stage.downsample, nn.Identity):
                squares = tokens.view(len(layout), -1)  # (4 M, C) -> (M, 4 C)
                tokens = stage.downsample.reduction(stage.downsample.norm(squares))  # (M, 2 C)
            packings: dict[tuple[int, int], Packing] = {}
            for block in stage.blocks:
                (window, _), (shift, _) = block.window_size, block.shift_size
                if (window, shift) not in packings:
                    packings[window, shift] = pack_windows(*layout.unbind(1), window, shift)
                arguments = block, tokens, packings[window, shift]
                if stage.grad_checkpointing and torch.is_grad_enabled():
                    tokens = checkpoint(visible_block, *arguments, use_reentrant=False)
                else:
                    tokens = visible_block(*arguments)
        return self.swin.norm(tokens).view(len(cine), -1, self.width)  # (B * K, D) -> (B, K, D)

    def checked(self, cine: Tensor) -> Tensor:
        """``cine`` if it has the profile's frames and pixels; else ``ValueError``."""
        expected = (self.frames, self.pixels, self.pixels)
        if cine.shape[1:] != expected:
            raise ValueError(f"cine must be (B, {', '.join(map(str, expected))}), found {tuple(cine.shape)}")
        return cine

    def _embed(self, cine: Tensor, layout: Tensor) -> Tensor:
        """Visible patches (M, C): the convolution of timm's patch embedding, only where something is seen."""
        embedding, p, side = self.swin.patch_embed, self.patch, self.pixels // self.patch
        patches = cine.view(len(cine), self.frames, side, p, side, p)
        patches = patches.permute(0, 2, 4, 1, 3, 5)  # (B, side, side, T, p, p)
        seen = patches[layout.unbind(1)].flatten(1)  # (M, T * p * p)
        return embedding.norm(F.linear(seen, embedding.proj.weight.flatten(1), embedding.proj.bias))


def token_layouts(cells: Tensor, stages: int) -> list[Tensor]:
    """(sample, row, column) of the visible tokens (M, 3) of each stage, first stage first.

    ``cells`` are the last stage's. Each earlier stage lists the 2 x 2 square of a token in one run of four,
    in timm's order, so that merging patches is a mere view.
    """
    square = torch.tensor([(0, *step) for step in SQUARE], device=cells.device)  # (4, 3)
    scale = torch.tensor([1, 2, 2], device=cells.device)
    layouts = [cells]
    for _ in range(stages - 1):
        layouts.insert(0, (layouts[0][:, None] * scale + square).flatten(0, 1))  # (M, 4, 3) -> (4 M, 3)
    return layouts


def visible_block(block: SwinTransformerBlock, tokens: Tensor, packing: Packing) -> Tensor:
    """One Swin block over visible tokens (M, C): attention among the tokens of a window, then the MLP."""
    attention = block.attn
    qkv = to_slots(attention.qkv(block.norm1(tokens)), packing)  # (G, S, 3 C)
    q, k, v = qkv.unflatten(-1, (3, attention.num_heads, -1)).permute(2, 0, 3, 1, 4)  # (G, heads, S, width)
    unseen = tokens.new_full((1, attention.num_heads), float("-inf"))
    table = torch.cat([attention.relative_position_bias_table, unseen])
    bias = F.embedding(packing.bias_row, table).permute(0, 3, 1, 2)  # (G, S, S, heads) -> (G, heads, S, S)
    mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=bias.to(q.dtype))
    tokens = tokens + attention.proj(to_tokens(mixed.transpose(1, 2).flatten(2), packing))
    return tokens + block.mlp(block.norm2(tokens))
