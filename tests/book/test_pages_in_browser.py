"""Pages as a reader meets them: from disk, without a network, on a desk and on a phone, in light and dark."""

import pytest

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
PAGES = ("welcome", "claims", "paper_code_book", "04_diffusion", "05_downstream_tasks", "08_your_own_ecg")
SERIOUS = {"serious", "critical"}


@pytest.fixture
def open_page(browser, smoke_book):
    """Open a page of the book in a window; whatever it asks of the network, or complains of, is kept."""
    contexts = []

    def open_(name: str, viewport=DESK, scheme: str = "light"):
        context = browser.new_context(viewport=viewport, color_scheme=scheme, offline=True)
        contexts.append(context)
        page = context.new_page()
        page.asked, page.complaints = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("requestfailed", lambda request: page.complaints.append(f"failed: {request.url}"))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto((smoke_book.run / "book" / name).as_uri().replace("%3F", "?"), wait_until="load")
        return page

    yield open_
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_needs_nothing_but_the_disk(open_page, name):
    page = open_page(f"{name}.html")
    page.wait_for_timeout(500)
    assert [url for url in page.asked if not url.startswith(("file:", "data:", "blob:", "about:"))] == []
    # about:blank is the browser's own, for a film that stops at the page's end
    assert [each for each in page.complaints if each != "failed: about:blank"] == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_a_phone(open_page, name):
    page = open_page(f"{name}.html", PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"] + 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["claims", "05_downstream_tasks"])
def test_what_we_put_on_a_page_is_accessible(open_page, name, scheme):
    """axe-core finds nothing serious within exhibits and footers, contrast included, in either theme."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = open_page(f"{name}.html", scheme=scheme)
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    found = axe.Axe().run(page, context={"include": [[".exhibit"]]}).response["violations"]
    assert [(rule["id"], rule["nodes"][0]["html"][:200]) for rule in found if rule["impact"] in SERIOUS] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_whole_pages_are_accessible(open_page, smoke_book, scheme):
    """axe-core finds nothing serious by WCAG 2.1 AA on any page, theme, navigation and folds included."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    # a theme changes colours only
    every = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
    rules = {"runOnly": every if scheme == "light" else ["color-contrast"]}
    faults, names = {}, pages_of(smoke_book)
    page = open_page("welcome.html", scheme=scheme)
    for name in names:
        page.goto((smoke_book.run / "book" / name).as_uri(), wait_until="load")
        # what unfolds does so at once: half faded in, a word's contrast is not its own
        page.add_style_tag(content="* { animation: none !important; transition: none !important; }")
        page.evaluate("for (const each of document.querySelectorAll('.bd-article details')) each.open = true")
        found = axe.Axe().run(page, options=rules).response["violations"]
        serious = [rule for rule in found if rule["impact"] in SERIOUS]
        if serious:
            faults[name] = [(rule["id"], rule["nodes"][0]["html"][:200]) for rule in serious]
    assert faults == {} and len(names) > 20


@pytest.mark.parametrize("width", [320, 390])
def test_no_page_is_wider_than_a_narrow_window(open_page, smoke_book, width):
    """A window of 1280 pixels enlarged fourfold is 320 wide, a phone 390: nothing is lost beyond the edge."""
    page = open_page("welcome.html", {"width": width, "height": 640})
    code = sorted(f"code/{path.name}" for path in (smoke_book.run / "book" / "code").glob("*.html"))
    wide = {}
    for name in [*pages_of(smoke_book), *code]:
        page.goto((smoke_book.run / "book" / name).as_uri(), wait_until="load")
        found = page.evaluate("document.documentElement.scrollWidth")
        if found > width + 1:
            wide[name] = found
    assert wide == {} and len(code) > 50


def pages_of(smoke_book) -> list[str]:
    """Every page but the one that leads to the first."""
    names = (path.name for path in (smoke_book.run / "book").glob("[!.]*.html"))
    return sorted(name for name in names if name != "index.html")


def test_the_index_opens_the_first_page(open_page):
    page = open_page("index.html")
    page.wait_for_url("**/welcome.html")


def test_formulas_are_typeset_offline(open_page):
    page = open_page("03_contrastive_alignment.html")
    page.wait_for_selector(".MathJax, .MathJax_Display, .MathJax_SVG", state="attached", timeout=60_000)
    assert page.locator("text=Math Processing Error").count() == 0


def test_the_whole_text_can_be_searched_offline(open_page, smoke_book):
    page = open_page("search.html")
    page.goto((smoke_book.run / "book" / "search.html").as_uri() + "?q=equivalence")
    # results come one after the other
    page.wait_for_selector("#search-results li a[href*='paper_code_book.html']", timeout=60_000)


def test_films_play(open_page):
    page = open_page("04_diffusion.html")
    film = page.locator("video").first
    assert film.evaluate("v => v.hasAttribute('poster') && (v.getAttribute('aria-label') || '').length > 10")
    controls = page.locator(".film-controls")
    assert controls.count() == page.locator("video").count() > 0
    assert "controls of the film" in controls.first.get_attribute("aria-label")
    page.wait_for_function("document.querySelector('video').readyState >= 2", timeout=60_000)
    assert film.evaluate("v => v.videoWidth") > 0
