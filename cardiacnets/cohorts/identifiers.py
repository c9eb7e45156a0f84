"""Identifiers of people looked for as what they are, strings of any characters, however a page writes them.

``10000001``, ``12.345.678-9`` and ``Müller 01`` are found in any case, composed or decomposed (Unicode NFC,
NFD), in any script's digits and any dash, as HTML, Markdown, JSON or a URL escape them, broken over lines
or by a tag within a word, and a number also as ``10000001.0``, ``10,000,001`` or ``1.0000001e+07``.
One pass over a page
finds all: of each identifier the part that tells it best from others is looked up, and what stands around it
compared.
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

_PART = re.compile(r"\d+|[^\W\d_]+")
_OTHER_DIGIT = re.compile(r"(?![0-9])\d")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_ESCAPED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([\"\\/'bfnrt]))")
_SPELLING = {
    **dict.fromkeys((*range(0x2010, 0x2016), 0x2212), "-"),
    **{wide: chr(wide - 0xFEE0) for wide in range(0xFF01, 0xFF5F)},
}
"""The dashes of typography and full-width letters, as plain ones."""
_MARKDOWN = re.compile(r"\\([!-/:-@\[-`{-~])")
_WITHIN_WORDS = re.compile(
    r"<!--.*?-->|</?(?:a|abbr|b|bdi|big|code|del|em|font|i|ins|kbd|mark|q|s|samp|small|span|strike|strong|sub|sup|"
    r"tt|u|var|wbr)\b[^<>]*>",
    re.IGNORECASE | re.DOTALL,
)
_WHOLE = re.compile(r"(\d+)(?:\.0+)?")
_FRACTION = re.compile(r"\.(?!0+(?!\d))\d|e[-+]?\d")
_GROUPED = re.compile(r"(?<![\d.])[1-9]\d{0,2}([,_ '\u2019.])\d{3}(?:\1\d{3})+(?!\d)")
"""Numbers of seven digits and more in thousands; shorter ones are what a page counts."""
_POWER = re.compile(r"(?<![\d.])(\d)\.(\d{4,})e\+?0*(\d{1,2})(?!\d)")
"""A number by its power of ten, with more digits than a rounded one shows."""
_HEXADECIMAL = frozenset("0123456789abcdef")
_CHECKSUM = 32
"""Hexadecimal digits in a row from which they are a checksum: those of MD5, the shortest in use."""
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
    if form.isdecimal():  # not the digits of a fraction or a checksum, nor a number with another fraction
        broken = _FRACTION.match(text, end) and not _in_uid(text, start, end)
        return not (_in_fraction(text, start) or broken or _in_checksum(text, start, end))
    return True


def _in_fraction(text: str, start: int) -> bool:
    """Whether a point that makes what begins at ``start`` a fraction stands before it: ``0.1``, ``-.1``."""
    if text[start - 1 : start] != ".":
        return False
    before = text[start - 2 : start - 1] if start > 1 else ""
    if before.isdecimal():
        whole = start - 2
        while whole > 0 and text[whole - 1].isdecimal():
            whole -= 1
        return text[whole - 1 : whole] != "."  # two points make no number but a UID
    return not before or before in " -+*([{,;:|=<>"


def _in_uid(text: str, start: int, end: int) -> bool:
    """Whether these digits stand between two points, as in ``1.2.840.10000001.5``."""
    return text[start - 1 : start] == "." and text[end : end + 1] == "." and not _in_fraction(text, start)


def _in_checksum(text: str, start: int, end: int) -> bool:
    """Whether these digits are part of a long row of hexadecimal ones."""
    first, last = start, end
    while first > 0 and text[first - 1] in _HEXADECIMAL:
        first -= 1
    while last < len(text) and text[last] in _HEXADECIMAL:
        last += 1
    return last - first >= _CHECKSUM and not text[first:last].isdecimal()


def _go_on(first: str, second: str) -> bool:
    """Whether two characters are of one word or number: ``p10000001`` and ``10000001_ecg`` hold a number."""
    return any(one(first) and one(second) for one in (str.isdecimal, str.isalpha))


def _forms(identifier: str) -> set[str]:
    """An identifier, and what a number among them becomes in a table."""
    own = _normal(identifier.strip())
    forms = {own}
    if number := _WHOLE.fullmatch(own):
        digits, bare = number[1], number[1].lstrip("0")
        forms |= {form for form in (digits, bare) if len(form) >= SHORTEST}
    return forms


def _normal(text: str) -> str:
    """One form for all ways to write the same: composed, without case, one space between words."""
    text = _INVISIBLE.sub("", text).translate(_SPELLING)
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    text = _OTHER_DIGIT.sub(lambda digit: str(unicodedata.decimal(digit[0])), text)
    return " ".join(text.split())


def _views(text: str) -> set[str]:
    """The text as it is, and as HTML, Markdown, JSON and URLs mean it."""
    once = html.unescape(text)
    views = {text, once, html.unescape(once)}  # a page within a page escapes twice
    views |= {_WITHIN_WORDS.sub("", view) for view in views if "<" in view}
    for plain in (_unescaped, _without_markdown):
        views |= {plain(view) for view in views if "\\" in view}
    views |= {view.replace("+", " ") for view in views if "+" in view}
    if "%" in text:
        for _ in range(2):
            views |= {unquote(view, encoding) for view in views for encoding in ("utf-8", "latin-1")}
    plain = {_normal(view) for view in views}
    return plain | {_GROUPED.sub(_digits, _POWER.sub(_from_power, view)) for view in plain}


def _digits(number: re.Match[str]) -> str:
    return re.sub(r"\D", "", number[0])


def _from_power(number: re.Match[str]) -> str:
    digits, power = (number[1] + number[2]).rstrip("0"), int(number[3])
    return digits.ljust(power + 1, "0") if len(digits) <= power + 1 else number[0]


def _without_markdown(text: str) -> str:
    return _MARKDOWN.sub(r"\1", text)


def _unescaped(text: str) -> str:
    """What JSON, or Python, means by its backslashes; a pair of surrogates is one character (RFC 8259, 7)."""

    def meant(found: re.Match[str]) -> str:
        if found[3]:
            return found[3] if found[3] in "\"\\/'" else " "
        return chr(int(found[1] or found[2], 16))

    plain = _ESCAPED.sub(meant, text)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _carried(kind: str, data: str) -> Iterator[str]:
    """The words that base64 ``data`` of a media type carries: text, or what a PNG or WebP says beside its
    pixels.
    """
    try:
        content = base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return
    if content.startswith(_PNG):
        yield from _beside_pixels(content)
    elif content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        yield from _beside_webp_pixels(content)
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


def _beside_webp_pixels(webp: bytes) -> Iterator[str]:
    """The chunks EXIF and XMP of a WebP (RFC 9649, 2.7.1.5): what is not its pixels."""
    place = 12
    while place + 8 <= len(webp):
        kind, length = struct.unpack("<4sI", webp[place : place + 8])
        chunk = webp[place + 8 : place + 8 + length]
        if kind in (b"EXIF", b"XMP "):
            yield chunk.decode("utf-8", errors="replace")
            yield chunk.decode("latin-1")
        place += 8 + length + length % 2


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data, 1 << 20) if data[:1] == b"\x78" else b""
    except zlib.error:
        return b""
