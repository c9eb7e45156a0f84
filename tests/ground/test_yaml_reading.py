"""YAML files: what they say, and where they say a thing twice."""

import pytest
import yaml

from cardiacnets.cohorts.manifest import load_manifest
from cardiacnets.phenotypes import MANIFESTS
from cardiacnets.profile import FOLDER, load_profile
from cardiacnets.yaml_reading import read_yaml


@pytest.mark.parametrize("path", sorted([*MANIFESTS.glob("*.yaml"), *FOLDER.glob("*.yaml")]), ids=str)
def test_it_reads_what_yaml_says(path):
    assert read_yaml(path) == yaml.safe_load(path.read_text(encoding="utf-8")) != {}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: 1\nb: 2\na: 1\n", "'a' stands twice, in lines 1 and 3"),
        ("top:\n  a: 1\n  b: {c: 1, d: 2, c: 3}\n", "'c' stands twice, in lines 3 and 3"),
        ("- {a: 1}\n- a: 1\n  a: 2\n", "'a' stands twice, in lines 2 and 3"),
        ("a: [1", "not valid YAML"),
        ("a: !!python/name:os.system", "not valid YAML"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_file_and_place(tmp_path, text, fault):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=f"mine.yaml: .*{fault}"):
        read_yaml(path)


def test_keys_may_return_in_other_mappings_and_replace_what_an_anchor_brings(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("one: &one {a: 1, b: 2}\ntwo: &two {<<: *one, a: 3}\nthree: {<<: *two, a: 4}\n")
    assert list(read_yaml(path).values()) == [{"a": 1, "b": 2}, {"a": 3, "b": 2}, {"a": 4, "b": 2}]


def test_what_is_no_text_is_refused(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="mine.yaml: not valid YAML"):
        read_yaml(path)


def test_a_cohort_named_twice_in_a_profile_or_a_key_in_a_manifest_names_both_lines(tmp_path):
    profile = tmp_path / "mine.yaml"
    profile.write_text((FOLDER / "smoke.yaml").read_text().replace("ukb: 320", "ukb: 320, ukb: 99"))
    with pytest.raises(
        ValueError, match=r"mine.yaml: key 'ukb' stands twice, in lines \d+ and \d+; keep one"
    ):
        load_profile(profile)
    manifest = tmp_path / "ptb_xl.yaml"
    manifest.write_text((MANIFESTS / "ptb_xl.yaml").read_text() + "title: another\n")
    with pytest.raises(ValueError, match=r"ptb_xl.yaml: key 'title' stands twice, in lines \d+ and \d+"):
        load_manifest(manifest)
