"""The ECG encoder: tokens, pooling, covariates."""

from dataclasses import replace

import pytest
import torch

from cardiacnets.models.ecg_encoder import EcgEncoder, Modulation
from cardiacnets.profile import load_profile

PROFILE = load_profile("smoke")
ECG = torch.randn(4, 12, PROFILE.ecg_input.samples, generator=torch.Generator().manual_seed(0))


def _encoder(covariates=0, **changes):
    torch.manual_seed(0)
    profile = replace(PROFILE, ecg_encoder=replace(PROFILE.ecg_encoder, **changes))
    return EcgEncoder(profile, covariates).eval()


@pytest.mark.parametrize("pooling", ["cls", "mean"])
def test_shapes_and_pooling(pooling):
    encoder = _encoder(pooling=pooling)
    tokens, embedding = encoder.tokens(ECG), encoder(ECG)
    assert tokens.shape == (4, 36, encoder.width) and embedding.shape == (4, encoder.width)
    assert encoder.grid == (12, 3)
    is_mean = torch.allclose(embedding, tokens.mean(1), atol=1e-6)
    assert is_mean == (pooling == "mean")


def test_tokens_are_ordered_by_lead_then_time():
    encoder = _encoder(depth=0)  # without blocks a token knows its own patch only
    changed = ECG.clone()
    changed[:, 5, 60:120] += 1  # lead aVF, second patch
    moved = (encoder.tokens(changed) - encoder.tokens(ECG)).abs().sum((0, 2)).nonzero().flatten()
    assert moved.tolist() == [5 * 3 + 1]


def test_film_starts_as_the_identity_and_then_matters():
    covariates = torch.randn(4, 3)
    encoder = _encoder(covariates=3, modulation="film")
    plain = _encoder()
    plain.load_state_dict(encoder.state_dict(), strict=False)
    assert torch.allclose(encoder(ECG, covariates), plain(ECG), atol=1e-6)
    torch.nn.init.normal_(encoder.modulation.linear.weight)
    assert not torch.allclose(encoder(ECG, covariates), plain(ECG), atol=1e-2)


def test_film_is_the_formula_and_as_published_never_inverts():
    torch.manual_seed(1)
    tokens, covariates = torch.randn(5, 7, 6), torch.randn(5, 3)
    for kind in ("film", "non_negative"):
        modulation = Modulation(3, 6, kind)
        torch.nn.init.normal_(modulation.linear.weight)
        gamma, beta = modulation.linear(covariates).chunk(2, dim=1)
        out = modulation(tokens, covariates)
        for b in range(5):
            for n in range(7):
                if kind == "film":
                    expected = tokens[b, n] * (1 + gamma[b]) + beta[b]
                else:
                    expected = tokens[b, n] * gamma[b].clamp(min=0) + beta[b].clamp(min=0)
                assert torch.allclose(out[b, n], expected, atol=1e-6)


def test_wrong_input_is_refused():
    with pytest.raises(ValueError, match=r"ecg must be \(B, 12, 180\), found \(4, 12, 100\)"):
        _encoder()(ECG[:, :, :100])
    with pytest.raises(ValueError, match="modulates by 3 covariates, found 0"):
        _encoder(covariates=3)(ECG)
    with pytest.raises(ValueError, match="modulates by 0 covariates, found 2"):
        _encoder()(ECG, torch.zeros(4, 2))
    with pytest.raises(ValueError, match="patch 50 does not divide"):
        _encoder(patch=50)
