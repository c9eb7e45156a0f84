"""The command that makes the weights of the movies' autoencoder, as they ship."""

from dataclasses import replace

import pytest
import torch

from cardiacnets.__main__ import main
from cardiacnets.experiments.diffusion import shipped_weights
from cardiacnets.profile import load_profile
from cardiacnets.training import from_pretrained


def test_the_command_learns_weights_that_rebuild_hearts_and_says_how_well(tmp_path, monkeypatch, capsys):
    quick = load_profile("quick")
    small = replace(quick.diffusion, vae_channels=(8, 8, 16), latent_channels=8)
    monkeypatch.setattr(shipped_weights, "REBUILT", 4)
    monkeypatch.setattr("cardiacnets.__main__.load_profile", lambda name: replace(quick, diffusion=small))
    folder = tmp_path / "hearts"
    assert main(["weights", str(folder), "--hearts", "32", "--seed", "7", "--epochs", "2"]) == 0
    told = capsys.readouterr().out
    similar = {view: float(told.partition(f"{view} ")[2].partition(",")[0]) for view in ("sax", "lax")}
    assert all(0 < value < 1 for value in similar.values())
    model = from_pretrained(folder)
    assert all(weights.dtype == torch.float32 for weights in model.parameters())
    for side in (80, 96):
        cines = torch.rand(2, 16, side, side)
        assert model.decode(model.encode(cines), side).shape == cines.shape
        assert model.get_buffer(f"scale_{side}") != 1  # each view's was measured
    card = (folder / "README.md").read_text()
    assert "--hearts 32 --seed 7 --epochs 2" in card and "simulated hearts (no real participant)" in card
    assert not (tmp_path / "hearts.unfinished").exists()


def test_another_autoencoder_is_not_made_here(tmp_path):
    with pytest.raises(ValueError, match="autoencoder is frames; only a deforming one"):
        shipped_weights.make_weights(tmp_path / "none", load_profile("smoke"), hearts=2)
