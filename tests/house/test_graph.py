"""The graph of chapters: what each depends on is found from its imports."""

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def graph() -> dict:
    """The names the Snakefile defines before its first rule."""
    head = (REPOSITORY / "Snakefile").read_text().split("\nrule ")[0]
    names: dict = {"config": {}}
    exec(compile(head, "Snakefile", "exec"), names)
    return names


def test_every_notebook_is_a_chapter_of_the_graph(graph):
    notebooks = {path.name[:2] for path in (REPOSITORY / "notebooks").glob("0*.ipynb")}
    assert set(graph["CHAPTERS"]) == notebooks
    for number, (needs, threads) in graph["CHAPTERS"].items():
        assert all(other < number for other in needs) and threads in (1, 2)


def test_a_chapter_depends_on_what_it_imports_and_on_what_that_imports(graph):
    found = set(graph["library"]("from cardiacnets.statistics import delong_test"))
    assert {"cardiacnets/statistics/discrimination.py", "cardiacnets/__init__.py"} <= found
    assert not any("models" in name or "report" in name for name in found)
    found = set(graph["library"]("from cardiacnets.report import open_chapter"))
    assert {"cardiacnets/report/exhibits.py", "cardiacnets/run.py", "cardiacnets/profile.py"} <= found
    assert "cardiacnets/report/pages.py" not in found


def test_what_is_found_is_what_python_loads(graph):
    """Importing a chapter's library loads no file of it that the graph does not know."""
    code = (
        "import sys; from cardiacnets.experiments import evaluation; from pathlib import Path; "
        "print(*[m.__file__ for n, m in sys.modules.items() if n.startswith('cardiacnets')])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    names = {Path(file).relative_to(REPOSITORY).as_posix() for file in loaded.stdout.split()}
    assert names <= set(graph["library"]("from cardiacnets.experiments import evaluation"))
