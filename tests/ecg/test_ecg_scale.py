"""What numbers look like: told where there is no doubt, and held against the unit that a file states."""

import numpy as np
import pytest
from ecg_files import dicom_group, heart, write_cardiosoft, write_dicom, write_wfdb
from hypothesis import given, settings
from hypothesis import strategies as st

from cardiacnets.contracts import LEADS
from cardiacnets.digital_heart import simulate
from cardiacnets.ecg import check_ecg, describe_scale, read_ecg, summarise_scales
from cardiacnets.ecg.scale import LARGEST_MILLIVOLTS, SMALLEST_MILLIVOLTS


def z_scored(signal):
    return (signal - signal.mean(axis=1, keepdims=True)) / signal.std(axis=1, keepdims=True)


def z_scored_together(signal):
    return (signal - signal.mean()) / signal.std()


def min_max(signal, bottom=-1.0):
    low = signal.min(axis=1, keepdims=True)
    return bottom + (1 - bottom) * (signal - low) / np.ptp(signal, axis=1, keepdims=True)


def min_max_together(signal, bottom=-1.0):
    return bottom + (1 - bottom) * (signal - signal.min()) / np.ptp(signal)


def to_a_peak_of_one(signal):
    return signal / np.abs(signal).max(axis=1, keepdims=True)


NORMALISED = {
    "z-scored": (z_scored, z_scored_together),
    "min-max": (min_max, lambda signal: min_max(signal, 0.0), min_max_together,
                lambda signal: min_max_together(signal, 0.0)),
    "peak-normalised": (to_a_peak_of_one,),
}  # fmt: skip
WAYS = [(looks, way) for looks, ways in NORMALISED.items() for way in ways]


@settings(max_examples=60, deadline=None)
@given(
    size=st.floats(0.15, 6),  # from low voltage to gross hypertrophy: limb QRS of 0.1 to 6 mV
    drift=st.floats(0, 0.3),
    noise=st.floats(0, 0.05),
    seed=st.integers(0, 2**16),
)
def test_an_ecg_in_each_unit_is_told(size, drift, noise, seed):
    rng = np.random.default_rng(seed)
    signal = heart(size=size) + rng.normal(scale=noise * size, size=(12, 1000))
    signal += drift * size * np.sin(np.arange(1000) / 60 + rng.uniform(0, 6, (12, 1)))
    assert describe_scale(signal).looks == "mV"
    assert describe_scale(signal / 1000).looks == "V"
    assert "raw digits" in describe_scale(signal * 1000).looks
    assert "raw digits" in describe_scale(signal * 200).looks or size < 0.4  # 200 a millivolt
    assert describe_scale(signal * 1e6).looks == "raw digits"


@pytest.mark.parametrize(("looks", "way"), WAYS)
@pytest.mark.parametrize("size", [0.2, 1, 5])
def test_what_software_normalised_is_told(looks, way, size):
    numbers = way(heart(size=size)).astype(np.float32)
    scale = describe_scale(numbers)
    assert scale.looks == looks and scale.normalised and "voltage is lost" in scale.contradiction
    assert check_ecg(numbers).faults[0] == scale.line


def test_the_line_names_looks_and_amplitude():
    scale = describe_scale(heart())
    assert str(scale) == scale.line == f"numbers look like mV: the median lead spans {scale.span:.3g}"
    assert 0.9 < scale.span < 1.6 and scale.contradiction is None
    assert describe_scale(heart() * 1000).line.startswith("numbers look like uV or raw digits: the median")
    assert describe_scale(heart() * 40).line.startswith("numbers look like raw digits")
    assert "\n" not in scale.line


def test_constant_and_broken_leads_do_not_count():
    signal = heart()
    signal[6:9] = 0.3
    signal[9] = np.nan
    assert describe_scale(signal).looks == "mV"
    assert describe_scale(np.zeros((12, 1000))).looks == "constant"
    assert describe_scale(np.full((12, 1000), np.nan)).contradiction is None


def test_an_ecg_of_five_microvolt_steps_may_reach_from_minus_one_to_one_millivolt():
    signal = np.clip(heart(size=1.3), -1, 1)
    assert signal.min() == -1 and signal.max() == 1
    assert describe_scale(signal).looks == "mV"


