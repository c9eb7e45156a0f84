"""Tables of any size are read a piece at a time, and what comes of them does not depend on the pieces."""

import gzip
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from cardiacnets.cohorts import table_files, tables
from cardiacnets.cohorts.checking import check
from cardiacnets.cohorts.labels import label_recordings
from cardiacnets.cohorts.manifest import load_manifest
from cardiacnets.cohorts.tables import read_indices, read_labels, read_table, read_tables, table_chunks
from cardiacnets.phenotypes import MANIFESTS, PHENOTYPES

HEART = ("I420", "I509", "I2510", "I10", "4254", "4280", "41401", "4019")
OTHER = ("J189", "C509", "R51", "25000", "4600", "V5861")
CODES = "mimic-iv/hosp/diagnoses_icd.csv.gz"


def write_manifest(folder: Path, name: str):
    content = yaml.safe_load((MANIFESTS / f"{name}.yaml").read_text()) | {"root": "."}
    (folder / f"{name}.yaml").write_text(yaml.safe_dump(content))
    return load_manifest(folder / f"{name}.yaml")


def write_mimic(folder: Path, seed: int = 0, others: int = 0):
    """60 people, the first 40 with ECGs, every fifth without codes of the heart; ``others`` more codes."""
    rng = np.random.default_rng(seed)
    records, hospital = folder / "mimic-iv-ecg", folder / "mimic-iv" / "hosp"
    records.mkdir(parents=True)
    hospital.mkdir(parents=True)
    people = 10_000_000 + np.arange(60)
    dates = pd.Timestamp("2150-01-01") + pd.to_timedelta(rng.integers(0, 3000, 400), unit="D")
    pd.DataFrame({"subject_id": people, "gender": "F", "anchor_age": 50, "anchor_year": 2150}).to_csv(
        hospital / "patients.csv.gz", index=False
    )
    who = rng.choice(people[:40], 90)
    pd.DataFrame({"subject_id": who, "study_id": np.arange(90), "ecg_time": dates[:90].astype(str),
                  "path": "files/a"}).to_csv(records / "record_list.csv", index=False)  # fmt: skip
    pd.DataFrame({"hadm_id": np.arange(300), "admittime": dates[100:].astype(str)}).to_csv(
        hospital / "admissions.csv.gz", index=False
    )
    owner = rng.choice(people, 500)
    code = np.where((owner % 5 > 0) & (rng.random(500) < 0.4), rng.choice(HEART, 500), rng.choice(OTHER, 500))
    code = np.append(code, rng.choice(OTHER, others))
    count = len(code)
    pd.DataFrame(
        {
            "subject_id": np.append(owner, rng.choice(people, others)),
            "hadm_id": rng.integers(0, 330, count),  # some stays are in no table of admissions
            "seq_num": 1, "icd_code": code,
            "icd_version": [9 if one[0].isdigit() or one[0] == "V" else 10 for one in code],
        }
    ).to_csv(folder / CODES, index=False)  # fmt: skip
    return write_manifest(folder, "mimic_iv_ecg")


def write_ukb(folder: Path, seed: int = 0):
    """50 people in UK Biobank's wide table, up to nine codes each."""
    rng = np.random.default_rng(seed)
    table = {"eid": 1_000_000 + np.arange(50), "53-2.0": "2016-05-01"}
    described = yaml.safe_load((MANIFESTS / "ukb.yaml").read_text())["tables"]["participants"]["columns"]
    table |= {name: rng.integers(0, 3, 50) for name in described.values() if name not in table}
    table |= {described["height"]: 170, described["weight"]: 80, described["bmi"]: 28, "22426-2.0": 60}
    del table["6145-2.*"]
    table |= {f"6145-2.{place}": rng.choice([-7.0, 1.0, np.nan], 50) for place in range(3)}
    table |= {f"{field}-2.0": rng.normal(80, 9, 50).round(2) for field in PHENOTYPES["field"]}
    held = np.arange(9) < rng.integers(0, 10, (50, 1))
    codes = np.where(held, rng.choice([*HEART[:4], *OTHER[:3]], (50, 9)), "")
    days = np.where(held, rng.choice(["2010-02-03", "2016-05-01", "2019-12-31"], (50, 9)), "")
    table |= {f"41270-0.{place}": codes[:, place] for place in range(9)}
    table |= {f"41280-0.{place}": days[:, place] for place in range(9)}
    pd.DataFrame(table).to_csv(folder / "phenotypes.csv", index=False)
    return write_manifest(folder, "ukb")


