"""Where a run shows what: the page and the numbered label of each figure and table of its notebooks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import nbformat

from cardiacnets.html_reading import Element, read_html

IDENTIFIER = re.compile(r"(?:fig|tab)-\d\d-.+")
LABEL = re.compile(r"(?:Figure|Table) \d\d\.\d+")


@dataclass(frozen=True)
class Place:
    """A figure or table: ``page`` without its folder, such as ``05_downstream_tasks.html``; ``label`` as
    printed, such as "Figure 05.1".
    """

    page: str
    identifier: str
    label: str

    @property
    def link(self) -> str:
        return f"{self.page}#{self.identifier}"


def places(notebooks: Path) -> dict[str, Place]:
    """By identifier, the figures and tables of a folder's executed notebooks; none if there is no folder."""
    found: dict[str, Place] = {}
    for path in sorted(notebooks.glob("[0-9][0-9]_*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", ()):
                for place in _of_page("".join(output.get("data", {}).get("text/html", "")), path.stem):
                    found[place.identifier] = place
    return found


def first_of(identifiers: Iterable[str], known: Mapping[str, Place]) -> Place | None:
    """The first of several identifiers that the run has."""
    return next((known[each] for each in identifiers if each in known), None)


def _of_page(page: str, stem: str) -> Iterable[Place]:
    """Identifiers in their order, each with the first label that is printed after it."""
    waiting = ""
    for found in read_html(page):
        if isinstance(found, Element):
            if IDENTIFIER.fullmatch(found.attributes.get("id", "")):
                waiting = found.attributes["id"]
        elif waiting and found.parent.tag == "strong" and (label := LABEL.match(found.text)):
            yield Place(f"{stem}.html", waiting, label[0])
            waiting = ""