@pytest.mark.parametrize("cohort", ["ukb", "mimic", "fahzu", "fahzu_screening", "sahzu", "qph"])
def test_every_simulated_heart_looks_like_millivolts(cohort):
    ecgs = simulate(120, cohort=cohort, seed=3, frames=2).ecg
    assert {describe_scale(signal).looks for signal in ecgs} == {"mV"}


def test_real_records_look_like_millivolts(sample_data):
    folder = sample_data / "ecg"
    paths = [*folder.glob("cinc2021/*.hea"), *folder.glob("ptb*/*.hea"), *folder.glob("*_xml/*.[xX]*"),
             *folder.glob("hl7_aecg/*.xml")]  # fmt: skip
    spans = [describe_scale(read_ecg(path).signal).span for path in paths
             if path.stem not in ("JS20004", "JS20008")]  # fmt: skip
    assert len(spans) >= 30
    # as the module's text says, and far from the bounds
    assert 10 * SMALLEST_MILLIVOLTS < min(spans) and max(spans) < LARGEST_MILLIVOLTS / 8


class TestFiles:
    """A file whose numbers contradict its unit is refused."""

    @pytest.mark.parametrize(("looks", "way"), WAYS)
    def test_normalised_numbers_that_claim_millivolts(self, tmp_path, looks, way):
        record = write_wfdb(tmp_path, digits=np.rint(way(heart()) * 1000))
        with pytest.raises(ValueError, match=rf"record: the file's units give .* look {looks}: .*lost"):
            read_ecg(record)

    @pytest.mark.parametrize("unit", ["uV", "V"])
    def test_normalised_numbers_in_other_units(self, tmp_path, unit):
        def line(text, lead):
            return text.replace("/mV", f"/{unit}")

        record = write_wfdb(tmp_path, line, digits=np.rint(z_scored(heart()) * 1000))
        with pytest.raises(ValueError, match="look z-scored"):
            read_ecg(record)

    @pytest.mark.parametrize(
        ("gain", "fault"),
        [
            ("1(0)/mV", "uV or raw digits"), ("1000(0)/uV", "look like V"), ("1000(0)/V", "uV or raw digits"),
            ("20(0)/mV", "look like raw digits"), ("1e6(0)/mV", "look like V"), ("1e9(0)/mV", "look unknown"),
        ],
    )  # fmt: skip
    def test_a_unit_a_thousand_times_off(self, tmp_path, gain, fault):
        record = write_wfdb(tmp_path, lambda line, lead: line.replace("1000(0)/mV", gain))
        with pytest.raises(ValueError, match=rf"record: .*{fault}.*state the true one"):
            read_ecg(record)

    def test_dicom_in_microvolts_that_says_millivolts(self, tmp_path):
        group = dicom_group(heart(), LEADS, unit="mV")
        with pytest.raises(ValueError, match="uV or raw digits"):
            read_ecg(write_dicom(tmp_path / "ecg.dcm", [group]))

    def test_one_lead_in_another_unit_is_named(self, tmp_path):
        signal = heart()
        signal[8] *= 100
        with pytest.raises(ValueError, match="lead V3 spans more than 25 mV, the median lead 1"):
            read_ecg(write_cardiosoft(tmp_path / "c.xml", signal=signal))

    def test_the_line_is_kept_beside_the_signal(self, tmp_path):
        ecg = read_ecg(write_cardiosoft(tmp_path / "c.xml"))
        assert ecg.meta["scale"] == describe_scale(ecg.signal).line

    @pytest.mark.parametrize("size", [0.15, 0.3, 3, 8])
    def test_low_and_high_voltage_are_read(self, tmp_path, size):
        signal = heart(size=size)
        path = write_cardiosoft(tmp_path / "c.xml", signal=signal)
        np.testing.assert_allclose(read_ecg(path).signal, signal, atol=2.6e-3)


def test_many_are_summed_up_in_one_line():
    scales = [describe_scale(heart(size=size)) for size in (0.5, 1, 2)] + [describe_scale(1000 * heart())]
    low, high = f"{scales[0].span:.3g}", f"{scales[2].span:.3g}"
    line = summarise_scales(scales)
    said = f"ECG numbers look like mV in 3 files (median lead {low} to {high}), uV or raw digits in 1 files"
    assert line.startswith(said)
    assert summarise_scales([]) == ""