@pytest.fixture(params=["mimic", "ukb"])
def manifest(request, tmp_path):
    return {"mimic": write_mimic, "ukb": write_ukb}[request.param](tmp_path)


@pytest.mark.parametrize("cells", [100, 600])
def test_small_pieces_equal_the_whole_table(manifest, monkeypatch, cells):
    whole, labels = read_tables(manifest), read_labels(manifest, read_tables(manifest))
    indices = read_indices(manifest, whole.recordings) if manifest.indices else None
    monkeypatch.setattr(table_files, "CELLS", cells)
    assert len(list(table_chunks(manifest, "diagnoses"))) > 1
    pieces = read_tables(manifest)
    for name in ("participants", "recordings", "diagnoses"):
        pd.testing.assert_frame_equal(getattr(pieces, name), getattr(whole, name))
    assert pieces.diagnosed == whole.diagnosed
    pd.testing.assert_frame_equal(read_labels(manifest, pieces), labels)
    if indices is not None:
        np.testing.assert_array_equal(read_indices(manifest, pieces.recordings), indices)


def test_codes_that_are_not_kept_change_no_label(manifest):
    read, everything = read_tables(manifest), read_table(manifest, "diagnoses")
    kept = read.diagnoses
    assert 0 < len(kept) < len(everything) and set(kept["code"]) <= set(HEART)
    assert set(kept["participant_id"]) <= set(read.recordings["participant_id"])
    assert set(kept) <= set(tables.SCHEMAS["diagnoses"].columns)
    expected = label_recordings(read.recordings, everything, manifest.labels.window)
    pd.testing.assert_frame_equal(read_labels(manifest, read), expected)
    assert expected.any().sum() > 5


def test_whoever_has_codes_of_other_organs_only_is_seen_and_a_control(tmp_path):
    manifest = write_mimic(tmp_path)
    read, codes = read_tables(manifest), read_table(manifest, "diagnoses")
    spared = read.recordings["participant_id"].astype(int) % 5 == 0
    assert spared.any() and read_labels(manifest, read).loc[spared, "healthy"].all()
    assert not set(read.diagnoses["participant_id"]) & set(read.recordings.loc[spared, "participant_id"])
    assert read.diagnosed == codes["participant_id"].nunique() > read.diagnoses["participant_id"].nunique()


def test_a_table_without_any_code_of_the_heart_makes_controls_and_is_no_fault(tmp_path):
    manifest = write_mimic(tmp_path)
    frame = pd.read_csv(tmp_path / CODES)
    frame.assign(icd_code="J189", icd_version=10).to_csv(tmp_path / CODES, index=False)
    read = read_tables(manifest)
    assert len(read.diagnoses) == 0 and read_labels(manifest, read)["healthy"].all()
    assert not any("no diagnosis belongs" in one.detail for one in check(manifest, read=0).faults)
    frame.iloc[:0].to_csv(tmp_path / CODES, index=False)
    assert read_tables(manifest).diagnosed == 0
    assert any("no diagnosis belongs" in one.detail for one in check(manifest, read=0).faults)


def row_replaced(row: bytes):
    def change(path: Path) -> None:
        lines = gzip.decompress(path.read_bytes()).splitlines(keepends=True)
        lines[300] = row
        path.write_bytes(gzip.compress(b"".join(lines)))

    return change


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def not_text(path: Path) -> None:
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b"R51", b"\xff\xfe\x00")))


def column_changed(column: str, value: str, rows: slice):
    def change(path: Path) -> None:
        frame = pd.read_csv(path, dtype=str)
        frame.loc[frame.index[rows], column] = value
        frame.to_csv(path, index=False)

    return change


