"""Gain, unit, offset and rate: the same heart in any of them reads the same, and none is ever assumed."""

import numpy as np
import pytest
from ecg_files import (
    RATE,
    dicom_group,
    heart,
    write_aecg,
    write_cardiosoft,
    write_dicom,
    write_muse,
    write_wfdb,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.sequence import Sequence

from cardiacnets.contracts import LEADS
from cardiacnets.ecg import read_ecg

FACTORS = {"nV": 1e6, "uV": 1e3, "µV": 1e3, "μV": 1e3, "mV": 1.0, "mv": 1.0, "MV": 1.0, "V": 1e-3}
"""How many of each unit make a millivolt; both Unicode signs for micro."""


@pytest.fixture
def folder(tmp_path):
    return tmp_path


@settings(max_examples=40, deadline=None)
@given(
    gains=st.lists(st.floats(200, 3000), min_size=12, max_size=12),
    units=st.lists(st.sampled_from(sorted(FACTORS)), min_size=12, max_size=12),
    baselines=st.lists(st.integers(-500, 500), min_size=12, max_size=12),
)
def test_wfdb_reads_the_same_heart_in_any_gain_unit_and_baseline(tmp_path_factory, gains, units, baselines):
    folder = tmp_path_factory.mktemp("wfdb")
    truth = heart()
    gain, offset = np.array(gains)[:, None], np.array(baselines)[:, None]
    digits = np.rint(truth * gain + offset)

    def line(text, lead):
        row = LEADS.index(lead)
        stated = gains[row] / FACTORS[units[row]]
        return text.replace("1000(0)/mV", f"{stated!r}({baselines[row]})/{units[row]}")

    ecg = read_ecg(write_wfdb(folder, line, digits=digits))
    # half a digit of each lead, and what float32 leaves
    assert (np.abs(ecg.signal - truth) <= 0.5 / gain + 1e-6).all()


@settings(max_examples=30, deadline=None)
@given(
    unit=st.sampled_from(["nV", "uV", "mV", "V"]),
    share=st.floats(0.2, 5),
    baseline=st.floats(-2, 2),
)
def test_dicom_reads_the_same_heart_in_any_sensitivity_correction_and_baseline(
    tmp_path_factory, unit, share, baseline
):
    def change(dataset):
        for channel in dataset.WaveformSequence[0].ChannelDefinitionSequence:
            channel.ChannelSensitivityUnitsSequence[0].CodeValue = unit
            channel.ChannelSensitivity = f"{1e-3 * FACTORS[unit] / share:.9g}"  # a digit is a microvolt
            channel.ChannelSensitivityCorrectionFactor = f"{share:.9g}"
            channel.ChannelBaseline = f"{baseline * FACTORS[unit]:.9g}"

    ecg = read_ecg(write_dicom(tmp_path_factory.mktemp("dicom") / "ecg.dcm", change=change))
    np.testing.assert_allclose(ecg.signal, heart() + baseline, atol=6e-4)


@pytest.mark.parametrize(("value", "unit"), [("5", "uV"), ("0.005", "mV"), ("5000", "nV"), ("5e-6", "V")])
def test_aecg_reads_the_same_heart_in_any_scale(folder, value, unit):
    scale = f'<scale value="{value}" unit="{unit}"/>'
    origin = '<origin value="250" unit="uV"/>'
    ecg = read_ecg(write_aecg(folder / "a.xml", scale=scale, origin=origin))
    np.testing.assert_allclose(ecg.signal, heart() + 0.25, atol=2.6e-3)


@pytest.mark.parametrize(
    ("gain", "unit"), [("2", "MICROVOLTS"), ("0.002", "MILLIVOLTS"), ("2", "uV"), ("2", "microvolt")]
)
def test_muse_reads_the_same_heart_in_any_unit(folder, gain, unit):
    path = write_muse(
        folder / "m.xml",
        gain=f"<LeadAmplitudeUnitsPerBit>{gain}</LeadAmplitudeUnitsPerBit>",
        unit=f"<LeadAmplitudeUnits>{unit}</LeadAmplitudeUnits>",
    )
    np.testing.assert_allclose(read_ecg(path).signal, heart(), atol=2.1e-3)  # two roundings to 2 uV


class TestWfdb:
    """header(5) of the WFDB Applications Guide."""

    @pytest.mark.parametrize("gain", ["0(0)/mV", "0", "0.0/mV", "-0/mV", "0e0(0)/mV", "/mV", "(0)/mV"])
    def test_a_gain_of_zero_or_none_is_uncalibrated(self, folder, gain):
        record = write_wfdb(folder, lambda line, lead: line.replace("1000(0)/mV", gain))
        with pytest.raises(ValueError, match=r"record: lead I is uncalibrated \(gain .*; write its units"):
            read_ecg(record)

    def test_one_uncalibrated_lead_is_named(self, folder):
        gains = {"V4": "0(0)"}
        record = write_wfdb(folder, lambda line, lead: line.replace("1000(0)", gains.get(lead, "1000(0)")))
        with pytest.raises(ValueError, match="lead V4 is uncalibrated"):
            read_ecg(record)

    def test_a_line_of_file_format_and_nothing_else_gives_no_lead_a_name_or_gain(self, folder):
        record = write_wfdb(folder, lambda line, lead: "record.dat 16")
        with pytest.raises(ValueError, match="0 of 12 leads found"):
            read_ecg(record)

    @pytest.mark.parametrize("gain", ["-1000", "nan", "inf", "1e999", "1000x", "0x10"])
    def test_what_is_no_gain_above_zero_is_refused(self, folder, gain):
        record = write_wfdb(folder, lambda line, lead: line.replace("1000(0)", f"{gain}(0)"))
        with pytest.raises(ValueError, match="record: "):
            read_ecg(record)

    def test_a_gain_below_zero_is_named(self, folder):
        record = write_wfdb(folder, lambda line, lead: line.replace("1000(0)", "-1000(0)"))
        with pytest.raises(ValueError, match="lead I: gain in the header must be above 0, not -1000"):
            read_ecg(record)

    def test_a_gain_without_a_unit_is_per_millivolt(self, folder):
        # "If this field is omitted, the units may be assumed to be mV"
        record = write_wfdb(folder, lambda line, lead: line.replace("1000(0)/mV", "1000"))
        np.testing.assert_allclose(read_ecg(record).signal, heart(), atol=6e-4)

    def test_a_missing_baseline_is_the_adc_zero(self, folder):
        digits = np.rint(heart() * 1000) + 300
        record = write_wfdb(
            folder, lambda line, lead: line.replace("1000(0)/mV 16 0", "1000/mV 16 300"), digits=digits
        )
        np.testing.assert_allclose(read_ecg(record).signal, heart(), atol=6e-4)

    @pytest.mark.parametrize("unit", ["adu", "mmHg", "NU", "digits", "%"])
    def test_a_unit_that_is_no_voltage_is_named(self, folder, unit):
        record = write_wfdb(folder, lambda line, lead: line.replace("/mV", f"/{unit}"))
        with pytest.raises(ValueError, match=f"lead I: unit '{unit}' is not a voltage"):
            read_ecg(record)

    def test_an_empty_unit_is_named(self, folder):
        record = write_wfdb(folder, lambda line, lead: line.replace("/mV", "/"))
        with pytest.raises(ValueError, match="lead I states no unit"):
            read_ecg(record)

    @pytest.mark.parametrize(
        ("head", "fault"),
        [
            ("record 12", "states no sampling frequency"), ("record 12 0 1000", "sampling frequency"),
            ("record 12 -100 1000", "sampling frequency"), ("record 12 nan 1000", "sampling frequency"),
        ],
    )  # fmt: skip
    def test_no_frequency_stands_in_for_a_missing_one(self, folder, head, fault):
        with pytest.raises(ValueError, match=rf"record: .*{fault}"):
            read_ecg(write_wfdb(folder, head=head))

    def test_several_samples_a_frame_multiply_the_rate(self, folder):
        def line(text, lead):
            return text.replace(" 16 1000", " 16x2 1000")

        digits = np.rint(heart() * 1000).astype("<i2")
        record = write_wfdb(folder, line, head="record 12 50 500")
        digits.reshape(12, 500, 2).transpose(1, 0, 2).tofile(folder / "record.dat")
        ecg = read_ecg(record)
        assert ecg.rate == RATE
        np.testing.assert_allclose(ecg.signal, heart(), atol=6e-4)

    def test_leads_of_different_rates_are_refused(self, folder):
        def line(text, lead):
            fields = text.split()
            fields[6] = str(int(digits[LEADS.index(lead)].sum() * (2 if lead == "V6" else 1)) % 65536)
            return " ".join(fields).replace(" 16 ", " 16x2 " if lead == "V6" else " 16 ", 1)

        digits = np.rint(heart() * 1000).astype("<i2").astype(int)
        record = write_wfdb(folder, line)
        np.concatenate([digits, digits[11:]]).T.astype("<i2").tofile(folder / "record.dat")
        with pytest.raises(ValueError, match=r"leads have \[1, 2\] samples a frame, so different rates"):
            read_ecg(record)


class TestDicom:
    """PS3.3 C.10.9.1: sensitivity and its units are type 1C."""

    @staticmethod
    def without(*keywords, at=slice(None)):
        def change(dataset):
            for channel in dataset.WaveformSequence[0].ChannelDefinitionSequence[at]:
                for keyword in keywords:
                    delattr(channel, keyword)

        return change

    @pytest.mark.parametrize(
        ("keywords", "fault"),
        [
            (("ChannelSensitivity",), r"lead I: ChannelSensitivity \(gain\) is absent"),
            (("ChannelSensitivityUnitsSequence",), "lead I: ChannelSensitivityUnitsSequence states no unit"),
            (("ChannelSensitivity", "ChannelSensitivityUnitsSequence", "ChannelSensitivityCorrectionFactor"),
             "lead I: ChannelSensitivity"),
        ],
    )  # fmt: skip
    def test_what_is_absent_is_refused(self, folder, keywords, fault):
        with pytest.raises(ValueError, match=rf"ecg\.dcm: {fault}"):
            read_ecg(write_dicom(folder / "ecg.dcm", change=self.without(*keywords)))

    def test_one_lead_without_sensitivity_is_named(self, folder):
        path = write_dicom(folder / "e.dcm", change=self.without("ChannelSensitivity", at=slice(8, 9)))
        with pytest.raises(ValueError, match="lead V3: ChannelSensitivity"):
            read_ecg(path)

    @pytest.mark.parametrize("value", ["0", "-1", ""])
    def test_a_sensitivity_that_is_none_is_refused(self, folder, value):
        group = dicom_group(heart(), [f"Lead {lead}" for lead in LEADS], sensitivity=value)
        with pytest.raises(ValueError, match="lead I: ChannelSensitivity"):
            read_ecg(write_dicom(folder / "ecg.dcm", [group]))

    @pytest.mark.parametrize("unit", ["1", "{adu}", "mm[Hg]", "Ohm"])
    def test_a_unit_that_is_no_voltage_is_named(self, folder, unit):
        group = dicom_group(heart(), [f"Lead {lead}" for lead in LEADS], unit=unit)
        with pytest.raises(ValueError, match="lead I: ChannelSensitivityUnits.*: unit .* is not a voltage"):
            read_ecg(write_dicom(folder / "ecg.dcm", [group]))

    def test_an_absent_factor_and_baseline_are_told(self, folder):
        change = self.without("ChannelSensitivityCorrectionFactor", "ChannelBaseline")
        ecg = read_ecg(write_dicom(folder / "ecg.dcm", change=change))
        np.testing.assert_allclose(ecg.signal, heart(), atol=6e-4)
        assert ecg.meta["warnings"] == (
            "no ChannelBaseline: taken as 0", "no ChannelSensitivityCorrectionFactor: taken as 1",
        )  # fmt: skip

    @pytest.mark.parametrize("rate", [None, "0", "-100"])
    def test_an_absent_or_impossible_rate_is_refused(self, folder, rate):
        def change(dataset):
            dataset.WaveformSequence[0].SamplingFrequency = rate

        with pytest.raises(ValueError, match="SamplingFrequency"):
            read_ecg(write_dicom(folder / "ecg.dcm", change=change))

    def test_padding_is_no_voltage(self, folder):
        def change(dataset):
            group = dataset.WaveformSequence[0]
            samples = np.frombuffer(group.WaveformData, "<i2").copy()
            samples[12 * 500 + 7] = -32768
            group.WaveformData, group.WaveformPaddingValue = samples.tobytes(), b"\x00\x80"

        with pytest.raises(ValueError, match="lead V2 holds NaN or missing samples"):
            read_ecg(write_dicom(folder / "ecg.dcm", change=change))

    @pytest.mark.parametrize("claimed", [999, 1001, 500])
    def test_a_length_that_contradicts_the_samples_is_refused(self, folder, claimed):
        def change(dataset):
            dataset.WaveformSequence[0].NumberOfWaveformSamples = claimed

        with pytest.raises(ValueError, match="WaveformData holds 24000 bytes, 12 channels of"):
            read_ecg(write_dicom(folder / "ecg.dcm", change=change))

    def test_companded_samples_are_refused(self, folder):
        def change(dataset):
            group = dataset.WaveformSequence[0]
            group.WaveformBitsAllocated, group.WaveformSampleInterpretation = 8, "MB"

        with pytest.raises(ValueError, match="'MB' are not linear"):
            read_ecg(write_dicom(folder / "ecg.dcm", change=change))

    def test_without_channels_of_its_own_a_group_has_none(self, folder):
        def change(dataset):
            dataset.WaveformSequence[0].ChannelDefinitionSequence = Sequence()

        with pytest.raises(ValueError, match="0 of 12 leads|defines 0"):
            read_ecg(write_dicom(folder / "ecg.dcm", change=change))


class TestXml:
    @pytest.mark.parametrize(
        ("change", "fault"),
        [
            ({"resolution": ""}, "uVperLsb"), ({"resolution": 'units="mVperLsb"'}, "uVperLsb"),
            ({"step": ""}, "<Resolution> of <StripData> is absent"), ({"step": "0"}, "above 0, not 0"),
            ({"step": "-5"}, "must be above 0, not -5"), ({"step": "nan"}, "'nan', no number"),
            ({"rate": ""}, "<SampleRate> of <StripData> is absent"),
            ({"rate": "<SampleRate>0</SampleRate>"}, "<SampleRate> of <StripData> must be above 0"),
            ({"rate": '<SampleRate units="ms">100</SampleRate>'}, "<SampleRate> is in 'ms'"),
            ({"rate": "<SampleRate>100</SampleRate><SampleRate>500</SampleRate>"}, "several <SampleRate>"),
            ({"count": "<ChannelSampleCountTotal>5000</ChannelSampleCountTotal>"}, "1000 samples, .*5000"),
        ],
    )  # fmt: skip
    def test_cardiosoft(self, folder, change, fault):
        with pytest.raises(ValueError, match=rf"c\.xml: .*{fault}"):
            read_ecg(write_cardiosoft(folder / "c.xml", **change))

    @pytest.mark.parametrize(
        ("change", "fault"),
        [
            ({"unit": ""}, "lead I: <LeadAmplitudeUnits> states no unit"),
            ({"unit": "<LeadAmplitudeUnits>LSB</LeadAmplitudeUnits>"}, "unit 'LSB' is not a voltage"),
            ({"gain": ""}, r"lead I: <LeadAmplitudeUnitsPerBit> \(gain\) is absent"),
            ({"gain": "<LeadAmplitudeUnitsPerBit>0</LeadAmplitudeUnitsPerBit>"}, "must be above 0"),
            ({"rate": ""}, "<SampleBase> of the rhythm is absent"),
            ({"rate": "<SampleBase>0</SampleBase>"}, "<SampleBase> of the rhythm must be above 0"),
            ({"rate": "<SampleBase>100</SampleBase><SampleExponent>x</SampleExponent>"}, "Exponent> is 'x'"),
            ({"more": "<LeadSampleSize>4</LeadSampleSize>"}, "<LeadSampleSize> is 4, only 2 is read"),
            ({"more": "<FirstSampleBaseline>7</FirstSampleBaseline>"}, "<FirstSampleBaseline> is 7"),
            ({"more": "<LeadSampleCountTotal>5000</LeadSampleCountTotal>"}, "<LeadSampleCountTotal> is 5000"),
        ],
    )  # fmt: skip
    def test_muse(self, folder, change, fault):
        with pytest.raises(ValueError, match=rf"m\.xml: .*{fault}"):
            read_ecg(write_muse(folder / "m.xml", **change))

    def test_muse_exponent_of_ten(self, folder):
        rate = "<SampleBase>1</SampleBase><SampleExponent>2</SampleExponent>"
        assert read_ecg(write_muse(folder / "m.xml", rate=rate)).rate == 100
        ecg = read_ecg(write_muse(folder / "m.xml", rate="<SampleBase>100</SampleBase>"))
        assert ecg.rate == 100 and "no <SampleExponent>" in ecg.meta["warnings"][0]

    @pytest.mark.parametrize(
        ("change", "fault"),
        [
            ({"scale": '<scale value="5"/>'}, "lead I: <scale> states no unit"),
            ({"scale": '<scale value="5" unit="Pa"/>'}, "lead I: <scale>: unit 'Pa' is not a voltage"),
            ({"scale": '<scale value="0" unit="uV"/>'}, r"lead I: <scale> \(gain\) must be above 0"),
            ({"scale": '<scale unit="uV"/>'}, r"lead I: <scale> \(gain\) is absent"),
            ({"scale": ""}, "lead I lacks its <scale>"),
            ({"origin": '<origin value="0"/>'}, "lead I: <origin> states no unit"),
            ({"increment": '<increment value="10"/>'}, "<increment> is in the unknown unit ''"),
            ({"increment": '<increment value="0" unit="ms"/>'}, "time <increment> must be above 0"),
            ({"increment": '<increment unit="ms"/>'}, "time <increment> is absent"),
        ],
    )  # fmt: skip
    def test_aecg(self, folder, change, fault):
        with pytest.raises(ValueError, match=rf"a\.xml: .*{fault}"):
            read_ecg(write_aecg(folder / "a.xml", **change))
