"""XML from strangers: no entity expansion, no external files, encodings as devices misspell them."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree

MAXIMUM_BYTES = 64 * 2**20
"""Far above any ten-second ECG (the largest kinds are half a megabyte), far below what would fill the memory.
"""


def parse_xml(path: Path) -> Element:
    """The root element of an XML file.

    Raises ``ValueError`` if it is too large, in an unknown encoding, not well-formed, or declares entities.
    """
    if path.stat().st_size > MAXIMUM_BYTES:
        raise ValueError(f"larger than {MAXIMUM_BYTES >> 20} MiB, which no ten-second ECG is")
    try:
        return ElementTree.fromstring(_decode(path.read_bytes()))
    except ParseError as error:
        raise ValueError(f"not well-formed XML ({error})") from None


def number(root: Element, tag: str) -> float | None:
    """The number in the first ``tag`` below ``root``, ``None`` if it is absent or not a number."""
    try:
        return float(root.findtext(f".//{tag}") or "")
    except ValueError:
        return None


def required_number(root: Element, tag: str) -> float:
    """The number in the first ``tag`` below ``root``; ``ValueError`` if there is none."""
    if (value := number(root, tag)) is None:
        raise ValueError(f"<{root.tag}> holds no number <{tag}>")
    return value


def only_text(root: Element, tag: str) -> str | None:
    """The text of ``tag`` below ``root``, ``None`` if there is none; ``ValueError`` if several disagree."""
    texts = list(dict.fromkeys((found.text or "").strip() for found in root.iter(tag)))
    if len(texts) > 1:
        raise ValueError(
            f"<{root.tag}> states several <{tag}> ({', '.join(repr(text[:20]) for text in texts[:5])})"
        )
    return texts[0] if texts else None


def measured(root: Element, tags: dict[str, str]) -> dict[str, float]:
    """The device's own measurements: our names for those of ``tags`` that are there."""
    found = {name: number(root, tag) for name, tag in tags.items()}
    return {name: value for name, value in found.items() if value is not None}


def _decode(content: bytes) -> str:
    # CardioSoft declares "ISO8859-1", which is no registered name; Python's codecs know it, and what a parser
    # makes of it is its own affair
    marks = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
    marked = next((encoding for mark, encoding in marks.items() if content.startswith(mark)), None)
    declared = re.match(rb"\s*<\?xml[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)", content)
    encoding = marked or (declared.group(1).decode() if declared else "utf-8")
    try:
        return content.decode(encoding)
    except (LookupError, UnicodeDecodeError) as error:
        raise ValueError(f"text is not in its declared encoding ({error})") from None
