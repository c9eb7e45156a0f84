"""The smoke book is complete, sound, unchanged by a second build, and says that it is simulated."""

import fnmatch
import re
from pathlib import Path

import nbformat
import yaml

from cardiacnets.artefacts import read_json
from cardiacnets.report import gate, load_results
from cardiacnets.report.address import repository_url
from cardiacnets.report.claims import load_claims
from cardiacnets.report.take_away import keys_of, load_take_away
from cardiacnets.run import SIDECAR, chapter_of
from cardiacnets.study import TASKS

REPOSITORY = Path(__file__).parents[2]
NOTEBOOKS = sorted(path.stem for path in (REPOSITORY / "notebooks").glob("[0-9][0-9]_*.ipynb"))
MADE = {"claims", "model_cards", "data_cards"}
"""Pages that come from the run alone."""


def test_every_chapter_was_executed_recorded_and_became_a_page(smoke_book):
    for name in NOTEBOOKS:
        assert (smoke_book.run / "notebooks" / f"{name}.ipynb").is_file()
        assert (smoke_book.run / "book" / f"{name}.html").is_file()
        kept = read_json(smoke_book.run / "results" / f"{name[:2]}.json")
        assert kept["provenance"]["profile"] == "smoke" and kept["provenance"]["seconds"] > 0, name


def test_every_artefact_stands_in_the_table_of_artefacts(smoke_book):
    places = [path.parent.relative_to(smoke_book.run).as_posix() for path in smoke_book.run.rglob(SIDECAR)]
    made = {place: chapter_of(place) for place in places}
    assert len(made) > 50 and {chapter[:2] for chapter in made.values()} == {f"0{n}" for n in range(6)}


def test_the_contents_list_every_notebook():
    contents = yaml.safe_load((REPOSITORY / "book" / "_toc.yml").read_text())
    entries = [entry for part in contents["parts"] for entry in part["chapters"]]
    listed: list[str] = []
    for entry in entries:
        listed += [entry["file"]] if "file" in entry else fnmatch.filter(NOTEBOOKS, entry["glob"])
    assert [name for name in listed if name[0].isdigit()] == NOTEBOOKS
    prose = {path.stem for path in (REPOSITORY / "book").glob("*.md")}
    assert set(listed) - set(NOTEBOOKS) | {contents["root"]} == prose | MADE


def test_notebooks_and_pages_pass_the_gate(smoke_book):
    assert gate.notebook_faults(smoke_book.run / "notebooks") == []
    assert gate.page_faults(smoke_book.run / "book") == []


def test_progress_named_notebook_cell_and_title(smoke_book):
    executed = re.findall(r"Rule: chapter_(\w+)\)", smoke_book.printed)
    assert sorted(executed) == NOTEBOOKS or "CARDIACNETS_TEST_RUNS" in smoke_book.environment
    for name in executed:
        assert re.search(rf'^\[{name}\] cell \d+/\d+ ".+"', smoke_book.printed, re.MULTILINE), name


def test_the_injected_parameters_are_hidden(smoke_book):
    for name in NOTEBOOKS:
        executed = nbformat.read(smoke_book.run / "notebooks" / f"{name}.ipynb", as_version=4)
        assert any("injected-parameters" in cell.metadata.get("tags", []) for cell in executed.cells)
        page = (smoke_book.run / "book" / f"{name}.html").read_text()
        assert "tag_parameters" in page and "Parameters</span>" not in page
        assert "tag_injected-parameters" not in page or "tag_remove-input" in page


def test_every_exhibit_says_what_it_is(smoke_book):
    for name in NOTEBOOKS:
        page = (smoke_book.run / "book" / f"{name}.html").read_text()
        exhibits = re.findall(r'<(?:figure|div) class="exhibit"[^>]*>', page)
        assert exhibits, name
        assert all('data-content="' in exhibit for exhibit in exhibits)


