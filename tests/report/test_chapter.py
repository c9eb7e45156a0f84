"""What a notebook shows through its chapter."""

import base64
import html
import io
import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from cardiacnets.artefacts import read_json
from cardiacnets.cmr.movie import film
from cardiacnets.picture import Picture
from cardiacnets.report import chapter as chapter_module
from cardiacnets.report import load_results, open_chapter
from cardiacnets.statistics import Estimate


@pytest.fixture
def shown(monkeypatch):
    """The HTML that the chapter displays, and the texts it glues."""
    pages: list[str] = []
    glued: dict[str, str] = {}
    monkeypatch.setattr(chapter_module, "display", lambda shown: pages.append(shown.data))
    monkeypatch.setattr(chapter_module, "glue", lambda key, text, display: glued.update({key: text}))
    return pages, glued


@pytest.fixture
def chapter(tmp_path, monkeypatch, shown):
    monkeypatch.setenv("CARDIACNETS_RUNS", str(tmp_path))
    return open_chapter("05", profile="smoke", run="try")


def drawing() -> Figure:
    figure = Figure()
    figure.subplots().plot([0, 1])
    return figure


def test_a_recorded_number_is_kept_and_glued(chapter, shown):
    chapter.record("ukb.cm.auc.aligned", Estimate(0.8, (0.7, 0.9), 20, "by hand"))
    chapter.footer()
    kept = load_results(chapter.run)["ukb.cm.auc.aligned"]
    assert (kept.value, kept.interval, kept.chapter, kept.seed) == (
        0.8,
        (0.7, 0.9),
        "05",
        chapter.run.profile.seed,
    )
    assert shown[1] == {"ukb.cm.auc.aligned": "0.800 (95 % interval 0.700 to 0.900, n = 20)"}


def test_what_is_said_of_data_that_a_person_brought_stays_out_of_the_run(chapter, shown, capsys):
    """Answers of a class and a person's ECG: the run's numbers and figures stay as they are, to the byte."""
    chapter.record("ukb.cm.auc.aligned", 0.8, n=20)
    chapter.figure(drawing(), "roc", caption="x", alt="x", content="aggregate")
    chapter.footer()
    run = chapter.run
    before = {path: path.read_bytes() for path in run.root.rglob("*") if path.is_file()}
    mine = open_chapter("05", profile="smoke", run="try", own=True)
    mine.record("ukb.cm.auc.aligned", 0.5, n=3)
    mine.figure(drawing(), "roc", caption="x", alt="x", content="individual")
    mine.footer()
    assert {path: path.read_bytes() for path in run.root.rglob("*") if path.is_file()} == before
    elsewhere = run.root.parent / "try-own" / "05"
    assert (elsewhere / "figures" / "05-roc.png").is_file() and mine.run == run
    assert read_json(elsewhere / "results" / "05.json")["results"]["ukb.cm.auc.aligned"]["value"] == 0.5
    printed = capsys.readouterr().out
    assert str(elsewhere) in printed and printed.count("\n") == 1


def test_a_count_is_kept_with_what_it_counts(chapter, shown):
    chapter.record("ukb.recordings", 1200, n=9, of="cohorts", method="all cohorts")
    chapter.footer()
    kept = load_results(chapter.run)["ukb.recordings"]
    assert (kept.value, kept.interval, kept.n, kept.of) == (1200, None, 9, "cohorts")
    assert kept.method == "all cohorts"
    assert shown[1] == {"ukb.recordings": "1,200 (9 cohorts)"}


def test_method_columns_are_for_the_results(chapter, shown):
    row = {"arm": "aligned"} | Estimate(0.2, (0.1, 0.3), 20, "Wilson").columns("recall")
    chapter.table(pd.DataFrame([row]), "recall", caption="Recall.")
    assert "Wilson" not in shown[0][0] and "0.1 to 0.3" in shown[0][0]


def test_a_figure_carries_its_words_and_its_file(chapter, shown):
    chapter.figure(drawing(), "roc", caption="Sensitivity < 1.", alt='A "line"', content="aggregate")
    page = shown[0][0]
    assert '<figure class="exhibit" id="fig-05-roc" data-content="aggregate">' in page
    assert html.unescape(re.search(r'alt="([^"]*)"', page)[1]) == 'A "line"'
    assert 'src="data:image/png;base64,' in page
    assert "Figure 05.1." in page and "Simulated." in page and "Sensitivity &lt; 1." in page
    assert (chapter.run.figures / "05-roc.png").read_bytes().startswith(b"\x89PNG")


def test_a_picture_of_much_noise_is_light_on_the_page_and_whole_in_its_file(chapter, shown):
    figure = drawing()
    figure.axes[0].imshow(np.random.default_rng(0).integers(0, 255, (500, 500)), cmap="gray")
    chapter.figure(figure, "noise", caption="Noise.", alt="Noise", content="simulated")
    carried = base64.b64decode(re.search(r'src="data:image/webp;base64,([^"]+)"', shown[0][0])[1])
    file = (chapter.run.figures / "05-noise.png").read_bytes()
    assert file.startswith(b"\x89PNG") and len(file) > 200_000 and len(carried) < 0.8 * len(file)
    sizes = {Image.open(io.BytesIO(each)).size for each in (file, carried)}
    assert len(sizes) == 1


