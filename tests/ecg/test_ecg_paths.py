"""What may stand for a file, and what content makes of it whatever its name says."""

from pathlib import Path

import numpy as np
import pytest
from ecg_files import heart, write_cardiosoft, write_dicom, write_wfdb

from cardiacnets.ecg import read_ecg


@pytest.mark.parametrize("path", [41420867, 0, -1, "41420867", Path("nowhere") / "41420867", np.int64(7)])
def test_digits_without_a_file_are_a_missing_file(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=rf"{path}: no such ECG file"):
        read_ecg(path)


def test_digits_may_name_a_record(tmp_path, monkeypatch):
    write_wfdb(tmp_path)
    for suffix in (".hea", ".dat"):
        (tmp_path / f"record{suffix}").rename(tmp_path / f"41420867{suffix}")
    header = tmp_path / "41420867.hea"
    header.write_text(header.read_text().replace("record", "41420867"))
    monkeypatch.chdir(tmp_path)
    np.testing.assert_allclose(read_ecg(41420867).signal, heart(), atol=6e-4)


@pytest.mark.parametrize("path", [None, True, False, 1.5, b"record", bytearray(b"record"), ["a"], ("a",), {}])
def test_what_is_no_path_is_refused_by_value_and_type(path):
    with pytest.raises(ValueError, match=rf"is no path of an ECG file: .*not {type(path).__name__}"):
        read_ecg(path)


@pytest.mark.parametrize("path", ["", "  ", "a\0b"])
def test_text_that_is_no_path_is_refused(path):
    with pytest.raises(ValueError, match="is no path of an ECG file"):
        read_ecg(path)


def test_a_name_that_is_too_long_is_refused(tmp_path):
    with pytest.raises(ValueError, match="cannot be opened"):
        read_ecg(tmp_path / ("x" * 5000))


def test_a_folder_and_an_empty_file_are_refused(tmp_path):
    with pytest.raises(ValueError, match="is a folder; give one ECG file"):
        read_ecg(tmp_path)
    for name in ("ecg.dcm", "ecg.xml", "ecg.dat", "ecg.hea", "ecg"):
        (tmp_path / name).write_bytes(b"")
        with pytest.raises(ValueError, match=f"{name}: is empty"):
            read_ecg(tmp_path / name)
        (tmp_path / name).unlink()


@pytest.mark.parametrize("name", ["a.dcm", "a.xml", "a.dat", "a.mat", "a.hea", "a.txt", "a", "a.XML"])
@pytest.mark.parametrize("write", [write_cardiosoft, write_dicom])
def test_content_decides_not_the_name(tmp_path, name, write):
    np.testing.assert_allclose(read_ecg(write(tmp_path / name)).signal, heart(), atol=2.6e-3)
