"""Checkpoints: bit-equal after loading, described, refused where they do not fit."""

import json
from dataclasses import replace

import pytest
import torch

from cardiacnets.artefacts import read_json
from cardiacnets.models import KINDS, build
from cardiacnets.profile import load_profile
from cardiacnets.training import from_pretrained, load_checkpoint, save_checkpoint

PROFILE = load_profile("smoke")
OPTIONS = {"downstream": {"outputs": 82, "covariates": 3}, "cmr_downstream": {"outputs": 3}}
DATA = "simulated hearts"


@pytest.mark.parametrize("kind", KINDS)
def test_every_network_comes_back_bit_equal(tmp_path, kind):
    options = OPTIONS.get(kind, {})
    model = build(kind, PROFILE, **options)
    folder = save_checkpoint(model, tmp_path / kind, kind, PROFILE, data=DATA, **options)
    alone, loaded = from_pretrained(folder), load_checkpoint(folder, kind, PROFILE)
    assert all(torch.equal(value, alone.state_dict()[name]) for name, value in model.state_dict().items())
    saved, found = model.state_dict(), loaded.state_dict()
    assert saved.keys() == found.keys() and all(torch.equal(saved[name], found[name]) for name in saved)
    assert not loaded.training
    files = sorted(path.name for path in (tmp_path / kind).iterdir())
    assert files == ["README.md", "config.json", "model.safetensors"]


def _encoder(tmp_path):
    model = build("ecg_encoder", PROFILE)
    return save_checkpoint(model, tmp_path / "encoder", "ecg_encoder", PROFILE, data=DATA, notes="A note.")


def test_the_card_says_what_it_was_trained_on(tmp_path):
    card = (_encoder(tmp_path) / "README.md").read_text()
    assert "**Trained on simulated hearts.**" in card and "not for clinical use" in card and "A note." in card
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
        save_checkpoint(torch.nn.Linear(1, 1), tmp_path / "vit", "vit", PROFILE, data=DATA)
    scaled = replace(PROFILE, ecg_input=replace(PROFILE.ecg_input, scale="min_max"))
    with pytest.raises(ValueError, match="ecg_input.scale is 'millivolt' there and 'min_max' here"):
        load_checkpoint(folder, "ecg_encoder", scaled)


def test_weights_older_than_a_setting_were_made_with_its_default(tmp_path):
    folder = _encoder(tmp_path)
    config = read_json(folder / "config.json")
    assert config["ecg_encoder"].pop("kind") == "transformer"
    (folder / "config.json").write_text(json.dumps(config))
    assert load_checkpoint(folder, "ecg_encoder", PROFILE).width == from_pretrained(folder).width
    other = replace(PROFILE, ecg_encoder=replace(PROFILE.ecg_encoder, kind="lstm"))
    with pytest.raises(ValueError, match="ecg_encoder.kind is 'transformer' there and 'lstm' here"):
        load_checkpoint(folder, "ecg_encoder", other)
    del config["ecg_encoder"]["depth"]  # has no default
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match="ecg_encoder.depth is None there and 2 here"):
        load_checkpoint(folder, "ecg_encoder", PROFILE)


def test_settings_of_use_may_differ(tmp_path):
    model = build("diffusion", PROFILE)
    folder = save_checkpoint(model, tmp_path / "diffusion", "diffusion", PROFILE, data=DATA)
    other = replace(PROFILE, diffusion=replace(PROFILE.diffusion, sampling_steps=7, guidance=5.0))
    assert load_checkpoint(folder, "diffusion", other).sizes.sampling_steps == 7


def test_a_card_of_a_real_cohort_says_nothing_of_simulation(tmp_path):
    folder = tmp_path / "encoder"
    save_checkpoint(build("ecg_encoder", PROFILE), folder, "ecg_encoder", PROFILE, data="ten real records")
    card = (folder / "README.md").read_text()
    assert "**Trained on ten real records.**" in card and "simulated" not in card


def test_the_cards_own_lines_load_the_network(tmp_path, monkeypatch):
    folder = _encoder(tmp_path)
    monkeypatch.chdir(tmp_path)
    lines = (folder / "README.md").read_text().split("```python\n")[1].split("```")[0]
    names = {}
    exec(lines, names)
    assert names["model"].width == PROFILE.ecg_encoder.width


def test_sizes_of_ones_own_come_back_without_their_profile(tmp_path):
    mine = replace(PROFILE, name="mine", ecg_encoder=replace(PROFILE.ecg_encoder, width=48, depth=1))
    save_checkpoint(build("aligner", mine), tmp_path / "aligner", "aligner", mine, data=DATA)
    assert from_pretrained(tmp_path / "aligner").encoder.width == 48
    with pytest.raises(ValueError, match="trained with profile mine, which does not fit profile smoke"):
        from_pretrained(tmp_path / "aligner", "smoke")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("model.safetensors", b"not weights", "not the weights config.json describes"),
        ("config.json", b'{"kind": "vit"}', "names none of the networks"),
        ("config.json", b'{"kind": "ecg_encoder", "profile": "x"}', "ecg_input: expected a mapping"),
        ("config.json", b"{", "not valid JSON"),
    ],
)
def test_a_damaged_folder_is_refused(tmp_path, name, content, reason):
    folder = _encoder(tmp_path)
    (folder / name).write_bytes(content)
    with pytest.raises(ValueError, match=reason):
        from_pretrained(folder)
