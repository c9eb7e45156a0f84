"""The edition for students: without solutions, with everything else; and what is refused."""

import json
import re
from pathlib import Path

import pytest

from cardiacnets.__main__ import main
from cardiacnets.teaching import write_student_edition

REPOSITORY = Path(__file__).parents[2]
ASKED = "```{exercise} One\n:label: ex-1\nWhy?\n```\n"
SOLVED = "```{solution} ex-1\n:class: dropdown\nBecause.\n```\n"


def notebook(*sources: str, kind: str = "markdown") -> str:
    cells = [{"cell_type": kind, "id": f"cell{number}", "metadata": {}, "source": source.splitlines(True)}
             for number, source in enumerate(sources)]  # fmt: skip
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.fixture
def source(tmp_path) -> Path:
    folder = tmp_path / "source"
    (folder / "notebooks").mkdir(parents=True)
    (folder / "book" / "_static").mkdir(parents=True)
    (folder / "book" / "_static" / "style.css").write_bytes(b"/* ```{solution} */\r\n")
    (folder / "book" / "page.md").write_text(f"# Page\n\n{ASKED}\n{SOLVED}\nAfter.\n")
    (folder / "notebooks" / "00_a.ipynb").write_text(notebook(f"# A\n\n{ASKED}", SOLVED))
    return folder


def test_solutions_go_and_all_else_stays(source, tmp_path):
    lost = write_student_edition(tmp_path / "out", source)
    assert lost == {"notebooks/00_a.ipynb": 1, "book/page.md": 1}
    assert (tmp_path / "out" / "book" / "page.md").read_text() == f"# Page\n\n{ASKED}\nAfter.\n"
    (cell,) = json.loads((tmp_path / "out" / "notebooks" / "00_a.ipynb").read_text())["cells"]
    assert "".join(cell["source"]) == f"# A\n\n{ASKED}", "the cell of the solution alone has gone"
    style = "book/_static/style.css"
    assert (tmp_path / "out" / style).read_bytes() == (source / style).read_bytes()


@pytest.mark.parametrize(
    "solution",
    [SOLVED, "````{solution} ex-1\n```python\n1\n```\nText.\n````\n",
     ":::{solution} ex-1\n```python\n1\n```\nText.\n:::\n",
     "```{solution-start} ex-1\n```\n\n```python\n1\n```\n\nText.\n\n```{solution-end}\n```\n"],
)  # fmt: skip
def test_every_form_of_a_solution_goes_whole(source, tmp_path, solution):
    rest = "Before.\n\n```\n```{solution} in code is text\n```\n\n\nAfter, two lines on."
    (source / "book" / "page.md").write_text(f"{ASKED}\n{solution}\n{rest}\n")
    write_student_edition(tmp_path / "out", source)
    assert (tmp_path / "out" / "book" / "page.md").read_text() == f"{ASKED}\n{rest}\n"


def test_code_that_prints_a_solution_is_no_solution(source, tmp_path):
    text = notebook(SOLVED, kind="code")
    (source / "notebooks" / "01_b.ipynb").write_text(text)
    write_student_edition(tmp_path / "out", source)
    assert (tmp_path / "out" / "notebooks" / "01_b.ipynb").read_text() == text


@pytest.mark.parametrize(
    ("text", "says"),
    [(ASKED, "exercise ex-1 has no solution: is its tag missing or misspelt?"),
     (SOLVED, "the solution of ex-1 has no exercise"),
     (ASKED + SOLVED + SOLVED, "ex-1 has 2 solutions"),
     (ASKED + SOLVED[:-4], "line 5: the solution of ex-1 is not closed; end it by a line ```"),
     (ASKED + SOLVED[:-4] + ASKED.replace("ex-1", "ex-2"), "line 5: the solution of ex-1 is not closed"),
     (ASKED + "```{solution-start} ex-1\n```\nText.\n", "not closed; end it by {solution-end}"),
     (ASKED + "```{solution-end}\n```\n", "line 5: {solution-end} without a {solution-start}"),
     (ASKED + SOLVED.replace(" ex-1", ""), "line 5: a solution names its exercise")],
)  # fmt: skip
def test_a_tag_that_is_missing_is_named_with_its_file_and_nothing_is_written(source, tmp_path, text, says):
    (source / "book" / "page.md").write_text(text)
    with pytest.raises(ValueError, match=re.escape(says)) as error:
        write_student_edition(tmp_path / "out", source)
    assert str(error.value).startswith("book/page.md")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]


def test_in_a_notebook_the_cell_is_named(source, tmp_path):
    (source / "notebooks" / "00_a.ipynb").write_text(notebook("# A", ASKED + SOLVED[:-4]))
    with pytest.raises(ValueError, match="notebooks/00_a.ipynb, cell cell1, line 5: the solution of ex-1"):
        write_student_edition(tmp_path / "out", source)
    (source / "notebooks" / "00_a.ipynb").write_text("{}")
    with pytest.raises(ValueError, match="notebooks/00_a.ipynb: not a notebook"):
        write_student_edition(tmp_path / "out", source)


def test_a_folder_that_would_be_written_over_or_copied_into_itself_is_refused(source, tmp_path, capsys):
    with pytest.raises(ValueError, match="exists already; remove it"):
        write_student_edition(source, source)
    with pytest.raises(ValueError, match="lies within book/, which is copied"):
        write_student_edition(source / "book" / "out", source)
    with pytest.raises(ValueError, match="no such folder; a student edition needs the repository"):
        write_student_edition(tmp_path / "out", tmp_path)
    assert main(["student", str(source)]) == 1
    assert capsys.readouterr().err == f"error: {source}: exists already; remove it or name another folder\n"


def test_a_place_that_cannot_be_written_and_a_page_that_is_no_text_are_named(source, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="cannot be written .*; name another folder") as error:
        write_student_edition(tmp_path / "file" / "out", source)
    assert str(error.value).startswith(str(tmp_path / "file" / "out"))
    (source / "book" / "page.md").write_bytes("# Größe\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"^book/page.md: not UTF-8 text at byte 4; save it as UTF-8"):
        write_student_edition(tmp_path / "out", source)
    assert not (tmp_path / "out").exists()


def test_the_books_own_edition_has_every_exercise_and_no_solution(tmp_path, capsys):
    def exercises(root: Path) -> list[str]:
        return [label for path in sorted((root / "notebooks").glob("*.ipynb"))
                for label in re.findall(r":label: (ex-[\d-]+)", path.read_text())]  # fmt: skip

    assert main(["student", str(tmp_path / "student")]) == 0
    told = (tmp_path / "student" / "README.md").read_text()
    begin = "\n".join(re.findall(r"^    (.+)$", told, re.MULTILINE))
    assert begin in (REPOSITORY / "book" / "teaching.md").read_text(), "the guide has the same lines"
    assert (tmp_path / "student" / "requirements.lock").is_file()
    expected = exercises(REPOSITORY)
    assert f"{len(expected)} solutions of" in capsys.readouterr().out and len(expected) > 20
    assert exercises(tmp_path / "student") == expected
    texts = [path.read_text() for path in (tmp_path / "student").rglob("*.ipynb")]
    assert len(texts) == len(list((REPOSITORY / "notebooks").glob("*.ipynb")))
    assert not any("{solution}" in text for text in texts)
    for path in (REPOSITORY / "notebooks").glob("*.ipynb"):
        code = [[cell for cell in json.loads(one.read_text())["cells"] if cell["cell_type"] == "code"]
                for one in (path, tmp_path / "student" / "notebooks" / path.name)]  # fmt: skip
        assert code[0] == code[1]
