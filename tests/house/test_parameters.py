"""Every optional parameter of the library is passed by somebody, a test aside.

Rooms whose functions a teacher or a rerunner calls are left out: there a parameter is part of the promise.
"""

import ast
import json
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PUBLIC = {"ecg", "cmr", "digital_heart", "models", "statistics", "predictions"}
"""Folders of the library that chapters, classes and outsiders call alike."""
ALLOWED = {
    "main(arguments)": "a command line, which tests write out",
    "explain_ecg(coverage)": "a name that stays, with its arguments",
    "check_leakage(inherited)": "for a site that brings a split of its own",
    "movie(simulated)": "for a chapter that shows films of no simulation",
    "code_of(package)": "reads this package, or one that is written to try it",
    "library(package)": "reads this package, or one that is written to try it",
    "table_of(chapters)": "the book's chapters, or such as try the table",
    "sweep_readers(skills)": "what an exercise varies about the readers",
    "sweep_readers(noises)": "what an exercise varies about the readers",
    "minibatches(drop_last)": "for a stage that must see every row once",
}
"""Parameters that only defaults or tests feed, and why they are there."""


def name_of(node: ast.AST) -> str:
    return getattr(node, "id", getattr(node, "attr", ""))


class Calls:
    """What calls pass to functions, by name: keywords, and how many arguments by position."""

    def __init__(self, trees: Iterator[ast.AST]) -> None:
        self.keywords: dict[str, set[str]] = defaultdict(set)
        self.count: dict[str, int] = defaultdict(int)
        for node in (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)):
            self._add(name_of(node.func), node.args, node.keywords)
            for place, handed in enumerate(node.args, start=1):  # as to partial
                self._add(name_of(handed), node.args[place:], node.keywords)

    def _add(self, name: str, given: list[ast.expr], keywords: list[ast.keyword]) -> None:
        self.keywords[name] |= {each.arg or "**" for each in keywords}
        open_ended = any(isinstance(each, ast.Starred) for each in given)
        self.count[name] = max(self.count[name], 99 if open_ended else len(given))

    def pass_(self, name: str, parameter: str, place: int | None) -> bool:
        if place is not None and self.count[name] > place:
            return True
        return bool({parameter, "**"} & self.keywords[name])


def optional(tree: ast.AST) -> Iterator[tuple[str, str, int | None]]:
    """Functions' optional parameters with their places in a call; choices of a network are its stage's."""
    for owner in ast.walk(tree):
        for node in getattr(owner, "body", []) if isinstance(owner, ast.Module | ast.ClassDef) else []:
            if not isinstance(node, ast.FunctionDef) or node.name == "__call__":
                continue
            decorators = [ast.unparse(each) for each in node.decorator_list]
            if any(each.startswith("trained(") for each in decorators):
                continue
            first = int(isinstance(owner, ast.ClassDef) and "staticmethod" not in decorators)
            name = owner.name if node.name == "__init__" else node.name
            required = len(node.args.args) - len(node.args.defaults)
            for place, each in enumerate(node.args.args[required:], start=required - first):
                yield name, each.arg, place
            for each, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
                if default is not None:
                    yield name, each.arg, None


@cache
def users() -> tuple[ast.AST, ...]:
    files = [*(REPOSITORY / "cardiacnets").rglob("*.py"), *(REPOSITORY / "benchmarks").glob("*.py")]
    codes = [path.read_text(encoding="utf-8") for path in [*files, REPOSITORY / "setup.py"]]
    for path in (REPOSITORY / "notebooks").glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        codes += ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    return tuple(map(ast.parse, codes))


def unfed(trees: dict[str, ast.AST], calls: Calls) -> dict[str, list[str]]:
    """By file the optional parameters that nobody passes."""
    found = {
        path: [
            f"{name}({each})" for name, each, place in optional(tree) if not calls.pass_(name, each, place)
        ]
        for path, tree in trees.items()
    }
    return {path: each for path, each in found.items() if each}


def library() -> dict[str, ast.AST]:
    root = REPOSITORY / "cardiacnets"
    paths = [path for path in root.rglob("*.py") if path.relative_to(root).parts[0] not in PUBLIC]
    return {path.relative_to(root).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def test_every_optional_parameter_is_passed_by_somebody():
    found = unfed(library(), Calls(users()))
    left = {path: sorted(set(names) - ALLOWED.keys()) for path, names in found.items()}
    assert {path: names for path, names in left.items() if names} == {}, (
        "remove them, with their default inside"
    )


def test_what_is_allowed_is_needed():
    found = {name for names in unfed(library(), Calls(users())).values() for name in names}
    assert set(ALLOWED) <= found, "passed by somebody, or gone"


def test_a_parameter_that_nobody_passes_is_found():
    code = ast.parse("def f(a, b=1, c=2, *, d=3, e=4): pass\nclass C:\n    def m(self, x=0, y=0): pass\n")
    calls = Calls(iter([ast.parse("f(1, 2, d=5)\nC().m(1)\npartial(g, 1, k=2)")]))
    assert unfed({"x.py": code}, calls) == {"x.py": ["f(c)", "f(e)", "m(y)"]}
    assert calls.pass_("g", "k", None) and calls.pass_("g", "first", 0) and not calls.pass_("g", "other", 1)
