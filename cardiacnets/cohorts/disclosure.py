"""Nothing about one person leaves a restricted cohort: every executed notebook is scanned before it becomes
a page.

The protocol. What a page shows says in its HTML what it is: ``data-content="aggregate"`` (many people),
``"simulated"`` (nobody), ``"individual"`` (one person) or ``"public"`` (one person of an openly published
record), on the picture, film or table itself or around it; a bare image output says so in its output's
metadata, under the same key. On a restricted run

- a picture, film or plot that says ``individual``, or says nothing, is a breach (``image``);
- an identifier of the cohort is one wherever it stands, in code and prose too (``identifier``);
- so is a table with a column of identifiers, or with more rows than any summary has (``rows``);
- a long run of numbers (``trace``), a count above 0 and below the manifest's threshold (``count``), and an
  output that can't be read here, such as a widget that carries its own data (``opaque``).

The last three are not asked of what is ``simulated`` or ``public``. The scan errs on the safe side: a false
alarm costs a label.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cardiacnets.cohorts.identifiers import Identifiers
from cardiacnets.cohorts.manifest import Manifest
from cardiacnets.cohorts.tables import read_people
from cardiacnets.html_reading import Element, Words, read_html, visible_lines

KEY = "data-content"
MANY_ROWS = 100
"""More rows than any summary of the study has; the longest is one row for each of the 82 indices."""

FREE = ("simulated", "public")
"""Marks of what shows nobody of any cohort."""

LONG_RUN = 60
"""Numbers in a row without a word between them, beyond which it is a trace and no table."""

IDENTIFIERS = {
    "participant_id",
    "recording_id",
    "eid",
    "subject_id",
    "study_id",
    "patient_id",
    "ecg_id",
    "hadm_id",
}
COUNTS = {
    "n", "count", "counts", "cases", "controls", "participants", "recordings", "patients", "people", "events",
    "recordings_out", "participants_out", "women", "men", "positives", "negatives",
}  # fmt: skip
PICTURES = {"img", "video", "svg", "canvas", "audio", "object", "embed", "iframe"}
SCRIPTED = {"script"}

FOUND = ("identifier", "an identifier of the cohort")
"""Not which: this line may itself be published."""

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_RUN = re.compile(rf"(?:{_NUMBER}[\s,;\[\]()]+){{{LONG_RUN},}}")
_ARRAY = re.compile(r"(?:array|tensor)\(\s*\[+\s*" + _NUMBER + r"[^)]*?(?:\.\.\.|shape=)", re.DOTALL)
_SHAPE = re.compile(r"(\d+) rows (?:x|×) \d+ columns")
_COUNTED = "|".join(sorted(COUNTS - {"n", "count", "counts"}))
COUNT = re.compile(rf"\bn\s*=\s*(\d+)\b(?![.,]\d)|(?<![.,\d\-])(\d+)\s+(?:{_COUNTED})\b", re.IGNORECASE)
"""A count of people in words: ``n = 12``, ``12 patients``; one of its two groups holds the number."""


class DisclosureError(ValueError):
    """Something about individuals of a restricted cohort stands in a notebook."""


@dataclass(frozen=True)
class Breach:
    """Where and what: ``cell`` counts from 1, 0 is the notebook itself; ``kind`` is identifier, rows, trace,
    image, count or opaque.
    """

    notebook: str
    cell: int
    kind: str
    detail: str

    def __str__(self) -> str:
        return f"{self.notebook}, cell {self.cell}: {self.kind}: {self.detail}"


def scan(folder: Path | str, manifest: Manifest, results: Path | str | None = None) -> int:
    """Scan every notebook of a folder; return how many there are.

    ``results`` is the folder of the run's recorded results, which pages quote: its JSON is searched for
    identifiers. Raises :class:`DisclosureError` naming notebook and cell of each breach, or the file, before
    any page is built.
    """
    notebooks = sorted(Path(folder).glob("*.ipynb"))
    identifiers = Identifiers(known_identifiers(manifest))
    breaches = [breach for path in notebooks for breach in scan_notebook(path, manifest, identifiers)]
    for path in sorted(Path(results).rglob("*.json")) if results else ():
        if identifiers.in_text(path.name) or identifiers.in_text(path.read_text(encoding="utf-8")):
            breaches.append(Breach(f"results/{path.name}", 0, *FOUND))
    if breaches:
        listed = "; ".join(map(str, breaches[:20]))
        raise DisclosureError(
            f"{manifest.name} is restricted, and {len(breaches)} outputs disclose individuals: {listed}"
        )
    return len(notebooks)


def known_identifiers(manifest: Manifest) -> frozenset[str]:
    """The identifiers of a restricted cohort's participants and recordings; empty for others."""
    if not manifest.restricted:
        return frozenset()
    _, recordings = read_people(manifest)
    return frozenset(recordings["participant_id"]) | frozenset(recordings["recording_id"])


