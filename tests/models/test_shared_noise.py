"""What two views of one heart share, from hearts made by hand."""

import pytest
import torch

from cardiacnets.models.shared_noise import SharedNoise

PEOPLE, COUNT = 4000, 6


def _generator(seed):
    return torch.Generator().manual_seed(seed)


def _axes(numbers, seed):
    return torch.linalg.qr(torch.randn(numbers, COUNT, generator=_generator(seed))).Q.T


@pytest.fixture
def hearts():
    """Scores whose first component is one cause of both views (r = .8), the third of one the second of the
    other's (r = -.5), and nothing else in common.
    """
    first, second = torch.randn(2, PEOPLE, COUNT, generator=_generator(1))
    second[:, 0] = 0.8 * first[:, 0] + 0.6 * second[:, 0]
    second[:, 1] = -0.5 * first[:, 2] + 0.75**0.5 * second[:, 1]
    return first * torch.tensor([9.0, 4, 3, 2, 1, 1]), second


def test_what_is_shared_is_found_and_nothing_else(hearts):
    axes = _axes(40, 2), _axes(50, 3)
    found = SharedNoise.fit(hearts, axes)
    assert found.shared.tolist() == pytest.approx([0.8, 0.5], abs=0.03)
    for rows, own in ((found.first, axes[0]), (found.second, axes[1])):
        assert torch.allclose(rows @ rows.T, torch.eye(2), atol=1e-5)
        assert torch.allclose(rows @ own.T @ own, rows, atol=1e-5)  # within the components
    # the first directions are the components that share a cause, up to a sign
    assert (found.first[0] @ axes[0][0]).abs() > 0.99 and (found.second[0] @ axes[1][0]).abs() > 0.99


def test_either_noise_stays_standard_normal_and_they_share_as_hearts_do(hearts):
    axes = _axes(40, 2), _axes(50, 3)
    found = SharedNoise.fit(hearts, axes)
    first, own = (
        torch.randn(PEOPLE, 2, 20, generator=_generator(4)),
        torch.randn(PEOPLE, 2, 25, generator=_generator(5)),
    )
    told = found(first, own)
    assert told.shape == own.shape
    flat, others = told.flatten(1), first.flatten(1)
    covariance = flat.T @ flat / PEOPLE
    # 4,000 draws: the deviation of a covariance is .016, of a variance .022
    assert (covariance - torch.eye(50)).abs().max() < 0.1
    cross = (axes[0] @ others.T) @ (flat @ axes[1].T) / PEOPLE
    assert cross[0, 0].item() == pytest.approx(0.8, abs=0.05)
    assert cross[2, 1].item() == pytest.approx(-0.5, abs=0.06)
    assert (told - own).abs().max() > 0.5


def test_views_without_anything_in_common_keep_their_own_noise():
    scores = torch.randn(2, PEOPLE, COUNT, generator=_generator(6))
    found = SharedNoise.fit((scores[0], scores[1]), (_axes(40, 2), _axes(50, 3)))
    assert len(found.shared) == 0
    own = torch.randn(3, 50, generator=_generator(7))
    assert torch.equal(found(torch.randn(3, 40), own), own)


def test_too_few_people_and_unlike_scores_are_refused():
    axes = _axes(40, 2), _axes(50, 3)
    with pytest.raises(ValueError, match="23 people cannot tell what 6 components"):
        SharedNoise.fit((torch.zeros(23, COUNT), torch.zeros(23, COUNT)), axes)
    with pytest.raises(ValueError, match="must be alike"):
        SharedNoise.fit((torch.zeros(30, 5), torch.zeros(30, COUNT)), axes)
