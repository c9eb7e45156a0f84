"""What the documents name exists: terms, pages, files and names; what is published asks for nobody's data."""

import importlib
import json
import re
from pathlib import Path

import nbformat
import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", *(f"book/{path.name}" for path in
             sorted((REPOSITORY / "book").glob("*.md")))]  # fmt: skip
GLOSSARY = REPOSITORY / "book" / "glossary.md"
PLACE = re.compile(r"(?:cardiacnets|tests|notebooks|book|data_manifests|benchmarks)/[\w./-]*\w/?")


def terms() -> list[str]:
    """The terms of the glossary: lines at the margin between its marks."""
    body = GLOSSARY.read_text().split(":::{glossary}\n")[1].split("\n:::")[0]
    return [line.strip() for line in body.splitlines() if line and not line.startswith(" ")]


def everything_else() -> str:
    """All prose but the glossary's, and the words that the chapters' code and claims put on pages."""
    texts = [path.read_text() for path in (REPOSITORY / "book").glob("*.*")
             if path.suffix in (".md", ".yml") and path != GLOSSARY]  # fmt: skip
    for path in (REPOSITORY / "notebooks").glob("*.ipynb"):
        texts += [cell.source for cell in nbformat.read(path, as_version=4).cells]
    texts += [path.read_text() for path in (REPOSITORY / "cardiacnets" / "experiments").glob("*/draw.py")]
    return " ".join(" ".join(texts).split())


def is_used(term: str, text: str) -> bool:
    """In any number, joined or with a hyphen, great letters or small."""
    words = re.escape(term).replace(r"\ ", r"[\s-]").replace(r"\-", r"[\s-]")
    words = re.sub(r"ex$", "(?:ex|ices)", words)
    return bool(re.search(rf"(?<!\w){words}(?:e?s|ed)?(?!\w)", text, re.IGNORECASE))


def test_every_term_of_the_glossary_is_used():
    text = everything_else()
    assert len(terms()) > 20
    assert [term for term in terms() if not is_used(term, text)] == []


@pytest.mark.parametrize(
    ("term", "text", "used"),
    [("index", "all 82 indices", True), ("linear probe", "a linear-probe", True), ("AUC", "AUCs", True),
     ("cine", "medicine", False), ("cine", "", False), ("index", "indexing", False)],
)  # fmt: skip
def test_a_use_is_the_word_itself(term, text, used):
    assert is_used(term, text) == used


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_file_that_a_document_names_exists(name):
    """Between backticks, from the repository's folder; what a run or a reader makes is named otherwise."""
    found = [place for each in re.findall(r"`([^`\n]+)`", (REPOSITORY / name).read_text())
             for place in PLACE.findall(each) if place == each.split()[0]]  # fmt: skip
    assert [place for place in found if not (REPOSITORY / place).exists()] == []


def test_a_table_that_the_guide_names_is_there():
    """CONTRIBUTING says `NAME` of `cardiacnets/file.py`: the name stands in that file."""
    text = " ".join((REPOSITORY / "CONTRIBUTING.md").read_text().split())
    named = re.findall(r"`([A-Z][A-Za-z_]+)` of `cardiacnets/([\w/]+)\.py`", text)
    assert len(named) >= 4
    for name, place in named:
        assert hasattr(importlib.import_module(f"cardiacnets.{place.replace('/', '.')}"), name), (name, place)


FORMS = [REPOSITORY / ".github" / "ISSUE_TEMPLATE" / name for name in ("fault.yml", "wish.yml")]


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_an_issue_asks_for_nobodys_data_and_says_so_first(path):
    """The warning stands on top, a promise is asked for, and no field takes files or records."""
    form = yaml.safe_load(path.read_text())
    first, last = form["body"][0], form["body"][-1]
    assert first["type"] == "markdown" and "no patient data" in first["attributes"]["value"]
    assert last["type"] == "checkboxes" and all(each["required"] for each in last["attributes"]["options"])
    asked = " ".join(str(field["attributes"].get("label")) for field in form["body"][1:])
    assert not re.search(r"attach|upload|\brecord\b|\btrace\b|screenshot|sample file", asked, re.IGNORECASE)


def test_what_archives_read_agrees_with_the_project():
    citation = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())
    archived = json.loads((REPOSITORY / ".zenodo.json").read_text())
    project = re.search(r'^version = "(.+)"$', (REPOSITORY / "pyproject.toml").read_text(), re.MULTILINE)[1]
    assert citation["version"] == archived["version"] == project
    assert citation["title"] == archived["title"] and citation["license"] == archived["license"]
    assert [each["name"] for each in archived["creators"]] == [each["name"] for each in citation["authors"]]
    assert f"## {project}" in (REPOSITORY / "CHANGELOG.md").read_text()


def test_workflows_and_container_call_commands_that_exist():
    """Each `make` target they call is one of the Makefile's, and each module can be run."""
    targets = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    workflows = sorted((REPOSITORY / ".github" / "workflows").glob("*.yml"))
    texts = [path.read_text() for path in workflows] + [
        (REPOSITORY / ".devcontainer" / "devcontainer.json").read_text()
    ]
    assert len(workflows) == 3 and all(yaml.safe_load(path.read_text())["jobs"] for path in workflows)
    called = {name for text in texts for name in re.findall(r"\bmake ([a-z]+)", text)}
    assert {"book", "pdf", "environment"} <= called <= targets
    modules = {name for text in texts for name in re.findall(r"python -m (cardiacnets[\w.]*)", text)}
    assert modules == {"cardiacnets.report.address"} and hasattr(importlib.import_module(*modules), "main")
    json.loads(texts[-1])
