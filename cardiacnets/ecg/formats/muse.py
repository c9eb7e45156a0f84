"""GE MUSE ``RestingECG`` XML: I, II, V1-V6 in base64, from which the other four limb leads follow."""

from __future__ import annotations

import base64
import zlib
from xml.etree.ElementTree import Element

import numpy as np

from cardiacnets.ecg.formats.lead_names import add_channel, canonical_lead
from cardiacnets.ecg.formats.person import age_in_years, sex_in_words
from cardiacnets.ecg.formats.recording import Recording, millivolts_per, positive
from cardiacnets.ecg.formats.xml_document import measured, number, only_text, required_number
from cardiacnets.ecg.limb_leads import derive_limb_leads

ROOT = "RestingECG"
_MEASUREMENTS = {
    "heart_rate": "VentricularRate",
    "pr_ms": "PRInterval",
    "qrs_ms": "QRSDuration",
    "qt_ms": "QTInterval",
    "axis_deg": "RAxis",
}


def read(root: Element) -> Recording:
    """The ``Rhythm`` waveform of a parsed document, not its ``Median``; ``ValueError`` on any fault."""
    rhythms = [wave for wave in root.iter("Waveform") if wave.findtext("WaveformType") == "Rhythm"]
    if not rhythms:
        raise ValueError("holds no <Waveform> of type Rhythm: export the ten seconds, not the beat alone")
    rhythm = rhythms[0]
    exponent = only_text(rhythm, "SampleExponent")
    rate = positive(only_text(rhythm, "SampleBase"), "<SampleBase> of the rhythm") * _power_of_ten(exponent)
    channels, names = {}, []
    for data in rhythm.iter("LeadData"):
        names.append(data.findtext("LeadID") or "")
        lead = canonical_lead(names[-1])
        if lead is not None:
            add_channel(channels, lead, _samples(data, lead))
    times = [time.text or "" for time in root.iterfind("QRSTimesTypes/QRS/Time")]
    meta = {
        "format": "GE MUSE XML",
        "sex": sex_in_words(root.findtext(".//Gender")),
        "age": age_in_years(root.findtext(".//PatientAge"), root.findtext(".//AgeUnits")),
        "measurements": measured(root, _MEASUREMENTS),
        "qrs_times_ms": [float(time) for time in times if time.isdigit()],
        "warnings": () if exponent else ("no <SampleExponent>: <SampleBase> taken as Hz",),
    }
    return Recording(derive_limb_leads(channels), rate, meta, names)


def _power_of_ten(exponent: str | None) -> float:
    """The factor of a ``<SampleExponent>``: 1 where there is none."""
    try:
        return 10.0 ** int(exponent or "0")
    except (ValueError, OverflowError):
        raise ValueError(f"<SampleExponent> is {(exponent or '')[:40]!r}, no whole number; mend it") from None


def _samples(data: Element, lead: str) -> np.ndarray:
    try:
        content = base64.b64decode("".join((data.findtext("WaveFormData") or "").split()), validate=True)
    except ValueError:
        raise ValueError(f"lead {lead} is not valid base64") from None
    if len(content) % 2 or len(content) != required_number(data, "LeadByteCountTotal"):
        raise ValueError(f"lead {lead} holds {len(content)} bytes, its <LeadByteCountTotal> says otherwise")
    checksum = number(data, "LeadDataCRC32")
    if checksum is not None and zlib.crc32(content) != checksum:
        raise ValueError(f"lead {lead} does not match its checksum <LeadDataCRC32>: the file is damaged")
    _check_layout(data, lead, len(content) // 2)
    unit = millivolts_per(data.findtext("LeadAmplitudeUnits") or "", f"lead {lead}: <LeadAmplitudeUnits>")
    gain = positive(
        data.findtext("LeadAmplitudeUnitsPerBit"), f"lead {lead}: <LeadAmplitudeUnitsPerBit> (gain)"
    )
    return np.frombuffer(content, dtype="<i2") * gain * unit


def _check_layout(data: Element, lead: str, samples: int) -> None:
    """Refuse what would make the bytes mean something else than little-endian numbers from zero on."""
    layout = {"LeadSampleSize": 2, "LeadSampleCountTotal": samples, "FirstSampleBaseline": 0,
              "LeadOffsetFirstSample": 0}  # fmt: skip
    for tag, expected in layout.items():
        if (found := number(data, tag)) is not None and found != expected:
            raise ValueError(f"lead {lead}: <{tag}> is {found:g}, only {expected} is read; export it again")
