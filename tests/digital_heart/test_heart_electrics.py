"""The ECG: exact lead relations, a rate an independent detector finds, and signs that follow from their
causes.
"""

import neurokit2 as nk
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardiacnets.contracts import ECG_RATE, LEADS
from cardiacnets.digital_heart.beat_features import beat_features
from cardiacnets.digital_heart.electrics import beat_potentials
from cardiacnets.digital_heart.hearts import draw_hearts
from cardiacnets.digital_heart.rhythm import STEP_MV, digitise, record
from cardiacnets.digital_heart.sites import site
from cardiacnets.digital_heart.streams import generator
from cardiacnets.digital_heart.torso import DOWER, electrode_vectors, leads

UKB = site("ukb", "enriched")
SEED = 20_321


def hearts(count=1, **fixed):
    return draw_hearts(range(count), UKB, "ukb", SEED, fixed)


def recordings(anatomy, place=UKB):
    beats = beat_potentials(anatomy)
    return np.stack([
        digitise(record(beat, anatomy.latents, k, place, generator(SEED, "ukb", k, "rhythm")))
        for k, beat in enumerate(beats)
    ])  # fmt: skip


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31))
def test_einthoven_and_goldberger_hold_exactly(seed):
    lead = dict(zip(LEADS, leads(np.random.default_rng(seed).normal(size=(9, 50))), strict=True))
    assert np.allclose(lead["I"] + lead["III"], lead["II"], atol=1e-12)
    assert np.allclose(lead["aVR"] + lead["aVL"] + lead["aVF"], 0, atol=1e-12)
    assert np.allclose(lead["aVL"], (lead["I"] - lead["III"]) / 2, atol=1e-12)
    assert np.allclose(lead["aVR"], -(lead["I"] + lead["II"]) / 2, atol=1e-12)


def test_recorded_leads_keep_the_relations_within_rounding():
    ecg = recordings(hearts(6))
    assert ecg.dtype == np.float32 and ecg.shape == (6, 12, 5_000)
    assert np.allclose(np.rint(ecg / STEP_MV) * STEP_MV, ecg, atol=1e-6)
    assert (
        np.abs(ecg[:, 0] + ecg[:, 2] - ecg[:, 1]).max() <= 1.5 * STEP_MV + 1e-6
    )  # three roundings of half a step


def test_electrode_vectors_give_dower_back():
    vectors = electrode_vectors()
    limb = vectors[1] - vectors[0], vectors[2] - vectors[0]
    assert np.allclose(limb, DOWER[:2]) and np.allclose(vectors[:3].sum(axis=0), 0)


def test_neurokit_finds_the_rate_of_clean_records():
    anatomy = hearts(100, condition="none", fibrillation=0.0)
    found = []
    for signal in recordings(anatomy)[:, 1]:
        cleaned = nk.ecg_clean(signal, sampling_rate=ECG_RATE)
        peaks = nk.ecg_peaks(cleaned, sampling_rate=ECG_RATE)[1]["ECG_R_Peaks"]
        found.append(60 * ECG_RATE / np.diff(peaks).mean())
    assert np.mean(np.abs(np.array(found) - anatomy.latents["heart_rate"]) < 5) >= 0.97


def test_fibrillation_is_irregular_and_has_no_p_wave():
    steady, chaotic = hearts(12, fibrillation=0.0), hearts(12, fibrillation=1.0)
    assert np.allclose(
        beat_features(chaotic)["r_II"], beat_features(steady)["r_II"], atol=0.03
    )  # the P wave's tail
    before = slice(0, 150)  # the beat before the QRS
    assert np.ptp(leads(beat_potentials(chaotic))[:, 1, before], axis=1).max() < 0.01
    intervals = []
    for anatomy in (steady, chaotic):
        spread = []
        for signal in recordings(anatomy)[:, 1]:
            peaks = nk.ecg_peaks(nk.ecg_clean(signal, sampling_rate=ECG_RATE), sampling_rate=ECG_RATE)[1]
            gaps = np.diff(peaks["ECG_R_Peaks"])
            spread.append(gaps.std() / gaps.mean())
        intervals.append(np.median(spread))
    assert intervals[0] < 0.08 < intervals[1]


