"""Each format, each trap of the real files, and each fault that a reader must name."""

import re
import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file

from cardiacnets.contracts import ECG_SAMPLES, LEADS
from cardiacnets.ecg import Ecg, example_ecg_path, read_ecg
from cardiacnets.ecg.resampling import resample


def einthoven(ecg: Ecg) -> float:
    """Largest departure from II = I + III, mV."""
    one, two, three = ecg.signal[:3]
    return float(np.abs(two - one - three).max())


def goldberger(ecg: Ecg) -> float:
    """Largest departure of aVR, aVL and aVF from what I and II give, mV."""
    one, two, _, right, left, foot = ecg.signal[:6]
    return float(np.abs([right + (one + two) / 2, left - one + two / 2, foot - two + one / 2]).max())


def write_wfdb(folder: Path, signal: np.ndarray, names=LEADS, rate=500, gain=1000, unit="mV") -> Path:
    """A WFDB record in format 16 with true checksums; ``signal (leads, T)`` in digital units."""
    name = "record"
    digital = np.asarray(signal, dtype="<i2")
    digital.T.tofile(folder / f"{name}.dat")
    lines = [f"{name} {len(names)} {rate} {digital.shape[1]}"]
    for title, row in zip(names, digital, strict=True):
        checksum = int(row.astype(np.int64).sum()) % 65536
        lines.append(f"{name}.dat 16 {gain}(0)/{unit} 16 0 {row[0]} {checksum} 0 {title}")
    (folder / f"{name}.hea").write_text("\n".join(lines) + "\n")
    return folder / name


@pytest.fixture
def digital() -> np.ndarray:
    """Twelve different lively leads (12, 5000)."""
    return np.random.default_rng(3).integers(-900, 900, (12, 5000))


def test_the_example_of_pydicom_reads_at_its_own_rate_in_millivolts():
    ecg = read_ecg(example_ecg_path())
    assert ecg.signal.shape == (12, 10000) and ecg.signal.dtype == np.float32
    assert ecg.rate == 1000 and ecg.leads == LEADS
    assert ecg.meta["sex"] == "female" and ecg.meta["age"] == 42
    # pydicom's own conversion of the first multiplex group, which is in microvolts
    expected = pydicom.dcmread(example_ecg_path()).waveform_array(0).T / 1000
    np.testing.assert_allclose(ecg.signal, expected, atol=1e-6)


def test_standard_is_ten_seconds_at_500_hz():
    standard = read_ecg(example_ecg_path()).standard()
    assert standard.shape == (12, ECG_SAMPLES) and standard.dtype == np.float32


def test_resampling_keeps_a_slow_wave_and_an_offset():
    times = np.arange(10500) / 1000
    wave = 5 + np.sin(2 * np.pi * 3 * times)[None].repeat(12, axis=0)
    expected = 5 + np.sin(2 * np.pi * 3 * np.arange(5250) / 500)
    # the filter ripples by less than 1 % within its pass band; the edges rest on an extrapolation
    inside = slice(50, -50)
    resampled = resample(wave, 1000, 500)[:, inside]
    np.testing.assert_allclose(resampled, np.tile(expected[inside], (12, 1)), atol=0.01)


@pytest.mark.parametrize("rate", [90, 100, 128, 257, 360, 499.9, 500, 500.05, 977, 1000, 4000])
def test_any_rate_gives_the_contracts_length(rate):
    signal = np.ones((12, int(np.ceil(10 * rate))), dtype=np.float32)
    standard = Ecg(signal, rate, LEADS, {}).standard()
    assert standard.shape == (12, ECG_SAMPLES)
    np.testing.assert_allclose(standard, 1, atol=0.01)  # the filter's ripple


def test_resampling_by_an_odd_ratio_takes_the_right_number_of_samples():
    assert resample(np.zeros((12, 4096)), 400, 500).shape == (12, 5120)


