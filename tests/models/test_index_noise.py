"""Noise that indices follow, from hearts made by hand: an index that both views show, one that none does."""

import numpy as np
import pytest
import torch

from cardiacnets.models.index_noise import IndexNoise

PEOPLE, COUNT = 3000, 6


@pytest.fixture
def hearts():
    """Scores of two views; the first index is the second component of one view and the fourth of the other,
    in units of people; the second index is nothing but noise, and often unknown.
    """
    random = np.random.default_rng(1)
    first, second, off = random.normal(size=(3, PEOPLE, COUNT))
    known = np.stack([70 + 9 * (first[:, 1] - second[:, 3]) + off[:, 0], off[:, 1]], axis=1)
    known[::3, 1] = np.nan
    return (first * [9, 4, 3, 2, 1, 1], second[:, :5] * [5, 4, 3, 2, 1]), known


def axes_of(numbers, count, seed):
    drawn = torch.randn(numbers, count, generator=torch.Generator().manual_seed(seed))
    return torch.linalg.qr(drawn).Q.T


def test_the_direction_that_an_index_follows_is_found_in_each_view(hearts):
    scores, known = hearts
    axes = axes_of(40, COUNT, 2), axes_of(50, COUNT - 1, 3)
    for found, own, place in zip(IndexNoise.fit(scores, axes, known[:, :1]), axes, (1, 3), strict=True):
        assert found.axes.shape == (1, own.shape[1])
        assert (found.axes[0] @ own[place]).abs() > 0.99


def test_noise_loses_its_share_there_and_nothing_elsewhere(hearts):
    scores, known = hearts
    (found, _) = IndexNoise.fit(scores, (axes_of(40, COUNT, 2), axes_of(50, COUNT - 1, 3)), known)
    assert torch.allclose(found.axes @ found.axes.T, torch.eye(len(found.axes)), atol=1e-5)
    noise = torch.randn(5, 4, 10, generator=torch.Generator().manual_seed(4))
    for share in (0.0, 0.3, 1.0):
        kept = found(noise, share)
        along, before = (part.flatten(1) @ found.axes.T for part in (kept, noise))
        assert torch.allclose(along, share * before, atol=1e-5)
        rest = (kept - noise).flatten(1)
        assert torch.allclose(rest, rest @ found.axes.T @ found.axes, atol=1e-5)


def test_unlike_numbers_of_people_are_refused(hearts):
    scores, known = hearts
    with pytest.raises(ValueError, match="of the same people are needed, not 2999 indices"):
        IndexNoise.fit(scores, (axes_of(40, COUNT, 2), axes_of(50, COUNT - 1, 3)), known[1:])