def test_the_claims_page_shows_recorded_numbers(smoke_book):
    page = (smoke_book.run / "book" / "claims.html").read_text()
    results = load_results(smoke_book.run / "results")
    shown = [key for key in re.findall(r"<code>([^<]+)</code>", page) if key in results]
    assert len(shown) >= 10
    assert all(str(results[key]).replace("<", "&lt;") in page for key in shown)
    assert "replicated" not in page


def test_every_claim_has_its_records(smoke_book):
    """A key of claims.yml that no chapter records would stand as *not recorded* in every run.

    The smallest profile has too few patients for some tasks: there another task must have the same result, or
    the key be about the rarest subtype.
    """
    recorded = load_results(smoke_book.run / "results").keys()
    claims = load_claims(REPOSITORY / "book" / "claims.yml")
    named = {key for claim in claims for key in (*claim.results, *claim.shown)}
    without = []
    for key in sorted(named - recorded):
        cohort, task, rest = key.split(".", 2)
        studied = any(found.startswith(f"{cohort}.{task}.auc.") for found in recorded)
        elsewhere = any(found.endswith(f".{rest}") for found in recorded)
        if studied or not elsewhere or f"{cohort}.{task}" not in TASKS:
            without.append(key)
    assert len(named) > 20 and [key for key in without if "rcm" not in key] == []


def test_each_chapter_offers_its_notebook_clean_and_as_executed(smoke_book):
    for name in NOTEBOOKS:
        page = (smoke_book.run / "book" / f"{name}.html").read_text()
        places = re.findall(r'<a class="reference download[^>]*href="(_downloads/[^"]+)"', page)
        found = [nbformat.read(smoke_book.run / "book" / place, as_version=4) for place in places]
        clean, executed = found
        assert clean == nbformat.read(REPOSITORY / "notebooks" / f"{name}.ipynb", as_version=4)
        shown = nbformat.read(smoke_book.run / "notebooks" / f"{name}.ipynb", as_version=4)
        assert [cell.source for cell in executed.cells] == [cell.source for cell in shown.cells]
        text = (smoke_book.run / "book" / places[1]).read_text()
        assert str(smoke_book.run) not in text, "a path of this machine"


def test_no_page_leads_to_a_repository_without_an_address(smoke_book):
    if repository_url():
        return  # then they do: tests/report/test_address.py
    for page in (smoke_book.run / "book").glob("*.html"):
        text = page.read_text()
        assert not re.search(r"mybinder|colab\.research|hub/user-redirect|/issues/new", text), page.name


def test_intervals_hold_their_estimates(smoke_book):
    for key, result in load_results(smoke_book.run / "results").items():
        if result.interval is not None and result.value is not None:
            assert result.interval[0] <= result.value <= result.interval[1], key


def test_a_second_build_does_nothing(smoke_book):
    stamps = {path: path.stat().st_mtime_ns for path in smoke_book.run.rglob("*") if path.is_file()}
    assert "Nothing to be done" in smoke_book.build().stdout
    assert stamps == {path: path.stat().st_mtime_ns for path in stamps}


def test_changed_statistics_rerun_themselves_and_the_pages_only(smoke_book):
    planned = smoke_book.build("--dry-run", "--forcerun", "chapter_06_statistics").stdout
    counted = planned[planned.rindex("Job stats:") :]
    assert set(re.findall(r"^(\w+) +\d+$", counted, re.MULTILINE)) == {
        "chapter_06_statistics",
        "pages",
        "book",
        "total",
    }


def test_every_chapter_says_what_to_take_away_from_its_run(smoke_book):
    recorded = load_results(smoke_book.run / "results")
    for chapter, lines in load_take_away(REPOSITORY / "book" / "take_away.yml").items():
        keys = [key for line in lines for key in keys_of(line)]
        assert [key for key in keys if key not in recorded] == [], chapter
        page = next((smoke_book.run / "book").glob(f"{chapter}_*.html")).read_text()
        assert "take-away admonition" in page and "Filled in when" not in page, chapter
        assert all(f"{recorded[key].n:,}" in page for key in keys if recorded[key].n), chapter
