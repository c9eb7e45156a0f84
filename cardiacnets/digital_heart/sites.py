"""Who is studied where: the cohorts, their published counts and the distributions in which they differ.

A site differs from another by its people, devices and severity, never by what a disease does to a heart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

CONDITIONS = ("none", "cad", "dcm", "hcm", "rcm", "pc", "ph", "hf")
"""The latent conditions; ``none`` is a heart without one of the studied diseases."""

PRESETS = ("enriched", "ukb_like", "information_limited")

STUDY_COUNTS: dict[str, int] = {
    "ukb": 41_519,
    "mimic": 501_172,
    "fahzu": 5_518 + 2_546 + 824,
    "fahzu_screening": 222 + 188,
    "fahzu_readers": 77 + 34,
    "sahzu": 264 + 200,
    "qph": 236 + 102,
}
"""Published sizes (arXiv 2411.13602): pairs in ``ukb``, recordings in ``mimic``, participants elsewhere."""

UKB_ETHNICITY = {
    "white": 0.966, "mixed": 0.005, "asian": 0.011, "black": 0.007, "chinese": 0.003, "other": 0.005,
    "undisclosed": 0.003,
}  # fmt: skip
HOSPITAL_ETHNICITY = {"white": 0.68, "black": 0.16, "asian": 0.04, "other": 0.08, "undisclosed": 0.04}
CHINESE = {"chinese": 1.0}


@dataclass(frozen=True)
class Site:
    """The distributions of one cohort.

    ``mix`` gives shares of the latent conditions; ``counts``, where set, the exact numbers of recorded
    diagnoses of a case-control design. ``age`` years, ``heart_rate`` beats/min: mean and spread; ``severity``
    the parameters of a Beta law; ``hypertension`` mmHg above the population; ``recordings`` the shares of
    participants with one, two, ... recordings; ``label_error`` the share of wrongly recorded diagnoses;
    ``fibrillation``, ``paced`` and the blocks shares of participants. Noise amplitudes in mV, filters and
    mains in Hz, ``electrode_spread`` against the population's.
    """

    name: str
    mix: Mapping[str, float]
    counts: Mapping[str, int] = field(default_factory=dict)
    ethnicity: Mapping[str, float] = field(default_factory=lambda: UKB_ETHNICITY)
    male: float = 0.483
    age: tuple[float, float] = (64.0, 7.7)
    age_range: tuple[float, float] = (45.0, 83.0)
    heart_rate: tuple[float, float] = (62.0, 9.5)
    severity: tuple[float, float] = (2.6, 1.7)
    label_error: float = 0.07
    hypertension: float = 0.0
    fibrillation: float = 0.006
    paced: float = 0.0
    right_block: float = 0.012
    left_block: float = 0.004
    recordings: tuple[float, ...] = (1.0,)
    mains: float = 50.0
    muscle: float = 0.008
    mains_amplitude: float = 0.004
    wander: float = 0.05
    highpass: float = 0.05
    lowpass: float = 150.0
    electrode_spread: float = 1.0


POPULATION_MIX = {
    "enriched": {"none": 0.60, "cad": 0.12, "dcm": 0.060, "hcm": 0.042, "rcm": 0.028, "pc": 0.085,
                 "ph": 0, "hf": 0.065},
    "ukb_like": {"none": 0.90, "cad": 0.062, "dcm": 0.006, "hcm": 0.004, "rcm": 0.002, "pc": 0.006,
                 "ph": 0, "hf": 0.02},
}  # fmt: skip
"""Shares of the conditions. ``ukb_like`` has about the 3,822 cases among 41,519 of the study; ``enriched``
has enough of each to learn from, dilated before hypertrophic; as recorded, heart failure adds what it shares
with coronary disease and cardiomyopathy.
"""

HOSPITAL_MIX = {
    "enriched": {"none": 0.40, "cad": 0.15, "dcm": 0.065, "hcm": 0.05, "rcm": 0.03, "pc": 0.065,
                 "ph": 0.10, "hf": 0.14},
    "ukb_like": {"none": 0.55, "cad": 0.19, "dcm": 0.03, "hcm": 0.01, "rcm": 0.005, "pc": 0.02, "ph": 0.06,
                 "hf": 0.135},
}  # fmt: skip

_UKB = Site("ukb", POPULATION_MIX["enriched"])
_MIMIC = Site(
    "mimic", HOSPITAL_MIX["enriched"],
    ethnicity=HOSPITAL_ETHNICITY, male=0.52, age=(66.0, 14.5), age_range=(20.0, 95.0),
    heart_rate=(76.0, 14.0), severity=(2.8, 1.5), label_error=0.09, hypertension=8.0, fibrillation=0.085,
    paced=0.025, right_block=0.06, left_block=0.025, recordings=(0.56, 0.24, 0.12, 0.08), mains=60.0,
    muscle=0.016, mains_amplitude=0.009, wander=0.09, electrode_spread=1.25,
)  # fmt: skip
_FAHZU = Site(
    "fahzu", {}, {"dcm": 5_518, "hcm": 2_546, "rcm": 824},
    ethnicity=CHINESE, male=0.62, age=(53.0, 14.0), age_range=(18.0, 90.0), heart_rate=(71.0, 12.0),
    severity=(3.4, 1.4), label_error=0.04, hypertension=2.0, fibrillation=0.05, paced=0.008, right_block=0.03,
    left_block=0.01, muscle=0.011, highpass=0.5, lowpass=100.0, electrode_spread=1.1,
)  # fmt: skip
SITES: dict[str, Site] = {
    "ukb": _UKB,
    "mimic": _MIMIC,
    "fahzu": _FAHZU,
    "fahzu_screening": replace(_FAHZU, name="fahzu_screening", counts={"cm": 222, "none": 188}),
    "fahzu_readers": replace(_FAHZU, name="fahzu_readers", counts={"cm": 77, "none": 34}),
    "sahzu": replace(
        _FAHZU, name="sahzu", counts={"cm": 264, "none": 200}, age=(56.0, 13.0), severity=(3.0, 1.5),
        highpass=0.05, lowpass=40.0, muscle=0.014, electrode_spread=1.3, heart_rate=(73.0, 12.0),
    ),
    "qph": replace(
        _FAHZU, name="qph", counts={"cm": 236, "none": 102}, age=(60.0, 12.0), severity=(2.7, 1.6), male=0.56,
        highpass=0.15, lowpass=75.0, muscle=0.013, wander=0.08, electrode_spread=1.5, heart_rate=(75.0, 13.0),
    ),
}  # fmt: skip

SUBTYPE_SHARES = {"dcm": 5_518, "hcm": 2_546, "rcm": 824}
"""The subtypes behind a case-control site's "cm", in the proportions of the tertiary centre."""


def site(cohort: str, preset: str) -> Site:
    """The distributions of ``cohort`` under ``preset``; ``ValueError`` lists what is allowed."""
    if cohort not in SITES:
        raise ValueError(f"unknown cohort '{cohort}'; choose one of {', '.join(SITES)}")
    if preset not in PRESETS:
        raise ValueError(f"unknown preset '{preset}'; choose one of {', '.join(PRESETS)}")
    mixes = {"ukb": POPULATION_MIX, "mimic": HOSPITAL_MIX}.get(cohort)
    if mixes is None:
        return SITES[cohort]
    return replace(SITES[cohort], mix=mixes["ukb_like" if preset == "ukb_like" else "enriched"])
