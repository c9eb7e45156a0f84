"""The grouped encoder equals a dense one that ignores hidden tokens, and timm's where none is hidden."""

from dataclasses import replace

import pytest
import torch

from cardiacnets.models.cmr_autoencoder import draw_visible
from cardiacnets.models.masked_swin import MaskedSwin
from cardiacnets.profile import load_profile

BASE = load_profile("smoke").cmr_autoencoder
SIZES = {
    # two windows a side, shifted in the second block, then one window
    "two stages": replace(BASE, pixels=48, frames=3, window=6, width=8, depths=(2, 2), heads=(1, 2)),
    # as in the study: 28, 14 and 7 tokens a side, window 7
    "three stages": replace(BASE, pixels=112, frames=2, window=7, width=8, depths=(2, 2, 2), heads=(1, 2, 4)),
}


@pytest.fixture(params=SIZES)
def encoder(request):
    torch.manual_seed(0)
    model = MaskedSwin(SIZES[request.param])
    for name, parameter in model.named_parameters():
        if "relative_position_bias_table" in name:
            torch.nn.init.normal_(parameter)  # so that a wrong relative position would show
    return model


def _cine(encoder, batch=3):
    shape = (batch, encoder.frames, encoder.pixels, encoder.pixels)
    return torch.rand(shape, generator=torch.Generator().manual_seed(1))


def _visible(encoder, batch=3):
    return draw_visible(batch, encoder.grid, 0.6, torch.Generator().manual_seed(2), "cpu")


def dense_reference(encoder, cine, visible):
    """All tokens through timm's own modules; attention just gives hidden tokens no weight."""
    swin = encoder.swin
    x = swin.patch_embed(cine)  # (B, H, W, C)
    for stage in swin.layers:
        x = stage.downsample(x)
        side = x.shape[1]
        seen = visible.repeat_interleave(side // encoder.grid, 1).repeat_interleave(side // encoder.grid, 2)
        for block in stage.blocks:
            x = x + _dense_attention(block, block.norm1(x), seen)
            x = x + block.mlp(block.norm2(x))
    return swin.norm(x)[visible].view(len(cine), -1, encoder.width)


def _dense_attention(block, x, seen):
    batch, side, _, channels = x.shape
    window, shift, heads = block.window_size[0], block.shift_size[0], block.attn.num_heads
    x, seen = (torch.roll(part, (-shift, -shift), (1, 2)) for part in (x, seen))

    def windows(part):
        part = part.view(batch, side // window, window, side // window, window, -1)
        return part.permute(0, 1, 3, 2, 4, 5).reshape(batch, -1, window * window, part.shape[-1])

    q, k, v = windows(block.attn.qkv(x)).unflatten(-1, (3, heads, -1)).permute(3, 0, 1, 4, 2, 5)
    score = q * block.attn.scale @ k.transpose(-1, -2) + block.attn._get_rel_pos_bias()
    if block.attn_mask is not None:
        score = score + block.attn_mask[:, None]
    hidden = ~windows(seen[..., None])[..., 0]  # (B, windows, tokens)
    # a window without visible tokens has no softmax; nothing reads its result
    score = score.masked_fill(hidden[:, :, None, None], -1e9)
    y = block.attn.proj((score.softmax(-1) @ v).transpose(2, 3).flatten(3))
    y = y.view(batch, side // window, side // window, window, window, channels).permute(0, 1, 3, 2, 4, 5)
    return torch.roll(y.reshape(batch, side, side, channels), (shift, shift), (1, 2))


def test_grouped_equals_dense_reference(encoder):
    cine, visible = _cine(encoder), _visible(encoder)
    grouped, dense = encoder.visible_latents(cine, visible), dense_reference(encoder, cine, visible)
    assert torch.allclose(grouped, dense, atol=1e-4)


def test_gradients_equal_the_dense_reference(encoder):
    cine, visible = _cine(encoder), _visible(encoder)
    weight = torch.randn(encoder.visible_latents(cine, visible).shape)
    gradients = []
    for latents in (encoder.visible_latents(cine, visible), dense_reference(encoder, cine, visible)):
        encoder.zero_grad()
        (latents * weight).sum().backward()
        gradients.append(torch.cat([parameter.grad.flatten() for parameter in encoder.parameters()]))
    assert torch.allclose(*gradients, rtol=1e-3, atol=1e-3)  # float32 sums over thousands of tokens


def test_nothing_hidden_is_timm(encoder):
    cine = _cine(encoder)
    everything = torch.ones(len(cine), encoder.grid, encoder.grid, dtype=torch.bool)
    assert torch.allclose(encoder.visible_latents(cine, everything), encoder(cine), atol=1e-4)


def test_hidden_pixels_have_no_influence(encoder):
    cine, visible = _cine(encoder), _visible(encoder)
    hidden = ~visible.repeat_interleave(encoder.cell, 1).repeat_interleave(encoder.cell, 2)
    other = torch.where(hidden[:, None], torch.rand_like(cine), cine)
    before, after = (encoder.visible_latents(movie, visible) for movie in (cine, other))
    assert torch.equal(before, after)


@pytest.mark.parametrize(("change", "reason"), [({"pixels": 50}, "cells of 8"), ({"pixels": 56}, "window 4")])
def test_sizes_that_do_not_fit_are_refused(change, reason):
    with pytest.raises(ValueError, match=reason):
        MaskedSwin(replace(BASE, **change))


def test_wrong_frame_count_is_refused(encoder):
    with pytest.raises(ValueError, match="cine must be"):
        encoder(_cine(encoder)[:, :1])
