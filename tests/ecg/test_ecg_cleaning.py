"""The batched preprocessing equals the record-by-record route, and does what each of its steps promises."""

import numpy as np
import pytest
import pywt
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import savgol_filter
from statsmodels.tsa.seasonal import seasonal_decompose

from cardiacnets.digital_heart import simulate
from cardiacnets.ecg import (
    clean,
    clean_stages,
    denoise_wavelet,
    example_ecg_path,
    heart_rate,
    read_ecg,
    remove_drift,
    smooth,
)
from cardiacnets.ecg.wavelet import WAVELET, decompose, recompose

DRIFT_MILLIVOLTS, CLEAN_MILLIVOLTS = 1e-6, 1e-5
"""How closely the two routes must agree; float32 itself resolves 1e-7 of a signal of 2 mV."""


def trend_by_statsmodels(trace: np.ndarray, rate: float, bpm: float) -> np.ndarray:
    """The trend (T,) of one lead, its edges filled with the nearest value."""
    period = int(10 * rate * 6 / bpm)
    trend = seasonal_decompose(trace.astype(float), model="additive", period=period).trend
    known = np.flatnonzero(~np.isnan(trend))
    trend[: known[0]], trend[known[-1] + 1 :] = trend[known[0]], trend[known[-1]]
    return trend


def clean_by_record(record: np.ndarray, rate: float, bpm: float) -> np.ndarray:
    """What a user would write with the usual libraries, lead by lead: (12, T)."""
    result = []
    for trace in record:
        flat = trace - trend_by_statsmodels(trace, rate, bpm)
        level = min(8, pywt.dwt_max_level(flat.size, "db6"))
        coefficients = pywt.wavedec(flat, "db6", level=level)
        threshold = np.median(np.abs(coefficients[-1])) / 0.6745 * np.sqrt(2 * np.log(flat.size))
        shrunk = [coefficients[0]]
        for detail in coefficients[1:]:
            # pywt divides 0 by 0 where a lead is flat
            shrunk.append(pywt.threshold(detail, threshold, "soft") if detail.any() else detail)
        result.append(savgol_filter(pywt.waverec(shrunk, "db6")[: flat.size], 11, 3))
    return np.stack(result)


@pytest.fixture(scope="module")
def example() -> np.ndarray:
    return read_ecg(example_ecg_path()).standard()


@pytest.fixture(scope="module")
def records(example, request) -> np.ndarray:
    """Real and random signals (n, 12, 5000), mV: some with an offset of 3 mV and drift, one lead flat."""
    rng = np.random.default_rng(8)
    walk = np.cumsum(rng.normal(0, 0.02, (2, 12, 5000)), axis=-1)
    drifting = example + 3 + np.sin(np.arange(5000) / 700)
    flat = example.copy()
    flat[4] = 0
    return np.stack([example, drifting, flat, *walk]).astype(np.float32)


class TestAgainstTheRecordByRecordRoute:
    @pytest.mark.parametrize("bpm", [47.3, 61.0, 75.0, 149.9])  # odd and even periods
    def test_drift(self, records, bpm):
        cleaned = remove_drift(records, heart_rate=bpm)
        for record, result in zip(records, cleaned, strict=True):
            for trace, cleaned_trace in zip(record, result, strict=True):
                expected = trace - trend_by_statsmodels(trace, 500, bpm)
                np.testing.assert_allclose(cleaned_trace, expected, atol=DRIFT_MILLIVOLTS)

    def test_all_steps(self, records):
        rates = np.array([61.0, 75.0, 80.0, 66.6, 120.0])
        cleaned = clean(records, heart_rate=rates)
        for record, bpm, result in zip(records, rates, cleaned, strict=True):
            np.testing.assert_allclose(result, clean_by_record(record, 500, bpm), atol=CLEAN_MILLIVOLTS)

    def test_all_steps_on_sample_records(self, sample_data):
        for name in ("E07501", "HR06002", "JS20007"):  # fast, slow, large
            record = read_ecg(sample_data / "ecg/cinc2021" / name).standard()
            expected = clean_by_record(record, 500, float(heart_rate(record)))
            np.testing.assert_allclose(clean(record), expected, atol=CLEAN_MILLIVOLTS)

    @pytest.mark.parametrize("cohort", ["ukb", "mimic"])
    def test_all_steps_on_simulated_records(self, cohort):
        records = simulate(2, cohort, seed=5, frames=1).ecg
        for record, result in zip(records, clean(records), strict=True):
            expected = clean_by_record(record, 500, float(heart_rate(record)))
            np.testing.assert_allclose(result, expected, atol=CLEAN_MILLIVOLTS)

    @pytest.mark.parametrize(("rate", "length"), [(250, 2500), (400, 4096), (1000, 10000), (500, 4999)])
    def test_other_rates_and_lengths(self, rate, length):
        record = np.random.default_rng(1).normal(0, 0.3, (12, length)).astype(np.float32)
        expected = clean_by_record(record, rate, 70)
        np.testing.assert_allclose(clean(record, rate, 70), expected, atol=CLEAN_MILLIVOLTS)


