"""HTML as the gate and the disclosure guard read it: one parser, one walk, elements with what is around them.

Whatever is thrown at it is read, as a browser would: broken HTML has elements and words too.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning, NavigableString, Tag, XMLParsedAsHTMLWarning
from bs4.element import CData, Comment, Declaration, Doctype, ProcessingInstruction

UNSEEN = (Comment, CData, Declaration, Doctype, ProcessingInstruction)
INLINE = frozenset(
    "a abbr b bdi bdo big cite code data del dfn em font i ins kbd label mark q s samp small span strike "
    "strong sub sup time tspan tt u var wbr".split()
)
"""Elements that do not part the letters inside them from the letters around them."""


@dataclass(eq=False)
class Element:
    """One element: its tag and attributes in small letters, its line (from 1), and the element around it."""

    tag: str
    attributes: dict[str, str]
    line: int
    parent: Element | None = field(repr=False, default=None)

    def around(self) -> Iterator[Element]:
        """The elements it stands in, from the inside out."""
        found = self.parent
        while found is not None:
            yield found
            found = found.parent

    def nearest(self, *tags: str) -> Element | None:
        """The innermost of itself and what is around it that has one of ``tags``."""
        own = [self] if self.tag in tags else []
        return next((each for each in (*own, *self.around()) if each.tag in tags), None)


@dataclass(frozen=True)
class Words:
    """A piece of text and the element that it stands in (a nameless one at the top)."""

    text: str
    parent: Element


def read_html(page: str) -> Iterator[Element | Words]:
    """The elements and the text of a page or of a piece of one, in order; comments are passed over.

    Of an attribute that stands twice the first counts, as in browsers.
    """
    with warnings.catch_warnings():
        # a page may hold nothing but an address, or XML
        warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        soup = BeautifulSoup(
            page, "html.parser", multi_valued_attributes=None, on_duplicate_attribute="ignore"
        )
    top = Element("", {}, 1)
    known = {id(soup): top}
    for node in soup.descendants:
        parent = known[id(node.parent)]
        if isinstance(node, Tag):
            attributes = {name: value or "" for name, value in node.attrs.items()}
            known[id(node)] = Element(node.name, attributes, node.sourceline or 1, parent)
            yield known[id(node)]
        elif isinstance(node, NavigableString) and not isinstance(node, UNSEEN):
            yield Words(str(node), parent)


def visible_lines(read: Iterable[Element | Words]) -> list[str]:
    """What a reader sees of what was read, a line for each block: letters in ``<b>`` join their word."""
    lines: list[list[str]] = [[]]
    last: Element | None = None
    for found in read:
        if isinstance(found, Element):
            if found.tag not in INLINE:
                lines.append([])
        elif found.parent.tag not in ("style", "script"):
            block = found.parent
            while block.parent is not None and block.tag in INLINE:
                block = block.parent
            if block is not last:
                lines.append([])
            lines[-1].append(found.text)
            last = block
    return ["".join(line) for line in lines if line]
