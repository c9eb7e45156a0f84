"""Chapters name what they call, and each name leads to the lines where it is written."""

import inspect
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from cardiacnets.ecg import clean
from cardiacnets.report.gate import page_faults
from cardiacnets.report.source_code import called, name_functions, write_code
from cardiacnets.statistics.resampling import bootstrap_mean

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
CELLS = [
    "import numpy as np\nfrom cardiacnets.ecg import clean",
    "from cardiacnets.statistics import resampling as s",
    "x = clean(np.zeros((1, 12, 5000)))\nclean(x)",
    "s.bootstrap_mean(np.sort(x))\nx.mean()\nsorted(x)",
]


@pytest.fixture
def notebook():
    return new_notebook(cells=[new_markdown_cell("# One"), *(new_code_cell(cell) for cell in CELLS)])


def test_library_functions_are_found_once_in_their_order(notebook):
    first, second = called(notebook)
    assert (first.name, second.name) == ("clean", "s.bootstrap_mean")
    assert (first.module, second.module) == (clean.__module__, bootstrap_mean.__module__)
    assert second.line == inspect.getsourcelines(bootstrap_mean)[1]
    assert first.summary and "\n" not in first.summary


def test_links_lead_to_the_line_of_the_definition(notebook, tmp_path):
    named = name_functions(notebook).cells[-1].source
    nbformat.write(notebook, tmp_path / "00_one.ipynb")
    pages = {path.name: path.read_text(encoding="utf-8") for path in write_code(tmp_path, tmp_path)}
    for each in called(notebook):
        assert f'<a href="{each.link}"><code>{each.name}</code></a>' in named
        line = pages[f"{each.module}.html"].split(f'<span id="line-{each.line}">')[1].split("\n")[0]
        assert line.startswith(f"def {each.name.split('.')[-1]}(")


def test_code_that_speaks_of_glue_is_no_result_that_was_not_glued(tmp_path):
    cells = ["from cardiacnets.report import open_chapter", "open_chapter('00', profile='smoke', run='')"]
    nbformat.write(new_notebook(cells=[new_code_cell(cell) for cell in cells]), tmp_path / "00_one.ipynb")
    (page,) = write_code(tmp_path, tmp_path)
    assert "glue:text}" in page.read_text(encoding="utf-8") and page_faults(tmp_path) == []


def test_a_notebook_that_calls_nothing_stays_as_it_is():
    bare = new_notebook(cells=[new_code_cell("print(1)")])
    assert name_functions(bare) == bare


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_every_chapter_calls_the_library_and_each_function_says_what_it_does(path):
    found = called(nbformat.read(path, as_version=4))
    assert len(found) > 2
    assert not [each.name for each in found if not each.summary]
