"""Where a run shows what, and the study's own figures beside it; what a run lacks is never linked."""

import re
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from cardiacnets.report.exhibits import exhibit, table_html
from cardiacnets.report.places import Place, first_of, places
from cardiacnets.report.study_exhibits import ABSENT, Exhibit, exhibits_table, load_exhibits

SHIPPED = Path(__file__).parents[2] / "book" / "exhibits.yml"


@pytest.fixture
def notebooks(tmp_path):
    shown = [
        exhibit("<p>x</p>", "fig-05-screening", "Figure 05.1", "A figure.", "aggregate", "Simulated."),
        table_html(
            pd.DataFrame({"a": [1]}), "tab-05-metrics", "Table 05.1", "A table.", "aggregate", collapsed=True
        ),
        "<p>nothing</p>",
    ]
    cells = [new_code_cell("x", outputs=[new_output("display_data", {"text/html": each})]) for each in shown]
    nbformat.write(new_notebook(cells=cells), tmp_path / "05_downstream_tasks.ipynb")
    return tmp_path


def test_figures_and_tables_are_found_with_their_labels(notebooks):
    figure = Place("05_downstream_tasks.html", "fig-05-screening", "Figure 05.1")
    table = Place("05_downstream_tasks.html", "tab-05-metrics", "Table 05.1")
    assert places(notebooks) == {"fig-05-screening": figure, "tab-05-metrics": table}
    assert figure.link == "05_downstream_tasks.html#fig-05-screening"
    assert places(notebooks / "none") == {}


def test_the_first_that_a_run_has_is_taken(notebooks):
    known = places(notebooks)
    assert first_of(["fig-05-roc", "tab-05-metrics", "fig-05-screening"], known).label == "Table 05.1"
    assert first_of(["fig-05-roc"], known) is None


def test_a_row_links_what_the_run_has_and_says_what_it_lacks(notebooks):
    listed = [
        Exhibit("Fig. 2a", "diseases", ("fig-05-screening", "fig-05-roc", "tab-05-metrics")),
        Exhibit("Fig. 3", "subtypes", ("fig-05-confusion",), "accuracy alone"),
        Exhibit("Fig. 6", "diagram", (), "in words"),
    ]
    page = exhibits_table(listed, places(notebooks))
    cells = re.findall(r"<td>([^<]*(?:<a.*?)?)</td></tr>", page)
    assert re.findall(r'href="([^"]+)"', cells[0]) == [
        "05_downstream_tasks.html#fig-05-screening", "05_downstream_tasks.html#tab-05-metrics",
    ]  # fmt: skip
    assert cells[1:] == [f"{ABSENT}; accuracy alone", "in words"]


def test_every_figure_and_table_of_the_study_has_its_row():
    named = [each.exhibit for each in load_exhibits(SHIPPED)]
    for wanted in (
        *(f"Fig. {number}" for number in range(1, 7)),
        *(f"Ext. Data Fig. {number}" for number in (1, 2)),
        *(f"Suppl. Fig. {number}" for number in (1, 2)),
        *(f"Suppl. Table {number}" for number in range(1, 10)),
    ):
        assert any(re.fullmatch(rf"{re.escape(wanted)}[a-d]?", name) for name in named), wanted


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("exhibit: Fig. 1", "expected a list of exhibits, found dict"),
        ("- {exhibit: Fig. 1}", "entry 1: expected the keys difference, exhibit, here, shows"),
        ("- {exhibit: Fig. 1, shows: x, colour: red, here: [fig-00-a]}", "entry 1: expected the keys"),
        ("- {exhibit: Fig. 1, shows: x}", "Fig. 1 is nowhere here; say what stands instead"),
        (
            "- {exhibit: A, shows: x, here: [a]}\n- {exhibit: A, shows: x, here: [a]}",
            "entry 2: A stands twice",
        ),
    ],
)
def test_a_list_of_exhibits_that_is_none_is_refused_in_one_line(tmp_path, text, fault):
    path = tmp_path / "exhibits.yml"
    path.write_text(text)
    with pytest.raises(ValueError, match=fault) as caught:
        load_exhibits(path)
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)
