"""A cine as scanners export it: a zip of DICOM images, one a slice and moment, as UK Biobank hands out.

What :func:`~cardiacnets.cmr.read_cine` reads back: the same frames, places and times, but for the beat's
length, which DICOM counts in whole milliseconds.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid

from cardiacnets.artefacts import atomic_path
from cardiacnets.cmr.cine import Cine

SIMULATED = "SIMULATED"
ROOT = "1.2.826.0.1.3680043.8.498."
"""The prefix that pydicom lends to those who have none of their own."""

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The date of every file in a zip, so that the same cine gives the same bytes."""


def write_cine(path: Path | str, cine: Cine, participant_id: str, description: str) -> None:
    """Write a cine of a simulated heart as a zip of DICOM images, atomically; equal cines give equal bytes.

    Arguments:
        path: the zip.
        cine: frames (T, S, H, W) of whole numbers from 0 to 4095; ``meta`` with ``affine`` and ``cycle_ms``.
        participant_id: becomes the ``PatientID``; every UID derives from it and from ``description``.
        description: what the series are called, such as ``CINE_segmented_SAX``.

    Every image says that it is simulated. Raises ``ValueError`` for other grey levels or without an affine.
    """
    frames = np.asarray(cine.frames)
    stored = frames.astype(np.uint16)
    if frames.min() < 0 or frames.max() > 4095 or (stored != frames).any():
        raise ValueError(f"{path}: grey levels have to be whole numbers from 0 to 4095")
    if cine.meta.get("affine") is None:
        raise ValueError(f"{path}: a cine without an affine has no place in a patient")
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for place in range(frames.shape[1]):
            image = _slice(cine, place, participant_id, description)
            for moment, picture in enumerate(stored[:, place]):
                _at(image, cine, moment, picture, participant_id, description)
                name = zipfile.ZipInfo(f"{image.SOPInstanceUID}.dcm", EPOCH)
                archive.writestr(name, _bytes(image), zipfile.ZIP_DEFLATED, compresslevel=1)


def _slice(cine: Cine, place: int, participant_id: str, description: str) -> Dataset:
    """What the images of one slice share."""
    affine, spacing = cine.meta["affine"], cine.spacing
    columns, rows = affine[:3, 2] / spacing[2], affine[:3, 1] / spacing[1]  # unit vectors
    position = affine[:3, 3] + affine[:3, 0] * place
    image = Dataset()
    image.ImageType = ["ORIGINAL", "PRIMARY", "M"]
    image.SOPClassUID = MRImageStorage
    image.Modality = "MR"
    image.Manufacturer, image.InstitutionName = "digital heart", SIMULATED
    image.PatientName, image.PatientID = SIMULATED, participant_id
    image.PatientComments = image.ImageComments = "SIMULATED by cardiacnets.digital_heart: nobody was scanned"
    image.StudyInstanceUID = _uid(participant_id, "study")
    image.SeriesInstanceUID = _uid(participant_id, description, place)
    image.FrameOfReferenceUID = _uid(participant_id, "frame of reference")
    image.SeriesNumber, image.SeriesDescription = place + 1, f"{description}_b{place + 1}"
    image.ImagePositionPatient = _decimals(position)
    image.ImageOrientationPatient = _decimals([*columns, *rows])
    image.PixelSpacing = _decimals(spacing[1:])
    image.SliceThickness = _decimals([min(8.0, spacing[0])])[0]
    image.SpacingBetweenSlices = _decimals(spacing[:1])[0]
    image.NominalInterval = _beat_ms(cine)
    image.CardiacNumberOfImages = len(cine.frames)
    image.Rows, image.Columns = cine.frames.shape[2:]
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 16, 12, 11, 0
    image.file_meta = FileMetaDataset()
    image.file_meta.MediaStorageSOPClassUID = MRImageStorage
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return image


def _at(
    image: Dataset, cine: Cine, moment: int, picture: np.ndarray, participant_id: str, description: str
) -> None:
    """Make ``image`` the one of this moment."""
    uid = _uid(participant_id, description, image.SeriesNumber, moment)
    image.SOPInstanceUID = image.file_meta.MediaStorageSOPInstanceUID = uid
    image.InstanceNumber = moment + 1
    phase = float(cine.times[moment]) / cine.meta["cycle_ms"]
    image.TriggerTime = _decimals([phase * _beat_ms(cine)])[0]
    image.PixelData = picture.astype("<u2").tobytes()


def _beat_ms(cine: Cine) -> int:
    return round(cine.meta["cycle_ms"])


def _bytes(image: Dataset) -> bytes:
    stream = io.BytesIO()
    image.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def _uid(*parts: object) -> str:
    return generate_uid(ROOT, [str(part) for part in parts])


def _decimals(values: np.ndarray | list[float]) -> list[str]:
    """Decimal strings of at most 16 characters, to a millionth."""
    return [f"{round(float(value), 6) + 0.0:.6f}" for value in values]
