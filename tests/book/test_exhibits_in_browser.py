"""Films and figures as a reader handles them, by the keyboard too, with the book's own scripts and style."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from cardiacnets.cmr.movie import film
from cardiacnets.report.exhibits import exhibit, picture, png_bytes

STATIC = Path(__file__).parents[2] / "book" / "_static"
FRAMES, FPS = 10, 10
ALT = "A line that rises"


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    """A page with a film and a figure, as chapters write them."""
    frames = np.zeros((FRAMES, 32, 32), np.uint8)
    for place, frame in enumerate(frames):
        frame[:, : 3 * place + 1] = 200
    drawn = Figure()
    drawn.subplots().plot([0, 1])
    shown = [
        exhibit(film(frames, FPS).html("A bar that grows", "simulated"), "fig-04-film", "Figure 04.1",
                "A bar.", "simulated", ""),
        exhibit(picture(png_bytes(drawn), ALT), "fig-04-line", "Figure 04.2", "A line.", "simulated", ""),
    ]  # fmt: skip
    scripts = "".join(f"<script>{path.read_text()}</script>" for path in sorted(STATIC.glob("*.js")))
    style = f"<style>{(STATIC / 'book.css').read_text()}</style>"
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Page</title>{style}{scripts}"
        f"<main class=bd-article>{''.join(shown)}</main></html>"
    )
    return path


@pytest.fixture
def open_page(browser, file):
    contexts = []

    def open_(**how):
        contexts.append(browser.new_context(offline=True, **how))
        page = contexts[-1].new_page()
        page.goto(file.as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_page):
    page = open_page()
    page.wait_for_function("document.querySelector('video').readyState >= 2", timeout=60_000)
    return page


def of_film(page, what: str):
    return page.evaluate(f"document.querySelector('video').{what}")


def test_a_film_waits_with_a_still_and_its_own_controls(page):
    assert of_film(page, "paused") and not of_film(page, "controls")
    assert of_film(page, "poster").startswith("data:image/png;base64,")
    assert page.get_by_role("group", name="Figure 04.1: controls of the film").count() == 1
    assert page.locator(".film-place").inner_text() == f"1 / {FRAMES}"


def test_a_film_plays_and_pauses_by_the_keyboard(page):
    button = page.get_by_role("button", name="Play")
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('video').currentTime > 0.2")
    assert page.locator(".film-play").inner_text() == "Pause"
    page.keyboard.press("Space")
    page.wait_for_function("document.querySelector('video').paused")
    page.get_by_role("button", name="Play").wait_for()


def test_a_film_is_moved_frame_by_frame_and_stands_still_meanwhile(page):
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("!document.querySelector('video').paused")
    slider = page.get_by_role("slider", name="Frame")
    slider.focus()
    page.keyboard.press("End")
    page.wait_for_function(f"document.querySelector('.film-place').textContent === '{FRAMES} / {FRAMES}'")
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(f"document.querySelector('.film-place').textContent === '{FRAMES - 1} / {FRAMES}'")
    assert of_film(page, "paused")
    assert slider.get_attribute("aria-valuetext") == f"frame {FRAMES - 1} of {FRAMES}"
    assert of_film(page, "currentTime") == pytest.approx((FRAMES - 1.5) / FPS, abs=0.01)


def test_slow_motion_is_a_switch(page):
    slow = page.get_by_role("button", name="Slow motion")
    slow.focus()
    for pressed, rate in (("true", 0.25), ("false", 1)):
        page.keyboard.press("Enter")
        assert slow.get_attribute("aria-pressed") == pressed and of_film(page, "playbackRate") == rate


def test_without_scripts_the_browsers_own_controls_stay(open_page):
    page = open_page(java_script_enabled=False)
    assert page.locator("video[controls][poster]").count() == 1
    assert page.locator("button").count() == 0 and page.locator("img").is_visible()


def test_a_figure_opens_enlarged_and_closes_by_the_keyboard(page):
    button = page.get_by_role("button", name="Enlarge Figure 04.2")
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Figure 04.2, enlarged")
    dialog.wait_for()
    shown = dialog.locator("img")
    assert shown.get_attribute("alt") == ALT
    assert shown.get_attribute("src") == page.locator("figure > img").get_attribute("src")
    assert shown.bounding_box()["width"] > page.locator("figure > img").bounding_box()["width"]
    page.keyboard.press("Escape")
    assert not page.evaluate("document.querySelector('dialog').open")
    assert page.evaluate("document.activeElement.className") == "enlarge"


def test_a_figure_opens_by_a_click_and_closes_by_its_button(page):
    page.locator("figure > img").click()
    page.get_by_role("button", name="Close").click()
    assert not page.evaluate("document.querySelector('dialog').open")


@pytest.mark.parametrize("opened", [False, True])
def test_what_the_scripts_add_is_accessible(page, opened):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    if opened:
        page.get_by_role("button", name="Enlarge Figure 04.2").click()
    found = axe.Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]})
    assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found.response["violations"]] == []
