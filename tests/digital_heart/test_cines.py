"""The cines: shapes, labels that fit the geometry, frames drawn at their phases, contrast as in balanced
cine.
"""

import numpy as np
import pytest
from scipy.ndimage import uniform_filter

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


def still_picture(frames=50):
    """A canvas of the short axis, grey and motionless, with its pixel centres."""
    x, y = imaging.grid(80)
    return imaging.Canvas.of(np.full(x.size, 0.5), x, y, frames)


def test_a_missed_trigger_mixes_each_frame_with_a_later_one():
    values = np.zeros((1, 50), np.float32)
    values[0, 10] = 1.0
    imaging.mistrigger(values, 0.25)
    assert values[0, 10] == 0.75 and values[0, 7] == 0.25 and values.sum() == 1  # 6 %: three frames


def test_an_irregular_rhythm_blurs_what_flickers():
    canvases = [still_picture(25) for _ in range(2)]
    for canvas in canvases:
        canvas.values[...] += np.float32(0.3) * np.sin(
            2 * np.pi * np.arange(25) / 5
        )  # a course of five frames
    flicker = [
        imaging.finish(canvas, 80, mixed, np.random.default_rng(3))[0].mean(axis=(1, 2)).std()
        for canvas, mixed in zip(canvases, (False, True), strict=True)
    ]
    assert flicker[1] < 0.8 * flicker[0]


def test_a_band_is_a_dark_line_at_its_place():
    canvas = still_picture(1)
    gain = imaging.band(canvas, 0.0, 6.0)
    row = gain.reshape(80, 80)[40]
    darkest = canvas.x.reshape(80, 80)[40, row.argmin()]
    assert darkest == pytest.approx(6.0, abs=0.1) and row.min() == pytest.approx(0.5, abs=0.05)
    assert row[:60].min() > 0.99 and np.ptp(gain.reshape(80, 80), axis=0).max() < 1e-6


def test_one_scan_of_seven_has_a_band():
    def banded(seed):
        picture, _ = imaging.finish(still_picture(4), 80, False, np.random.default_rng(seed))
        mean = picture.mean(axis=0)
        beside = uniform_filter(mean, 11)
        return (mean < 0.8 * beside).mean() > 0.005  # the coils' bias is smooth

    share = np.mean([banded(seed) for seed in range(200)])
    assert 0.08 < share < 0.23  # 15 %, three standard errors


def test_every_breath_hold_lies_a_little_differently():
    anatomy = draw_hearts([0] * 40, UKB, "ukb", SEED, {"fibrillation": 0.0, "condition": "none"})
    times = frame_times(anatomy.latents["heart_rate"], 1)
    _, mask = short_axis.render(anatomy, times, [np.random.default_rng(seed) for seed in range(40)])
    cavity = mask[:, 0] == LV
    rows = np.array([np.argwhere(each).mean(axis=0) for each in cavity])  # (scans, 2) pixels
    moved = rows.std(axis=0) * imaging.PIXEL  # cm
    assert (moved > 0.12).all() and (moved < 0.6).all()
    area = cavity.sum(axis=(1, 2))
    assert area.std() / area.mean() > 0.01  # the slice cuts another height


def test_rician_noise_has_its_mean_square():
    values = np.full((4_000, 20), 0.3, np.float32)
    imaging.add_rician_noise(values, 0.1, np.random.default_rng(0))
    assert (values >= 0).all()
    assert np.mean(values**2) == pytest.approx(0.3**2 + 2 * 0.1**2, rel=0.01)
    dark = np.zeros((4_000, 20), np.float32)
    imaging.add_rician_noise(dark, 0.1, np.random.default_rng(0))
    assert dark.mean() == pytest.approx(0.1 * np.sqrt(np.pi / 2), rel=0.01)  # Rayleigh


def test_pixels_that_an_edge_never_crosses_are_filled_as_the_edge_would():
    """The short way round equals blending every pixel with its coverage."""
    stream = np.random.default_rng(1)
    x, y = imaging.grid(80)
    contour = np.clip(3 + np.cumsum(stream.normal(0, 0.02, (imaging.ANGLE_BINS, 6)), axis=1), 1, 5)
    for grow, opacity in ((0.0, 1.0), (0.3, 1.0), (-0.2, 1.0), (0.0, 0.6)):
        canvas = imaging.Canvas.of(stream.random(x.size), x, y, 6)
        before = canvas.values.copy()
        shape = imaging.polar_shape(canvas, contour, margin=0.6)
        depth = shape.depths(np.arange(len(shape.pixels)))
        coverage = np.clip(depth / (1.3 * imaging.PIXEL) + 0.5 + grow / (1.3 * imaging.PIXEL), 0, 1)
        expected = before.copy()
        expected[shape.pixels] += opacity * coverage * (0.8 - before[shape.pixels])
        imaging.paint(canvas, shape, 0.8, LV, grow=grow, opacity=opacity)
        assert canvas.values == pytest.approx(expected, abs=1e-5)
        inside = np.zeros(canvas.labels.shape, bool)
        inside[shape.pixels] = coverage > 0.5
        assert (canvas.labels == LV)[np.abs(expected - before) > 0].mean() > 0
        assert ((canvas.labels == LV) != inside).mean() < 1e-4
