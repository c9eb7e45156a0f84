"""Magnetic resonance of a moving heart: tissue signals, partial volume, coil bias, noise; shared by both
views.

A picture is built pixel-major, ``(pixels, frames)`` float32, so that one pixel's course lies together in
memory and each structure touches only the pixels it can ever reach. Structures are star-shaped contours
``(angles, frames)`` in cm around a fixed centre, painted from back to front with soft edges (partial volume
and point spread).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import ndtri

from cardiacnets.contracts import PIXEL_MM

PIXEL = PIXEL_MM / 10  # cm
SLICE = 0.8  # cm
ANGLE_BINS = 180
BIN_ANGLES = (np.arange(ANGLE_BINS) + 0.5) / ANGLE_BINS * 2 * np.pi - np.pi
INK = 0.12  # signal where fat and water share a pixel and cancel: the dark rim of balanced sequences
BACKGROUND, LV, MYOCARDIUM, RV, LA, RA = range(6)
"""Values of the label maps."""

TISSUES = {  # proton density, T1 ms, T2 ms at 1.5 T (MRXCAT, Wissmann et al. 2014, 10.1186/s12968-014-0063-3)
    "muscle": (80, 900, 50),
    "blood": (95, 1200, 100),
    "fat": (70, 350, 30),
    "liver": (90, 800, 50),
    "spleen": (88, 1100, 60),
    "fluid": (100, 3000, 400),
    "lung": (12, 1200, 30),
}


def bssfp(density: float, t1: float, t2: float, repetition: float, echo: float, flip: float) -> float:
    """Steady-state signal: rho sin(a)(1 - E1) / (1 - (E1 - E2) cos(a) - E1 E2) exp(-TE / T2)."""
    e1, e2 = np.exp(-repetition / t1), np.exp(-repetition / t2)
    steady = np.sin(flip) * (1 - e1) / (1 - (e1 - e2) * np.cos(flip) - e1 * e2)
    return float(density * steady * np.exp(-echo / t2))


def tissue_signals(stream: np.random.Generator) -> dict[str, float]:
    """Signal of each tissue relative to blood for this scan's TR (2.6-3 ms), TE (1.3-1.5 ms) and flip angle
    (~60).

    Fresh blood that flows into the slice is a third brighter than the steady state.
    """
    repetition, flip = stream.uniform(2.6, 3.0), np.deg2rad(stream.normal(60, 3))
    values = {name: bssfp(*tissue, repetition, repetition / 2, flip) for name, tissue in TISSUES.items()}
    blood = values["blood"] * stream.uniform(1.25, 1.45)
    values = {name: value / blood for name, value in values.items()}
    values["fluid"] = min(values["fluid"], 1.15)
    values["fat"] *= 1.25  # coils lie nearest to it
    return values


@lru_cache(maxsize=64)
def _smoother(size: int, grain: float) -> np.ndarray:
    """Matrix ``(size, knots)`` spreading white knots, ``grain`` pixels apart, into a smooth line of unit
    variance.
    """
    knots = np.arange(-grain, size + grain, grain)
    spread = np.exp(-0.5 * ((np.arange(size)[:, None] - knots) / (0.75 * grain)) ** 2)
    return (spread / np.linalg.norm(spread, axis=1, keepdims=True)).astype(np.float32)


def smooth_field(stream: np.random.Generator, size: int, grain: float) -> np.ndarray:
    """A smooth random field of unit variance over the picture, ``(size * size,)``."""
    spread = _smoother(size, grain)
    knots = stream.standard_normal((spread.shape[1], spread.shape[1]), dtype=np.float32)
    return (spread @ knots @ spread.T).ravel()


@dataclass(frozen=True)
class Canvas:
    """A picture in the making: ``x`` to the right and ``y`` down, cm ``(pixels,)``, its ``values`` and
    ``labels``.
    """

    x: np.ndarray
    y: np.ndarray
    values: np.ndarray
    labels: np.ndarray

    @classmethod
    def of(cls, background: np.ndarray, x: np.ndarray, y: np.ndarray, frames: int) -> Canvas:
        """A canvas whose every frame starts as ``background (pixels,)``."""
        values = np.repeat(background.astype(np.float32)[:, None], frames, axis=1)
        return cls(x, y, values, np.zeros(values.shape, np.uint8))


@dataclass(frozen=True)
class Shape:
    """Depth inside a contour: the ``pixels`` it can reach and their ``depth (pixels, frames)`` in cm."""

    pixels: np.ndarray
    depth: np.ndarray


def polar_shape(
    canvas: Canvas, contour: np.ndarray, centre: tuple[float, float] = (0.0, 0.0), margin: float = 0.4,
    slant: np.ndarray | None = None,
) -> Shape:  # fmt: skip
    """Depth of the pixels inside a star-shaped ``contour (ANGLE_BINS, frames)`` of radii around ``centre``.

    Angles are counted as ``BIN_ANGLES`` from -y towards -x. ``slant (ANGLE_BINS,)`` is the cosine between
    radius and edge normal, which turns radial into perpendicular distance.
    """
    dx, dy = canvas.x - np.float32(centre[0]), canvas.y - np.float32(centre[1])
    distance = np.hypot(dx, dy)
    near = np.flatnonzero(distance < contour.max() + margin)
    angle = np.arctan2(-dx[near], -dy[near])
    bins = ((angle + np.pi) * (ANGLE_BINS / (2 * np.pi))).astype(np.intp) % ANGLE_BINS
    reach = contour.max(axis=1)[bins] + margin > distance[near]
    near, bins = near[reach], bins[reach]
    contour = contour.astype(np.float32, copy=False)
    depth = contour[bins]
    depth -= distance[near].astype(np.float32)[:, None]
    if slant is not None:
        depth *= slant.astype(np.float32)[bins][:, None]
    return Shape(near, depth)


def paint(
    canvas: Canvas, shape: Shape, signal: np.ndarray | float, label: int | None = None, grow: float = 0.0,
    blur: float = 1.3 * PIXEL, opacity: np.ndarray | float = 1.0,
) -> None:  # fmt: skip
    """Lay a tissue over what is there: coverage is a ramp ``blur`` cm wide across the edge, moved out by
    ``grow``.

    ``signal``: scalar, per canvas pixel ``(pixels,)`` or ``(pixels, frames)``.
    """
    coverage = shape.depth * np.float32(1 / blur)
    coverage += np.float32(0.5 + grow / blur)
    np.clip(coverage, 0, 1, out=coverage)
    if label is not None:
        part = canvas.labels[shape.pixels]
        part[coverage > 0.5] = label
        canvas.labels[shape.pixels] = part
    if not (np.isscalar(opacity) and opacity == 1.0):
        coverage *= np.asarray(opacity, np.float32)
    under = canvas.values[shape.pixels]
    if np.ndim(signal) == 0:
        change = np.float32(signal) - under
    else:
        over = np.asarray(signal, np.float32)[shape.pixels]
        change = (over[:, None] if over.ndim == 1 else over) - under
    change *= coverage
    under += change
    canvas.values[shape.pixels] = under


def soft(depth: np.ndarray, blur: float = 1.3 * PIXEL) -> np.ndarray:
    """Coverage of a static region from its signed ``depth`` in cm."""
    return np.clip(depth / blur + 0.5, 0, 1)


def blend(under: np.ndarray, coverage: np.ndarray, signal: np.ndarray | float) -> np.ndarray:
    """``signal`` laid over ``under`` with this coverage."""
    return under + coverage * (signal - under)


@lru_cache(maxsize=1)
def _normal_table() -> np.ndarray:
    """Standard normal quantiles of the 65,536 sixteen-bit numbers, float32."""
    return ndtri((np.arange(65_536) + 0.5) / 65_536).astype(np.float32)


def finish(
    canvas: Canvas, size: int, irregular: bool, stream: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Mis-triggering, coil bias, banding, Rician noise, grey levels: uint8 pictures and labels ``(frames,
    size, size)``.

    An ``irregular`` rhythm, or a missed trigger in one scan of twenty, mixes each frame with a later one.

    Rician noise is |signal + n1 + i n2|; both normals come from one draw of 16-bit numbers per pixel, the
    imaginary part half a picture away.
    """
    frames = canvas.values.shape[1]
    missed, strength, snr = stream.random() < 0.05, stream.uniform(0.15, 0.45), stream.uniform(19, 27)
    if irregular or missed:
        later = np.roll(canvas.values, -int(np.ceil(0.06 * frames)) % frames, axis=1)
        canvas.values[...] += np.float32(strength) * (later - canvas.values)
    bias = np.exp(0.15 * smooth_field(stream, size, 30.0))
    if stream.random() < 0.15:  # an off-resonance band near the edge of the shim
        edge = canvas.x * np.cos(angle := stream.uniform(0, 2 * np.pi)) + canvas.y * np.sin(angle)
        bias = bias * (1 - 0.5 * np.exp(-0.5 * ((edge - stream.uniform(5.5, 7.5)) / 0.35) ** 2))
    sigma = 1.0 / snr
    bits = np.frombuffer(stream.bytes(2 * canvas.values.size), dtype=np.uint16)
    noise = _normal_table()[bits].reshape(canvas.values.shape)  # (pixels, frames)
    noise *= np.float32(sigma)
    picture = canvas.values * bias.astype(np.float32)[:, None]
    picture += noise
    picture *= picture
    np.square(noise, out=noise)
    half = len(noise) // 2
    picture[:half] += noise[half : 2 * half]
    picture[half:] += noise[: len(picture) - half]
    np.sqrt(picture, out=picture)
    picture *= np.float32(255 / 1.55)
    np.minimum(picture, 255, out=picture)
    pixels = picture.astype(np.uint8).T.reshape(
        frames, size, size
    )  # (pixels, frames) -> (frames, rows, columns)
    labels = canvas.labels.T.reshape(frames, size, size)
    return np.ascontiguousarray(pixels), np.ascontiguousarray(labels)


def grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Pixel centres of a square picture around its middle, cm: ``x`` right, ``y`` down, each ``(size *
    size,)``.
    """
    axis = ((np.arange(size) + 0.5 - size / 2) * PIXEL).astype(np.float32)
    x, y = np.meshgrid(axis, axis)
    return x.ravel(), y.ravel()
