"""A cine in the scanner's own grid, and the way from there to the study's.

``frames (T, S, H, W)``: T moments of one beat, frame 0 at (or first after) the R wave, S parallel slices
from base to apex, rows and columns as the scanner stored them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import ndimage

from cardiacnets import study
from cardiacnets.cmr.localising import HeartLocation, locate_heart
from cardiacnets.cmr.views import APEX, NORMALS
from cardiacnets.contracts import CINE_FRAMES, PIXEL_MM

VIEWS = {view.cine: view.pixels for view in study.VIEWS.values()}
"""The study's views and the side of their crops, pixels."""


@dataclass(frozen=True)
class Cine:
    """One cine: frames (T, S, H, W), spacing (slice, row, column) in mm, times (T,) in ms after the R wave.

    ``meta`` holds ``view``, ``cycle_ms`` (one beat), ``times_known`` (False if the file had none),
    ``affine`` (4, 4) from (slice, row, column) to patient coordinates in mm (left, posterior, head), or
    None, and where it came from.
    """

    frames: np.ndarray
    spacing: tuple[float, float, float]
    times: np.ndarray
    meta: dict[str, Any] = field(default_factory=dict)

    def standard(
        self,
        view: str | None = None,
        frames: int = CINE_FRAMES,
        pixels: int | None = None,
        location: HeartLocation | None = None,
    ) -> np.ndarray:
        """The study's cine: ``frames`` moments of the beat from the R wave on, 1.8 mm pixels, centred on
        the heart.

        Arguments:
            view: ``"sax"`` (the middle of the slices that contain the left ventricle) or ``"4ch"``; by
                default the cine's own.
            frames: moments, evenly spaced over the beat; the beat is a circle, so the last meets the first.
            pixels: side of the square crop; by default 80 for the short axis and 96 for four chambers.
            location: where the heart is; by default found by
                :func:`~cardiacnets.cmr.localising.locate_heart`.

        Returns uint8 (frames, pixels, pixels), black outside the scanned field; the 0.5th and 99.5th
        percentiles of the crop become 0 and 255. Where the file says how it lies, columns run to the
        patient's left, the short axis is seen from the apex and four chambers from the feet.

        Raises ``ValueError`` for an unknown view.
        """
        view = view or self.meta.get("view")
        if view not in VIEWS:
            raise ValueError(f"view {view!r}: one of {', '.join(VIEWS)} is needed")
        location = location or locate_heart(self.frames, self.spacing, round_ventricle=view == "sax")
        cropped = _crop(
            self.frames[:, location.middle_slice], self.spacing[1:], location.centre, pixels or VIEWS[view]
        )
        cropped = _upright(cropped, self.meta.get("affine"), view)
        phases = np.asarray(self.times) / self.meta["cycle_ms"]
        return _to_bytes(resample_beat(cropped, phases, np.arange(frames) / frames))

    def places(self, view: str, location: HeartLocation, pixels: int | None = None) -> np.ndarray:
        """Row and column (2, pixels, pixels), in the stored frames, of each pixel of :meth:`standard`."""
        grid = _grid(self.spacing[1:], location.centre, pixels or VIEWS[view])
        return _upright(grid, self.meta.get("affine"), view)


def _upright(frames: np.ndarray, affine: np.ndarray | None, view: str) -> np.ndarray:
    """Square frames (T, n, n) in one orientation, however they are stored; unchanged without ``affine``.

    Columns run along whichever of the two axes in the plane points more to the patient's left, and to the
    left; rows so that the short axis is seen from the apex and four chambers from the feet, never mirrored.
    The two axes are the same in every file of an exam, whatever their order and direction, so that it gives
    one picture.
    """
    if affine is None:
        return frames
    down, across = np.asarray(affine, dtype=float)[:3, 1:3].T / np.linalg.norm(affine, axis=0)[1:3, None]
    if abs(down[0]) > abs(across[0]):
        frames, down, across = frames.transpose(0, 2, 1), across, down
    if across[0] < 0:
        frames, across = frames[..., ::-1], -across
    away = -APEX if view == "sax" else NORMALS["four-chamber"]  # from who looks, through the picture
    return frames if np.cross(across, down) @ away > 0 else frames[:, ::-1]


def resample_beat(frames: np.ndarray, phases: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Linear interpolation on the circle of one beat.

    Arguments:
        frames: (T, ...).
        phases: (T,) when each was taken, as a fraction of the beat; increasing, within one turn.
        wanted: (N,) the fractions asked for.

    Returns float32 (N, ...).
    """
    start = phases[0]
    turn = (np.asarray(wanted) - start) % 1.0
    known = np.append(phases - start, 1.0)  # the beat closes where it began
    after = np.clip(np.searchsorted(known, turn, side="right"), 1, len(frames))
    weight = (turn - known[after - 1]) / (known[after] - known[after - 1])
    weight = weight.astype(np.float32).reshape(-1, *[1] * (frames.ndim - 1))
    return frames[after - 1] * (1 - weight) + frames[after % len(frames)] * weight


def _crop(
    frames: np.ndarray, spacing: tuple[float, float], centre: tuple[float, float], pixels: int
) -> np.ndarray:
    """A square of 1.8 mm pixels around ``centre`` (row, column): (T, H, W) to float32 (T, pixels, pixels)."""
    step = PIXEL_MM / np.asarray(spacing)
    # finer pixels are averaged before they are thinned out, so that texture does not turn into pattern
    smooth = ndimage.gaussian_filter(frames.astype(np.float32), (0, *np.clip((step - 1) / 2, 0, None)))
    grid = _grid(spacing, centre, pixels)
    return np.stack([ndimage.map_coordinates(frame, grid, order=1, cval=0.0) for frame in smooth])


def _grid(spacing: tuple[float, float], centre: tuple[float, float], pixels: int) -> np.ndarray:
    """Rows and columns (2, pixels, pixels) of a square of 1.8 mm pixels around ``centre``."""
    step = PIXEL_MM / np.asarray(spacing)
    first = np.asarray(centre) - step * (pixels - 1) / 2
    rows, columns = (first[axis] + step[axis] * np.arange(pixels) for axis in (0, 1))
    return np.stack(np.meshgrid(rows, columns, indexing="ij"))


def _to_bytes(frames: np.ndarray) -> np.ndarray:
    low, high = np.percentile(frames, (0.5, 99.5))
    scaled = (frames - low) / max(high - low, 1e-6)
    return np.round(255 * np.clip(scaled, 0, 1)).astype(np.uint8)
