"""How the files name the twelve leads, brought to the contract's spelling.

Names come in any case, behind prefixes (``Lead II``, ``MDC_ECG_LEAD_II``, ``Ableitung II``) and before what
the standards add (``aVR, augmented voltage, right``, ``Lead I (Einthoven)``). A name that says more than that
(``V4 R`` is a lead of the right chest) is none of the twelve. Cabrera's order holds aVR upside down: it is
named with a minus here and turned over by :func:`add_channel`.
"""

from __future__ import annotations

import re

import numpy as np

from cardiacnets.contracts import LEADS

_CANONICAL = {lead.lower(): lead for lead in LEADS} | {
    # Romance languages: derivation, dérivation, derivación, derivazione
    "d1": "I", "d2": "II", "d3": "III", "di": "I", "dii": "II", "diii": "III",
}  # fmt: skip
_PREFIXES = {
    "mdc",
    "ecg",
    "ekg",
    "lead",
    "ableitung",
    "derivation",
    "dérivation",
    "derivación",
    "derivazione",
}
_ADDED = {"", "einthoven", "goldberger", "wilson", "augmented voltage right", "augmented voltage left",
          "augmented voltage foot"}  # fmt: skip
_INVERTED = {"neg", "negative", "inverted", "minus"}
_MINUS = str.maketrans(dict.fromkeys("\N{MINUS SIGN}\N{EN DASH}\N{HYPHEN}\N{NON-BREAKING HYPHEN}", "-"))
_CODES = dict(enumerate(("I", "II", "V1", "V2", "V3", "V4", "V5", "V6"), start=1)) | {
    61: "III", 62: "aVR", 63: "aVL", 64: "aVF", 65: "-aVR",
}  # fmt: skip
"""Numbers of the leads, the same in SCP-ECG (EN 1064, table of lead identifiers) and in ISO/IEEE 11073-10101.
"""
_MDC_PARTITION = 2 << 16
"""Context-free codes of ISO/IEEE 11073 put the partition, 2 for ECG leads, above sixteen bits."""
SHOWN = 20


def canonical_lead(name: str) -> str | None:
    """The contract's spelling of a lead's name, ``-`` before it where inverted; ``None`` for any other."""
    name = name.translate(_MINUS).strip().lower()
    inverted = name.startswith("-") or name.endswith("-")
    words = re.sub(r"[_\s,()]+", " ", name.strip("-")).split()
    while words and words[0] in _PREFIXES | _INVERTED:
        inverted |= words.pop(0) in _INVERTED
    if not words:
        return None
    first, *rest = words
    if first.startswith("-"):  # "Lead -aVR"
        inverted, first = True, first[1:]
    if first == "v" and rest and rest[0].isdigit():  # "V 1"
        first += rest.pop(0)
    if first.endswith("neg"):  # ISO/IEEE 11073 writes MDC_ECG_LEAD_AVRneg
        inverted, first = True, first.removesuffix("neg")
    if rest and rest[-1] in _INVERTED:
        inverted, rest = True, rest[:-1]
    lead = _CANONICAL.get(first)
    if lead is None or " ".join(rest) not in _ADDED:
        return None
    return f"-{lead}" if inverted else lead


def coded_lead(code: str, scheme: str) -> str | None:
    """The lead of a code value, ``""`` for another lead than the twelve, ``None`` where the code is unknown.

    Understood are DICOM CID 3001 (``2:62`` of scheme MDC, also as ``131134`` or ``MDC_ECG_LEAD_AVR``) and the
    older ``5.6.3-9-62`` of scheme SCPECG.
    """
    scheme, code = scheme.strip().upper(), code.strip()
    if scheme == "MDC" and code.upper().startswith("MDC_ECG_LEAD_"):
        return canonical_lead(code) or ""
    pattern = {"MDC": r"2:(\d{1,5})|(\d{6})", "SCPECG": r"5\.6\.3-9-(\d{1,5})()"}.get(scheme)
    match = re.fullmatch(pattern, code) if pattern else None
    if match is None:
        return None
    number = int(match[1]) if match[1] else int(match[2]) - _MDC_PARTITION
    return None if number == 0 else _CODES.get(number, "")


def add_channel(channels: dict[str, np.ndarray], lead: str, samples: np.ndarray) -> None:
    """Put ``samples (T,)`` among ``channels``, inverted ones turned over; ``ValueError`` for a second one."""
    name = lead.removeprefix("-")
    if name in channels:
        raise ValueError(f"holds lead {name} twice; keep the right one and remove or rename the other")
    channels[name] = -samples if lead.startswith("-") else samples


def listed(names: list[str]) -> str:
    """Names as a file writes them, shortened for one line of an error."""
    shown = [repr(str(name)[:40]) for name in names[:SHOWN]]
    return ", ".join(shown) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