def scan_notebook(
    path: Path | str, manifest: Manifest, identifiers: Identifiers | Iterable[str] | None = None
) -> list[Breach]:
    """What an executed notebook discloses about individuals.

    Arguments:
        path: the notebook.
        manifest: of the cohort it was run on; nothing is a breach unless it is restricted.
        identifiers: of the cohort; by default read from its tables. Those shorter than five characters are
            looked for by the names of their columns only, since "12" can be anything.

    Raises ``ValueError`` naming the file if it is no notebook.
    """
    if not manifest.restricted:
        return []
    path = Path(path)
    known = known_identifiers(manifest) if identifiers is None else identifiers
    known = known if isinstance(known, Identifiers) else Identifiers(known)
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        around = json.dumps({key: value for key, value in notebook.items() if key != "cells"})
        found = [(0, *one) for text in (path.name, around) for one in _scan_identifiers(text, known)]
        found += [(number, *one) for number, cell in enumerate(notebook["cells"], start=1)
                  for one in _scan_cell(cell, known, manifest.disclosure_threshold)]  # fmt: skip
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: not a notebook ({type(error).__name__}: {error})") from None
    return [Breach(path.name, number, kind, detail) for number, kind, detail in dict.fromkeys(found)]


def _scan_cell(cell: dict[str, Any], known: Identifiers, threshold: int) -> Iterator[tuple[str, str]]:
    source = _text(cell["source"])
    yield from _scan_identifiers(source, known)
    beside = {key: value for key, value in cell.items() if key not in ("source", "outputs")}
    yield from _scan_identifiers(json.dumps(beside), known)
    if cell["cell_type"] != "code":
        read = list(read_html(source))
        yield from _scan_identifiers("\n".join(visible_lines(read)), known)
        yield from _scan_html(read, "", threshold)
        if cell.get("attachments"):
            yield "image", "a picture is attached to the text"
        return
    for output in cell.get("outputs", ()):
        yield from _scan_identifiers(json.dumps(output.get("metadata", {})), known)
        if "data" not in output:  # a stream, or an error with its traceback
            said = (output.get(key, "") for key in ("text", "ename", "evalue"))
            text = "\n".join([*map(_text, said), *output.get("traceback", ())])
            yield from _scan_identifiers(text, known)
            yield from _scan_text(text, threshold)
            continue
        bundle = {
            kind.removeprefix("application/papermill.record/"): value
            for kind, value in output["data"].items()
        }
        page = _text(bundle.get("text/html", ""))
        mark = str(output.get("metadata", {}).get(KEY) or next(iter(re.findall(rf'{KEY}="(\w+)"', page)), ""))
        if page:  # the plain text beside it repeats the table, and is not shown
            yield from _scan_identifiers(_text(bundle.pop("text/plain", "")), known)
        for kind, value in bundle.items():
            yield from _scan_output(kind, value, mark, known, threshold)


def _scan_output(
    kind: str, value: Any, mark: str, known: Identifiers, threshold: int
) -> Iterator[tuple[str, str]]:
    text = _text(value)
    if kind == "text/html":
        read = list(read_html(text))
        yield from _scan_identifiers("\n".join([text, *visible_lines(read)]), known)
        yield from _scan_html(read, mark if f"{KEY}=" not in text else "", threshold)
    elif kind.startswith("text/") or kind == "application/json":
        yield from _scan_identifiers(text, known)
        if mark not in FREE:
            yield from _scan_text(text, threshold)
    elif kind.startswith(("image/", "video/", "audio/")):
        yield from _scan_mark(mark, kind)
        if "svg" in kind or known.in_picture(text):
            shown = "\n".join([text, *visible_lines(read_html(text))]) if "svg" in kind else ""
            yield from _scan_identifiers(shown, known) if shown else [FOUND]
    else:
        yield from _scan_identifiers(text, known)
        if mark not in FREE:
            yield "opaque", f"{kind} can carry any data"


def _scan_mark(mark: str, what: str) -> Iterator[tuple[str, str]]:
    if mark not in ("aggregate", *FREE):
        yield "image", f"{what} is {mark or 'not marked as aggregate, simulated or public'}"


def _scan_identifiers(text: str, known: Identifiers) -> Iterator[tuple[str, str]]:
    if known.in_text(text):
        yield FOUND


