"""Each exercise has a solution that runs and ends in its own check; what stands in words only says why.

The code runs below its chapter in the smoke book (tests/book/test_solutions_run.py). Here is what can be
known without running.
"""

import ast
import json
import re
from pathlib import Path

import pytest

from cardiacnets.exercises import read_exercises, solution_code
from cardiacnets.teaching import exercises

REPOSITORY = Path(__file__).parents[2]
NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("[0-9][0-9]_*.ipynb"))


def cells(path: Path) -> list[dict]:
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def prose(path: Path) -> str:
    return "\n\n".join("".join(cell["source"]) for cell in cells(path) if cell["cell_type"] == "markdown")


SOLUTIONS = {
    label: code for path in NOTEBOOKS for label, code in solution_code(cells(path), path.name).items()
}


def test_each_solution_has_code():
    assert [label for label, code in SOLUTIONS.items() if not code] == []


@pytest.mark.parametrize("label", SOLUTIONS)
def test_the_code_of_a_solution_ends_in_its_check(label):
    """Of its own exercise, and with an answer that is computed unless it is one of the choices."""
    body = ast.parse(SOLUTIONS[label]).body
    assert len(SOLUTIONS[label].splitlines()) <= 24
    assert max(map(len, SOLUTIONS[label].splitlines())) <= 100
    assert not re.search(r"\b(record|chapter|table)\b[.(]", SOLUTIONS[label]), "a solution records nothing"
    if label in exercises():
        called = body[-1].value
        assert called.func.id == "check" and called.args[0].value == label
        assert not isinstance(called.args[1], ast.Constant) or isinstance(called.args[1].value, str)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_chapter_has_three_exercises_one_of_which_breaks_something(path):
    text = prose(path)
    found = read_exercises(text, path.name)
    assert found.labels == [each.label for each in found.solutions]
    assert found.labels == [f"ex-{path.stem[:2]}-{place + 1}" for place in range(len(found.labels))]
    assert len(found.labels) >= 3
    if path.stem[:2] not in ("05", "06"):  # there the guide says which one does
        assert re.search(r"^```\{exercise\} Break it", text, re.MULTILINE)
    guide = (REPOSITORY / "book" / "teaching.md").read_text(encoding="utf-8")
    assert re.search(rf"^\| ex-{path.stem[:2]}-\d, \*break it\* ", guide, re.MULTILINE)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_chapter_ends_with_a_quiz_of_three(path):
    (section,) = re.findall(r"^## Quiz\n(.*?)(?=^## |\Z)", prose(path), re.MULTILINE | re.DOTALL)
    asked = re.findall(r"<details>\n<summary>(.+\?)</summary>\n<p>(.+)</p>\n</details>\n", section)
    assert len(asked) == section.count("<details>") == 3
    assert not any("?" in answer for _, answer in asked)
    assert not re.search(r"\d\.\d|(?<!\d)\.\d", section), "no number that a run would have to give"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_chapter_says_what_can_go_wrong_and_what_to_read_further(path):
    """Before its exercises, and after its quiz with at least two sources, each once."""
    headings = re.findall(r"^## (.+)$", prose(path), re.MULTILINE)
    allowed = ("What can go wrong", "What is not realistic", "Where it fails")
    wrong = [name for name in headings if name in allowed]
    assert len(wrong) == 1 and headings.index(wrong[0]) < headings.index("Quiz")
    assert headings[headings.index("Quiz") + 1] == "Further reading"
    (section,) = re.findall(r"^## Further reading\n(.*?)(?=^## )", prose(path), re.MULTILINE | re.DOTALL)
    cited = re.findall(r"\{cite:t\}`(\w+)`", section)
    assert len(cited) == len(set(cited)) >= 2
