"""The people and their healthy hearts: covariates first, then chambers given body size, age and pressure.

Means and spreads follow Petersen et al. 2017 (UK Biobank reference ranges, 10.1186/s12968-017-0327-9); which
of the resulting distributions meet the published ones is tabulated by ``targets.check_targets``. Units: cm,
kg, years, mmHg, ml, g, mm2; strains and fractions without unit.
"""

from __future__ import annotations

import numpy as np

from cardiacnets.digital_heart.latents import Latents
from cardiacnets.digital_heart.sites import Site
from cardiacnets.digital_heart.streams import Draws

# height (cm) and log body-mass index against the UK mean; wall thickness as a factor
HEIGHT_SHIFT = {"chinese": -5.0, "asian": -4.5, "black": 0.5, "mixed": -0.5}
BODY_MASS_SHIFT = {"chinese": -0.10, "asian": -0.02, "black": 0.07}
WALL_FACTOR = {"black": 1.06, "chinese": 0.98}


def lookup(table: dict[str, float], keys: np.ndarray, default: float) -> np.ndarray:
    """``table[key]`` for each key, ``default`` where it has none."""
    return np.array([table.get(key, default) for key in keys])


def add_people(latents: Latents, site: Site, draws: Draws) -> None:
    """Sex, age, body size, pressures, heart rate and ethnicity of a site's participants."""
    latents["sex"] = (draws.uniform() < site.male).astype(float)
    male = latents["sex"]
    latents["age"] = np.clip(site.age[0] + site.age[1] * draws.normal(), *site.age_range)
    latents["ethnicity"] = draws.choice(list(site.ethnicity), list(site.ethnicity.values()))
    height = 163 + 13.3 * male + 6.4 * draws.normal() + lookup(HEIGHT_SHIFT, latents["ethnicity"], 0.0)
    latents["height"] = height - 0.06 * (latents["age"] - 64)
    log_bmi = (
        np.log(25.6 + 1.2 * male) + 0.15 * draws.normal() + lookup(BODY_MASS_SHIFT, latents["ethnicity"], 0.0)
    )
    latents["bmi"] = np.clip(np.exp(log_bmi), 16, 52)
    latents["weight"] = latents["bmi"] * (latents["height"] / 100) ** 2
    latents["bsa"] = np.sqrt(latents["height"] * latents["weight"] / 3600)  # Mosteller
    decades = (latents["age"] - 64) / 10
    pressure = 137 + 5 * decades + 0.5 * (latents["bmi"] - 26) + 16.5 * draws.normal() + site.hypertension
    latents["systolic_pressure"] = np.clip(pressure, 88, 215)
    pulse = 50 + 6 * decades + 0.35 * (latents["systolic_pressure"] - 138) + 7 * draws.normal()
    latents["pulse_pressure"] = np.clip(pulse, 22, 115)
    rate = (
        site.heart_rate[0] + site.heart_rate[1] * draws.normal() - 1.5 * male + 0.15 * (latents["bmi"] - 26)
    )
    latents["heart_rate"] = np.clip(rate, 40, 125)