def _scan_text(text: str, threshold: int) -> Iterator[tuple[str, str]]:
    if _RUN.search(text + "\n") or _ARRAY.search(text):
        yield "trace", "a long run of numbers"
    first = next((line for line in text.splitlines() if line.strip()), "")
    if IDENTIFIERS & set(first.split()) and text.strip().count("\n"):
        yield "rows", "a table with a column of identifiers"
    yield from _scan_shape(text)
    for match in COUNT.finditer(text):
        yield from _scan_count(match.group(1) or match.group(2), threshold)
    if "Name: count" in text:
        for line in text.splitlines():
            if re.search(r"\s\d+$", line):
                yield from _scan_count(line.split()[-1], threshold)


def _scan_shape(text: str) -> Iterator[tuple[str, str]]:
    for rows in _SHAPE.findall(text):
        if int(rows) > MANY_ROWS:
            yield "rows", f"a table of {rows} rows"


def _scan_count(digits: str, threshold: int) -> Iterator[tuple[str, str]]:
    if digits.isdigit() and 0 < int(digits) < threshold:
        yield "count", f"a count below {threshold}"


def _scan_html(read: Iterable[Element | Words], mark: str, threshold: int) -> Iterator[tuple[str, str]]:
    page = _Page(read, mark)
    for picture_mark, tag in page.pictures:
        yield from _scan_mark(picture_mark, f"<{tag}>")
    for table in page.tables:
        if table.mark not in FREE:
            yield from _scan_table(table, threshold)
    yield from _scan_text("\n".join(page.words), threshold)


def _scan_table(table: _Table, threshold: int) -> Iterator[tuple[str, str]]:
    header = {cell.strip().lower() for row in table.rows if row.header for cell in row.cells}
    body = [row for row in table.rows if not row.header]
    if table.mark == "individual":
        yield "rows", "a table marked as individual"
    if header & IDENTIFIERS and body:
        yield "rows", "a table with a column of identifiers"
    if len(body) > MANY_ROWS and table.mark != "aggregate":
        yield "rows", f"a table of {len(body)} rows"
    names = next((row.cells for row in table.rows if row.header), [])
    for row in body:
        named = row.cells[0].strip().lower() if row.cells else ""
        for place, cell in enumerate(row.cells):
            column = names[place].strip().lower() if place < len(names) else ""
            if column in COUNTS or (named in COUNTS and place):
                yield from _scan_count(cell.strip().replace(",", "").removesuffix(".0"), threshold)


@dataclass
class _Row:
    header: bool = True  # until a cell that is none
    cells: list[str] = field(default_factory=list)


@dataclass
class _Table:
    mark: str
    rows: list[_Row] = field(default_factory=list)


class _Page:
    """Pictures with their marks, tables with theirs, and the words outside cells and simulated parts."""

    def __init__(self, read: Iterable[Element | Words], mark: str) -> None:
        self.pictures: list[tuple[str, str]] = []
        self.tables: list[_Table] = []
        self.words: list[str] = []
        self._mark = mark
        self._table: dict[Element, _Table] = {}
        self._row: dict[Element, _Row] = {}
        self._cell: dict[Element, int] = {}
        for found in read:
            if isinstance(found, Element):
                self._element(found)
            else:
                self._text(found)

    def _element(self, element: Element) -> None:
        mark = self._marked(element)
        embedded = any("data:image/" in one or "data:video/" in one for one in element.attributes.values())
        inside = any(outer.tag in PICTURES for outer in element.around())
        if not inside and (element.tag in PICTURES or embedded or element.tag in SCRIPTED):
            self.pictures.append((mark, element.tag))
        if element.tag == "table":
            self._table[element] = _Table(mark)
            self.tables.append(self._table[element])
        elif element.tag == "tr" and (table := element.nearest("table")):
            self._row[element] = _Row()
            self._table[table].rows.append(self._row[element])
        elif element.tag in ("td", "th") and (row := self._row.get(element.nearest("tr"))):
            row.header = row.header and element.tag == "th" and element.attributes.get("scope") != "row"
            self._cell[element] = len(row.cells)
            row.cells.append("")

    def _text(self, words: Words) -> None:
        cell = words.parent.nearest("td", "th")
        if cell in self._cell:
            self._row[cell.nearest("tr")].cells[self._cell[cell]] += words.text
        elif self._marked(words.parent) not in FREE and words.parent.tag not in ("style", "script"):
            if words.text.strip():
                self.words.append(words.text)

    def _marked(self, element: Element) -> str:
        marks = (one.attributes.get(KEY) for one in (element, *element.around()))
        return next(filter(None, marks), self._mark)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "".join(value) if isinstance(value, list) else json.dumps(value)
