"""What only the ECG sees: electrodes, conduction, recovery and age; it never reaches heart, cine or label."""

import hashlib

import numpy as np
import pytest

from cardiacnets.contracts import LEADS
from cardiacnets.digital_heart import simulate
from cardiacnets.digital_heart.beat_features import beat_features
from cardiacnets.digital_heart.cohort import ecgs, people_table, render_cines
from cardiacnets.digital_heart.diagnosis import label_table
from cardiacnets.digital_heart.electrics import beat_potentials
from cardiacnets.digital_heart.hearts import draw_hearts, strangers_inside
from cardiacnets.digital_heart.indices import recorded_indices, true_indices
from cardiacnets.digital_heart.sites import site
from cardiacnets.digital_heart.streams import Draws
from cardiacnets.digital_heart.torso import leads
from cardiacnets.digital_heart.variety import shared_gain

UKB, SEED = site("ukb", "enriched"), 20_361
ELECTRODES = ("RA", "LA", "LL", "V1", "V2", "V3", "V4", "V5", "V6")
PLAIN = {"condition": "none", "left_block": 0.0, "right_block": 0.0, "fibrillation": 0.0, "paced": 0.0}

DRAWN = {
    "electrode_gain": 9, "fragmentation": 1, "septal_force": 1, "electrical_turn": 3, "activation_modes": 3,
    "activation_delay": 16, "source_modes": 3, "source_strength": 16, "right_strength": 1, "atrial_turn": 3,
    "recovery_strength": 16, "recovery_delay": 16, "early_repolarisation": 1,
}  # fmt: skip
"""Latents of this module and their columns."""

FACTORS = {"electrode_gain", "fragmentation", "septal_force", "right_strength"}
USUAL = {name: 1.0 if name in FACTORS else 0.0 for name in DRAWN}
"""What each of them is in a heart without it."""


def hearts(count=20, **fixed):
    return draw_hearts(range(count), UKB, "ukb", SEED, fixed)


def lead_beats(anatomy):
    return dict(zip(LEADS, np.swapaxes(leads(beat_potentials(anatomy)), 0, 1), strict=True))


def test_relations_between_leads_hold_whatever_the_gains():
    anatomy = hearts(8)
    assert np.ptp(anatomy.latents["electrode_gain"][:, :3], axis=1).min() > 0  # limbs differ as well
    lead = lead_beats(anatomy)
    assert np.abs(lead["I"] + lead["III"] - lead["II"]).max() < 1e-12
    assert np.abs(lead["aVR"] + lead["aVL"] + lead["aVF"]).max() < 1e-12
    assert np.abs(lead["aVF"] - (lead["II"] + lead["III"]) / 2).max() < 1e-12


@pytest.mark.parametrize(("electrode", "blind"), [
    ("RA", {"III"}), ("LA", {"II"}), ("LL", {"I"}),
    *((f"V{k}", set(LEADS) - {f"V{k}"}) for k in range(1, 7)),
])  # fmt: skip
def test_gain_of_an_electrode_changes_only_leads_that_see_it(electrode, blind):
    gain = np.ones((5, 9))
    before = lead_beats(hearts(5, electrode_gain=gain.copy()))
    gain[:, ELECTRODES.index(electrode)] = 1.4
    after = lead_beats(hearts(5, electrode_gain=gain))
    for name in LEADS:
        change = np.abs(after[name] - before[name]).max(axis=1)
        assert (change < 1e-12).all() if name in blind else (change > 1e-3).all(), name


def test_neighbours_share_their_gain_and_distant_electrodes_do_not():
    correlation = shared_gain() @ shared_gain().T
    assert np.allclose(np.diag(correlation), 1)
    chest = correlation[3:, 3:]
    assert (np.diag(chest, 1) > 0.6).all()  # V1 and V2, V2 and V3, ...
    assert all(np.diff(chest[0]) < 0) and chest[0, -1] < 0.1  # the further from V1, the less
    assert np.abs(correlation[:3, 3:]).max() < 0.2 and correlation[0, 1] < 0.01  # limbs
    gains = np.log(draw_hearts(range(1_500), UKB, "ukb", SEED).latents["electrode_gain"])
    # 1,500 draws: the standard error of a correlation is at most 0.026, four of which are allowed
    assert np.abs(np.corrcoef(gains.T) - correlation).max() < 0.104


def test_gain_knows_nothing_of_heart_and_body():
    latents = draw_hearts(range(1_500), UKB, "ukb", SEED, {"condition": "none"}).latents
    gains = np.log(latents["electrode_gain"])
    for name in ("lv_mass", "lv_edv", "shortening", "age", "sex", "bmi", "conduction"):
        found = [abs(np.corrcoef(gain, latents[name])[0, 1]) for gain in gains.T]
        assert max(found) < 0.104, name  # four standard errors of 1,500 people


