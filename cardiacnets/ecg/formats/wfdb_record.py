"""WFDB records (MIMIC-IV-ECG, PTB-XL, the Challenges): a header beside ``.dat`` or ``.mat`` signals."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import wfdb

from cardiacnets.contracts import ECG_RATE, LEADS
from cardiacnets.ecg.formats.lead_names import add_channel, canonical_lead
from cardiacnets.ecg.formats.person import age_from_text, sex_in_words
from cardiacnets.ecg.formats.recording import Recording, finite, millivolts_per, positive

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
    """The record of a ``.hea`` file, with its signals' checksums verified; ``ValueError`` on any fault.

    Gains, baselines and units are read from the header as WFDB's header(5) defines them, not as the library
    completes them: a gain of 0 or none means that the signal is uncalibrated and is refused, as is a missing
    sampling frequency, for which 250 Hz would be assumed. A gain without a unit is in units per millivolt, a
    missing baseline is the ADC zero, a missing ADC zero is 0, as header(5) says.
    """
    count = _check_header(header)
    rate, lines = _stated(header, count)
    try:
        record = wfdb.rdrecord(str(header.with_suffix("")), physical=False, smooth_frames=False)
        record.adc_gain, record.baseline = [1.0] * count, [0] * count
        checksums, digits = record.calc_checksum(expanded=True), record.dac(expanded=True)
        titles, expected, frames = record.sig_name, record.checksum, record.samps_per_frame
    # wfdb parses what strangers wrote and fails in any way it likes: IndexError, KeyError, TypeError,
    # OverflowError ...
    except Exception as error:
        raise ValueError(f"cannot be read as a WFDB record ({type(error).__name__}: {error})") from None
    # a description, the ninth field, in its own characters: the library reads ASCII
    names = [" ".join(line[8:]) or title or "" for line, title in zip(lines, titles, strict=True)]
    channels, taken = {}, set()
    for index, name in enumerate(names):
        lead = canonical_lead(name)
        if lead is None:
            continue
        where = f"lead {lead.removeprefix('-')}"
        if expected[index] is not None and (checksums[index] - expected[index]) % 65536:
            raise ValueError(f"{where} does not match the header's checksum: the record is damaged")
        gain, baseline, unit = _calibration(lines[index], where)
        add_channel(channels, lead, (digits[index] - baseline) / gain * millivolts_per(unit, where))
        taken.add(frames[index])
    if len(taken) > 1:
        raise ValueError(f"leads have {sorted(taken)} samples a frame, so different rates; resample them")
    meta = {"format": "WFDB", **_comments(record.comments or [])}
    # frames come at the record's rate, each with so many samples of a signal
    return Recording(channels, rate * (taken.pop() if taken else 1), meta, names)


def _stated(header: Path, count: int) -> tuple[float, list[list[str]]]:
    """Sampling frequency, Hz, and the fields of each signal's line, from the text of a header.

    The library reads headers as ASCII and leaves out what is not, so that microvolts with a Greek letter
    would become volts.
    """
    content = header.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    lines = [line.split() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not lines or len(lines[0]) < 3:
        raise ValueError("header states no sampling frequency; write it behind the number of signals")
    if len(lines) <= count:
        raise ValueError(f"header has {len(lines) - 1} signal lines for {count} signals; copy it again")
    rate = positive(re.split(r"[/(]", lines[0][2])[0], "sampling frequency of the header")
    return rate, lines[1 : count + 1]


def _calibration(fields: list[str], where: str) -> tuple[float, float, str]:
    """Gain, baseline and unit from ``file format gain(baseline)/unit resolution zero ...`` of header(5)."""
    stated = fields[2] if len(fields) > 2 else ""
    match = re.fullmatch(r"([^(/]*)(?:\(([^)]*)\))?(?:/(.*))?", stated)
    gain, baseline, unit = match.groups() if match else (stated, None, None)
    if not gain or re.fullmatch(r"[-+]?0*\.?0*(e.*)?", gain, re.IGNORECASE):
        raise ValueError(
            f"{where} is uncalibrated (gain {gain or 'absent'} in the header), so that its digits are no "
            "voltage; write its units per millivolt there"
        )
    if baseline is None:
        baseline = fields[4] if len(fields) > 4 else "0"
    return (
        positive(gain, f"{where}: gain in the header"),
        finite(baseline, f"{where}: baseline in the header"),
        "mV" if unit is None else unit,
    )


def _check_header(header: Path) -> int:
    """The number of signals; headers are refused that make the library allocate or open the wrong thing."""
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
    return fields.n_sig


def _comments(comments: list[str]) -> dict[str, object]:
    pairs = dict(re.split(r":\s*", line, maxsplit=1) for line in comments if ":" in line)
    pairs = {key.strip().lower(): value.strip() for key, value in pairs.items()}
    codes = tuple(code for code in pairs.get("dx", "").split(",") if code.strip().isdigit())
    return {
        "age": age_from_text(pairs.get("age", ""), "years"),
        "sex": sex_in_words(pairs.get("sex")),
        "snomed_codes": codes,
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
