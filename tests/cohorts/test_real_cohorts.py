"""A real cohort runs from its manifest into the store and is cleaned; bad files stop nobody else."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import wfdb
import yaml

from cardiacnets.artefacts import read_json
from cardiacnets.cohorts import importing, store
from cardiacnets.cohorts.counts import publishable, shares, threshold
from cardiacnets.cohorts.preprocessing import preprocess_cohort
from cardiacnets.cohorts.splits import split_participants
from cardiacnets.cohorts.studied import (
    load_manifests,
    real_cohorts,
    shown_cohort,
    store_cohort,
    stored_flows,
    studied_cohorts,
)
from cardiacnets.contracts import LEADS
from cardiacnets.digital_heart import simulate
from cardiacnets.phenotypes import MANIFESTS
from cardiacnets.run import SIDECAR, open_run

PEOPLE = 40
LEFT_OUT, CUT, FLAT, ABSENT = 0, 3, 5, 8
"""Positions of a child, and of records that are cut short, flat in a lead, and gone."""


@pytest.fixture(scope="module")
def simulated():
    return simulate(PEOPLE, "mimic", seed=5, frames=1)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, simulated):
    """The layout of PTB-XL: WFDB records and one table, of a simulated cohort, with four faults."""
    root = tmp_path_factory.mktemp("files")
    for row, signal in enumerate(simulated.ecg):
        signal = signal.copy()
        if row == FLAT:
            signal[3] = 0
        wfdb.wrsamp(f"r{row}", 500, ["mV"] * 12, list(LEADS), signal.T.astype(float), fmt=["16"] * 12,
                    adc_gain=[1000] * 12, baseline=[0] * 12, write_dir=str(root))  # fmt: skip
    (root / f"r{CUT}.dat").write_bytes((root / f"r{CUT}.dat").read_bytes()[:5000])
    (root / f"r{ABSENT}.dat").unlink()
    (root / f"r{ABSENT}.hea").unlink()
    people = simulated.covariates
    table = pd.DataFrame(
        {"person": people["participant_id"], "record": people["recording_id"], "date": "2020-01-01",
         "path": [f"r{row}" for row in range(len(people))], "age": people["age"], "sex": people["sex"],
         "diagnosis": simulated.labels["healthy"].map({True: "none", False: "other"})}
    )  # fmt: skip
    table.loc[simulated.labels["cm"], "diagnosis"] = "CM"
    table.loc[LEFT_OUT, "age"] = 11
    table.to_csv(root / "recordings.csv", index=False)
    return root


@pytest.fixture
def manifests(whole, tmp_path):
    folder = tmp_path / "manifests"
    folder.mkdir()
    columns = {"participant_id": "person", "recording_id": "record"}
    columns |= {name: name for name in ("date", "path", "age", "sex", "diagnosis")}
    values = {"CM": ["cm"], "none": ["healthy"], "other": []}
    content = yaml.safe_load((MANIFESTS / "mimic_iv_ecg.yaml").read_text()) | {
        "root": str(whole),
        "ecg": {"format": "wfdb", "pattern": "{path}"},
        "tables": {"recordings": {"path": "recordings.csv", "columns": columns}},
        "labels": {"tasks": ["cm"], "column": "diagnosis", "values": values},
        "inclusion": [{"column": "age", "minimum": 18, "reason": "younger than 18"}],
        "covariates": {"age": {"column": "age"}, "sex": {"column": "sex"}, "heart_rate": {}},
    }  # fmt: skip
    del content["checksums"]
    (folder / "mimic_iv_ecg.yaml").write_text(yaml.safe_dump(content))
    return folder


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("CARDIACNETS_RUNS", str(tmp_path / "runs"))
    return open_run("smoke", "try")


def stored(run, manifests, **settings):
    return store_cohort(run, "mimic", load_manifests(manifests)["mimic"], **settings)


def test_a_cohort_of_files_is_stored_as_a_simulated_one(run, manifests, simulated):
    cohort = stored(run, manifests)
    kept = np.delete(np.arange(len(simulated.ecg)), LEFT_OUT)
    assert (
        cohort.recordings["recording_id"].tolist() == simulated.covariates["recording_id"].iloc[kept].tolist()
    )
    assert cohort.ecg.dtype == np.int16 and cohort.sax is None and cohort.indices_true is None
    good = [row for row in range(len(kept)) if kept[row] not in (CUT, FLAT, ABSENT)]
    np.testing.assert_allclose(
        cohort.ecg_millivolts(np.array(good)), simulated.ecg[kept[good]], atol=6e-4, rtol=0
    )
    assert cohort.indices.shape == (len(kept), 82) and np.isnan(cohort.indices).all()
    for label in ("cm", "healthy"):
        assert cohort.recordings[label].tolist() == simulated.labels[label].iloc[kept].tolist()
    rate = (
        cohort.recordings["heart_rate"].iloc[good]
        - simulated.covariates["heart_rate"].iloc[kept[good]].to_numpy()
    )
    assert rate.abs().median() < 3  # measured from the ECG; the simulated heart has an irregular rhythm
    assert {"sex", "age", "heart_rate", "cad", "hcm"} <= set(cohort.recordings)


def test_bad_records_are_set_aside_with_their_reason(run, manifests, simulated):
    cohort = stored(run, manifests)
    quality = pd.read_parquet(cohort.folder / "quality.parquet")
    assert quality["recording_id"].tolist() == simulated.covariates["recording_id"].tolist()
    reasons = quality["reason"]
    assert reasons[LEFT_OUT] == "younger than 18"
    assert (
        reasons[CUT] == reasons[FLAT] == "ECG file can't be used" and reasons[ABSENT] == "ECG file is missing"
    )
    assert "flat" in quality["detail"][FLAT] and f"r{CUT}" in quality["detail"][CUT]
    assert (reasons == "").sum() == len(quality) - 4
    flow = stored_flows(run)["mimic"]
    assert flow.kept.sum() == len(quality) - 4 == flow.steps["recordings"].iloc[-1]
    assert set(flow.steps["reason"]) == {"recorded", *reasons[reasons != ""]}
    index = preprocess_cohort(run, "mimic", processes=1, progress=False).index
    assert (~index["usable"]).sum() == 3
    assert set(index.loc[~index["usable"], "reason"]) == {"ECG file can't be used", "ECG file is missing"}


def test_splits_are_those_of_the_simulated_cohort(run, manifests):
    index = stored(run, manifests) and preprocess_cohort(run, "mimic", processes=1, progress=False).index
    expected = split_participants(index["participant_id"], run.profile.seed)
    assert index["split"].tolist() == index["participant_id"].map(expected).tolist()


def test_a_killed_import_goes_on_and_neither_shards_nor_processes_change_a_byte(
    run, manifests, monkeypatch, killed_at_the_third_shard
):
    whole = stored(run, manifests)
    expected = {path.name: path.read_bytes() for path in whole.folder.iterdir() if path.name != SIDECAR}
    shutil.rmtree(whole.folder)
    monkeypatch.setattr(importing, "SHARD", 7)
    seen = killed_at_the_third_shard(lambda: stored(run, manifests, processes=1))
    assert not (run.cohorts / "mimic").exists()
    read = importing._read_shard
    monkeypatch.setattr(
        importing, "_read_shard", lambda rows, *job: seen.append(rows.start) or read(rows, *job)
    )
    again = stored(run, manifests, processes=1)
    assert seen[:3] == [0, 7, 14] and seen[3] == 14 and 0 not in seen[3:]
    assert {
        path.name: path.read_bytes() for path in again.folder.iterdir() if path.name != SIDECAR
    } == expected
    assert not any((run.root / "unfinished").iterdir())


def test_it_is_reused_until_a_table_a_file_or_the_manifest_changes(run, manifests, whole):
    def stamp():
        return (stored(run, manifests).folder / "ecg.npy").stat().st_mtime_ns

    first = stamp()
    assert stamp() == first
    path = manifests / "mimic_iv_ecg.yaml"
    path.write_text(path.read_text().replace("minimum: 18", "minimum: 19"))
    assert stamp() != first


def test_the_stored_cohort_names_its_manifest(run, manifests):
    stored(run, manifests)
    sidecar = read_json(run.cohorts / "mimic" / SIDECAR)
    assert sidecar["ingredients"]["manifest"] == str((manifests / "mimic_iv_ecg.yaml").resolve())
    assert real_cohorts(run)["mimic"].restricted and threshold(run, "mimic") == threshold(run) == 10
    assert threshold(run, "ukb") == 0
    (manifests / "mimic_iv_ecg.yaml").unlink()
    with pytest.raises(ValueError, match="no such manifest"):
        real_cohorts(run)


def test_a_simulated_cohort_does_not_take_the_place_of_a_real_one(run, manifests):
    stored(run, manifests)
    with pytest.raises(ValueError, match="holds MIMIC-IV-ECG, and would be replaced"):
        store_cohort(run, "mimic")


def test_a_folder_of_manifests_names_the_cohorts_it_replaces(manifests, tmp_path):
    shutil.copy(MANIFESTS / "mimic_iv_ecg_simulated.yaml", manifests)
    for name in ("ptb_xl", "ukb"):
        shutil.copy(MANIFESTS / f"{name}.yaml", manifests)
    shutil.copy(MANIFESTS / "fahzu.yaml", manifests / "fahzu_readers.yaml")
    assert sorted(load_manifests(manifests)) == ["fahzu_readers", "mimic", "ptb_xl", "ukb"]
    assert load_manifests("") == {}
    shutil.copy(manifests / "mimic_iv_ecg.yaml", manifests / "mimic.yaml")
    with pytest.raises(ValueError, match="'mimic' is already described by mimic.yaml"):
        load_manifests(manifests)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="no manifest of a cohort of files"):
        load_manifests(tmp_path / "empty")
    with pytest.raises(ValueError, match="no such folder"):
        load_manifests(tmp_path / "nowhere")


def test_a_cohort_that_no_chapter_opens_is_studied_beside_the_others(run, manifests):
    store_cohort(run, "ptb_xl", load_manifests(manifests)["mimic"])
    assert studied_cohorts(run) == [*store.SIMULATED_COHORTS, "ptb_xl"]


def test_the_paired_cohort_needs_cines(run, manifests):
    with pytest.raises(ValueError, match="mimic_iv_ecg.yaml: .*key 'cine' is needed"):
        store_cohort(run, "ukb", load_manifests(manifests)["mimic"])


def test_single_people_shown_are_simulated(run, monkeypatch):
    assert shown_cohort(run, "ukb") == "ukb"
    small = replace(run, profile=replace(run.profile, cohorts=replace(run.profile.cohorts, ukb=6)))
    twin = store.simulate_twin(small, "ukb", processes=1)
    assert twin.name == "ukb_twin" and len(twin.recordings) == 6 and twin.indices_true is not None
    monkeypatch.setattr("cardiacnets.cohorts.studied.real_cohorts", lambda run: {"ukb": None})
    assert shown_cohort(run, "ukb") == "ukb_twin"


def test_counts_are_rounded_to_the_threshold():
    counts = pd.Series([0, 3, 14, 120, 987])
    assert publishable(counts, 10).tolist() == [0, 0, 10, 120, 990]
    assert publishable(counts, 0) is counts and publishable(17, 10) == 20
    people = pd.DataFrame({"participant_id": range(100), "cm": [True] * 4 + [False] * 96, "hf": True})
    assert shares(people, ["cm", "hf"], 10).tolist() == [0, 100] and shares(people, ["cm"], 0).tolist() == [4]
