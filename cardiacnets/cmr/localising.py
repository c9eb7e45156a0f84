"""Where the heart is in a cine: by its beat and its roundness.

The classical way needs no trained network: what changes once a beat is heart (amplitude of the first
temporal harmonic), and the left ventricle is the chain of round, bright, beating discs from base to apex.
``frames (T, S, H, W)``; positions are (row, column) in pixels of the cine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

SMOOTH_MM = 4.0
HEART_MM = 75.0
"""Half of a heart's largest extent, with room to spare."""

RADIUS_MM = (8.0, 42.0)
"""Radii between which a disc can be a left ventricle's blood pool, from apex to a dilated base."""

STEP_MM = 14.0
"""How far the ventricle's centre can move from one slice to the next, for each 10 mm between them."""


@dataclass(frozen=True)
class HeartLocation:
    """``centre`` of the heart (row, column); ``ventricle`` (S, 2), the left ventricle's centre in each
    slice, NaN where it is absent (or not looked for); ``middle_slice``, of those that contain it."""

    centre: tuple[float, float]
    ventricle: np.ndarray
    middle_slice: int


def locate_heart(
    frames: np.ndarray, spacing: tuple[float, float, float], round_ventricle: bool = True
) -> HeartLocation:
    """Find the heart by temporal variance and, in short-axis slices, the left ventricle by circularity.

    Arguments:
        frames: (T, S, H, W), one beat.
        spacing: (slice, row, column) mm.
        round_ventricle: False for long-axis views, where no chamber is a disc.

    Raises ``ValueError`` if nothing in the cine moves.
    """
    pixel = np.asarray(spacing[1:])
    beat = beat_amplitude(frames, pixel)  # (S, H, W)
    if not beat.max() > 1e-5 * np.abs(frames).max():
        raise ValueError("nothing in this cine moves: it shows no beating heart")
    if not round_ventricle:
        middle = _box_middle(beat.mean(axis=0), pixel)
        return HeartLocation(middle, np.full((frames.shape[1], 2), np.nan), frames.shape[1] // 2)
    still = ndimage.gaussian_filter(frames.mean(axis=0), (0, *(1.5 / pixel)))
    around = _centroid(beat.mean(axis=0), pixel)
    discs = [_discs(image, moving, around, pixel) for image, moving in zip(still, beat, strict=True)]
    ventricle = _chain(discs, pixel, reach=STEP_MM * spacing[0] / 10)
    present = np.flatnonzero(np.isfinite(ventricle[:, 0]))
    if not len(present):
        present = np.arange(frames.shape[1])  # no disc: all slices count, and the middle is the stack's
    return HeartLocation(
        _box_middle(beat[present].mean(axis=0), pixel), ventricle, int(present[len(present) // 2])
    )


def beat_amplitude(frames: np.ndarray, pixel: np.ndarray) -> np.ndarray:
    """Amplitude of what repeats once a beat, smoothed over 4 mm: (T, S, H, W) to (S, H, W)."""
    turn = np.exp(-2j * np.pi * np.arange(len(frames)) / len(frames))
    harmonic = np.tensordot(turn, frames, axes=(0, 0)) * 2 / len(frames)
    return ndimage.gaussian_filter(np.abs(harmonic), (0, *(SMOOTH_MM / pixel)))


def _near(shape: tuple[int, ...], centre: tuple[float, float], pixel: np.ndarray) -> np.ndarray:
    """Where a heart around ``centre`` can reach: boolean (H, W)."""
    rows, columns = np.indices(shape)
    return np.hypot((rows - centre[0]) * pixel[0], (columns - centre[1]) * pixel[1]) < HEART_MM


def _centroid(beat: np.ndarray, pixel: np.ndarray) -> tuple[float, float]:
    """Centre of what beats, sought again within reach of the last answer, so that far motion falls out."""
    strong = np.where(beat >= np.percentile(beat, 90), beat, 0)
    centre = ndimage.center_of_mass(strong)
    for _ in range(10):
        centre = ndimage.center_of_mass(np.where(_near(beat.shape, centre, pixel), strong, 0))
    return float(centre[0]), float(centre[1])


def _box_middle(beat: np.ndarray, pixel: np.ndarray) -> tuple[float, float]:
    """Middle of the box around the largest region that beats at a quarter of the full amplitude or more."""
    near = _near(beat.shape, _centroid(beat, pixel), pixel)
    regions, count = ndimage.label(near & (beat > 0.25 * np.percentile(beat[near], 99)))
    heart = regions == 1 + np.argmax(ndimage.sum_labels(regions > 0, regions, range(1, count + 1)))
    rows, columns = np.flatnonzero(heart.any(axis=1)), np.flatnonzero(heart.any(axis=0))
    return (rows[0] + rows[-1]) / 2, (columns[0] + columns[-1]) / 2


def _discs(
    image: np.ndarray, beat: np.ndarray, centre: tuple[float, float], pixel: np.ndarray
) -> list[tuple[float, float, float]]:
    """Candidates (score, row, column) in one slice: bright, round, beating regions at several thresholds."""
    near = _near(image.shape, centre, pixel)
    found = []
    for level in np.percentile(image[near], (50, 60, 70, 77, 84, 90, 95)):
        labels, _ = ndimage.label(ndimage.binary_opening((image > level) & near))
        for index, box in enumerate(ndimage.find_objects(labels), start=1):
            filled = ndimage.binary_fill_holes(labels[box] == index)  # papillary muscles are inside
            area = filled.sum() * pixel.prod()
            radius = np.sqrt(area / np.pi)
            if not RADIUS_MM[0] <= radius <= RADIUS_MM[1]:
                continue
            inside = np.argwhere(filled)
            middle = inside.mean(axis=0)
            reach = np.percentile(np.hypot(*((inside - middle) * pixel).T), 98)
            roundness = min(radius / reach, 1.0) ** 4  # 1 for a disc, 1/4 for a 2:1 ellipse
            moving = beat[box][filled].mean() / beat[near].max()
            score = roundness * moving * np.sqrt(radius / RADIUS_MM[0])
            found.append((float(score), *(middle + [box[0].start, box[1].start])))
    return sorted(found, reverse=True)[:8]


def _chain(discs: list[list[tuple[float, float, float]]], pixel: np.ndarray, reach: float) -> np.ndarray:
    """The chain of discs (S, 2) with the highest total score whose centres stay within reach of each other.

    Dynamic programming; a slice can be passed over at base or apex, where the disc is worth less than half
    of the chain's typical one.
    """
    count = len(discs)
    best: list[list[tuple[float, int]]] = []
    for index, candidates in enumerate(discs):
        row = []
        for score, *place in candidates:
            previous = [(0.0, -1)]
            if index:
                for number, (_, *before) in enumerate(discs[index - 1]):
                    if np.hypot(*((np.subtract(place, before)) * pixel)) <= reach:
                        previous.append((best[-1][number][0], number))
            total, link = max(previous)
            row.append((total + score, link))
        best.append(row)
    ends = [(total, index, number) for index, row in enumerate(best) for number, (total, _) in enumerate(row)]
    ventricle, scores = np.full((count, 2), np.nan), np.zeros(count)
    if ends:
        _, index, number = max(ends)
        while number >= 0:
            scores[index], *ventricle[index] = discs[index][number]
            index, number = index - 1, best[index][number][1]
        ventricle[scores < 0.5 * np.median(scores[scores > 0])] = np.nan
    return ventricle
