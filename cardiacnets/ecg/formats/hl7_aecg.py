"""HL7 annotated ECG (``AnnotatedECG``): digits with origin and scale, in the series of code RHYTHM."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import numpy as np

from cardiacnets.ecg.formats.lead_names import add_channel, canonical_lead, coded_lead
from cardiacnets.ecg.formats.person import age_between, age_in_years, sex_in_words
from cardiacnets.ecg.formats.recording import Recording, finite, millivolts_per, positive

ROOT = "{urn:hl7-org:v3}AnnotatedECG"
_NAMES = {"v3": "urn:hl7-org:v3"}
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6}
_REPORTED_AGE = "21612-7"
"""LOINC's code of a reported age."""


def read(root: Element) -> Recording:
    """The first rhythm series of a parsed document, not its derived beat; ``ValueError`` on any fault."""
    rhythms = [
        series
        for series in root.iterfind(".//v3:series", _NAMES)
        if (code := series.find("v3:code", _NAMES)) is not None and code.get("code") == "RHYTHM"
    ]
    if not rhythms:
        raise ValueError("holds no series of code RHYTHM; export the ten-second rhythm")
    sequences = rhythms[0].find("v3:component/v3:sequenceSet", _NAMES)
    if sequences is None:
        raise ValueError("rhythm series holds no sequenceSet")
    increments, channels, names = set(), {}, []
    for sequence in sequences.iterfind("v3:component/v3:sequence", _NAMES):
        code, value = sequence.find("v3:code", _NAMES), sequence.find("v3:value", _NAMES)
        name = code.get("code", "") if code is not None else ""
        if value is None:
            continue
        if name.startswith("TIME"):
            increments.add(_increment(value))
        else:
            names.append(name)
            if lead := canonical_lead(name) or coded_lead(name, "MDC"):
                add_channel(channels, lead, _samples(value, lead))
    if len(increments) != 1:
        found = "states no" if not increments else "states several contradicting"
        raise ValueError(f"rhythm series {found} time increments: the sampling rate is unknown")
    meta = {"format": "HL7 annotated ECG", "age": _age(root), "sex": _sex(root)}
    return Recording(channels, 1 / increments.pop(), meta, names)


def _samples(value: Element, lead: str) -> np.ndarray:
    try:
        digits = np.array((value.findtext("v3:digits", "", _NAMES)).split(), dtype=np.float64)
    except ValueError:
        raise ValueError(f"lead {lead} holds something other than numbers") from None
    scale, scale_unit = _quantity(value, "scale", f"lead {lead}")
    origin, origin_unit = _quantity(value, "origin", f"lead {lead}")
    scale = positive(scale, f"lead {lead}: <scale> (gain)") * millivolts_per(
        scale_unit, f"lead {lead}: <scale>"
    )
    offset = finite(origin, f"lead {lead}: <origin>") * millivolts_per(origin_unit, f"lead {lead}: <origin>")
    return offset + scale * digits


def _increment(value: Element) -> float:
    """Seconds between two samples."""
    number, unit = _quantity(value, "increment", "time sequence")
    if unit not in _SECONDS:
        raise ValueError(f"<increment> is in the unknown unit {unit[:40]!r}; s, ms and us are read")
    return positive(number, "time <increment>") * _SECONDS[unit]


def _quantity(value: Element, tag: str, where: str) -> tuple[str, str]:
    """The number and the unit of a ``tag``, as they are written."""
    element = value.find(f"v3:{tag}", _NAMES)
    if element is None:
        raise ValueError(f"{where} lacks its <{tag}>; export it again")
    return element.get("value", ""), element.get("unit", "")


def _age(root: Element) -> float | None:
    """From the times of birth and recording; where these are absent, as reported."""
    birth = root.find(".//v3:subjectDemographicPerson/v3:birthTime", _NAMES)
    when = root.find("v3:effectiveTime/*", _NAMES)
    if birth is not None and when is not None:
        age = age_between(birth.get("value", ""), when.get("value", ""))
        if age is not None:
            return age
    for observation in root.iterfind(".//v3:relatedObservation", _NAMES):
        code, value = observation.find("v3:code", _NAMES), observation.find("v3:value", _NAMES)
        if code is not None and value is not None and code.get("code") == _REPORTED_AGE:
            return age_in_years(value.get("value"), value.get("unit"))
    return None


def _sex(root: Element) -> str | None:
    code = root.find(".//v3:subjectDemographicPerson/v3:administrativeGenderCode", _NAMES)
    return sex_in_words(code.get("code")) if code is not None else None
