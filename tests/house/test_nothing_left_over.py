"""What nobody calls has gone, docstrings speak one dialect, and pages name what there is."""

import ast
import importlib
import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
LIBRARY = sorted((REPOSITORY / "cardiacnets").rglob("*.py"))
USERS = [*(REPOSITORY / "benchmarks").glob("*.py"), REPOSITORY / "setup.py"]
NOTEBOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
COMMANDS = [REPOSITORY / name for name in ("Snakefile", "Makefile", "pyproject.toml")]
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "book").rglob("*.md")), *NOTEBOOKS]


def definitions(tree: ast.Module) -> Iterator[str]:
    """Functions, classes and constants of a module, without those that a decorator hands on."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            if isinstance(node, ast.ClassDef) or not node.decorator_list:
                yield node.name
        elif isinstance(node, ast.Assign):
            yield from (one.id for one in node.targets if isinstance(one, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


def names(tree: ast.AST, exported: bool) -> Iterator[str]:
    """What code names: variables and attributes, and the words of its strings but for ``exported`` lists."""
    texts = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in texts:
            yield from () if exported else re.findall(r"\w+", node.value)


@cache
def used() -> Counter[str]:
    """How often each name occurs outside of tests."""
    found: Counter[str] = Counter()
    for path in [*LIBRARY, *USERS]:
        found.update(names(ast.parse(path.read_text(encoding="utf-8")), path.name == "__init__.py"))
    for path in NOTEBOOKS:
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                found.update(names(ast.parse("".join(cell["source"])), exported=False))
    for path in COMMANDS:
        found.update(re.findall(r"\w+", path.read_text(encoding="utf-8")))
    return found


def left_over(code: str, where: Counter[str]) -> list[str]:
    """Definitions that nothing names; ``__all__`` and the like are Python's."""
    return [name for name in definitions(ast.parse(code)) if not (where[name] or name.startswith("__"))]


def test_every_definition_is_used_outside_of_tests():
    unused = {
        path.relative_to(REPOSITORY).as_posix(): left_over(path.read_text(), used()) for path in LIBRARY
    }
    assert {path: names for path, names in unused.items() if names} == {}, "remove them"


def test_what_nothing_names_is_found():
    code = '"""gone()"""\ndef gone(): "gone"\ndef kept(): return LEFT\nLEFT, = 1,\nUNREAD: int = 2\nkept()\n'
    assert left_over(code, Counter(names(ast.parse(code), exported=False))) == ["gone", "UNREAD"]


def test_arguments_are_described_in_one_dialect():
    other = r"^[ \t]*(Args|Parameters|Params|Keyword Args)[ \t]*:|:param\s|^[ \t]*Arguments:[ \t]*\S"
    assert re.search(other, "Args:\n    a: b") and re.search(other, "Arguments: a: b")
    for path in LIBRARY:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
                found = re.search(other, ast.get_docstring(node) or "", flags=re.MULTILINE)
                assert found is None, f"{path}: {found[0]!r} instead of 'Arguments:' and a line for each"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(REPOSITORY).as_posix())
def test_pages_name_files_and_definitions_that_exist(path):
    text = path.read_text(encoding="utf-8")
    files = r"(?<![\w/.])(?:cardiacnets|benchmarks|tests|data_manifests|notebooks)/[\w./-]*[\w-]"
    for named in re.findall(files, text):
        assert (REPOSITORY / named).exists() or list(REPOSITORY.glob(f"{named}*")), f"{named}: no such file"
    for dotted in re.findall(r"\bcardiacnets(?:\.[A-Za-z_]\w*)+", text):
        module, *attributes = _module(dotted)
        for attribute in attributes:
            assert hasattr(module, attribute), f"{dotted}: no {attribute}"
            module = getattr(module, attribute)


def _module(dotted: str) -> tuple:
    """The innermost module of a dotted name, and what is left of the name."""
    parts = dotted.split(".")
    for depth in range(len(parts), 0, -1):
        file = REPOSITORY.joinpath(*parts[:depth])
        if file.is_dir() or file.with_suffix(".py").is_file():
            return importlib.import_module(".".join(parts[:depth])), *parts[depth:]
    raise AssertionError(f"{dotted}: no such module")


def test_the_readme_names_the_rooms_that_there_are():
    (drawing,) = re.findall(
        r"^\| `cardiacnets/` \|(.*)\|$", (REPOSITORY / "README.md").read_text(), re.MULTILINE
    )
    floors = drawing.partition("on the ground")[0]
    rooms = {path.parent.name for path in (REPOSITORY / "cardiacnets").glob("*/__init__.py")}
    assert set(re.findall(r"`(\w+)`", floors)) == rooms


@pytest.mark.parametrize(
    "place",
    ["data/a.csv", "my_folder/ukb.yaml", "trial/ukb.yaml", "class/index.html", "class_b/index.html",
     "class-key.csv", "answers/R1.csv", "mine.ipynb", "seed_2.yaml", "student/README.md", "wheels/a.whl"],
)  # fmt: skip
def test_what_the_pages_let_people_make_here_is_not_committed(place):
    """Restricted tables, a class's answers and an executed notebook with somebody's ECG."""
    if not (REPOSITORY / ".git").exists():
        pytest.skip("not a git checkout")
    ignored = subprocess.run(["git", "check-ignore", "--quiet", "--no-index", place], cwd=REPOSITORY)
    kept = subprocess.run(
        ["git", "check-ignore", "--quiet", "--no-index", "notebooks/00_cohorts.ipynb"], cwd=REPOSITORY
    )
    assert (ignored.returncode, kept.returncode) == (0, 1)
