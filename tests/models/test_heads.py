"""Downstream heads and their losses, with missing labels."""

import math

import pytest
import torch

from cardiacnets.models import CmrAutoencoder, CmrEmbedding, Downstream, EcgEncoder
from cardiacnets.models.heads import index_loss, screening_loss, subtype_loss
from cardiacnets.profile import load_profile

PROFILE = load_profile("smoke")
ECG = torch.randn(5, 12, PROFILE.ecg_input.samples, generator=torch.Generator().manual_seed(0))


def test_screening_loss_is_cross_entropy_over_known_labels():
    logits, labels = torch.tensor([[0.3], [-1.2], [5.0]]), torch.tensor([1.0, 0.0, math.nan])
    expected = -(math.log(1 / (1 + math.exp(-0.3))) + math.log(1 - 1 / (1 + math.exp(1.2)))) / 2
    assert screening_loss(logits, labels).item() == pytest.approx(expected, rel=1e-6)


def test_subtype_loss_leaves_unknown_out():
    logits = torch.randn(4, 3, generator=torch.Generator().manual_seed(1))
    known = torch.nn.functional.cross_entropy(logits[:2], torch.tensor([2, 0]))
    assert torch.isclose(subtype_loss(logits, torch.tensor([2, 0, -1, -1])), known)


def test_index_loss_ignores_nan_in_value_and_gradient():
    predicted = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    loss = index_loss(predicted, torch.tensor([[0.0, math.nan], [1.0, math.nan]]))
    loss.backward()
    assert loss.item() == pytest.approx((1 + 4) / 2)
    assert predicted.grad.tolist() == [[1.0, 0.0], [2.0, 0.0]]


def test_all_missing_costs_nothing():
    nothing = torch.full((3,), math.nan)
    assert screening_loss(torch.zeros(3, 1), nothing).item() == 0
    assert index_loss(torch.zeros(3, 1), nothing[:, None]).item() == 0
    assert subtype_loss(torch.zeros(3, 3), torch.full((3,), -1)).item() == 0


def test_a_probe_sets_the_first_outputs():
    torch.manual_seed(0)
    model = Downstream(EcgEncoder(PROFILE), outputs=2).eval()
    weight, bias = torch.randn(2, model.encoder.width), torch.randn(2)
    model.start_from_probe(weight, bias)
    assert torch.allclose(model(ECG), model.encoder(ECG) @ weight.T + bias, atol=1e-5)


def test_covariates_reach_the_head():
    torch.manual_seed(0)
    model = Downstream(EcgEncoder(PROFILE, covariates=2), outputs=1).eval()
    age, other = torch.zeros(5, 2), torch.ones(5, 2)
    assert model(ECG, age).shape == (5, 1)
    assert not torch.allclose(model(ECG, age), model(ECG, other))


def test_cmr_supervision_uses_both_views():
    torch.manual_seed(0)
    autoencoder = CmrAutoencoder(PROFILE)
    model = Downstream(CmrEmbedding(autoencoder), outputs=3).eval()
    sizes = PROFILE.cmr_autoencoder
    sax, lax = torch.rand(2, 4, sizes.frames, sizes.pixels, sizes.pixels)
    features = torch.cat([autoencoder.encode(sax, "sax"), autoencoder.encode(lax, "lax")], dim=1)
    assert torch.allclose(model(sax, lax), model.head(features), atol=1e-6)
