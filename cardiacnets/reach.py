"""What a function's result depends on in this package's code, found by reading it.

From a function every definition that it names is followed through the package's own imports, and from there
on: functions, classes, constants, and tables of them, also where they are imported inside a function. Their
syntax trees without docstrings are hashed, so that words never make an artefact stale, and code that is
reached always does. What cannot be told apart by reading (which of a table's entries is used) counts whole,
but for :data:`ROWS` and :data:`NAMED`. A profile's sections are values, not code: an artefact holds those
that it reads among its ingredients.

From a notebook's cells every file that they load is followed in the same way: what a chapter depends on.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent
LOOPS = (ast.For, ast.While, ast.With, ast.Match)
"""Statements of a module that count whole."""

Definition = tuple[str, str]
"""A module's name and that of what it defines; an empty name is what the module does when it is imported."""

CHOSEN: dict[str, Definition] = {"ecg_encoder.kind": ("cardiacnets.models.registry", "ECG_ENCODERS")}
"""Settings of a profile that name a row of a table: the table's module and its name there. What reads such a
section counts the row that is chosen."""

CHECKED = CHOSEN | {"cmr_encoder.kind": ("cardiacnets.models.registry", "CMR_ENCODERS")}
"""All settings that name a row of a table: a profile that names another is refused."""

ROWS: set[Definition] = {
    *CHOSEN.values(),
    ("cardiacnets.reach", "CHOSEN"),
    ("cardiacnets.study", "ALIGNMENTS"),
    ("cardiacnets.study", "ARMS"),
    ("cardiacnets.run", "ARTEFACTS"),
    ("cardiacnets.training.checkpoints", "SECTIONS"),
    ("cardiacnets.training.checkpoints", "FREE"),
    ("cardiacnets.experiments.shared.stage", "DECLARED"),
}
"""Tables of which a stage uses single rows: it counts those among its ingredients or beside its code, so that
a further row makes nothing stale."""

NAMED: set[Definition] = {("cardiacnets.models.registry", "KINDS")}
"""Tables whose rows are asked for by name, as in ``build("aligner", profile)``: of these a row counts where
code that is reached hands its name to a call, written out."""

VALUES = "cardiacnets.profile"
"""The module whose classes hold what a run is told; a further key makes only that stale which reads it."""


def code_of(*functions: Callable[..., Any], package: Path = PACKAGE) -> str:
    """SHA-256 of all definitions of ``package`` that ``functions`` of it reach, themselves included.

    Raises ``ValueError`` for a function that the package does not define.
    """
    total = hashlib.sha256()
    for module, name in sorted(reached(*functions, package=package)):
        total.update(f"{module}:{name}={_written(package, module, name)}\0".encode())
    return total.hexdigest()


def reached(*functions: Callable[..., Any], package: Path = PACKAGE) -> set[Definition]:
    """The definitions that :func:`code_of` covers.

    A method of a decorated function, as a stage's ``fit``, stands for that function.
    """
    waiting = []
    for function in functions:
        owner = getattr(function, "__self__", None)
        each = owner if hasattr(owner, "__wrapped__") else function
        module, name = each.__module__, each.__qualname__.split(".")[0]
        source = _source(package, module)
        if source is None or name not in source.definitions:
            raise ValueError(f"{module}.{name}: no definition of the package {package.name}")
        waiting.append((module, name))
    found: set[Definition] = set()
    tables: set[Definition] = set()
    while waiting:
        while waiting:
            each = waiting.pop()
            if each in NAMED:
                tables.add(each)
            elif each not in found:
                found.add(each)
                waiting += _named(package, *each)
        handed = {text for each in found for text in _handed(package, *each)} if tables else set()
        rows = [row for table in tables for name, row in _rows(package, *table).items() if name in handed]
        waiting = [each for row in rows for each in row if each not in found | tables]
    return found


def names_in(module: str, table: str, package: Path = PACKAGE) -> list[str]:
    """The names of the rows of a table, a dictionary that a module writes out, without loading the module."""
    return list(_rows(package, module, table))


