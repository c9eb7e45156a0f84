"""The ECG as it is read at the bedside: 25 mm/s and 10 mm/mV in true size, on millimetre paper."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cardiacnets.contracts import ECG_RATE, LEADS

MM_PER_SECOND = 25.0
MM_PER_MILLIVOLT = 10.0
_MM_PER_INCH = 25.4
_ROW_MM = 30.0
_MARGIN_MM = 5.0
_CALIBRATION_MM = 10.0
_SMALL_GRID, _LARGE_GRID, _INK = "#f7d6d6", "#e89c9c", "#111111"
_COLUMNS = (("I", "II", "III"), ("aVR", "aVL", "aVF"), ("V1", "V2", "V3"), ("V4", "V5", "V6"))
_RHYTHM = "II"


def plot_ecg(
    signal: np.ndarray, rate: float = ECG_RATE, title: str = "", overlay: np.ndarray | None = None
) -> Figure:
    """Draw ten seconds of ``signal (12, T)`` mV in three rows of four leads, 2.5 s each, over a rhythm strip
    of lead II.

    One millimetre of paper is one millimetre of print at the figure's own size. ``overlay (12, n)`` in [0, 1]
    holds weights over leads and ten seconds, drawn as background heat. Raises ``ValueError`` for a wrong
    shape or weights out of range. The figure belongs to no window: show it or ``savefig`` it.
    """
    signal = _checked(signal)
    seconds = 10.0
    figure, axes = _sheet(_CALIBRATION_MM + seconds * MM_PER_SECOND, 4 * _ROW_MM, title)
    samples = int(seconds * rate)
    for row in range(3):
        middle = (3.5 - row) * _ROW_MM
        _calibration(axes, middle)
        for column, leads in enumerate(_COLUMNS):
            span = slice(int(column * samples / 4), int((column + 1) * samples / 4))
            _lead(axes, signal, leads[row], span, middle, rate, 0.0, overlay, seconds)
    _calibration(axes, 0.5 * _ROW_MM)
    _lead(axes, signal, _RHYTHM, slice(0, samples), 0.5 * _ROW_MM, rate, 0.0, overlay, seconds)
    axes.text(0, -_MARGIN_MM * 0.8, "25 mm/s   10 mm/mV", fontsize=8, color=_INK, va="bottom")
    return figure


def plot_beats(
    beats: np.ndarray, beat_rate: float = 250, title: str = "", overlay: np.ndarray | None = None
) -> Figure:
    """Draw median beats ``(12, n)`` mV, or several laid over each other ``(k, 12, n)``, four columns by three
    rows.

    Scale, ``overlay (12, m)`` over the beat's length, and errors as :func:`plot_ecg`.
    """
    stack = np.asarray(beats)
    stack = stack[None] if stack.ndim == 2 else stack
    seconds = stack.shape[-1] / beat_rate
    width = np.ceil(seconds * MM_PER_SECOND / 5) * 5 + 5
    figure, axes = _sheet(_CALIBRATION_MM + 4 * width, 3 * _ROW_MM, title)
    for row in range(3):
        middle = (2.5 - row) * _ROW_MM
        _calibration(axes, middle)
        for column, leads in enumerate(_COLUMNS):
            for index, beat in enumerate(stack):
                _lead(
                    axes, _checked(beat), leads[row], slice(0, beat.shape[-1]), middle, beat_rate, column * width,
                    overlay if index == 0 else None, seconds, color=f"C{index}" if len(stack) > 1 else _INK,
                )
    axes.text(0, -_MARGIN_MM * 0.8, "25 mm/s   10 mm/mV", fontsize=8, color=_INK, va="bottom")
    return figure


def _checked(signal: np.ndarray) -> np.ndarray:
    signal = np.asarray(signal)
    if signal.ndim != 2 or signal.shape[0] != 12:
        raise ValueError(f"an ECG of shape (12, T) is needed, not {signal.shape}")
    return signal


def _sheet(width: float, height: float, title: str) -> tuple[Figure, Axes]:
    """A figure in true size whose data coordinates are millimetres of paper."""
    head = 8.0 if title else 0.0
    full_width, full_height = width + 2 * _MARGIN_MM, height + 2 * _MARGIN_MM
    figure = Figure(figsize=(full_width / _MM_PER_INCH, (full_height + head) / _MM_PER_INCH), facecolor="white")
    axes = figure.add_axes((0, 0, 1, full_height / (full_height + head)))
    axes.set(xlim=(-_MARGIN_MM, width + _MARGIN_MM), ylim=(-_MARGIN_MM, height + _MARGIN_MM))
    for step, color, thickness in ((1, _SMALL_GRID, 0.3), (5, _LARGE_GRID, 0.6)):
        axes.vlines(np.arange(-_MARGIN_MM, width + _MARGIN_MM + 1, step), -_MARGIN_MM, height + _MARGIN_MM, color, lw=thickness, zorder=0)
        axes.hlines(np.arange(-_MARGIN_MM, height + _MARGIN_MM + 1, step), -_MARGIN_MM, width + _MARGIN_MM, color, lw=thickness, zorder=0)
    axes.set_axis_off()
    if title:
        figure.text(_MARGIN_MM / full_width, 1 - 0.55 * head / (full_height + head), title, fontsize=10, color=_INK, va="center")
    return figure, axes


def _calibration(axes: Axes, middle: float) -> None:
    """The pulse of 1 mV over 200 ms."""
    axes.plot([0, 2, 2, 7, 7, 9], [middle, middle, middle + 10, middle + 10, middle, middle], color=_INK, lw=0.8)


def _lead(
    axes: Axes, signal: np.ndarray, lead: str, span: slice, middle: float, rate: float, left: float,
    overlay: np.ndarray | None, seconds: float, color: str = _INK,
) -> None:
    row = LEADS.index(lead)
    times = np.arange(span.start, min(span.stop, signal.shape[-1])) / rate  # seconds from the record's start
    x = _CALIBRATION_MM + left + times * MM_PER_SECOND
    voltage = signal[row, span]
    if overlay is not None:
        _heat(axes, overlay, row, times, x, middle, seconds)
    axes.plot(x, middle + (voltage - np.median(voltage)) * MM_PER_MILLIVOLT, color=color, lw=0.8, solid_joinstyle="round")
    axes.text(x[0] + 1, middle + _ROW_MM * 0.38, lead, fontsize=9, weight="bold", color=_INK)


def _heat(
    axes: Axes, overlay: np.ndarray, row: int, times: np.ndarray, x: np.ndarray, middle: float, seconds: float
) -> None:
    overlay = np.asarray(overlay)
    if overlay.ndim != 2 or overlay.shape[0] != 12 or not ((overlay >= 0) & (overlay <= 1)).all():
        raise ValueError(f"an overlay of shape (12, n) with weights in [0, 1] is needed, not {overlay.shape}")
    cells = overlay[row, np.minimum((times / seconds * overlay.shape[1]).astype(int), overlay.shape[1] - 1)]
    axes.imshow(
        cells[None], extent=(x[0], x[-1], middle - _ROW_MM / 2, middle + _ROW_MM / 2), aspect="auto", cmap="YlOrBr",
        vmin=0, vmax=1, alpha=0.75 * np.clip(cells[None], 0, 1), interpolation="nearest", zorder=0.5,
    )
