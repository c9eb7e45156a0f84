"""R peaks are searched once in a recording and once in what cleaning makes of it, whoever needs them."""

import numpy as np
import pytest

from cardiacnets.cohorts import preprocessing
from cardiacnets.ecg import (
    beat,
    check_ecg,
    clean,
    detect_r_peaks,
    example_ecg_path,
    heart_rate,
    median_beat,
    read_ecg,
)
from cardiacnets.profile import load_profile
from cardiacnets.stored_ecg import in_microvolts, in_millivolts


@pytest.fixture
def signals() -> np.ndarray:
    """Three recordings as they come from disk, the middle one with a lead that records nothing."""
    example = read_ecg(example_ecg_path()).standard()
    records = np.stack([example, example, np.roll(example, 700, axis=-1)])
    records[1, 7] = 0
    return in_microvolts(records)


@pytest.fixture
def searched(monkeypatch) -> list[int]:
    """How many records each search went through."""
    counts, search = [], beat._qrs_magnitude
    monkeypatch.setattr(
        beat, "_qrs_magnitude", lambda records, rate: counts.append(len(records)) or search(records, rate)
    )
    return counts


def test_a_shard_is_searched_twice(signals, searched, tmp_path):
    np.save(tmp_path / "ecg.npy", signals)
    settings = load_profile("smoke").ecg_input
    arrays = preprocessing._preprocess_shard(range(3), tmp_path, settings, 4, 32)
    assert searched == [3, 3]
    assert arrays["reasons"].tolist() == ["", "flat lead V2", ""]
    alone = preprocessing.beat_view(clean(in_millivolts(signals[[0, 2]])))
    np.testing.assert_allclose(arrays["beats"][[0, 2]], alone, atol=1e-6)
    assert not arrays["beats"][1].any()


def test_a_check_searches_once(signals, searched):
    check_ecg(in_millivolts(signals[0]))
    assert searched == [1]


def test_known_peaks_give_what_searching_gives(signals):
    records = in_millivolts(signals[[0, 2]])
    peaks = detect_r_peaks(records)
    assert np.array_equal(heart_rate(records, peaks=peaks), heart_rate(records))
    assert np.array_equal(median_beat(records, peaks=peaks), median_beat(records))
    assert check_ecg(records[0], peaks=peaks[0]) == check_ecg(records[0])
    fewer = [each[::2] for each in peaks]
    assert (heart_rate(records, peaks=fewer) < 0.6 * heart_rate(records)).all()  # they are what is used
