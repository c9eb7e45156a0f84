"""The book as one PDF: its pages laid one after the other and printed by Chromium, without a network.

    make pdf

The file lies beside the pages, and the first page links to it. A book that is built anew starts without one.
"""

from __future__ import annotations

import html
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bs4 import BeautifulSoup, Tag

from cardiacnets.artefacts import atomic_path
from cardiacnets.report.built_run import of_built_run

NAME = "the_cardiacnets_book.pdf"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PATIENCE = 600
"""Seconds that printing may take."""
LAYOUT = """
body { background: #fff; color: #000; font-size: 10pt; margin: 0; }
article.printed { break-before: page; }
article.printed:first-of-type { break-before: auto; }
article.printed img { max-width: 100%; }
article.printed :is(figure, tr) { break-inside: avoid; }
article.printed .wide { overflow: visible; }
article.printed pre { white-space: pre-wrap; }
article.printed :is(.headerlink, .copybtn, .prev-next-area, button) { display: none; }
@page { margin: 15mm; }
"""
FILM = "(a film: it plays on the page)"


def chromium() -> str:
    """The browser that prints; ``ValueError`` saying how to get one."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise ValueError(
            f"no Chromium on this machine (looked for {', '.join(BROWSERS)}): install one, for example by "
            "`apt-get install chromium`, and say make pdf again"
        )
    return found


def pages_in_order(book: Path) -> list[Path]:
    """The pages of a built book as its table of contents has them; ``ValueError`` if there is no book."""
    first = book / "welcome.html"
    if not first.is_file():
        raise ValueError(f"{first}: no such page; make book builds it")
    soup = BeautifulSoup(first.read_text(encoding="utf-8"), "html.parser")
    links = [
        link["href"].partition("#")[0] for link in soup.select("nav.bd-links a.reference.internal[href]")
    ]
    names = dict.fromkeys([first.name, *(link for link in links if link.endswith(".html"))])
    return [book / name for name in names if (book / name).is_file()]


def one_page(pages: Sequence[Path]) -> str:
    """The articles of all pages as one: links between them lead within it, no two places share a name."""
    names = {page.name for page in pages}
    first = BeautifulSoup(pages[0].read_text(encoding="utf-8"), "html.parser")
    head = "".join(map(str, first.select('head link[rel="stylesheet"], head script[type*="mathjax"]')))
    formulas = "".join(map(str, (script for script in first.select("script") if _typesets(script))))
    body = "".join(map(str, (_article(page, names) for page in pages)))
    return (
        f'<!doctype html>\n<html lang="en" data-theme="light"><head><meta charset="utf-8">'
        f"<title>{html.escape(first.title.get_text())}</title>{head}<style>{LAYOUT}</style>{formulas}</head>"
        f'<body><main class="bd-content">{body}</main></body></html>'
    )


def print_book(book: Path, browser: str) -> Path:
    """Print a built book beside its pages and link it from the first; raises as the functions above.

    ``ValueError`` with the browser's own words if it prints nothing.
    """
    pages = pages_in_order(book)
    source = book / ".printed.html"
    source.write_text(one_page(pages), encoding="utf-8")
    try:
        with atomic_path(book / NAME) as temporary:
            told = _print(browser, source, temporary)
            if not temporary.is_file() or not temporary.read_bytes().startswith(b"%PDF"):
                raise ValueError(f"{browser} printed nothing of {source}: {told[-1000:]}")
    finally:
        source.unlink()
    _link(pages[0])
    return book / NAME


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the book of one run; what is missing is one line on standard error, and the exit code is 1."""
    return of_built_run(
        "cardiacnets.report.pdf",
        __doc__,
        lambda run: f"the book as one file: {print_book(run.book, chromium())}",
        arguments,
    )


def _typesets(script: Tag) -> bool:
    return "mathjax" in (script.get("src", "") + script.get_text()).lower()


def _article(page: Path, names: set[str]) -> Tag:
    """A page's article as part of one long page."""
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    article = soup.select_one("article.bd-article")
    if article is None:
        raise ValueError(f"{page}: no article to print; make book builds the pages anew")
    for script in article.select("script"):
        script.decompose()
    for film in article.select("video"):
        film.replace_with(_still(soup, film))
    for folded in article.select(".exhibit details, details:has(> .exhibit), details.exhibit"):
        folded["open"] = ""
    for element in article.select("[id]"):
        element["id"] = f"{page.stem}--{element['id']}"
    for link in article.select("a[href]"):
        name, _, place = link["href"].partition("#")
        if not name:
            link["href"] = f"#{page.stem}--{place}"
        elif name in names:
            stem = Path(name).stem
            link["href"] = f"#{stem}--{place}" if place else f"#{stem}"
    article["id"], article["class"] = page.stem, [*article.get("class", []), "printed"]
    return article


def _still(soup: BeautifulSoup, film: Tag) -> Tag:
    words = film.get("aria-label", "")
    if film.get("poster"):
        return soup.new_tag("img", src=film["poster"], alt=words)
    still = soup.new_tag("p")
    still.string = f"{words} {FILM}".strip()
    return still


def _print(browser: str, source: Path, target: Path) -> str:
    # without a sandbox only for root, for whom it does not start, as in containers
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    command = [
        browser, "--headless", *options, "--disable-gpu", "--no-pdf-header-footer", "--disable-dev-shm-usage",
        "--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=60000",
        f"--print-to-pdf={target}", source.resolve().as_uri(),
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        return f"not done after {PATIENCE} seconds"
    return done.stdout


def _link(page: Path) -> None:
    """Let the first page link to the file, once."""
    text = page.read_text(encoding="utf-8")
    if NAME in text:
        return
    link = f'<p class="one-file"><a href="{NAME}">The whole book as one PDF</a></p>'
    with atomic_path(page) as temporary:
        temporary.write_text(text.replace("</article>", f"{link}</article>", 1), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
