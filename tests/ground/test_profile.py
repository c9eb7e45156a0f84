"""Profiles: complete, typed, and refused with the key that is wrong."""

import dataclasses
from importlib import import_module

import pytest
import yaml

from cardiacnets.profile import (
    FOLDER,
    SECTIONS,
    Profile,
    load_profile,
    profile_names,
    read_section,
)
from cardiacnets.reach import CHOSEN, names_in


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
        (lambda content: content.pop("aligning"), "mine.yaml: missing key aligning"),
        (lambda content: content["cohorts"].pop("ukb"), "mine.yaml: cohorts: missing key ukb"),
        (
            lambda content: content["cohorts"].update(xyz=1),
            "cohorts: unknown key xyz; allowed: preset",
        ),
        (lambda content: content["cohorts"].update(ukb="many"), "cohorts: ukb: expected int, found 'many'"),
        (lambda content: content["cohorts"].update(ukb=3.5), "cohorts: ukb: expected int, found 3.5"),
        (lambda content: content["cohorts"].update(ukb=True), "cohorts: ukb: expected int, found True"),
        (lambda content: content["diffusion"].update(guidance=-1), "diffusion: guidance: .*-1"),
        (lambda content: content["diffusion"].update(temperature=1.5), "diffusion: temperature: .*1.5"),
        (lambda content: content["diffusion"].update(temperature=-0.1), "diffusion: temperature: .*-0.1"),
        (lambda content: content.update(name=7), "name: expected text, found 7"),
        (
            lambda content: content["aligning"].update(checkpointing=1),
            "checkpointing: expected true",
        ),
        (lambda content: content["aligning"].update(learning_rate=float("nan")), "learning_rate: .*finite"),
        (
            lambda content: content["aligning"].update(betas=[0.9]),
            r"betas: expected more values",
        ),
        (lambda content: content["ecg_input"].update(view="week"), "view: 'week' is not one of beat, rhythm"),
        (lambda content: content["cmr_autoencoder"].update(depths=3), "depths: expected a list"),
        (lambda content: content.update(cohorts=[1]), "cohorts: expected a mapping"),
        (
            lambda content: content["aligning"].update(augmentation="published"),
            "aligning: augmentation: 'published' is not one of corrected, as_published",
        ),
        (
            lambda content: content["generation"].update(augmentation="as_published"),
            "generation: unknown key augmentation; allowed: epochs",
        ),
        (
            lambda content: content["ecg_encoder"].update(kind="lstm"),
            "mine.yaml: ecg_encoder: kind: 'lstm' is not one of transformer",
        ),
    ],
)
def test_a_wrong_profile_is_refused_with_file_and_key(edited, change, message):
    with pytest.raises(ValueError, match=message):
        load_profile(edited(change))


def test_what_a_profile_chooses_from_a_table_is_what_the_table_has():
    for setting, (module, table) in CHOSEN.items():
        assert names_in(module, table) == list(getattr(import_module(module), table)), setting


def test_a_profile_holds_what_differs_from_the_defaults():
    for name in profile_names():
        content, loaded = yaml.safe_load((FOLDER / f"{name}.yaml").read_text()), load_profile(name)
        for section, kind in SECTIONS.items():
            repeated = {
                field.name
                for field in dataclasses.fields(kind)
                if field.name in content.get(section, {})  # a section of defaults alone may be absent
                and getattr(getattr(loaded, section), field.name) == field.default
            }
            assert repeated == set(), f"{name}: {section} repeats the defaults of {repeated}"
        above = {field.name: field.default for field in dataclasses.fields(Profile) if field.name in content}
        repeated = {key for key, default in above.items() if getattr(loaded, key) == default}
        assert repeated == set(), f"{name} repeats the defaults of {repeated}"


def test_what_every_profile_says_alike_is_a_default():
    profiles = [load_profile(name) for name in profile_names()]
    written = [yaml.safe_load((FOLDER / f"{profile.name}.yaml").read_text()) for profile in profiles]
    for section, kind in SECTIONS.items():
        for field in dataclasses.fields(kind):
            values = {getattr(getattr(profile, section), field.name) for profile in profiles}
            named = all(field.name in content.get(section, {}) for content in written)
            # threads are the machine's, which a profile says even where all say the same
            assert not named or len(values) > 1 or field.name == "threads", f"{section}: {field.name}"


def test_an_unquoted_no_is_the_precision_no(edited):
    assert (
        load_profile(edited(lambda content: content["aligning"].update(precision=False))).aligning.precision
        == "no"
    )


def test_a_section_kept_beside_weights_is_read_by_the_same_rules():
    smoke = load_profile("smoke").ecg_encoder
    assert read_section("ecg_encoder", dataclasses.asdict(smoke), "config.json") == smoke
    with pytest.raises(ValueError, match="config.json: ecg_encoder: depth: expected int, found 'deep'"):
        read_section("ecg_encoder", dataclasses.asdict(smoke) | {"depth": "deep"}, "config.json")


def test_an_unknown_name_lists_the_profiles():
    with pytest.raises(ValueError, match="no profile 'quack': choose one of full, paper, quick, smoke"):
        load_profile("quack")


def test_a_profile_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        load_profile("smoke").seed = 3


def test_a_profile_file_of_ones_own_loads(edited):
    assert isinstance(load_profile(edited(lambda content: content.update(seed=9))), Profile)
