"""The still heart at end-diastole: a truncated prolate left ventricle and what is moulded on it.

Coordinates: ``s`` in [0, 1] from base to apex, ``theta`` around the long axis in radians, 0 anterior and
growing towards the septum (so +90 degrees is septal and AHA segment ``k`` of the basal ring is centred on
``60 (k - 1)``). Lengths in cm, volumes in ml. Grids are ``(n, levels, angles)``; a leading axis meets
``(n,)`` latents.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cardiacnets.digital_heart.latents import Latents, column

TRUNCATION = 0.5
"""tau: how far above the equator the spheroid is cut, in semi-axes."""

VOLUME_FACTOR = 2 / 3 + TRUNCATION - TRUNCATION**3 / 3
"""Volume of the truncated spheroid over pi R^2 c: the integral of 1 - u^2 from -tau to 1."""

MUSCLE_DENSITY = 1.05  # g/ml
LEVELS, ANGLES = 24, 48
LEVEL_GRID = ((np.arange(LEVELS) + 0.5) / LEVELS)[None, :, None]  # (1, levels, 1)
ANGLE_GRID = ((np.arange(ANGLES) + 0.5) / ANGLES * 2 * np.pi - np.pi)[None, None, :]  # (1, 1, angles)
SEPTUM, RV_CENTRE, RV_HALF_WIDTH = np.deg2rad(90.0), np.deg2rad(88.0), np.deg2rad(82.0)


def cell_volume(length: np.ndarray, levels: int = LEVELS, angles: int = ANGLES) -> np.ndarray:
    """d(theta) dz of one grid cell, ``(n, 1, 1)``: the measure of the integrals over the wall."""
    return column(length) / levels * (2 * np.pi / angles)


def profile(s: np.ndarray) -> np.ndarray:
    """Short-axis radius over the equatorial one: sqrt(1 - u^2), u = -tau + (1 + tau) s."""
    u = -TRUNCATION + (1 + TRUNCATION) * s
    return np.sqrt(np.maximum(1 - u**2, 0))


def around(theta: np.ndarray, centre: np.ndarray | float, sharpness: float) -> np.ndarray:
    """A periodic bump of height one at ``centre``: exp(k (cos(theta - centre) - 1))."""
    return np.exp(sharpness * (np.cos(theta - centre) - 1))


def modes(weights: np.ndarray, s: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Five smooth patterns over the wall, weighted per participant; ``weights (n, 5)``."""
    w = weights.T[:, :, None, None]  # (5, n, 1, 1)
    first = w[0] * np.cos(theta) + w[1] * np.sin(theta)
    return first + w[2] * np.cos(2 * theta) + w[3] * (2 * s - 1) + w[4] * np.sin(2 * theta)


@dataclass(frozen=True)
class Anatomy:
    """Left ventricles at end-diastole: ``length`` base to apex, equatorial ``radius``, wall scale; each
    ``(n,)`` cm.
    """

    latents: Latents
    length: np.ndarray
    radius: np.ndarray
    wall: np.ndarray

    def scar(self, s: np.ndarray, theta: np.ndarray) -> np.ndarray:
        """Share of the wall that is scar, 0 to 0.95."""
        angle, level, depth = (column(self.latents[f"scar_{name}"]) for name in ("angle", "level", "depth"))
        territory = around(theta, angle, 2.4) * np.exp(-0.5 * ((s - level) / 0.30) ** 2)
        return depth * np.minimum(1.4 * territory, 1)

    def endocardium(self, s: np.ndarray, theta: np.ndarray) -> np.ndarray:
        """Radius of the cavity, cm; a loaded right ventricle dents it from the septum at equal volume."""
        return column(self.radius) * profile(s) * dent(self.latents["septal_flattening"], theta)

    def thickness(self, s: np.ndarray, theta: np.ndarray) -> np.ndarray:
        """Thickness of the wall along the short-axis radius, cm."""
        return column(self.wall) * wall_pattern(self.latents, s, theta, self.scar(s, theta))

    def shortening(self, s: np.ndarray, theta: np.ndarray) -> np.ndarray:
        """Endocardial radial shortening at end-systole, a fraction; scar does not contract."""
        latents = self.latents
        pattern = (0.94 + 0.16 * s) * (1 + modes(latents["contraction_modes"], s, theta))
        dyssynchrony = 1 - 0.35 * column(latents["left_block"]) * np.maximum(np.cos(theta - SEPTUM), 0)
        squeeze = column(latents["shortening"]) * pattern * dyssynchrony * (1 - 1.05 * self.scar(s, theta))
        pushed = 0.10 * column(latents["septal_flattening"]) * around(theta, SEPTUM, 3.0)
        return np.clip(squeeze + pushed, -0.08, 0.6)


