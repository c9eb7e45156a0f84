"""The figures of a finished book as slides: one file that opens in any browser, without a network.

    make slides

Each chapter begins with its question and what to take away, as its page has them; then comes a slide for each
figure and film, with its caption and, folded, the sentence of the page that follows it. Arrow keys, space and
Page Down turn the slides; the browser prints one to a page. The file lies beside the run's folder ``book``.
"""

from __future__ import annotations

import copy
import html
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bs4 import BeautifulSoup, Tag

from cardiacnets.artefacts import atomic_path
from cardiacnets.report.built_run import of_built_run
from cardiacnets.report.pdf import pages_in_order

NAME = "slides.html"
STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
html { scroll-snap-type: y proximity; font: 1.3rem/1.45 system-ui, sans-serif; }
body { margin: 0; color: #1a1a1a; background: #fff; }
.slide { min-height: 100vh; padding: 3vh 5vw; scroll-snap-align: start; display: flex; flex-direction: column;
  justify-content: center; position: relative; border-bottom: 1px solid #ccc; }
.slide:focus { outline: none; }
h1 { font-size: 2.2em; margin: 0 0 .5em; }
h2 { font-size: 1.2em; margin: 0 0 .6em; color: #444; }
li { margin: .5em 0; }
figure { margin: 0; max-width: 100%; }
figure img, figure video { display: block; max-width: 100%; max-height: 66vh; height: auto; margin: 0 auto; }
figure video { width: 100%; }
figcaption { font-size: .8em; margin-top: .8em; }
details { font-size: .8em; margin-top: .6em; }
.place { position: absolute; right: 2vw; bottom: 1vh; font-size: .7em; color: #595959; }
@media print {
  @page { size: landscape; margin: 8mm; }
  .slide { min-height: 0; break-after: page; border: 0; }
  details { display: none; }
}
"""
SCRIPT = """
const slides = [...document.querySelectorAll('.slide')];
const shown = () => slides.findIndex(slide => slide.getBoundingClientRect().bottom > innerHeight / 3);
const turn = step => {
  const slide = slides[Math.min(slides.length - 1, Math.max(0, shown() + step))];
  slide.scrollIntoView(); slide.focus({preventScroll: true});
};
addEventListener('keydown', event => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.target.closest('a, video, summary, button, input')) return;
  const step = {ArrowRight: 1, ArrowDown: 1, PageDown: 1, ' ': event.shiftKey ? -1 : 1,
    ArrowLeft: -1, ArrowUp: -1, PageUp: -1, Home: -slides.length, End: slides.length}[event.key];
  if (step) { event.preventDefault(); turn(step); }
});
"""


@dataclass(frozen=True)
class ChapterSlides:
    """What a chapter's page gives to the deck, as HTML: its title, question, what to take away, figures."""

    title: str
    question: str
    take_away: tuple[str, ...]
    figures: tuple[tuple[str, str, str], ...]
    """Of each: the heading that it stands under, the figure with its caption, the sentence after it."""


def read_chapter(page: Path) -> ChapterSlides:
    """What a chapter's built page gives; ``ValueError``, which names it, where it has no title, no question
    or nothing to take away.
    """
    article = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").select_one("article")
    title = article and article.find("h1")
    question = article and article.find("strong", string=re.compile("The question"))
    taken = article and article.find("strong", string=re.compile("Take away"))
    points = taken.find_next("ul") if taken else None
    if not (title and question and points):
        raise ValueError(
            f"{page}: a chapter's page has a title, **The question.** and **Take away** with a list; "
            "this one lacks one of them"
        )
    figures = [
        (_text(figure.find_previous(["h1", "h2", "h3"])), _whole(figure), _sentence_after(figure))
        for figure in article.select("figure.exhibit")
    ]
    question.extract()
    asked = article.find("p").get_text(" ", strip=True)
    taken_away = tuple(_inner(point) for point in points.find_all("li", recursive=False))
    return ChapterSlides(_text(title), html.escape(asked, quote=False), taken_away, tuple(figures))


def deck(chapters: Sequence[ChapterSlides], title: str, about: str) -> str:
    """All slides as one HTML file; ``about`` stands on the first."""
    first, places = [], {}
    bodies: list[str] = []
    for chapter in chapters:
        places[chapter.title] = len(bodies) + 2
        points = "".join(f"<li>{point}</li>" for point in chapter.take_away)
        bodies.append(f"<h1>{chapter.title}</h1><p>{chapter.question}</p><ul>{points}</ul>")
        for heading, figure, sentence in chapter.figures:
            read = f"<details><summary>What the page says</summary><p>{sentence}</p></details>"
            bodies.append(f"<h2>{heading}</h2>{figure}{read if sentence else ''}")
    for name, place in places.items():
        first.append(f'<li><a href="#slide-{place}">{name}</a></li>')
    opening = f"<h1>{html.escape(title)}</h1><p>{html.escape(about)}</p><ul>{''.join(first)}</ul>"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}: slides</title><style>{STYLE}</style></head>"
        f"<body><main>{''.join(_slides([opening, *bodies]))}</main><script>{SCRIPT}</script></body></html>\n"
    )


def write_slides(book: Path) -> Path:
    """Write the deck of a built book beside its folder; ``ValueError`` naming what is missing."""
    pages = [page for page in pages_in_order(book) if re.match(r"\d\d_", page.name)]
    if not pages:
        raise ValueError(f"{book}: no chapter's page in it; make book builds them")
    first = BeautifulSoup((book / "welcome.html").read_text(encoding="utf-8"), "html.parser")
    announced = first.select_one(".bd-header-announcement")
    about = announced.get_text(" ", strip=True) if announced else ""
    title = first.find("h1").find(string=True, recursive=False) if first.find("h1") else "Slides"
    text = deck([read_chapter(page) for page in pages], str(title).strip(), about)
    with atomic_path(book.parent / NAME) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return book.parent / NAME


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the slides of one run; what is missing is one line on standard error, and the exit code is 1."""
    return of_built_run(
        "cardiacnets.report.slides", __doc__, lambda run: f"the slides: {write_slides(run.book)}", arguments
    )


def _slides(bodies: Sequence[str]) -> Iterable[str]:
    for place, body in enumerate(bodies, start=1):
        number = f'<p class="place">{place} / {len(bodies)}</p>'
        yield f'<section class="slide" id="slide-{place}" tabindex="-1">{body}{number}</section>'


def _text(heading: Tag) -> str:
    heading = copy.copy(heading)
    for link in heading.select(".headerlink"):
        link.decompose()
    return html.escape(heading.get_text(" ", strip=True), quote=False)


def _whole(element: Tag) -> str:
    return str(_without_links(element))


def _inner(element: Tag) -> str:
    return _without_links(element).decode_contents()


def _without_links(element: Tag) -> Tag:
    """A copy whose links are plain words: where they lead is not in the deck."""
    element = copy.copy(element)
    for script in element.select("script"):
        script.decompose()
    for link in element.select("a"):
        link.unwrap()
    return element


def _sentence_after(figure: Tag) -> str:
    """The first paragraph of the page between a figure and the next one or heading; formulas are left out."""
    for element in figure.find_all_next(["p", "figure", "h2", "h3"]):
        if element.name != "p":
            return ""
        if element.parent.name == "section" and not element.select_one(".math"):
            return _inner(element)
    return ""


if __name__ == "__main__":
    sys.exit(main())
