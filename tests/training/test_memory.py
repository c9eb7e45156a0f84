"""Gradient checkpointing: the same gradients, fewer activations kept."""

from dataclasses import replace

import pytest
import torch

from cardiacnets.models import build
from cardiacnets.profile import load_profile
from cardiacnets.training.memory import recompute

PROFILE = load_profile("smoke")
# deep enough that blocks, not the embeddings around them, hold most activations
DEEP = replace(
    PROFILE,
    ecg_encoder=replace(PROFILE.ecg_encoder, depth=6, dropout=0.1),
    cmr_autoencoder=replace(PROFILE.cmr_autoencoder, depths=(3, 3)),
)


def _loss(kind, model):
    generator = torch.Generator().manual_seed(1)
    if kind == "ecg_encoder":
        return model(torch.randn(4, 12, PROFILE.ecg_input.samples, generator=generator)).square().mean()
    if kind == "cmr_autoencoder":
        sizes = PROFILE.cmr_autoencoder
        cines = torch.rand(2, 4, sizes.frames, sizes.pixels, sizes.pixels, generator=generator)
        return model(*cines, generator)["loss"]
    sizes = PROFILE.diffusion
    side = sizes.pixels // model.autoencoder.factor
    latents = torch.randn(2, sizes.latent_channels, sizes.frames, side, side, generator=generator)
    tokens = torch.randn(2, *model.condition.mean.shape, generator=generator)
    return model(latents, tokens, generator)["loss"]


def _gradients_and_kept(kind, model):
    """All gradients, and how many numbers were kept for the backward pass."""
    kept = 0

    def pack(tensor):
        nonlocal kept
        kept += tensor.numel()
        return tensor

    torch.manual_seed(2)  # dropout
    model.zero_grad()
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss = _loss(kind, model)
    loss.backward()
    grads = [parameter.grad.flatten() for parameter in model.parameters() if parameter.grad is not None]
    return torch.cat(grads), kept


# the U-Net's blocks hand their results to the other side, where they are kept in any case
@pytest.mark.parametrize(
    ("kind", "share"), [("ecg_encoder", 0.6), ("cmr_autoencoder", 0.6), ("diffusion", 0.9)]
)
def test_gradients_are_the_same_and_less_is_kept(kind, share):
    torch.manual_seed(0)
    model = build(kind, DEEP).train()
    plain, kept = _gradients_and_kept(kind, model)
    recompute(model, True)
    again, kept_less = _gradients_and_kept(kind, model)
    recompute(model, False)
    assert torch.allclose(plain, again, rtol=1e-4, atol=1e-6)
    assert kept_less < share * kept
    assert _gradients_and_kept(kind, model)[1] == kept
