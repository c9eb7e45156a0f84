"""Frames to latents and back."""

from dataclasses import replace

import pytest
import torch

from cardiacnets.models.video_autoencoder import VideoAutoencoder
from cardiacnets.profile import load_profile

SIZES = load_profile("smoke").diffusion


@pytest.fixture(scope="module")
def autoencoder():
    torch.manual_seed(0)
    return VideoAutoencoder(SIZES).eval()


def _cines(batch=5, frames=3):
    generator = torch.Generator().manual_seed(1)
    return torch.rand(batch, frames, SIZES.pixels, SIZES.pixels, generator=generator)


def test_every_frame_is_encoded_by_itself(autoencoder):
    cines = _cines()
    latents = autoencoder.encode(cines)
    assert latents.shape == (5, SIZES.latent_channels, 3, SIZES.pixels // 8, SIZES.pixels // 8)
    assert torch.allclose(latents[2, :, 1], autoencoder.encode(cines[2:3, 1:2])[0, :, 0], atol=1e-5)
    decoded = autoencoder.decode(latents)
    assert decoded.shape == cines.shape and 0 <= decoded.min() and decoded.max() <= 1


def test_measured_scale_gives_latents_unit_spread(autoencoder):
    scale = autoencoder.measure_scale(_cines())
    assert scale == pytest.approx(float(autoencoder.scale))
    assert autoencoder.encode(_cines()).std().item() == pytest.approx(1, rel=1e-4)
    before = autoencoder.decode(autoencoder.encode(_cines()))
    autoencoder.scale.mul_(2)  # the scale cancels between encoding and decoding
    assert torch.allclose(autoencoder.decode(autoencoder.encode(_cines())), before, atol=1e-5)


def test_a_grey_frame_is_repeated_for_pretrained_colours():
    torch.manual_seed(0)
    colour = VideoAutoencoder(replace(SIZES, pretrained_vae="a folder"))
    assert colour.vae.config.in_channels == 3
    assert colour.decode(colour.encode(_cines(1))).shape == _cines(1).shape


def test_a_few_steps_lower_the_loss():
    torch.manual_seed(0)
    ramp = torch.linspace(0, 1, SIZES.pixels).expand(SIZES.pixels, -1)
    autoencoder, frames = VideoAutoencoder(SIZES), torch.stack([ramp, ramp.T, 1 - ramp, 1 - ramp.T])
    optimizer = torch.optim.AdamW(autoencoder.parameters(), lr=2e-3)
    losses = []
    for _ in range(25):
        loss = autoencoder(frames)
        optimizer.zero_grad()
        loss["loss"].backward()
        optimizer.step()
        losses.append(loss["l1"].item())
    assert losses[-1] < 0.8 * losses[0]


def test_pixels_that_cannot_be_halved_are_refused():
    with pytest.raises(ValueError, match="36 pixels cannot be halved 3 times"):
        VideoAutoencoder(replace(SIZES, pixels=36))
