"""NIfTI files, read with a limit on their size and turned to the patient coordinates that DICOM uses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import nibabel
import numpy as np

LARGEST = 2**27
"""Voxels times moments; no cine comes near it, a damaged or hostile header does."""

PIXEL_RANGE = (0.05, 100.0)
"""Sizes of pixels and distances of slices that can be true, mm."""

OPPOSITE = np.diag([-1.0, -1.0, 1.0, 1.0])
"""NIfTI counts to the right and to the front, DICOM to the left and to the back."""

MILLISECONDS = {"sec": 1e3, "msec": 1.0, "usec": 1e-3}


@dataclass(frozen=True)
class Volume:
    """``data`` (x, y, slice[, time]) as stored; ``affine`` (4, 4) from voxels to the patient's left, back
    and head, mm; ``spacing`` (x, y, slice) mm; ``step`` between moments in ms, as the header has it."""

    data: np.ndarray
    affine: np.ndarray
    spacing: tuple[float, float, float]
    step: float


def read_nifti(path: Path | str) -> Volume:
    """Read a NIfTI file of three or four dimensions; ``ValueError`` names the file and the fault."""
    try:
        image = nibabel.load(path)
        shape, zooms = image.shape, [float(zoom) for zoom in image.header.get_zooms()]
        if len(shape) not in (3, 4) or np.prod(shape, dtype=float) > LARGEST or 0 in shape:
            raise ValueError(f"shape {shape}; (x, y, slice) or (x, y, slice, time) of usual size is needed")
        if not np.isfinite([*zooms, *image.affine.ravel()]).all():
            raise ValueError("its geometry is not made of numbers; convert it again")
        if not all(PIXEL_RANGE[0] <= zoom <= PIXEL_RANGE[1] for zoom in zooms[:3]):
            raise ValueError(f"pixels of {zooms[:3]} mm; convert it again")
        data = np.asarray(image.dataobj)
        unit = MILLISECONDS.get(image.header.get_xyzt_units()[1], 1e3)
        step = zooms[3] * unit if len(zooms) > 3 else 0.0
    except Exception as error:  # nibabel, gzip and damaged headers raise many kinds
        raise ValueError(f"{path}: not a whole NIfTI file ({' '.join(str(error).split())[:200]})") from None
    return Volume(data, OPPOSITE @ image.affine, tuple(zooms[:3]), step)