def library(*codes: str, package: Path = PACKAGE) -> list[str]:
    """The files that pieces of Python load of ``package``, through whatever they import, as paths from the
    folder in which the package lies; sorted.

    Wider than :func:`reached`: a module that is imported counts whole, with the packages around it.
    """
    found: set[str] = set()
    waiting = {module for code in codes for module in _modules(package, ast.parse(code), [])}
    while waiting:
        module = waiting.pop()
        found.add(module)
        waiting |= _loaded_by(package, module) - found
    return sorted(_file(package, module).relative_to(package.parent).as_posix() for module in found)


@cache
def _loaded_by(package: Path, module: str) -> frozenset[str]:
    """Modules of ``package`` that one of them imports."""
    file = _file(package, module)
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return frozenset(_modules(package, tree, _within(file, module)))


def _modules(package: Path, tree: ast.AST, within: list[str]) -> set[str]:
    """Modules of ``package`` that ``tree`` imports, with the packages in which they lie."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    names |= set(_imported(tree, within).values())
    parents = {name.rsplit(".", depth)[0] for name in names for depth in range(name.count(".") + 1)}
    ours = {name for name in parents if name.split(".")[0] == package.name}
    return {name for name in ours if _file(package, name).is_file()}


def _file(package: Path, module: str) -> Path:
    """Where the module of that full name lies, or would; a folder's is its ``__init__.py``."""
    file = package.parent.joinpath(*module.split("."))
    return file / "__init__.py" if file.is_dir() else file.with_suffix(".py")


def _within(file: Path, module: str) -> list[str]:
    """The package from which a module's relative imports start."""
    parts = module.split(".")
    return parts if file.name == "__init__.py" else parts[:-1]


@dataclass(frozen=True)
class _Source:
    """One module, read: its top-level definitions, where its names come from, and what it only does."""

    definitions: dict[str, list[ast.stmt]]
    imports: dict[str, str]
    statements: list[ast.stmt]
    within: list[str]
    """The package from which its relative imports start."""


@cache
def _source(package: Path, module: str) -> _Source | None:
    """The module of that full name, or ``None`` where the package has none."""
    file = _file(package, module)
    if module.split(".")[0] != package.name or not file.is_file():
        return None
    source = _Source({}, {}, [], _within(file, module))
    for statement in _top_level(ast.parse(file.read_text(encoding="utf-8")).body):
        source.imports.update(_imported(statement, source.within))
        names = _defined(statement)
        for name in names:
            source.definitions.setdefault(name, []).append(statement)
        if isinstance(statement, LOOPS) or not (names or isinstance(statement, ast.Import | ast.ImportFrom)):
            source.statements.append(statement)  # it may change what others have defined
    return source


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that run when a module is imported, those under a condition too."""
    for statement in body:
        if isinstance(statement, ast.If | ast.Try):
            if isinstance(statement, ast.If):
                yield ast.Expr(statement.test)
            parts = [getattr(statement, field, []) for field in ("body", "orelse", "finalbody")]
            parts += [handler.body for handler in getattr(statement, "handlers", [])]
            for part in parts:
                yield from _top_level(part)
        else:
            yield statement


def _defined(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
        return [statement.name]
    if isinstance(statement, LOOPS):
        stored = (node for node in ast.walk(statement) if isinstance(node, ast.Name))
        return sorted({node.id for node in stored if isinstance(node.ctx, ast.Store)})
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    names = (node for target in targets if target for node in ast.walk(target))
    return [node.id for node in names if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]


def _imported(tree: ast.AST, within: list[str]) -> dict[str, str]:
    """Local name: the full dotted name that an import in ``tree``, of package ``within``, gives it."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {a.asname or a.name.split(".")[0]: a.name if a.asname else a.name.split(".")[0]
                      for a in node.names}  # fmt: skip
        elif isinstance(node, ast.ImportFrom):
            above = within[: len(within) - node.level + 1] if node.level else []
            origin = ".".join([*above, *([node.module] if node.module else [])])
            names |= {a.asname or a.name: f"{origin}.{a.name}" for a in node.names}
    return names


@cache
def _named(package: Path, module: str, name: str) -> list[Definition]:
    """The definitions that one definition names."""
    source = _source(package, module)
    assert source is not None
    found = [(module, "")] if name else []
    for statement in source.definitions[name] if name else source.statements:
        found += _named_in(package, module, statement)
    return found


