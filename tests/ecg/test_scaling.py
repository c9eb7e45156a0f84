"""Both scales: voltage kept, and the study's min-max per lead."""

import numpy as np
import pytest

from cardiacnets.ecg import scale_millivolt, scale_min_max


def test_millivolts_keep_their_ratios():
    signal = np.array([[0.5, -2.0], [4.0, 0.0]])
    np.testing.assert_allclose(scale_millivolt(signal, 2.0), signal / 2)
    assert scale_millivolt(signal, 2.0).dtype == np.float32


@pytest.mark.parametrize("full_scale", [0, -1, np.nan])
def test_a_full_scale_is_positive(full_scale):
    with pytest.raises(ValueError, match="full scale"):
        scale_millivolt(np.zeros(3), full_scale)


def test_min_max_stretches_each_lead_and_silences_a_flat_one():
    rng = np.random.default_rng(0)
    signal = rng.normal(0, 1, (3, 12, 100)) * rng.uniform(0.1, 5, (3, 12, 1))
    signal[1, 4] = 0.7
    scaled = scale_min_max(signal)
    lively = np.ones((3, 12), dtype=bool)
    lively[1, 4] = False
    np.testing.assert_allclose(scaled.min(axis=-1)[lively], -1, atol=1e-6)
    np.testing.assert_allclose(scaled.max(axis=-1)[lively], 1, atol=1e-6)
    assert np.array_equal(scaled[1, 4], np.zeros(100)) and scaled.dtype == np.float32
