"""The ECG as it is read at the bedside: 25 mm/s and 10 mm/mV in true size, on millimetre paper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cardiacnets.contracts import BEAT_RATE, ECG_RATE, ECG_SECONDS, LEADS

MM_PER_SECOND = 25.0
MM_PER_MILLIVOLT = 10.0
_MM_PER_INCH = 25.4
_ROW, _MARGIN, _HEAD, _CALIBRATION = 30.0, 5.0, 8.0, 10.0
"""Millimetres of a row of leads, of the margin, of the title and of the calibration pulse."""
_GRID = ((1, "#f7d6d6", 0.3), (5, "#e89c9c", 0.6))
_INK = "#111111"
_COLUMNS = (("I", "II", "III"), ("aVR", "aVL", "aVF"), ("V1", "V2", "V3"), ("V4", "V5", "V6"))
_RHYTHM_LEAD = "II"


@dataclass(frozen=True)
class _Strip:
    """Where one lead is drawn: its middle and its time zero in millimetres of paper, and what it shows."""

    axes: Axes
    left: float
    middle: float
    start: float
    seconds: float
    """First and length of the time shown, s."""

    def x(self, times: np.ndarray | float) -> np.ndarray | float:
        return self.left + (np.asarray(times) - self.start) * MM_PER_SECOND

    def heat(self, weights: np.ndarray, full_seconds: float) -> None:
        """Background heat: ``weights (n,)`` in [0, 1] spread evenly over ``full_seconds`` of signal."""
        edges = np.linspace(0, full_seconds, weights.size + 1)
        edges = np.clip(edges, self.start, self.start + self.seconds)
        shown = np.flatnonzero(np.diff(edges) > 0)
        cells = weights[None, shown]
        self.axes.pcolormesh(
            self.x(edges[shown[0] : shown[-1] + 2]), [self.middle - _ROW / 2, self.middle + _ROW / 2], cells,
            cmap="Oranges", vmin=0, vmax=1.3, alpha=0.7 * cells, zorder=0.5, linewidth=0,
        )

    def trace(self, voltage: np.ndarray, rate: float, zero: float, color: str = _INK) -> None:
        """The part of ``voltage (T,)`` mV that is shown, ``zero`` mV on the middle line."""
        stop = min(round((self.start + self.seconds) * rate), voltage.size)
        samples = np.arange(round(self.start * rate), stop)
        height = self.middle + (voltage[samples] - zero) * MM_PER_MILLIVOLT
        self.axes.plot(self.x(samples / rate), height, color=color, lw=0.8, solid_joinstyle="round")

    def label(self, name: str) -> None:
        """The lead's name, above its beginning."""
        self.axes.text(self.left + 1, self.middle + 0.38 * _ROW, name, fontsize=9, weight="bold", color=_INK)


def plot_ecg(
    signal: np.ndarray, rate: float = ECG_RATE, title: str = "", overlay: np.ndarray | None = None
) -> Figure:
    """Draw ten seconds of ``signal (12, T)`` mV: three rows of four leads over a strip of lead II.

    One millimetre of paper is one millimetre of print at the figure's own size. ``overlay (12, n)`` in [0, 1]
    holds weights over leads and ten seconds, drawn as background heat. Each lead's median lies on its middle
    line, and the sheet is as high as the tallest wave of its top row (to 4 mV). Raises ``ValueError`` for
    a wrong shape or weights out of range. Save or display the figure; it belongs to no window.
    """
    signal, overlay = _twelve(signal, "an ECG"), _weights(overlay)
    top_row = signal[[LEADS.index(leads[0]) for leads in _COLUMNS]]
    tallest = np.nan_to_num((top_row - np.median(top_row, axis=1, keepdims=True)).max()) * MM_PER_MILLIVOLT
    room = 5 * np.clip(np.ceil((tallest + 1 - _ROW / 2 - _MARGIN) / 5), 0, 4)  # whole large squares
    figure, axes = _sheet(_CALIBRATION + ECG_SECONDS * MM_PER_SECOND, 4 * _ROW + room, title)
    quarter = ECG_SECONDS / 4
    strips = [(_RHYTHM_LEAD, _Strip(axes, _CALIBRATION, 0.5 * _ROW, 0.0, ECG_SECONDS))]
    for column, leads in enumerate(_COLUMNS):
        start = column * quarter
        left = _CALIBRATION + start * MM_PER_SECOND
        for row, lead in enumerate(leads):
            strips.append((lead, _Strip(axes, left, (3.5 - row) * _ROW, start, quarter)))
    for row in range(4):
        _calibrate(axes, (row + 0.5) * _ROW)
    for lead, strip in strips:
        index = LEADS.index(lead)
        if overlay is not None:
            strip.heat(overlay[index], ECG_SECONDS)
        strip.trace(signal[index], rate, float(np.median(signal[index])))
        strip.label(lead)
    return figure


