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


def tissue_texture(stream: np.random.Generator, size: int) -> np.ndarray:
    """Fine and coarse speckle of tissue around 1, ``(pixels,)``."""
    return 1 + 0.05 * smooth_field(stream, size, 2.0) + 0.03 * smooth_field(stream, size, 5.0)


def blood_signal(stream: np.random.Generator, size: int, frames: int) -> np.ndarray:
    """Signal of blood around 1, float32 ``(pixels, frames)``: flow makes it shimmer over the beat."""
    field = 0.06 * smooth_field(stream, size, 4.0)
    phase = 2 * np.pi * np.arange(frames) / frames + stream.uniform(0, 6.28)
    return 1 + field[:, None] * np.sin(phase).astype(np.float32)


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
    """Depth inside a moving structure: the ``pixels`` it can reach and their ``depth (pixels, frames)`` in
    cm.
    """

    pixels: np.ndarray
    depth: np.ndarray

    def range(self) -> tuple[np.ndarray, np.ndarray]:
        """Least and greatest depth of each pixel over the frames, ``(pixels,)``."""
        return self.depth.min(axis=1), self.depth.max(axis=1)

    def depths(self, rows: np.ndarray) -> np.ndarray:
        """Depth of these rows of ``pixels``, a new array ``(rows, frames)``."""
        return self.depth[rows]


@dataclass(frozen=True)
class StarShape:
    """The same of a star-shaped contour ``(ANGLE_BINS, frames)``, which is only computed where it is asked
    for: ``distance`` cm of the ``pixels`` from its centre, their angular ``bins``, and the ``slant
    (ANGLE_BINS,)`` between radius and edge normal.
    """

    pixels: np.ndarray
    distance: np.ndarray
    bins: np.ndarray
    contour: np.ndarray
    slant: np.ndarray

    def range(self) -> tuple[np.ndarray, np.ndarray]:
        """As :meth:`Shape.range`, from the contour's extremes."""
        slant = self.slant[self.bins]
        return tuple(
            slant * (radii[self.bins] - self.distance)
            for radii in (self.contour.min(axis=1), self.contour.max(axis=1))
        )

    def depths(self, rows: np.ndarray) -> np.ndarray:
        """As :meth:`Shape.depths`."""
        bins = self.bins[rows]
        depth = self.contour[bins]
        depth -= self.distance[rows, None]
        depth *= self.slant[bins, None]
        return depth


def polar_shape(
    canvas: Canvas, contour: np.ndarray, centre: tuple[float, float] = (0.0, 0.0), margin: float = 0.4,
    slant: np.ndarray | None = None,
) -> StarShape:  # fmt: skip
    """Depth of the pixels inside a star-shaped ``contour (ANGLE_BINS, frames)`` of radii around ``centre``.

    Angles are counted as ``BIN_ANGLES`` from -y towards -x. ``slant (ANGLE_BINS,)`` is the cosine between
    radius and edge normal, which turns radial into perpendicular distance. ``margin`` cm outside the contour
    can still be painted.
    """
    contour = contour.astype(np.float32, copy=False)
    dx, dy = canvas.x - np.float32(centre[0]), canvas.y - np.float32(centre[1])
    distance = np.hypot(dx, dy)
    farthest = contour.max(axis=1)
    near = np.flatnonzero(distance < farthest.max() + np.float32(margin))
    angle = np.arctan2(-dx[near], -dy[near])
    bins = ((angle + np.pi) * (ANGLE_BINS / (2 * np.pi))).astype(np.intp) % ANGLE_BINS
    reach = farthest[bins] + np.float32(margin) > distance[near]
    near, bins = near[reach], bins[reach]
    cosine = np.ones(ANGLE_BINS, np.float32) if slant is None else slant.astype(np.float32)
    return StarShape(near, distance[near].astype(np.float32), bins, contour, cosine)


