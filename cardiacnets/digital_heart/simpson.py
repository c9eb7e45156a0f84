"""Simpson's rule on rendered masks: the pictures must measure what the geometry says."""

from __future__ import annotations

import numpy as np

from cardiacnets.contracts import SAX_PIXELS
from cardiacnets.digital_heart import imaging
from cardiacnets.digital_heart.anatomy import MUSCLE_DENSITY, Anatomy
from cardiacnets.digital_heart.hearts import select
from cardiacnets.digital_heart.imaging import BIN_ANGLES, LV, MYOCARDIUM, RV, Canvas, paint, polar_shape
from cardiacnets.digital_heart.indices import POSITION, true_indices
from cardiacnets.digital_heart.motion import activation, state, stretch, systolic_time

THICKNESS = 0.2
"""cm of a slice, about: thin, so that stairs cost little volume."""


def stack_masks(anatomy: Anatomy, row: int, time: float) -> np.ndarray:
    """Label maps ``(slices, 80, 80)`` of thin short-axis slices from apex to base at ``time`` s.

    The last slice ends at the base: its thickness is stretched a little so that the slices fill the
    ventricle.
    """
    one = select(anatomy, slice(row, row + 1))
    count = slice_count(one, time)
    x, y = imaging.grid(SAX_PIXELS)
    masks = np.zeros((count, SAX_PIXELS, SAX_PIXELS), np.uint8)
    for k in range(count):
        level = np.full((1, 1, 1), 1 - (k + 0.5) / count)
        cut = state(one, np.array([[time]]), level, BIN_ANGLES[None, None, :])
        canvas = Canvas.of(np.zeros(len(x)), x - np.float32(1.2), y, 1)
        for radii, label in (
            (cut["outer"] + cut["right"], RV), (cut["outer"], MYOCARDIUM), (cut["inner"], LV)
        ):  # fmt: skip
            paint(canvas, polar_shape(canvas, radii[0].T), 1.0, label, blur=1e-3)
        masks[k] = canvas.labels[:, 0].reshape(SAX_PIXELS, SAX_PIXELS)
    return masks


def ventricle_length(anatomy: Anatomy, time: float) -> float:
    """Length of a single ventricle at ``time`` s, cm."""
    return float(
        anatomy.length[0] * stretch(anatomy.latents, activation(anatomy.latents, np.array([[time]])))[0, 0]
    )


def slice_count(anatomy: Anatomy, time: float) -> int:
    """How many slices of about :data:`THICKNESS` fill the ventricle at ``time``."""
    return int(np.ceil(ventricle_length(anatomy, time) / THICKNESS))


def simpson_volume(masks: np.ndarray, label: int, length: float) -> float:
    """Volume, ml, of ``label`` in slices that fill ``length`` cm: areas times slice thickness."""
    return float((masks == label).sum() * imaging.PIXEL**2 * length / len(masks))


def simpson_errors(anatomy: Anatomy) -> tuple[np.ndarray, np.ndarray]:
    """Simpson minus true: LV volume, ml ``(n, 2)`` at end-diastole and end-systole, and mass, g ``(n,)``."""
    truth = true_indices(anatomy)
    count = len(anatomy.length)
    cavity, mass = np.empty((count, 2)), np.empty(count)
    for row in range(count):
        one = select(anatomy, slice(row, row + 1))
        moments = (0.0, float(systolic_time(one.latents)[0, 0]))
        for k, (time, name) in enumerate(zip(moments, ("lv_edv", "lv_esv"), strict=True)):
            masks, length = stack_masks(anatomy, row, time), ventricle_length(one, time)
            cavity[row, k] = simpson_volume(masks, LV, length) - truth[row, POSITION[name]]
            if k == 0:
                muscle = simpson_volume(masks, MYOCARDIUM, length) * MUSCLE_DENSITY
                mass[row] = muscle - truth[row, POSITION["lv_mass"]]
    return cavity, mass
