"""Identifiers of people looked for as what they are, strings of any characters, however a page writes them.

``10000001``, ``12.345.678-9`` and ``Müller 01`` are found in any case, composed or decomposed (Unicode NFC,
NFD), as HTML, JSON or a URL escape them, broken over lines, and a number also as ``10000001.0`` or
``10,000,001``. One pass over a page finds all: of each identifier the part that tells it best from others is
looked up, and what stands around it compared.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import struct
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

SHORTEST = 5
"""Characters below which an identifier could be anything, such as "12"."""
GROUPED = 7
"""Digits from which a number's thousands may be separated: shorter ones are what a page counts."""

_PART = re.compile(r"\d+|[^\W\d_]+")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_ESCAPED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([\"\\/'bfnrt]))")
_WHOLE = re.compile(r"(\d+)(?:\.0+)?")
_FRACTION = re.compile(r"\.(?!0+(?!\d))\d|e[-+]?\d")
_DATA = re.compile(r"data:([\w/+.\-]+)(?:;[\w\-]+=[\w\-]+)*;base64,([A-Za-z0-9+/=\s]+)")
_PNG = b"\x89PNG\r\n\x1a\n"


class Identifiers:
    """The identifiers of a cohort, ready to be looked for; none under :data:`SHORTEST` characters."""

    def __init__(self, known: Iterable[str]) -> None:
        self._by_part: dict[str, set[tuple[int, str]]] = {}
        self._without_words: set[str] = set()
        for identifier in known:
            if len(identifier.strip()) >= SHORTEST:
                for form in _forms(identifier):
                    self._add(form)

    def __bool__(self) -> bool:
        return bool(self._by_part or self._without_words)

    def in_text(self, text: str) -> bool:
        """Whether one of them stands in ``text``, or in what a data URI of it carries: text, or a picture's
        words.
        """
        if not self:
            return False
        carried = [words for kind, data in _DATA.findall(text) for words in _carried(kind, data)]
        return any(self._in_plain(view) for part in (_DATA.sub(" ", text), *carried) for view in _views(part))

    def in_picture(self, data: str) -> bool:
        """Whether one of them stands in the words beside a picture's pixels, ``data`` in base64."""
        return any(self._in_plain(view) for part in _carried("image/png", data) for view in _views(part))

    def _add(self, form: str) -> None:
        parts = list(_PART.finditer(form))
        if not parts:
            self._without_words.add(form)
            return
        # digits tell people apart, words are often the hospital's
        best = max(parts, key=lambda part: (sum(map(str.isdigit, part[0])), len(part[0])))
        self._by_part.setdefault(best[0], set()).add((best.start(), form))

    def _in_plain(self, text: str) -> bool:
        if any(form in text for form in self._without_words):
            return True
        for part in _PART.finditer(text):
            for offset, form in self._by_part.get(part[0], ()):
                start = part.start() - offset
                if start >= 0 and text.startswith(form, start) and _stands_alone(text, start, form):
                    return True
        return False


def _stands_alone(text: str, start: int, form: str) -> bool:
    """Whether what begins at ``start`` is no piece of a longer word or of another number."""
    before, end = text[start - 1 : start], start + len(form)
    if _go_on(before, form[0]) or _go_on(form[-1], text[end : end + 1]):
        return False
    if form.isdecimal():  # not the digits of a fraction, nor a number with another fraction
        fraction = before == "." and start > 1 and text[start - 2].isdecimal()
        return not fraction and not _FRACTION.match(text, end)
    return True


def _go_on(first: str, second: str) -> bool:
    """Whether two characters are of one word or number: ``p10000001`` and ``10000001_ecg`` hold a number."""
    return any(one(first) and one(second) for one in (str.isdecimal, str.isalpha))


def _forms(identifier: str) -> set[str]:
    """An identifier, and what a number among them becomes in a table."""
    forms = {_normal(identifier.strip())}
    if number := _WHOLE.fullmatch(identifier.strip()):
        digits = number[1]
        forms |= {form for form in (digits, digits.lstrip("0")) if len(form) >= SHORTEST}
        if len(digits.lstrip("0")) >= GROUPED:
            forms.add(f"{int(digits):,}")
    return forms


def _normal(text: str) -> str:
    """One form for all ways to write the same: composed, without case, one space between words."""
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", _INVISIBLE.sub("", text)).casefold())
    return " ".join(text.split())


def _views(text: str) -> set[str]:
    """The text as it is, and as HTML, JSON and URLs mean it."""
    views = {text, html.unescape(text)}
    views |= {_unescaped(view) for view in views if "\\" in view}
    if "%" in text:
        views |= {unquote(view) for view in views}
    return {_normal(view) for view in views}


def _unescaped(text: str) -> str:
    """What JSON, or Python, means by its backslashes; a pair of surrogates is one character (RFC 8259, 7)."""

    def meant(found: re.Match[str]) -> str:
        if found[3]:
            return found[3] if found[3] in "\"\\/'" else " "
        return chr(int(found[1] or found[2], 16))

    plain = _ESCAPED.sub(meant, text)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _carried(kind: str, data: str) -> Iterator[str]:
    """The words that base64 ``data`` of a media type carries: text, or what a PNG says beside its pixels."""
    try:
        content = base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return
    if content.startswith(_PNG):
        yield from _beside_pixels(content)
    elif kind.startswith("text/") or kind.endswith(("xml", "json")):
        yield content.decode("utf-8", errors="replace")


def _beside_pixels(png: bytes) -> Iterator[str]:
    """The text chunks of a PNG (PNG specification, 11.3.4): tEXt, zTXt, iTXt."""
    place = len(_PNG)
    while place + 8 <= len(png):
        length, kind = struct.unpack(">I4s", png[place : place + 8])
        chunk = png[place + 8 : place + 8 + length]
        if kind in (b"tEXt", b"zTXt", b"iTXt"):
            keyword, _, rest = chunk.partition(b"\0")
            pieces = [keyword, rest]
            if kind != b"tEXt":  # perhaps compressed, from some place on
                pieces += [_inflated(rest[start:]) for start in range(min(len(rest), 200))]
            yield b" ".join(pieces).decode("utf-8", errors="replace")
            yield b" ".join(pieces).decode("latin-1")
        place += 12 + length


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, 1 << 20) if data[:1] == b"\x78" else b""
    except zlib.error:
        return b""
