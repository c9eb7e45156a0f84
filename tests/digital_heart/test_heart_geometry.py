"""The geometry: exact volumes and masses, incompressible muscle, pictures that measure what they show."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardiacnets.digital_heart.anatomy import profile
from cardiacnets.digital_heart.hearts import draw_hearts
from cardiacnets.digital_heart.indices import (
    POSITION,
    RELIABILITY,
    recorded_indices,
    segment_map,
    true_indices,
)
from cardiacnets.digital_heart.motion import activation, frame_times, volumes, wall_volume
from cardiacnets.digital_heart.simpson import simpson_errors
from cardiacnets.digital_heart.sites import CONDITIONS, site
from cardiacnets.digital_heart.streams import Draws

UKB = site("ukb", "enriched")
SEED = 20_311


def hearts(count=1, **fixed):
    return draw_hearts(range(count), UKB, "ukb", SEED, fixed)


def index(anatomy, name):
    return true_indices(anatomy)[:, POSITION[name]]


def test_simpson_on_masks_meets_the_true_index():
    every = draw_hearts(
        [3] * len(CONDITIONS), UKB, "ukb", SEED, {"condition": np.array(CONDITIONS), "severity": 0.7}
    )
    cavity, mass = simpson_errors(every)
    assert np.abs(cavity).max() < 2  # ml
    assert np.abs(mass).max() < 2  # g


def test_muscle_keeps_its_volume_over_the_beat():
    anatomy = hearts(40)
    muscle = wall_volume(anatomy, frame_times(anatomy.latents["heart_rate"], 12))
    assert np.abs(muscle / muscle[:, :1] - 1).max() < 0.02
    assert np.allclose(muscle[:, 0] * 1.05, anatomy.latents["lv_mass"])


@settings(max_examples=25, deadline=None)
@given(edv=st.floats(60, 400), mass=st.floats(40, 300), flattening=st.floats(0, 1))
def test_volume_and_mass_are_those_asked_for(edv, mass, flattening):
    anatomy = hearts(lv_edv=edv, lv_mass=mass, septal_flattening=flattening)
    # the levels are summed by the midpoint rule: a relative error of about 1 / (24 * 24^2) * 4.5 = 3e-4
    assert index(anatomy, "lv_edv")[0] == pytest.approx(edv, rel=1e-3)
    assert wall_volume(anatomy, np.zeros((1, 1)))[0, 0] * 1.05 == pytest.approx(mass, rel=1e-6)


@settings(max_examples=15, deadline=None)
@given(low=st.floats(0.05, 0.45), high=st.floats(0.55, 1.0), who=st.integers(0, 500))
def test_more_severe_disease_is_more_of_its_sign(low, high, who):
    def heart(condition, severity):
        fixed = {"condition": condition, "severity": severity}
        return draw_hearts([who], UKB, "ukb", SEED, fixed)

    assert index(heart("dcm", high), "lv_ef")[0] < index(heart("dcm", low), "lv_ef")[0]
    assert index(heart("dcm", high), "lv_edv")[0] > index(heart("dcm", low), "lv_edv")[0]
    assert (
        index(heart("hcm", high), "wall_thickness_global")[0]
        > index(heart("hcm", low), "wall_thickness_global")[0]
    )
    assert index(heart("ph", high), "rv_ef")[0] <= index(heart("ph", low), "rv_ef")[0]
    assert index(heart("rcm", high), "la_max")[0] > index(heart("rcm", low), "la_max")[0]


@settings(max_examples=15, deadline=None)
@given(who=st.integers(0, 10_000), condition=st.sampled_from(CONDITIONS), severity=st.floats(0, 1))
def test_every_heart_is_possible(who, condition, severity):
    anatomy = draw_hearts([who], UKB, "ukb", SEED, {"condition": condition, "severity": severity})
    truth = true_indices(anatomy)[0]
    assert np.isfinite(truth).all()
    for side in ("lv", "rv"):
        assert 0 < truth[POSITION[f"{side}_esv"]] < truth[POSITION[f"{side}_edv"]]
    assert (truth[[POSITION[f"wall_thickness_{k}"] for k in range(1, 17)]] > 1.5).all()
    course = volumes(anatomy, frame_times(anatomy.latents["heart_rate"], 50))
    assert all((values > 0).all() for values in course.values())


def test_the_beat_starts_full_empties_and_fills_again():
    anatomy = hearts(30)
    times = frame_times(anatomy.latents["heart_rate"], 200)
    a = activation(anatomy.latents, times)
    assert np.allclose(a[:, 0], 0)
    assert (a.max(axis=1) > 0.999).all() and (a >= 0).all() and (a <= 1).all()
    assert (a[:, -1] < 0.03).all()  # the last frame is half a percent of the beat before the next one
    course = volumes(anatomy, times)
    assert (np.abs(course["lv"].argmin(axis=1) - course["la"].argmax(axis=1)) <= 2).all()


def test_profile_is_a_spheroid_cut_above_its_equator():
    assert profile(np.array(1.0)) == 0
    assert profile(np.array(1 / 3)) == 1  # the equator: u = -0.5 + 1.5 / 3 = 0


def test_segments_lie_where_the_aha_puts_them():
    degrees = np.deg2rad([0.0, 60.0, 120.0, 180.0, -120.0, -60.0])
    assert segment_map(np.array(0.1), degrees).tolist() == [1, 2, 3, 4, 5, 6]
    assert segment_map(np.array(0.5), degrees).tolist() == [7, 8, 9, 10, 11, 12]
    assert segment_map(np.array(0.9), np.deg2rad([0.0, 90.0, 180.0, -90.0])).tolist() == [13, 14, 15, 16]


def test_scar_does_not_contract_and_is_thin():
    scarred = hearts(condition="none", scar_depth=0.95, scar_angle=np.deg2rad(60.0), scar_level=0.5)
    sound = hearts(condition="none")
    assert index(scarred, "ecc_8")[0] > 0.5 * index(sound, "ecc_8")[0]  # strain is negative: less shortening
    assert index(scarred, "wall_thickness_8")[0] < index(sound, "wall_thickness_8")[0]


def test_recorded_indices_have_the_declared_reliability_and_agree_with_each_other():
    anatomy = hearts(1_500, condition="none")
    truth = true_indices(anatomy)
    recorded = recorded_indices(anatomy, truth, Draws(SEED, "ukb", range(1_500), "measurement"))
    for name in ("lv_edv", "lv_mass", "la_max"):
        r = np.corrcoef(truth[:, POSITION[name]], recorded[:, POSITION[name]])[0, 1]
        assert r**2 == pytest.approx(RELIABILITY[name], abs=0.03)  # standard error of r^2 here is below 0.008
    for name, low, high in (
        ("lv_ef", 0.45, 0.65),
        ("ell_global", 0.55, 0.75),
        ("aao_distensibility", 0.45, 0.65),
    ):
        assert low < np.corrcoef(truth[:, POSITION[name]], recorded[:, POSITION[name]])[0, 1] ** 2 < high
    edv, esv, sv = (recorded[:, POSITION[f"lv_{k}"]] for k in ("edv", "esv", "sv"))
    assert np.allclose(edv - esv, sv)


def test_a_restrictive_heart_is_told_which_kind_it_is():
    """A fixed cause has its consequences: amyloid thickens the wall and takes the voltage."""
    stiff, amyloid = (hearts(6, condition="rcm", severity=0.8, amyloid=value) for value in (0.0, 0.8))
    assert (amyloid.latents["lv_mass"] > 1.5 * stiff.latents["lv_mass"]).all()
    assert (amyloid.latents["gain"] < 0.5 * stiff.latents["gain"]).all()
    assert np.array_equal(amyloid.latents["la_max"], stiff.latents["la_max"])
