"""Grey values of one MR image from its stored bits."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import RLELossless


def grey_values(image: Dataset) -> np.ndarray:
    """Stored values through the modality's rescale (PS3.3 C.11.1); float32 (H, W).

    Raises ``ValueError`` for a rescale that is none, and for bits that are not where the header says;
    otherwise whatever pydicom and its decoders raise.
    """
    slope, intercept = (float(image.get(tag, usual) if image.get(tag) not in (None, "") else usual)
                        for tag, usual in (("RescaleSlope", 1), ("RescaleIntercept", 0)))  # fmt: skip
    if not (np.isfinite([slope, intercept]).all() and slope):
        raise ValueError(f"RescaleSlope {slope:g}, RescaleIntercept {intercept:g}; export it again")
    return (_stored(image) * slope + intercept).astype(np.float32)


def _stored(image: Dataset) -> np.ndarray:
    """The bits from HighBit down, as many as BitsStored, and no others (PS3.5 8.1.1).

    The rest of a cell held overlays in earlier editions (PS3.5 8.1.2); today HighBit is BitsStored - 1. Of
    values that were compressed by JPEG and its kin, a decoder has done this.
    """
    cell, bits = int(image.BitsAllocated), int(image.BitsStored)
    high = int(image.get("HighBit", bits - 1))
    if not 0 < bits <= high + 1 <= cell:
        raise ValueError(f"BitsAllocated {cell}, BitsStored {bits}, HighBit {high}: no such cell of a pixel")
    image.pixel_array_options(correct_unused_bits=False)  # pydicom's own takes HighBit for BitsStored - 1
    signed, values, below = image.PixelRepresentation == 1, image.pixel_array, high + 1 - bits
    if values.dtype.itemsize * 8 != cell:
        raise ValueError(f"BitsAllocated {cell}, decoded as {values.dtype}; export it uncompressed")
    syntax = image.file_meta.TransferSyntaxUID
    if syntax.is_compressed and syntax != RLELossless:
        below = 0
    raw = values.view(f"u{cell // 8}")
    if below and raw.max() < 2**bits and (raw & (2**below - 1)).any():
        raise ValueError(
            f"HighBit {high} with BitsStored {bits}: bits {below} to {high} should hold the values, but "
            f"those above bit {bits - 1} are empty and those below bit {below} are not; export it again "
            f"with HighBit {bits - 1}"
        )
    above = cell - bits - below
    return (values << above) >> (above + below) if signed else (raw >> below) & (2**bits - 1)
