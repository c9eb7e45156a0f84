"""The four-chamber cine: apex up and to the left of the middle, right heart to the left, atria below the
valves.

Heart coordinates in the plane: ``u`` cm towards the free wall of the left ventricle, ``w`` cm from its apex
towards the base; the apex is fixed in space and the valve plane moves, as it does in people.
"""

from __future__ import annotations

import numpy as np

from cardiacnets.contracts import LAX_PIXELS
from cardiacnets.digital_heart import imaging
from cardiacnets.digital_heart.anatomy import Anatomy, crescent
from cardiacnets.digital_heart.imaging import (
    LA,
    LV,
    MYOCARDIUM,
    RA,
    RV,
    Canvas,
    Shape,
    blend,
    paint,
    polar_shape,
    soft,
)
from cardiacnets.digital_heart.motion import Wall, activation, rv_depth, stretch, systolic_time, volumes

SEPTAL_ANGLE, LATERAL_ANGLE = np.deg2rad(98.0), np.deg2rad(-78.0)
POINTS = 40
MATERIAL = np.sin(np.linspace(0, np.pi / 2, POINTS))  # s from base to apex, dense where the wall bends


def outlines(anatomy: Anatomy, times: np.ndarray) -> dict[str, np.ndarray]:
    """Half-widths of the walls ``(n, T, POINTS)``, right-ventricular depth, ventricular length and atrial
    volumes.
    """
    latents = anatomy.latents
    a = activation(latents, times)
    lam = stretch(latents, a)
    chambers = volumes(anatomy, times)
    brief = 0.008  # s
    emptier = activation(latents, times + brief) - activation(latents, np.maximum(times - brief, 0))
    filling = -emptier / 0.1  # about 1 at the height of early filling
    result = {
        "length": anatomy.length[:, None] * lam,
        "a": a,
        "filling": filling,
        "diastole": systolic_time(latents) < times,
    }
    s = MATERIAL[None, :, None]
    for name, angle in (("septal", SEPTAL_ANGLE), ("lateral", LATERAL_ANGLE)):
        points = Wall.of(anatomy, s, np.full((1, 1, 1), angle))
        flat = Wall(
            *(np.swapaxes(part, 1, 2) for part in (points.radius, points.thickness, points.shortening))
        )
        result[f"{name}_inner"], result[f"{name}_outer"] = flat.move(a[:, :, None], lam[:, :, None])
    depth = rv_depth(anatomy, a, chambers["rv"])
    result["right"] = depth[:, :, None] * crescent(MATERIAL, SEPTAL_ANGLE)[None, None, :]
    result["la"], result["ra"] = chambers["la"], chambers["ra"]
    return result


def polar(u: np.ndarray, w: np.ndarray, centre: tuple[float, float]) -> np.ndarray:
    """A closed outline ``(T, points)`` as radii ``(ANGLE_BINS, T)`` around ``centre``, counted like
    ``BIN_ANGLES``.
    """
    du, dw = u - centre[0], w - centre[1]
    angle, radius = np.arctan2(-du, -dw), np.hypot(du, dw)
    order = np.argsort(angle, axis=1)
    angle, radius = np.take_along_axis(angle, order, axis=1), np.take_along_axis(radius, order, axis=1)
    angle = np.concatenate([angle[:, -1:] - 2 * np.pi, angle, angle[:, :1] + 2 * np.pi], axis=1)
    radius = np.concatenate([radius[:, -1:], radius, radius[:, :1]], axis=1)
    rows = [np.interp(imaging.BIN_ANGLES, *frame) for frame in zip(angle, radius, strict=True)]
    return np.stack(rows, axis=1).astype(np.float32)


def slant(contour: np.ndarray) -> np.ndarray:
    """Cosine between radius and edge normal of a mean contour, ``(ANGLE_BINS,)``: 1 / sqrt(1 + (r'/r)^2)."""
    mean = contour.mean(axis=1)
    slope = (np.roll(mean, -1) - np.roll(mean, 1)) / (4 * np.pi / len(mean)) / mean
    return np.maximum(1 / np.sqrt(1 + slope**2), 0.55)


