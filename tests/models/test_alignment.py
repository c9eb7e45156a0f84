"""The aligner: two contrasts, trained or random CMR heads."""

from dataclasses import replace

import pytest
import torch

from cardiacnets.models import Aligner, build, symmetric_info_nce
from cardiacnets.profile import load_profile

PROFILE = load_profile("smoke")


def _aligner(cmr_heads="trained"):
    torch.manual_seed(0)
    profile = replace(PROFILE, alignment=replace(PROFILE.alignment, cmr_heads=cmr_heads))
    return Aligner(profile, build("ecg_encoder", profile), cmr_width=20).eval()


def _batch():
    generator = torch.Generator().manual_seed(1)
    ecg = torch.randn(6, 12, PROFILE.ecg_input.samples, generator=generator)
    return ecg, torch.randn(6, 20, generator=generator), torch.randn(6, 20, generator=generator)


def test_the_loss_is_the_sum_over_views():
    model, (ecg, sax, lax) = _aligner(), _batch()
    losses, tau = model(ecg, sax, lax), PROFILE.alignment.temperature
    for view, features in (("sax", sax), ("lax", lax)):
        alone = symmetric_info_nce(model.embed_ecg(ecg), model.embed_cmr(features, view), tau)
        assert torch.isclose(losses[view], alone)
    assert torch.isclose(losses["loss"], losses["sax"] + losses["lax"])


@pytest.mark.parametrize("cmr_heads", ["trained", "random"])
def test_cmr_heads_learn_unless_as_published(cmr_heads):
    model = _aligner(cmr_heads)
    model(*_batch())["loss"].backward()
    learned = [parameter.grad is not None for parameter in model.cmr_heads.parameters()]
    assert all(learned) if cmr_heads == "trained" else not any(learned)
    assert all(parameter.grad is not None for parameter in model.encoder.parameters())


def test_unknown_view_is_refused():
    with pytest.raises(ValueError, match="choose one of sax, lax"):
        _aligner().embed_cmr(torch.zeros(1, 20), "2ch")
