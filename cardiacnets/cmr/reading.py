"""Cines from files: a folder or zip of DICOM images, or a NIfTI file.

Covers UK Biobank's fields 20208 (long axis) and 20209 (short axis), Sunnybrook, Siemens, GE and Philips
exports with one image a file. Nothing is unpacked to disk, and a file that is not what it should be is
refused with its name.
"""

from __future__ import annotations

import io
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np
import pydicom
from pydicom.dataset import Dataset

from cardiacnets.cmr.cine import VIEWS, Cine
from cardiacnets.cmr.identities import about_uids, refuse_mixed
from cardiacnets.cmr.left_out import (
    LeftOut,
    about_faults,
    one_line,
    refuse_faults,
    refuse_losses,
    traces_of_losses,
)
from cardiacnets.cmr.nifti import PIXEL_RANGE, read_nifti, turn_as_dicom
from cardiacnets.cmr.planes import Plane, choose_view, find_planes, stack_frames

DICOM_SUFFIXES = (".dcm", ".dicom", ".ima")
FILE_BYTES, ARCHIVE_BYTES, ARCHIVE_FILES, RATIO = 64 * 2**20, 4 * 2**30, 20_000, 200
"""Larger than any cine: beyond these a zip is taken for a bomb."""

TOO_LARGE = f"larger than {FILE_BYTES // 2**20} MiB: no single image, convert them to NIfTI"

SORTED_BY = (
    "Modality", "ImageType", "PatientID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID",
    "SeriesNumber",
)  # fmt: skip
"""What decides whether an image belongs to the cine."""

NUMBERS = ("TriggerTime", "InstanceNumber", "TemporalPositionIdentifier", "NominalInterval",
           "CardiacNumberOfImages", "ImagesInAcquisition")  # fmt: skip
"""What says when an image was taken, if present."""

GREY = ("MONOCHROME1", "MONOCHROME2")
"""One grey value a pixel, PS3.3 C.7.6.3.1.2; others are colours."""

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
"""Screenshots and reports, of one frame or many (PS3.3 A.8)."""

ENHANCED = ("1.2.840.10008.5.1.4.1.1.4.1", "1.2.840.10008.5.1.4.1.1.4.4")
ENHANCED_WAY = (
    "with many frames in one object, as enhanced MR: convert them to NIfTI with dcm2niix, or export them as "
    "classic DICOM with one image a file"
)

NO_ANATOMY = {
    "P", "PHASE", "PHASE MAP", "P_FFE", "P_PCA", "V", "VELOCITY", "VELOCITY MAP", "R", "REAL", "R_FFE", "I",
    "IMAGINARY", "I_FFE", "MIP", "MINIP", "PROJECTION IMAGE", "SUBTRACTION", "ADC", "T1 MAP", "T2 MAP",
    "T2_STAR MAP",
}  # fmt: skip
"""From the third value of ImageType on (PS3.3 C.8.3.1.1.1 and makers' own), and ComplexImageComponent
(C.8.13.3.1.1): pictures of something else than the signal's magnitude."""

DEFLATED = b"1.2.840.10008.1.2.1.99"
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
"""What :mod:`zipfile` raises for damaged, locked or oddly packed members."""


