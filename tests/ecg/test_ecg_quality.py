"""Each fault and warning, planted in a real recording."""

import numpy as np
import pytest

from cardiacnets.contracts import LEADS
from cardiacnets.ecg import check_ecg, example_ecg_path, read_ecg


@pytest.fixture
def example() -> np.ndarray:
    return read_ecg(example_ecg_path()).standard()


def test_a_good_recording_has_nothing_to_report(example):
    quality = check_ecg(example)
    assert quality.usable and quality.reasons == ""


@pytest.mark.parametrize(
    ("plant", "words"),
    [
        (lambda x: x.__setitem__((3, 17), np.nan), "NaN or missing samples in aVR"),
        (lambda x: x.__setitem__(8, 0.25), "flat lead V3"),
        (lambda x: x.__imul__(50), "more than 20 mV in"),
        (lambda x: x.__setitem__((5, 2500), 40.0), "more than 20 mV in aVF"),
        (lambda x: x.__setitem__(slice(None), 1e-3 * np.sin(np.arange(5000) / 200) * 8), "no heartbeats"),
    ],
    ids=["nan", "flat", "gain", "artefact", "silence"],
)
def test_faults(example, plant, words):
    plant(example)
    quality = check_ecg(example)
    assert not quality.usable and words in quality.reasons


def test_saturation(example):
    example[9] = np.clip(example[9], -0.1, 0.3)
    assert "saturated lead V4" in check_ecg(example).reasons


def test_leads_that_break_einthovens_and_goldbergers_laws(example):
    swapped = example[[0, 6, 2, 3, 4, 5, 1, 7, 8, 9, 10, 11]]  # II and V1 exchanged
    reasons = check_ecg(swapped).reasons
    assert "I + III differs from II" in reasons and "aVR, aVL and aVF" in reasons


def test_exchanged_arm_electrodes(example):
    one, two, three, right, left, foot = example[:6]
    exchanged = np.concatenate([[-one, three, two, left, right, foot], example[6:]])
    quality = check_ecg(exchanged)
    assert quality.usable and "arm electrodes swapped" in quality.reasons


def test_very_small_complexes(example):
    assert "very small" in check_ecg(example * 0.08).reasons


def test_real_recordings(sample_data):
    for header in sorted((sample_data / "ecg/cinc2021").glob("*.hea")):
        if header.stem not in ("JS20004", "JS20008"):
            assert check_ecg(read_ecg(header).standard()).usable, header.stem


def test_a_check_names_the_flat_lead_of_its_own_record(example):
    flat = example.copy()
    flat[LEADS.index("V6")] = 0
    found = [check_ecg(record) for record in (example, flat)]
    assert [quality.usable for quality in found] == [True, False]
    assert [quality.faults for quality in found] == [(), ("flat lead V6",)]


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match="12, T"):
        check_ecg(np.zeros((8, 5000)))
