"""The house itself: dependencies that agree, imports that go down, clean notebooks, no machine's traces."""

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

import nbformat
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).parents[2]
NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]


def locked() -> dict[str, str]:
    lines = (REPOSITORY / "requirements.lock").read_text().split()
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!]+", line) for line in lines)
    return {canonicalize_name(line.split("==")[0]): line.split("==")[1] for line in lines}


def declared() -> list[Requirement]:
    texts = PROJECT["dependencies"] + sum(PROJECT["optional-dependencies"].values(), [])
    return [Requirement(text) for text in texts]


@pytest.mark.parametrize("requirement", declared(), ids=lambda requirement: requirement.name)
def test_the_lock_satisfies_what_is_declared(requirement):
    assert requirement.specifier.contains(locked()[canonicalize_name(requirement.name)])


def test_the_lock_is_closed():
    """Every dependency of a locked package that applies here is locked, in a version that will do."""
    pins, missing = locked(), []
    for name in pins:
        try:
            needs = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        for need in map(Requirement, needs):
            applies = need.marker is None or need.marker.evaluate({"extra": ""})
            # what a CUDA build of torch needs is pinned by that build itself
            if applies and not need.name.startswith(("nvidia", "cuda", "triton")):
                version = pins.get(canonicalize_name(need.name))
                if version is None or not need.specifier.contains(version, prereleases=True):
                    missing.append(f"{name}: {need} (locked: {version})")
    assert missing == []


# what the book promises to be built on: the name of the module, the package, and conda-forge's package
CARD = {
    "jupyterlab": ("jupyterlab", "jupyterlab"),
    "jupyter_book": ("jupyter-book", "jupyter-book"),
    "papermill": ("papermill", "papermill"),
    "torch": ("torch", "pytorch"),
    "timm": ("timm", "timm"),
    "diffusers": ("diffusers", "diffusers"),
    "pywt": ("pywavelets", "pywavelets"),
    "statsmodels": ("statsmodels", "statsmodels"),
    "scipy": ("scipy", "scipy"),
    "sklearn": ("scikit-learn", "scikit-learn"),
    "seaborn": ("seaborn", "seaborn"),
    "pingouin": ("pingouin", "pingouin"),
}
STARTED = {"jupyterlab", "jupyter_book", "papermill"}  # as commands


def test_conda_installs_the_card_and_the_same_lock():
    environment = yaml.safe_load((REPOSITORY / "environment.yml").read_text())
    pip = next(entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    assert pip == ["-r requirements.lock", "--editable ."]
    named = dict(entry.split("=") for entry in environment["dependencies"] if "=" in str(entry))
    assert PROJECT["requires-python"] == ">=" + named.pop("python")
    assert named == {conda: locked()[package] for package, conda in CARD.values()}


@pytest.mark.parametrize("module", CARD)
def test_each_package_of_the_card_is_declared_locked_and_used(module):
    package = CARD[module][0]
    needed = {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}
    assert package in needed and package in locked()
    if module in STARTED:
        started = [REPOSITORY / "README.md", REPOSITORY / "Snakefile", REPOSITORY / "Makefile"]
        pages = (REPOSITORY / "cardiacnets" / "report").glob("*.py")
        assert any(re.search(f"(?i){package}|{module}", path.read_text()) for path in [*started, *pages])
    else:
        assert module in imported() | imported_by_notebooks()


def imported_by_notebooks() -> set[str]:
    cells = [cell for path in NOTEBOOKS for cell in nbformat.read(path, as_version=4).cells]
    return modules(ast.parse(cell.source) for cell in cells if cell.cell_type == "code")


def imported() -> set[str]:
    trees = (ast.parse(path.read_text()) for path in (REPOSITORY / "cardiacnets").rglob("*.py"))
    return modules(trees) - set(sys.stdlib_module_names) - {"cardiacnets"}


def modules(trees: Iterable[ast.AST]) -> set[str]:
    """The top-level names of all that is imported in syntax trees."""
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    return {name.split(".")[0] for name in names}


def test_every_imported_package_is_declared():
    names = importlib.metadata.packages_distributions()
    allowed = {canonicalize_name(requirement.name) for requirement in declared()} | {"ipython", "nbformat"}
    # IPython and nbformat come with ipykernel and papermill, and their versions go with those
    unknown = {
        module for module in imported() if not {canonicalize_name(n) for n in names.get(module, [])} & allowed
    }
    assert unknown == set()


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], cwd=REPOSITORY, capture_output=True, text=True)