@pytest.mark.parametrize("cells", [300, 1_000_000])
@pytest.mark.parametrize(
    "change, fault",
    [
        (row_replaced(b'10000001,7,1,"J189,10\n'), "EOF inside string"),
        (row_replaced(b"10000001,7,1\n"), "column 'icd_code': an empty cell in row 300 is not as it"),
        (row_replaced(b"10000001,7,1,J189,ten\n"), "column 'icd_version': "),
        (truncated, "ended before the end-of-stream marker"),
        (not_text, "utf-8"),
        (column_changed("icd_code", "J18;9", slice(200, 203)),
         "3 faults, the first in column 'icd_code': 'J18;9' in row 201"),
        (column_changed("icd_version", "11", slice(450, None)),
         "50 faults, the first in column 'icd_version': '11' in row 451"),
        (column_changed("subject_id", "", slice(400, 401)),
         "column 'subject_id': row 401 is empty, and every row needs an identifier"),
    ],
)  # fmt: skip
def test_a_fault_in_the_middle_is_one_line_that_names_it(tmp_path, monkeypatch, cells, change, fault):
    manifest = write_mimic(tmp_path)
    change(tmp_path / CODES)
    monkeypatch.setattr(table_files, "CELLS", cells)
    (found,) = check(manifest, read=0).faults
    assert found.kind == "unreadable" and "\n" not in found.detail
    assert found.detail.startswith(f"{tmp_path / CODES}: ") and fault in found.detail
    with pytest.raises(ValueError, match="diagnoses_icd.csv.gz: "):
        read_tables(manifest)


def test_a_separator_at_the_end_of_each_row_moves_no_column(manifest):
    path = manifest.folder / manifest.tables["diagnoses"].path
    expected = read_tables(manifest).diagnoses
    content = path.read_bytes()
    text = gzip.decompress(content) if path.suffix == ".gz" else content
    header, *rows = text.splitlines()
    text = b"\n".join([header, *(row + b"," for row in rows), b""])
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    pd.testing.assert_frame_equal(read_tables(manifest).diagnoses, expected)


@pytest.mark.parametrize("row", [1, 2, 400])
@pytest.mark.parametrize("surplus", [b"10", b"10,,7"])
@pytest.mark.parametrize("cells", [300, 1_000_000])
def test_a_row_of_too_many_fields_is_refused(tmp_path, monkeypatch, row, surplus, cells):
    manifest = write_mimic(tmp_path)
    monkeypatch.setattr(table_files, "CELLS", cells)
    path = tmp_path / CODES
    lines = gzip.decompress(path.read_bytes()).splitlines()
    for place in (row, row + 5):
        lines[place] += b"," + surplus
    path.write_bytes(gzip.compress(b"\n".join([*lines, b""])))
    (fault,) = check(manifest, read=0).faults
    assert fault.detail == f"{path}: row {row} below the header has more fields than its 5"


def test_events_are_counted_none_is_zero_and_no_answer_is_missing(tmp_path):
    manifest = write_ukb(tmp_path)
    frame = pd.read_csv(tmp_path / "phenotypes.csv", dtype=str)
    events = [["1", "4", None], ["-7", None, None], ["-3", None, None], [None, None, None]]
    frame.loc[:3, ["6145-2.0", "6145-2.1", "6145-2.2"]] = events
    frame.to_csv(tmp_path / "phenotypes.csv", index=False)
    stress = read_table(manifest, "participants")["stress"]
    assert stress.iloc[:2].tolist() == [2, 0] and stress.iloc[2:4].isna().all()


def test_a_check_reads_each_table_once(manifest, monkeypatch):
    opened, read = [], table_files._text_chunks

    def watched(path, table, wanted, starts):
        opened.append((path, tuple(wanted)))
        return read(path, table, wanted, starts)

    monkeypatch.setattr(table_files, "_text_chunks", watched)
    check(manifest, read=0)
    assert len(opened) == len(set(opened)) >= len(manifest.tables)


def test_memory_does_not_grow_with_the_codes_of_other_organs(tmp_path, monkeypatch):
    monkeypatch.setattr(table_files, "CELLS", 2_000)

    def peak(others: int) -> int:
        manifest = write_mimic(tmp_path / str(others), others=others)
        tracemalloc.start()
        read_tables(manifest)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    few, many = peak(1_000), peak(10_000)
    assert many < 1.5 * few
