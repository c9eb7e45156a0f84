"""The command that makes the weights of the movies' autoencoder, as they ship."""

import pytest
import torch

from cardiacnets.__main__ import main
from cardiacnets.experiments.diffusion import shipped_weights
from cardiacnets.profile import load_profile
from cardiacnets.training import from_pretrained


def test_the_command_learns_weights_that_rebuild_hearts_and_says_how_well(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(shipped_weights, "REBUILT", 6)
    folder = tmp_path / "patches"
    assert main(["weights", str(folder), "--hearts", "24", "--seed", "7"]) == 0
    told = capsys.readouterr().out
    similar = {view: float(told.partition(f"{view} ")[2].partition(",")[0]) for view in ("sax", "lax")}
    assert all(0.6 < value < 1 for value in similar.values())
    model = from_pretrained(folder)
    cines = torch.rand(2, 16, 80, 80)
    assert model.decode(model.encode(cines)).shape == cines.shape
    card = (folder / "README.md").read_text()
    assert "--hearts 24 --seed 7" in card and "simulated hearts (no real participant)" in card


def test_a_profile_without_patches_is_told_so(tmp_path):
    with pytest.raises(ValueError, match="only patches are learned in closed form"):
        shipped_weights.make_weights(tmp_path / "none", load_profile("smoke"), hearts=2)
