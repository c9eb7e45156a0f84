"""One PDF of many pages: in the order of the contents, links within it, printed without a network."""

import shutil

import pytest
from bs4 import BeautifulSoup

from cardiacnets.report import pdf

LINKS = '<nav class="bd-links"><a class="reference internal" href="two.html">Two</a>' + (
    '<a class="reference internal" href="#">One</a></nav>'
)


@pytest.fixture
def book(tmp_path):
    """Two pages that have a place of the same name, link to each other and show a film and a folded table."""
    folder = tmp_path / "book"
    folder.mkdir()
    one = (
        '<h1 id="same">One</h1><a href="two.html#same">there</a> <a href="#same">here</a>'
        '<a href="https://example.org/x">out</a><a href="two.html">page</a>'
        '<video controls aria-label="A beating heart" src="data:video/mp4;base64,AAAA"></video>'
    )
    two = '<h1 id="same">Two</h1><details><summary>All</summary><div class="exhibit">rows</div></details>'
    for name, body in (("welcome", one), ("two", two)):
        article = f'<article class="bd-article">{body}<script>run()</script></article>'
        text = f"<html><head><title>Book</title></head><body>{LINKS}{article}</body></html>"
        (folder / f"{name}.html").write_text(text)
    return folder


def test_pages_come_in_the_order_of_the_contents(book):
    (book / "stray.html").write_text("<p>reached by nothing")
    assert [page.name for page in pdf.pages_in_order(book)] == ["welcome.html", "two.html"]


def test_links_lead_within_the_one_page_and_no_name_stands_twice(book):
    soup = BeautifulSoup(pdf.one_page(pdf.pages_in_order(book)), "html.parser")
    names = [element["id"] for element in soup.select("[id]")]
    assert sorted(names) == sorted({"welcome", "two", "welcome--same", "two--same"})
    links = [link["href"] for link in soup.select("article a")]
    assert links == ["#two--same", "#welcome--same", "https://example.org/x", "#two"]
    assert not soup.select("article script, video") and "A beating heart (a film" in soup.get_text()
    assert soup.select_one("details").has_attr("open"), "what is folded on a page is read on paper"


def test_the_book_is_printed_beside_its_pages_and_linked_once(book):
    browser = next(filter(None, map(shutil.which, pdf.BROWSERS)), None)
    if browser is None:
        pytest.skip("no Chromium on this machine")
    for _ in range(2):
        assert pdf.print_book(book, browser) == book / pdf.NAME
    content = (book / pdf.NAME).read_bytes()
    assert content.startswith(b"%PDF") and b"/URI (https://example.org/x)" in content
    assert (book / "welcome.html").read_text().count(f'href="{pdf.NAME}"') == 1
    assert sorted(path.name for path in book.iterdir()) == [pdf.NAME, "two.html", "welcome.html"]


def test_a_browser_that_prints_nothing_is_named_and_leaves_nothing(book):
    with pytest.raises(ValueError, match="printed nothing"):
        pdf.print_book(book, shutil.which("true"))
    assert sorted(path.name for path in book.iterdir()) == ["two.html", "welcome.html"]


def test_what_is_missing_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CARDIACNETS_RUNS", str(tmp_path))
    monkeypatch.setattr(pdf.shutil, "which", lambda name: None)
    assert pdf.main(["--profile", "smoke"]) == 1
    said = "welcome.html: no such page; `make book PROFILE=smoke RUN=smoke` builds it"
    assert said in capsys.readouterr().err
    (tmp_path / "smoke" / "book").mkdir(parents=True)
    (tmp_path / "smoke" / "book" / "welcome.html").write_text("<article></article>")
    assert pdf.main(["--profile", "smoke"]) == 1
    assert "error: no Chromium on this machine" in capsys.readouterr().err