def test_imports_go_down_the_floors():
    done = run("-c", "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())")
    assert done.returncode == 0, done.stdout[-3000:]


def test_code_and_notebooks_are_clean():
    done = run("-m", "ruff", "check", "--output-format", "concise", ".")
    assert done.returncode == 0, done.stdout[-3000:]


def test_no_file_is_a_catch_all():
    files = [*(REPOSITORY / "cardiacnets").rglob("*.py"), *(REPOSITORY / "tests").rglob("*.py")]
    assert not [path for path in files if re.search(r"(utils?|helpers?|misc|common)\.py$", path.name)]
    long = {path.name: len(path.read_text().splitlines()) for path in files if "cardiacnets" in path.parts}
    assert not {name: lines for name, lines in long.items() if lines > 400}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_clean_and_narrates(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code), "stored with outputs"
    assert [cell.metadata.get("tags") for cell in code].count(["parameters"]) == 1
    assert notebook.cells[0].source.startswith("# ")
    assert "chapter.footer()" in code[-1].source
    assert not any("matplotlib" in cell.source for cell in code), "drawing belongs to the chapter's draw.py"
    for cell in code:
        assert not re.search(r"^\s*(def|class) ", cell.source, re.MULTILINE), (
            f"logic in a cell: {cell.source[:60]!r}"
        )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_cell_is_read_without_scrolling(path):
    """At most twelve lines, empty ones aside, of a hundred columns."""
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    lines = {cell.id: [line for line in cell.source.splitlines() if line.strip()] for cell in cells}
    assert {name: len(found) for name, found in lines.items() if len(found) > 12} == {}
    assert [line for found in lines.values() for line in found if len(line) > 100] == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_chapter_opens_and_closes_alike(path):
    """Parameters, imports, a head of two lines; the footer's code is hidden."""
    code = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    assert code[0].metadata.get("tags") == ["parameters"]
    (head,) = (number for number, cell in enumerate(code) if "open_chapter(" in cell.source)
    first, second = code[head].source.splitlines()[:2]
    begins = f'chapter = open_chapter("{path.stem[:2]}", profile=profile, run=run'
    assert re.fullmatch(re.escape(begins) + r"(, own=.+)?\)", first)
    assert second == "here, record, table = chapter.run, chapter.record, chapter.table"
    assert all(
        isinstance(statement, ast.Import | ast.ImportFrom)
        for cell in code[1:head]
        for statement in ast.parse(cell.source).body
    )
    assert code[-1].source == "chapter.footer()" and "hide-input" in code[-1].metadata.get("tags", [])


def test_nothing_names_the_machine_it_was_made_on():
    tracked = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True)
    if tracked.returncode:
        pytest.skip("not a git checkout")
    machine = re.compile(r"(?<![\w.])/(?:work|tmp|root|home)/\w")
    here = Path(__file__).relative_to(REPOSITORY).as_posix()
    texts = [
        name
        for name in tracked.stdout.split()
        if name.endswith((".py", ".md", ".yaml", ".yml", ".ipynb", ".toml"))
    ]
    found = [name for name in texts if name != here and (REPOSITORY / name).is_file()
             and machine.search((REPOSITORY / name).read_text(encoding="utf-8"))]  # fmt: skip
    assert found == []
