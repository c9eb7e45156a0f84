"""From files to pages: the whole book on simulated people in real layouts, who are treated as real ones."""

from dataclasses import replace

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_output

from cardiacnets.artefacts import read_json
from cardiacnets.cohorts.disclosure import DisclosureError, scan_notebook
from cardiacnets.cohorts.export import Drawing, export_cohort
from cardiacnets.cohorts.manifest import load_manifest
from cardiacnets.contracts import DISEASES, SUBTYPES
from cardiacnets.phenotypes import MANIFESTS
from cardiacnets.profile import load_profile
from cardiacnets.report import pages
from cardiacnets.report.results import load_results
from cardiacnets.run import CHAPTERS, open_run
from cardiacnets.teaching import exercises

COHORTS = {"ukb": "ukb", "mimic_iv_ecg": "mimic"}
KEYS = {"ukb": "participant_id", "mimic": "recording_id"}
"""What a row is found again by: UK Biobank has no numbers of recordings."""
SMOKE = load_profile("smoke")


@pytest.fixture(scope="module")
def real_run(smoke_book, tmp_path_factory):
    """The book of two cohorts of files, as ``make book PROFILE=smoke MANIFESTS=trial`` builds it: the people
    of the smoke book, exported and read again.
    """
    folder = tmp_path_factory.mktemp("manifests") / "trial"
    folder.mkdir()
    for layout, name in COHORTS.items():
        sizes, seed = SMOKE.cohorts, SMOKE.seed
        drawing = Drawing(getattr(sizes, name), sizes.preset, seed, sizes.frames, slices=1)
        export_cohort(folder, layout, drawing, processes=SMOKE.processes)
    solutions = {"CARDIACNETS_SOLUTIONS": str(smoke_book.run.parent / "smoke-trial-solutions")}
    book = replace(smoke_book, environment=smoke_book.environment | solutions)
    done = book.build("--manifests", str(folder))
    assert done.returncode == 0, done.stdout[-6000:]
    return smoke_book.run.parent / "smoke-trial"


@pytest.mark.parametrize("name", COHORTS.values())
def test_labels_and_splits_are_those_of_the_direct_route(smoke_book, real_run, name):
    ours, direct = (
        pd.read_parquet(run / "clean" / name / "index.parquet").set_index(KEYS[name], drop=False)
        for run in (real_run, smoke_book.run)
    )
    same = direct.loc[ours.index]
    assert ours["participant_id"].nunique() == getattr(SMOKE.cohorts, name) and ours["usable"].mean() > 0.95
    for column in ("participant_id", "split", *DISEASES, *SUBTYPES, "healthy"):
        assert ours[column].tolist() == same[column].tolist(), column


def test_every_chapter_and_page_is_there(real_run, smoke_book):
    ours, direct = (
        {path.name for path in (run / "book").glob("*.html")} for run in (real_run, smoke_book.run)
    )
    assert ours == direct and {f"{name}.html" for name in CHAPTERS} <= ours


def test_the_chapters_say_which_cohorts_are_real(real_run):
    for name, earlier in CHAPTERS.items():
        provenance = read_json(real_run / "results" / f"{name[:2]}.json")["provenance"]
        simulates_itself = not earlier and name != "00_cohorts"
        expected = [] if simulates_itself else ["mimic", "ukb"]
        assert list(provenance.get("real_cohorts", ())) == expected, name
    first, second = (next((real_run / "notebooks").glob(f"{n}_*.ipynb")).read_text() for n in ("00", "01"))
    assert "fig-00-flow-ukb" in first and "Flow of participants into the cohort mimic" in first
    assert "In this run" in second and "UK Biobank layout (simulated)" in second


@pytest.mark.parametrize("name", CHAPTERS)
def test_the_exercises_can_be_solved_on_the_simulated_twins(real_run, name):
    tried = read_json(real_run.with_name("smoke-trial-solutions") / f"{name}.json")
    assert tried and {label: each["error"] for label, each in tried.items() if each["error"]} == {}
    checked = {label: each["said"] for label, each in tried.items() if label in exercises()}
    assert {label: said for label, said in checked.items() if not said.startswith("Right. ")} == {}


def test_small_counts_are_withheld_on_the_pages(real_run, smoke_book):
    """Of the same people nothing is withheld where they are simulated ones."""
    ours, direct = ((run / "book" / "06_statistics.html").read_text() for run in (real_run, smoke_book.run))
    assert "withheld" in ours and "withheld" not in direct


def test_the_guard_passes_clean_pages_and_stops_at_a_planted_name(real_run, smoke_book, monkeypatch):
    monkeypatch.setenv("CARDIACNETS_RUNS", str(real_run.parent))
    run = open_run("smoke", real_run.name)
    pages.guard(run)
    someone = pd.read_parquet(run.cohorts / "ukb" / "recordings.parquet")["participant_id"].iloc[7]
    path = next(run.notebooks.glob("01_*.ipynb"))
    before = path.read_bytes()
    notebook = nbformat.read(path, as_version=4)
    leak = new_code_cell("index.head()", outputs=[new_output("stream", text=f"{someone} is ill\n")])
    notebook.cells.append(leak)
    nbformat.write(notebook, path)
    try:
        with pytest.raises(DisclosureError, match=f"01_preprocessing.ipynb, cell {len(notebook.cells)}"):
            pages.guard(run)
    finally:
        path.write_bytes(before)


def test_what_counts_no_people_is_no_small_count(smoke_book):
    """Nine tasks are published on the largest restricted cohort too, nine people are not."""
    counted = [one for one in load_results(smoke_book.run / "results").values() if one.of]
    others = [one for one in counted if not one.of.startswith("recordings")]  # those are people's
    assert {"tasks", "rows", "indices", "simulated hearts"} <= {one.of for one in others}
    known = load_manifest(MANIFESTS / "ukb.yaml").model_copy(update={"disclosure_threshold": 10_000})
    notebook = nbformat.v4.new_notebook()
    path = smoke_book.run / "counts.ipynb"
    people = [str(next(one for one in counted if one not in others)), "0.8 (n = 9)"]
    for one, breaches in [(str(one), 0) for one in others] + [(one, 1) for one in people]:
        notebook.cells = [new_code_cell("", outputs=[new_output("stream", text=one)])]
        nbformat.write(notebook, path)
        assert len(scan_notebook(path, known, ())) == breaches, one
    path.unlink()


def test_clean_chapters_raise_no_false_alarm(smoke_book):
    """The smoke book, were its cohorts restricted. (Its counts of a few people come from its size.)"""
    tables = [pd.read_parquet(path) for path in smoke_book.run.glob("cohorts/*/recordings.parquet")]
    known = {str(one) for table in tables for key in ("participant_id", "recording_id") for one in table[key]}
    manifest = load_manifest(MANIFESTS / "ukb.yaml").model_copy(update={"disclosure_threshold": 2})
    notebooks = sorted((smoke_book.run / "notebooks").glob("*.ipynb"))
    alarms = [str(one) for path in notebooks for one in scan_notebook(path, manifest, known)]
    assert len(notebooks) >= 9 and alarms == []
