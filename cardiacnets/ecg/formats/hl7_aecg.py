"""HL7 annotated ECG (``AnnotatedECG``): digits with origin and scale, in the series of code RHYTHM."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import numpy as np

from cardiacnets.ecg.formats.recording import Recording, canonical_lead, millivolts_per

ROOT = "{urn:hl7-org:v3}AnnotatedECG"
_NAMES = {"v3": "urn:hl7-org:v3"}
_LEAD_PREFIX = "MDC_ECG_LEAD_"


def read(root: Element) -> Recording:
    """The first rhythm series of a parsed document, not its derived beat; ``ValueError`` on any fault."""
    rhythms = [
        series for series in root.iterfind(".//v3:series", _NAMES)
        if (code := series.find("v3:code", _NAMES)) is not None and code.get("code") == "RHYTHM"
    ]
    if not rhythms:
        raise ValueError("holds no series of code RHYTHM; export the ten-second rhythm")
    sequences = rhythms[0].find("v3:component/v3:sequenceSet", _NAMES)
    if sequences is None:
        raise ValueError("rhythm series holds no sequenceSet")
    seconds, channels = None, {}
    for sequence in sequences.iterfind("v3:component/v3:sequence", _NAMES):
        code, value = sequence.find("v3:code", _NAMES), sequence.find("v3:value", _NAMES)
        name = code.get("code", "") if code is not None else ""
        if value is None:
            continue
        if name.startswith("TIME"):
            seconds = _quantity(value, "increment", {"s": 1.0, "ms": 1e-3, "us": 1e-6})
        elif (lead := canonical_lead(name.removeprefix(_LEAD_PREFIX))) is not None:
            channels[lead] = _samples(value, lead)
    if not seconds:
        raise ValueError("rhythm series states no time increment")
    return Recording(channels, 1 / seconds, {"format": "HL7 annotated ECG"})


def _samples(value: Element, lead: str) -> np.ndarray:
    try:
        digits = np.array((value.findtext("v3:digits", "", _NAMES)).split(), dtype=np.float64)
    except ValueError:
        raise ValueError(f"lead {lead} holds something other than numbers") from None
    return _quantity(value, "origin") + _quantity(value, "scale") * digits


def _quantity(value: Element, tag: str, units: dict[str, float] | None = None) -> float:
    """A number with its unit: millivolts, or as ``units`` says."""
    element = value.find(f"v3:{tag}", _NAMES)
    if element is None:
        raise ValueError(f"a sequence lacks its <{tag}>")
    unit, number = element.get("unit", ""), element.get("value", "")
    try:
        return float(number) * (units[unit] if units else millivolts_per(unit))
    except KeyError:
        raise ValueError(f"<{tag}> is in the unknown unit {unit!r}") from None
