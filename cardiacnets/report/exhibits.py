"""Figures, films and tables as self-contained HTML: one form for JupyterLab and for the book.

Each exhibit says in ``data-content`` whether it shows many people (``aggregate``), nobody (``simulated``),
one person (``individual``) or one person whose record is published openly (``public``), which the disclosure
guard reads; and in its caption what it comes from: simulation, real cohorts, or both.
"""

from __future__ import annotations

import base64
import html
import io
import re
from numbers import Real
from typing import Any, get_args

import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure
from PIL import Image

from cardiacnets.picture import Content
from cardiacnets.report.results import decimals, number
from cardiacnets.report.table_words import cell_words, head_words

CONTENTS = get_args(Content)
ESTIMATE = re.compile(r"([−-]?[\d.,]+) (\([^()]* to [^()]*\))")
"""A cell's estimate and its interval in brackets."""
LARGE, WEBP_QUALITY = 200_000, 88
"""Bytes from which a figure's PNG weighs too much on a page, and how much of it WebP keeps (0 to 100)."""
SIMULATED = "Simulated."
"""The word that no figure from simulation goes without."""


def png_bytes(figure: Figure) -> bytes:
    """The figure on white as PNG, without the date, so that equal figures are equal files."""
    buffer = io.BytesIO()
    figure.savefig(
        buffer, format="png", dpi=120, bbox_inches="tight", facecolor="white", metadata={"Software": None}
    )
    return buffer.getvalue()


def for_page(png: bytes) -> tuple[bytes, str]:
    """What a page carries of a figure, and its kind: the PNG, or, where that is large, WebP: of the noise in
    pictures of hearts PNG keeps every grain.
    """
    if len(png) <= LARGE:
        return png, "png"
    buffer = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").save(buffer, format="webp", quality=WEBP_QUALITY)
    return buffer.getvalue(), "webp"


def svg_bytes(figure: Figure) -> bytes:
    """The same as SVG, letters as outlines, so that they look alike wherever the page is read."""
    buffer = io.BytesIO()
    with rc_context({"svg.hashsalt": "cardiacnets", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", facecolor="white", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def picture(file: bytes, alt: str, kind: str = "png") -> str:
    """An ``<img>`` that carries its own ``file``; ``ValueError`` without a description."""
    encoded = base64.b64encode(file).decode("ascii")
    media = {"png": "image/png", "webp": "image/webp", "svg": "image/svg+xml"}[kind]
    return f'<img alt="{html.escape(required(alt, "alt text"))}" src="data:{media};base64,{encoded}">'


def exhibit(body: str, identifier: str, label: str, caption: str, content: Content, origin: str) -> str:
    """``body`` in a captioned ``<figure>``: "Figure 05.3. Simulated. What it shows"."""
    if content not in CONTENTS:
        raise ValueError(f"content {content!r} is not one of {', '.join(CONTENTS)}")
    text = html.escape(required(caption, "caption"), quote=False)
    return (
        f'<figure class="exhibit" id="{html.escape(identifier)}" data-content="{content}">{body}'
        f"<figcaption>{caption_start(label, origin)}{text}</figcaption></figure>"
    )


def table_html(
    table: pd.DataFrame,
    identifier: str,
    label: str,
    caption: str,
    content: Content,
    origin: str = SIMULATED,
    collapsed: bool = False,
) -> str:
    """A table with caption, header scopes and right-aligned numbers, in a box that scrolls on narrow screens.

    The first column is each row's header; keys are shown in words. ``collapsed`` folds a long table away
    until it is asked for.
    """
    if content not in CONTENTS:
        raise ValueError(f"content {content!r} is not one of {', '.join(CONTENTS)}")
    if table.columns.empty:
        raise ValueError(f"table {identifier}: no columns")
    head = "".join(f'<th scope="col">{html.escape(head_words(str(name)))}</th>' for name in table.columns)
    columns = [_cells(table.iloc[:, place]) for place in range(table.shape[1])]
    rows = []
    for cells in zip(*columns, strict=True):
        first = re.sub(r"^<td(.*)</td>$", r'<th scope="row"\1</th>', cells[0], flags=re.DOTALL)
        rows.append(f"<tr>{first}{''.join(cells[1:])}</tr>")
    text = html.escape(required(caption, "caption"), quote=False)
    spoken = html.escape(f"{label}, scrollable table")
    body = (
        f'<div class="exhibit" id="{html.escape(identifier)}" data-content="{content}">'
        f'<div class="wide" role="region" tabindex="0" aria-label="{spoken}"><table>'
        f"<caption>{caption_start(label, origin)}{text}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div></div>"
    )
    return f"<details><summary>{html.escape(label)}: {text}</summary>{body}</details>" if collapsed else body


def caption_start(label: str, origin: str) -> str:
    """The numbered label, and what the exhibit comes from (empty: nothing that needs saying)."""
    said = f"<em>{html.escape(origin, quote=False)}</em> " if origin else ""
    return f"<strong>{html.escape(label)}.</strong> {said}"


def required(text: str, what: str) -> str:
    """``text`` without surrounding space; ``ValueError`` if nothing is left."""
    if not text or not text.strip():
        raise ValueError(f"{what} is empty: every figure, film and table needs it")
    return text.strip()


def _cells(column: pd.Series) -> list[str]:
    """Table cells of a column, whose numbers share decimals: as they were rounded, or three figures.

    A pair of numbers is an interval: "0.41 to 0.52"; words like "0.45 (0.41 to 0.52)" break before it.
    """
    values = column.tolist()
    pairs = [value if _is_interval(value) else (value,) for value in values]
    reals = [float(part) for pair in pairs for part in pair if _is_number(part)]
    # a column that was rounded (or counts) keeps its decimals
    rounded = (places for places in range(4) if all(round(value, places) == value for value in reals))
    digits = next(rounded, None)
    digits = decimals(*reals) if digits is None else digits
    return [_cell(value, digits) for value in values]


def _cell(value: Any, digits: int) -> str:
    if _is_number(value):
        return f'<td class="number">{number(float(value), digits)}</td>'
    if _is_interval(value):
        low, high = (number(float(bound), digits) for bound in value)
        return f'<td class="number">{low} to {high}</td>'
    if found := ESTIMATE.fullmatch(str(value)):
        estimate, interval = (html.escape(re.sub(r"-(?=[.\d])", "−", part)) for part in found.groups())
        return f'<td class="estimate">{estimate} <span>{interval}</span></td>'
    missing = bool(pd.isna(value)) if pd.api.types.is_scalar(value) else False
    return f"<td>{'–' if missing else html.escape(cell_words(str(value)), quote=False)}</td>"


def _is_interval(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(map(_is_number, value))


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and abs(float(value)) < float("inf")
