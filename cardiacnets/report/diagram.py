"""Diagrams: boxes on a grid, arrows between them, panels around them. A box is as large as its words, so that
none runs over its edge, and a column as wide as its widest box.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.textpath import TextPath

from cardiacnets.picture import Picture
from cardiacnets.theme import INK

POINTS = 72
"""Units of a diagram in an inch."""
TITLE, WORDS = 10.0, 8.5
"""Sizes of letters in points."""
LEADING = 1.35
PADDING, ROUNDING = 9.0, 4.0
COLUMN_GAP, ROW_GAP = 26.0, 46.0
PANEL_PADDING, PANEL_HEAD = 9.0, 15.0
COLOURS = {
    "data": "#dbe9f6",
    "network": "#fde6c4",
    "linear": "#e3e3e3",
    "loss": "#f6d9e8",
    "answer": "#d5efe3",
}
"""By what a box is: what enters, what learns, what is fitted in closed form, what is minimised, what comes
out. Dark letters on any of them.
"""


@dataclass(frozen=True)
class Box:
    """``title`` and ``lines`` at ``row`` and ``column`` of the grid; ``kind`` is one of :data:`COLOURS`."""

    row: int
    column: int
    kind: str
    title: str
    lines: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in points, letters and padding."""
        wide = max([width(self.title, TITLE, "bold"), *(width(line, WORDS) for line in self.lines)])
        high = TITLE * LEADING + WORDS * LEADING * len(self.lines)
        return wide + 2 * PADDING, high + 2 * PADDING


@dataclass(frozen=True)
class Arrow:
    """From box to box, by name; ``dashed`` where weights are handed over and not data."""

    start: str
    end: str
    label: str = ""
    dashed: bool = False


def width(text: str, size: float, weight: str = "normal") -> float:
    """Points that ``text`` takes in letters of ``size``."""
    return (
        TextPath((0, 0), text, size=size, prop=FontProperties(weight=weight)).get_extents().width
        if text
        else 0.0
    )


def drawn(
    boxes: Mapping[str, Box], arrows: Sequence[Arrow], panels: Mapping[str, Sequence[str]], *,
    name: str, caption: str, alt: str,
) -> Picture:  # fmt: skip
    """The diagram as a picture that is kept as vectors.

    ``panels``: names of boxes by the title of the frame around them. Raises ``ValueError`` for an arrow or a
    panel that names no box, two boxes in one place, and a kind that has no colour.
    """
    _check(boxes, arrows, panels)
    middles, whole = _places(boxes, arrows)
    figure = Figure(figsize=(whole[0] / POINTS, whole[1] / POINTS), layout="none")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, whole[0]), ylim=(whole[1], 0))
    axes.set_axis_off()
    for title, names in panels.items():
        _panel(axes, title, [(*middles[each], *boxes[each].size) for each in names])
    patches = {each: _box(axes, box, *middles[each]) for each, box in boxes.items()}
    for arrow in arrows:
        _arrow(axes, arrow, middles, patches)
    return Picture(figure, name, caption, alt, "simulated", simulated=False, vector=True)


def _check(boxes: Mapping[str, Box], arrows: Sequence[Arrow], panels: Mapping[str, Sequence[str]]) -> None:
    named = [end for arrow in arrows for end in (arrow.start, arrow.end)]
    for each in [*named, *(each for names in panels.values() for each in names)]:
        if each not in boxes:
            raise ValueError(f"diagram: no box {each!r}; there are {', '.join(boxes)}")
    taken: dict[tuple[int, int], str] = {}
    for each, box in boxes.items():
        if box.kind not in COLOURS:
            raise ValueError(f"diagram: box {each!r}: kind {box.kind!r} is not one of {', '.join(COLOURS)}")
        if other := taken.get((box.row, box.column)):
            raise ValueError(f"diagram: {other!r} and {each!r} stand in one place")
        taken[box.row, box.column] = each


