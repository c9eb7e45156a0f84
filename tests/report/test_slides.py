"""Slides from a book's pages: what each chapter gives, in order, and what is refused."""

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from cardiacnets.report import gate
from cardiacnets.report.slides import main, read_chapter, write_slides

FIGURE = (
    '<figure class="exhibit" id="fig-{0}"><img alt="A curve." src="data:image/png;base64,AAAA">'
    "<figcaption><strong>Figure {0}.</strong> What it shows.</figcaption></figure>"
)
ENTRY = '<nav class="bd-links"><a class="reference internal" href="{0}">{0}</a></nav>'
CHAPTER = (
    '<article class="bd-article"><section><h1>{0} Title<a class="headerlink" href="#t">#</a></h1>'
    "<p><strong>The question.</strong> Is a &lt; b?</p><p><strong>Take away</strong></p>"
    '<ul><li><p>One, of <a href="b.html">there</a>.</p></li><li><p>Two: .59 [.52, .66].</p></li></ul>'
    "<section><h2>Part one</h2>{1}<p>It can be read.</p><p>Not this.</p></section>"
    "<section><h2>Part two</h2>{2}<section><h3>Below</h3><p>Of another.</p></section></section>"
    "</section></article>"
)


@pytest.fixture
def book(tmp_path) -> Path:
    folder = tmp_path / "try" / "book"
    folder.mkdir(parents=True)
    names = ["00_a.html", "glossary.html", "90_b.html"]
    (folder / "welcome.html").write_text(
        '<div class="bd-header-announcement">Simulated.</div>' + "".join(map(ENTRY.format, names))
        + "<article><h1>The book<a>#</a></h1></article>"
    )  # fmt: skip
    (folder / "glossary.html").write_text("<article><h1>Glossary</h1></article>")
    for number, name in (("00", "00_a.html"), ("90", "90_b.html")):
        pictures = [FIGURE.format(f"{number}.{place}") for place in (1, 2)]
        (folder / name).write_text(CHAPTER.format(number, *pictures))
    return folder


def test_a_chapter_gives_its_question_what_to_take_away_and_each_figure_with_what_follows(book):
    found = read_chapter(book / "00_a.html")
    assert found.title == "00 Title" and found.question == "Is a &lt; b?"
    assert found.take_away == ("<p>One, of there.</p>", "<p>Two: .59 [.52, .66].</p>")
    assert [(heading, said) for heading, _, said in found.figures] == [
        ("Part one", "It can be read."), ("Part two", ""),
    ]  # fmt: skip
    assert all('alt="A curve."' in figure and "What it shows." in figure for _, figure, _ in found.figures)


def test_the_deck_has_a_slide_for_each_and_is_numbered(book):
    deck = write_slides(book)
    assert deck == book.parent / "slides.html"
    soup = BeautifulSoup(deck.read_text(), "html.parser")
    slides = soup.select("section.slide")
    heads = [slide.find(["h1", "h2"]).get_text() for slide in slides]
    assert heads == ["The book", "00 Title", "Part one", "Part two", "90 Title", "Part one", "Part two"]
    assert [slide.select_one(".place").get_text() for slide in slides] == [f"{n} / 7" for n in range(1, 8)]
    assert slides[0].find("p").get_text() == "Simulated."
    places = {link.get_text(): link["href"][1:] for link in slides[0].select("a")}
    assert {name: soup.find(id=place).find("h1").get_text() for name, place in places.items()} == {
        "00 Title": "00 Title", "90 Title": "90 Title",
    }  # fmt: skip
    assert not slides[1].select("a"), "where links lead is not in the deck"


def test_a_deck_loads_nothing_and_leads_nowhere(book, tmp_path):
    (tmp_path / "deck").mkdir()
    write_slides(book).rename(tmp_path / "deck" / "slides.html")
    assert gate.page_faults(tmp_path / "deck") == []


def test_what_is_missing_is_named(book, capsys, monkeypatch):
    (book / "90_b.html").write_text("<article><h1>Bare</h1></article>")
    with pytest.raises(ValueError, match=re.escape(f"{book / '90_b.html'}: a chapter's page has a title")):
        write_slides(book)
    assert not (book.parent / "slides.html").exists()
    for page in book.glob("[0-9]*"):
        page.unlink()
    with pytest.raises(ValueError, match="no chapter's page in it; make book builds them"):
        write_slides(book)
    monkeypatch.setenv("CARDIACNETS_RUNS", str(book.parent.parent))
    assert main(["--profile", "smoke", "--run", "none"]) == 1
    assert "no such page; `make book PROFILE=smoke RUN=none` builds it" in capsys.readouterr().err