def render(
    anatomy: Anatomy, times: np.ndarray, streams: list[np.random.Generator], noise: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Four-chamber cines and label maps, uint8 ``(n, T, 96, 96)``; each participant has its own stream, and
    without the scanner's ``noise`` all else is the same.
    """
    lines = outlines(anatomy, times)
    shape = (len(streams), times.shape[1], LAX_PIXELS, LAX_PIXELS)
    pictures, labels = np.empty(shape, np.uint8), np.empty(shape, np.uint8)
    for row, stream in enumerate(streams):
        own = {name: line[row] for name, line in lines.items()}
        pictures[row], labels[row] = _picture(anatomy, row, own, stream, noise)
    return pictures, labels


def _atrium(volume: np.ndarray, base: np.ndarray, back: float) -> tuple[np.ndarray, np.ndarray]:
    """Semi-axes, cm ``(T,)``, of an ellipsoid 4 pi / 3 a b^2 between the valve plane and a fixed back."""
    long = np.maximum((back - base) / 2, 0.6)
    return long, np.sqrt(3 * volume / (4 * np.pi * long))


def _ellipse(
    u: np.ndarray, w: np.ndarray, across: np.ndarray, along: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Outline ``(T, 48)`` of ellipses centred on ``u, w``, slightly squared, as atria are."""
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    cos, sin = np.cos(angle), np.sin(angle)
    return (
        u[:, None] + across[:, None] * np.sign(cos) * np.abs(cos) ** 0.85,
        w[:, None] + along[:, None] * np.sign(sin) * np.abs(sin) ** 0.85,
    )


def _picture(
    anatomy: Anatomy, row: int, line: dict[str, np.ndarray], stream: np.random.Generator, noise: bool
) -> tuple[np.ndarray, np.ndarray]:
    """One participant's cine from the outlines of its walls."""
    latents = anatomy.latents
    signal = imaging.tissue_signals(stream)
    length = line["length"]
    half = {side: line[f"{side}_inner"][:, 0] for side in ("septal", "lateral")}  # annulus half-widths (T,)
    backs = {
        name: length[0] + 2 * (1.1 * (3 * line[name][0] / (4 * np.pi)) ** (1 / 3)) for name in ("la", "ra")
    }
    px, py = imaging.grid(LAX_PIXELS)
    u, w = _heart_coordinates(px, py, line, max(backs.values()), stream)
    texture = imaging.tissue_texture(stream, LAX_PIXELS)
    background = _surroundings(latents["bmi"][row], px, py, signal, stream) * texture
    canvas = Canvas.of(background, u, w, len(length))
    blood = imaging.blood_signal(stream, LAX_PIXELS, len(length))
    muscle = (signal["muscle"] * texture).astype(np.float32)
    shapes = _ventricles(canvas, line) | _atria(canvas, line, half, backs)
    free_wall = 0.20 + 0.45 * latents["rv_hypertrophy"][row]
    fat = 0.15 + 0.08 * stream.gamma(2) + 0.2 * max(0.0, (latents["bmi"][row] - 26) / 8)
    fluid = 1.3 * latents["effusion"][row]
    _wrap(canvas, shapes, {"lv": 0.0, "rv": free_wall}, fluid, fat, signal, 0.85 * signal["fat"] * texture)
    for name in ("la", "ra"):
        paint(canvas, shapes[name], muscle, grow=0.16)
    paint(canvas, shapes["rv"], muscle, grow=free_wall)
    paint(canvas, shapes["ra"], 0.95 * blood, RA)
    paint(canvas, shapes["la"], 0.98 * blood, LA)
    paint(canvas, shapes["rv"], 0.97 * blood, RV)
    paint(canvas, shapes["lv"], muscle, MYOCARDIUM)
    paint(canvas, shapes["lv blood"], blood, LV)
    _outflow_tract(canvas, half["septal"], length, blood, stream)
    _valves(canvas, line, half, muscle)
    return imaging.finish(canvas, LAX_PIXELS, bool(latents["fibrillation"][row]), stream, noise)


def _heart_coordinates(
    x: np.ndarray, y: np.ndarray, line: dict[str, np.ndarray], lowest: float, stream: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """``u`` and ``w`` of a picture's pixels: the heart lies in the middle, its apex up and to the left."""
    tilt = np.deg2rad(-30 + 7 * stream.standard_normal())
    leftmost = -(line["septal_outer"] + line["right"])[0].max()
    centre_u = 0.5 * (line["lateral_outer"][0].max() + leftmost)
    centre_w = 0.5 * (lowest - 0.4)
    u = (np.cos(tilt) * x + np.sin(tilt) * y + centre_u + stream.normal(0, 0.25)).astype(np.float32)
    w = (-np.sin(tilt) * x + np.cos(tilt) * y + centre_w + stream.normal(0, 0.25)).astype(np.float32)
    return u, w


def _ventricles(canvas: Canvas, line: dict[str, np.ndarray]) -> dict[str, Shape]:
    """``lv`` with its muscle, ``lv blood`` within it, and the blood of ``rv``."""
    length = line["length"]
    centre = (0.0, 0.55 * float(length.mean()))
    position = (1 - MATERIAL)[None, :] * length[:, None]  # (T, POINTS) height above the apex
    cap = 0.8 * line["lateral_outer"][:, -1:]
    top = position - cap * MATERIAL[None, :] ** 6
    outer = polar(*_closed(line["septal_outer"], line["lateral_outer"], top), centre)
    inner = polar(*_closed(line["septal_inner"], line["lateral_inner"], position), centre)
    right_outline, right_centre = _right_outline(line, position, length)
    right = polar(*right_outline, right_centre)
    return {
        "lv": polar_shape(canvas, outer, centre, 2.6, slant(outer)),
        "lv blood": polar_shape(canvas, inner, centre, 0.4, slant(inner)),
        "rv": polar_shape(canvas, right, right_centre, 2.6, slant(right)),
    }


def _atria(
    canvas: Canvas, line: dict[str, np.ndarray], half: dict[str, np.ndarray], backs: dict[str, float]
) -> dict[str, Shape]:
    """``la`` and ``ra``, each between its valve and its fixed back, the left one behind the mitral valve."""
    length = line["length"]
    mitral = 0.5 * (half["lateral"] - half["septal"])
    left_long, left_short = _atrium(line["la"], length, backs["la"])
    right_long, right_short = _atrium(line["ra"], length - 0.3, backs["ra"])
    left_u = np.maximum(mitral, left_short - half["septal"] * 0.75)
    right_u = -np.maximum(
        line["septal_outer"][:, 0] + 0.45 * line["right"][:, 0], half["septal"] * 0.75 + right_short * 0.9
    )
    la_centre = (float(left_u.mean()), float((length + left_long).mean()))
    ra_centre = (float(right_u.mean()), float((length + right_long).mean()) - 0.3)
    left = polar(*_ellipse(left_u, length + 0.92 * left_long, left_short, left_long), la_centre)
    right = polar(*_ellipse(right_u, length - 0.3 + 0.92 * right_long, right_short, right_long), ra_centre)
    return {
        "la": polar_shape(canvas, left, la_centre, 0.8),
        "ra": polar_shape(canvas, right, ra_centre, 0.8),
    }


def _wrap(
    canvas: Canvas, shapes: dict[str, Shape], walls: dict[str, float], fluid: float, fat: float,
    signal: dict[str, float], fatty: np.ndarray,
) -> None:  # fmt: skip
    """What lies around the heart, from outside: fat, the pericardium's dark line, and fluid where there is
    some. ``walls``, ``fluid`` and ``fat`` are thicknesses, cm.
    """
    for name, wall in walls.items():
        paint(canvas, shapes[name], fatty, grow=wall + fluid + fat)
    for name in ("la", "ra"):  # the groove between atria and ventricles
        paint(canvas, shapes[name], fatty, grow=0.45)
    for name, wall in walls.items():
        paint(canvas, shapes[name], imaging.INK, grow=wall + fluid + 0.09)
    if fluid > 0.08:
        for name, wall in walls.items():
            paint(canvas, shapes[name], signal["fluid"], grow=wall + fluid)


def _closed(septal: np.ndarray, lateral: np.ndarray, height: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Outline ``(T, 2 POINTS + 6)``: down the septum, around the apex, up the free wall, along the valve
    plane.
    """
    across = np.linspace(0, 1, 8)[None, 1:-1]
    base = lateral[:, :1] * (1 - across) - septal[:, :1] * across
    u = np.concatenate([-septal, lateral[:, ::-1], base], axis=1)
    w = np.concatenate([height, height[:, ::-1], np.repeat(height[:, :1], across.shape[1], axis=1)], axis=1)
    return u, w


def _right_outline(
    line: dict[str, np.ndarray], position: np.ndarray, length: np.ndarray
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[float, float]]:
    """Outline of the right ventricle, from inside the septum to its free wall, and a centre that sees all of
    it.
    """
    septum = -(line["septal_outer"] - 0.35)
    free = -(line["septal_outer"] + line["right"])
    keep = line["right"][0] > 0.02 * line["right"][0].max()
    septum, free, height = septum[:, keep], free[:, keep], position[:, keep] - 0.25
    across = np.linspace(0, 1, 8)[None, 1:-1]
    base = septum[:, :1] * (1 - across) + free[:, :1] * across
    u = np.concatenate([septum[:, ::-1], base, free], axis=1)
    w = np.concatenate([height[:, ::-1], np.repeat(height[:, :1], across.shape[1], axis=1), height], axis=1)
    centre = (float(0.5 * (septum[:, 0] + free[:, 0]).mean()), float(0.68 * length.mean()))
    return (u, w), centre


def _segment(
    canvas: Canvas, start: tuple[np.ndarray, np.ndarray], end: tuple[np.ndarray, np.ndarray], thickness: float
) -> Shape:
    """Depth inside thin straight leaflets that move: from ``start`` to ``end``, each ``(T,)`` in u and w."""
    middle = (float((start[0] + end[0]).mean() / 2), float((start[1] + end[1]).mean() / 2))
    pixels = np.flatnonzero(np.hypot(canvas.x - middle[0], canvas.y - middle[1]) < 2.6)
    u, w = canvas.x[pixels, None], canvas.y[pixels, None]
    ax, ay = (part.astype(np.float32) for part in start)
    bx, by = ((e - s).astype(np.float32) for e, s in zip(end, start, strict=True))
    share = np.clip(((u - ax) * bx + (w - ay) * by) / (bx**2 + by**2 + np.float32(1e-6)), 0, 1)
    distance = np.sqrt((u - ax - share * bx) ** 2 + (w - ay - share * by) ** 2)
    return Shape(pixels, np.float32(thickness) - distance)


def _valves(
    canvas: Canvas,
    line: dict[str, np.ndarray],
    half: dict[str, np.ndarray],
    muscle: np.ndarray,
) -> None:
    """Mitral and tricuspid leaflets: shut and domed in systole, open towards the ventricle while it fills."""
    base = line["length"]
    opening = np.clip(0.3 * line["diastole"] + 0.7 * line["filling"], 0, 1)
    edges = (-half["septal"], half["lateral"])
    middle = (edges[0] + edges[1]) / 2
    tricuspid = (-(line["septal_outer"][:, 0] + line["right"][:, 0]), -line["septal_outer"][:, 0] + 0.1)
    centre = (tricuspid[0] + tricuspid[1]) / 2
    for (low, high), meet, plane in ((edges, middle, base), (tricuspid, centre, base - 0.3)):
        for hinge in (low, high):
            reach = np.abs(meet - hinge)
            swing = np.sign(meet - hinge)
            tip = (hinge + swing * reach * (1 - 0.75 * opening), plane - reach * (0.10 + 0.85 * opening))
            paint(canvas, _segment(canvas, (hinge, plane), tip, 0.07), muscle, opacity=0.8)


def _outflow_tract(
    canvas: Canvas, septal_half: np.ndarray, base: np.ndarray, blood: np.ndarray, stream: np.random.Generator
) -> None:
    """The aortic root between the atria, seen as far as this plane cuts it, moving with the base."""
    opacity = float(np.clip(stream.normal(0.25, 0.35), 0, 0.9))
    if opacity == 0:
        return
    u, w = -0.55 * septal_half, base + 0.75
    pixels = np.flatnonzero(np.hypot(canvas.x - u.mean(), canvas.y - w.mean()) < 2.8)
    du = canvas.x[pixels, None] - u.astype(np.float32)
    dw = canvas.y[pixels, None] - w.astype(np.float32)
    depth = np.float32(1.05) - np.sqrt((1.15 * du) ** 2 + (0.8 * dw) ** 2)
    paint(canvas, Shape(pixels, depth + np.float32(0.14)), 0.45, opacity=opacity)
    paint(canvas, Shape(pixels, depth), blood, opacity=opacity)


def _surroundings(
    bmi: float, x: np.ndarray, y: np.ndarray, signal: dict[str, float], stream: np.random.Generator
) -> np.ndarray:
    """Lung, chest wall, liver, spine and descending aorta around the heart, ``(pixels,)``, in picture
    coordinates.
    """
    wave = 0.35 * imaging.smooth_field(stream, LAX_PIXELS, 10.0)
    vessels = np.maximum(imaging.smooth_field(stream, LAX_PIXELS, 2.5) - 1.5, 0)
    picture = signal["lung"] * (1 + 0.3 * wave) + 0.35 * vessels
    picture = blend(picture, soft(-x - 6.0 - wave + 0.15 * y, 0.5), signal["liver"])
    chest = -y - 0.15 * x - wave
    wall = 6.6 - 0.4 * (bmi - 26) / 8
    picture = blend(picture, soft(chest - wall + 0.8, 0.3), signal["muscle"])
    picture = blend(picture, soft(chest - wall, 0.3), signal["fat"])
    spine = np.hypot(0.8 * (x + 1.0), y - 9.2)
    picture = blend(picture, soft(2.2 - spine + 0.3 * wave, 0.4), 0.5 * signal["fat"])
    aorta = np.hypot(x - 2.6, y - 7.3)
    picture = blend(picture, soft(1.25 - aorta, 0.3), signal["muscle"])
    return blend(picture, soft(1.1 - aorta, 0.3), 1.02)
