"""Circular interpolation in time, and the study's grid in space."""

import numpy as np
import pytest

from cardiacnets.cmr import Cine, HeartLocation
from cardiacnets.cmr.cine import resample_beat


def beating_disc(frames=20, slices=3, size=128, spacing=(8.0, 1.2, 1.2), centre=(60, 70)):
    """Simulated: a bright disc on grey whose radius beats, 25 mm at the R wave and 15 mm at mid-beat."""
    rows, columns = np.indices((size, size))
    distance = np.hypot((rows - centre[0]) * spacing[1], (columns - centre[1]) * spacing[2])
    phases = np.arange(frames) / frames
    radius = 20 + 5 * np.cos(2 * np.pi * phases)
    disc = 30 + 200 / (1 + np.exp(2 * (distance - radius[:, None, None])))
    stack = np.repeat(disc[:, None], slices, axis=1).astype(np.float32)  # (T, S, H, W)
    return Cine(stack, spacing, phases * 900, {"view": "sax", "cycle_ms": 900.0})


def test_a_beat_is_a_circle():
    phases = (np.arange(10) + 0.5) / 10
    wave = np.cos(2 * np.pi * phases)
    wanted = np.arange(40) / 40
    # linear interpolation of a cosine in steps of 1/10 errs by at most (pi / 10)^2 / 2 = .049
    assert np.abs(resample_beat(wave, phases, wanted) - np.cos(2 * np.pi * wanted)).max() < 0.05
    assert resample_beat(wave, phases, np.array([0.0]))[0] == pytest.approx((wave[0] + wave[-1]) / 2)
    assert np.allclose(resample_beat(wave, phases, phases), wave)


@pytest.mark.parametrize("frames", [20, 25, 50])
def test_frame_zero_is_the_r_wave_whatever_the_phases_were(frames):
    cine = beating_disc(frames)
    late = Cine(np.roll(cine.frames, -1, axis=0), cine.spacing, np.roll(cine.times, -1), cine.meta)
    rolled = Cine(
        late.frames[:-1], cine.spacing, late.times[:-1], cine.meta
    )  # the first moment was not taken
    area = (cine.standard(frames=50) > 127).sum(axis=(1, 2))
    assert area.argmax() in (0, 1, 49) and area.argmin() in range(23, 28)
    again = (rolled.standard(frames=50) > 127).sum(axis=(1, 2))
    assert (
        np.abs(again - area).max() < 0.08 * area.max()
    )  # one interpolated moment of 20: (pi/10)^2/2 of 5 in 25 mm


def test_pixels_are_one_point_eight_millimetres_and_centred():
    cine = beating_disc()
    standard = cine.standard()
    assert standard.shape == (50, 80, 80) and standard.dtype == np.uint8
    disc = standard[0] > 127
    assert np.sqrt(disc.sum() / np.pi) * 1.8 == pytest.approx(25, abs=0.5)  # mm, at the R wave
    rows, columns = np.nonzero(disc)
    assert rows.mean() == pytest.approx(39.5, abs=1) and columns.mean() == pytest.approx(39.5, abs=1)
    assert standard.min() == 0 and standard.max() == 255


def test_four_chambers_are_larger_and_the_size_can_be_asked_for():
    assert beating_disc(slices=1).standard(view="4ch").shape == (50, 96, 96)
    assert beating_disc().standard(frames=16, pixels=48).shape == (16, 48, 48)


def test_a_given_location_is_used_and_what_was_not_scanned_is_black():
    place = HeartLocation((0.0, 0.0), np.full((3, 2), np.nan), 1)
    standard = beating_disc().standard(location=place)
    assert not standard[:, :39, :39].any()
    assert standard[:, 45:, 45:].any()


def test_an_unknown_view_is_refused():
    with pytest.raises(ValueError, match="view"):
        beating_disc().standard(view="2ch")