def plot_beats(
    beats: np.ndarray,
    title: str = "",
    overlay: np.ndarray | None = None,
    colours: Sequence[str] = (),
) -> Figure:
    """Draw a median beat ``(12, n)`` mV at 250 Hz, or several ``(k, 12, n)`` over each other, in four
    columns.

    ``colours``: one a beat where there are several, by default the theme's. Scale, ``overlay (12, m)`` over
    the beat's length, and errors as :func:`plot_ecg`; zero is drawn as zero.
    """
    stack = np.asarray(beats)
    stack = [_twelve(beat, "a median beat") for beat in (stack[None] if stack.ndim == 2 else stack)]
    overlay = _weights(overlay)
    seconds = stack[0].shape[1] / BEAT_RATE
    width = 5 * np.ceil(seconds * MM_PER_SECOND / 5) + 5  # whole large squares
    figure, axes = _sheet(_CALIBRATION + 4 * width, 3 * _ROW, title)
    for row in range(3):
        _calibrate(axes, (row + 0.5) * _ROW)
    for column, leads in enumerate(_COLUMNS):
        for row, lead in enumerate(leads):
            strip = _Strip(axes, _CALIBRATION + column * width, (2.5 - row) * _ROW, 0.0, seconds)
            index = LEADS.index(lead)
            if overlay is not None:
                strip.heat(overlay[index], seconds)
            for number, beat in enumerate(stack):
                colour = colours[number] if colours else f"C{number}" if len(stack) > 1 else _INK
                strip.trace(beat[index], BEAT_RATE, 0.0, colour)
            strip.label(lead)
    return figure


def _twelve(signal: np.ndarray, what: str) -> np.ndarray:
    signal = np.asarray(signal)
    if signal.ndim != 2 or signal.shape[0] != 12:
        raise ValueError(f"{what} of shape (12, T) is needed, not {signal.shape}")
    return signal


def _weights(overlay: np.ndarray | None) -> np.ndarray | None:
    if overlay is None:
        return None
    overlay = np.asarray(overlay, dtype=float)
    if overlay.ndim != 2 or overlay.shape[0] != 12 or not ((overlay >= 0) & (overlay <= 1)).all():
        raise ValueError(f"an overlay of shape (12, n) with weights in [0, 1] is needed, not {overlay.shape}")
    return overlay


def _sheet(width: float, height: float, title: str) -> tuple[Figure, Axes]:
    """A figure in true size whose data coordinates are millimetres of paper."""
    right, top, head = width + _MARGIN, height + _MARGIN, _HEAD if title else 0.0
    full_width, full_height = right + _MARGIN, top + _MARGIN + head
    figure = Figure(figsize=(full_width / _MM_PER_INCH, full_height / _MM_PER_INCH), facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1 - head / full_height))
    axes.set(xlim=(-_MARGIN, right), ylim=(-_MARGIN, top))
    axes.set_axis_off()
    for step, color, thickness in _GRID:
        axes.vlines(np.arange(-_MARGIN, right + 1, step), -_MARGIN, top, color, lw=thickness, zorder=0)
        axes.hlines(np.arange(-_MARGIN, top + 1, step), -_MARGIN, right, color, lw=thickness, zorder=0)
    axes.text(0, -0.8 * _MARGIN, "25 mm/s   10 mm/mV", fontsize=8, color=_INK, va="bottom")
    height = 1 - 0.55 * head / full_height
    figure.text(_MARGIN / full_width, height, title, fontsize=10, color=_INK, va="center")
    return figure, axes


def _calibrate(axes: Axes, middle: float) -> None:
    """The pulse of 1 mV over 200 ms."""
    top = middle + MM_PER_MILLIVOLT
    axes.plot([0, 2, 2, 7, 7, 9], [middle, middle, top, top, middle, middle], color=_INK, lw=0.8)
