"""What a vector leaves out: it is kept, and thrown anew as large as pictures are bright."""

from dataclasses import replace

import pytest
import torch

from cardiacnets.models.detail import Detail
from cardiacnets.models.diffusion import build_autoencoder, load_pretrained_autoencoder
from cardiacnets.profile import load_profile

SIZES = replace(load_profile("smoke").diffusion, pixels=24, patch=4, frames=2, detail_channels=8)


def speckled(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """What was drawn (n, 2, 24, 24), dark to the left and bright to the right, and with speckle that stands
    still and grows with the grey.
    """
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.full((count, 2, 24, 24), 0.1)
    drawn[..., 12:] = 0.6
    return drawn * (1 + 0.1 * torch.randn(count, 1, 24, 24, generator=generator)), drawn


@pytest.fixture(scope="module")
def learned() -> Detail:
    detail = Detail(SIZES)
    cines, drawn = speckled(400, 1)
    detail.fit(cines.split(100), drawn.split(100))
    return detail


def test_own_detail_is_kept(learned):
    cines, drawn = speckled(20, 2)
    kept = learned.rebuild(cines, drawn)
    before, after = (drawn - cines).square().mean(), (kept - cines).square().mean()
    assert after < 0.6 * before  # eight of sixteen places of a block


def test_thrown_detail_is_as_large_as_pictures_are_bright_and_is_nobodys(learned):
    cines, drawn = speckled(200, 3)
    thrown = learned.sample(drawn, 1.0, torch.Generator().manual_seed(4))
    kept = learned.rebuild(cines, drawn)
    for half in (slice(0, 12), slice(12, 24)):
        size, own = ((each - drawn)[..., half].std() for each in (thrown, kept))
        assert size == pytest.approx(float(own), rel=0.25)
    ours, theirs = ((each - drawn).flatten() for each in (cines, thrown))
    assert abs(torch.corrcoef(torch.stack([ours, theirs]))[0, 1]) < 0.02
    apart = thrown[:, 0] - thrown[:, 1]
    assert apart.std() < 0.3 * (thrown - drawn).std()  # speckle stands still
    again = learned.sample(drawn, 1.0, torch.Generator().manual_seed(4))
    assert torch.equal(thrown, again)
    none = learned.sample(drawn, 0.0, torch.Generator().manual_seed(4))
    assert torch.allclose(none, drawn, atol=0.01)  # nothing but the mean of what was left


def test_the_weights_that_ship_keep_most_of_what_vectors_leave_out_of_a_bright_block():
    autoencoder = build_autoencoder(load_profile("quick").diffusion)
    load_pretrained_autoencoder(autoencoder)
    assert (autoencoder.detail.spread[1] > 1).sum() >= 4  # speckle of tissue grows with its signal
