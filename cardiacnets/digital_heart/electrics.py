"""One heartbeat of electricity: dipoles of the walls activate and recover, the torso makes potentials of
them.

Sources: 16 left-ventricular segments, 4 right-ventricular ones, 2 atria. Activation follows Durrer et al.
1970 (10.1161/01.CIR.41.6.899), stretched by size over conduction velocity. Times in ms from the start of the
QRS.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cardiacnets.contracts import ECG_RATE
from cardiacnets.digital_heart.anatomy import ANGLE_GRID, LEVEL_GRID, SEPTUM, Anatomy
from cardiacnets.digital_heart.indices import SEGMENTS, segment_means
from cardiacnets.digital_heart.latents import Latents, columns
from cardiacnets.digital_heart.motion import Wall
from cardiacnets.digital_heart.torso import HEART_CENTRE, electrodes, heart_axes, lead_field, unit

BEAT_START, BEAT_SAMPLES = -180, 500
"""First sample of the beat against the start of the QRS, and its length, at 500 Hz (-360 to +640 ms)."""

BEAT_TIMES = (np.arange(BEAT_SAMPLES) + BEAT_START) * 1000.0 / ECG_RATE  # ms
MILLIVOLT = 0.00060
"""Potential of a unit dipole moment: one calibration for all hearts."""

AREA_POWER, WALL_POWER, USUAL_AREA = 0.70, 0.35, 22.0
"""How the moment of a segment grows with its area (radius times length, usually 22 cm2) and its wall: less
than in proportion, for fronts that face each other cancel.
"""

BMI_LOSS, TORSO_LOSS = 0.15, 0.40
"""What five units of body-mass index take from the logarithm of every voltage, and the power of body surface
that divides it: fat insulates, and a larger chest is further away.
"""

_MASKS = [np.nonzero(SEGMENTS == k) for k in range(1, 17)]
SEGMENT_LEVEL = np.array([LEVEL_GRID[0, rows, 0].mean() for rows, _ in _MASKS])
SEGMENT_ANGLE = np.array([np.angle(np.exp(1j * ANGLE_GRID[0, 0, columns]).mean()) for _, columns in _MASKS])
SEGMENT_SHARE = np.array([len(rows) for rows, _ in _MASKS]) * (432 / SEGMENTS.size)
SEPTAL = np.cos(SEGMENT_ANGLE - SEPTUM) > 0.45
ACTIVATION = np.array([34, 28, 34, 48, 56, 46, 28, 22, 24, 34, 45, 37, 25, 20, 26, 32], float)
"""When each AHA segment activates, ms: septum and apex first, the posterobasal wall last."""

EARLY = np.zeros(16)
EARLY[[1, 2, 7, 8, 13]] = 0.06, 0.04, 0.58, 0.10, 0.14
"""Left-to-right share of the septum's first activation, strongest in its anterior half."""

FORWARD = unit(np.array([0.25, 0.10, -0.95]))
RV_LEVEL = np.array([0.10, 0.45, 0.55, 0.80])
RV_ANGLE = np.deg2rad([62.0, 58.0, 112.0, 88.0])
RV_ACTIVATION = np.array([58.0, 30.0, 38.0, 24.0])
RV_SHARE = np.array([0.55, 0.8, 0.7, 0.5])


@dataclass(frozen=True)
class Dipoles:
    """Sources in the chest: ``place`` and unit ``direction`` ``(n, K, 3)``, ``course`` their moment ``(n, K,
    T)``.
    """

    place: np.ndarray
    direction: np.ndarray
    course: np.ndarray


def bell(centre: np.ndarray, width: np.ndarray) -> np.ndarray:
    """Gaussian pulses ``(n, K, T)`` of height one around ``centre`` with ``width``, both ``(n, K)`` ms."""
    return np.exp(-0.5 * ((BEAT_TIMES - centre[:, :, None]) / width[:, :, None]) ** 2)


def step(start: np.ndarray, width: float) -> np.ndarray:
    """Smooth steps ``(n, K, T)`` from 0 to 1 at ``start (n, K)`` ms."""
    return 1 / (1 + np.exp(-np.clip((BEAT_TIMES - start[:, :, None]) / width, -40, 40)))


