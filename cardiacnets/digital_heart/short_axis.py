"""The mid-ventricular short-axis cine: anterior up, septum and right ventricle to the left of the picture."""

from __future__ import annotations

import numpy as np

from cardiacnets.contracts import SAX_PIXELS
from cardiacnets.digital_heart import imaging
from cardiacnets.digital_heart.anatomy import Anatomy
from cardiacnets.digital_heart.imaging import LV, MYOCARDIUM, RV, Canvas, blend, paint, polar_shape, soft
from cardiacnets.digital_heart.motion import apex_distance, plane_levels, state

PAPILLARIES = ((-58.0, 0.46), (-150.0, 0.43))
"""Anterolateral and posteromedial papillary muscle: angle (degrees), radius (cm)."""


def contours(anatomy: Anatomy, times: np.ndarray, height: np.ndarray) -> dict[str, np.ndarray]:
    """Radii ``(n, T, ANGLE_BINS)`` cm of the walls cut by planes ``height (n,)`` cm above the apex, fixed in
    space.
    """
    s = np.clip(plane_levels(anatomy, times, height), 0.02, 0.98)[:, :, None]
    return state(anatomy, times, s, imaging.BIN_ANGLES[None, None, :])


def render(
    anatomy: Anatomy, times: np.ndarray, streams: list[np.random.Generator], towards_base: float = 0.0,
    noise: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Short-axis cines and label maps, uint8 ``(n, T, 80, 80)``; each participant has a stream of scanner
    nuisance.

    ``towards_base`` cm moves the plane from the middle of the ventricle; with the streams of the same
    participants body and scanner stay as they are, and so they do without the scanner's ``noise``.
    """
    level = np.array([0.45 + 0.045 * stream.standard_normal() for stream in streams])
    height = apex_distance(anatomy, level) + 0.2 * np.array([stream.standard_normal() for stream in streams])
    height = height + towards_base
    cut = contours(anatomy, times, height)
    shape = (len(streams), times.shape[1], SAX_PIXELS, SAX_PIXELS)
    pictures, labels = np.empty(shape, np.uint8), np.empty(shape, np.uint8)
    for row, stream in enumerate(streams):
        walls = {name: radii[row].T for name, radii in cut.items()}  # (angles, T)
        pictures[row], labels[row] = _picture(anatomy, row, walls, stream, noise)
    return pictures, labels


def _picture(
    anatomy: Anatomy, row: int, walls: dict[str, np.ndarray], stream: np.random.Generator, noise: bool
) -> tuple[np.ndarray, np.ndarray]:
    """One participant's cine from its wall contours ``(angles, T)``."""
    latents = anatomy.latents
    signal = imaging.tissue_signals(stream)
    inner, outer, right = walls["inner"], walls["outer"], walls["right"]
    frames = inner.shape[1]
    turn = int(np.rint(stream.normal(0, 8) / 360 * imaging.ANGLE_BINS))
    inner, outer, right = (np.roll(radii, turn, axis=0) for radii in (inner, outer, right))
    x, y = imaging.grid(SAX_PIXELS)
    reach = (outer + right)[:, 0]
    sides = (
        reach * np.sin(imaging.BIN_ANGLES),
        reach * np.cos(imaging.BIN_ANGLES),
    )  # left of and above the centre
    middle = [0.5 * (side.max() + side.min()) for side in sides]
    x = x - np.float32(middle[0] + stream.normal(0, 0.25))
    y = y - np.float32(middle[1] + stream.normal(0, 0.25))

    texture = imaging.tissue_texture(stream, SAX_PIXELS)
    background = _surroundings(latents["bmi"][row], x, y, signal, stream) * texture
    canvas = Canvas.of(background, x, y, frames)
    blood = imaging.blood_signal(stream, SAX_PIXELS, frames)
    muscle = (signal["muscle"] * texture).astype(np.float32)

    ragged = sum(
        stream.normal(0, 0.030 / np.sqrt(wave)) * np.cos(wave * imaging.BIN_ANGLES + stream.uniform(0, 6.28))
        for wave in range(3, 11)
    )
    contraction = 1 - inner.mean(axis=0) / inner.mean(axis=0)[0]
    trabeculated = inner * (1 + ragged[:, None] * (0.6 + 1.2 * contraction))
    wall_edge = 1.3 * imaging.PIXEL + 0.25 * imaging.SLICE * 0.35
    hypertrophy = latents["rv_hypertrophy"][row]
    free_wall = (0.20 + 0.45 * hypertrophy) * np.minimum(right / 0.4, 1)
    fluid = 1.6 * latents["effusion"][row] * (1 + 0.35 * np.cos(imaging.BIN_ANGLES + 2.6))[:, None]
    fat = 0.12 + 0.10 * stream.gamma(2) + 0.22 * max(0.0, (latents["bmi"][row] - 26) / 8)
    fat = fat * (1 + 0.7 * np.cos(imaging.BIN_ANGLES - np.deg2rad(50)))[:, None] + 0.25 * np.minimum(right, 1)

    outside = polar_shape(canvas, outer + right + free_wall + fluid + fat)
    paint(canvas, outside, signal["fat"] * 0.85 * texture)
    paint(canvas, polar_shape(canvas, outer + right + free_wall + fluid + 0.09), imaging.INK)
    if fluid.max() > 0.08:
        paint(canvas, polar_shape(canvas, outer + right + free_wall + fluid), signal["fluid"])
    paint(canvas, polar_shape(canvas, outer + right + free_wall), muscle, MYOCARDIUM, blur=wall_edge)
    canvas.labels[canvas.labels == MYOCARDIUM] = (
        imaging.BACKGROUND
    )  # the right ventricle's own wall is not labelled
    rough = 1 + 0.06 * ragged[::-1, None] / 0.05 * np.minimum(right, 1) / np.maximum(outer + right, 1)
    paint(
        canvas,
        polar_shape(canvas, (outer + right) * np.where(right > 0.15, rough, 1)),
        blood * 0.97,
        RV,
        blur=wall_edge,
    )
    paint(canvas, polar_shape(canvas, outer), muscle, MYOCARDIUM, blur=wall_edge)
    paint(canvas, polar_shape(canvas, trabeculated), blood, LV, blur=wall_edge)
    _papillary_muscles(canvas, inner, contraction, muscle, turn, stream)
    return imaging.finish(canvas, SAX_PIXELS, bool(latents["fibrillation"][row]), stream, noise)


def _papillary_muscles(
    canvas: Canvas, inner: np.ndarray, contraction: np.ndarray, muscle: np.ndarray, turn: int,
    stream: np.random.Generator,
) -> None:  # fmt: skip
    """Two papillary muscles that follow the wall; they belong to the cavity in the label maps, as in UK
    Biobank.
    """
    for degrees, radius in PAPILLARIES:
        angle = np.deg2rad(degrees + stream.normal(0, 8)) + turn * 2 * np.pi / imaging.ANGLE_BINS
        where = int((angle + np.pi) / (2 * np.pi) * imaging.ANGLE_BINS) % imaging.ANGLE_BINS
        size = radius * stream.uniform(0.75, 1.25) * (1 + 0.3 * contraction)
        away = np.maximum(inner[where] - 1.05 * size, 0)
        middle = away.mean()
        pixels = np.flatnonzero(
            np.hypot(canvas.x + np.sin(angle) * middle, canvas.y + np.cos(angle) * middle) < size.max() + 1.2
        )
        dx = canvas.x[pixels, None] + (np.sin(angle) * away).astype(np.float32)
        dy = canvas.y[pixels, None] + (np.cos(angle) * away).astype(np.float32)
        along = dx * np.float32(np.sin(angle)) + dy * np.float32(np.cos(angle))
        across = dx * np.float32(np.cos(angle)) - dy * np.float32(np.sin(angle))
        depth = (size - np.sqrt((0.8 * along) ** 2 + (1.15 * across) ** 2)).astype(np.float32)
        inside = canvas.labels[pixels] == LV
        paint(canvas, imaging.Shape(pixels, np.where(inside, depth, np.float32(-1))), muscle, opacity=0.9)


def _surroundings(
    bmi: float, x: np.ndarray, y: np.ndarray, signal: dict[str, float], stream: np.random.Generator
) -> np.ndarray:
    """Lung, chest wall, liver, stomach and descending aorta around the heart, ``(pixels,)``."""
    wave = 0.3 * imaging.smooth_field(stream, SAX_PIXELS, 9.0)
    vessels = np.maximum(imaging.smooth_field(stream, SAX_PIXELS, 2.5) - 1.6, 0)
    picture = signal["lung"] * (1 + 0.3 * wave) + 0.35 * vessels
    picture = blend(picture, soft(y - 0.30 * x - 4.6 - wave, 0.5), signal["liver"])
    picture = blend(picture, soft(x - 1.8 + wave, 0.4) * soft(y - 5.0 - wave, 0.4), 0.55 * signal["spleen"])
    subcutaneous = 5.6 - 0.35 * (bmi - 26) / 8
    chest = -(0.78 * y + 0.62 * x) - wave
    picture = blend(picture, soft(chest - subcutaneous + 0.7, 0.3), signal["muscle"])
    picture = blend(picture, soft(chest - subcutaneous, 0.3), signal["fat"])
    aorta = np.hypot(x - 5.8, y - 5.2)
    picture = blend(picture, soft(1.25 - aorta, 0.3), signal["muscle"])
    return blend(picture, soft(1.1 - aorta, 0.3), 1.02)
