"""The graph of chapters: what each depends on is found from its imports."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from snakemake.exceptions import WorkflowError

from cardiacnets.run import CHAPTERS
from cardiacnets.study import SPLIT_COHORTS

REPOSITORY = Path(__file__).parents[2]


def defined(**config: str) -> dict:
    """The names the Snakefile defines before its first rule."""
    head = (REPOSITORY / "Snakefile").read_text().split("\nrule ")[0]
    names: dict = {"config": config}
    exec(compile(head, "Snakefile", "exec"), names)
    return names


@pytest.fixture(scope="module")
def graph() -> dict:
    return defined()


def test_every_notebook_is_a_chapter_of_the_graph(graph):
    notebooks = {path.name[:2] for path in (REPOSITORY / "notebooks").glob("[0-9][0-9]_*.ipynb")}
    assert set(graph["CHAPTERS"]) == notebooks
    for number, (needs, threads) in graph["CHAPTERS"].items():
        assert all(other < number for other in needs) and threads in (1, 2)


def test_the_graph_has_the_order_and_the_needs_of_the_table_of_chapters(graph):
    assert list(graph["CHAPTERS"]) == [name[:2] for name in CHAPTERS]
    assert graph["CHAPTERS"]["06"] == (["04", "05"], 1)
    several = {number for number, (_, threads) in graph["CHAPTERS"].items() if threads > 1}
    # quick has two processes, which the chapters that make artefacts fill
    assert several == {"00", "01", "02", "03", "04", "05"}


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
        "import sys; from cardiacnets.experiments.downstream_tasks import evaluation; "
        "print(*[m.__file__ for n, m in sys.modules.items() if n.startswith('cardiacnets')], sep=chr(10))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    names = {Path(file).relative_to(REPOSITORY).as_posix() for file in loaded.stdout.splitlines()}
    assert names <= set(graph["library"]("from cardiacnets.experiments.downstream_tasks import evaluation"))


def test_only_what_is_trained_on_is_scattered_and_only_if_asked(graph, tmp_path):
    assert graph["SCATTERED"] == defined(parts="1")["SCATTERED"] == {} and graph["parts"]("01") == []
    assert defined(parts="3")["SCATTERED"]["01"][-1] == SPLIT_COHORTS == ("ukb", "mimic")
    for name in ("ukb", "ptb_xl"):  # mimic stays simulated, ptb_xl takes nobody's place
        shutil.copy(REPOSITORY / "data_manifests" / f"{name}.yaml", tmp_path)
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "1", "--nolock", "--quiet", "rules"]
    config = ["profile=smoke", f"runs={tmp_path}", f"manifests={tmp_path}", "parts=3"]
    done = subprocess.run(
        [*command, "--until", "chapter_01_preprocessing", "--config", *config],
        cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    counts = dict(re.findall(r"^(\w+) +(\d+)$", done.stdout, re.MULTILINE))
    assert counts["read_part"] == "3" and counts["preprocess_part"] == "6" and counts["total"] == "11"


@pytest.mark.parametrize("parts", [0, -1, 1.5, True, "many"])
def test_parts_are_counted(parts):
    with pytest.raises(WorkflowError, match=f"parts={parts}: give a whole number, 1 or more"):
        defined(parts=parts)