@pytest.mark.parametrize(("cause", "feature", "sign"), [
    ({"left_block": 1.0}, "qrs_ms", 1), ({"right_block": 1.0}, "qrs_ms", 1), ({"paced": 1.0}, "qrs_ms", 1),
    ({"rv_hypertrophy": 1.0}, "v1_r_s_ratio", 1), ({"rv_hypertrophy": 1.0}, "axis_deg", 1),
    ({"effusion": 1.0}, "limb_voltage_mv", -1), ({"gain": 0.5}, "limb_voltage_mv", -1),
    ({"strain": 1.0}, "t_inversion_mv", -1), ({"la_max": 160.0}, "p_ms", 1), ({"conduction": 0.7},
    "qrs_ms", 1),
])  # fmt: skip
def test_a_cause_moves_its_sign(cause, feature, sign):
    plain = {"condition": "none", "left_block": 0.0, "right_block": 0.0, "fibrillation": 0.0}
    before, after = (beat_features(hearts(30, **plain | extra))[feature] for extra in ({}, cause))
    assert sign * (after - before).median() > 0
    assert (sign * (after - before) >= 0).mean() >= 0.9


def test_r_waves_grow_and_s_waves_shrink_across_the_chest():
    features = beat_features(hearts(150, condition="none", left_block=0.0, right_block=0.0))
    r = [features[f"r_V{k}"].mean() for k in range(1, 6)]
    assert all(np.diff(r) > 0)
    s = [features[f"s_V{k}"].mean() for k in range(2, 6)]
    assert all(np.diff(s) < 0)
    assert features["s_V3"].mean() > 0.3 and features["s_V4"].mean() > 0.1  # mV


def test_mains_hum_is_the_countrys():
    for cohort, hum in (("ukb", 50), ("mimic", 60)):
        place = site(cohort, "enriched")
        power = np.abs(np.fft.rfft(recordings(hearts(8), place), axis=2)).mean(axis=(0, 1))
        assert power[hum * 10] > 3 * power[hum * 10 + 20]  # bins are 0.1 Hz wide


def beats(count=20, **fixed):
    """Noise-free beats by lead ``(n, S)`` of hearts that differ from plain ones in ``fixed`` only."""
    plain = {"condition": "none", "left_block": 0.0, "right_block": 0.0, "fibrillation": 0.0, "paced": 0.0}
    return dict(
        zip(LEADS, np.swapaxes(leads(beat_potentials(hearts(count, **plain | fixed))), 0, 1), strict=True)
    )


def test_left_block_is_one_broad_complex_with_t_against_it():
    lead = beats(left_block=1.0)
    for name, sign in (("I", 1), ("V6", 1), ("V1", -1)):
        wave = sign * lead[name]
        qrs, t = wave[:, 180:290], wave[:, 300:430]
        assert (qrs.max(axis=1) > 3 * -qrs.min(axis=1)).mean() >= 0.9, name
        assert (t.min(axis=1) < -t.max(axis=1)).mean() >= 0.9, name
        # a notch may be seen, but never down to half of the wave
        high = qrs > 0.5 * qrs.max(axis=1, keepdims=True)
        assert ((np.diff(high.astype(int), axis=1) == 1).sum(axis=1) <= 1).mean() >= 0.9, name


def test_pacing_from_the_apex_runs_upwards():
    lead = beats(paced=1.0)
    for name in ("II", "III", "aVF"):
        assert (lead[name][:, 180:320].sum(axis=1) < 0).mean() >= 0.8, name


def test_pericarditis_lifts_st_over_the_free_wall_and_lowers_it_in_avr():
    middle = 180 + 60  # 120 ms after the QRS began
    rise = {
        name: np.median(beats(st_elevation=0.2)[name][:, middle] - beats()[name][:, middle]) for name in LEADS
    }
    assert min(rise[name] for name in ("I", "II", "V5", "V6")) > 0.03  # mV
    assert rise["aVR"] < -0.03 and rise["II"] > rise["III"]


def test_the_healthy_p_wave_has_one_summit():
    wave = beats(count=40)["II"][:, :170]
    summits = ((np.diff(np.sign(np.diff(wave, axis=1)), axis=1) < 0) & (wave[:, 1:-1] > 0.03)).sum(axis=1)
    assert np.mean(summits <= 1) >= 0.9