def recovery(peak: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Asymmetric bells ``(n, K, T)``: the T wave climbs slowly and falls fast."""
    offset = BEAT_TIMES - peak[:, :, None]
    width = np.where(offset < 0, 54.0, 40.0) * scale[:, :, None]
    return np.exp(-0.5 * (offset / width) ** 2)


def qt_interval(latents: Latents) -> np.ndarray:
    """QT, ms ``(n,)``: QTc RR^(1/3) (Fridericia), longer where the QRS is."""
    cycle = 60 / latents["heart_rate"]
    return latents["qtc"] * cycle ** (1 / 3) + 22 * latents["left_block"] + 35 * latents["paced"]


def ventricles(anatomy: Anatomy) -> list[Dipoles]:
    """The left ventricle's activation and recovery dipoles, and the right ventricle's."""
    latents = anatomy.latents
    long, anterior, septal = heart_axes(latents)
    centre = HEART_CENTRE + latents["position"] * [0.8, 1.0, 0.7]
    wall = Wall.of(anatomy, LEVEL_GRID, ANGLE_GRID)
    radius = segment_means(wall.radius + 0.5 * wall.thickness)
    thick = segment_means(wall.thickness)
    scar = segment_means(anatomy.scar(LEVEL_GRID, ANGLE_GRID))
    length = anatomy.length[:, None]
    size = 1.10 * (length / 9.2) ** 0.42 / latents["conduction"][:, None]  # (n, 1)
    block, paced = latents["left_block"][:, None], latents["paced"][:, None]

    normal = (
        np.cos(SEGMENT_ANGLE)[:, None] * anterior[:, None, :]
        + np.sin(SEGMENT_ANGLE)[:, None] * septal[:, None, :]
    )  # (n, 16, 3)
    place = centre[:, None] + (SEGMENT_LEVEL - 0.35)[:, None] * length[:, :, None] * long[:, None, :]
    place = place + radius[:, :, None] * normal
    climb = 1.15 * (
        SEGMENT_LEVEL - 0.13
    )  # apex-to-base spread: early apical forces forward, late basal ones back
    direction = unit(normal + climb[:, None] * long[:, None, :])
    direction = np.where(
        (block + paced > 0)[:, :, None], unit(normal + spreading(long, septal, climb, paced)), direction
    )
    area = USUAL_AREA * (radius * length / USUAL_AREA) ** AREA_POWER
    moment = SEGMENT_SHARE * area * (thick / 0.6) ** WALL_POWER * (1 - scar)
    moment = moment * np.exp(wall_modes(latents["source_modes"]) + columns(latents["source_strength"]))

    away = 1 - np.cos(SEGMENT_ANGLE - SEPTUM)  # 0 at the septum, 2 at the free wall
    scattered = latents["fragmentation"][:, None] * columns(latents["activation_delay"])
    ordinary = ACTIVATION * size + 3.5 * thick / 0.55 + wall_modes(latents["activation_modes"]) + scattered
    blocked = (38 + 34 * away + 8 * (0.7 - SEGMENT_LEVEL)) * size
    from_pacer = (30 + 30 * away + 90 * (0.95 - SEGMENT_LEVEL)) * size
    when = np.where(paced > 0, from_pacer, np.where(block > 0, blocked, ordinary))
    width = 5.5 * size + 2.8 * thick / 0.55 + 9 * block + 11 * paced
    wide = np.maximum(block, paced)
    pulse = bell(when, width)
    early = bell(np.full_like(when, 9.0) * size, np.full_like(when, 5.0) * size)
    through = np.where(wide > 0, -1.0, -0.30)[:, :, None] * pulse
    first = EARLY * np.maximum(thick / 0.75, 1) ** 0.5  # a thick septum makes a deep q
    first = first * latents["septal_force"][:, None]
    septum = (first * (1 - wide))[:, :, None] * early + through
    course = np.where(SEPTAL[None, :, None], septum, pulse) * moment[:, :, None]
    course *= (1 - 0.2 * wide)[:, :, None]  # a wave that creeps from cell to cell has a smaller front

    interval = qt_interval(latents)[:, None]
    peak = interval - 88 + 0.25 * (when - 35) + columns(latents["recovery_delay"])
    sign, gradient = repolarisation(latents, thick, scar)
    share = np.where(SEPTAL, 0.07, 0.105)
    living = moment / np.maximum(1 - scar, 0.05)
    wave = recovery(peak, interval / 400 * np.ones_like(peak))
    height = share * living * latents["t_gain"][:, None] * sign * gradient
    ends = 92 * size * (1 + 0.35 * wide)
    plateau = step((ends + 8) * np.ones_like(when), 9.0) * (1 - step(peak - 20, 22.0))
    # injury and strain currents arise in the free wall: the septum has no epicardium
    elevation = (latents["st_elevation"] - 0.05 * latents["strain"])[:, None] * ~SEPTAL
    sloped = (moment * 0.9 * elevation)[:, :, None] * plateau
    forward = 0.9 * long + np.array([0.38, -0.60, -0.30]) + latents["t_vector"][:, None] * anterior
    recovering = unit(0.45 * direction + forward[:, None, :])
    groups = [
        Dipoles(place, direction, course + height[:, :, None] * wave + sloped),
        Dipoles(place, recovering, 0.60 * height[:, :, None] * wave),
        _right_ventricle(anatomy, centre, (long, anterior, septal), size, interval),
        _early_repolarisation(latents, centre, ends, peak.mean(axis=1, keepdims=True)),
    ]
    return [turned(group, latents["electrical_turn"]) for group in groups]


def wall_modes(weights: np.ndarray) -> np.ndarray:
    """Front to back, septum to free wall, base to apex: ``(n, 3)`` weights to ``(n, 16)`` segments."""
    patterns = np.stack([np.cos(SEGMENT_ANGLE), np.sin(SEGMENT_ANGLE), 2 * SEGMENT_LEVEL - 1])
    # summed by hand: a matrix product's last digit would depend on how many participants there are
    return (columns(weights)[:, :, None] * patterns).sum(axis=1)


def turned(dipoles: Dipoles, turn: np.ndarray) -> Dipoles:
    """Forces turned by small rotation vectors, radians ``(n, 3)``, where they are: places stay."""
    axis = np.broadcast_to(columns(turn), (len(turn), 3))[:, None, :]
    direction = unit(dipoles.direction + np.cross(axis, dipoles.direction))
    return Dipoles(dipoles.place, direction, dipoles.course)


def _early_repolarisation(latents: Latents, centre: np.ndarray, end: np.ndarray, peak: np.ndarray) -> Dipoles:
    """One dipole to the front and left from the end of the QRS into the T wave: it lifts the J point in V1 to
    V4, in V2 by about ``early_repolarisation`` mV; block and pacing hide it.
    """
    ordinary = (1 - latents["left_block"]) * (1 - latents["paced"])
    course = step(end + 4, 14.0) * (1 - step(peak - 20, 22.0))
    course = 3000 * (latents["early_repolarisation"] * ordinary)[:, None, None] * course
    return Dipoles(centre[:, None], np.broadcast_to(FORWARD, (len(centre), 1, 3)), course)


def spreading(long: np.ndarray, septal: np.ndarray, climb: np.ndarray, paced: np.ndarray) -> np.ndarray:
    """What joins the outward normals, ``(n, 16, 3)``, when the wave crosses the ventricle from the right.

    It then runs along the wall, from the septum around to the free wall, and from a pacing lead in the right
    ventricle's apex up to the base. The septum is crossed from right to left, which its negative sign says.
    """
    around_wall = -0.6 * np.sin(SEGMENT_ANGLE - SEPTUM)[:, None] ** 2 * septal[:, None, :]
    lengthwise = np.where(paced > 0, -0.6, climb)[:, :, None] * long[:, None, :]
    return np.where(SEPTAL[:, None], -1.0, 1.0) * (around_wall + lengthwise)


def repolarisation(latents: Latents, thick: np.ndarray, scar: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sign and gradient of each segment's T wave, ``(n, 16)``: 1 - 1.5 strain - 2.2 scar, against the QRS in
    block.

    Strain is the hypertrophied wall's own, where it is thick, or the ventricle's; both with their penetrance.
    """
    local = np.clip((thick - 0.90) / 0.35, 0, 3.0) * latents["strain_penetrance"][:, None]
    local = local * (latents["amyloid"] == 0)[:, None] * np.where(SEPTAL & (SEGMENT_LEVEL < 0.6), 0.35, 1.0)
    strain = np.maximum(latents["strain"][:, None] * np.where(SEPTAL, 0.3, 1.0), local)
    wide = np.maximum(latents["left_block"], latents["paced"])[:, None]
    territory = np.exp(3 * (np.cos(SEGMENT_ANGLE - latents["scar_angle"][:, None]) - 1))
    sign = 1 - 1.5 * strain - 2.2 * scar - 1.6 * latents["ischaemia"][:, None] * territory
    sign = sign - 1.7 * wide * np.where(SEPTAL, 0.0, 1.0)
    slope = latents["repolarisation"]
    gradient = 1 + slope[:, :1] * np.cos(SEGMENT_ANGLE) + slope[:, 1:2] * np.sin(SEGMENT_ANGLE)
    gradient = gradient + slope[:, 2:] * (2 * SEGMENT_LEVEL - 1)
    return sign, gradient + columns(latents["recovery_strength"])


def _right_ventricle(
    anatomy: Anatomy, centre: np.ndarray, axes: tuple[np.ndarray, ...], size: np.ndarray, interval: np.ndarray
) -> Dipoles:
    """Four dipoles of the right-ventricular free wall; hypertrophy makes them strong, late and strained."""
    latents = anatomy.latents
    long, anterior, septal = axes
    hypertrophy = latents["rv_hypertrophy"][:, None]
    normal = np.cos(RV_ANGLE)[:, None] * anterior[:, None, :] + np.sin(RV_ANGLE)[:, None] * septal[:, None, :]
    lift = -0.5 * (RV_LEVEL < 0.2)[:, None] * long[:, None, :]  # the outflow tract points to the base
    direction = unit(normal + lift + np.array([0.0, 0.26, 0.0]))
    place = centre[:, None] + (RV_LEVEL - 0.35)[:, None] * (anatomy.length[:, None, None] * long[:, None, :])
    place = place + (anatomy.radius + 3.0)[:, None, None] * normal
    strength = 235 * RV_SHARE * (latents["rv_edv"][:, None] / 160) ** 0.5 * (1 + 4.9 * hypertrophy)
    strength = strength * latents["right_strength"][:, None]
    right, paced = latents["right_block"][:, None], latents["paced"][:, None]
    late = 8 * hypertrophy + 52 * right
    when = np.where(
        paced > 0, 18 * np.ones_like(RV_ACTIVATION), RV_ACTIVATION * size * (1 + 0.15 * right) + late
    )
    width = (6 * size + 3 * hypertrophy + 8 * right) * np.ones_like(when)
    wave = recovery((interval - 95) * np.ones_like(when), np.ones_like(when))
    height = (
        0.10 * strength * (1 - 2.2 * np.minimum(hypertrophy, 1) - 1.8 * right) * latents["t_gain"][:, None]
    )
    plateau = step(100 * size * np.ones_like(when), 9.0) * (
        1 - step((interval - 108) * np.ones_like(when), 22.0)
    )
    injury = (0.9 * strength * latents["st_elevation"][:, None])[:, :, None] * plateau
    course = (strength * (1 + 1.6 * right))[:, :, None] * bell(when, width) + height[:, :, None] * wave
    return Dipoles(place, direction, course + injury)


def atria(anatomy: Anatomy) -> Dipoles:
    """Right then left atrium, and the PR depression of an inflamed atrial pericardium; silent in
    fibrillation.
    """
    latents = anatomy.latents
    long, _, septal = heart_axes(latents)
    centre = HEART_CENTRE + latents["position"] * [0.8, 1.0, 0.7]
    length = anatomy.length[:, None]
    right, left = latents["ra_max"] / 80, latents["la_max"] / 68
    slow = 1 / latents["atrial_conduction"]
    start = -latents["pr"]
    back = np.array([0.0, 0.0, 2.5])
    place = np.stack(
        [centre - 0.55 * length * long + 2.5 * septal, centre - 0.75 * length * long - septal + back, centre],
        axis=1,
    )
    turn = columns(latents["atrial_turn"])
    right_way = unit(-0.35 * septal + np.array([0.10, 0.8, -0.45]) + turn)
    left_way = unit(np.array([1.0, 0.45, 0.65]) + turn + np.zeros((len(septal), 3)))
    direction = np.stack([right_way, left_way, -long], axis=1)
    when = np.stack([start + 34 * slow * right**0.12, start + 70 * slow * left**0.22], axis=1)
    width = np.stack([18.0 * slow * right**0.12, 18.5 * slow * left**0.22], axis=1)
    beating = latents["p_gain"] * (1 - latents["fibrillation"])
    height = np.stack([215 * beating * right**0.6, 190 * beating * left**0.6], axis=1)
    edge = start[:, None] + 110
    dip = step(edge, 8.0) * (1 - step(np.full_like(edge, -4.0), 4.0))
    dip = (450 * latents["st_elevation"] * (1 - latents["fibrillation"]))[:, None, None] * dip
    return Dipoles(place, direction, np.concatenate([height[:, :, None] * bell(when, width), dip], axis=1))


def beat_potentials(anatomy: Anatomy) -> np.ndarray:
    """Noise-free potentials of one beat at the nine electrodes, mV ``(n, 9, BEAT_SAMPLES)``."""
    latents = anatomy.latents
    places = electrodes(latents)
    total = np.zeros((len(places), 9, BEAT_SAMPLES))
    for group in [*ventricles(anatomy), atria(anatomy)]:
        weights = np.einsum("neki,nki->nek", lead_field(places, group.place), group.direction)
        total += weights @ group.course
    fluid = 1 - 0.45 * np.minimum(latents["effusion"], 1)
    attenuation = np.exp(-BMI_LOSS * (latents["bmi"] - 26) / 5) * latents["gain"] * fluid
    attenuation = attenuation * (latents["bsa"] / 1.87) ** -TORSO_LOSS
    return MILLIVOLT * (attenuation[:, None] * columns(latents["electrode_gain"]))[:, :, None] * total
