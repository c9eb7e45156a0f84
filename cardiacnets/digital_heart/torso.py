"""The torso between heart and electrodes: nuisance only the ECG sees, electrode positions and lead fields.

Axes as Frank's: X to the left, Y down, Z to the back; lengths in cm, centred in the chest.
"""

from __future__ import annotations

import numpy as np

from cardiacnets.digital_heart.latents import Latents
from cardiacnets.digital_heart.sites import Site
from cardiacnets.digital_heart.streams import Draws

POSITIONS = np.array(  # RA, LA, LL, V1 to V6
    [[-19, -24, 1], [19, -24, 1], [10, 36, 0],
     [-2.6, 0, -11.5], [2.6, 0, -11.5], [6.2, 2, -11], [10, 4, -9.5], [14.6, 4, -5], [17, 4, 0.5]],
    float,
)  # fmt: skip
DOWER = np.array(
    [[0.632, -0.235, 0.059], [0.235, 1.066, -0.132], [-0.515, 0.157, -0.917], [0.044, 0.164, -1.387],
     [0.882, 0.098, -1.277], [1.213, 0.127, -0.601], [1.125, 0.127, -0.086], [0.831, 0.076, 0.230]]
)  # fmt: skip
"""Dower's lead vectors of I, II, V1 to V6 (Dower et al. 1980, Clinical Cardiology 3, 87 to 95)."""

HEART_CENTRE = np.array([2.6, 0.5, -3.2])
SOFTENING, LOCALITY = 6.0, 0.6
"""eps (cm) and kappa of the lead field: how near the heart counts, and how far a lead departs from Dower's.
"""

COMMON_GAIN = 0.05
"""Spread of the log-gain that all electrodes share; what each has of its own is in ``variety``."""

AZIMUTH, ELEVATION = (52.0, 6.0), (50.0, 10.0)
"""Mean and spread of the heart's long axis, degrees, at a body-mass index of 26; it lies flatter in the heavy
and the old.
"""

HEART_HEIGHT = -3.0
"""Centimetres from the centre Dower's vectors refer to (Y points down): lying down, the heart is higher.
"""

NUISANCE_DIAL = 1.0
"""Multiplies the spread of everything only the ECG sees; frozen on a design seed before any model was
trained.
"""


def electrode_vectors() -> np.ndarray:
    """Dower's vectors as electrode vectors ``(9, 3)`` against Wilson's terminal: RA + LA + LL = 0."""
    one, two = DOWER[0], DOWER[1]
    right_arm = -(one + two) / 3
    return np.vstack([right_arm, one + right_arm, two + right_arm, DOWER[2:]])


