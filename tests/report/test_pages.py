"""Staging: what pages are made from. (Building them is tested on the smoke book, in tests/book.)"""

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from cardiacnets.artefacts import write_json
from cardiacnets.phenotypes import MANIFESTS
from cardiacnets.report import pages
from cardiacnets.report.gate import GateError
from cardiacnets.run import SIDECAR, open_run


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("CARDIACNETS_RUNS", str(tmp_path))
    made = open_run("smoke", "try")
    made.notebooks.mkdir(parents=True)
    cells = [
        new_code_cell("profile = 1", execution_count=1, metadata={"tags": ["parameters"]}),
        new_code_cell("profile = 2", execution_count=2, metadata={"tags": ["injected-parameters"]}),
    ]
    nbformat.write(new_notebook(cells=cells), made.notebooks / "05_tasks.ipynb")
    return made


def test_the_injected_cell_is_hidden_and_the_claims_are_written(run):
    source = pages.stage(run)
    staged = nbformat.read(source / "05_tasks.ipynb", as_version=4)
    code = [cell for cell in staged.cells if cell.cell_type == "code"]
    assert [pages.HIDDEN in cell.metadata.tags for cell in code] == [False, True]
    assert (source / "claims.md").read_text().startswith("# Claims")
    assert {"_config.yml", "_toc.yml", "welcome.md", "references.bib"} <= {
        path.name for path in source.iterdir()
    }


def test_a_notebook_with_an_error_stops_the_build_before_anything_is_staged(run):
    broken = new_notebook(cells=[new_code_cell("1 / 0")])
    nbformat.write(broken, run.notebooks / "06_statistics.ipynb")
    with pytest.raises(GateError, match="06_statistics.ipynb: cell 1: was never executed"):
        pages.build_book(run)
    assert not (run.root / "book_source").exists() and not run.book.exists()


def test_the_guard_reads_the_manifest_of_a_real_cohort(run, monkeypatch):
    seen = []
    monkeypatch.setattr(pages, "scan", lambda *given: seen.append((given[0], given[1].name)))
    pages.guard(run)
    assert not seen
    write_json(run.cohorts / "ukb" / SIDECAR, {"ingredients": {"manifest": str(MANIFESTS / "ukb.yaml")}})
    pages.guard(run)
    assert seen == [(run.notebooks, "ukb")]


def test_a_page_offers_its_notebook_clean_and_as_executed(run):
    """Below the title; what papermill notes of the machine stays behind, and what was shown is kept."""
    name = next(path for path in sorted((pages.REPOSITORY / "notebooks").glob("06_*.ipynb"))).name
    cells = [
        nbformat.v4.new_markdown_cell("# Statistics"),
        new_code_cell("1", execution_count=1, outputs=[nbformat.v4.new_output("stream", text="told")]),
    ]
    executed = new_notebook(cells=cells, metadata={"papermill": {"output_path": "somewhere/on/this/machine"}})
    executed.cells[1].metadata["papermill"] = {"duration": 3.0}
    nbformat.write(executed, run.notebooks / name)
    source = pages.stage(run)
    staged = nbformat.read(source / name, as_version=4)
    assert [cell.cell_type for cell in staged.cells] == ["markdown", "markdown", "code"]
    places = re.findall(r"\{download\}`[^<]+<([^>]+)>`", staged.cells[1].source)
    clean, shown = (nbformat.read(source / place, as_version=4) for place in places)
    assert clean == nbformat.read(pages.REPOSITORY / "notebooks" / name, as_version=4)
    assert shown.cells[1].outputs[0].text == "told"
    assert "papermill" not in shown.metadata and "papermill" not in shown.cells[1].metadata
    assert "somewhere" not in (source / places[1]).read_text()


def test_a_notebook_that_the_repository_lacks_is_offered_as_executed_only(run):
    staged = nbformat.read(pages.stage(run) / "05_tasks.ipynb", as_version=4)
    assert staged.cells[1].source.count("{download}") == 1 and "05_tasks_executed" in staged.cells[1].source


def test_the_welcome_page_draws_the_two_stages_at_the_run_s_sizes(run):
    source = pages.stage(run)
    drawn = (source / pages.OVERVIEW).read_text()
    assert f"{{include}} {pages.OVERVIEW}" in (source / "welcome.md").read_text()
    assert drawn.startswith("```{raw} html") and "data:image/svg+xml;base64," in drawn
    assert f"{run.profile.aligning.batch} hearts" in re.search('alt="([^"]+)"', drawn)[1]
