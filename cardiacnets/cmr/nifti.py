"""NIfTI files, read with a limit on their size, and turned by their affine to the order that DICOM has.

Converters store rows from bottom to top, slices in either direction, and axes in any order; the affine says
which (NIfTI-1, "orientation and location in space", methods 2 and 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np

from cardiacnets.cmr.views import APEX, NORMALS, STACK, is_four_chamber, is_short_axis

LARGEST = 2**27
"""Voxels times moments; no cine comes near it, a damaged or hostile header does."""

PIXEL_RANGE = (0.05, 100.0)
"""Sizes of pixels and distances of slices that can be true, mm."""

STEP_RANGE = (5.0, 200.0)
"""Times between two moments of a beat that can be true, ms; 1 s is what headers hold that were not told."""

SHEAR = 0.02
"""Cosine of two axes' angle up to which they count as perpendicular."""

UPRIGHT = 0.35
"""Rows of a scanner's picture run from head to feet by at least this part (cosine)."""

APART = (1.0, 1.0, 0.01)
"""Degrees, mm and part of a voxel's size up to which sform and qform count as equal."""

OPPOSITE = np.diag([-1.0, -1.0, 1.0, 1.0])
"""NIfTI counts to the right and to the front, DICOM to the left and to the back."""

MILLIMETRES = {"unknown": 1.0, "mm": 1.0, "meter": 1e3, "micron": 1e-3}
"""A length without a unit is in mm, as every converter writes it."""

MILLISECONDS = {"sec": 1e3, "msec": 1.0, "usec": 1e-3}


@dataclass(frozen=True)
class Volume:
    """``data`` (x, y, slice[, time]); ``affine`` (4, 4) from voxels to the patient's left, back and head, mm;
    ``spacing`` (x, y, slice) mm; ``step`` between moments in ms, None where the header has no true one."""

    data: np.ndarray
    affine: np.ndarray
    spacing: tuple[float, float, float]
    step: float | None


def read_nifti(path: Path | str) -> Volume:
    """Read a NIfTI file of three or four dimensions as it is stored.

    Raises ``ValueError`` naming the file and the fault; also where neither sform nor qform is set (nothing
    says then how it lies), or both are and disagree, or axes are not at right angles, or the time step is 0.
    """
    try:
        return _read(path)
    except _Unfit as error:
        raise ValueError(f"{path}: {error}") from None
    except Exception as error:  # nibabel, gzip and damaged headers raise many kinds
        raise ValueError(f"{path}: not a whole NIfTI file ({' '.join(str(error).split())[:200]})") from None


class _Unfit(Exception):
    """What a whole file lacks, in words."""


def _read(path: Path | str) -> Volume:
    image = nibabel.load(path)
    header, shape = image.header, image.shape
    zooms = [float(zoom) for zoom in header.get_zooms()]
    if len(shape) not in (3, 4) or np.prod(shape, dtype=float) > LARGEST or 0 in shape:
        raise _Unfit(f"shape {shape}; (x, y, slice) or (x, y, slice, time) of usual size is needed")
    if not (int(header["sform_code"]) > 0 or int(header["qform_code"]) > 0):
        raise _Unfit("sform and qform are both 0: its orientation is not said; convert it again from DICOM")
    length, time = header.get_xyzt_units()
    affine = OPPOSITE @ image.affine
    affine[:3] *= MILLIMETRES[length]
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    if not np.isfinite([*zooms, *affine.ravel()]).all():
        raise _Unfit("its geometry is not made of numbers; convert it again")
    if not all(PIXEL_RANGE[0] <= size <= PIXEL_RANGE[1] for size in spacing):
        raise _Unfit(f"pixels of {spacing.round(6).tolist()} mm; convert it again with its true unit")
    if int(header["sform_code"]) > 0 and int(header["qform_code"]) > 0:
        _compare(header.get_sform(), header.get_qform(), MILLIMETRES[length])
    said = np.array(zooms[:3]) * MILLIMETRES[length]
    directions = affine[:3, :3] / spacing
    if np.abs(directions.T @ directions - np.eye(3)).max() > SHEAR:
        raise _Unfit("its axes are not at right angles; convert it again, without resampling")
    step = _step(zooms[3], time) if len(shape) > 3 and shape[3] > 1 else None
    data = np.asarray(image.dataobj)  # scaled by scl_slope and scl_inter; a slope of 0 stands for none
    sizes = said if np.allclose(said, spacing, rtol=0.001) else spacing  # the affine places the voxels
    return Volume(data, affine, tuple(sizes.tolist()), step)


