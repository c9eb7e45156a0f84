"""What each disease does to a heart: causes only, set on the latents; every sign on ECG or CMR is a
consequence.

``severity`` in (0, 1] scales each change, and penetrance is drawn, so that no sign is certain.
"""

from __future__ import annotations

import numpy as np

from cardiacnets.digital_heart.latents import Latents
from cardiacnets.digital_heart.streams import Draws

TERRITORIES = {"lad": (55.0, 0.63, 0.45), "rca": (170.0, 0.60, 0.33), "lcx": (-105.0, 0.42, 0.22)}
"""Coronary territories: centre angle (degrees from anterior towards the septum), level (base 0, apex 1),
share.
"""


def afflict(latents: Latents, draws: Draws) -> None:
    """Apply ``latents["condition"]`` at ``latents["severity"]`` to the healthy latents in place."""
    condition, severity = latents["condition"], latents["severity"]
    is_ = {name: condition == name for name in ("cad", "dcm", "hcm", "rcm", "pc", "ph", "hf")}
    _infarct(latents, is_["cad"], severity, draws)
    _dilate(latents, is_["dcm"], severity, draws)
    _thicken(latents, is_["hcm"], severity, draws)
    _restrict(latents, is_["rcm"], severity, draws)
    _inflame(latents, is_["pc"], severity, draws)
    _load_right_ventricle(latents, is_["ph"], severity, draws)
    _fail(latents, is_["hf"], severity, draws)
    wall = np.clip((latents["lv_mass"] / latents["lv_edv"] - 0.85) / 0.6, 0, 1) * (latents["amyloid"] == 0)
    latents["strain"] = np.maximum(latents["strain"], wall) * latents["strain_penetrance"]
    for name, low, high in (
        ("la_ef", 0.08, 0.78), ("ra_ef", 0.08, 0.72), ("rv_ef", 0.12, 0.76), ("shortening", 0.035, 0.43),
        ("longitudinal", -0.27, -0.025), ("heart_rate", 38, 140), ("lv_edv", 45, 480), ("atrial_share",
        0.05, 0.7),
    ):  # fmt: skip
        latents[name] = np.clip(latents[name], low, high)


def _infarct(latents: Latents, sick: np.ndarray, severity: np.ndarray, draws: Draws) -> None:
    """A territory of scar: thin, akinetic, electrically silent; mild disease leaves no scar."""
    territory = draws.choice(list(TERRITORIES), [share for *_, share in TERRITORIES.values()])
    angle = np.array([np.deg2rad(TERRITORIES[name][0]) for name in territory])
    level = np.array([TERRITORIES[name][1] for name in territory])
    latents["scar_angle"] = np.where(sick, angle + 0.22 * draws.normal(), latents["scar_angle"])
    latents["scar_level"] = np.where(sick, level + 0.08 * draws.normal(), latents["scar_level"])
    depth = np.clip(1.6 * severity - 0.35 + 0.12 * draws.normal(), 0, 0.95)
    latents["scar_depth"] = np.where(sick, depth, latents["scar_depth"])
    latents.scale("lv_edv", sick, 1 + 0.20 * severity)
    latents.scale("la_max", sick, 1 + 0.15 * severity)
    ischaemia = sick & draws.happens(0.35 + 0.3 * severity)
    latents["ischaemia"] = np.where(ischaemia, 0.75 * severity, latents["ischaemia"])


def _dilate(latents: Latents, sick: np.ndarray, severity: np.ndarray, draws: Draws) -> None:
    """Dilated cardiomyopathy: a large, round, weak left ventricle, often with left bundle-branch block."""
    latents.scale("lv_edv", sick, 1 + 1.05 * severity)
    latents.scale("shortening", sick, 1 - 0.85 * severity)
    latents.scale("longitudinal", sick, 1 - 0.75 * severity)
    latents.scale("lv_mass", sick, 1 + 0.45 * severity)
    latents.shift("sphericity", sick, -0.10 * severity)
    latents.scale("rv_edv", sick, 1 + 0.25 * severity * draws.uniform())
    latents.shift("rv_ef", sick, -0.18 * severity)
    latents.scale("la_max", sick, 1 + 0.5 * severity)
    latents.shift("la_ef", sick, -0.2 * severity)
    latents.scale("ra_max", sick, 1 + 0.25 * severity)
    block = sick & draws.happens(0.15 + 0.50 * severity)
    latents["left_block"] = np.maximum(latents["left_block"], block)
    latents.scale("conduction", sick, 1 - 0.16 * severity)
    latents.shift("heart_rate", sick, 6 * severity)


