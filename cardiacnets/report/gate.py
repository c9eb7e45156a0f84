"""The gate: what may not become a page, and what a page may not be. Each fault names its file and place.

Notebooks: errors, cells that never ran, exhibits without words. Pages: anything loaded from the network,
broken links and anchors, results that were not glued, pictures and films without words, films without
controls.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat

from cardiacnets.html_reading import Element, read_html

NETWORK = re.compile(r"^\s*(?:https?:|ftp:|wss?:)?//", re.IGNORECASE)
STYLE_LOADS = re.compile(
    r"""@import\s+(?:url\()?\s*['"]?([^'")\s;]+)|url\(\s*['"]?([^'")]+)""", re.IGNORECASE
)
_SOURCES = re.compile(r"\s+[\d.]+[wx]\s*,\s*|\s*,\s+")
"""Between the pictures of a ``srcset``, of which the browser fetches one."""
UNGLUED = re.compile(r"\{glue:|No key found|Unresolved glue|pasted_id=", re.IGNORECASE)

LOADERS = {
    "script": ("src",), "img": ("src", "srcset"), "iframe": ("src",), "video": ("src", "poster"),
    "audio": ("src",), "source": ("src", "srcset"), "track": ("src",), "embed": ("src",), "object": ("data",),
    "input": ("src",), "image": ("href", "xlink:href"), "use": ("href", "xlink:href"),
}  # fmt: skip
"""Attributes by which an element makes the browser fetch; ``<link>`` depends on its ``rel``."""

FETCHED_LINKS = {
    "stylesheet", "icon", "preload", "prefetch", "modulepreload", "preconnect", "dns-prefetch", "manifest",
}  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """Where (file, and cell or element) and what."""

    file: str
    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.file}: {self.place}: {self.what}"


class GateError(ValueError):
    """Faults that keep a book from being built, one line each."""

    def __init__(self, faults: Iterable[object]):
        super().__init__("\n".join(map(str, faults)))


def require(faults: Sequence[Fault]) -> None:
    """Raise :class:`GateError` if there are faults."""
    if faults:
        raise GateError(faults)


def notebook_faults(folder: Path) -> list[Fault]:
    """Faults of every executed notebook of a folder; an empty folder is one."""
    paths = sorted(folder.glob("*.ipynb"))
    if not paths:
        return [Fault(str(folder), "folder", "no executed notebooks: run the chapters first")]
    return [fault for path in paths for fault in _notebook_faults(path)]


def page_faults(folder: Path) -> list[Fault]:
    """Faults of every page and style sheet under a built book's folder."""
    pages = {
        path: _Page(path.read_text(encoding="utf-8"))
        for path in sorted(folder.rglob("*.html"))
        if "_static" not in path.parts
    }
    if not pages:
        return [Fault(str(folder), "folder", "no pages were built")]
    faults = []
    for path, page in pages.items():
        name = path.relative_to(folder).as_posix()
        faults += [Fault(name, place, what) for place, what in page.faults]
        faults += [
            Fault(name, f'link "{link}"', what) for link, what in _broken_links(path, page, pages, folder)
        ]
    for path in sorted(folder.rglob("*.css")):
        text = path.read_text(encoding="utf-8", errors="replace")
        faults += [
            Fault(path.relative_to(folder).as_posix(), "style", f"loads {url}")
            for url in _style_network(text)
        ]
    return faults


def _notebook_faults(path: Path) -> Iterator[Fault]:
    try:
        notebook = nbformat.read(path, as_version=4)
    except (
        Exception
    ) as error:  # nbformat raises whatever its reader meets; any of it means the same to the reader
        yield Fault(path.name, "file", f"not a notebook ({type(error).__name__})")
        return
    if notebook.metadata.get("papermill", {}).get("exception"):
        yield Fault(path.name, "notebook", "papermill recorded an exception")
    for index, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type != "code":
            continue
        place = f"cell {index}"
        if cell.source.strip() and cell.execution_count is None:
            yield Fault(path.name, place, "was never executed")
        for output in cell.outputs:
            if output.output_type == "error":
                yield Fault(path.name, place, f"error {output.ename}: {output.evalue}")
            data = output.get("data", {})
            if any(kind.startswith("image/") for kind in data):
                yield Fault(path.name, place, "a bare picture: show it with figure(..., caption=, alt=)")
            page = _Page("".join(data.get("text/html", "")))
            yield from (Fault(path.name, f"{place}, {where}", what) for where, what in page.faults)


def _broken_links(
    path: Path, page: _Page, pages: dict[Path, _Page], folder: Path
) -> Iterator[tuple[str, str]]:
    for link in sorted(page.links):
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        if target.is_dir():
            target = target / "index.html"
        if not target.exists():
            yield link, "leads nowhere"
        elif parts.fragment and (
            found := pages.get(folder / target.relative_to(folder.resolve()) if parts.path else path)
        ):
            if unquote(parts.fragment) not in found.anchors:
                yield link, "no such place on that page"


def _style_network(text: str) -> Iterator[str]:
    for groups in STYLE_LOADS.findall(text):
        url = next(filter(None, groups), "")
        if NETWORK.match(url):
            yield url


class _Page:
    """Links, anchors and faults of one page, or of a piece of one."""

    def __init__(self, page: str):
        self.links: set[str] = set()
        self.anchors: set[str] = {"", "top"}
        self.faults: list[tuple[str, str]] = []
        for found in read_html(page):
            if isinstance(found, Element):
                self._element(found)
            elif found.parent.tag == "style":
                for url in _style_network(found.text):
                    self._fault(found.parent, f"loads {url}")
            elif found.parent.tag != "script" and UNGLUED.search(found.text):
                shown = found.text.strip()[:80]
                self._fault(found.parent, f"a result that was not glued: {shown!r}", "text")

    def _element(self, element: Element) -> None:
        tag, attributes = element.tag, element.attributes
        self.anchors.update(
            filter(None, (attributes.get("id"), attributes.get("name") if tag == "a" else None))
        )
        if tag == "a" and "href" in attributes:
            self.links.add(attributes["href"])
        loads = LOADERS.get(tag, ())
        if tag == "link" and FETCHED_LINKS & set(attributes.get("rel", "").lower().split()):
            loads = ("href",)
        for name in loads:
            value = attributes.get(name, "")
            for url in _SOURCES.split(value) if name == "srcset" else (value,):
                if NETWORK.match(url):
                    self._fault(element, f"loads {url}")
        for url in _style_network(attributes.get("style", "")):
            self._fault(element, f"loads {url}")
        words = attributes.get("alt") or attributes.get("aria-label") or attributes.get("aria-labelledby")
        if tag in ("img", "video") and not (words or "").strip() and not _decorative(attributes):
            self._fault(element, "no alt text or aria-label")
        if tag == "video" and "controls" not in attributes:
            self._fault(element, "no controls")

    def _fault(self, element: Element, what: str, named: str = "") -> None:
        self.faults.append((f"<{named or element.tag}>, line {element.line}", what))


def _decorative(attributes: dict[str, str]) -> bool:
    return attributes.get("role") == "presentation" or attributes.get("aria-hidden") == "true"


def main(arguments: Sequence[str] | None = None) -> int:
    """Check folders of executed notebooks or of built pages; print a line a fault."""
    parser = argparse.ArgumentParser(prog="python -m cardiacnets.report.gate", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    faults = []
    for folder in parser.parse_args(arguments).folders:
        faults += notebook_faults(folder) if any(folder.glob("*.ipynb")) else page_faults(folder)
    print("\n".join(map(str, faults)) or "no faults")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
