"""Manifests: all that ship are whole; a mistake is named by file and key."""

from pathlib import Path

import pytest
import yaml

from cardiacnets.cohorts.manifest import load_manifest
from cardiacnets.digital_heart import COHORTS, COVARIATES_HOSPITAL, COVARIATES_UKB
from cardiacnets.phenotypes import MANIFESTS

SHIPPED = sorted(MANIFESTS.glob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_manifest_that_ships_is_whole(path):
    manifest = load_manifest(path)
    assert manifest.name == path.stem
    if manifest.source == "simulated":
        assert {manifest.cohort, *manifest.subsets.values()} <= set(COHORTS)
        assert not manifest.restricted and "simulated" in manifest.title
    elif manifest.restricted:
        twin = load_manifest(manifest.sibling(manifest.twin))
        assert twin.source == "simulated" and twin.labels.tasks == manifest.labels.tasks
        assert twin.published == manifest.published


def test_all_cohorts_of_the_study_ship_with_their_twins():
    names = {path.stem for path in SHIPPED}
    study = {"ukb", "mimic_iv_ecg", "fahzu", "sahzu", "qph"}
    assert names == study | {f"{name}_simulated" for name in study} | {"ptb_xl"}


def test_the_platform_s_manifest_asks_for_the_same_as_uk_biobank_s():
    theirs, ours = (load_manifest(MANIFESTS / name) for name in
                    ("research_analysis_platform/ukb.yaml", "ukb.yaml"))  # fmt: skip
    same = {"tables", "indices", "title", "root"}
    assert theirs.model_dump(exclude=same) == ours.model_dump(exclude=same)
    assert load_manifest(theirs.sibling(theirs.twin)).name == "ukb_simulated"
    for name, table in ours.tables.items():
        assert set(theirs.tables[name].columns) == set(table.columns)
        for column, field in table.columns.items():
            number = field.partition("-")[0]
            assert theirs.tables[name].columns[column].split("_")[0] in (number, f"p{number}")


def test_covariates_bear_the_simulators_names():
    assert set(load_manifest(MANIFESTS / "ukb.yaml").covariates) == set(COVARIATES_UKB)
    for name in ("mimic_iv_ecg", "fahzu", "sahzu", "qph", "ptb_xl"):
        assert set(load_manifest(MANIFESTS / f"{name}.yaml").covariates) == set(COVARIATES_HOSPITAL)


def changed(tmp_path: Path, name: str = "ukb", **changes) -> Path:
    content = yaml.safe_load((MANIFESTS / f"{name}.yaml").read_text())
    for key, value in changes.items():
        content.pop(key, None)
        if value is not None:
            content[key] = value
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.mark.parametrize(
    "name, changes, fault",
    [
        ("ukb", {"disclosure_treshold": 10}, "mine.yaml: unknown key 'disclosure_treshold'"),
        ("ukb", {"ecg": {"format": "wfdb", "pattern": "x", "patern": 1}}, "unknown key 'ecg.patern'"),
        ("ukb", {"title": None}, "missing key 'title'"),
        ("ukb", {"ecg": {"format": "pdf", "pattern": "x"}}, "'ecg.format'"),
        ("ukb", {"labels": {"tasks": ["cancer"]}}, "'cancer' is not one of"),
        ("ukb", {"labels": {"tasks": ["cm"], "window": {"lastday": 3}}}, "lastday"),
        ("ukb", {"disclosure_threshold": 0}, "disclosure_threshold of 2 or more"),
        ("ukb", {"twin": None}, "twin"),
        ("ukb", {"root": None}, "needs root"),
        ("ukb", {"cohort": "ukb"}, "simulated cohorts only"),
        ("ukb_simulated", {"cohort": None}, "needs the key 'cohort'"),
        ("ukb_simulated", {"restricted": True}, "not restricted"),
        ("ukb", {"restricted": "perhaps"}, "'restricted'"),
    ],
)
def test_mistakes_are_named(tmp_path, name, changes, fault):
    with pytest.raises(ValueError, match=fault) as caught:
        load_manifest(changed(tmp_path, name, **changes))
    assert "mine.yaml" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text, fault",
    [
        ("a: [1", "not valid YAML"),
        ("- 1\n- 2", "mapping"),
        ("", "mapping"),
        ("!!python/object/apply:os.system ['true']", "not valid YAML"),
    ],
)
def test_what_is_no_manifest_is_refused(tmp_path, text, fault):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=f"mine.yaml: .*{fault}"):
        load_manifest(path)
    with pytest.raises(ValueError, match="absent.yaml: no such manifest"):
        load_manifest(tmp_path / "absent.yaml")


def test_the_root_is_relative_to_the_manifest_and_expanded(tmp_path, monkeypatch):
    assert load_manifest(changed(tmp_path, root="data/here")).folder == tmp_path / "data" / "here"
    monkeypatch.setenv("MY_COHORT", str(tmp_path / "there"))
    assert load_manifest(changed(tmp_path, root="$MY_COHORT/ukb")).folder == tmp_path / "there" / "ukb"