def add_torso(latents: Latents, site: Site, draws: Draws) -> None:
    """Conduction, orientation, recovery and electrode errors: independent of the heart given body size."""
    dial = NUISANCE_DIAL

    def spread(amount: float, columns: int | None = None) -> np.ndarray:
        return dial * amount * draws.normal(columns)

    male, heavy = latents["sex"], latents["bmi"] - 26
    latents["conduction"] = np.exp(spread(0.098)) * (1.01 - 0.030 * male)
    latents["atrial_conduction"] = np.exp(spread(0.125))
    latents["gain"] = np.exp(spread(COMMON_GAIN))
    latents["t_gain"] = np.exp(spread(0.27)) * (0.85 + 0.25 * male)
    latents["p_gain"] = np.exp(spread(0.22))
    latents["pr"] = np.clip(164 + spread(19) + 4 * male, 110, 290)
    latents["qtc"] = 417 - 8 * male + spread(15)
    latents["azimuth"] = np.deg2rad(AZIMUTH[0] + spread(AZIMUTH[1]) + 0.5 * heavy)
    latents["elevation"] = np.deg2rad(ELEVATION[0] + spread(ELEVATION[1]) - 0.95 * heavy)
    latents["spin"] = np.deg2rad(spread(11))
    latents["position"] = spread(0.9, 3) + np.array([0.0, HEART_HEIGHT, 0.0])
    latents["electrode_shift"] = site.electrode_spread * spread(1.0, 27)
    latents["repolarisation"] = spread(0.16, 3)
    latents["strain_penetrance"] = np.clip(0.75 + 0.45 * draws.normal(), 0, 1.5)
    latents["t_vector"] = spread(0.12)
    latents["strain"] = 0.0
    latents["ischaemia"] = 0.0
    latents["st_elevation"] = 0.0
    latents["left_block"] = draws.happens(site.left_block).astype(float)
    latents["right_block"] = draws.happens(site.right_block) * (1 - latents["left_block"])
    age_risk = np.exp(0.05 * (latents["age"] - 66))
    latents["fibrillation"] = draws.happens(np.clip(site.fibrillation * age_risk, 0, 0.4)).astype(float)
    latents["paced"] = draws.happens(np.clip(site.paced * age_risk, 0, 0.2)).astype(float)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors of length one."""
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def heart_axes(latents: Latents) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unit vectors ``(n, 3)`` from base to apex, to the anterior wall (theta 0) and to the septum (90)."""
    azimuth, elevation, spin = latents["azimuth"], latents["elevation"], latents["spin"]
    long = np.stack(
        [np.cos(elevation) * np.sin(azimuth), np.sin(elevation), -np.cos(elevation) * np.cos(azimuth)], axis=1
    )
    up = np.array([0.0, -1.0, 0.0])
    anterior = unit(up - (long @ up)[:, None] * long)
    septal = np.cross(anterior, long)
    septal = unit(np.where(septal[:, :1] > 0, -septal, septal))  # the septum faces right
    cos, sin = np.cos(spin)[:, None], np.sin(spin)[:, None]
    return long, cos * anterior + sin * septal, cos * septal - sin * anterior


def electrodes(latents: Latents) -> np.ndarray:
    """Positions of the nine electrodes, cm ``(n, 9, 3)``: body size, breasts and misplacement move them."""
    width = np.clip(np.sqrt(latents["weight"] / 77), 0.75, 1.45)[:, None]
    scale = np.stack([0.5 + 0.5 * width, np.full_like(width, 0.98), width], axis=2)  # (n, 1, 3)
    shift = 0.55 * latents["electrode_shift"].reshape(-1, 9, 3) * [1.0, 1.0, 0.6]
    places = POSITIONS * scale + shift
    places[:, 5:, 1] += (1 - latents["sex"])[:, None]
    return places


def _field(offset: np.ndarray) -> np.ndarray:
    """Softened field of a dipole seen from ``offset (..., 3)``: r / (|r|^2 + eps^2)^1.5."""
    return offset / ((offset**2).sum(-1, keepdims=True) + SOFTENING**2) ** 1.5


def lead_field(places: np.ndarray, sources: np.ndarray) -> np.ndarray:
    """Lead vectors ``(n, 9, K, 3)`` of electrodes ``(n, 9, 3)`` for dipoles at ``sources (n, K, 3)``.

    l_e(x) = D_e + kappa |D_e| (G_e(x) - G_e(x0)) / |G_e(x0)|: Dower's far field corrected for nearness.
    """
    far = electrode_vectors()
    reference = _field(POSITIONS - HEART_CENTRE)  # (9, 3)
    near = _field(places[:, :, None, :] - sources[:, None, :, :])  # (n, 9, K, 3)
    strength = np.linalg.norm(far, axis=1) / np.linalg.norm(reference, axis=1)
    return far[:, None, :] + LOCALITY * strength[:, None, None] * (near - reference[:, None, :])


def leads(potentials: np.ndarray) -> np.ndarray:
    """Twelve leads ``(..., 12, T)`` from electrode potentials ``(..., 9, T)``, by Einthoven, Goldberger and
    Wilson.
    """
    right, left, foot = potentials[..., 0, :], potentials[..., 1, :], potentials[..., 2, :]
    first, second, third = left - right, foot - right, foot - left
    augmented = [-(first + second) / 2, (first - third) / 2, (second + third) / 2]
    chest = potentials[..., 3:, :] - ((right + left + foot) / 3)[..., None, :]
    limb = np.stack([first, second, third, *augmented], axis=-2)
    return np.concatenate([limb, chest], axis=-2)
