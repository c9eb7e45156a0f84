"""A small cohort of real file formats (simulated signals), whole at first, then broken in each way."""

import gzip
import hashlib
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import wfdb
import yaml

from cardiacnets.__main__ import main
from cardiacnets.cohorts.checking import CheckReport, Fault, check
from cardiacnets.cohorts.flow import disclosable_steps, draw_flow, excluded, participant_flow
from cardiacnets.cohorts.manifest import Criterion, load_manifest
from cardiacnets.cohorts.tables import read_covariates, read_indices, read_labels, read_table, read_tables
from cardiacnets.contracts import LEADS
from cardiacnets.phenotypes import MANIFESTS, PHENOTYPES

PEOPLE = 24


def write_ecg(path: Path, seed: int) -> None:
    limbs = np.random.default_rng(seed).normal(0, 0.3, (5000, 8))
    one, two = limbs[:, 0], limbs[:, 1]
    signal = np.column_stack(
        [one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2, limbs[:, 2:]]
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    wfdb.wrsamp(path.name, 500, ["mV"] * 12, list(LEADS), signal, fmt=["16"] * 12, write_dir=str(path.parent))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The layout of MIMIC-IV-ECG for 24 people, the first of whom has two recordings."""
    root = tmp_path_factory.mktemp("mimic")
    records, hosp = root / "mimic-iv-ecg", root / "mimic-iv" / "hosp"
    hosp.mkdir(parents=True)
    rows = []
    for number, person in enumerate([0, *range(PEOPLE)]):
        record = f"files/p1000/p{10_000_000 + person}/s{40_000_000 + number}/{40_000_000 + number}"
        write_ecg(records / record, number)
        rows.append((10_000_000 + person, 40_000_000 + number, f"2150-0{1 + number % 9}-10 08:00:00", record))
    pd.DataFrame(rows, columns=["subject_id", "study_id", "ecg_time", "path"]).to_csv(
        records / "record_list.csv", index=False
    )
    people = 10_000_000 + np.arange(PEOPLE)
    table = {"subject_id": people, "gender": ["F", "M"] * (PEOPLE // 2), "anchor_age": 17 + np.arange(PEOPLE)}
    pd.DataFrame(table | {"anchor_year": 2148}).to_csv(hosp / "patients.csv.gz", index=False)
    codes = pd.DataFrame(
        {
            "subject_id": people[[0, 1, 2, 3]], "hadm_id": [1, 2, 3, 4],
            "icd_code": ["4254", "I420", "I509", "J45"], "icd_version": [9, 10, 10, 10],
        }
    )  # fmt: skip
    codes.to_csv(hosp / "diagnoses_icd.csv.gz", index=False)
    stays = ["2149-01-01 10:00:00", "2150-02-11 00:10:00", "2151-01-01 10:00:00", "2149-01-01 10:00:00"]
    pd.DataFrame({"hadm_id": [1, 2, 3, 4], "admittime": stays}).to_csv(
        hosp / "admissions.csv.gz", index=False
    )
    sums = [f"{hashlib.sha256(file.read_bytes()).hexdigest()} {file.relative_to(records)}"
            for file in sorted(records.rglob("*.dat"))]  # fmt: skip
    (records / "SHA256SUMS.txt").write_text("\n".join(sums) + "\n")
    return root


@pytest.fixture
def cohort(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "data")
    return tmp_path


def manifest_of(folder: Path, **changes):
    content = yaml.safe_load((MANIFESTS / "mimic_iv_ecg.yaml").read_text()) | {"root": "data"} | changes
    (folder / "mimic_iv_ecg.yaml").write_text(yaml.safe_dump(content))
    shutil.copy(MANIFESTS / "mimic_iv_ecg_simulated.yaml", folder)
    return load_manifest(folder / "mimic_iv_ecg.yaml")


def edit(folder: Path, name: str, change) -> None:
    path = folder / "data" / name
    change(pd.read_csv(path)).to_csv(path, index=False)


RECORDS = "mimic-iv-ecg/record_list.csv"
CODES = "mimic-iv/hosp/diagnoses_icd.csv.gz"
PATIENTS = "mimic-iv/hosp/patients.csv.gz"
STAYS = "mimic-iv/hosp/admissions.csv.gz"


def test_a_whole_cohort_has_no_faults_and_a_flow(cohort):
    report = check(manifest_of(cohort))
    assert report.faults == ()
    assert report.seen["participants"] == PEOPLE and report.seen["ecg files opened"] == PEOPLE + 1
    last = report.flow.steps.iloc[-1]
    assert (last["participants"], last["recordings"]) == (PEOPLE - 1, PEOPLE - 1)  # one is 17, and has two
    assert report.flow.kept.sum() == PEOPLE - 1


def test_labels_and_covariates_come_from_joined_tables(cohort):
    manifest = manifest_of(cohort)
    tables = read_tables(manifest)
    labels = read_labels(manifest, tables)
    first = tables.recordings["participant_id"] == "10000000"
    assert labels.loc[first, "cm"].tolist() == [True, True] and not labels.loc[first, "dcm"].any()
    after = tables.recordings["participant_id"] == "10000001"  # admitted the night after the ECG
    assert labels.loc[after, "dcm"].all()
    later = tables.recordings["participant_id"] == "10000002"
    assert not labels.loc[later, "hf"].any() and labels.loc[later, "hf_incident"].all()
    assert labels["healthy"].sum() == PEOPLE - 3
    covariates = read_covariates(manifest, tables.recordings)
    assert covariates["sex"].tolist()[:4] == [0, 0, 1, 0]
    assert covariates["age"].tolist()[:3] == [19, 19, 20]  # two years after the anchor
    assert covariates["heart_rate"].isna().all()  # measured later, from the ECG


def test_a_twin_may_lie_beside_the_manifest_or_come_with_the_book(cohort):
    manifest = manifest_of(cohort)
    (cohort / "mimic_iv_ecg_simulated.yaml").unlink()
    assert check(manifest).faults == ()
    (fault,) = check(manifest_of(cohort, twin="nobody_simulated")).faults
    assert fault.kind == "missing" and "twin" in fault.detail


def erase(name):
    return lambda at: next(at.rglob(name)).unlink()


def overwrite(name, content):
    return lambda at: next(at.rglob(name)).write_bytes(content)


def alter(name, change):
    return lambda at: edit(at, name, change)


def copy_signal(at):
    """The ECG of one recording stored a second time, under another's name."""
    first, second = (next(at.rglob(f"{number}.hea")) for number in (40000004, 40000003))
    second.write_text(first.read_text().replace("40000004", "40000003"))
    shutil.copy(first.with_suffix(".dat"), second.with_suffix(".dat"))


@pytest.mark.parametrize(
    "break_it, kind, fault",
    [
        (erase("record_list.csv"), "missing", "record_list.csv: no such table"),
        (overwrite("diagnoses_icd.csv.gz", b"\x1f\x8bnot gzip"), "unreadable", "diagnoses_icd.csv.gz"),
        (overwrite("diagnoses_icd.csv.gz", gzip.compress(b"a,b" * 99)[:30]), "unreadable", "diagnoses_icd"),
        (alter(RECORDS, lambda t: t.drop(columns="ecg_time")), "unreadable", "no column 'ecg_time'"),
        (alter(RECORDS, lambda t: t.assign(ecg_time="soon")), "unreadable", "'soon' is not a date"),
        (alter(STAYS, lambda t: pd.concat([t, t.head(1).assign(admittime="2150-01-01")])), "unreadable",
         "2 rows say different things of one hadm_id, first row 1"),
        (alter(CODES, lambda t: t.assign(subject_id=[1, 2, *t["subject_id"][2:]])), "missing",
         "2 codes belong to nobody among the participants"),
        (alter(RECORDS, lambda t: t.assign(study_id=["40000001.0", *map(str, t["study_id"][1:])])),
         "duplicated", "1 row repeats a recording_id"),
        (alter(RECORDS, lambda t: pd.concat([t, t.tail(1)])), "duplicated", "repeats a recording_id"),
        (alter(PATIENTS, lambda t: pd.concat([t, t.tail(1)])), "duplicated", "repeats a participant_id"),
        (alter(PATIENTS, lambda t: t.iloc[1:]), "missing", "no known participant"),
        (alter(CODES, lambda t: t.assign(icd_version=11)), "unreadable", "version"),
        (alter(CODES, lambda t: t.assign(subject_id=t.subject_id + 0.5)), "missing", "no diagnosis"),
        (alter(RECORDS, lambda t: t.assign(ecg_time=[None, *t.ecg_time[1:]])), "leaking", "no date"),
        (alter(RECORDS, lambda t: t.assign(path="../../etc/passwd")), "missing", "points outside"),
        (
            alter(RECORDS, lambda t: t.assign(path=[t.path[1], *t.path[1:]])),
            "duplicated",
            "several recordings",
        ),
        (erase("40000003.hea"), "missing", "40000003"),
        (overwrite("40000003.dat", b"short"), "unreadable", "40000003"),
        (overwrite("40000003.dat", bytes(120_000)), "unreadable", "checksum"),
        (copy_signal, "duplicated", "the same ECG"),
        (erase("SHA256SUMS.txt"), "missing", "checksums"),
    ],
)
def test_each_fault_is_found_and_named(cohort, break_it, kind, fault):
    manifest = manifest_of(cohort)
    break_it(cohort)
    report = check(manifest)
    assert any(one.kind == kind and fault in one.detail for one in report.faults), str(report)
    assert all("\n" not in one.detail for one in report.faults)


def test_a_missing_table_is_named_once_and_a_missing_root_before_all(cohort):
    (cohort / "data" / STAYS).unlink()
    (cohort / "data" / PATIENTS).write_bytes(b"")
    report = check(manifest_of(cohort))
    missing = [one.detail for one in report.faults if one.kind == "missing"]
    assert len(missing) == 1 and "admissions.csv.gz: no such table" in missing[0]
    assert report.notes == ("files were not looked at: mend the tables first",)
    (fault,) = check(manifest_of(cohort, root="nowhere")).faults
    assert fault.kind == "missing" and fault.detail.startswith(f"root {cohort / 'nowhere'}: no such folder")


def test_a_kind_of_fault_shows_each_of_its_sorts_first():
    """Twelve torn files do not hide the one of another sort."""
    torn = [Fault("unreadable", f"/data/{number}.dat: file ends early") for number in range(12)]
    other = Fault("unreadable", "/data/x.dat: its checksum is not that of SHA256SUMS.txt")
    shown = str(CheckReport("here", {"tables": 1}, (*torn, other)))
    assert shown.startswith("here: 1 table\n") and "checksum" in shown and shown.endswith("\n13 faults")
    assert "unreadable: and 8 more (--json lists all)" in shown


@pytest.mark.parametrize(
    "changes, fault",
    [
        ({"labels": {"tasks": ["cm"], "window": {"last_day": 400}}}, "400 days after the ECG"),
        ({"labels": {"tasks": ["cm"], "window": {"undated": True}}}, "undated"),
        (
            {"labels": {"tasks": ["cm"], "column": "sex", "values": {"F": [], "M": ["cm"]}}},
            "column of the labels",
        ),
        ({"inclusion": [{"column": "weight", "reason": "x", "minimum": 1}]}, "no column 'weight'"),
        ({"covariates": {"bmi": {"column": "bmi"}}}, "no column 'bmi'"),
        ({"ecg": {"format": "wfdb", "pattern": "{file}"}}, "no column 'file'"),
    ],
)
def test_faults_of_the_manifest_itself_are_found(cohort, changes, fault):
    report = check(manifest_of(cohort, **changes), read=0)
    assert any(fault in one.detail for one in report.faults), str(report)


def test_the_command_says_what_is_wrong_and_its_exit_code_too(cohort, capsys):
    manifest_of(cohort)
    assert main(["check", "--read", "3", str(cohort / "mimic_iv_ecg.yaml")]) == 0
    assert "no faults" in capsys.readouterr().out
    next(cohort.rglob("40000003.hea")).unlink()
    assert main(["check", str(cohort / "mimic_iv_ecg.yaml"), str(MANIFESTS / "ukb_simulated.yaml")]) == 1
    shown = capsys.readouterr().out
    assert "missing: " in shown and "\n1 fault\n" in shown and "ukb_simulated: 1 simulated cohort\n" in shown
    assert main(["check", str(cohort / "absent.yaml")]) == 1
    assert "no such manifest" in capsys.readouterr().err


def test_uk_biobanks_wide_table_becomes_codes_indices_and_counts(tmp_path):
    columns = {
        "eid": [1000001, 1000002], "53-2.0": "2016-05-01",
        "41270-0.0": ["I420", "I10"], "41270-0.1": ["I509", None],
        "41280-0.0": ["2010-01-01", "2012-01-01"], "41280-0.1": ["2019-01-01", None],
        "6145-2.0": [1, -7], "6145-2.1": [4, None], "1160-2.0": [7, -1],
        "31-0.0": [0, 1], "21003-2.0": [60, 70],
    }  # fmt: skip
    columns |= {f"{field}-2.0": [float(place), None] for place, field in enumerate(PHENOTYPES["field"])}
    content = yaml.safe_load((MANIFESTS / "ukb.yaml").read_text())
    for ours, theirs in content["tables"]["participants"]["columns"].items():
        if not theirs.endswith("*") and theirs not in columns and ours != "participant_id":
            columns[theirs] = [1, 2]
    columns |= {"50-2.0": [160, 180], "21002-2.0": [60, 90], "21001-2.0": [23, 28], "22426-2.0": [60, 70]}
    (tmp_path / "data").mkdir()
    pd.DataFrame(columns).to_csv(tmp_path / "data" / "phenotypes.csv", index=False)
    (tmp_path / "ukb.yaml").write_text(yaml.safe_dump(content | {"root": "data"}))
    manifest = load_manifest(tmp_path / "ukb.yaml")
    tables = read_tables(manifest)
    codes = tables.diagnoses.sort_values(["participant_id", "date"])
    assert tables.diagnosed == 2
    assert codes[["participant_id", "code"]].to_numpy().tolist() == [
        ["1000001", "I420"], ["1000001", "I509"], ["1000002", "I10"],
    ]  # fmt: skip
    labels = read_labels(manifest, tables)
    assert labels["dcm"].tolist() == [True, False] and labels["hf_incident"].tolist() == [True, False]
    assert not labels["healthy"].any()
    covariates = read_covariates(manifest, tables.recordings)
    assert covariates["stress"].tolist() == [2, 0]
    assert covariates["sleep_duration"].tolist()[0] == 7 and np.isnan(covariates["sleep_duration"][1])
    indices = read_indices(manifest, tables.recordings)
    assert indices.shape == (2, 82) and indices[0].tolist() == list(range(82)) and np.isnan(indices[1]).all()
    report = check(manifest)
    assert report.flow.steps.iloc[-1]["participants"] == 0  # nobody has an ECG file, which here is no fault
    assert [one.detail for one in report.faults if one.kind != "missing"] == []


@pytest.mark.parametrize("codes", [["-10", "-3", "-1", "4"], ["-10.0", "-3.0", "-1.0", "4.0"]])
def test_codes_of_a_number_become_it_and_codes_of_no_answer_are_missing(codes):
    manifest = load_manifest(MANIFESTS / "ukb.yaml")
    people = pd.DataFrame({one.column: codes for one in manifest.covariates.values()})
    vegetables = read_covariates(manifest, people)["raw_vegetables"]  # -10 is less than one spoon a day
    assert vegetables.iloc[[0, 3]].tolist() == [0.5, 4] and vegetables.iloc[[1, 2]].isna().all()


def test_real_records_are_checked(sample_data, tmp_path):
    """The open 12-lead records, under the layout asked of any hospital."""
    names = sorted(file.stem for file in (sample_data / "ecg" / "cinc2021").glob("*.hea"))
    table = {"participant_id": names, "recording_id": names, "date": "2020-01-01", "file": names, "sex": "F"}
    (tmp_path / "data").mkdir()
    pd.DataFrame(table | {"age": 50, "diagnosis": "healthy"}).to_csv(
        tmp_path / "data/recordings.csv", index=False
    )
    (tmp_path / "data" / "ecg").symlink_to(sample_data / "ecg" / "cinc2021")
    content = yaml.safe_load((MANIFESTS / "qph.yaml").read_text()) | {"root": "data"}
    (tmp_path / "qph.yaml").write_text(
        yaml.safe_dump(content | {"ecg": {"format": "wfdb", "pattern": "ecg/{file}"}})
    )
    shutil.copy(MANIFESTS / "qph_simulated.yaml", tmp_path)
    report = check(load_manifest(tmp_path / "qph.yaml"))
    assert report.seen["ecg files opened"] == len(names) == 25
    # two of them were recorded with electrodes off: V2, V4 and V6 are flat, and the check says so
    assert {fault.detail.split(":")[0][-7:] for fault in report.faults} == {"JS20004", "JS20008"}
    assert all("flat" in fault.detail for fault in report.faults)


def test_a_compressed_bomb_of_a_table_is_one_line(cohort):
    (cohort / "data" / CODES).write_bytes(gzip.compress(b"a" * 10_000_000))
    report = check(manifest_of(cohort), read=0)
    assert (
        len(report.faults) == 1
        and "no column" in report.faults[0].detail
        and len(report.faults[0].detail) < 400
    )


RECORDINGS = pd.DataFrame({"participant_id": list("aabcd"), "age": ["30", "31", "17", "x", "50"]})


def test_the_flow_adds_up_at_every_step():
    young = excluded(RECORDINGS, Criterion(column="age", minimum=18, reason="young"))
    assert young.tolist() == [False, False, True, True, False]
    flow = participant_flow(RECORDINGS, [("young", young), ("no file", np.array([1, 0, 1, 0, 1], bool))])
    assert flow.kept.tolist() == [False, True, False, False, False]
    steps = flow.steps
    assert (steps["recordings"].diff().fillna(0) == -steps["recordings_out"]).all()
    assert (steps["participants"].diff().fillna(0) == -steps["participants_out"]).all()
    assert steps["recordings"].tolist() == [5, 3, 1] and steps["participants"].tolist() == [4, 2, 1]


def test_small_steps_are_joined_so_that_no_difference_tells_them():
    people = pd.DataFrame({"participant_id": np.arange(100)})
    takes = {"young": 30, "no file": 3, "noisy": 20, "withdrawn": 2}
    edges = np.cumsum([0, *takes.values()])
    exclusions = [(reason, (people.index >= low) & (people.index < high))
                  for reason, low, high in zip(takes, edges[:-1], edges[1:], strict=True)]  # fmt: skip
    flow = participant_flow(people, exclusions)
    assert disclosable_steps(flow, 0)["participants_out"].tolist() == [0, 30, 3, 20, 2]
    steps = disclosable_steps(flow, 10)
    assert steps["participants_out"].tolist() == [0, 30, 25] and steps["participants"].tolist() == [
        100,
        70,
        45,
    ]
    assert steps["reason"].iloc[-1] == "no file; or noisy; or withdrawn"
    only = disclosable_steps(participant_flow(people, exclusions[1:2]), 10)
    assert only["participants"].tolist() == [97] and not only["participants_out"].any()
    texts = [text.get_text() for text in draw_flow(flow, threshold=10).axes[0].texts]
    assert any("25 participants out" in text for text in texts)
    assert not any(f"{count} participants" in text for text in texts for count in (2, 3, 67, 47))


def test_an_unknown_join_is_refused(cohort):
    content = yaml.safe_load((MANIFESTS / "mimic_iv_ecg.yaml").read_text())["tables"]
    content["diagnoses"]["join"]["table"] = "stays"
    with pytest.raises(ValueError, match="'stays', which the manifest does not describe"):
        read_table(manifest_of(cohort, tables=content), "diagnoses")
