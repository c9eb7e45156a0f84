"""Staging: what pages are made from. (Building them is tested on the smoke book, in tests/book.)"""

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
    assert [pages.HIDDEN in cell.metadata.tags for cell in staged.cells] == [False, True]
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
