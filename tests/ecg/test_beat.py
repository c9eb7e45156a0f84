"""Heart rate, R peaks and the median beat, against synthetic truth and what devices reported."""

import numpy as np
import pytest
from scipy.signal import butter, sosfiltfilt

from cardiacnets.ecg import clean, detect_r_peaks, example_ecg_path, heart_rate, median_beat, read_ecg
from cardiacnets.ecg.beat import QRS_BAND, _qrs_band

RNG_SEED = 11
P_AND_T = ((0.12, -0.16, 0.02), (0.3, 0.28, 0.045))
"""Height mV, delay after R and width s of Gaussian waves."""


def synthetic(peaks_s: np.ndarray, rate=500, seconds=10.0, qrs_s=0.012) -> np.ndarray:
    """Twelve leads of Gaussian P, QRS and T waves, R at ``peaks_s``, gains of both signs: (12, T) mV."""
    times = np.arange(int(seconds * rate)) / rate
    lead = np.zeros_like(times)
    for peak in peaks_s:
        for height, delay, width in (*P_AND_T, (1.2, 0.0, qrs_s), (-0.3, 0.03, qrs_s)):
            lead += height * np.exp(-0.5 * ((times - peak - delay) / width) ** 2)
    gains = np.array([0.7, 1.0, 0.3, -0.85, 0.2, 0.65, -0.6, -0.8, 0.5, 1.2, 1.3, 1.0])
    return (gains[:, None] * lead).astype(np.float32)


@pytest.mark.parametrize("bpm", [35, 50, 72, 100, 140, 180])
@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_rate_and_peaks_of_a_regular_rhythm(bpm, noise):
    truth = np.arange(0.45, 9.8, 60 / bpm)
    rng = np.random.default_rng(RNG_SEED)
    drift = 0.4 * np.sin(2 * np.pi * 0.2 * np.arange(5000) / 500)
    signal = synthetic(truth) + drift + rng.normal(0, noise, (12, 5000))
    (found,) = detect_r_peaks(signal)
    assert found.size == truth.size
    assert np.abs(found / 500 - truth).max() <= 0.012  # half of the R wave's width
    assert heart_rate(signal) == pytest.approx(bpm, rel=0.01)


def test_rate_of_an_irregular_rhythm():
    rng = np.random.default_rng(RNG_SEED)
    truth = np.cumsum(rng.uniform(0.4, 1.1, 12)) * 0.95
    signal = synthetic(truth) + 0.05 * np.sin(2 * np.pi * 6 * np.arange(5000) / 500)  # fibrillation waves
    (found,) = detect_r_peaks(signal)
    assert found.size == truth.size
    assert heart_rate(signal) == pytest.approx(60 / np.diff(truth).mean(), rel=0.05)


def test_rate_of_wide_complexes():
    truth = np.arange(0.4, 9.8, 0.85)
    assert heart_rate(synthetic(truth, qrs_s=0.035)) == pytest.approx(60 / 0.85, rel=0.02)


def test_rate_with_mains_and_muscle_noise():
    truth = np.arange(0.4, 9.8, 0.8)
    rng = np.random.default_rng(RNG_SEED)
    mains = 0.2 * np.sin(2 * np.pi * 50 * np.arange(5000) / 500)
    signal = synthetic(truth) + mains + rng.normal(0, 0.1, (12, 5000))
    assert heart_rate(signal) == pytest.approx(75, rel=0.02)


@pytest.mark.parametrize("rate", [100, 250, 400, 1000])
def test_other_sampling_rates(rate):
    truth = np.arange(0.4, 9.8, 0.75)
    signal = synthetic(truth, rate)
    assert heart_rate(signal, rate) == pytest.approx(80, rel=0.01)
    assert np.abs(detect_r_peaks(signal, rate)[0] / rate - truth).max() <= 0.012


def test_silence_and_nan_have_no_beats():
    assert detect_r_peaks(np.zeros((12, 5000)))[0].size == 0
    assert np.isnan(heart_rate(np.zeros((2, 3, 12, 5000)))).all()
    assert np.isnan(heart_rate(np.full((12, 5000), np.nan)))
    assert np.array_equal(median_beat(np.zeros((12, 5000))), np.zeros((12, 180)))