def digest(anatomy):
    """One hash of everything that is not an ECG."""
    who = range(len(anatomy.length))
    sax, lax, masks = render_cines(anatomy, SEED, "ukb", who, 3)
    truth = true_indices(anatomy)
    recorded = recorded_indices(anatomy, truth, Draws(SEED, "ukb", who, "measurement"))
    people = people_table(anatomy.latents, "ukb", "enriched", SEED, who)
    whole = hashlib.sha256()
    for array in (sax, lax, masks.sax, masks.lax, truth, recorded):
        whole.update(np.ascontiguousarray(array).tobytes())
    whole.update((people.to_csv() + label_table(anatomy.latents, UKB).to_csv()).encode())
    return whole.hexdigest()


def signals(anatomy):
    count = len(anatomy.length)
    return ecgs(anatomy, UKB, SEED, range(count), np.arange(count), np.zeros(count, int))


def test_heart_cine_index_and_label_do_not_depend_on_what_only_the_ecg_sees():
    drawn, without = hearts(6), hearts(6, **USUAL)
    assert digest(drawn) == digest(without)
    (one, rate), (other, same) = signals(drawn), signals(without)
    assert np.array_equal(rate, same)
    assert (np.abs(one - other).max(axis=(1, 2)) > 0.05).all()  # mV: and the ECG does


@pytest.mark.parametrize("name", DRAWN)
def test_a_cause_set_by_hand_moves_the_beat_and_nothing_else_that_is_drawn(name):
    columns = (6, DRAWN[name]) if DRAWN[name] > 1 else 6
    free, held = hearts(6, **PLAIN), hearts(6, **PLAIN, **{name: np.full(columns, USUAL[name])})
    assert (free.latents[name] != USUAL[name]).any()
    for other in free.latents:
        if other != name:
            assert np.array_equal(free.latents[other], held.latents[other]), other
    before, after = (np.stack(list(lead_beats(anatomy).values())) for anatomy in (free, held))
    assert np.abs(before - after).max() > 0.005  # mV
    whole = hearts(6, **PLAIN, **{name: USUAL[name]})  # one number for all columns is the same operation
    assert np.array_equal(after, np.stack(list(lead_beats(whole).values())))


def test_participant_is_the_same_alone_and_among_others():
    many = hearts(12).latents
    one = draw_hearts([7], UKB, "ukb", SEED).latents
    for name in DRAWN:
        assert np.array_equal(many[name][7:8], one[name]), name


def test_somebody_elses_heart_comes_with_somebody_elses_electrodes():
    own = hearts(8)
    other = strangers_inside(own, range(8), UKB, "ukb", SEED)
    assert (own.latents["electrode_gain"] != other.latents["electrode_gain"]).all()
    assert np.array_equal(own.latents["age"], other.latents["age"])


@pytest.mark.parametrize(("feature", "sign"), [
    ("pr_ms", 1), ("p_ms", 1), ("axis_deg", -1), ("t_V4", -1), ("r_II", -1), ("t_V2", -1),
])  # fmt: skip
def test_the_same_heart_ages(feature, sign):
    size = {"lv_edv": 130.0, "lv_mass": 95.0, "la_max": 65.0, "ra_max": 75.0, "heart_rate": 62.0}
    young, old = (
        beat_features(hearts(60, **PLAIN, **size, age=age))[feature].to_numpy(float) for age in (48, 80)
    )
    assert sign * np.median(old - young) > 0
    assert np.mean(sign * (old - young) >= 0) >= 0.75


def test_age_breaks_the_wave_up():
    young, old = (hearts(200, age=age).latents["fragmentation"] for age in (48, 80))
    assert (old > young).all() and np.median(old) > 1.8 * np.median(young)


def test_early_repolarisation_lifts_the_j_point_over_the_front_and_not_in_block():
    def j_point(**fixed):
        lead = lead_beats(hearts(20, **PLAIN | fixed))
        return {name: lead[name][:, 180 + 58] for name in ("V2", "V6")}  # 116 ms after the QRS began

    flat, raised = j_point(early_repolarisation=0.0), j_point(early_repolarisation=0.1)
    rise = {name: np.median(raised[name] - flat[name]) for name in flat}
    assert 0.04 < rise["V2"] < 0.2 and rise["V6"] < rise["V2"] / 3
    block = [j_point(early_repolarisation=level, left_block=1.0)["V2"] for level in (0.0, 0.1)]
    assert np.array_equal(*block)
    latents = hearts(400).latents
    men = latents["sex"] == 1
    assert latents["early_repolarisation"][men].mean() > 2 * latents["early_repolarisation"][~men].mean()


def test_electrodes_are_placed_anew_on_every_visit_but_the_first():
    place, cohort = site("mimic", "enriched"), simulate(40, "mimic", seed=SEED)
    anatomy = draw_hearts(range(40), place, "mimic", SEED)
    first, again = (
        ecgs(anatomy, place, SEED, range(40), np.arange(40), np.full(40, visit))[0] for visit in (0, 1)
    )
    people = cohort.covariates["participant_id"]
    assert np.array_equal(first, cohort.ecg[(~people.duplicated()).to_numpy()])
    assert (np.abs(first - again).max(axis=(1, 2)) > 0.05).all()
    held = draw_hearts(range(40), place, "mimic", SEED, {"electrode_gain": 1.0})
    assert np.isfinite(ecgs(held, place, SEED, range(40), np.arange(40), np.full(40, 1))[0]).all()
