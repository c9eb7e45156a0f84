"""GE MUSE ``RestingECG`` XML: I, II, V1-V6 in base64, from which the other four limb leads follow."""

from __future__ import annotations

import base64
import zlib
from xml.etree.ElementTree import Element

import numpy as np

from cardiacnets.ecg.formats.recording import Recording, canonical_lead, derive_limb_leads, millivolts_per
from cardiacnets.ecg.formats.xml_document import measured, number, required_number

ROOT = "RestingECG"
_MEASUREMENTS = {
    "heart_rate": "VentricularRate", "pr_ms": "PRInterval", "qrs_ms": "QRSDuration", "qt_ms": "QTInterval",
    "axis_deg": "RAxis",
}


def read(root: Element) -> Recording:
    """The ``Rhythm`` waveform of a parsed document, not its ``Median``; ``ValueError`` on any fault."""
    rhythms = [wave for wave in root.iter("Waveform") if wave.findtext("WaveformType") == "Rhythm"]
    if not rhythms:
        raise ValueError("holds no <Waveform> of type Rhythm: export the ten seconds, not the beat alone")
    rhythm = rhythms[0]
    rate = required_number(rhythm, "SampleBase") * 10.0 ** (number(rhythm, "SampleExponent") or 0)
    channels = {}
    for data in rhythm.iter("LeadData"):
        lead = canonical_lead(data.findtext("LeadID") or "")
        if lead is not None:
            channels[lead] = _samples(data, lead)
    times = [time.text or "" for time in root.iterfind("QRSTimesTypes/QRS/Time")]
    meta = {
        "format": "GE MUSE XML", "age": number(root, "PatientAge"),
        "sex": (root.findtext(".//Gender") or "").lower() or None,
        "measurements": measured(root, _MEASUREMENTS),
        "qrs_times_ms": [float(time) for time in times if time.isdigit()],
    }
    return Recording(derive_limb_leads(channels), rate, meta)


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
    unit = millivolts_per(data.findtext("LeadAmplitudeUnits") or "")
    return np.frombuffer(content, dtype="<i2") * required_number(data, "LeadAmplitudeUnitsPerBit") * unit
