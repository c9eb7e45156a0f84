"""The smoke book's slides: every chapter, every figure of its page, and nothing from the network."""

import re

from bs4 import BeautifulSoup

from cardiacnets.report import gate
from cardiacnets.report.slides import read_chapter, write_slides


def test_every_figure_of_every_chapter_is_a_slide(smoke_book, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "book").symlink_to(smoke_book.run / "book")
    deck = write_slides(tmp_path / "run" / "book")
    pages = sorted((smoke_book.run / "book").glob("[0-9][0-9]_*.html"))
    shown = [
        found
        for page in pages
        for found in re.findall(r'<figure class="exhibit" id="([^"]+)"', page.read_text())
    ]
    soup = BeautifulSoup(deck.read_text(), "html.parser")
    assert [figure["id"] for figure in soup.select("figure")] == shown and len(shown) > 50
    assert len(soup.select("section.slide")) == 1 + len(pages) + len(shown)
    assert all(len(read_chapter(page).take_away) >= 3 for page in pages)
    assert "□" not in soup.get_text() and "{glue" not in soup.get_text()
    assert sum(bool(figure.find_next_sibling("details")) for figure in soup.select("figure")) > len(shown) / 3
    deck.rename(tmp_path / "slides.html")
    (tmp_path / "run" / "book").unlink()
    assert gate.page_faults(tmp_path) == []
