"""Any stored 12-lead ECG, brought to one contract: float32 ``(12, T)`` mV in the order of ``LEADS``."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.data import get_testdata_file

from cardiacnets.contracts import ECG_RATE, ECG_SAMPLES, ECG_SECONDS, LEADS
from cardiacnets.ecg.formats import cardiosoft, code15, dicom_waveform, hl7_aecg, muse, wfdb_record
from cardiacnets.ecg.formats.lead_names import listed
from cardiacnets.ecg.formats.recording import Recording
from cardiacnets.ecg.formats.xml_document import parse_xml
from cardiacnets.ecg.limb_leads import limb_contradiction
from cardiacnets.ecg.resampling import resample
from cardiacnets.ecg.scale import LARGEST_MILLIVOLTS, describe_scale, lead_spans

RATES = (90.0, 4000.0)
"""Plausible sampling rates of a diagnostic ECG, Hz."""
FLAT_MILLIVOLTS = 0.01
"""A lead whose whole range is below this, ten times less than the smallest QRS, records nothing."""
_XML_READERS = {cardiosoft.ROOT: cardiosoft.read, muse.ROOT: muse.read, hl7_aecg.ROOT: hl7_aecg.read}
_KNOWN = "WFDB (.hea with .dat or .mat), GE CardioSoft, GE MUSE and HL7 XML, DICOM waveforms"


@dataclass(frozen=True, eq=False)
class Ecg:
    """A 12-lead ECG as recorded.

    ``signal`` float32 (12, T) in mV, ``rate`` in Hz, ``leads`` the order of its rows, ``meta`` what the file
    tells beside it: ``format``, ``file``, ``scale`` (what the numbers look like, in one line), where known
    ``age`` (years), ``sex`` (``female`` or ``male``) and the device's ``measurements``, and ``warnings``
    (what was taken for granted). Names and identifiers of persons are never taken over.
    """

    signal: np.ndarray
    rate: float
    leads: tuple[str, ...]
    meta: dict[str, Any]

    def standard(self) -> np.ndarray:
        """The first ten seconds at 500 Hz, float32 (12, 5000) mV; see :func:`resample`."""
        # half a second more than is kept, so that the filter's edge lies outside the ten seconds of a longer
        # record
        needed = int(np.ceil((ECG_SECONDS + 0.5) * self.rate))
        standard = resample(self.signal[:, :needed], self.rate, ECG_RATE)[:, :ECG_SAMPLES]
        # a rate that is no simple fraction of 500 may round the length down by a sample
        return np.pad(standard, ((0, 0), (0, ECG_SAMPLES - standard.shape[1])), mode="edge")


def read_ecg(path: str | Path) -> Ecg:
    """Read a 12-lead ECG of at least ten seconds; the format is recognised by content, not by name.

    ``path`` is a WFDB record (with or without ``.hea``), a GE CardioSoft, GE MUSE or HL7 annotated-ECG XML,
    or a DICOM waveform; a whole number is taken for its digits, which papermill turns into numbers. Raises
    ``FileNotFoundError`` if there is no such file, and ``ValueError`` naming file, fault and way out for
    every other fault: unknown or damaged format, a gain, unit or rate that is absent or impossible, numbers
    whose scale contradicts their unit, a lead that is absent, there twice, flat or holds NaN, limb leads with
    exchanged names or gains, an absurd rate, under ten seconds.
    """
    path = _as_path(path)
    header = wfdb_record.header_path(path)
    try:
        if not path.is_file() and not header.is_file():
            if path.is_dir():
                raise ValueError("is a folder; give one ECG file")
            raise FileNotFoundError(f"{path}: no such ECG file, nor a WFDB header {header.name} beside it")
        return _checked(_read(path), path)
    except FileNotFoundError:
        raise
    except OSError as error:  # no permission, a name that is too long
        raise ValueError(f"{path}: cannot be opened ({error.strerror or error})") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _as_path(path: object) -> Path:
    if isinstance(path, Integral) and not isinstance(path, bool):
        path = str(path)
    if not isinstance(path, str | PathLike) or isinstance(given := fspath(path), bytes):
        raise ValueError(
            f"{path!r:.60} is no path of an ECG file: give text or a Path, not {type(path).__name__}"
        )
    if not given.strip() or "\0" in given:
        raise ValueError(f"{given!r:.60} is no path of an ECG file")
    return Path(given)


def example_ecg_path() -> Path:
    """The real 12-lead ECG that ships with pydicom: 10 s at 1 kHz."""
    path = get_testdata_file("waveform_ecg.dcm", download=False)
    if path is None:
        raise ValueError("pydicom came without its example waveform_ecg.dcm; give the path of an ECG file")
    return Path(path)


def _read(path: Path) -> Recording:
    header = wfdb_record.header_path(path)
    signals = path.suffix.lower() in wfdb_record.SIGNAL_SUFFIXES
    # bare samples carry no mark of their own: they are what the header beside them says, however they begin
    if not path.is_file() or (signals and header.is_file()):
        return wfdb_record.read(header)
    with path.open("rb") as file:
        head = file.read(1024)
    if not head:
        raise ValueError("is empty")
    if dicom_waveform.is_dicom(head):
        return dicom_waveform.read(path)
    marked = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<")
    if path == header and not marked:
        return wfdb_record.read(header)
    if marked:
        root = parse_xml(path)
        reader = _XML_READERS.get(root.tag)
        if reader is None:
            raise ValueError(f"XML with root <{root.tag}> is no ECG format that is read here ({_KNOWN})")
        return reader(root)
    if signals:
        if code15.is_code15(path):
            raise ValueError(
                "is a CODE-15 trace: recorded over 7 to 10 s, some padded, in no stated unit, so it may be "
                "shorter than the ten seconds that are needed; use ten seconds in a format with units"
            )
        raise ValueError(f"its header {header.name} is missing; copy the whole WFDB record")
    raise ValueError(f"is in no ECG format that is read here ({_KNOWN})")


def _checked(recording: Recording, path: Path) -> Ecg:
    channels, rate = recording.channels, recording.rate
    absent = [lead for lead in LEADS if lead not in channels]
    if absent:
        raise ValueError(
            f"{12 - len(absent)} of 12 leads found, {', '.join(absent)} absent; a 12-lead ECG is needed "
            f"(the file names {listed(recording.names) or 'no channel'})"
        )
    if not RATES[0] <= rate <= RATES[1]:
        low, high = RATES
        raise ValueError(f"sampling rate of {rate:g} Hz is no ECG's ({low:g} to {high:g} Hz); mend it")
    shortest, longest = (limit(channels[lead].size for lead in LEADS) for limit in (min, max))
    if shortest != longest:
        raise ValueError(f"leads differ in length ({shortest} to {longest} samples); copy or export it again")
    if shortest < ECG_SECONDS * rate:
        raise ValueError(
            f"lasts {shortest / rate:.2f} s, shorter than the ten seconds that are needed; export ten seconds"
        )
    with np.errstate(over="ignore"):  # what overflows becomes infinite and is refused below
        signal = np.stack([channels[lead] for lead in LEADS]).astype(np.float32)  # (12, T)
    if broken := _named(~np.isfinite(signal).all(axis=1)):
        raise ValueError(f"lead {broken} holds NaN or missing samples; export the recording without gaps")
    scale = describe_scale(signal)
    if scale.contradiction:
        raise ValueError(scale.contradiction)
    if flat := _named(np.ptp(signal, axis=1) < FLAT_MILLIVOLTS):
        raise ValueError(
            f"lead {flat} is flat (electrode off, or a wrong gain?); a recording with all 12 leads is needed"
        )
    if large := _named(lead_spans(signal) > LARGEST_MILLIVOLTS):
        raise ValueError(
            f"lead {large} spans more than {LARGEST_MILLIVOLTS:g} mV, the median lead "
            f"{np.median(lead_spans(signal)):.2g}: its gain or unit is not that of the others; mend it"
        )
    if contradiction := limb_contradiction(signal):
        raise ValueError(f"{contradiction}; mend names, signs and gains of the limb leads")
    return Ecg(signal, rate, LEADS, {"file": path.name, "scale": scale.line, **recording.meta})


def _named(mask: np.ndarray) -> str:
    return ", ".join(lead for lead, chosen in zip(LEADS, mask, strict=True) if chosen)