def _places(
    boxes: Mapping[str, Box], arrows: Sequence[Arrow]
) -> tuple[dict[str, tuple[float, float]], tuple[float, float]]:
    """The middle of each box, and width and height of the whole. A gap between columns holds the longest
    label of the arrows that cross it.
    """
    columns = {box.column: 0.0 for box in boxes.values()}
    rows = {box.row: 0.0 for box in boxes.values()}
    for box in boxes.values():
        columns[box.column] = max(columns[box.column], box.size[0])
        rows[box.row] = max(rows[box.row], box.size[1])
    gaps = dict.fromkeys(columns, COLUMN_GAP)
    for arrow in arrows:
        ends = [boxes[arrow.start], boxes[arrow.end]]
        if ends[0].row == ends[1].row and arrow.label:
            after = min(end.column for end in ends)
            gaps[after] = max(gaps[after], width(arrow.label, WORDS) + 12)
    edge = PANEL_PADDING + 4
    x, across = edge, {}
    for column in sorted(columns):
        across[column] = x + columns[column] / 2
        x += columns[column] + gaps[column]
    y, down = edge + PANEL_HEAD, {}
    for row in sorted(rows):
        down[row] = y + rows[row] / 2
        y += rows[row] + ROW_GAP
    last = max(columns)
    whole = x - gaps[last] + edge, y - ROW_GAP + edge
    return {each: (across[box.column], down[box.row]) for each, box in boxes.items()}, whole


def _box(axes, box: Box, x: float, y: float) -> FancyBboxPatch:
    wide, high = box.size
    patch = FancyBboxPatch(
        (x - wide / 2, y - high / 2), wide, high, boxstyle=f"round,pad=0,rounding_size={ROUNDING}",
        facecolor=COLOURS[box.kind], edgecolor=INK, linewidth=0.8, gid="box",
    )  # fmt: skip
    axes.add_patch(patch)
    top = y - high / 2 + PADDING
    axes.text(x, top, box.title, ha="center", va="top", size=TITLE, weight="bold", color="black")
    top += TITLE * LEADING
    for line in box.lines:
        axes.text(x, top, line, ha="center", va="top", size=WORDS, color="black")
        top += WORDS * LEADING
    return patch


def _panel(axes, title: str, inside: Sequence[tuple[float, float, float, float]]) -> None:
    left = min(x - wide / 2 for x, _, wide, _ in inside) - PANEL_PADDING
    right = max(x + wide / 2 for x, _, wide, _ in inside) + PANEL_PADDING
    top = min(y - high / 2 for _, y, _, high in inside) - PANEL_HEAD
    bottom = max(y + high / 2 for _, y, _, high in inside) + PANEL_PADDING
    axes.add_patch(
        FancyBboxPatch(
            (left, top), right - left, bottom - top, boxstyle=f"round,pad=0,rounding_size={ROUNDING}",
            facecolor="#f7f7f7", edgecolor="#999999", linewidth=0.8, gid="panel",
        )
    )  # fmt: skip
    axes.text(left + 6, top + 3, title, ha="left", va="top", size=WORDS, style="italic", color=INK)


def _arrow(axes, arrow: Arrow, middles: Mapping[str, tuple[float, float]], patches: Mapping) -> None:
    start, end = middles[arrow.start], middles[arrow.end]
    axes.add_patch(
        FancyArrowPatch(
            start, end, patchA=patches[arrow.start], patchB=patches[arrow.end], shrinkA=1, shrinkB=2,
            arrowstyle="-|>", mutation_scale=10, color=INK, linewidth=1,
            linestyle=(0, (4, 2)) if arrow.dashed else "-",
        )
    )  # fmt: skip
    if not arrow.label:
        return
    edges = [patches[each].get_window_extent() for each in (arrow.start, arrow.end)]
    boxes = [axes.transData.inverted().transform_bbox(edge) for edge in edges]
    if start[1] == end[1]:  # in the gap between two columns, above the line
        between = (min(box.x1 for box in boxes) + max(box.x0 for box in boxes)) / 2
        axes.text(between, start[1] - 3, arrow.label, ha="center", va="bottom", size=WORDS, color=INK)
    else:  # beside the line, half way between the rows
        low = min(max(box.y0, box.y1) for box in boxes)
        high = max(min(box.y0, box.y1) for box in boxes)
        place = (low + high) / 2
        part = (place - start[1]) / (end[1] - start[1])
        across = start[0] + part * (end[0] - start[0])
        axes.text(across + 5, place, arrow.label, ha="left", va="center", size=WORDS, color=INK)