def dent(flattening: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Shape of the cavity's cross-section, mean square one, ``(n, 1, angles)``."""
    shape = 1 - 0.32 * column(flattening) * around(theta, SEPTUM, 4.0)
    full = 1 - 0.32 * column(flattening) * around(ANGLE_GRID, SEPTUM, 4.0)
    return shape / np.sqrt((full**2).mean(axis=-1, keepdims=True))


def wall_pattern(latents: Latents, s: np.ndarray, theta: np.ndarray, scar: np.ndarray) -> np.ndarray:
    """Relative wall thickness: thicker at the septum, thinner at the apex, bumps of hypertrophy, thinned by
    scar.
    """
    pattern = (1 + 0.10 * np.cos(theta - np.deg2rad(100))) * (1.00 - 0.16 * s**2)
    pattern = pattern * (1 + modes(latents["thickness_modes"], s, theta))
    pattern = pattern * (
        1 + column(latents["septal_bump"]) * around(theta, np.deg2rad(85), 2.2) * (1.1 - 0.5 * s)
    )
    pattern = pattern * (1 + column(latents["apical_bump"]) / (1 + np.exp(-(s - 0.66) / 0.07)))
    return pattern * (1 - 0.45 * scar)


def build(latents: Latents) -> Anatomy:
    """The left ventricles whose end-diastolic volume and mass are exactly the latents'.

    EDV = pi R^2 c (2/3 + tau - tau^3/3) gives R, and the mass fixes the wall scale h0 through
    1/2 sum dtheta dz [(r + h)^2 - r^2] = mass / 1.05 with h = h0 pattern: a quadratic in h0.
    """
    male = latents["sex"]
    volume = latents["lv_edv"]
    length = (
        (9.05 + 0.55 * male)
        * (volume / np.where(male > 0, 160, 124)) ** (1 / 3)
        * np.exp(latents["sphericity"])
    )
    radius = np.sqrt(volume / (np.pi * length / (1 + TRUNCATION) * VOLUME_FACTOR))
    bare = Anatomy(latents, length, radius, np.ones_like(length))
    pattern = bare.thickness(LEVEL_GRID, ANGLE_GRID)
    cell = cell_volume(length)
    square = (0.5 * pattern**2 * cell).sum((1, 2))
    linear = (bare.endocardium(LEVEL_GRID, ANGLE_GRID) * pattern * cell).sum((1, 2))
    muscle = latents["lv_mass"] / MUSCLE_DENSITY
    wall = (-linear + np.sqrt(linear**2 + 4 * square * muscle)) / (2 * square)
    return Anatomy(latents, length, radius, wall)


def crescent(s: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Depth of the right ventricle over its greatest one: zero at the insertions and towards the apex."""
    edge = np.cos(RV_HALF_WIDTH)
    width = np.maximum((np.cos(theta - RV_CENTRE) - edge) / (1 - edge), 0) ** 0.8
    return width * np.sqrt(np.maximum(1 - (s / 0.93) ** 2.4, 0))
