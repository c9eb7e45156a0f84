"""A simulated cohort goes out in a real layout and comes back through the readers unchanged."""

import hashlib
import shutil
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pydicom
import pytest
import yaml

from cardiacnets.__main__ import main
from cardiacnets.cmr import locate_heart, read_cine
from cardiacnets.cohorts.checking import check
from cardiacnets.cohorts.export import Drawing, export_cohort
from cardiacnets.cohorts.layouts.mimic_iv_ecg import ICD9
from cardiacnets.cohorts.manifest import load_manifest
from cardiacnets.cohorts.tables import (
    file_paths,
    read_covariates,
    read_indices,
    read_labels,
    read_table,
    read_tables,
)
from cardiacnets.contracts import DISEASES, SUBTYPES
from cardiacnets.digital_heart import short_axis_stack, simulate
from cardiacnets.ecg import read_ecg
from cardiacnets.phenotypes import MANIFESTS

UKB = Drawing(n=14, seed=4, frames=6, slices=5)
MIMIC = Drawing(n=40, seed=4, frames=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    export_cohort(folder, "ukb", UKB)
    export_cohort(folder, "mimic_iv_ecg", MIMIC)
    return folder


@pytest.fixture(scope="module")
def simulated():
    return {
        "ukb": simulate(UKB.n, "ukb", UKB.preset, UKB.seed, UKB.frames),
        "mimic_iv_ecg": simulate(MIMIC.n, "mimic", MIMIC.preset, MIMIC.seed, MIMIC.frames),
    }


def digests(folder: Path) -> dict[str, str]:
    files = (file for file in folder.rglob("*") if file.is_file())
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files
    }


@pytest.mark.parametrize("layout", ["ukb", "mimic_iv_ecg"])
class TestBothLayouts:
    def test_the_check_finds_no_fault(self, folder, layout):
        report = check(load_manifest(folder / f"{layout}.yaml"))
        assert report.faults == (), str(report)
        assert report.flow.kept.all()
        assert report.seen["ecg files opened"] == report.seen["recordings"]

    def test_only_root_and_title_of_the_manifest_differ(self, folder, layout):
        ours, shipped = (yaml.safe_load((where / f"{layout}.yaml").read_text())
                         for where in (folder, MANIFESTS))  # fmt: skip
        assert ours["root"] == layout and "simulated" in ours["title"]
        assert ours | {"root": "", "title": ""} == shipped | {"root": "", "title": ""}

    def test_ecgs_come_back_exactly(self, folder, simulated, layout):
        manifest = load_manifest(folder / f"{layout}.yaml")
        paths = file_paths(manifest, manifest.ecg, read_tables(manifest).recordings)
        # both formats step by 5 microvolts, on whose grid the digital heart digitises
        read = np.stack([read_ecg(path).standard() for path in paths])
        np.testing.assert_allclose(read, simulated[layout].ecg, atol=1e-6)  # float32

    def test_people_labels_and_covariates_come_back_in_order(self, folder, simulated, layout):
        manifest, truth = load_manifest(folder / f"{layout}.yaml"), simulated[layout]
        tables = read_tables(manifest)
        people = tables.recordings["participant_id"]
        assert people.tolist() == truth.covariates["participant_id"].tolist()
        labels = read_labels(manifest, tables)
        for label in (*DISEASES, *SUBTYPES, "healthy"):
            assert labels[label].tolist() == truth.labels[label].tolist(), label
        assert labels.loc[:, DISEASES].to_numpy().any() and labels["healthy"].any()
        for name, values in read_covariates(manifest, tables.recordings).items():
            if manifest.covariates[name].column:
                expected = truth.covariates[name].to_numpy(np.float32)
                np.testing.assert_array_equal(values.to_numpy(np.float32), expected, name)

    def test_it_is_refused_to_overwrite(self, folder, layout):
        before = digests(folder)
        with pytest.raises(ValueError, match=f"{layout}: is already there"):
            export_cohort(folder, layout, UKB)
        assert digests(folder) == before