def test_batches_equal_single_records():
    rng = np.random.default_rng(RNG_SEED)
    signals = np.stack([synthetic(np.arange(0.4, 9.8, step)) for step in (0.6, 0.8, 1.1)])
    signals = (signals + rng.normal(0, 0.02, signals.shape)).astype(np.float32)
    np.testing.assert_allclose(heart_rate(signals), [heart_rate(signal) for signal in signals])
    np.testing.assert_allclose(median_beat(signals), [median_beat(signal) for signal in signals], atol=1e-6)


@pytest.mark.parametrize(
    ("rate", "beat_rate", "samples"), [(500, 250, 180), (500, 500, 360), (1000, 250, 175)]
)
def test_the_median_beat_is_the_beat(rate, beat_rate, samples):
    truth = np.arange(0.5, 9.3, 0.9)
    beat = median_beat(synthetic(truth, rate), rate, samples, beat_rate)
    assert beat.shape == (12, samples) and beat.dtype == np.float32
    assert abs(int(beat[1].argmax()) - 0.26 * beat_rate) <= 0.006 * beat_rate  # within 6 ms of its place
    single = synthetic(np.array([0.26]), beat_rate, samples / beat_rate)
    shift = int(beat[1].argmax()) - int(single[1].argmax())
    aligned = np.roll(single, shift, axis=1)[:, 5:-5]
    # a third of a sample's misplacement on the steepest slope of the R wave costs about .1 mV
    assert np.abs(beat[:, 5:-5] - aligned).max() < 0.12


def test_one_ectopic_beat_does_not_show():
    truth = np.arange(0.5, 9.3, 0.9)
    signal = synthetic(truth)
    odd = signal.copy()
    odd[:, 2100:2300] *= -2
    assert np.abs(median_beat(odd) - median_beat(signal)).max() < 0.05


def test_the_trend_of_one_beat_is_taken_away():
    signal = synthetic(np.arange(0.5, 9.3, 0.9))
    drifting = signal + 0.3 * np.arange(5000) / 500
    np.testing.assert_allclose(median_beat(drifting), median_beat(signal), atol=0.01)


def test_rates_and_beats_that_muse_reported(sample_data):
    for path in sorted((sample_data / "ecg/muse_xml").glob("*.xml")):
        ecg = read_ecg(path)
        signal = ecg.standard()
        assert heart_rate(signal) == pytest.approx(ecg.meta["measurements"]["heart_rate"], abs=1)
        (found,) = detect_r_peaks(signal)
        lag = found * 2 - np.array(ecg.meta["qrs_times_ms"])  # MUSE marks another point of the QRS
        assert np.median(np.abs(lag - np.median(lag))) <= 2


def test_rate_that_cardiosoft_reported(sample_data):
    ecg = read_ecg(sample_data / "ecg/cardiosoft_xml/onyx_cardiosoft_Ecg.XML")
    assert heart_rate(ecg.standard()) == pytest.approx(86, abs=1)


def test_cleaning_leaves_the_rate_alone():
    signal = read_ecg(example_ecg_path()).standard()
    assert heart_rate(clean(signal)) == pytest.approx(float(heart_rate(signal)), abs=0.5)


def test_rates_agree_with_neurokit(sample_data):
    neurokit2 = pytest.importorskip("neurokit2")
    for name in ("E07500", "HR06000", "HR06002", "JS20007"):
        signal = read_ecg(sample_data / "ecg/cinc2021" / name).standard()
        lead = neurokit2.ecg_clean(signal[1], sampling_rate=500)
        peaks = neurokit2.ecg_peaks(lead, sampling_rate=500)[1]["ECG_R_Peaks"]
        assert heart_rate(signal) == pytest.approx(60 * 500 / np.diff(peaks).mean(), abs=5)


@pytest.mark.parametrize("samples", [1250, 1251, 700])
def test_the_band_is_a_butterworth_filter_forth_and_back(samples):
    coarse = np.random.default_rng(2).normal(0, 0.3, (3, 12, samples))
    expected = sosfiltfilt(butter(2, QRS_BAND, "bandpass", fs=125, output="sos"), coarse, axis=-1)
    inside = slice(60, -60)  # half a second from the ends, which scipy continues for 0.1 s only
    np.testing.assert_allclose(_qrs_band(coarse, 125)[..., inside], expected[..., inside], atol=1e-4)
