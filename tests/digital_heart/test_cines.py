"""The cines: shapes, labels that fit the geometry, frames drawn at their phases, contrast as in balanced
cine.
"""

import numpy as np
import pytest

from cardiacnets.digital_heart import four_chamber, imaging, short_axis
from cardiacnets.digital_heart.hearts import draw_hearts
from cardiacnets.digital_heart.imaging import LA, LV, MYOCARDIUM, RA, RV
from cardiacnets.digital_heart.motion import frame_times
from cardiacnets.digital_heart.sites import site
from cardiacnets.digital_heart.streams import generator

UKB = site("ukb", "enriched")
SEED = 20_331


def cine(view, frames, count=3, **fixed):
    anatomy = draw_hearts(range(count), UKB, "ukb", SEED, {"fibrillation": 0.0, **fixed})
    times = frame_times(anatomy.latents["heart_rate"], frames)
    return view.render(anatomy, times, [generator(SEED, "ukb", k, "view") for k in range(count)])


@pytest.mark.parametrize(("view", "size", "labels"), [
    (short_axis, 80, {0, LV, MYOCARDIUM, RV}), (four_chamber, 96, {0, LV, MYOCARDIUM, RV, LA, RA}),
])  # fmt: skip
def test_shapes_and_labels(view, size, labels):
    picture, mask = cine(view, 6)
    assert picture.shape == mask.shape == (3, 6, size, size)
    assert picture.dtype == mask.dtype == np.uint8
    assert set(np.unique(mask)) == labels


def test_fewer_frames_are_the_same_phases():
    _, every = cine(short_axis, 20)
    _, fifth = cine(short_axis, 4)
    assert np.array_equal(every[:, ::5], fifth)
    _, every = cine(four_chamber, 20)
    _, fifth = cine(four_chamber, 4)
    assert (
        every[:, ::5] != fifth
    ).mean() < 0.005  # contours are resampled around a centre averaged over the frames


@pytest.mark.parametrize("view", [short_axis, four_chamber])
def test_blood_is_bright_muscle_dark_and_lung_black(view):
    picture, mask = cine(view, 4, condition="none")
    blood, muscle = (np.median(picture[mask == label]) for label in (LV, MYOCARDIUM))
    assert 0.3 < muscle / blood < 0.6
    assert np.percentile(picture, 5) < 0.35 * blood
    assert np.mean(picture == 255) < 0.05


@pytest.mark.parametrize("view", [short_axis, four_chamber])
def test_the_ventricle_empties_while_the_atria_fill(view):
    _, mask = cine(view, 25, condition="none")
    area = (mask == LV).sum(axis=(2, 3))
    assert (area.argmin(axis=1) > 4).all() and (area.min(axis=1) < 0.75 * area[:, 0]).all()
    if view is four_chamber:
        atrium = (mask == LA).sum(axis=(2, 3))
        assert (np.abs(atrium.argmax(axis=1) - area.argmin(axis=1)) <= 3).all()


def test_dilated_and_thick_hearts_look_it():
    _, sound = cine(short_axis, 1, condition="none")
    _, large = cine(short_axis, 1, condition="dcm", severity=0.8)
    _, thick = cine(short_axis, 1, condition="hcm", severity=0.8)
    assert ((large == LV).sum((1, 2, 3)) > 1.2 * (sound == LV).sum((1, 2, 3))).all()
    assert (
        (thick == MYOCARDIUM).sum((1, 2, 3)) > 1.1 * (sound == MYOCARDIUM).sum((1, 2, 3))
    ).all()  # a bump may be apical


def test_bssfp_follows_its_equation_in_two_limits():
    assert imaging.bssfp(1.0, 1000, 1000, 1e-6, 0.0, np.pi / 2) == pytest.approx(
        0.5, abs=1e-3
    )  # TR -> 0, T1 = T2
    assert imaging.bssfp(1.0, 1000, 100, 3.0, 1.5, 0.0) == 0  # no flip, no signal