class TestRealFiles:
    """The traps of the sample data."""

    def test_challenge_records_obey_einthoven(self, sample_data):
        for header in sorted((sample_data / "ecg/cinc2021").glob("*.hea")):
            if header.stem in ("JS20004", "JS20008"):  # flat in V2, V4 and V6
                continue
            ecg = read_ecg(header)
            assert ecg.signal.shape == (12, 5000) and ecg.rate == 500
            assert einthoven(ecg) <= 1.01e-3  # 1 uV, the resolution of the files, in float32

    @pytest.mark.parametrize("name", ["JS20004", "JS20008"])
    def test_flat_leads_are_named(self, sample_data, name):
        with pytest.raises(ValueError, match=rf"{name}.*V2, V4, V6 is flat"):
            read_ecg(sample_data / "ecg/cinc2021" / name)

    def test_a_record_opens_with_and_without_its_suffix(self, sample_data):
        record = sample_data / "ecg/cinc2021/E07500"
        signals = [read_ecg(f"{record}{suffix}").signal for suffix in ("", ".hea", ".mat")]
        np.testing.assert_array_equal(signals[0], signals[1])
        np.testing.assert_array_equal(signals[0], signals[2])

    def test_units_in_any_case_and_codes_of_the_comments(self, sample_data):
        ecg = read_ecg(sample_data / "ecg/cinc2021/HR06000")  # gain in 1/mv
        assert ecg.meta["age"] == 59 and ecg.meta["sex"] == "female"
        assert ecg.meta["snomed_codes"] == ("164934002", "426783006")
        assert ecg.signal[:, 0] == pytest.approx(  # first samples as its header gives them, uV
            np.array([10, -20, -30, 5, 20, -25, -85, -60, 175, 15, 470, 625]) / 1000
        )

    def test_upper_case_lead_names_at_100_hz(self, sample_data):
        ecg = read_ecg(sample_data / "ecg/ptb_xl/00001_lr")
        assert ecg.rate == 100 and ecg.signal.shape == (12, 1000)
        assert goldberger(ecg) <= 2.1e-3  # two roundings to 1 uV
        assert ecg.standard().shape == (12, ECG_SAMPLES)

    def test_lower_case_names_extra_leads_and_a_long_record(self, sample_data):
        ecg = read_ecg(sample_data / "ecg/ptbdb/s0010_re")
        assert ecg.leads == LEADS and ecg.signal.shape == (12, 38400) and ecg.rate == 1000
        assert ecg.signal[[0, 11], 0] == pytest.approx([-489 / 2000, 390 / 2000])  # as its header gives them
        np.testing.assert_allclose(ecg.standard()[:, 0], ecg.signal[:, 0], atol=0.01)
        assert ecg.standard().shape == (12, ECG_SAMPLES)

    def test_cardiosoft_reads_the_strip_despite_its_encoding_name(self, sample_data):
        path = sample_data / "ecg/cardiosoft_xml/onyx_cardiosoft_Ecg.XML"
        assert b"ISO8859-1" in path.read_bytes()[:100]
        ecg = read_ecg(path)
        assert ecg.signal.shape == (12, 5000) and ecg.rate == 500
        # first numbers of <StripData>, 5 uV each: I 6, II -7, V1 17
        assert ecg.signal[[0, 1, 6], 0] == pytest.approx([0.030, -0.035, 0.085])
        assert ecg.meta["measurements"]["qrs_ms"] == 90 and ecg.meta["measurements"]["heart_rate"] == 86
        assert "Tremblay" not in str(ecg.meta) and "123456789" not in str(ecg.meta)

    def test_muse_derives_the_four_leads_it_does_not_store(self, sample_data):
        for path in sorted((sample_data / "ecg/muse_xml").glob("*.xml")):
            ecg = read_ecg(path)
            assert ecg.signal.shape == (12, 5000) and ecg.rate == 500
            assert einthoven(ecg) < 1e-6 and goldberger(ecg) < 1e-6
            # steps of 4.88 uV, as its header says
            np.testing.assert_allclose(ecg.signal[0] / 4.88e-3, np.rint(ecg.signal[0] / 4.88e-3), atol=1e-3)

    def test_hl7_scales_its_digits(self, sample_data):
        ecg = read_ecg(sample_data / "ecg/hl7_aecg/hl7_example_aECG.xml")
        assert ecg.signal.shape == (12, 5000) and ecg.rate == 500
        assert ecg.signal[0, :6] == pytest.approx(np.array([-2, -2, -2, -2, -3, -4]) * 2.5e-3)

    def test_code15_traces_are_refused_by_name(self, sample_data):
        traces = sorted((sample_data / "ecg/code15").glob("*.mat"))
        assert len(traces) == 8
        for path in traces:
            with pytest.raises(ValueError, match=rf"{path.name}.*CODE-15.*shorter than the ten seconds"):
                read_ecg(path)