class TestUkb:
    def test_cines_come_back_exactly_in_the_middle_slice(self, folder, simulated):
        manifest, truth = load_manifest(folder / "ukb.yaml"), simulated["ukb"]
        stacks = short_axis_stack(range(UKB.n), "ukb", UKB.preset, UKB.seed, UKB.frames, UKB.slices)
        np.testing.assert_array_equal(stacks[:, :, UKB.slices // 2], truth.sax)
        people = read_tables(manifest).recordings
        for view, signal in (("sax", manifest.cine.sax), ("4ch", manifest.cine.four_chamber)):
            for row, path in enumerate(file_paths(manifest, signal, people)):
                cine = read_cine(path, view)
                expected = stacks[row] if view == "sax" else truth.lax[row][:, None]
                np.testing.assert_array_equal(cine.frames, expected)
                assert cine.spacing == pytest.approx((10 if view == "sax" else 8, 1.8, 1.8))
                beat = 60_000 / truth.covariates["heart_rate"][row]
                assert cine.meta["cycle_ms"] == pytest.approx(beat, abs=0.5)  # DICOM counts whole ms
                np.testing.assert_allclose(cine.times / cine.meta["cycle_ms"], np.arange(6) / 6, atol=1e-6)

    def test_the_middle_slice_is_found_and_the_heart_is_as_it_was(self, folder, simulated):
        manifest, truth = load_manifest(folder / "ukb.yaml"), simulated["ukb"]
        people = read_tables(manifest).recordings
        middles, likeness = [], []
        for row, path in enumerate(file_paths(manifest, manifest.cine.sax, people)):
            cine = read_cine(path)
            location = locate_heart(cine.frames, cine.spacing)
            middles.append(location.middle_slice)
            standard = cine.standard(frames=UKB.frames)
            moved = np.round(np.array(location.centre) - 39.5).astype(int)
            there = np.roll(truth.sax[row], tuple(-moved), axis=(1, 2))[:, 15:65, 15:65]
            likeness.append(np.corrcoef(there.ravel(), standard[:, 15:65, 15:65].ravel())[0, 1])
        # the outermost disc may fall out of the chain, which moves the middle by one of five slices
        assert np.abs(np.array(middles) - UKB.slices // 2).max() <= 1
        assert np.mean(np.array(middles) == UKB.slices // 2) > 0.5
        same = np.array(likeness)[np.array(middles) == UKB.slices // 2]
        assert same.min() > 0.9  # moved by less than half a pixel, and by the crop's own grey levels

    def test_indices_come_back_exactly(self, folder, simulated):
        manifest = load_manifest(folder / "ukb.yaml")
        indices = read_indices(manifest, read_tables(manifest).recordings)
        np.testing.assert_array_equal(indices, simulated["ukb"].indices)
        assert np.isfinite(indices).any(axis=0).all()

    def test_codes_and_their_days_come_back(self, folder, simulated):
        manifest = load_manifest(folder / "ukb.yaml")
        tables = read_tables(manifest)
        codes = read_table(manifest, "diagnoses")
        codes = codes.merge(tables.recordings[["participant_id", "date"]], on="participant_id",
                            suffixes=("", "_visit"))  # fmt: skip
        heart = codes[codes["code"].str.startswith("I")]
        assert (heart["date"] <= heart["date_visit"]).all()
        assert (codes["date"] > codes["date_visit"]).any()  # of other organs
        for person, expected in zip(tables.recordings["participant_id"], simulated["ukb"].labels["icd10"],
                                    strict=True):  # fmt: skip
            found = sorted(heart.loc[heart["participant_id"] == person, "code"])
            assert found == sorted(expected.replace(".", "").split(";") if expected else [])

    def test_every_file_says_that_it_is_simulated(self, folder):
        document = next((folder / "ukb" / "ecg").iterdir())
        assert "<SimulatedPatientData>yes<" in document.read_text(encoding="ascii")
        for archive in list((folder / "ukb" / "cmr").iterdir())[:2]:
            with zipfile.ZipFile(archive) as members:
                image = pydicom.dcmread(BytesIO(members.read(members.namelist()[0])))
            assert image.InstitutionName == image.PatientName == "SIMULATED"
            assert "SIMULATED" in image.PatientComments


class TestMimic:
    def test_recordings_lie_in_the_archives_order_and_gain(self, folder):
        header = next((folder / "mimic_iv_ecg").rglob("*.hea")).read_text().splitlines()
        assert [line.split()[-1] for line in header[1:13]] == [
            "I", "II", "III", "aVR", "aVF", "aVL", "V1", "V2", "V3", "V4", "V5", "V6",
        ]  # fmt: skip
        assert all(" 200.0(0)/mV " in line for line in header[1:13]) and "SIMULATED" in header[13]

    def test_both_editions_of_codes_are_there_and_mean_the_same(self, folder, simulated):
        diagnoses = read_tables(load_manifest(folder / "mimic_iv_ecg.yaml")).diagnoses
        assert set(diagnoses["version"]) == {9, 10}
        old = set(diagnoses.loc[diagnoses["version"] == 9, "code"])
        assert old and old <= set(ICD9.values())

    def test_several_recordings_of_a_person_follow_each_other_in_one_year(self, folder):
        recordings = read_tables(load_manifest(folder / "mimic_iv_ecg.yaml")).recordings
        dates = recordings.groupby("participant_id")["date"]
        assert dates.size().max() > 1
        assert dates.apply(lambda one: one.is_monotonic_increasing and one.dt.year.nunique() == 1).all()


@pytest.mark.parametrize("layout", ["ukb", "mimic_iv_ecg"])
def test_the_same_drawing_gives_the_same_bytes_and_nobody_depends_on_others(tmp_path, layout):
    drawing = Drawing(n=3, seed=7, frames=3, slices=1)
    for name in ("one", "two"):
        export_cohort(tmp_path / name, layout, drawing)
    export_cohort(tmp_path / "more", layout, Drawing(n=4, seed=7, frames=3, slices=1))
    one, two, more = (digests(tmp_path / name) for name in ("one", "two", "more"))
    assert one == two
    tables = [name for name in one if name.endswith((".csv", ".gz", "SHA256SUMS.txt"))]
    assert {name: more.get(name) for name in one if name not in tables} == {
        name: digest for name, digest in one.items() if name not in tables
    }


def test_processes_do_not_change_a_byte(tmp_path):
    drawing = Drawing(n=33, seed=1)  # two shards
    for processes in (1, 2):
        export_cohort(tmp_path / str(processes), "mimic_iv_ecg", drawing, processes)
    assert digests(tmp_path / "1") == digests(tmp_path / "2")


@pytest.mark.parametrize(
    ("layout", "changes", "fault"),
    [
        ("ptb_xl", {}, "no layout 'ptb_xl'"),
        ("ukb", {"slices": 4}, "odd"),
        ("ukb", {"n": 0}, "at least 1"),
        ("ukb", {"preset": "none"}, "unknown preset"),
    ],
)
def test_impossible_wishes_are_refused_and_leave_nothing(tmp_path, layout, changes, fault):
    with pytest.raises(ValueError, match=fault):
        export_cohort(tmp_path / "out", layout, Drawing(**({"n": 2, "frames": 2} | changes)))
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]


def test_the_command_exports_what_the_check_accepts(tmp_path, capsys):
    asked = ["export", "--as", "ukb", str(tmp_path), "--n", "10", "--frames", "2", "--slices", "1"]
    assert main(asked) == 0
    assert "simulated: 10 participants" in capsys.readouterr().out
    assert main(["check", "--read", "2", str(tmp_path / "ukb.yaml")]) == 0
    assert main(asked) == 1
    assert "already there" in capsys.readouterr().err


class TestBrokenUkb:
    """What can go wrong with files like UK Biobank's: one clear line each, and nothing is changed."""

    @pytest.fixture
    def broken(self, folder, tmp_path):
        shutil.copytree(folder / "ukb", tmp_path / "ukb")
        for name in ("ukb.yaml", "ukb_simulated.yaml"):
            shutil.copy(folder / name, tmp_path)
        return tmp_path

    @staticmethod
    def edit(folder: Path, change) -> None:
        path = folder / "ukb" / "phenotypes.csv"
        change(pd.read_csv(path, dtype=str)).to_csv(path, index=False)

    def faults(self, folder: Path, read: int = 100) -> list[tuple[str, str]]:
        before = digests(folder)
        report = check(load_manifest(folder / "ukb.yaml"), read=read)
        assert digests(folder) == before
        assert all("\n" not in fault.detail for fault in report.faults)
        return [(fault.kind, fault.detail) for fault in report.faults]

    def test_cut_and_hostile_files_are_each_named(self, broken):
        ecgs, cines = sorted((broken / "ukb/ecg").iterdir()), sorted((broken / "ukb/cmr").iterdir())
        ecgs[0].write_bytes(ecgs[0].read_bytes()[:-5000])
        ecgs[1].write_text(
            '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><CardiologyXML>&b;</CardiologyXML>'
        )
        ecgs[2].write_bytes(b"")
        cines[0].write_bytes(cines[0].read_bytes()[:-500])
        with zipfile.ZipFile(cines[1], "w") as archive:
            archive.writestr("../../evil.dcm", b"x")
        with zipfile.ZipFile(cines[2], "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("1.dcm", bytes(30 * 2**20))
        content = Path(pydicom.data.get_testdata_file("CT_small.dcm", download=False)).read_bytes()
        with zipfile.ZipFile(cines[3], "w") as archive:
            archive.writestr("1.dcm", content)
        found = self.faults(broken)
        expected = {
            ecgs[0]: "not well-formed", ecgs[1]: "Entit", ecgs[2]: "is empty", cines[0]: "whole zip",
            cines[1]: "points outside", cines[2]: "zip bomb", cines[3]: "modality CT",
        }  # fmt: skip
        assert len(found) == len(expected)
        for path, words in expected.items():
            assert any(kind == "unreadable" and str(path) in detail and words in detail
                       for kind, detail in found), (path, found)  # fmt: skip

    def test_the_same_ecg_under_two_names_is_found(self, broken):
        first, second = sorted((broken / "ukb/ecg").iterdir())[:2]
        shutil.copy(first, second)
        assert [kind for kind, detail in self.faults(broken) if "the same ECG" in detail] == ["duplicated"]

    def test_a_participant_in_two_rows_is_found(self, broken):
        self.edit(broken, lambda table: pd.concat([table, table.tail(1)]))
        assert ("duplicated", True) in [(kind, "repeats a participant_id" in detail)
                                        for kind, detail in self.faults(broken, read=0)]  # fmt: skip

    def test_a_visit_without_a_date_would_let_the_future_in(self, broken):
        self.edit(broken, lambda table: table.assign(**{"53-2.0": [None, *table["53-2.0"][1:]]}))
        assert [detail for kind, detail in self.faults(broken, read=0) if kind == "leaking"] == [
            "1 recordings have no date: their diagnoses may lie in the future"
        ]

    def test_codes_dated_after_the_visit_are_not_prevalent(self, broken):
        coded = [column for column in pd.read_csv(broken / "ukb/phenotypes.csv", nrows=0).columns
                 if column.startswith("41280")]  # fmt: skip
        self.edit(broken, lambda table: table.assign(**{column: "2035-01-01" for column in coded}))
        manifest = load_manifest(broken / "ukb.yaml")
        labels = read_labels(manifest, read_tables(manifest))
        assert not labels[list(DISEASES)].to_numpy().any()
        assert labels[[f"{disease}_incident" for disease in DISEASES]].to_numpy().any()


def test_a_changed_byte_of_a_record_fails_its_checksum_twice(folder, tmp_path):
    """Against the list of the archive, and against the sum in its own header."""
    shutil.copytree(folder / "mimic_iv_ecg", tmp_path / "mimic_iv_ecg")
    for name in ("mimic_iv_ecg.yaml", "mimic_iv_ecg_simulated.yaml"):
        shutil.copy(folder / name, tmp_path)
    record = sorted(tmp_path.rglob("*.dat"))[0]
    content = bytearray(record.read_bytes())
    content[4000] ^= 1
    record.write_bytes(content)
    found = [fault.detail for fault in check(load_manifest(tmp_path / "mimic_iv_ecg.yaml")).faults]
    assert len(found) == 2 and all(str(record.with_suffix("")) in detail for detail in found)
    assert any("SHA256SUMS" in detail for detail in found) and any("header's" in detail for detail in found)
