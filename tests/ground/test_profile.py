"""Profiles: complete, typed, and refused with the key that is wrong."""

import dataclasses

import pytest
import yaml

from cardiacnets.profile import FOLDER, Profile, load_profile, profile_names


@pytest.mark.parametrize("name", ["smoke", "quick", "full", "paper"])
def test_shipped_profiles_load_under_their_own_name(name):
    profile = load_profile(name)
    assert profile.name == name
    assert name in profile_names()
    assert profile.ecg_input.samples % profile.ecg_encoder.patch == 0
    assert set(profile.downstream.fractions) >= {0.1, 1.0}


def test_each_shipped_profile_opens_with_its_command_and_hardware():
    for path in FOLDER.glob("*.yaml"):
        header = path.read_text().split("name:")[0]
        assert header.startswith(f"# {path.stem}:") and "make book" in header and "hardware" in header


def test_the_paper_profile_has_the_published_sizes():
    paper = load_profile("paper")
    assert paper.ecg_input.samples * 12 // paper.ecg_encoder.patch == 600
    assert paper.cmr_autoencoder.depths == (2, 2, 18, 2) and paper.cmr_autoencoder.frames == 50
    assert (paper.diffusion.beta_start, paper.diffusion.beta_end) == (1e-4, 0.02)


@pytest.fixture
def edited(tmp_path):
    """Write the smoke profile with one change and return its path."""

    def write(change):
        content = yaml.safe_load((FOLDER / "smoke.yaml").read_text())
        change(content)
        path = tmp_path / "mine.yaml"
        path.write_text(yaml.safe_dump(content))
        return path

    return write


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content.update(colour=3), "mine.yaml: unknown key colour"),
        (lambda content: content.pop("seed"), "mine.yaml: missing key seed"),
        (lambda content: content["cohorts"].update(ukb="many"), "cohorts: ukb: expected int"),
        (lambda content: content["ecg_input"].update(view="week"), "view: 'week' is not one of beat, rhythm"),
        (lambda content: content["cmr_autoencoder"].update(depths=3), "depths: expected a list"),
        (lambda content: content.update(cohorts=[1]), "cohorts: expected a mapping"),
    ],
)
def test_a_wrong_profile_is_refused_with_file_and_key(edited, change, message):
    with pytest.raises(ValueError, match=message):
        load_profile(edited(change))


def test_an_unknown_name_lists_the_profiles():
    with pytest.raises(ValueError, match="no profile 'quack': choose one of full, paper, quick, smoke"):
        load_profile("quack")


def test_a_profile_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        load_profile("smoke").seed = 3


def test_a_profile_file_of_ones_own_loads(edited):
    assert isinstance(load_profile(edited(lambda content: content.update(seed=9))), Profile)
