"""The chapters' papermill engine: titles, another try at a kernel start, no chapter outliving its build."""

import os
import subprocess
import sys

import nbformat
import papermill
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from papermill.engines import NBClientEngine

from cardiacnets.artefacts import read_json
from cardiacnets.report import progress, tried_solutions
from cardiacnets.report.builder_watch import BUILDER
from cardiacnets.report.progress import ChapterEngine, cell_titles


def notebook():
    cells = [new_markdown_cell("# Title\n\ntext"), new_code_cell("x = 1"),
             new_markdown_cell("text\n## Fine-tuning"),
             new_code_cell("fit()  # slow"), new_code_cell("# the curve\nplot()")]  # fmt: skip
    return new_notebook(cells=cells)


class Manager:
    """What the engine needs of papermill's manager."""

    def __init__(self):
        self.nb = notebook()

    def cell_start(self, cell, cell_index):
        """Papermill notes that the cell started."""

    def cell_complete(self, cell, cell_index):
        """Papermill notes that the cell is complete."""


def test_a_cell_is_called_by_its_comment_or_its_heading():
    assert cell_titles(notebook().cells) == ["Title", "Title", "Fine-tuning", "Fine-tuning", "the curve"]


def test_lines_name_notebook_cell_and_time(monkeypatch, capsys):
    monkeypatch.setattr(progress, "SLOW", 0.0)

    def run(cls, nb_man, kernel_name, **options):
        nb_man.cell_start(nb_man.nb.cells[3], cell_index=3)
        nb_man.cell_complete(nb_man.nb.cells[3], cell_index=3)

    monkeypatch.setattr(NBClientEngine, "execute_managed_notebook", classmethod(run))
    ChapterEngine.execute_managed_notebook(Manager(), "python3", input_path="notebooks/05_tasks.ipynb")
    assert capsys.readouterr().err.splitlines() == [
        '[05_tasks] cell 4/5 "Fine-tuning"',
        '[05_tasks] cell 4/5 "Fine-tuning" 0 s',
    ]


def test_a_kernel_that_did_not_start_is_started_again(monkeypatch):
    tries = []

    def run(cls, nb_man, kernel_name, **options):
        tries.append(kernel_name)
        if len(tries) < progress.STARTS:
            raise RuntimeError("Kernel died before replying to kernel_info")

    monkeypatch.setattr(NBClientEngine, "execute_managed_notebook", classmethod(run))
    ChapterEngine.execute_managed_notebook(Manager(), "python3")
    assert len(tries) == progress.STARTS


@pytest.mark.parametrize("started", [True, False])
def test_other_failures_are_not_tried_again(monkeypatch, started):
    tries = []

    def run(cls, nb_man, kernel_name, **options):
        tries.append(1)
        if started:
            nb_man.cell_start(nb_man.nb.cells[1], cell_index=1)
        raise RuntimeError("dead")

    monkeypatch.setattr(NBClientEngine, "execute_managed_notebook", classmethod(run))
    with pytest.raises(RuntimeError, match="dead"):
        ChapterEngine.execute_managed_notebook(Manager(), "python3")
    assert len(tries) == (1 if started else progress.STARTS)


def test_a_chapter_ends_when_its_build_is_gone():
    builder = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    code = "import time; from cardiacnets.report.builder_watch import end_with_builder as watch; "
    code += "watch(); print('watching', flush=True); time.sleep(300)"
    environment = {**os.environ, BUILDER: str(builder.pid)}
    with subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True
    ) as chapter:
        assert chapter.stdout.readline() == "watching\n", "it lives as long as its build does"
        builder.kill()
        builder.wait()
        assert chapter.wait(timeout=200) == 1


def test_solutions_run_below_the_chapter_and_the_notebook_keeps_none_of_them(tmp_path, monkeypatch):
    """By a real kernel: in the chapter's names, each by itself, failures kept and not raised."""
    solutions = "\n\n".join(
        f"````{{solution}} ex-1-{number}\n```python\n{code}\n```\n````"
        for number, code in enumerate(["x + 1", "1 / 0", "x"])
    )
    words = "```{solution} ex-1-3\nwords\n```"
    cells = [new_code_cell("x = 1"), new_markdown_cell(f"## End\n\n{solutions}\n\n{words}")]
    source, out = tmp_path / "05_tasks.ipynb", tmp_path / "out.ipynb"
    nbformat.write(new_notebook(cells=cells), source)
    monkeypatch.setenv(tried_solutions.FOLDER, str(tmp_path / "tried"))
    papermill.execute_notebook(
        source, out, engine_name="chapter", kernel_name="python3", progress_bar=False
    )
    executed = nbformat.read(out, as_version=4)
    assert [cell.source for cell in executed.cells if cell.cell_type == "code"] == ["x = 1"]
    tried = read_json(tmp_path / "tried" / "05_tasks.json")
    assert tried == {
        "ex-1-0": {"ran": True, "error": "", "said": "2"},
        "ex-1-1": {"ran": True, "error": "ZeroDivisionError: division by zero", "said": ""},
        "ex-1-2": {"ran": True, "error": "", "said": "1"},
    }


def test_without_a_folder_for_them_no_solution_is_tried(monkeypatch):
    monkeypatch.delenv(tried_solutions.FOLDER, raising=False)
    chapter = new_notebook(cells=[new_markdown_cell("````{solution} ex-1\n```python\n1\n```\n````")])
    with tried_solutions.with_solutions(chapter, "05_tasks"):
        assert len(chapter.cells) == 1
