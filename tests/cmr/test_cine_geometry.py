"""Views by geometry, stacks by acquisition, grey values as the standard says, NIfTI by its affine."""

import nibabel
import numpy as np
import pytest
from test_cine_reading import FOUR, SAX, TWO, image, stack, write

from cardiacnets.cmr import read_cine
from cardiacnets.cmr.localising import HeartLocation

LVOT, AXIAL = (0.96, -0.27, 0.0, 0.0, 0.0, -1.0), (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
RVOT = (0.2, 0.95, 0.0, 0.0, 0.0, -1.0)
TOWARDS_APEX = -np.cross(*np.array(SAX).reshape(2, 3))
TOWARDS_APEX /= np.linalg.norm(TOWARDS_APEX)


def plane(turn, series=8, frames=10, depth=0.0, **changes):
    return [image(frame, depth, turn=turn, series=series, **changes) for frame in range(frames)]


def pictures(low=100):
    """Unlike at every pixel, so that each flip shows: (16, 20)."""
    return (low + np.arange(320).reshape(16, 20)).astype(np.uint16)


# --- views


@pytest.mark.parametrize("turn", [FOUR, TWO, LVOT, RVOT, AXIAL])
def test_a_long_axis_or_axial_plane_alone_is_no_short_axis(tmp_path, turn):
    with pytest.raises(ValueError, match="cine: .*no short-axis stack.*normal"):
        read_cine(write(tmp_path / "cine", plane(turn)))


@pytest.mark.parametrize("turn", [SAX, TWO, LVOT, RVOT, AXIAL])
def test_only_a_four_chamber_plane_is_one(tmp_path, turn):
    with pytest.raises(ValueError, match="alone: .*four-chamber.*planes found: 1 with normal"):
        read_cine(write(tmp_path / "alone", plane(turn)), "4ch")
    both = [*plane(turn), *plane(FOUR, 9)]
    assert read_cine(write(tmp_path / "cine", both), "4ch").meta["series"] == [9]


def test_an_axial_stack_larger_than_the_short_axis_is_not_taken_for_it(tmp_path):
    axial = [one for depth in range(7) for one in plane(AXIAL, 30, depth=8.0 * depth)]
    cine = read_cine(write(tmp_path / "cine", [*axial, *stack()]))
    assert cine.meta["series"] == [1] and cine.frames.shape[1] == 4
    with pytest.raises(ValueError, match="7 with normal .*axial"):
        read_cine(write(tmp_path / "axial", axial))


def test_of_parallel_four_chamber_planes_the_one_through_the_stack_counts(tmp_path):
    many = [one for place in range(3) for one in plane(FOUR, 20 + place, depth=40.0 * (place - 1))]
    cine = read_cine(write(tmp_path / "cine", [*many, *stack()]), "4ch")
    assert cine.meta["series"] == [21]
    with pytest.raises(ValueError, match="3 parallel four-chamber planes over 80.0 mm"):
        read_cine(write(tmp_path / "alone", many), "4ch")


# --- stacks


def test_places_that_differ_in_their_last_digits_are_one(tmp_path):
    files = []
    for depth in range(4):
        for frame in range(10):
            away = 1e-6 if frame < 6 else -1e-6
            place = np.array([0.05, 0.15, 0.25]) + 9 * depth * TOWARDS_APEX + away
            turn = np.array(SAX) + (1e-4 if frame % 2 else -1e-4)
            changes = {"ImagePositionPatient": place.tolist(), "ImageOrientationPatient": turn.tolist()}
            files.append(image(frame, **changes))
    cine = read_cine(write(tmp_path / "cine", files))
    assert cine.frames.shape[:2] == (10, 4)
    assert (cine.frames[:, :, 0, 0] == (10 * np.arange(10) + 5)[:, None]).all()


@pytest.mark.parametrize("shift", [-3.0, 3.0, 4.5])
@pytest.mark.parametrize("apart", [0, 1])
def test_of_a_stack_taken_twice_the_later_counts(tmp_path, shift, apart):
    """In one series each, or in one series a slice."""
    files = [
        image(frame, shift * run + 9.0 * depth, series=1 + 10 * run + apart * depth,
              RescaleIntercept=1000 * run)
        for run in (0, 1)
        for depth in range(4)
        for frame in range(10)
    ]  # fmt: skip
    cine = read_cine(write(tmp_path / "cine", files))
    assert cine.frames.shape[1] == 4 and cine.spacing[0] == pytest.approx(9, abs=1e-3)
    assert cine.frames.min() >= 1000


def test_a_missing_slice_is_named(tmp_path):
    files = [image(frame, 9.0 * depth) for depth in (0, 1, 3, 4, 5) for frame in range(10)]
    with pytest.raises(
        ValueError, match=r"slices \d and \d of 5 .*18.0 mm apart, the others 9.0 mm: .*missing"
    ):
        read_cine(write(tmp_path / "cine", files))


def test_a_series_exported_twice_counts_once(tmp_path):
    cine = read_cine(write(tmp_path / "cine", [*stack(), *stack()]))  # other SOPInstanceUIDs
    assert cine.frames.shape[:2] == (10, 4) and cine.meta["times_known"]


# --- grey values and what is no cine


def test_monochrome1_is_turned_and_signed_values_are_rescaled(tmp_path):
    stored = 4095 - pictures()
    changes = {"PhotometricInterpretation": "MONOCHROME1", "PixelData": stored.tobytes()}
    cine = read_cine(write(tmp_path / "white", stack(**changes)))
    assert np.array_equal(cine.frames[3, 2], pictures(0))
    signed = (pictures().astype(np.int16) - 200).view(np.uint16) & 0x0FFF  # 12 bits with a sign
    changes = {"PixelRepresentation": 1, "PixelData": signed.tobytes()}
    changes |= {"RescaleSlope": 2, "RescaleIntercept": 300}
    cine = read_cine(write(tmp_path / "signed", stack(**changes)))
    assert np.array_equal(cine.frames[3, 2], 2 * (pictures().astype(float) - 200) + 300)
    with pytest.raises(ValueError, match="RescaleSlope 0"):
        read_cine(write(tmp_path / "flat", stack(RescaleSlope=0)))


def test_derived_images_are_kept_where_nothing_else_shows_the_slice(tmp_path):
    derived = [one for depth in range(4) for one in plane(SAX, 2, depth=9.0 * depth,
               ImageType=["DERIVED", "PRIMARY", "M"], RescaleIntercept=1000)]  # fmt: skip
    scout = [image(turn=TWO, series=7)]
    assert read_cine(write(tmp_path / "derived", [*derived, *scout])).frames.shape[:2] == (10, 4)
    holed = [image(frame, 9.0 * depth) for depth in (0, 1, 3) for frame in range(10)]
    cine = read_cine(write(tmp_path / "holed", [*holed, *derived]))
    assert sorted(cine.frames[0, :, 0, 0] >= 1000) == [False, False, False, True]


@pytest.mark.parametrize("kind", ["P", "PHASE MAP", "VELOCITY MAP", "MIP", "R"])
def test_other_quantities_are_no_anatomy_even_alone(tmp_path, kind):
    with pytest.raises(ValueError, match="passed over: 40 of phase, velocity"):
        read_cine(write(tmp_path / "cine", stack(ImageType=["ORIGINAL", "PRIMARY", kind])))


@pytest.mark.parametrize(
    "changes",
    [
        {"Modality": "OT", "NumberOfFrames": 3, "ImagePositionPatient": None},
        {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7.2", "NumberOfFrames": 3},
        {"PixelSpacing": None},
        {"NumberOfFrames": 9, "SOPClassUID": "1.2.840.10008.5.1.4.1.1.4.1"},
        {"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"},
        {"PhotometricInterpretation": "PALETTE COLOR"},
        {"PixelData": None},
    ],
)
def test_strangers_are_passed_over(tmp_path, changes):
    strangers = [image(frame, 9.0, series=9, **changes) for frame in range(3)]
    cine = read_cine(write(tmp_path / "cine", [*stack(), *strangers]))
    assert cine.frames.shape[:2] == (10, 4) and cine.meta["series"] == [1]


# --- NIfTI


@pytest.fixture
def exam(tmp_path):
    """A short axis as DICOM, and as NIfTI of the same order."""
    rng = np.random.default_rng(5)
    files = [
        image(
            frame,
            -9.0 * depth,
            TriggerTime=40 * frame,
            PixelData=rng.integers(0, 4000, (16, 20)).astype(np.uint16).tobytes(),
        )
        for depth in range(4)
        for frame in range(10)
    ]
    cine = read_cine(write(tmp_path / "exam", files))
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ cine.meta["affine"][:, [2, 1, 0, 3]]
    return cine, nibabel.Nifti1Image(cine.frames.transpose(3, 2, 1, 0).astype(np.int16), affine)


def save(path, volume, step=40.0, units=("mm", "msec")):
    volume.header.set_zooms((*volume.header.get_zooms()[:3], step))
    volume.header.set_xyzt_units(*units)
    nibabel.save(volume, path)
    return path


def flipped(volume, axis):
    turn = np.eye(4)
    turn[axis, axis], turn[axis, 3] = -1, volume.shape[axis] - 1
    return nibabel.Nifti1Image(np.flip(np.asarray(volume.dataobj), axis), volume.affine @ turn)


@pytest.mark.parametrize("axes", [(), (1,), (2,), (1, 2)])
def test_rows_and_slices_of_nifti_come_in_the_order_of_dicom(exam, tmp_path, axes):
    cine, volume = exam
    for axis in axes:
        volume = flipped(volume, axis)
    read = read_cine(save(tmp_path / "cine.nii.gz", volume))
    np.testing.assert_array_equal(read.frames, cine.frames)
    np.testing.assert_allclose(read.meta["affine"], cine.meta["affine"], atol=1e-3)
    assert read.spacing == pytest.approx(cine.spacing, abs=1e-3)


@pytest.mark.parametrize("change", ["columns", "canonical", "turned"])
def test_nifti_that_was_turned_shows_the_same_picture(exam, tmp_path, change):
    cine, volume = exam
    if change == "columns":
        volume = flipped(volume, 0)
    elif change == "canonical":
        volume = nibabel.as_closest_canonical(volume)
    else:
        data = np.asarray(volume.dataobj).transpose(2, 0, 1, 3)
        volume = nibabel.Nifti1Image(data, volume.affine[:, [2, 0, 1, 3]])
    read = read_cine(save(tmp_path / "cine.nii.gz", volume))
    assert read.frames.shape[:2] == (10, 4)
    corner = (np.linalg.inv(read.meta["affine"]) @ cine.meta["affine"] @ [1, 2, 3, 1]).round().astype(int)
    assert (read.frames[:, corner[0], corner[1], corner[2]] == cine.frames[:, 1, 2, 3]).all()
    handed = np.linalg.det(read.meta["affine"][:3, :3])
    assert change == "columns" or handed == pytest.approx(
        np.linalg.det(cine.meta["affine"][:3, :3]), rel=1e-3
    )


def test_a_mirrored_short_axis_is_shown_from_the_apex(exam, tmp_path):
    cine, volume = exam
    mirrored = read_cine(save(tmp_path / "cine.nii.gz", flipped(volume, 0)))
    assert np.array_equal(mirrored.frames, cine.frames[..., ::-1])
    one, other = (
        each.standard(frames=10, location=HeartLocation((7.5, 9.5), np.zeros((4, 2)), 1))
        for each in (cine, mirrored)
    )
    assert np.abs(one.astype(int) - other).max() <= 1


@pytest.mark.parametrize(
    "units, scale, step",
    [(("meter", "sec"), 1e-3, 0.04), (("micron", "usec"), 1e3, 4e4), (("mm", None), 1, 0.04)],
)
def test_units_of_nifti_are_obeyed(exam, tmp_path, units, scale, step):
    cine, volume = exam
    affine = volume.affine.copy()
    affine[:3] *= scale
    read = read_cine(
        save(tmp_path / "cine.nii", nibabel.Nifti1Image(np.asarray(volume.dataobj), affine), step, units)
    )
    assert read.spacing == pytest.approx(cine.spacing, abs=1e-3)
    assert read.times[1] == pytest.approx(40, abs=1e-3) and read.meta["times_known"]


def test_what_a_nifti_header_cannot_tell_is_refused(exam, tmp_path):
    _, volume = exam
    data = np.asarray(volume.dataobj)
    with pytest.raises(ValueError, match="zero.nii: time step 0"):
        read_cine(save(tmp_path / "zero.nii", nibabel.Nifti1Image(data, volume.affine), 0.0))
    with pytest.raises(ValueError, match="lost.nii: by its affine these are no sax slices"):
        read_cine(save(tmp_path / "lost.nii", nibabel.Nifti1Image(data, np.diag([1.5, 1.5, 9, 1]))))
    with pytest.raises(ValueError, match="other.nii: by its affine these are no 4ch slices"):
        read_cine(save(tmp_path / "other.nii", nibabel.Nifti1Image(data, volume.affine)), "4ch")
    unset = nibabel.Nifti1Image(data, volume.affine)
    unset.set_sform(None, 0)
    unset.set_qform(None, 0)
    with pytest.raises(ValueError, match="unset.nii: sform and qform are both 0"):
        read_cine(save(tmp_path / "unset.nii", unset))


@pytest.mark.parametrize("change", ["rows", "canonical"])
def test_four_chambers_in_nifti_show_the_picture_of_dicom(tmp_path, change):
    turn = (1.0, 0.0, 0.1, 0.082, -0.57, -0.82)
    files = [image(frame, turn=turn, PixelData=(pictures() + frame).tobytes()) for frame in range(10)]
    cine = read_cine(write(tmp_path / "exam", files), "4ch")
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ cine.meta["affine"][:, [2, 1, 0, 3]]
    volume = nibabel.Nifti1Image(cine.frames.transpose(3, 2, 1, 0).astype(np.int16), affine)
    volume = flipped(volume, 1) if change == "rows" else nibabel.as_closest_canonical(volume)
    read = read_cine(save(tmp_path / "cine.nii", volume), "4ch")
    np.testing.assert_array_equal(read.frames, cine.frames)
    with pytest.raises(ValueError, match="these are no sax slices"):
        read_cine(tmp_path / "cine.nii")
