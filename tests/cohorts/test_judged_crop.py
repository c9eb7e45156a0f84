"""The judge's crop: the heart's box and the middle slice, whatever way the file lies; else the beat's."""

from dataclasses import replace

import numpy as np
import pytest

from cardiacnets.cmr import Cine, locate_heart
from cardiacnets.cohorts import importing, judged_crop
from cardiacnets.cohorts.judged_crop import judged_location
from cardiacnets.cohorts.manifest import load_manifest
from cardiacnets.digital_heart import one_heart
from cardiacnets.judges import acdc_segmenter
from cardiacnets.phenotypes import MANIFESTS

reason = acdc_segmenter.why_not()
needs_judge = pytest.mark.skipif(bool(reason), reason=f"no outside judge: {reason}")
FRAMES, SLICES, SIDE = 8, 5, 140
HOLDS = (1, 2, 3)
"""Slices with a heart; noise below and above."""


def stack(row=12, column=-9, seed=3):
    """A simulated heart in the middle three of five slices of a larger field, its crop's middle moved by
    ``row`` and ``column`` pixels from the middle of the field.
    """
    rng = np.random.default_rng(seed)
    frames = rng.integers(0, 12, (FRAMES, SLICES, SIDE, SIDE)).astype(np.float32)
    heart = one_heart(seed=seed, frames=FRAMES)
    first = SIDE // 2 - 40
    rows, columns = slice(first + row, first + row + 80), slice(first + column, first + column + 80)
    for number in HOLDS:
        frames[:, number, rows, columns] = heart.sax
    meta = {"view": "sax", "cycle_ms": 1000.0}
    cine = Cine(frames, (10.0, 1.8, 1.8), np.arange(FRAMES) * 1000 / FRAMES, meta)
    mask = np.argwhere(heart.masks.sax[0] > 0)
    box = (mask.min(axis=0) + mask.max(axis=0)) / 2 + [first + row, first + column]
    return cine, box


def drawn_by_hand(pictures):
    """A judge that draws the same two boxes in each slice with a heart, and in noise nothing."""
    labels = np.zeros((len(pictures), 160, 160), np.uint8)
    for number in HOLDS:
        labels[number, 60:100, 80:120] = 1
        labels[number, 50:110, 70:80] = 3
    return labels


def test_the_box_and_the_middle_slice_follow_from_the_labels(monkeypatch):
    monkeypatch.setattr(judged_crop, "segment", drawn_by_hand)
    cine, _ = stack()
    found, beat = judged_location(cine), locate_heart(cine.frames, cine.spacing)
    # labels of 160: rows 50 to 109 and columns 70 to 119 are crop pixels 25 to 54 and 35 to 59
    first = np.asarray(beat.centre) - 39.5
    assert np.allclose(found.centre, first + [(25 + 54) / 2, (35 + 59) / 2])
    assert found.middle_slice == HOLDS[1]
    assert np.isfinite(found.ventricle[:, 0]).tolist() == [number in HOLDS for number in range(SLICES)]
    assert np.allclose(found.ventricle[2], first + [(30 + 49) / 2, (40 + 59) / 2])


DIRECTIONS = {"as they come": None, "upright": ([0, 1, 0], [1, 0, 0]), "mirrored": ([0, 1, 0], [-1, 0, 0]),
              "on its side": ([1, 0, 0], [0, 1, 0])}  # fmt: skip
"""Which way rows and columns of the stored frames run in the patient."""


@pytest.mark.parametrize("way", DIRECTIONS)
def test_places_lead_back_to_the_stored_pixels_however_they_lie(way):
    cine, _ = stack()
    if DIRECTIONS[way]:
        affine = np.eye(4)
        affine[:3, 0] = [0, 0, 10]
        affine[:3, 1:3] = 1.8 * np.array(DIRECTIONS[way], float).T
        cine = replace(cine, meta=cine.meta | {"affine": affine})
    location = locate_heart(cine.frames, cine.spacing)
    rows, columns = places = cine.places("sax", location)
    assert places.shape == (2, 80, 80)
    assert np.allclose(places.mean(axis=(1, 2)), location.centre)
    picture = cine.standard("sax", frames=1, location=location)[0].astype(float)
    stored = cine.frames[0, location.middle_slice][rows.round().astype(int), columns.round().astype(int)]
    assert np.corrcoef(picture.ravel(), stored.ravel())[0, 1] > 0.9
    assert np.corrcoef(picture[:, ::-1].ravel(), stored.ravel())[0, 1] < 0.9


def test_a_judge_that_sees_no_heart_leaves_it_to_the_beat(monkeypatch):
    nothing = np.zeros((SLICES, 160, 160), np.uint8)
    monkeypatch.setattr(judged_crop, "segment", lambda pictures: nothing[: len(pictures)])
    cine, _ = stack()
    found, beat = judged_location(cine), locate_heart(cine.frames, cine.spacing)
    assert found.centre == beat.centre and found.middle_slice == beat.middle_slice


@needs_judge
@pytest.mark.parametrize("moved", [(12, -9), (-15, 14)])
def test_the_judge_finds_a_simulated_heart_that_does_not_lie_in_the_middle(moved):
    cine, box = stack(*moved)
    found = judged_location(cine)
    assert np.abs(np.subtract(found.centre, box)).max() <= 3, "within 5.4 mm of the true mask's box"
    assert found.middle_slice in HOLDS


def test_a_manifest_asks_for_the_judge_and_is_told_where_it_is_not(monkeypatch):
    manifest = load_manifest(MANIFESTS / "ukb.yaml")
    assert manifest.cine.crop == "beat" and importing._crop_of(manifest) == "beat"
    asking = manifest.model_copy(update={"cine": manifest.cine.model_copy(update={"crop": "judge"})})
    monkeypatch.setattr(importing, "why_not", lambda: "")
    assert importing._crop_of(asking) == "judge"
    monkeypatch.setattr(importing, "why_not", lambda: "the package is not installed")
    with pytest.warns(UserWarning, match="crop: judge: the package is not installed; hearts are"):
        assert importing._crop_of(asking) == "beat"


@pytest.mark.parametrize(("crop", "asked"), [("beat", [None, None]), ("judge", ["there", None])])
def test_the_judge_is_asked_of_the_short_axis_only(monkeypatch, crop, asked):
    given = []

    class Read:
        def standard(self, frames, location):
            given.append(location)
            return np.full((frames, 1, 1), 7, np.uint8)

    monkeypatch.setattr(importing, "read_cine", lambda path, view: Read())
    monkeypatch.setattr(importing, "judged_location", lambda cine: "there")
    arrays = {"sax": np.zeros((1, 2, 1, 1), np.uint8), "lax": np.zeros((1, 2, 1, 1), np.uint8)}
    paths = {"ecg": ["absent.xml"], "sax": ["a.zip"], "4ch": ["b.zip"]}
    found = importing._read_files(paths, 2, crop, arrays | {"ecg": np.zeros((1, 12, 5000), np.int16)})
    assert given == asked and len(found) == 1
    assert (arrays["sax"] == 7).all() and (arrays["lax"] == 7).all()
