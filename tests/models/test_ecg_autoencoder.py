"""The ECG masked autoencoder: what it sees, what it is judged by, and that it learns."""

from dataclasses import replace

import pytest
import torch

from cardiacnets.models import EcgAutoencoder, build
from cardiacnets.profile import load_profile

PROFILE = load_profile("smoke")
ECG = torch.randn(4, 12, PROFILE.ecg_input.samples, generator=torch.Generator().manual_seed(0))


def _model(pooling="mean"):
    torch.manual_seed(0)
    profile = replace(PROFILE, ecg_encoder=replace(PROFILE.ecg_encoder, pooling=pooling))
    return build("ecg_autoencoder", profile).eval()


def _visible(model):
    return model.draw_visible(len(ECG), torch.Generator().manual_seed(1))


def test_each_record_shows_its_own_quarter():
    visible = _visible(_model())
    assert visible.shape == (4, 9) and len(visible.unique(dim=0)) == 4
    assert (visible.diff(dim=1) > 0).all() and visible.max() < 36


def test_patches_are_in_the_order_of_tokens():
    model = _model()
    patches = model.to_patches(ECG)
    assert patches.shape == (4, 36, 60)
    assert torch.equal(patches[:, 5 * 3 + 1], ECG[:, 5, 60:120])


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_with_everything_visible_the_tokens_are_the_encoders(pooling):
    model = _model(pooling)
    everything = torch.arange(36).expand(4, 36)
    assert torch.allclose(model.encoder.visible_tokens(ECG, everything), model.encoder.tokens(ECG), atol=1e-6)


def test_hidden_samples_have_no_influence_but_on_the_loss():
    model = _model()
    visible = _visible(model)
    hidden = torch.ones(4, 36, 1).scatter(1, visible[..., None], 0)  # (B, N, 1)
    changed = (model.to_patches(ECG) + hidden).view_as(ECG)
    assert torch.equal(model.rebuild(ECG, visible), model.rebuild(changed, visible))
    assert model(ECG, visible)["loss"] != model(changed, visible)["loss"]


def test_the_loss_is_the_mean_over_hidden_patches():
    model = _model()
    visible = _visible(model)
    error = (model.rebuild(ECG, visible) - model.to_patches(ECG)).square()
    hidden = [[n for n in range(36) if n not in row] for row in visible.tolist()]
    expected = torch.stack([error[b, rows].mean() for b, rows in enumerate(hidden)]).mean()
    assert torch.isclose(model(ECG, visible)["loss"], expected)


def test_it_learns_and_its_encoder_starts_an_aligner():
    model = _model().train()
    wave = torch.sin(torch.linspace(0, 6.3, ECG.shape[-1])).expand_as(ECG)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    errors = []
    for _ in range(60):
        loss = model(wave)["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        errors.append(loss.item())
    # a constant zero costs a sine's mean square, 1/2
    assert errors[-1] < 0.1 < 0.4 < errors[0]
    aligner = build("aligner", PROFILE)
    aligner.encoder.load_state_dict(model.encoder.state_dict())
    assert torch.equal(aligner.eval().encoder(ECG), model.eval().encoder(ECG))


def test_an_encoder_that_cannot_leave_tokens_out_is_refused():
    with pytest.raises(ValueError, match="ecg_encoder.kind 'transformer' has no visible_tokens"):
        EcgAutoencoder(PROFILE, torch.nn.Identity())
