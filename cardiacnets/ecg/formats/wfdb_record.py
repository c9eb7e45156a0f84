"""WFDB records (MIMIC-IV-ECG, PTB-XL, the Challenges): a header beside ``.dat`` or ``.mat`` signals."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import wfdb

from cardiacnets.contracts import ECG_RATE, LEADS
from cardiacnets.ecg.formats.recording import Recording, canonical_lead, millivolts_per

SIGNAL_SUFFIXES = (".dat", ".mat")
MAXIMUM_SKEW = 1000
"""Samples by which a lead may lag; real ones lag by a few, and the library allocates what a header claims."""

MIMIC_LEADS = ("I", "II", "III", "aVR", "aVF", "aVL", "V1", "V2", "V3", "V4", "V5", "V6")
"""The order in which MIMIC-IV-ECG stores its leads."""

MIMIC_GAIN = 200.0
"""Its units a millivolt."""


def header_path(path: Path) -> Path:
    """The ``.hea`` of a record named by its header, by one of its signal files or by neither."""
    if path.suffix.lower() in (".hea", *SIGNAL_SUFFIXES):
        return path.with_suffix(".hea")
    return path.with_name(path.name + ".hea")


def read(header: Path) -> Recording:
    """The record of a ``.hea`` file, with its signals' checksums verified; ``ValueError`` on any fault."""
    name = str(header.with_suffix(""))
    _check_header(header)
    try:
        record = wfdb.rdrecord(name, physical=False)
        checksums = record.calc_checksum()
        signal = record.dac()
    # wfdb parses what strangers wrote and fails in any way it likes: IndexError, KeyError, TypeError,
    # OverflowError ...
    except Exception as error:
        raise ValueError(f"cannot be read as a WFDB record ({type(error).__name__}: {error})") from None
    channels = {}
    for index, (title, unit) in enumerate(zip(record.sig_name, record.units, strict=True)):
        lead = canonical_lead(title or "")
        if lead is None or lead in channels:
            continue
        if (expected := record.checksum[index]) is not None and (checksums[index] - expected) % 65536:
            raise ValueError(f"lead {lead} does not match the header's checksum: the record is damaged")
        channels[lead] = signal[:, index] * millivolts_per(unit)
    return Recording(channels, float(record.fs), {"format": "WFDB", **_comments(record.comments or [])})


def _check_header(header: Path) -> None:
    """Refuse headers that make the library allocate or open the wrong thing."""
    try:
        fields = wfdb.rdheader(str(header.with_suffix("")))
    except Exception as error:
        raise ValueError(f"header cannot be read ({type(error).__name__}: {error})") from None
    if isinstance(fields, wfdb.MultiRecord):
        raise ValueError("is a multi-segment record; give one of its segments")
    if not fields.n_sig or not fields.file_name:
        raise ValueError("header names no signals; twelve leads are needed")
    files = {header.with_name(name) for name in fields.file_name}
    missing = sorted(file.name for file in files if not file.is_file())
    if missing:
        raise ValueError(f"header names {', '.join(missing)}, which is not beside it; copy the whole record")
    bytes_there = sum(file.stat().st_size for file in files)
    samples, skews = (fields.sig_len or 0) * fields.n_sig, [skew or 0 for skew in fields.skew or []]
    if max(skews, default=0) > MAXIMUM_SKEW:
        raise ValueError(f"header shifts a lead by {max(skews)} samples, more than {MAXIMUM_SKEW}; mend it")
    # the densest WFDB format takes more than half a byte a sample
    if samples > bytes_there * 2:
        raise ValueError("signals are truncated: fewer bytes than the header's samples; copy it again")


def _comments(comments: list[str]) -> dict[str, object]:
    pairs = dict(re.split(r":\s*", line, maxsplit=1) for line in comments if ":" in line)
    pairs = {key.strip().lower(): value.strip() for key, value in pairs.items()}
    age = pairs.get("age", "")
    codes = tuple(code for code in pairs.get("dx", "").split(",") if code.strip().isdigit())
    return {
        "age": float(age) if re.fullmatch(r"\d+(\.\d+)?", age) else None,
        "sex": pairs.get("sex", "").lower() or None, "snomed_codes": codes,
    }


def write_as_mimic(record: Path, signal: np.ndarray, comments: list[str]) -> None:
    """Write a ten-second ECG (12, T) mV at 500 Hz as ``record.hea`` and ``record.dat``, as MIMIC-IV-ECG does:
    sixteen bits at 200 units a millivolt, aVF before aVL.

    :func:`read` gives the signal back to half a step (2.5 uV), or exactly where it lies on the 5-microvolt
    grid, as the digital heart's does. The two files appear one after the other: write into a folder that is
    renamed when whole.
    """
    rows = [LEADS.index(lead) for lead in MIMIC_LEADS]
    digits = np.rint(np.asarray(signal, dtype=np.float64)[rows] * MIMIC_GAIN)
    limit = np.iinfo(np.int16).max
    record.parent.mkdir(parents=True, exist_ok=True)
    wfdb.wrsamp(
        record.name, ECG_RATE, ["mV"] * len(rows), list(MIMIC_LEADS),
        d_signal=np.clip(digits, -limit, limit).astype(np.int16).T, fmt=["16"] * len(rows),
        adc_gain=[MIMIC_GAIN] * len(rows), baseline=[0] * len(rows), comments=comments,
        write_dir=str(record.parent),
    )  # fmt: skip
