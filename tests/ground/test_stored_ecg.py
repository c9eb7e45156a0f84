"""An ECG comes back from disk to half a microvolt, within what two bytes hold."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cardiacnets.stored_ecg import in_microvolts, in_millivolts


@given(arrays(np.float32, (12, 7), elements=st.floats(-32, 32, width=32)))
def test_an_ecg_comes_back_to_half_a_microvolt(signal):
    stored = in_microvolts(signal)
    back = in_millivolts(stored)
    assert stored.dtype == np.int16 and back.dtype == np.float32
    np.testing.assert_allclose(back, signal, atol=5.1e-4)
    np.testing.assert_array_equal(in_microvolts(back), stored)


def test_what_two_bytes_cannot_hold_is_limited_and_not_turned_round():
    assert in_microvolts(np.array([40.0, -40.0, 0.0])).tolist() == [32_767, -32_768, 0]