def test_what_is_real_is_not_called_simulated(chapter, shown):
    chapter.figure(drawing(), "real", caption="A trace.", alt="A trace", content="aggregate", simulated=False)
    assert "Simulated" not in shown[0][0]


def test_figures_and_films_share_numbers_and_tables_have_their_own(chapter, shown):
    chapter.figure(drawing(), "one", caption="One.", alt="One", content="aggregate")
    chapter.movie(
        film(np.zeros((4, 8, 8), np.uint8)), "two", caption="Two.", alt="Black", content="simulated"
    )
    chapter.table(pd.DataFrame({"a": [1]}), "three", caption="Three.")
    labels = [re.search(r"(Figure|Table) 05\.\d", page)[0] for page in shown[0]]
    assert labels == ["Figure 05.1", "Figure 05.2", "Table 05.1"]


def test_a_film_is_described_and_marked_once(chapter, shown):
    beating = film(np.zeros((4, 8, 8), np.uint8))
    assert 'data-content="individual"' in beating._repr_html_()  # for all that is known
    chapter.movie(
        beating, "film", caption="Film.", alt='A beating ring, "data-content="', content="simulated"
    )
    page = shown[0][0]
    assert "individual" not in page
    assert page.count("<figure") == 1 and page.count("aria-label") == 1
    assert page.count('data-content="simulated"') == 2  # the exhibit and the film
    said = "A beating ring, &quot;data-content=&quot;"
    assert f'<video aria-label="{said}" controls' in page


@pytest.mark.parametrize("words", [{"caption": " ", "alt": "x"}, {"caption": "x", "alt": ""}])
def test_a_figure_without_words_is_refused(chapter, words, shown):
    with pytest.raises(ValueError, match="is empty"):
        chapter.figure(drawing(), "roc", content="aggregate", **words)
    assert not shown[0]
    assert not chapter.run.figures.exists()


def test_unknown_content_repeated_names_and_silent_films_are_refused(chapter):
    with pytest.raises(ValueError, match="aggregate, simulated, individual"):
        chapter.figure(drawing(), "roc", caption="x", alt="x", content="everybody")
    chapter.table(pd.DataFrame({"a": [1]}), "one", caption="One.")
    with pytest.raises(ValueError, match="unique"):
        chapter.table(pd.DataFrame({"a": [1]}), "one", caption="One.")
    with pytest.raises(ValueError, match="controls"):
        chapter.movie("<video src='x'></video>", "film", caption="x", alt="x", content="simulated")


def test_a_table_can_be_read_by_a_screen_reader(chapter, shown):
    table = pd.DataFrame(
        {"arm": ["ecg", "a < b"], "n": [1200, None], "auc": [0.71234, -0.8], "note": ["", None]}
    )
    chapter.table(table, "arms", caption="Arms.")
    page = shown[0][0]
    assert page.count('<th scope="col">') == 4
    assert '<th scope="row">a &lt; b</th>' in page
    assert '<td class="number">1,200</td>' in page
    assert '<td class="number">0.712</td>' in page and '<td class="number">−0.800</td>' in page
    assert page.count("<td>–</td>") == 2
    assert "<caption><strong>Table 05.1.</strong>" in page


def test_an_interval_in_a_table_reads_as_one(chapter, shown):
    table = pd.DataFrame({"arm": ["aligned", "chance"], "interval": [(-0.0267, 0.08095920262066399), None]})
    chapter.table(table, "intervals", caption="Intervals.")
    assert '<td class="number">−0.027 to 0.081</td>' in shown[0][0] and "<td>–</td>" in shown[0][0]


def test_a_folded_table_opens(chapter, shown):
    chapter.table(pd.DataFrame({"a": [1]}), "long", caption="All.", collapsed=True)
    assert shown[0][0].startswith("<details><summary>")


def test_the_footer_is_shown_and_kept(chapter, shown):
    chapter.footer()
    kept = read_json(chapter.run.results / "05.json")["provenance"]
    assert (kept["profile"], kept["run"], kept["seed"]) == ("smoke", "try", chapter.run.profile.seed)
    assert kept["peak_memory_gb"] > 0.01 and kept["seconds"] >= 0
    assert all(word in shown[0][0] for word in ("smoke (run try)", "Peak memory", "torch "))


def test_a_pyplot_figure_is_closed(chapter):
    figure, axes = plt.subplots()
    axes.plot([1, 2])
    chapter.figure(figure, "closed", caption="x", alt="x", content="aggregate")
    assert not plt.fignum_exists(figure.number)


@pytest.mark.parametrize("number", ["5", "005", "ab"])
def test_a_chapter_has_two_digits(number):
    with pytest.raises(ValueError, match="two digits"):
        open_chapter(number, profile="smoke")


def test_a_vector_drawing_stays_one(chapter, shown):
    chapter.show(Picture(drawing(), "plan", "A plan.", "A line.", "simulated", simulated=False, vector=True))
    kept = chapter.run.figures / "05-plan.svg"
    assert kept.read_bytes().lstrip().startswith(b"<?xml") and not kept.with_suffix(".png").exists()
    (page,) = shown[0]
    assert 'src="data:image/svg+xml;base64,' in page and 'alt="A line."' in page
    assert "Simulated." not in page, "a plan comes from no cohort"
