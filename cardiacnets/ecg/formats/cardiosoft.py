"""GE CardioSoft ``CardiologyXML``, the format of UK Biobank field 20205: twelve leads in ``StripData``."""

from __future__ import annotations

from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, tostring

import numpy as np

from cardiacnets.contracts import ECG_RATE, LEADS
from cardiacnets.ecg.formats.lead_names import add_channel, canonical_lead
from cardiacnets.ecg.formats.person import age_in_years, sex_in_words
from cardiacnets.ecg.formats.recording import Recording, positive
from cardiacnets.ecg.formats.xml_document import measured, number, only_text

ROOT = "CardiologyXML"
STEP_UV = 5
"""Microvolts of one step, in the devices' own files."""
_MEASUREMENTS = {
    "heart_rate": "VentricularRate",
    "p_ms": "PDuration",
    "pr_ms": "PQInterval",
    "qrs_ms": "QRSDuration",
    "qt_ms": "QTInterval",
    "axis_deg": "RAxis",
}


def read(root: Element) -> Recording:
    """The ten-second strip of a parsed document, not its median beat; ``ValueError`` on any fault."""
    strip = root.find("StripData")
    if strip is None:
        raise ValueError("holds no <StripData>: export the ten-second strip, not the median beat alone")
    resolution = strip.find("Resolution")
    if resolution is None or resolution.get("units", "").lower() != "uvperlsb":
        raise ValueError('holds no <Resolution units="uVperLsb"> in its <StripData>: the gain is not stated')
    millivolts = positive(only_text(strip, "Resolution"), "<Resolution> of <StripData>") * 1e-3
    rate_unit = (
        (strip.find("SampleRate").get("units") or "Hz") if strip.find("SampleRate") is not None else "Hz"
    )
    if rate_unit.lower() != "hz":
        raise ValueError(f"<SampleRate> is in {rate_unit[:40]!r}; only Hz is read")
    rate = positive(only_text(strip, "SampleRate"), "<SampleRate> of <StripData>")
    claimed, channels, names = number(strip, "ChannelSampleCountTotal"), {}, []
    for waveform in strip.iter("WaveformData"):
        names.append(waveform.get("lead", ""))
        lead = canonical_lead(names[-1])
        if lead is not None:
            samples = _samples(waveform.text or "", lead)
            if claimed is not None and samples.size != claimed:
                raise ValueError(
                    f"lead {lead} holds {samples.size} samples, <ChannelSampleCountTotal> says {claimed:g}: "
                    "the file is damaged; export it again"
                )
            add_channel(channels, lead, samples * millivolts)
    age = root.find(".//PatientInfo/Age")
    meta = {
        "format": "GE CardioSoft XML",
        "sex": sex_in_words(root.findtext(".//PatientInfo/Gender")),
        "age": None if age is None else age_in_years(age.text, age.get("units")),
        "measurements": measured(root, _MEASUREMENTS),
    }
    return Recording(channels, rate, meta, names)


def _samples(text: str, lead: str) -> np.ndarray:
    try:
        return np.array(text.strip().rstrip(",").split(","), dtype=np.float64)
    except ValueError:
        raise ValueError(f"lead {lead} holds something other than numbers between commas") from None


def document(
    signal: np.ndarray, participant_id: str, when: datetime, age: float, sex: str, heart_rate: float
) -> str:
    """The XML of a simulated ten-second ECG (12, T) mV at 500 Hz, digitised at 5 uV as CardioSoft does.

    ``sex`` is ``female`` or ``male``. :func:`read` gives the signal back to half a step (2.5 uV), or exactly
    where it lies on the 5-microvolt grid, as the digital heart's does. The document says that it is
    simulated.
    """
    digits = np.rint(np.asarray(signal, dtype=np.float64) * 1e3 / STEP_UV).astype(int)
    root = Element(ROOT)
    _add(root, "ObservationType", "RestECG")
    date = SubElement(root, "ObservationDateTime")
    for part in ("Hour", "Minute", "Second", "Day", "Month", "Year"):
        _add(date, part, getattr(when, part.lower()))
    clinical = SubElement(root, "ClinicalInfo")
    _add(clinical, "ObservationComment", "SIMULATED by cardiacnets.digital_heart: nobody was recorded")
    _add(SubElement(clinical, "DeviceInfo"), "Desc", "CardioSoft")
    patient = SubElement(root, "PatientInfo")
    _add(patient, "PID", participant_id)
    _add(SubElement(patient, "Name"), "FamilyName", "SIMULATED")
    _add(patient, "Age", int(age), units="YEARS")
    _add(patient, "Gender", sex.upper())
    _add(root, "SimulatedPatientData", "yes")
    _add(SubElement(root, "RestingECGMeasurements"), "VentricularRate", round(heart_rate), units="BPM")
    strip = SubElement(root, "StripData")
    _add(strip, "NumberOfLeads", len(LEADS))
    _add(strip, "SampleRate", ECG_RATE, units="Hz")
    _add(strip, "ChannelSampleCountTotal", digits.shape[1])
    _add(strip, "Resolution", STEP_UV, units="uVperLsb")
    for lead, row in zip(LEADS, digits.tolist(), strict=True):
        _add(strip, "WaveformData", ",".join(map(str, row)), lead=lead)
    # the real devices declare an encoding of this misspelt name; the content is plain ASCII
    return '<?xml version="1.0" encoding="ISO8859-1" ?>\n' + tostring(root, encoding="unicode") + "\n"


def _add(parent: Element, tag: str, content: object, **attributes: str) -> None:
    SubElement(parent, tag, attributes).text = str(content)