def _named_in(package: Path, module: str, tree: ast.AST) -> list[Definition]:
    """The definitions that a part of a module names, but for :data:`ROWS` and :data:`VALUES`."""
    source = _source(package, module)
    assert source is not None
    imports, found = source.imports | _imported(tree, source.within), []
    for chain in _chains(tree):
        if chain[0] in imports:
            found += _resolve(package, [*imports[chain[0]].split("."), *chain[1:]])
        elif chain[0] in source.definitions:
            found.append((module, chain[0]))
    return [each for each in found if each not in ROWS and not _is_value(package, *each)]


def _is_value(package: Path, module: str, name: str) -> bool:
    """Whether it is a class of the module that holds values."""
    source = _source(package, module) if module == VALUES else None
    return source is not None and isinstance(source.definitions.get(name, [None])[0], ast.ClassDef)


@cache
def _handed(package: Path, module: str, name: str) -> frozenset[str]:
    """The texts that a definition hands to calls, each written out as an argument."""
    source = _source(package, module)
    assert source is not None
    statements = source.definitions[name] if name else source.statements
    calls = (node for each in statements for node in ast.walk(each) if isinstance(node, ast.Call))
    given = (argument for call in calls for argument in call.args if isinstance(argument, ast.Constant))
    return frozenset(argument.value for argument in given if isinstance(argument.value, str))


@cache
def _rows(package: Path, module: str, name: str) -> dict[str, list[Definition]]:
    """The definitions that each row of a table names: a dictionary written out, with texts as keys."""
    source = _source(package, module)
    assert source is not None
    written = source.definitions[name]
    (table,) = (node for each in written for node in ast.walk(each) if isinstance(node, ast.Dict))
    rows = zip(table.keys, table.values, strict=True)
    return {key.value: _named_in(package, module, row) for key, row in rows}


def _chains(tree: ast.AST) -> Iterator[list[str]]:
    """Dotted names as lists: ``models.registry.build`` and each of its beginnings once."""
    inner: set[ast.AST] = set()
    for node in ast.walk(tree):
        if node in inner or not isinstance(node, ast.Name | ast.Attribute):
            continue
        chain, part = [], node
        while isinstance(part, ast.Attribute):
            chain.append(part.attr)
            part = part.value
            inner.add(part)
        if isinstance(part, ast.Name):
            yield [part.id, *reversed(chain)]


def _resolve(package: Path, parts: list[str]) -> list[Definition]:
    """The definition that a full dotted name leads to, through modules that only pass it on; [] outside."""
    for length in range(len(parts), 0, -1):
        module, rest = ".".join(parts[:length]), parts[length:]
        if (source := _source(package, module)) is None:
            continue
        if not rest:  # the module itself is handed on: all that it defines
            return [(module, ""), *((module, name) for name in source.definitions)]
        if rest[0] in source.definitions:
            return [(module, rest[0])]
        if rest[0] in source.imports:
            return [(module, ""), *_resolve(package, [*source.imports[rest[0]].split("."), *rest[1:]])]
        # a name made on demand, by the module's __getattr__
        return [(module, name) for name in source.definitions if name == "__getattr__"]
    return []


@cache
def _written(package: Path, module: str, name: str) -> str:
    """The syntax trees of a definition, without docstrings and places in the file, and what its names mean:
    a name that is imported from elsewhere is other code, though it reads alike.
    """
    source = _source(package, module)
    assert source is not None
    statements = source.definitions[name] if name else source.statements
    used = {chain[0] for statement in statements for chain in _chains(statement)}
    meanings = sorted(f"{name}={source.imports[name]}" for name in used & source.imports.keys())
    trees = [_Wordless().visit(ast.fix_missing_locations(deepcopy(statement))) for statement in statements]
    named = map(":".join, sorted(_named(package, module, name)))
    return "".join([*map(ast.dump, filter(None, trees)), *meanings, *named])


class _Wordless(ast.NodeTransformer):
    """Takes out texts that stand alone: docstrings, and those under a constant or a field."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        alone = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if alone else self.generic_visit(node)