def _thicken(latents: Latents, sick: np.ndarray, severity: np.ndarray, draws: Draws) -> None:
    """Hypertrophic cardiomyopathy: a septal or, in three of ten, an apical bump of muscle."""
    apical = sick & draws.happens(0.3)
    latents["septal_bump"] = np.where(sick & ~apical, 1.6 * severity, latents["septal_bump"])
    latents["apical_bump"] = np.where(apical, 1.8 * severity, latents["apical_bump"])
    latents.scale("lv_mass", sick, 1 + 0.85 * severity)
    latents.scale("lv_edv", sick, 1 - 0.08 * severity)
    latents.scale("longitudinal", sick, 1 - 0.35 * severity)
    latents.scale("la_max", sick, 1 + 0.5 * severity)
    latents["strain"] = np.where(
        sick, severity * (0.2 + 0.7 * draws.uniform()) * np.where(apical, 1.85, 0.85), latents["strain"]
    )


def _restrict(latents: Latents, sick: np.ndarray, severity: np.ndarray, draws: Draws) -> None:
    """Restrictive cardiomyopathy: half infiltrated (thick, low voltage), half stiff with a normal wall."""
    infiltrated = sick & draws.happens(0.55)
    latents["amyloid"] = np.where(infiltrated, severity, latents["amyloid"])
    amyloid = sick & (latents["amyloid"] > 0)  # read back, so that a fixed value has its consequences
    latents.scale("lv_mass", amyloid, 1 + 0.80 * severity)
    latents.scale("lv_edv", sick, np.where(amyloid, 1 - 0.20 * severity, 1 - 0.10 * severity))
    latents.scale("longitudinal", sick, np.where(amyloid, 1 - 0.50 * severity, 1 - 0.25 * severity))
    latents.scale("shortening", sick, np.where(amyloid, 1 - 0.30 * severity, 1 - 0.06 * severity))
    latents.scale("la_max", sick, 1 + (0.75 + 0.15 * draws.normal()) * severity)
    latents.scale("ra_max", sick, 1 + (0.75 + 0.15 * draws.normal()) * severity)
    latents.shift("la_ef", sick, -0.30 * severity)
    latents.shift("ra_ef", sick, -0.20 * severity)
    latents.scale("gain", amyloid, 1 - 0.81 * severity)
    latents.shift("atrial_share", sick, -0.20 * severity)
    latents.shift("effusion", amyloid, 0.15 * severity)


def _inflame(latents: Latents, sick: np.ndarray, severity: np.ndarray, draws: Draws) -> None:
    """Pericarditis: fluid around the heart, ST up and PR down in six of ten."""
    latents.shift("effusion", sick, severity * np.where(draws.happens(0.8), 1.0, 0.25))
    acute = sick & draws.happens(0.6)
    latents["st_elevation"] = np.where(acute, 0.22 * severity, latents["st_elevation"])
    latents.shift("heart_rate", sick, 13 * severity)


def _load_right_ventricle(latents: Latents, sick: np.ndarray, severity: np.ndarray, draws: Draws) -> None:
    """Pulmonary hypertension: a large, thick right ventricle that flattens the septum."""
    latents["rv_hypertrophy"] = np.where(sick, severity, latents["rv_hypertrophy"])
    latents["septal_flattening"] = np.where(sick, severity, latents["septal_flattening"])
    latents.scale("rv_edv", sick, 1 + 0.60 * severity)
    latents.shift("rv_ef", sick, -0.22 * severity)
    latents.scale("ra_max", sick, 1 + (0.8 + 0.2 * draws.normal()) * severity)
    latents.shift("ra_ef", sick, -0.12 * severity)
    latents.scale("lv_edv", sick, 1 - 0.12 * severity)
    # the large right heart turns the apex back and pulls the forces down and to the right
    latents.shift("azimuth", sick, -np.deg2rad(24) * severity)
    latents.shift("elevation", sick, np.deg2rad(45) * severity)


def _fail(latents: Latents, sick: np.ndarray, severity: np.ndarray, draws: Draws) -> None:
    """Heart failure of other cause: half with reduced, half with preserved ejection fraction."""
    reduced = sick & draws.happens(0.5)
    preserved = sick & ~reduced
    latents.scale("shortening", reduced, 1 - 0.55 * severity)
    latents.scale("lv_edv", reduced, 1 + 0.50 * severity)
    latents.scale("longitudinal", sick, np.where(reduced, 1 - 0.40 * severity, 1 - 0.25 * severity))
    latents.scale("lv_mass", sick, np.where(reduced, 1 + 0.25 * severity, 1 + 0.35 * severity))
    latents.scale("la_max", sick, 1 + (0.60 + 0.15 * draws.normal()) * severity)
    latents.shift("la_ef", sick, -0.20 * severity)
    latents.scale("ra_max", sick, 1 + 0.25 * severity)
    latents.shift("rv_ef", reduced, -0.12 * severity)
    block = sick & draws.happens(np.where(reduced, 0.30 + 0.45 * severity, 0.08 + 0.15 * severity))
    latents["left_block"] = np.maximum(latents["left_block"], block)
    latents.scale("conduction", sick, 1 - 0.26 * severity)
    latents.shift("heart_rate", preserved, 3 * severity)
    latents.shift("heart_rate", reduced, 6 * severity)
