"""Intervals, axis and voltages against synthetic truth and against what the devices printed."""

import numpy as np
import pandas as pd
import pytest

from cardiacnets.contracts import LEADS
from cardiacnets.ecg import clean, example_ecg_path, heart_rate, measure_beats, median_beat, read_ecg

RATE = 250


def pulse(times: np.ndarray, start: float, end: float, height: float) -> np.ndarray:
    """A raised cosine from ``start`` to ``end`` seconds."""
    phase = np.clip((times - start) / (end - start), 0, 1)
    return height * (1 - np.cos(2 * np.pi * phase)) / 2


def synthetic_beat(
    axis_deg: float = 40.0, qrs_s: float = 0.09, pr_s: float = 0.16, p_s: float = 0.1, qt_s: float = 0.4,
    t_gain: float = 1.0, amplitude: float = 1.0, st_mv: float = 0.0,
) -> np.ndarray:
    """A median beat (12, 180) mV whose limb leads are projections of one frontal vector of known angle."""
    times = np.arange(180) / RATE
    onset = 0.26 - qrs_s / 2
    qrs = pulse(times, onset, onset + qrs_s, amplitude)
    t_wave = pulse(times, onset + qt_s - 0.18, onset + qt_s, 0.3 * t_gain)
    p_wave = pulse(times, onset - pr_s, onset - pr_s + p_s, 0.12)
    late = st_mv * ((times > onset + qrs_s) & (times < onset + qt_s - 0.1))
    angle, limb = np.radians(axis_deg), {"I": 0, "II": 60, "III": 120, "aVR": -150, "aVL": -30, "aVF": 90}
    beat = np.zeros((12, 180))
    for index, lead in enumerate(LEADS):
        if lead in limb:
            gain = np.sqrt(3) / 2 if lead.startswith("a") else 1.0
            qrs_gain = gain * np.cos(angle - np.radians(limb[lead]))
            beat[index] = qrs_gain * qrs + np.cos(np.radians(45 - limb[lead])) * (p_wave + t_wave) + late
        else:
            beat[index] = (-0.8 + 0.4 * (index - 6)) * qrs + p_wave + t_wave + late
    return beat.astype(np.float32)


@pytest.mark.parametrize("axis", [-150.0, -60.0, 0.0, 40.0, 90.0, 135.0])
def test_the_axis_is_the_vectors_angle(axis):
    measured = measure_beats(synthetic_beat(axis))["axis_deg"].item()
    assert (measured - axis + 180) % 360 - 180 == pytest.approx(0, abs=3)


@pytest.mark.parametrize("qrs", [0.08, 0.1, 0.14])
@pytest.mark.parametrize("pr", [0.14, 0.18])
def test_intervals(qrs, pr):
    # a raised cosine has no corners: its first and last twentieth of height, 14 % of its length, cannot be
    # told from the baseline; to which comes one sample (4 ms) on either side
    row = measure_beats(synthetic_beat(qrs_s=qrs, pr_s=pr)).iloc[0]
    assert row["qrs_ms"] == pytest.approx(1000 * qrs, abs=8 + 140 * qrs)
    assert row["pr_ms"] == pytest.approx(1000 * pr, abs=24)
    assert row["p_ms"] == pytest.approx(100, abs=34)
    assert row["qt_ms"] == pytest.approx(400, abs=30)


def test_a_complex_that_runs_into_st_still_ends():
    # a wide notched QRS (180 ms) followed at once by an opposite T wave, as in left bundle-branch block
    times = np.arange(180) / RATE
    qrs = pulse(times, 0.19, 0.31, 1.0) + pulse(times, 0.26, 0.37, 0.9)
    beat = np.outer(np.linspace(-1, 1.2, 12), qrs - pulse(times, 0.35, 0.60, 0.35))
    assert measure_beats(beat)["qrs_ms"].item() == pytest.approx(180, abs=30)