class TestWfdb:
    def test_foot_before_left_arm_as_in_mimic(self, tmp_path, digital):
        names = ("I", "II", "III", "aVR", "aVF", "aVL", "V1", "V2", "V3", "V4", "V5", "V6")
        ecg = read_ecg(write_wfdb(tmp_path, digital, names, gain=200))
        np.testing.assert_allclose(ecg.signal[4], digital[5] / 200, atol=1e-6)  # aVL
        np.testing.assert_allclose(ecg.signal[5], digital[4] / 200, atol=1e-6)  # aVF

    def test_samples_that_begin_like_xml_are_still_samples(self, tmp_path, digital):
        digital[0, 0] = ord("<")
        write_wfdb(tmp_path, digital)
        np.testing.assert_allclose(read_ecg(tmp_path / "record.dat").signal, digital / 1000, rtol=1e-6)

    @pytest.mark.parametrize(("unit", "gain", "factor"), [("uV", 10, 1e-3), ("mv", 500, 1), ("V", 1e6, 1e3)])
    def test_units(self, tmp_path, digital, unit, gain, factor):
        ecg = read_ecg(write_wfdb(tmp_path, digital, gain=gain, unit=unit))
        np.testing.assert_allclose(ecg.signal, digital / gain * factor, rtol=1e-6)

    @pytest.mark.parametrize(
        ("change", "fault"),
        [
            ({"rate": 20}, "20 Hz"), ({"rate": 50000}, "50000 Hz"), ({"unit": "mmHg"}, "mmHg"),
            ({"names": ("x", *LEADS[1:])}, "11 of 12 leads found, I absent"),
            ({"rate": 501}, "shorter than the ten seconds"),
        ],
    )
    def test_faults_are_named(self, tmp_path, digital, change, fault):
        with pytest.raises(ValueError, match=rf"record.*{fault}"):
            read_ecg(write_wfdb(tmp_path, digital, **change))

    def test_missing_samples_are_refused(self, tmp_path, digital):
        digital[7, 100] = -32768  # what WFDB writes for a sample that is not there
        with pytest.raises(ValueError, match="V2 holds NaN"):
            read_ecg(write_wfdb(tmp_path, digital))

    def test_a_wrong_checksum_is_noticed(self, tmp_path, digital):
        record = write_wfdb(tmp_path, digital)
        content = bytearray((tmp_path / "record.dat").read_bytes())
        content[5000] ^= 1
        (tmp_path / "record.dat").write_bytes(content)
        with pytest.raises(ValueError, match="checksum"):
            read_ecg(record)

    def test_truncated_signals_are_noticed(self, tmp_path, digital):
        record = write_wfdb(tmp_path, digital)
        content = (tmp_path / "record.dat").read_bytes()
        for size in (0, 1000, len(content) // 2, len(content) - 24):
            (tmp_path / "record.dat").write_bytes(content[:size])
            with pytest.raises(ValueError, match="record"):
                read_ecg(record)

    def test_signals_without_header_and_header_without_signals(self, tmp_path, digital):
        write_wfdb(tmp_path, digital)
        shutil.move(tmp_path / "record.hea", tmp_path / "other.hea")
        with pytest.raises(ValueError, match=r"record\.hea is missing"):
            read_ecg(tmp_path / "record.dat")
        (tmp_path / "record.dat").unlink()
        with pytest.raises(ValueError, match=r"record\.dat, which is not beside it"):
            read_ecg(tmp_path / "other")

    def test_absurd_claims_of_a_header_are_refused_before_they_cost_memory(self, tmp_path, digital):
        record = write_wfdb(tmp_path, digital)
        header = (tmp_path / "record.hea").read_text()
        for old, new, fault in (
            (" 16 1000", " 16:99999999 1000", "shifts a lead"), ("500 5000", "500 99999999999", "truncated"),
            ("record 12", "record/4", "segment"), ("record 12", "record 0", "no signals"),
        ):
            (tmp_path / "record.hea").write_text(header.replace(old, new))
            with pytest.raises(ValueError, match=fault):
                read_ecg(record)

    def test_a_header_cannot_reach_outside_its_folder(self, tmp_path, digital):
        inside = tmp_path / "inside"
        inside.mkdir()
        write_wfdb(tmp_path, digital)
        header = (tmp_path / "record.hea").read_text()
        (inside / "record.hea").write_text(header.replace("record.dat", "../record.dat"))
        with pytest.raises(ValueError):
            read_ecg(inside / "record")


class TestXml:
    BOMB = (
        '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
        "<CardiologyXML><StripData>&b;</StripData></CardiologyXML>"
    )
    EXTERNAL = (
        '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
        "<RestingECG><Waveform>&a;</Waveform></RestingECG>"
    )

    @pytest.mark.parametrize("text", [BOMB, EXTERNAL], ids=["entity bomb", "external entity"])
    def test_entities_are_refused(self, tmp_path, text):
        path = tmp_path / "hostile.xml"
        path.write_text(text)
        with pytest.raises(ValueError, match=r"hostile\.xml.*Entit"):
            read_ecg(path)

    @pytest.mark.parametrize(
        ("text", "fault"),
        [
            ("<CardiologyXML/>", "StripData"), ("<RestingECG/>", "Rhythm"), ("<html/>", "root <html>"),
            ('<AnnotatedECG xmlns="urn:hl7-org:v3"/>', "RHYTHM"), ("<CardiologyXML>", "not well-formed"),
            ('<?xml version="1.0" encoding="nonsense"?><CardiologyXML/>', "encoding"),
        ],
    )
    def test_faults_are_named(self, tmp_path, text, fault):
        path = tmp_path / "ecg.xml"
        path.write_text(text)
        with pytest.raises(ValueError, match=rf"ecg\.xml.*{fault}"):
            read_ecg(path)

    def test_muse_in_utf_16(self, sample_data, tmp_path):
        original = sample_data / "ecg/muse_xml/braveheart_example1.xml"
        text = original.read_text(encoding="latin-1").replace("ISO-8859-1", "UTF-16")
        (tmp_path / "wide.xml").write_bytes(text.encode("utf-16"))
        np.testing.assert_array_equal(read_ecg(tmp_path / "wide.xml").signal, read_ecg(original).signal)

    @pytest.mark.parametrize(
        ("pattern", "replacement", "fault"),
        [
            (r"<LeadDataCRC32>2448704614<", "<LeadDataCRC32>1<", "lead I does not match its checksum"),
            (r"<LeadByteCountTotal>10000<", "<LeadByteCountTotal>9998<", "LeadByteCountTotal"),
            (r"MICROVOLTS", "FURLONGS", "FURLONGS"), (r"<SampleBase>500<", "<SampleBase>7<", "7 Hz"),
            (r"<LeadID>V3<", "<LeadID>Z3<", "11 of 12 leads found, V3 absent"),
            (r"<LeadID>II<", "<LeadID>ZZ<", "II, III, aVR, aVL, aVF absent"),
        ],
    )
    def test_muse_faults_are_named(self, sample_data, tmp_path, pattern, replacement, fault):
        text = (sample_data / "ecg/muse_xml/braveheart_example1.xml").read_text(encoding="latin-1")
        changed = re.sub(pattern, replacement, text)
        assert changed != text
        (tmp_path / "ecg.xml").write_text(changed, encoding="latin-1")
        with pytest.raises(ValueError, match=fault):
            read_ecg(tmp_path / "ecg.xml")

    def test_cardiosoft_faults_are_named(self, sample_data, tmp_path):
        text = (sample_data / "ecg/cardiosoft_xml/onyx_cardiosoft_Ecg.XML").read_text(encoding="latin-1")
        before, strip = text.split("<StripData>")
        for old, new, fault in (
            ('lead="V6"', 'lead="V7"', "V6 absent"), ("uVperLsb", "parsec", "uVperLsb"),
            ("6,5,", "NaN,5,", "NaN"), ("6,5,", "x,5,", "something other than numbers"),
            ("</StripData>", "", "not well-formed"),
        ):
            changed = before + "<StripData>" + strip.replace(old, new, 1)
            (tmp_path / "ecg.xml").write_text(changed, encoding="latin-1")
            with pytest.raises(ValueError, match=fault):
                read_ecg(tmp_path / "ecg.xml")


class TestDicom:
    def test_another_modality_is_refused(self):
        path = get_testdata_file("CT_small.dcm")
        with pytest.raises(ValueError, match="CT_small.*modality CT holds no waveform"):
            read_ecg(path)

    def test_truncation_is_noticed(self, tmp_path):
        content = example_ecg_path().read_bytes()
        for size in (200, 2000, 20_000, 150_000):
            (tmp_path / "short.dcm").write_bytes(content[:size])
            with pytest.raises(ValueError, match=r"short\.dcm"):
                read_ecg(tmp_path / "short.dcm")

    def test_a_median_beat_alone_is_too_short(self, tmp_path):
        dataset = pydicom.dcmread(example_ecg_path())
        del dataset.WaveformSequence[0]
        dataset.save_as(tmp_path / "beat.dcm")
        with pytest.raises(ValueError, match=r"beat\.dcm.*1\.20 s, shorter than the ten seconds"):
            read_ecg(tmp_path / "beat.dcm")

    def test_a_flat_lead_is_named(self, tmp_path):
        dataset = pydicom.dcmread(example_ecg_path())
        samples = np.frombuffer(dataset.WaveformSequence[0].WaveformData, dtype="<i2").reshape(-1, 12).copy()
        samples[:, 8] = 17
        dataset.WaveformSequence[0].WaveformData = samples.tobytes()
        dataset.save_as(tmp_path / "flat.dcm")
        with pytest.raises(ValueError, match="V3 is flat"):
            read_ecg(tmp_path / "flat.dcm")


def test_a_missing_file_is_the_only_file_not_found(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_ecg(tmp_path / "nowhere.xml")
    with pytest.raises(ValueError, match="folder"):
        read_ecg(tmp_path)


@pytest.mark.parametrize("content", [b"", b"\0" * 500, b"PK\3\4 a zip", b"lead,I,II\n1,2,3\n"])
def test_unknown_formats_are_refused_by_name(tmp_path, content):
    path = tmp_path / "thing.bin"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"thing\.bin"):
        read_ecg(path)