def _compare(sform: np.ndarray, qform: np.ndarray, unit: float) -> None:
    """NIfTI-1 lets both be set, even to lead to two spaces; which is the patient's is then nowhere said."""
    sizes = [np.linalg.norm(form[:3, :3], axis=0) for form in (sform, qform)]
    cosines = (sform[:3, :3] * qform[:3, :3]).sum(axis=0) / (sizes[0] * sizes[1])
    turn = float(np.degrees(np.arccos(np.clip(cosines, -1, 1))).max())
    away = float(np.linalg.norm(sform[:3, 3] - qform[:3, 3])) * unit
    scale = float(np.abs(sizes[0] / sizes[1] - 1).max())
    if not (turn <= APART[0] and away <= APART[1] and scale <= APART[2]):
        raise _Unfit(
            f"sform and qform disagree: axes are up to {turn:.1f} degrees apart, first voxels {away:.1f} mm, "
            f"voxel sizes {100 * scale:.0f} %; set the code of the wrong one to 0, or convert it again from "
            "DICOM"
        )


def turn_as_dicom(volume: Volume, view: str) -> Volume:
    """Slices along the third axis, from base to apex; rows from head to feet; columns as stored.

    Where slices are not stored along the third axis, rows run across the body, or axes run to the right,
    front and head, the pictures were turned after the scan; they are turned back to how scanners show them:
    upright, the short axis seen from the apex, four chambers from the feet. ``view`` is
    ``"sax"`` or ``"4ch"``. Raises ``ValueError`` with the three axes where the
    one with the widest steps (of equal ones the shortest) is not the normal of such slices.
    """
    directions = volume.affine[:3, :3] / np.array(volume.spacing)
    fits = is_four_chamber if view == "4ch" else _stands_on_short_axis
    slices = max(range(3), key=lambda axis: (round(volume.spacing[axis], 2), -volume.data.shape[axis]))
    if not fits(directions[:, slices]):
        raise ValueError(
            f"by its affine these are no {view} slices: axis {slices + 1} goes through them, of axes "
            f"{directions.T.round(2).tolist()} (left, "
            f"back, head), shape {volume.data.shape}; the orientation was lost, or it shows another view: "
            "convert it again from DICOM, or ask for the view it shows"
        )
    across, down = (axis for axis in range(3) if axis != slices)
    canonical = nibabel.aff2axcodes(OPPOSITE @ volume.affine) == ("R", "A", "S")
    turned = canonical or slices != 2 or abs(directions[2, down]) < UPRIGHT
    if turned and abs(directions[2, across]) > abs(directions[2, down]):
        across, down = down, across
    flips = {slices: directions[:, slices] @ APEX < 0, down: directions[2, down] > 0, across: False}
    if turned:
        normal = np.cross(directions[:, across], directions[:, down] * (-1 if flips[down] else 1))
        flips[across] = normal @ NORMALS["four-chamber" if view == "4ch" else "short-axis"] > 0
    data, affine = volume.data, volume.affine.copy()
    for axis, flip in flips.items():
        if flip:
            data = np.flip(data, axis)
            affine[:3, 3] += affine[:3, axis] * (data.shape[axis] - 1)
            affine[:3, axis] *= -1
    order = [across, down, slices]
    data = data.transpose(*order, *range(3, data.ndim))
    return Volume(data, affine[:, [*order, 3]], tuple(volume.spacing[axis] for axis in order), volume.step)


def _stands_on_short_axis(direction: np.ndarray) -> bool:
    return is_short_axis(direction, STACK)


def _step(stored: float, unit: str) -> float | None:
    if stored == 0:
        raise _Unfit("time step 0: write the time between two moments into pixdim[4], with its unit")
    if unit in MILLISECONDS:
        step = stored * MILLISECONDS[unit]
        return step if STEP_RANGE[0] <= step <= STEP_RANGE[1] else None
    fitting = [stored * factor for factor in (1e3, 1.0)]  # no unit: seconds or ms, if one of them can be true
    return next((step for step in fitting if STEP_RANGE[0] <= step <= STEP_RANGE[1]), None)
