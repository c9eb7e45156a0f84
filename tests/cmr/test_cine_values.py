"""Values that a header could let be read wrongly: bits of a pixel, units of time, two affines."""

import nibabel
import numpy as np
import pytest
from test_cine_geometry import exam, pictures, save  # noqa: F401
from test_cine_reading import stack, write

from cardiacnets.cmr import read_cine

# --- bits


@pytest.mark.parametrize("outside", [0, 0b1010])
def test_bits_are_taken_from_the_high_bit_down(tmp_path, outside):
    stored = (pictures(3000) << 4) | outside
    cine = read_cine(write(tmp_path / "cine", stack(HighBit=15, PixelData=stored.astype("<u2").tobytes())))
    assert np.array_equal(cine.frames[3, 2], pictures(3000))


def test_bits_above_the_high_bit_are_no_grey(tmp_path):
    """Where overlays used to be kept."""
    stored = (
        pictures() | np.where(np.arange(20) % 3 == 0, 1 << 12, 0) | np.where(np.arange(20) > 9, 1 << 15, 0)
    )
    cine = read_cine(write(tmp_path / "cine", stack(PixelData=stored.astype("<u2").tobytes())))
    assert np.array_equal(cine.frames[3, 2], pictures())


def test_a_sign_is_the_highest_bit_stored_wherever_that_is(tmp_path):
    values = pictures().astype(np.int16) - 200
    stored = (values << 4) | 0b0110
    changes = {"PixelRepresentation": 1, "HighBit": 15, "PixelData": stored.astype("<i2").tobytes()}
    cine = read_cine(write(tmp_path / "cine", stack(**changes)))
    assert np.array_equal(cine.frames[3, 2], values)


def test_values_that_are_not_in_the_bits_the_header_names_are_refused(tmp_path):
    low = stack(HighBit=15, PixelData=pictures().tobytes())
    with pytest.raises(ValueError, match="low: .*HighBit 15 with BitsStored 12.*export it again"):
        read_cine(write(tmp_path / "low", low))
    with pytest.raises(ValueError, match="none: .*BitsStored 12, HighBit 7: no such cell"):
        read_cine(write(tmp_path / "none", stack(HighBit=7)))


# --- two affines in one NIfTI


def turned(affine, degrees):
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.eye(4)
    turn[:2, :2] = [[cosine, -sine], [sine, cosine]]
    return turn @ affine


def moved(affine, distance):
    away = affine.copy()
    away[:3, 3] += (0, 0, distance)
    return away


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda affine: turned(affine, 5), "up to [3-5].* degrees apart"),
        (lambda affine: moved(affine, 4), "to 0.. degrees apart, first voxels 4.0 mm"),
        (lambda affine: affine @ np.diag([-1, 1, 1, 1]), "to 1[78].* degrees apart"),
        (lambda affine: affine @ np.diag([1, 1, 1.2, 1]), "voxel sizes 17 %"),
    ],
)
def test_sform_and_qform_that_disagree_are_refused(exam, tmp_path, change, words):  # noqa: F811
    _, volume = exam
    volume.set_qform(change(volume.affine), 1)
    volume.set_sform(volume.affine, 1)
    with pytest.raises(ValueError, match=f"cine.nii: sform and qform disagree: .*{words}.*code of the wrong"):
        read_cine(save(tmp_path / "cine.nii", volume))
    alone = nibabel.load(tmp_path / "cine.nii")
    alone.header["qform_code"] = 0
    nibabel.save(alone, tmp_path / "alone.nii")
    assert read_cine(tmp_path / "alone.nii").frames.shape[:2] == (10, 4)


def test_sform_and_qform_that_differ_by_rounding_are_one(exam, tmp_path):  # noqa: F811
    cine, volume = exam
    volume.set_sform(moved(turned(volume.affine, 0.3), 0.4), 1)
    volume.set_qform(cine_affine(cine), 1)
    read = read_cine(save(tmp_path / "cine.nii", volume))
    assert np.array_equal(read.frames, cine.frames)


def cine_affine(cine):
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ cine.meta["affine"][:, [2, 1, 0, 3]]
