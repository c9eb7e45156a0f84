"""Blocks of space and time to latents and back, in closed form, and the weights that ship."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from cardiacnets.models.patch_autoencoder import PatchAutoencoder
from cardiacnets.profile import load_profile

SIZES = replace(
    load_profile("smoke").diffusion, autoencoder="patches", latent_channels=12, pixels=32, frames=4, patch=8
)


def _smooth(people: int, seed: int) -> torch.Tensor:
    """Movies (n, 4, 32, 32) of a few moving waves, which few components can describe."""
    generator = np.random.default_rng(seed)
    x, y = np.meshgrid(np.linspace(0, 2, 32), np.linspace(0, 2, 32))
    shift = generator.uniform(0, 6, (people, 4, 1, 1)).cumsum(1) * 0.05
    along = generator.uniform(0.5, 1.5, (people, 1, 1, 1))
    return torch.from_numpy(0.5 + 0.4 * np.sin(along * x + y + shift)).float()


@pytest.fixture(scope="module")
def fitted() -> PatchAutoencoder:
    model = PatchAutoencoder(SIZES)
    model.fit(_smooth(20, seed=part) for part in range(3))
    return model


def test_what_a_few_components_describe_comes_back(fitted):
    cines = _smooth(5, seed=9)
    latents = fitted.encode(cines)
    assert latents.shape == (5, 12, 1, 4, 4)
    assert (fitted.decode(latents) - cines).abs().max() < 0.02


def test_latents_have_unit_spread_and_larger_components_first(fitted):
    latents = fitted.encode(_smooth(60, seed=1)).transpose(0, 1).flatten(1)
    each = latents.square().mean(1)
    assert each.mean().item() == pytest.approx(1, rel=0.1)
    assert each[0] > each[-1]


def test_neighbours_take_part_in_what_is_drawn(fitted):
    latents = torch.zeros(1, 12, 1, 4, 4)
    latents[0, 0, 0, 1, 1] = 0.3
    change = (fitted.decode(latents) - fitted.decode(torch.zeros_like(latents))).abs().amax((0, 1))
    assert change[8:16, 8:16].max() > 0.01
    assert change[:8, 8:16].max() > 1e-4
    assert change[24:].max() == 0 and change[:, 24:].max() == 0  # two blocks away: none


def test_another_size_of_picture_is_drawn_by_the_same_weights(fitted):
    cines = torch.nn.functional.pad(_smooth(2, seed=3), (0, 16, 0, 16), mode="replicate")
    assert fitted.decode(fitted.encode(cines)).shape == cines.shape


def test_faults_are_named(fitted):
    with pytest.raises(ValueError, match="cines of 3 frames, but diffusion.frames is 4"):
        fitted.encode(torch.zeros(1, 3, 32, 32))
    with pytest.raises(ValueError, match="16 blocks cannot teach 256 numbers each"):
        PatchAutoencoder(SIZES).fit([_smooth(1, seed=1)])
    with pytest.raises(ValueError, match="lax_pixels 36 is not a multiple of patch 8"):
        PatchAutoencoder(replace(SIZES, lax_pixels=36))