def add_heart(latents: Latents, draws: Draws) -> None:
    """The healthy heart's sizes, motion and shape given the body it lies in."""
    male, bsa = latents["sex"], latents["bsa"]
    decades = (latents["age"] - 64) / 10
    load = latents["systolic_pressure"] - 138
    size = 0.130 * draws.normal() - 0.035 * decades - 0.0035 * (latents["heart_rate"] - 62)
    latents["lv_edv"] = bsa * (70.5 + 11.0 * male) * np.exp(size)
    mass = 0.115 * draws.normal() + 0.45 * size + 0.0020 * load
    latents["lv_mass"] = (
        bsa * (42.0 + 10.5 * male) * np.exp(mass) * lookup(WALL_FACTOR, latents["ethnicity"], 1.0)
    )
    latents["shortening"] = 0.303 - 0.021 * male + 0.024 * draws.normal()
    latents["longitudinal"] = -(
        0.183 - 0.008 * male + 0.016 * draws.normal() + 0.2 * (latents["shortening"] - 0.29)
    )
    latents["sphericity"] = 0.055 * draws.normal()
    latents["rv_edv"] = latents["lv_edv"] * (1.035 + 0.05 * male) * np.exp(0.092 * draws.normal())
    latents["rv_ef"] = 0.585 - 0.045 * male + 0.042 * draws.normal() + 0.5 * (latents["shortening"] - 0.29)
    latents["la_max"] = (
        bsa * (34.5 + 0.5 * male) * np.exp(0.215 * draws.normal() + 0.05 * decades + 0.25 * size)
    )
    latents["la_ef"] = 0.605 + 0.06 * draws.normal() - 0.012 * decades
    latents["ra_max"] = bsa * (38.5 + 6.5 * male) * np.exp(0.22 * draws.normal() + 0.3 * size)
    latents["ra_ef"] = 0.46 - 0.04 * male + 0.065 * draws.normal()
    girth = 0.35 * np.log(bsa / 1.85)
    latents["ascending_area"] = (690 + 120 * male) * np.exp(0.165 * draws.normal() + 0.09 * decades + girth)
    latents["descending_area"] = (415 + 90 * male) * np.exp(0.125 * draws.normal() + 0.07 * decades + girth)
    latents["ascending_distensibility"] = np.exp(0.60 - 0.45 * decades + 0.38 * draws.normal() - 0.004 * load)
    latents["descending_distensibility"] = np.exp(
        0.85 - 0.35 * decades + 0.33 * draws.normal() - 0.004 * load
    )
    latents["thickness_modes"] = draws.normal(5) * [0.05, 0.04, 0.04, 0.05, 0.03]
    latents["contraction_modes"] = draws.normal(5) * 0.06
    latents["atrial_share"] = np.clip(0.30 + 0.07 * decades + 0.05 * draws.normal(), 0.1, 0.6)
    for disease in ("scar_depth", "septal_bump", "apical_bump", "septal_flattening", "effusion", "amyloid"):
        latents[disease] = 0.0
    latents["scar_angle"] = 0.0
    latents["scar_level"] = 0.5
    latents["rv_hypertrophy"] = 0.0


def add_lifestyle(latents: Latents, draws: Draws) -> None:
    """The questionnaire covariates, in UK Biobank's coding, weakly linked with sex, age and body size."""
    male, heavy = latents["sex"], (latents["bmi"] - 26) / 4
    decades = (latents["age"] - 64) / 10
    fitness = -0.25 * heavy - 0.015 * (latents["heart_rate"] - 62)
    latents["alcohol_frequency"] = np.clip(
        np.rint(3.0 - 0.4 * male + 0.15 * heavy + 1.4 * draws.normal()), 1, 6
    )
    latents["moderate_activity_days"] = np.clip(np.rint(3.7 + fitness + 2.2 * draws.normal()), 0, 7)
    latents["sleep_duration"] = np.clip(np.rint(7.2 + 0.1 * decades + 1.0 * draws.normal()), 3, 12)
    latents["smoking"] = np.clip(np.rint(0.35 + 0.15 * male + 0.6 * draws.normal()), 0, 2)
    latents["stress"] = np.clip(np.rint(0.7 - 0.2 * decades + 0.9 * draws.normal()), 0, 6)
    latents["raw_vegetables"] = np.clip(np.rint(2.4 - 0.3 * male - 0.1 * heavy + 1.7 * draws.normal()), 0, 12)
    latents["walking_days"] = np.clip(np.rint(5.4 + 0.6 * fitness + 1.9 * draws.normal()), 0, 7)
    latents["pork"] = np.clip(np.rint(1.2 + 0.2 * male + 0.1 * heavy + 0.7 * draws.normal()), 0, 5)
    latents["insomnia"] = np.clip(np.rint(2.0 - 0.25 * male + 0.75 * draws.normal()), 1, 3)
