"""Cross-attention clip by clip equals the library's own, frame by frame with repeated context."""

import pytest
import torch
from diffusers.models.attention_processor import AttnProcessor2_0

from cardiacnets.models import build
from cardiacnets.models.ecg_attention import EcgContext


@pytest.fixture(scope="module")
def diffusion():
    torch.manual_seed(0)
    return build("diffusion", "smoke").eval()


def _inputs(width):
    generator = torch.Generator().manual_seed(1)
    noisy = torch.randn(3, 4, 4, 4, 4, generator=generator)
    return noisy, torch.tensor([10, 500, 999]), torch.randn(3, 36, width, generator=generator)


def test_equals_the_library(diffusion):
    noisy, steps, tokens = _inputs(diffusion.condition.project.in_features)
    ours = diffusion.network.attn_processors
    found = diffusion.denoise(noisy, steps, EcgContext(tokens))
    diffusion.network.set_attn_processor(AttnProcessor2_0())
    expected = diffusion.network(noisy, steps, tokens).sample
    diffusion.network.set_attn_processor(ours)
    assert torch.allclose(found, expected, atol=1e-5)
    assert not torch.allclose(found, diffusion.denoise(noisy, steps, EcgContext(tokens + 1)), atol=1e-5)


def test_keys_and_values_are_computed_once_a_clip(diffusion):
    noisy, steps, tokens = _inputs(diffusion.condition.project.in_features)
    crossing = [
        layer.to_k
        for name, layer in diffusion.network.named_modules()
        if name.endswith(".attentions.0.transformer_blocks.0.attn2")
    ]
    calls = []
    hooks = [layer.register_forward_hook(lambda *_: calls.append(1)) for layer in crossing]
    kept, fresh = EcgContext(tokens, reuse=True), EcgContext(tokens)
    first, second = (diffusion.denoise(noisy, steps, kept) for _ in range(2))
    assert len(crossing) > 0 and len(calls) == len(crossing)
    assert torch.equal(first, second)
    assert torch.equal(first, diffusion.denoise(noisy, steps, fresh))
    for hook in hooks:
        hook.remove()


def test_what_is_watched_is_the_attention_that_mixes(diffusion):
    noisy, steps, tokens = _inputs(diffusion.condition.project.in_features)
    watched, queries = EcgContext(tokens, watch=True), {}
    layers = {
        layer: layer.to_q.register_forward_hook(lambda module, _, out: queries.setdefault(module, out))
        for name, layer in diffusion.network.named_modules()
        if name.endswith(".transformer_blocks.0.attn2")
    }
    unwatched = diffusion.denoise(noisy, steps, EcgContext(tokens))
    assert torch.equal(diffusion.denoise(noisy, steps, watched), unwatched)
    assert len(watched.seen) > 1 and set(watched.seen) < set(layers)  # the temporal ones do not see the ECG
    for layer, seen in watched.seen.items():
        query = queries[layer.to_q].reshape(len(tokens), -1, layer.to_q.out_features)  # (B, T * L, C)
        query = query.unflatten(-1, (layer.heads, -1))
        key = layer.to_k(tokens).unflatten(-1, (layer.heads, -1))
        scores = torch.einsum("blhc,bnhc->bhln", query, key) / query.shape[-1] ** 0.5
        assert torch.allclose(seen, scores.softmax(-1).mean(1), atol=1e-5)
    for hook in layers.values():
        hook.remove()
