"""Solutions run below their chapters, as cells that a reader adds, and the checks call them right."""

import json
from pathlib import Path

import pytest

from cardiacnets.artefacts import read_json
from cardiacnets.exercises import solution_code
from cardiacnets.teaching import exercises

REPOSITORY = Path(__file__).parents[2]
NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("[0-9][0-9]_*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_solution_of_a_chapter_runs_and_its_answer_is_right(smoke_book, path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = {label for label, text in solution_code(cells, path.name).items() if text}
    outcomes = smoke_book.solutions / f"{path.stem}.json"
    assert outcomes.is_file(), f"{outcomes}: a run made without its solutions; remove it"
    tried = read_json(outcomes)
    assert set(tried) == code and code
    assert {label: each["error"] for label, each in tried.items() if each["error"] or not each["ran"]} == {}
    checked = {label: each["said"] for label, each in tried.items() if label in exercises()}
    assert {label: said for label, said in checked.items() if not said.startswith("Right. ")} == {}
