"""The classical localiser against experts' contours, guide points and simulated discs."""

import re

import numpy as np
import pytest

from cardiacnets.cmr import locate_heart, read_cine


@pytest.fixture(scope="module")
def sunnybrook(sample_data):
    return read_cine(sample_data / "cmr/sunnybrook/SCD0000101.zip")


@pytest.fixture(scope="module")
def siemens(sample_data):
    return read_cine(sample_data / "cmr/biv_me/patient1.zip")


def guide_points(sample_data, cine, kinds, frame=None):
    """Guide points of the first moment, in (slice, row, column) of the cine."""
    lines = (
        (sample_data / "cmr/biv_me/guidepoints/default/patient1/GPFile_000.txt").read_text().split("\n")[1:]
    )
    rows = [line.split() for line in lines if line.strip()]
    chosen = [row for row in rows if row[3] in kinds and frame in (None, int(row[4]))]
    points = np.array([[*map(float, row[:3]), 1] for row in chosen])
    return (np.linalg.inv(cine.meta["affine"]) @ points.T)[:3].T


def test_sunnybrook_ventricle_is_where_the_experts_drew_it(sample_data, sunnybrook):
    found = locate_heart(sunnybrook.frames, sunnybrook.spacing)
    contours = {}
    for file in (sample_data / "cmr/sunnybrook/contourfiles/SC-HF-I-1/i-contours").iterdir():
        number = int(re.search(r"IM-0001-(\d+)", file.name).group(1))  # 20 phases a slice, counted from 1
        contours.setdefault((number - 1) // 20, []).append(np.loadtxt(file)[:, ::-1].mean(axis=0))
    assert len(contours) == 9
    for index, centres in contours.items():
        away = (found.ventricle[index] - np.mean(centres, axis=0)) * sunnybrook.spacing[1:]
        assert np.hypot(*away) < 6  # mm; the pools here are 40 to 60 mm wide
    middle = sorted(contours)[4]
    assert (
        abs(found.middle_slice - middle) <= 1
    )  # a chain of discs may take the aortic root for a slice of base


def test_siemens_ventricle_is_where_the_guide_points_are(sample_data, siemens):
    found = locate_heart(siemens.frames, siemens.spacing)
    for index in range(1, 6):
        points = guide_points(sample_data, siemens, {"SAX_LV_ENDOCARDIAL"}, frame=index + 1)
        assert np.abs(points[:, 0] - index).max() < 0.01  # the affine puts each point into its own slice
        away = (found.ventricle[index] - points[:, 1:].mean(axis=0)) * siemens.spacing[1:]
        assert np.hypot(*away) < 6
    box = guide_points(sample_data, siemens, {"SAX_LV_EPICARDIAL", "SAX_RV_EPICARDIAL"})[:, 1:]
    away = (np.array(found.centre) - (box.min(axis=0) + box.max(axis=0)) / 2) * siemens.spacing[1:]
    assert np.hypot(*away) < 15  # mm, of a heart 120 mm wide in a crop of 144


def test_a_four_chamber_crop_holds_the_whole_ventricles(sample_data):
    cine = read_cine(sample_data / "cmr/biv_me/patient1.zip", view="4ch")
    found = locate_heart(cine.frames, cine.spacing, round_ventricle=False)
    points = guide_points(sample_data, cine, {"LAX_LV_EPICARDIAL", "LAX_RV_EPICARDIAL"}, frame=7)
    assert np.abs(points[:, 0]).max() < 0.01  # in the plane that was chosen
    away = np.abs((points[:, 1:] - found.centre) * cine.spacing[1:])
    assert away.max() < 96 * 1.8 / 2


def test_it_follows_the_heart_when_the_picture_is_moved_or_turned(siemens):
    here = locate_heart(siemens.frames, siemens.spacing)
    moved = locate_heart(np.roll(siemens.frames, (10, -20), axis=(2, 3)), siemens.spacing)
    assert np.allclose(np.array(moved.centre) - here.centre, (10, -20), atol=3)
    turned = locate_heart(siemens.frames.swapaxes(2, 3), siemens.spacing)
    assert np.allclose(turned.ventricle[:, ::-1], here.ventricle, atol=1.5, equal_nan=True)


def test_a_still_picture_has_no_heart():
    with pytest.raises(ValueError, match="nothing in this cine moves"):
        locate_heart(np.ones((5, 3, 32, 32)), (8, 1.8, 1.8))
