"""The 82 indices of UK Biobank's CMR analysis: true ones from the geometry, recorded ones with measurement
error.

Definitions: mass at 1.05 g/ml at end-diastole; AHA sectors of 60 degrees (base, mid) and 90 (apex); strain
(l - l0) / l0 at end-systole; distensibility 1e3 (Amax - Amin) / (Amin * pulse pressure).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from cardiacnets.digital_heart.anatomy import ANGLE_GRID, LEVEL_GRID, Anatomy
from cardiacnets.digital_heart.hearts import draw_hearts
from cardiacnets.digital_heart.latents import Latents
from cardiacnets.digital_heart.motion import Wall, lv_volume, stretch
from cardiacnets.digital_heart.sites import site
from cardiacnets.digital_heart.streams import Draws
from cardiacnets.phenotypes import INDEX_NAMES

POSITION = {name: k for k, name in enumerate(INDEX_NAMES)}
RELIABILITY = {
    "lv_edv": 0.93, "lv_esv": 0.88, "lv_mass": 0.90, "rv_edv": 0.90, "rv_esv": 0.85, "la_max": 0.90,
    "la_min": 0.85,
    "ra_max": 0.88, "ra_min": 0.82, "wall_thickness": 0.62, "ecc": 0.28, "err": 0.28, "ell": 0.30,
    "area": 0.90,
    "distensibility": 0.55,
}  # fmt: skip
"""Share of the variance of a measured index that is true, among healthy participants: declared calibrations.
"""

PAIRED_ERROR = 0.6
"""Correlation of the errors at end-diastole and end-systole: one reader draws both contours."""


def segment_map(s: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """AHA segment 1 to 16 (Cerqueira 2002) at each ``s`` and ``theta``."""
    degrees = np.rad2deg(theta)
    ring = np.where(s < 1 / 3, 0, 6)
    sextant = 1 + ring + (((degrees + 30) % 360) // 60).astype(int)
    quadrant = 13 + (((degrees + 45) % 360) // 90).astype(int)
    return np.where(s < 2 / 3, sextant, quadrant)


SEGMENTS = segment_map(LEVEL_GRID, ANGLE_GRID)[0]  # (levels, angles)
_MEMBERSHIP = (SEGMENTS.ravel()[:, None] == np.arange(1, 17)).astype(float)  # (cells, 16)
_MEMBERSHIP /= _MEMBERSHIP.sum(axis=0)


def segment_means(values: np.ndarray) -> np.ndarray:
    """Mean over each AHA segment: ``(n, levels, angles)`` to ``(n, 16)``."""
    return values.reshape(len(values), -1) @ _MEMBERSHIP


def longitudinal_segments(anatomy: Anatomy) -> np.ndarray:
    """Longitudinal strain of six four-chamber segments, % ``(n, 6)``: septum then free wall, base to apex.

    Scar stretches less; the mean is the ventricle's own shortening, as the geometry has it.
    """
    latents, levels = anatomy.latents, np.array([1 / 6, 0.5, 5 / 6])
    weights = []
    for angle in (np.deg2rad(100.0), np.deg2rad(-75.0)):
        scar = anatomy.scar(levels[None, :, None], np.full((1, 1, 1), angle))[:, :, 0]  # (n, 3)
        mode = modes_at(latents["contraction_modes"], levels, angle)
        weights.append((1 - 0.8 * scar) * (1 + 0.8 * mode) * (0.95 + 0.10 * levels))
    weights = np.concatenate(weights, axis=1)  # (n, 6)
    return 100 * latents["longitudinal"][:, None] * weights / weights.mean(axis=1, keepdims=True)


def modes_at(weights: np.ndarray, levels: np.ndarray, angle: float) -> np.ndarray:
    """The contraction modes on one meridian, ``(n, levels)``."""
    w = weights.T[:, :, None]  # (5, n, 1)
    flat = w[0] * np.cos(angle) + w[1] * np.sin(angle) + w[2] * np.cos(2 * angle) + w[4] * np.sin(2 * angle)
    return flat + w[3] * (2 * levels - 1)


def true_indices(anatomy: Anatomy) -> np.ndarray:
    """The 82 indices of the geometry itself, float64 ``(n, 82)``."""
    latents = anatomy.latents
    wall = Wall.of(anatomy, LEVEL_GRID, ANGLE_GRID)
    one = np.ones((len(anatomy.length), 1, 1))
    inner, outer = wall.move(one, stretch(latents, one))
    middle, middle0 = inner + outer, 2 * wall.radius + wall.thickness
    primary = {
        "lv_edv": lv_volume(anatomy, np.zeros((len(one), 1)))[:, 0],
        "lv_esv": lv_volume(anatomy, np.ones((len(one), 1)))[:, 0],
        "lv_mass": latents["lv_mass"],
        "rv_edv": latents["rv_edv"],
        "rv_esv": latents["rv_edv"] * (1 - latents["rv_ef"]),
    }
    for atrium in ("la", "ra"):
        primary[f"{atrium}_max"] = latents[f"{atrium}_max"]
        primary[f"{atrium}_min"] = latents[f"{atrium}_max"] * (1 - latents[f"{atrium}_ef"])
    for short, name in (("aao", "ascending"), ("dao", "descending")):
        area = latents[f"{name}_area"]
        primary[f"{short}_min_area"] = area
        swing = latents[f"{name}_distensibility"] * 1e-3 * latents["pulse_pressure"]
        primary[f"{short}_max_area"] = area * (1 + swing)
    thickness = segment_means(10 * wall.thickness)
    circumferential = 100 * (segment_means(middle) / segment_means(middle0) - 1)
    radial = 100 * (segment_means(outer - inner) / segment_means(wall.thickness) - 1)
    return assemble(latents, primary, thickness, circumferential, radial, longitudinal_segments(anatomy))


def assemble(
    latents: Latents, primary: dict[str, np.ndarray], thickness: np.ndarray, circumferential: np.ndarray,
    radial: np.ndarray, longitudinal: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """All 82 indices from the independent ones, by their definitions, so that the recorded ones agree too."""
    values = dict(primary)
    for side in ("lv", "rv"):
        values[f"{side}_sv"] = values[f"{side}_edv"] - values[f"{side}_esv"]
        values[f"{side}_ef"] = 100 * values[f"{side}_sv"] / values[f"{side}_edv"]
    values["lv_co"] = values["lv_sv"] * latents["heart_rate"] / 1000
    for atrium in ("la", "ra"):
        values[f"{atrium}_sv"] = values[f"{atrium}_max"] - values[f"{atrium}_min"]
        values[f"{atrium}_ef"] = 100 * values[f"{atrium}_sv"] / values[f"{atrium}_max"]
    for short in ("aao", "dao"):
        largest, smallest = values[f"{short}_max_area"], values[f"{short}_min_area"]
        values[f"{short}_distensibility"] = (
            1e3 * (largest - smallest) / (smallest * latents["pulse_pressure"])
        )
    for name, segments in (
        ("wall_thickness", thickness), ("ecc", circumferential), ("err", radial), ("ell", longitudinal),
    ):  # fmt: skip
        for k in range(segments.shape[1]):
            values[f"{name}_{k + 1}"] = segments[:, k]
        values[f"{name}_global"] = segments.mean(axis=1)
    return np.stack([values[name] for name in INDEX_NAMES], axis=1)


@lru_cache(maxsize=1)
def healthy_spread() -> np.ndarray:
    """Standard deviation of each true index in 1,500 healthy hearts of a fixed design seed, ``(82,)``."""
    hearts = draw_hearts(range(1_500), site("ukb", "enriched"), "ukb", 20_001, {"condition": "none"})
    return true_indices(hearts).std(axis=0)


def recorded_indices(anatomy: Anatomy, truth: np.ndarray, draws: Draws) -> np.ndarray:
    """The indices as an analyst would record them: truth + error of the declared reliability, ``(n, 82)``."""
    spread = healthy_spread()

    def error(kind: str, name: str) -> float:
        reliability = RELIABILITY[kind]
        return spread[POSITION[name]] * np.sqrt(1 / reliability - 1)

    def noisy(name: str, noise: np.ndarray) -> np.ndarray:
        return truth[:, POSITION[name]] + error(name, name) * noise

    primary = {"lv_mass": noisy("lv_mass", draws.normal())}
    for first, second in (
        ("lv_edv", "lv_esv"),
        ("rv_edv", "rv_esv"),
        ("la_max", "la_min"),
        ("ra_max", "ra_min"),
    ):
        shared, own = draws.normal(), draws.normal()
        primary[first] = noisy(first, shared)
        both = noisy(second, PAIRED_ERROR * shared + np.sqrt(1 - PAIRED_ERROR**2) * own)
        primary[second] = np.clip(both, 0.12 * primary[first], 0.97 * primary[first])
    for short in ("aao", "dao"):
        smallest = truth[:, POSITION[f"{short}_min_area"]]
        common = error("area", f"{short}_min_area") * draws.normal()
        distensibility = truth[:, POSITION[f"{short}_distensibility"]]
        slip = error("distensibility", f"{short}_distensibility") * draws.normal()
        primary[f"{short}_min_area"] = smallest + common
        swing = np.maximum(distensibility + slip, 0.05) * 1e-3 * anatomy.latents["pulse_pressure"]
        primary[f"{short}_max_area"] = primary[f"{short}_min_area"] * (1 + swing)
    segments = {}
    for kind, count in (("wall_thickness", 16), ("ecc", 16), ("err", 16), ("ell", 6)):
        names = [f"{kind}_{k + 1}" for k in range(count)]
        scale = np.array([error(kind, name) for name in names])
        segments[kind] = truth[:, [POSITION[name] for name in names]] + scale * draws.normal(count)
    segments["wall_thickness"] = np.maximum(segments["wall_thickness"], 1.0)
    return assemble(
        anatomy.latents, primary, *(segments[kind] for kind in ("wall_thickness", "ecc", "err", "ell"))
    )
