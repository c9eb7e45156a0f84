"""One exam is one picture, in whatever order and direction a NIfTI file holds its axes."""

import dataclasses
import itertools

import nibabel
import numpy as np
import pytest

from cardiacnets.cmr import read_cine

EXAMS = {
    "Sunnybrook": ("cmr/sunnybrook/SCD0000101.zip", "sax"),
    "biv_me, short axis": ("cmr/biv_me/patient1.zip", "sax"),
    "biv_me, four chambers": ("cmr/biv_me/patient1.zip", "4ch"),
}
ORDERS = [
    (order, flips)
    for order in itertools.permutations(range(3))
    for flips in itertools.product((False, True), repeat=3)
]


def stored(cine, order, flips) -> nibabel.Nifti1Image:
    """The cine as NIfTI, its axes (column, row, slice) in this order, some of them reversed."""
    data = cine.frames.transpose(3, 2, 1, 0)  # (column, row, slice, time)
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ cine.meta["affine"][:, [2, 1, 0, 3]]
    for axis in np.flatnonzero(flips):
        affine[:3, 3] += affine[:3, axis] * (data.shape[axis] - 1)
        affine[:3, axis] *= -1
        data = np.flip(data, axis)
    image = nibabel.Nifti1Image(data.transpose(*order, 3).astype(np.int16), affine[:, [*order, 3]])
    image.header.set_zooms((*image.header.get_zooms()[:3], cine.meta["cycle_ms"] / len(cine.frames)))
    image.header.set_xyzt_units("mm", "msec")
    return image


@pytest.mark.parametrize("exam", EXAMS)
def test_every_order_of_axes_shows_what_the_dicom_shows(sample_data, tmp_path, exam):
    place, view = EXAMS[exam]
    cine = read_cine(sample_data / place, view=view)
    nibabel.save(stored(cine, (0, 1, 2), (False,) * 3), tmp_path / "plain.nii")
    plain = read_cine(tmp_path / "plain.nii", view=view).standard(frames=2)
    same = cine.standard(frames=2)
    assert np.corrcoef(plain[0].ravel(), same[0].ravel())[0, 1] > 0.95
    for order, flips in ORDERS:
        nibabel.save(stored(cine, order, flips), tmp_path / "turned.nii")
        turned = read_cine(tmp_path / "turned.nii", view=view).standard(frames=2)
        found = np.corrcoef(turned.ravel(), plain.ravel())[0, 1]
        assert found > 0.95, f"axes {order}, reversed {flips}: correlation {found:.2f}"


def test_a_scanner_s_usual_short_axis_is_not_turned(sample_data):
    cine = read_cine(sample_data / EXAMS["biv_me, short axis"][0], view="sax")
    unsaid = dataclasses.replace(cine, meta={**cine.meta, "affine": None})
    np.testing.assert_array_equal(cine.standard(frames=2), unsaid.standard(frames=2))
