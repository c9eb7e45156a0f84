"""Beside the typed estimate of what a chapter costs stands what the run measured."""

from nbformat.v4 import new_markdown_cell, new_notebook

from cardiacnets.report.cost import ESTIMATE, with_cost

OPENING = f"# A title\n\n{ESTIMATE}`quick` about a minute.\n**You need** nothing."


def opening(provenance):
    return with_cost(new_notebook(cells=[new_markdown_cell(OPENING)]), provenance).cells[0].source


def test_the_measured_time_follows_the_estimate_in_its_line():
    found = opening({"seconds": 184.6, "device": "CPU (4 cores)"})
    line = f"{ESTIMATE}`quick` about a minute. In this run: 3 min 5 s on CPU (4 cores), without"
    assert line in found
    assert found.startswith("# A title\n") and found.endswith("\n**You need** nothing.")


def test_of_a_chapter_that_did_not_end_nothing_is_said():
    assert opening({}) == OPENING
