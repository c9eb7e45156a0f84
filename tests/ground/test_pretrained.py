"""Weights that a profile names are looked for before anything is trained."""

import dataclasses

import pytest

from cardiacnets.pretrained import require_weights, subfolder
from cardiacnets.profile import load_profile
from cardiacnets.report import open_chapter


@pytest.fixture
def naming(monkeypatch):
    """A profile that names an autoencoder, where no hub can be reached."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)

    def profile(name: str):
        smoke = load_profile("smoke")
        return dataclasses.replace(smoke, diffusion=dataclasses.replace(smoke.diffusion, pretrained_vae=name))

    return profile


def test_profiles_that_train_all_themselves_ask_for_nothing():
    for name in ("smoke", "quick", "full"):
        require_weights(load_profile(name))


def test_a_folder_holds_the_part_itself_or_under_its_name(naming, tmp_path):
    (tmp_path / "vae").mkdir()
    with pytest.raises(
        ValueError, match=r"profile smoke: diffusion.pretrained_vae: no weights .*no config.json in"
    ):
        require_weights(naming(str(tmp_path)))
    (tmp_path / "vae/config.json").write_text("{}")
    require_weights(naming(str(tmp_path)))
    assert subfolder(str(tmp_path), "vae") == "vae"
    (tmp_path / "config.json").write_text("{}")
    assert subfolder(str(tmp_path), "vae") == ""


def test_what_nobody_has_stops_a_chapter_before_it_begins(naming, tmp_path, monkeypatch):
    monkeypatch.setenv("CARDIACNETS_RUNS", str(tmp_path))
    with pytest.raises(
        ValueError, match="no weights 'nobody/has-this': no such folder.*name a folder"
    ) as raised:
        open_chapter("02", profile=naming("nobody/has-this"))
    assert "\n" not in str(raised.value)
    assert list(tmp_path.iterdir()) == []
