"""Age and sex as devices write them, in years and in words; what is uncertain is ``None``, never guessed."""

from __future__ import annotations

import re
from datetime import datetime

OLDEST = 120.0
"""Years. PTB-XL writes 300 for everybody above 89, others 999 for nobody knows."""
_DAYS_A_YEAR = 365.25
_UNITS_A_YEAR = {
    1.0: ("y", "yr", "yrs", "year", "years", "a", "ann"),
    12.0: ("m", "mo", "mos", "mon", "month", "months"),
    _DAYS_A_YEAR / 7: ("w", "wk", "wks", "week", "weeks"),
    _DAYS_A_YEAR: ("d", "day", "days"),
    _DAYS_A_YEAR * 24: ("h", "hr", "hrs", "hour", "hours"),
}
_YEARS = {name: 1 / units for units, names in _UNITS_A_YEAR.items() for name in names}
_SEXES = {
    "female": ("f", "female", "woman", "w", "weiblich", "frau", "femme", "féminin", "femenino"),
    "male": ("m", "male", "man", "männlich", "mann", "homme", "masculin", "masculino"),
}
_SEX = {word: sex for sex, words in _SEXES.items() for word in words}


def age_in_years(value: object, unit: str | None) -> float | None:
    """``value`` in ``unit`` (years, months, weeks, days or hours in any spelling, also UCUM's) as years.

    ``None`` where the unit is unknown or not stated, and for what is no age: 0, below 0, above 120 years.
    """
    try:
        age = float(value) * _YEARS[(unit or "").strip().lower()]  # type: ignore[arg-type]
    except (KeyError, TypeError, ValueError):
        return None
    return age if 0 < age <= OLDEST else None


def age_from_text(text: str, unit: str | None = None) -> float | None:
    """Years of ``59``, ``8 months`` or DICOM's ``008M``; ``unit`` counts where the text states none."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\.?\s*", text)
    return age_in_years(match[1], match[2] or unit) if match else None


def age_between(birth: str, when: str) -> float | None:
    """Years from one ``YYYYMMDD...`` to another, as DICOM and HL7 write times; ``None`` where one is none."""
    try:
        born, seen = (datetime.strptime(text[:8], "%Y%m%d") for text in (birth, when))
    except ValueError:
        return None
    return age_in_years((seen - born).days, "days")


def sex_in_words(text: object) -> str | None:
    """``female`` or ``male`` from a letter or word in any case; ``None`` for all else."""
    return _SEX.get(str(text or "").strip().lower())
