"""An identifier is found whatever it holds and however a page writes it, and nothing else is."""

import base64
import html
import io
import json
import re
import time
import unicodedata
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as some
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from cardiacnets.cohorts.identifiers import SHORTEST, Identifiers

PRINTABLE = some.characters(exclude_categories=("C", "Z")) | some.just(" ")
IDENTIFIER = some.text(PRINTABLE, min_size=SHORTEST, max_size=20).map(lambda text: " ".join(text.split()))


def encoded(kind: str, content: str | bytes) -> str:
    data = content.encode() if isinstance(content, str) else content
    return f'<img src="data:{kind};base64,{base64.b64encode(data).decode()}">'


def png_saying(words: str, compressed: bool) -> bytes:
    said, buffer = PngInfo(), io.BytesIO()
    said.add_itxt("Title", words, zip=compressed)
    Image.new("L", (2, 2)).save(buffer, "png", pnginfo=said)
    return buffer.getvalue()


def webp_saying(words: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (2, 2)).save(buffer, "webp", xmp=words.encode())
    return buffer.getvalue()


PLACES = {
    "text": lambda one: f"patient {one} came back",
    "line of a table": lambda one: f"  {one}\n",
    "decomposed": lambda one: f"of {unicodedata.normalize('NFD', one)}!",
    "capitals": lambda one: f"of {one.upper()} and",
    "broken over lines": lambda one: "see " + one.replace(" ", "\n   ") + " there",
    "escaped in a page": lambda one: f"<td>{html.escape(one)}</td>",
    "numbered entities": lambda one: "<td>" + one.encode("ascii", "xmlcharrefreplace").decode() + "</td>",
    "alt text": lambda one: f'<img alt="{html.escape(one)}">',
    "figure title": lambda one: encoded("image/svg+xml", f"<svg><title>{html.escape(one)}</title></svg>"),
    "picture's words": lambda one: encoded("image/png", png_saying(one, compressed=False)),
    "picture's packed words": lambda one: encoded("image/png", png_saying(one, compressed=True)),
    "words of a WebP": lambda one: encoded("image/webp", webp_saying(one)),
    "JSON": lambda one: json.dumps({"person": one}),
    "JSON as it is": lambda one: json.dumps([one], ensure_ascii=False),
    "address": lambda one: f"<a href='x?p={quote(one, safe='')}'>",
    "form": lambda one: f"<a href='x?p={quote_plus(one, safe='')}+and'>",
    "bold in the middle": lambda one: f"<td>{one[:2]}<b>{one[2:]}</b></td>",
    "Markdown": lambda one: "the " + re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", one) + " was",
    "text data": lambda one: encoded("text/plain", one),
}


@pytest.mark.parametrize("place", PLACES)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(identifier=IDENTIFIER)
def test_any_printable_identifier_is_found(place, identifier):
    assume(len(identifier) >= SHORTEST)
    if place == "capitals":  # some letters have no way back: those are no other way to write the same
        assume(identifier.upper().casefold() == identifier.casefold())
    if place in ("address", "form"):
        assume(not identifier.startswith("%") or "%" not in identifier[1:])
    if place == "bold in the middle":
        assume(not set("<>&") & set(identifier))
    assert Identifiers([identifier]).in_text(PLACES[place](identifier))


@pytest.mark.parametrize(
    ("known", "written"),
    [
        ("10000001.0", "person 10000001 was"), ("10000001", "10000001.0"), ("10000001", "10000001.00,"),
        ("10000001", "10,000,001"), ("00123456", "eid 123456 "), ("12.345.678-9", "(12.345.678-9)"),
        ("Müller_01", "MÜLLER_01"), ("Müller_01", "M\u0075\u0308ller_01"), ("a/b/c1", "files/a/b/c1.dat"),
        ("10000001", "[5,10000001,7]"), ("10000001", "p10000001"[1:]), ("O'Brien 7", "O&#x27;Brien 7"),
        ("*****", "see ***** there"),
        ("10000001", "10000001_fig.png"), ("10000001", "files/p10/p10000001/s4"),
        ("10000001", "1000\u200b0001"), ("10000001", "10_000_001"), ("10000001", "10 000 001"),
        ("10000001", "10\u202f000\u202f001"), ("10000001", "10'000'001"), ("10000001", "10.000.001"),
        ("10000001", "1.0000001e+07"), ("10000001", "1.0000001E7,"), ("10000001", "１００００００１"),
        ("10000001", "١٠٠٠٠٠٠١"), ("١٠٠٠٠٠٠١", "10000001"), ("10000001", "10<b>000001</b>"),
        ("10000001", "10<!-- -->000001"), ("10000001", "1.2.840.10000001.5"), ("10000001", "1.2.10000001"),
        ("sub_10-7", r"sub\_10\-7"), ("Anna M 07", "?name=Anna+M+07"), ("Müller 01", "m=M%FCller%2001"),
        ("10000001", "scan.10000001.zip"), ("10000001", "1.0000001e+007"), ("10000001", "&amp;#49;0000001"),
        ("Müller 01", "m%25C3%25BCller%252001"), ("Müller 01", "ecg/M%C3%BCller+01.png"),
        ("Müller-01", "Ｍüller－０１"), ("Müller-01", "Müller\u201101"),
        ("12.345.678-9", "12.345.678\u22129"),
    ],
)  # fmt: skip
def test_other_ways_to_write_it_are_found(known, written):
    assert Identifiers([known]).in_text(written)


@pytest.mark.parametrize(
    ("known", "written"),
    [
        ("10000001", "110000001"), ("10000001", "100000012"), ("10000001", "0.10000001"),
        ("10000001", "10000001.5"), ("12345", "12,345 recordings"), ("123", "123"), ("AB-12345", "AB-123456"),
        ("Müller_01", "Müller_012"), ("sub_1", "x sub_12"), ("10000001", "10000001e3"),
        ("1000001", "-.1000001"), ("1000001", "[.1000001, .2]"), ("1000001", "p = .1000001"),
        ("1000001", "d2a1c9" * 6 + "a1000001b" + "e" * 20), ("10000000", "1e+07"), ("10000001", "1e+07"),
        ("10000001", "110,000,001"), ("10000001", "<td>10</td><td>000001</td>"),
        ("10000001", "1.00000012e+07"), ("1000001", "{.1000001}"), ("1000001", "a|.1000001|"),
        ("1000001", "x:.1000001; y:\u2212.1000001"), ("Anna 07", "Anna+071"),
    ],
)  # fmt: skip
def test_other_words_and_numbers_are_not(known, written):
    assert not Identifiers([known]).in_text(written)


@pytest.mark.parametrize("name", ["hospital-{:07d}", "9{:07d}"])
def test_half_a_million_identifiers_are_one_pass(name):
    known = Identifiers(name.format(number) for number in range(500_000))
    page = "the mean of 12345678 values is 0.1234567 (hospital) " * 20_000
    started = time.process_time()
    assert not known.in_text(page)
    assert known.in_text(page + name.format(499_999))
    assert time.process_time() - started < 60  # a search for each of them would take hours


def test_nothing_known_is_nothing_found():
    assert not Identifiers([]) and not Identifiers(["1234"]) and not Identifiers([]).in_text("1234")
