"""A reader study as its readers meet it: from the first case to the analysed file, from disk, with a
keyboard only.
"""

from collections import Counter
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from cardiacnets.experiments.reader_study.reader_kit import Plan, make_kit, read_answers, read_origins
from cardiacnets.experiments.reader_study.readers import MODALITIES, Displays
from cardiacnets.statistics import obuchowski_rockette, pitfall_table
from cardiacnets.statistics.visual_turing import told_apart

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
SERIOUS = {"serious", "critical"}
READERS = ("J1", "J2", "S1")


@pytest.fixture(scope="module")
def kit(reader_run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kits") / "class"
    return make_kit(reader_run, folder, plan=Plan(cases=6, readers=READERS, washout=0, seed=3))


@pytest.fixture(scope="module")
def class_kit(reader_run, tmp_path_factory):
    """A kit that tells the truth at the end."""
    plan = Plan(cases=6, readers=READERS, washout=0, seed=4, feedback=True)
    return make_kit(reader_run, tmp_path_factory.mktemp("kits") / "told", plan=plan)


@pytest.fixture(scope="module")
def film_kit(reader_run, tmp_path_factory):
    """A kit that asks of each film whether it is real."""
    plan = Plan(cases=6, readers=READERS, seed=5, ask="origin", feedback=True)
    return make_kit(reader_run, tmp_path_factory.mktemp("kits") / "films", plan=plan)


@pytest.fixture
def open_kit(browser, kit):
    """A browser of its own, offline, and the kit's page in it; what the page asks for and complains of is
    kept.
    """
    contexts = []

    def open_(viewport=DESK, scheme="light", made=kit, **options):
        context = browser.new_context(viewport=viewport, color_scheme=scheme, offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.asked, page.complaints = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("console", lambda message: page.complaints.append(message.text))
        page.goto(made.page.as_uri())
        return page

    yield open_
    for context in contexts:
        assert [page.complaints for page in context.pages if page.complaints] == []
        asked = {url.split(":")[0] for page in context.pages for url in page.asked}
        assert asked <= {"file", "data", "blob"}, "something beside the disk was asked for"
        context.close()


def enter(page, reader, experience="junior"):
    page.select_option("#reader", reader)
    page.select_option("#experience", experience)
    page.click("#begin")
    page.wait_for_selector("#reading:not([hidden]), #pause:not([hidden])")


def read_one(page, rating=4, decision="y"):
    page.keyboard.press(str(rating))
    page.keyboard.press(decision)
    page.keyboard.press("Enter")


def answered(page):
    return page.evaluate("state.answers.length")


def downloaded(page, selector, path):
    with page.expect_download() as waiting:
        page.click(selector)
    waiting.value.save_as(path)
    return path


def test_from_the_first_case_to_the_analysed_file(open_kit, kit, reader_run, tmp_path):
    """Three readers by keys alone, one of them interrupted; their files and the key make the study's
    table.
    """
    answers = tmp_path / "answers"
    for place, reader in enumerate(READERS):
        page = open_kit()
        enter(page, reader, "senior" if reader == "S1" else "junior")
        for number in range(18):
            if page.is_visible("#pause"):
                page.keyboard.press("Tab")
                page.keyboard.press("Tab")
                page.keyboard.press("Enter")
            rating = 1 + (number * (place + 2)) % 5
            read_one(page, rating, "y" if rating > 3 else "n")
            assert answered(page) == number + 1
        path = downloaded(page, "#done .download", answers / f"{reader}.csv")
        assert page.locator("#plain").input_value().replace("\r\n", "\n") == path.read_text().replace(
            "\r\n", "\n"
        )
    table = pd.read_parquet(reader_run.predictions / "generated.fahzu_readers" / "table.parquet")
    nothing = np.zeros((len(table), 1))
    displays = Displays(
        nothing, nothing, nothing, table["cm"].to_numpy(int), table["recording_id"].to_numpy()
    )
    readings = read_answers(reader_run, displays, answers, kit.key)
    assert len(readings) == 54 and Counter(readings["experience"]) == {"junior": 36, "senior": 18}
    assert (readings.groupby(["reader", "session"])["modality"].nunique() == 3).all(), "counterbalanced"
    study = obuchowski_rockette(readings, modalities=MODALITIES, readers=READERS)
    assert len(study.readers) == 9 and 0 <= study.pvalue <= 1
    assert len(pitfall_table(readings, "ecg+real", "ecg")) == 4


def test_a_reload_in_the_middle_loses_nothing(open_kit, tmp_path):
    page = open_kit()
    enter(page, "J1")
    for _ in range(4):
        read_one(page)
    page.wait_for_timeout(600)
    page.keyboard.press("2")
    title, seconds = page.inner_text("#case-title"), page.evaluate("state.seconds")
    page.reload()
    assert page.is_visible("#start") and page.is_hidden("#reading")
    page.select_option("#reader", "J1")
    assert "4 answered" in page.inner_text("#begin") and page.input_value("#experience") == "junior"
    page.click("#begin")
    assert page.inner_text("#case-title") == title and answered(page) == 4
    assert page.evaluate("state.seconds") >= seconds - 0.01, "the clock goes on"
    part = pd.read_csv(downloaded(page, "#save-part", tmp_path / "part.csv"))
    assert len(part) == 4 and part["rating"].tolist() == [4] * 4 and (part["seconds"] >= 0).all()
    page.click("#leave")
    enter(page, "J2")
    assert answered(page) == 0, "readers on one computer do not mix"


def test_answers_of_another_window_are_not_overwritten(open_kit, kit):
    page = open_kit()
    enter(page, "J1")
    other = page.context.new_page()
    other.complaints, other.asked = [], []
    other.goto(kit.page.as_uri())
    enter(other, "J1")
    for _ in range(2):
        read_one(other)
    read_one(page)
    assert answered(page) == 2 and "another window" in page.inner_text("#trouble")


def test_the_keyboard_alone_is_enough_without_single_keys(open_kit):
    """Only Tab, arrows, space and Enter, from the page's first focus; the focus is always seen."""
    page = open_kit()

    def tab_to(selector, most=40):
        for _ in range(most):
            page.keyboard.press("Tab")
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
        raise AssertionError(f"no way to {selector} by Tab")

    tab_to("#reader")
    page.keyboard.press("ArrowDown")
    tab_to("#experience")
    page.keyboard.press("ArrowDown")
    tab_to("details summary")
    page.keyboard.press("Enter")
    tab_to("#shortcuts")
    page.keyboard.press("Space")
    for _ in range(30):
        page.keyboard.press("Shift+Tab")
        if page.evaluate("document.activeElement.id") == "begin":
            break
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "case-title", (
        "the new case is announced by its heading"
    )
    page.keyboard.press("4")
    assert page.locator("[name=rating]:checked").count() == 0, "single keys are off"
    tab_to("[name=rating]")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    tab_to("[name=decision]")
    page.keyboard.press("Space")
    outline = "getComputedStyle(document.activeElement.closest('label')).outlineStyle"
    assert page.evaluate(outline) == "solid"
    tab_to("#answer button.primary")
    page.keyboard.press("Enter")
    assert answered(page) == 1 and page.evaluate("state.answers[0].rating") == 2
    assert "Reading 2 of 6" in page.inner_text("#status")


def test_incomplete_and_contradictory_answers_are_asked_about(open_kit):
    page = open_kit()
    page.click("#begin")
    assert "reader code" in page.inner_text("#enter-error")
    assert page.evaluate("document.activeElement.id") == "reader"
    enter(page, "J1")
    page.keyboard.press("Enter")
    assert page.is_visible("#rating-error") and page.is_visible("#decision-error") and answered(page) == 0
    assert page.evaluate("document.activeElement.name") == "rating"
    read_one(page, 1, "y")
    assert page.is_visible("#sure")
    page.keyboard.press("Escape")
    assert answered(page) == 0 and page.is_hidden("#sure")
    page.keyboard.press("Enter")
    page.click("#sure-yes")
    page.wait_for_function("state.answers.length === 1")


def test_a_question_asked_again_at_once_is_not_answered_by_the_first(open_kit):
    page = open_kit()
    answers = page.evaluate("""async () => {
        const first = sure("First", "", "Yes");
        get("sure").close();
        const second = sure("Second", "", "Yes");
        await new Promise((later) => setTimeout(later, 100));
        get("sure-yes").click();
        return [await first, await second];
    }""")
    assert answers == [False, True]


def test_erasing_asks_first(open_kit):
    page = open_kit()
    enter(page, "J1")
    read_one(page)
    page.click("#erase")
    page.click("#sure-no")
    assert answered(page) == 1
    page.click("#erase")
    page.click("#sure-yes")
    page.wait_for_selector("#start:not([hidden])")
    page.select_option("#reader", "J1")
    assert page.inner_text("#begin") == "Begin"


def test_the_film_plays_pauses_and_slows(open_kit):
    page = open_kit()
    enter(page, "J1")
    while page.is_hidden("#film-box"):
        read_one(page)
    page.wait_for_function("get('film').readyState >= 2 && !get('film').paused")
    page.wait_for_function("get('play').textContent === 'Pause'")
    assert page.evaluate("get('film').videoWidth") > 0
    page.keyboard.press("p")
    page.wait_for_function("get('film').paused && get('play').textContent === 'Play'")
    page.keyboard.press("h")
    assert page.evaluate("get('film').playbackRate") == 0.5
    page.keyboard.press("+")
    assert page.inner_text("#zoom") == "150 %"


def test_who_wants_no_motion_starts_films_himself(open_kit):
    page = open_kit(reduced_motion="reduce")
    enter(page, "J1")
    while page.is_hidden("#film-box"):
        read_one(page)
    page.wait_for_timeout(300)
    assert page.evaluate("get('film').paused") and page.inner_text("#play") == "Play"


def test_the_clock_stands_while_the_page_is_out_of_sight(open_kit):
    page = open_kit()
    enter(page, "J1")
    page.evaluate(
        "Object.defineProperty(document, 'visibilityState', {value: 'hidden', configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    before = page.evaluate("state.seconds")
    page.wait_for_timeout(700)
    assert page.evaluate("state.seconds") == before


def test_the_washout_holds_a_reader_back(browser, reader_run, tmp_path):
    made = make_kit(reader_run, tmp_path / "study", plan=Plan(cases=6, readers=("A",), order="as-published"))
    context = browser.new_context(viewport=DESK, offline=True)
    page = context.new_page()
    page.clock.install()
    page.goto(made.page.as_uri())
    assert page.is_visible("#order-as-published") and "confounded" in page.inner_text("#order-as-published")
    assert page.is_hidden("#order-counterbalanced")
    enter(page, "A")
    for _ in range(6):
        assert page.is_hidden("#film-box"), "as published: the ECG first"
        read_one(page)
    assert page.is_visible("#pause") and page.is_disabled("#next-session")
    page.check("#early")
    assert page.is_enabled("#next-session"), "his own decision, and in the file"
    assert "a pause washes it out" in page.inner_text("#pause")
    page.uncheck("#early")
    page.clock.fast_forward(timedelta(days=28).total_seconds() * 1000 + 1000)
    page.reload()
    enter(page, "A")
    page.click("#next-session")
    assert page.is_visible("#film-box")
    context.close()


def screens(page):
    """The start page and then a reading with errors, a pause and the end: name by name, each in view."""
    page.click("details summary")
    yield "start"
    enter(page, "J2")
    while page.is_hidden("#film-box"):
        read_one(page)
    page.keyboard.press("Enter")
    page.keyboard.press("4")
    yield "reading"
    page.keyboard.press("y")
    page.keyboard.press("Enter")
    while page.is_hidden("#pause"):
        read_one(page)
    yield "pause"
    while page.is_hidden("#done"):
        if page.is_visible("#pause"):
            page.click("#next-session")
        read_one(page)
    yield "done"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_screen_is_accessible_and_says_simulated(open_kit, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = open_kit(scheme=scheme)
    for name in screens(page):
        found = axe.Axe().run(page, options={"preload": False}).response["violations"]
        serious = [
            (rule["id"], rule["nodes"][0]["html"][:200]) for rule in found if rule["impact"] in SERIOUS
        ]
        assert serious == [], name
        assert "Simulated" in page.inner_text("header"), name


def test_every_screen_fits_a_phone(open_kit):
    page = open_kit(PHONE)
    for name in screens(page):
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], name
        sizes = page.locator("button:visible, select:visible, .scale label:visible").evaluate_all(
            "all => all.map(each => each.getBoundingClientRect()).map(box => Math.min(box.width, box.height))"
        )
        assert min(sizes) >= 24, f"{name}: something too small to touch"


def test_without_a_washout_no_pause_is_said_to_wash_anything_out(open_kit):
    page = open_kit()
    enter(page, "J1")
    while page.is_hidden("#pause"):
        read_one(page)
    assert "washes" not in page.inner_text("#pause") and "Without a pause" in page.inner_text("#pause-memory")


def test_the_practice_case_tells_its_answer_and_keeps_nothing(open_kit):
    page = open_kit()
    assert "disease of the heart muscle itself" in page.inner_text("#start")
    page.click("#practise")
    assert page.inner_text("#case-title") == "Practice case" and page.is_hidden("#save-part")
    page.wait_for_function("get('ecg').naturalWidth > 0 && get('film').readyState >= 2")
    page.keyboard.press("Enter")
    assert page.is_visible("#rating-error"), "asked for as in earnest"
    page.click("#leave")
    assert page.is_visible("#start") and page.is_hidden("#practice-said")
    page.click("#practise")
    page.wait_for_timeout(300)
    read_one(page, 4, "n")
    page.click("#sure-yes")
    page.wait_for_selector("#start:not([hidden])")
    said = page.inner_text("#practice-said")
    assert "rated 4 and decided no" in said and "dilated cardiomyopathy" in said
    assert page.evaluate("localStorage.length") == 0
    enter(page, "J1")
    assert answered(page) == 0 and page.inner_text("#case-title") != "Practice case"
    assert page.inner_text("#leave") == "Change reader"


def test_a_film_fills_half_of_a_wide_screen_and_can_fill_all_of_it(open_kit):
    page = open_kit({"width": 1400, "height": 900})
    enter(page, "J1")
    while page.is_hidden("#film-box"):
        read_one(page)
    box = page.locator("#film").bounding_box()
    assert box["width"] > 640 and box["x"] + box["width"] > 1340, "the right half"
    assert page.locator("#answer button.primary").bounding_box()["y"] < 860, "and the answer is in view"
    ecg = page.evaluate("[get('paper').scrollWidth, get('paper').clientWidth]")
    assert ecg[0] <= ecg[1], "the ECG fits into the other half"
    page.click("#full")
    page.wait_for_function("document.fullscreenElement === get('film')")


def to_the_end(page, answers):
    """Reads all there is by ``answers(code, display)``, which gives rating and key of the decision."""
    while page.is_hidden("#done"):
        if page.is_visible("#pause"):
            page.click("#next-session")
        case = page.evaluate("sessions()[where().session][where().place]")
        read_one(page, *answers(*case))


def test_feedback_sets_all_answers_beside_the_truth_and_only_at_the_end(open_kit, class_kit):
    key = pd.read_csv(class_kit.key)
    sick = dict(zip(key["case"], key["truth"], strict=True))
    real = {(row.case, row.display) for row in key.itertuples() if row.modality == "ecg+real"}
    page = open_kit(made=class_kit)
    assert "the truth lies in its folder" in page.inner_text("#feedback-words")
    enter(page, "J1")

    def answers(case, display):  # right on real films, yes otherwise
        said = sick[case] if (case, display) in real else 1
        return (5, "y") if said else (1, "n")

    for _ in range(3):
        read_one(page, 5, "y")
        assert page.is_hidden("#feedback")
    page.click("#erase")
    page.click("#sure-yes")
    page.wait_for_selector("#start:not([hidden])")
    enter(page, "J1")
    to_the_end(page, answers)
    rows = [line.split("\t") for line in page.inner_text("#score tbody").splitlines()]
    ill, well = sum(sick.values()), 6 - sum(sick.values())
    assert rows[0] == ["ECG alone", f"{ill} of 6", f"{ill} of {ill}", f"0 of {well}"]
    assert rows[2] == ["ECG and real film", "6 of 6", f"{ill} of {ill}", f"{well} of {well}"]
    assert rows[3][1] == f"{2 * ill + 6} of 18"
    page.click("#feedback summary")
    each = page.inner_text("#each tbody").splitlines()
    assert len(each) == 18
    for line in each:
        case, _, said, truth = line.split("\t")
        assert truth == ("yes" if sick[case] else "no") and said in ("yes", "no")


def test_a_kit_without_feedback_shows_none(open_kit):
    page = open_kit()
    assert page.is_hidden("#feedback-words")
    enter(page, "J1")
    to_the_end(page, lambda case, display: (4, "y"))
    assert page.is_hidden("#feedback")


def test_real_or_generated_from_the_first_film_to_the_analysis(open_kit, film_kit, reader_run, tmp_path):
    key = pd.read_csv(film_kit.key).set_index(["case", "display"])["modality"]
    answers = tmp_path / "answers"
    for place, reader in enumerate(READERS):
        page = open_kit(made=film_kit)
        assert page.inner_text("h1") == "Is this heart real, or generated?"
        assert page.is_hidden("#practise") and "12 films" in page.inner_text("#start")
        enter(page, reader)
        assert page.is_hidden("#ecg-box") and page.is_visible("#film-box")
        assert page.inner_text("#case-title") == "Film 1"
        assert "definitely generated" in page.inner_text("#rating")

        def named(case, display, keen=place < 2):  # two see it, the third takes every film for real
            return (5, "g") if keen and key[case, display] == "ecg+generated" else (1, "r")

        to_the_end(page, named)
        score = page.inner_text("#score tbody").splitlines()[-1].split("\t")
        assert score[1] == ("12 of 12" if place < 2 else "6 of 12")
        downloaded(page, "#done .download", answers / f"{reader}.csv")
    table = pd.read_parquet(reader_run.predictions / "generated.fahzu_readers" / "table.parquet")
    nothing = np.zeros((len(table), 1))
    displays = Displays(
        nothing, nothing, nothing, table["cm"].to_numpy(int), table["recording_id"].to_numpy()
    )
    found = told_apart(read_origins(reader_run, displays, answers, film_kit.key))
    assert found.estimate == pytest.approx((1 + 1 + 0.5) / 3) and found.n == 6
    assert found.interval[0] < found.estimate < found.interval[1] + 1e-9


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_films_alone_and_the_truth_told_are_accessible_and_fit(open_kit, film_kit, viewport):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = open_kit(viewport, made=film_kit)

    def sound(name):
        found = axe.Axe().run(page, options={"preload": False}).response["violations"]
        serious = [(each["id"], each["nodes"][0]["html"]) for each in found if each["impact"] in SERIOUS]
        assert serious == [], name
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], name

    sound("start")
    enter(page, "J1")
    sound("film")
    to_the_end(page, lambda case, display: (5, "g"))
    page.click("#feedback summary")
    sound("done")
