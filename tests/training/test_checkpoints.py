"""Checkpoints: bit-equal after loading, described, refused where they do not fit."""

from dataclasses import replace

import pytest
import torch

from cardiacnets.artefacts import read_json
from cardiacnets.models import KINDS, build
from cardiacnets.profile import load_profile
from cardiacnets.training import load_checkpoint, save_checkpoint

PROFILE = load_profile("smoke")
OPTIONS = {"downstream": {"outputs": 82, "covariates": 3}, "cmr_downstream": {"outputs": 3}}


@pytest.mark.parametrize("kind", KINDS)
def test_every_network_comes_back_bit_equal(tmp_path, kind):
    options = OPTIONS.get(kind, {})
    model = build(kind, PROFILE, **options)
    loaded = load_checkpoint(save_checkpoint(model, tmp_path / kind, kind, PROFILE, **options), kind, PROFILE)
    saved, found = model.state_dict(), loaded.state_dict()
    assert saved.keys() == found.keys() and all(torch.equal(saved[name], found[name]) for name in saved)
    assert not loaded.training
    files = sorted(path.name for path in (tmp_path / kind).iterdir())
    assert files == ["README.md", "config.json", "model.safetensors"]


def _encoder(tmp_path):
    model = build("ecg_encoder", PROFILE)
    return save_checkpoint(model, tmp_path / "encoder", "ecg_encoder", PROFILE, notes="A note.")


def test_the_card_says_what_it_was_trained_on(tmp_path):
    card = (_encoder(tmp_path) / "README.md").read_text()
    assert "simulated" in card and "not for clinical use" in card and "A note." in card
    config = read_json(tmp_path / "encoder" / "config.json")
    assert config["ecg_encoder"]["width"] == PROFILE.ecg_encoder.width


def test_a_misfit_is_refused_with_the_reason(tmp_path):
    folder = _encoder(tmp_path)
    with pytest.raises(ValueError, match="trained with profile smoke.*width is 32 there and 128 here"):
        load_checkpoint(folder, "ecg_encoder", load_profile("quick"))
    with pytest.raises(ValueError, match="holds a ecg_encoder, not a diffusion"):
        load_checkpoint(folder, "diffusion", PROFILE)
    with pytest.raises(ValueError, match="no checkpoint here, config.json is missing"):
        load_checkpoint(tmp_path / "nowhere", "ecg_encoder", PROFILE)
    with pytest.raises(ValueError, match="unknown network 'vit'"):
        save_checkpoint(torch.nn.Linear(1, 1), tmp_path / "vit", "vit", PROFILE)
    scaled = replace(PROFILE, ecg_input=replace(PROFILE.ecg_input, scale="min_max"))
    with pytest.raises(ValueError, match="ecg_input.scale is 'millivolt' there and 'min_max' here"):
        load_checkpoint(folder, "ecg_encoder", scaled)


def test_settings_of_use_may_differ(tmp_path):
    folder = save_checkpoint(build("diffusion", PROFILE), tmp_path / "diffusion", "diffusion", PROFILE)
    other = replace(PROFILE, diffusion=replace(PROFILE.diffusion, sampling_steps=7, guidance=5.0))
    assert load_checkpoint(folder, "diffusion", other).sizes.sampling_steps == 7
