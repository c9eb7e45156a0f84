"""The traps of the real ECG files, each shown to be in the file and shown to be survived."""

import re
import shutil
from xml.etree import ElementTree

import numpy as np
import pytest
from scipy.io import loadmat

from cardiacnets.contracts import LEADS
from cardiacnets.ecg import read_ecg

CHALLENGE = sorted({f"{kind}{number}" for kind, number in
                    [("E0750", k) for k in range(10)] + [("HR0600", k) for k in range(5)]
                    + [("JS2000", k) for k in range(10)]})  # fmt: skip
FLAT = {"JS20004", "JS20008"}


@pytest.mark.parametrize("name", CHALLENGE)
def test_a_changed_sample_of_a_challenge_record_breaks_its_checksum(sample_data, tmp_path, name):
    for suffix in (".hea", ".mat"):
        shutil.copyfile(sample_data / f"ecg/cinc2021/{name}{suffix}", tmp_path / f"{name}{suffix}")
    lines = (tmp_path / f"{name}.hea").read_text().splitlines()[1:13]
    samples = loadmat(tmp_path / f"{name}.mat")["val"].astype(int)  # (12, 5000)
    assert [int(line.split()[6]) % 65536 for line in lines] == (samples.sum(axis=1) % 65536).tolist()
    if name not in FLAT:
        np.testing.assert_allclose(read_ecg(tmp_path / name).signal, samples / 1000, atol=1e-6)
    content = bytearray((tmp_path / f"{name}.mat").read_bytes())
    content[-2 * 12 * 700] ^= 4  # one bit of lead I, 700 samples before the end
    (tmp_path / f"{name}.mat").write_bytes(content)
    with pytest.raises(ValueError, match=rf"{name}: lead I does not match the header's checksum"):
        read_ecg(tmp_path / name)


def test_ptb_xl_writes_its_lead_names_in_capitals(sample_data):
    path = sample_data / "ecg/ptb_xl/00001_lr"
    assert " AVR" in path.with_suffix(".hea").read_text()
    assert read_ecg(path).leads == LEADS


def test_ptbdb_writes_them_small_and_adds_frank_leads_in_a_second_file(sample_data):
    header = (sample_data / "ecg/ptbdb/s0010_re.hea").read_text()
    names = [line.split()[-1] for line in header.splitlines()[1:16]]
    assert names[:6] == ["i", "ii", "iii", "avr", "avl", "avf"] and names[12:] == ["vx", "vy", "vz"]
    ecg = read_ecg(sample_data / "ecg/ptbdb/s0010_re")
    assert ecg.leads == LEADS and ecg.signal.shape[1] / ecg.rate == pytest.approx(38.4)


def test_code15_traces_are_shorter_than_ten_seconds_or_padded(sample_data):
    for path in (sample_data / "ecg/code15").glob("*.mat"):
        trace = loadmat(path)
        assert int(trace["curr_sample_rate"].squeeze()) == 400
        assert max(trace["feats"].shape) in (2934, 4096)  # 7.3 and 10.2 s, the latter with padding
        with pytest.raises(ValueError, match=f"{path.name}: is a CODE-15 trace"):
            read_ecg(path)


class TestCardiosoft:
    @pytest.fixture
    def path(self, sample_data):
        return sample_data / "ecg/cardiosoft_xml/onyx_cardiosoft_Ecg.XML"

    def test_its_encoding_name_is_not_a_registered_one(self, path, tmp_path):
        content = path.read_bytes()
        assert b'encoding="ISO8859-1"' in content
        accented = content.replace(b"<Technician>", "<Technician>\xe9".encode("latin-1"))
        (tmp_path / "accent.xml").write_bytes(accented)  # no UTF-8
        np.testing.assert_array_equal(read_ecg(tmp_path / "accent.xml").signal, read_ecg(path).signal)

    def test_it_holds_a_median_beat_that_is_not_taken(self, path):
        content = path.read_bytes()
        # in the median beat lead I starts with 16, in the strip with 6, in steps of 5 uV
        beat = re.search(rb'<MedianSamples>.*?<WaveformData lead="I">\s*(-?\d+)', content, re.S)
        assert int(beat[1]) == 16 and read_ecg(path).signal[0, 0] == pytest.approx(6 * 0.005)

    def test_its_measurements_are_those_of_the_devices_own_export(self, path):
        text = path.with_name("testResults_cardiosoft.properties").read_text()
        expected = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        names = {"heart_rate": "VentricularRate", "pr_ms": "PQInterval", "p_ms": "PDuration",
                 "qrs_ms": "QRsDuration", "qt_ms": "QTInterval", "axis_deg": "RAxis"}  # fmt: skip
        measured = read_ecg(path).meta["measurements"]
        assert measured == {ours: float(expected[theirs]) for ours, theirs in names.items()}


def test_muse_stores_eight_leads(sample_data):
    for path in (sample_data / "ecg/muse_xml").glob("*.xml"):
        text = path.read_text(encoding="latin-1")
        rhythm = text[text.index("<WaveformType>Rhythm") :]
        stored = re.findall("<LeadID>(.*?)</LeadID>", rhythm)
        assert sorted(stored) == ["I", "II", "V1", "V2", "V3", "V4", "V5", "V6"]
        assert read_ecg(path).leads == LEADS


@pytest.mark.parametrize("name", ["hl7_example_aECG", "fda_subject1_0"])
def test_hl7_files_hold_a_rhythm_and_a_derived_beat(sample_data, name):
    path = sample_data / f"ecg/hl7_aecg/{name}.xml"
    names = {"v3": "urn:hl7-org:v3"}
    root = ElementTree.parse(path).getroot()
    derived = root.findall(".//v3:derivedSeries", names) or root.findall(".//v3:derivation", names)
    assert derived  # the beat, which must not be taken for the rhythm
    ecg = read_ecg(path)
    assert ecg.signal.shape == (12, 5000) and ecg.rate == 500
    steps = ecg.signal / 2.5e-3
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-2)  # 2.5 uV, in float32 up to 2 mV
    one, two, three = ecg.signal[:3]
    assert np.abs(two - one - three).max() <= 5.1e-3  # two roundings to 2.5 uV