def test_voltages_and_ratios():
    small, large = (measure_beats(synthetic_beat(amplitude=size)).iloc[0] for size in (0.3, 1.5))
    # the gains of the precordial leads run from -.8 (V1) to 1.2 (V6)
    assert large["precordial_voltage_mv"] == pytest.approx(1.2 * 1.5, rel=0.05)
    assert large["sokolow_mv"] == pytest.approx((0.8 + 1.2) * 1.5, rel=0.05)
    assert large["s_V1_mv"] == pytest.approx(1.2, rel=0.05) and large["r_V1_mv"] < 0.05
    assert large["v1_r_s_ratio"] < 0.05
    # lead II sees the largest share of a vector at 40 degrees: cos 20
    assert small["limb_voltage_mv"] == pytest.approx(0.3 * np.cos(np.radians(20)), rel=0.08)


def test_t_inversion_and_st():
    upright, inverted = measure_beats(synthetic_beat()), measure_beats(synthetic_beat(t_gain=-1.0))
    assert upright["t_inversion_mv"].item() < 0.02
    assert inverted["t_inversion_mv"].item() == pytest.approx(0.3, abs=0.03)
    assert inverted["t_amplitude_mv"].item() == pytest.approx(-0.3, abs=0.03)
    raised = measure_beats(synthetic_beat(st_mv=0.2))["st_mv"].item() - upright["st_mv"].item()
    assert raised == pytest.approx(0.2, abs=0.03)


def test_a_q_wave_needs_width_depth_and_a_neighbour():
    times = np.arange(180) / RATE
    beat = synthetic_beat()
    wave = pulse(times, 0.18, 0.24, -0.4)

    def with_q(*leads: str) -> bool:
        changed = beat.copy()
        changed[[LEADS.index(lead) for lead in leads]] += wave.astype(np.float32)
        return bool(measure_beats(changed)["q_wave"].item())

    assert not measure_beats(beat)["q_wave"].item()
    assert with_q("II", "III", "aVF")
    assert not with_q("V6")


def test_no_p_wave_and_no_beat():
    beat = synthetic_beat()
    beat[:, :40] = 0
    row = measure_beats(beat).iloc[0]
    assert np.isnan(row["p_ms"]) and np.isnan(row["pr_ms"]) and np.isfinite(row["qrs_ms"])
    nothing = measure_beats(np.zeros((12, 180)))
    assert nothing.drop(columns="q_wave").isna().all(axis=None) and not nothing["q_wave"].item()


def test_a_batch_is_a_table_in_order():
    axes = [-30.0, 20.0, 70.0]
    table = measure_beats(np.stack([synthetic_beat(axis) for axis in axes]), heart_rate=[60, 70, 80])
    assert isinstance(table, pd.DataFrame) and len(table) == 3
    assert table["axis_deg"].is_monotonic_increasing and table["heart_rate"].tolist() == [60, 70, 80]
    with pytest.raises(ValueError, match="12, n"):
        measure_beats(np.zeros((5, 180)))


TOLERANCE = {"pr_ms": 20, "qrs_ms": 12, "qt_ms": 40, "axis_deg": 6, "p_ms": 24, "heart_rate": 1}
"""A device's QT runs from the earliest onset to the latest end in any lead, another rule than ours: 40 ms.
The rest is within a few samples of 4 ms.
"""


def test_agreement_with_the_devices_own_measurements(sample_data):
    paths = [
        *sorted((sample_data / "ecg/muse_xml").glob("*.xml")),
        sample_data / "ecg/cardiosoft_xml/onyx_cardiosoft_Ecg.XML",
        example_ecg_path(),
    ]
    for path in paths:
        ecg = read_ecg(path)
        signal = clean(ecg.standard())
        row = measure_beats(median_beat(signal), RATE, heart_rate(signal)).iloc[0]
        for name, reported in ecg.meta["measurements"].items():
            assert row[name] == pytest.approx(reported, abs=TOLERANCE[name]), (path.name, name)
