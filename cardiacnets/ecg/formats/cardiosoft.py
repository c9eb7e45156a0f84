"""GE CardioSoft ``CardiologyXML``, the format of UK Biobank field 20205: twelve leads in ``StripData``."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import numpy as np

from cardiacnets.ecg.formats.recording import Recording, canonical_lead
from cardiacnets.ecg.formats.xml_document import measured, number, required_number

ROOT = "CardiologyXML"
_MEASUREMENTS = {
    "heart_rate": "VentricularRate", "p_ms": "PDuration", "pr_ms": "PQInterval", "qrs_ms": "QRSDuration",
    "qt_ms": "QTInterval", "axis_deg": "RAxis",
}


def read(root: Element) -> Recording:
    """The ten-second strip of a parsed document, not its median beat; ``ValueError`` on any fault."""
    strip = root.find("StripData")
    if strip is None:
        raise ValueError("holds no <StripData>: export the ten-second strip, not the median beat alone")
    resolution = strip.find("Resolution")
    if resolution is None or resolution.get("units", "").lower() != "uvperlsb":
        raise ValueError('holds no <Resolution units="uVperLsb"> in its <StripData>')
    millivolts = required_number(strip, "Resolution") * 1e-3
    channels = {}
    for waveform in strip.iter("WaveformData"):
        lead = canonical_lead(waveform.get("lead", ""))
        if lead is not None:
            channels[lead] = _samples(waveform.text or "", lead) * millivolts
    meta = {
        "format": "GE CardioSoft XML", "age": number(root, "PatientInfo/Age"),
        "sex": (root.findtext(".//PatientInfo/Gender") or "").lower() or None,
        "measurements": measured(root, _MEASUREMENTS),
    }
    return Recording(channels, required_number(strip, "SampleRate"), meta)


def _samples(text: str, lead: str) -> np.ndarray:
    try:
        return np.array(text.strip().rstrip(",").split(","), dtype=np.float64)
    except ValueError:
        raise ValueError(f"lead {lead} holds something other than numbers between commas") from None