def read_cine(path: Path | str, view: str = "sax") -> Cine:
    """Read one view's cine.

    Arguments:
        path: a folder or zip of DICOM images (further series in it do no harm), or a NIfTI file (x, y,
            slice, time).
        view: ``"sax"`` or ``"4ch"``, found by geometry, whatever the series are called; in NIfTI, by the
            affine.

    Slices come base to apex and their spacing from image positions; frames by trigger time, the first at or
    after the R wave. Images that are of no use are passed over, unless the cine lacks them. Warns where
    numbers of images suggest that a slice is lost. Raises ``ValueError`` naming the file, the fault and
    the way out.
    """
    path = Path(path)
    if view not in VIEWS:
        raise ValueError(f"view {view!r}: one of {', '.join(VIEWS)} is needed")
    if not path.exists():
        raise ValueError(f"{path}: no such file or folder")
    if path.name.endswith((".nii", ".nii.gz")):
        return _read_nifti(path, view)
    if not path.is_dir() and not zipfile.is_zipfile(path):
        raise ValueError(
            f"{path}: neither a folder, nor a whole zip, nor NIfTI; fetch it again, or give the folder "
            "that holds its images"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # real files bend the standard in ways that do not matter here
        images, unfit, beside = _images(path)
        planes, left = find_planes(images)
    left += unfit
    try:
        if not planes:
            refuse_faults(left)
            raise ValueError(f"{len(images)} images, none seen at more than one moment: that is no cine")
        try:
            chosen = choose_view(planes, view)
        except ValueError as error:
            raise ValueError(f"{error}{about_faults(left)}") from None
        refuse_losses(chosen, left)
        frames, phases = stack_frames(chosen)
    except ValueError as error:
        raise ValueError(f"{path}: {error}{about_uids(images)}{beside}") from None
    signs = [] if beside else traces_of_losses(images, {plane.series_uid for plane in chosen})
    if signs:
        warnings.warn(f"{path}: slices may be lost: {'; '.join(signs)}", stacklevel=2)
    return _cine(path, view, chosen, frames, phases)


def _cine(path: Path, view: str, planes: list[Plane], frames: np.ndarray, phases: np.ndarray) -> Cine:
    first, last = planes[0], planes[-1]
    depths = np.array([plane.position @ first.normal for plane in planes])
    between = float(np.median(np.diff(depths))) if len(planes) > 1 else first.thickness
    cycle = float(np.mean([plane.cycle for plane in planes]))
    affine = np.eye(4)
    step = (last.position - first.position) / (len(planes) - 1) if len(planes) > 1 else first.normal * between
    affine[:3, :3] = np.stack(
        [step, first.along[1] * first.spacing[0], first.along[0] * first.spacing[1]], axis=1
    )
    affine[:3, 3] = first.position
    meta = {
        "view": view,
        "cycle_ms": cycle,
        "times_known": all(plane.times_known for plane in planes),
        "affine": affine,
        "series": sorted({plane.series for plane in planes}),
        "format": "dicom",
        "file": path.name,
    }
    return Cine(frames, (between, *first.spacing), phases * cycle, meta)


def _images(path: Path) -> tuple[list[Dataset], list[LeftOut], str]:
    """The MR images with a place in space, all of one person and visit; those that can't be used, and why;
    and what was passed over beside them, in words (empty if nothing was)."""
    found, unfit, passed = [], [], Counter()
    for name, content in _folder_files(path) if path.is_dir() else _zip_files(path):
        image = TOO_LARGE if content is None else _parse(path, name, content)
        if isinstance(image, str):
            passed[image] += 1
        elif isinstance(image, LeftOut):
            unfit.append(image)
        elif image is not None:
            found.append(image)
    beside = ", ".join(f"{count} {what}" for what, count in sorted(passed.items()))
    beside = f" (passed over: {beside})" if beside else ""
    if not found:
        if unfit:
            raise ValueError(f"{path}: {unfit[0].name}: {unfit[0].fault}{beside}")
        raise ValueError(
            f"{path}: no MR images with positions{beside}; give the folder or zip that holds a cine"
        )
    try:
        refuse_mixed(found)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return found, unfit, beside


def _parse(path: Path, name: str, content: bytes) -> Dataset | LeftOut | str | None:
    """One MR image; one that can't be used; or what it is instead, in words; or None for another kind of file
    (a list, a picture) that lies beside them."""
    where = f"{path}: {name}"
    if content[128:132] != b"DICM":
        if PurePosixPath(name).suffix.lower() in DICOM_SUFFIXES:
            raise ValueError(f"{where}: not a DICOM file, or cut short; fetch it again")
        return None
    if DEFLATED in content[:2048]:
        raise ValueError(f"{where}: deflated DICOM is not read; export it uncompressed")
    try:
        image = pydicom.dcmread(io.BytesIO(content))
        image.filename = name
        for tag in SORTED_BY:
            image.get(tag)  # decoded when first asked for: a damaged one shows here, with the file's name
        other = _no_cine(image)
    except Exception as error:  # a damaged header raises almost anything
        raise ValueError(f"{where}: {one_line(error)}") from None
    if other:
        return other
    try:
        for tag, count in (("ImagePositionPatient", 3), ("ImageOrientationPatient", 6), ("PixelSpacing", 2)):
            _check_numbers(image, tag, count)
        for tag in NUMBERS:
            if not np.isfinite(float(image.get(tag) or 0)):
                raise ValueError(f"{tag} {image.get(tag)}; correct it, or remove it")
        if not image.file_meta.TransferSyntaxUID.is_compressed:
            needed = int(image.Rows) * int(image.Columns) * (int(image.BitsAllocated) // 8)
            if len(image.PixelData) < needed:
                raise ValueError("cut short; fetch it again")
    except Exception as error:
        return LeftOut.from_image(image, one_line(error))
    return image


def _no_cine(image: Dataset) -> str:
    """Why an object can't be one moment of a cine: words to be counted; empty if it can."""
    if image.get("Modality") != "MR":
        return f"of modality {image.get('Modality')}"
    if str(image.get("SOPClassUID")).startswith(SECONDARY_CAPTURE):
        return "secondary captures"
    if "PixelData" not in image:
        return "without pixels"
    if int(image.get("SamplesPerPixel") or 1) != 1 or image.get("PhotometricInterpretation") not in GREY:
        return "in colour"
    if int(image.get("NumberOfFrames") or 1) > 1 or image.get("SOPClassUID") in ENHANCED:
        return ENHANCED_WAY
    kinds = {str(value).upper() for value in (image.get("ImageType") or ())[2:]}
    if kinds & NO_ANATOMY or str(image.get("ComplexImageComponent") or "MAGNITUDE").upper() in NO_ANATOMY:
        return "of phase, velocity or another computed quantity"
    for tag in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
        if image.get(tag) in (None, ""):
            return f"without {tag}"
    return ""


def _check_numbers(image: Dataset, tag: str, count: int) -> None:
    values = np.array(image.get(tag) or [], dtype=float)
    if len(values) != count or not np.isfinite(values).all():
        raise ValueError(f"{tag} should be {count} numbers; export the images again with their geometry")
    if tag == "PixelSpacing" and not (PIXEL_RANGE[0] <= values.min() and values.max() <= PIXEL_RANGE[1]):
        raise ValueError(f"pixels of {values.tolist()} mm; export the images again with their geometry")


def _folder_files(folder: Path) -> Iterator[tuple[str, bytes | None]]:
    """Names and contents; None for what is too large for one image (a film, an object of many frames)."""
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not file.name.startswith(".") and file.name != "DICOMDIR":
            if file.stat().st_size > FILE_BYTES:
                yield str(file.relative_to(folder)), None
            else:
                yield str(file.relative_to(folder)), file.read_bytes()


def _zip_files(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [one for one in archive.infolist() if not one.is_dir()]
            _refuse_hostile(path, members)
            for member in members:
                name = PurePosixPath(member.filename).name
                if name.startswith(".") or name == "DICOMDIR":
                    continue
                with archive.open(member) as stream:
                    content = stream.read(FILE_BYTES + 1)
                if len(content) > FILE_BYTES:
                    raise ValueError(f"{path}: {member.filename} unpacks to more than it says: a zip bomb")
                yield member.filename, content
    except (*DAMAGE, OSError) as error:
        raise ValueError(f"{path}: damaged or locked zip ({one_line(error)}); fetch it again") from None


def _refuse_hostile(path: Path, members: list[zipfile.ZipInfo]) -> None:
    for member in members:
        parts = PurePosixPath(member.filename.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or ":" in parts.parts[0]:
            raise ValueError(f"{path}: {member.filename!r} points outside the archive; do not trust it")
        if member.file_size > FILE_BYTES or member.file_size > RATIO * max(member.compress_size, 4096):
            raise ValueError(
                f"{path}: {member.filename} unpacks to {member.file_size} bytes: a zip bomb, or no image"
            )
    if len(members) > ARCHIVE_FILES or sum(member.file_size for member in members) > ARCHIVE_BYTES:
        raise ValueError(f"{path}: {len(members)} files that unpack to too much: a zip bomb, or not one cine")


def _read_nifti(path: Path, view: str) -> Cine:
    volume = read_nifti(path)
    if volume.data.ndim != 4 or volume.data.shape[3] < 2:
        raise ValueError(
            f"{path}: shape {volume.data.shape} has one moment only; a cine is (x, y, slice, time)"
        )
    try:
        volume = turn_as_dicom(volume, view)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    frames = volume.data.transpose(3, 2, 1, 0).astype(np.float32)  # (x, y, slice, time) -> (T, S, H, W)
    if not np.isfinite(frames).all():
        raise ValueError(f"{path}: some intensities are not numbers; convert it again")
    known = volume.step is not None
    step = volume.step if known else 1000.0 / len(frames)
    meta = {
        "view": view,
        "cycle_ms": step * len(frames),
        "times_known": known,
        "affine": volume.affine[:, [2, 1, 0, 3]],
        "format": "nifti",
        "file": path.name,
    }
    return Cine(frames, volume.spacing[::-1], step * np.arange(len(frames)), meta)