def paint(
    canvas: Canvas, shape: Shape | StarShape, signal: np.ndarray | float, label: int | None = None,
    grow: float = 0.0, blur: float = 1.3 * PIXEL, opacity: float = 1.0,
) -> None:  # fmt: skip
    """Lay a tissue over what is there: coverage is a ramp ``blur`` cm wide across the edge, moved out by
    ``grow``.

    ``signal``: scalar, per canvas pixel ``(pixels,)`` or ``(pixels, frames)``. Pixels that the edge never
    crosses, most of them, are simply filled.
    """
    least, greatest = shape.range()
    covered = least >= np.float32(0.5 * blur - grow)
    filled = shape.pixels[covered] if opacity == 1.0 else shape.pixels[:0]
    canvas.values[filled] = _signal_at(signal, filled)
    if label is not None:
        canvas.labels[shape.pixels[covered]] = label

    crossed = greatest > np.float32(-0.5 * blur - grow)
    edge = np.flatnonzero(crossed & ~covered if opacity == 1.0 else crossed)
    pixels, coverage = shape.pixels[edge], shape.depths(edge)
    coverage *= np.float32(1 / blur)
    coverage += np.float32(0.5 + grow / blur)
    np.clip(coverage, 0, 1, out=coverage)
    if label is not None:
        part = canvas.labels[pixels]
        part[coverage > 0.5] = label
        canvas.labels[pixels] = part
    if opacity != 1.0:
        coverage *= np.float32(opacity)
    under = canvas.values[pixels]
    coverage *= _signal_at(signal, pixels) - under
    under += coverage
    canvas.values[pixels] = under


def _signal_at(signal: np.ndarray | float, pixels: np.ndarray) -> np.ndarray:
    """``signal`` of :func:`paint` at these pixels, to be broadcast over ``(pixels, frames)``."""
    if np.ndim(signal) == 0:
        return np.float32(signal)
    values = np.asarray(signal, np.float32)[pixels]
    return values[:, None] if values.ndim == 1 else values


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
    canvas: Canvas, size: int, irregular: bool, stream: np.random.Generator, noise: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """The scanner's part: mis-triggering, coil bias and banding, Rician ``noise``, grey levels.

    Returns pictures and labels, uint8 ``(frames, size, size)``. An ``irregular`` rhythm, or a missed trigger
    in one scan of twenty, mixes frames; one scan of seven has an off-resonance band.
    """
    missed, strength, snr = stream.random() < 0.05, stream.uniform(0.15, 0.45), stream.uniform(19, 27)
    if irregular or missed:
        mistrigger(canvas.values, strength)
    gain = np.exp(0.15 * smooth_field(stream, size, 30.0))
    if stream.random() < 0.15:
        gain = gain * band(canvas, stream.uniform(0, 2 * np.pi), stream.uniform(5.5, 7.5))
    canvas.values[...] *= gain.astype(np.float32)[:, None]
    if noise:  # the last that is drawn from the stream: without it all else is the same
        add_rician_noise(canvas.values, 1 / snr, stream)
    canvas.values[...] *= np.float32(255 / 1.55)
    np.minimum(canvas.values, 255, out=canvas.values)
    pictures = np.ascontiguousarray(canvas.values.astype(np.uint8).T)
    labels = np.ascontiguousarray(canvas.labels.T)
    shape = (-1, size, size)  # (frames, pixels) -> (frames, rows, columns)
    return pictures.reshape(shape), labels.reshape(shape)


def mistrigger(values: np.ndarray, strength: float) -> None:
    """Mix each frame of ``values (pixels, frames)``, in place, with one 6 % of the beat later."""
    later = np.roll(values, -int(np.ceil(0.06 * values.shape[1])), axis=1)
    later -= values
    later *= np.float32(strength)
    values += later


def band(canvas: Canvas, direction: float, distance: float) -> np.ndarray:
    """Gain ``(pixels,)`` of an off-resonance band: a line half as bright, 0.35 cm wide, ``distance`` cm out.

    Balanced sequences lose signal where the field is off by half the repetition rate, near the edge of the
    shim.
    """
    out = canvas.x * np.cos(direction) + canvas.y * np.sin(direction)
    return 1 - 0.5 * np.exp(-0.5 * ((out - distance) / 0.35) ** 2)


def add_rician_noise(values: np.ndarray, sigma: float, stream: np.random.Generator) -> None:
    """Turn ``values (pixels, frames)``, in place, into |values + n1 + i n2|, both normal with this
    ``sigma``.

    Both come from one draw of 16-bit numbers per pixel, the imaginary part half a picture away.
    """
    bits = np.frombuffer(stream.bytes(2 * values.size), dtype=np.uint16)
    noise = _normal_table()[bits].reshape(values.shape)
    noise *= np.float32(sigma)
    values += noise
    values *= values
    np.square(noise, out=noise)
    half = len(noise) // 2
    values[:half] += noise[half : 2 * half]
    values[half:] += noise[: len(values) - half]
    np.sqrt(values, out=values)


def grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Pixel centres of a square picture around its middle, cm: ``x`` right, ``y`` down, each ``(size *
    size,)``.
    """
    axis = ((np.arange(size) + 0.5 - size / 2) * PIXEL).astype(np.float32)
    x, y = np.meshgrid(axis, axis)
    return x.ravel(), y.ravel()