class TestTransform:
    @settings(max_examples=25, deadline=None)
    @given(length=st.integers(50, 700), seed=st.integers(0, 99))
    def test_coefficients_equal_those_of_pywt_and_invert(self, length, seed):
        signal = np.random.default_rng(seed).normal(0, 1, (3, length)).astype(np.float32)
        level = pywt.dwt_max_level(length, WAVELET)
        approximation, details = decompose(signal, level)
        expected = pywt.wavedec(signal.astype(float), "db6", level=level, axis=-1)
        for ours, theirs in zip([approximation, *reversed(details)], expected, strict=True):
            np.testing.assert_allclose(ours, theirs, atol=1e-5)  # float32, a few roundings a level
        np.testing.assert_allclose(recompose(approximation, details)[:, :length], signal, atol=1e-5)

    def test_a_cubic_passes_the_smoother_unchanged(self):
        times = np.linspace(-1, 1, 300)
        cubic = 1 + times - 2 * times**2 + times**3
        np.testing.assert_allclose(smooth(np.tile(cubic, (12, 1))), np.tile(cubic, (12, 1)), atol=1e-6)

    def test_the_smoother_equals_scipy(self, example):
        np.testing.assert_allclose(smooth(example), savgol_filter(example.astype(float), 11, 3), atol=1e-6)

    def test_white_noise_shrinks_to_its_approximation(self):
        noise = np.random.default_rng(5).normal(0, 0.05, (12, 5000))
        # eight halvings leave a sixteenth of the deviation in the approximation, which is not shrunk; the
        # edges, where coefficients repeat, and the few details above the threshold at most double it
        assert 0.05 / 16 < denoise_wavelet(noise).std() < 0.05 / 8

    def test_a_spike_above_the_threshold_loses_just_the_threshold(self):
        rng = np.random.default_rng(6)
        coefficients = pywt.wavedec(rng.normal(0, 0.01, (1, 4096)), "db6", level=1, mode="symmetric")
        coefficients[1][0, 1000] = 5.0
        signal = pywt.waverec(coefficients, "db6")
        threshold = np.median(np.abs(coefficients[1])) / 0.6745 * np.sqrt(2 * np.log(4096))
        detail = pywt.wavedec(denoise_wavelet(signal), "db6", level=1)[1][0, 1000]
        assert detail == pytest.approx(5.0 - threshold, abs=1e-4)


class TestContract:
    def test_batches_of_any_shape_equal_single_records(self, records):
        batch = np.broadcast_to(records[:4].reshape(2, 2, 12, 5000), (2, 2, 12, 5000))
        cleaned = clean(batch)
        assert cleaned.shape == batch.shape and cleaned.dtype == np.float32
        for index in np.ndindex(2, 2):
            np.testing.assert_allclose(cleaned[index], clean(batch[index]), atol=1e-6)

    def test_the_input_is_left_alone_and_a_read_only_map_will_do(self, example):
        frozen = example.copy()
        frozen.flags.writeable = False
        clean(frozen)
        np.testing.assert_array_equal(frozen, example)

    def test_a_flat_lead_stays_zero(self, records):
        assert np.abs(clean(records[2])[4]).max() == 0

    def test_an_empty_batch_and_a_silent_record(self):
        assert clean(np.zeros((0, 12, 5000))).shape == (0, 12, 5000)
        assert np.abs(clean(np.full((12, 5000), 2.5))).max() < 1e-6

    def test_drift_is_removed(self, example):
        drift = 0.5 * np.sin(2 * np.pi * 0.15 * np.arange(5000) / 500)
        inside = slice(700, -700)  # the half beat at each edge takes the nearest trend
        difference = clean(example + drift)[:, inside] - clean(example)[:, inside]
        assert np.abs(difference).max() < 0.1 * 0.5

    def test_stages_add_up(self, example):
        stages = clean_stages(example)
        np.testing.assert_allclose(stages.trend + stages.without_drift, stages.raw, atol=1e-6)
        np.testing.assert_allclose(stages.smoothed, clean(example), atol=1e-6)

    @pytest.mark.parametrize(
        ("shape", "arguments", "fault"),
        [
            ((5000,), {}, "12, T"), ((11, 5000), {}, "12, T"), ((12, 5000), {"heart_rate": 0}, "above 0"),
            ((12, 5000), {"heart_rate": 5}, "two beats"),
            ((2, 12, 5000), {"heart_rate": [60, 60, 60]}, "3 heart rates"),
            ((12, 5000), {"heart_rate": np.nan}, "above 0"), ((12, 5000), {"heart_rate": 1e9}, "two beats"),
        ],
    )
    def test_wrong_arguments_are_named(self, shape, arguments, fault):
        with pytest.raises(ValueError, match=fault):
            clean(np.zeros(shape), **arguments)

    def test_nan_is_refused_with_the_record_that_holds_it(self, records):
        broken = records.copy()
        broken[3, 2, 7] = np.nan
        with pytest.raises(ValueError, match="record 3 holds NaN"):
            clean(broken)
