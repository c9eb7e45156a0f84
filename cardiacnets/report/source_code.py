"""Each chapter's page names what it calls of the library: what it does, and the lines where it is written."""

from __future__ import annotations

import ast
import html
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
from nbformat.v4 import new_markdown_cell

FOLDER = "code"
"""In a built book: a page each module that a chapter calls."""
PACKAGE = "cardiacnets"
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{module}</title>
<style>:root{{color-scheme:light dark}} body{{font-family:sans-serif;margin:1rem}} pre{{overflow-x:auto}}
h1{{overflow-wrap:anywhere}} :target{{background:Highlight;color:HighlightText}}</style>
</head><body><main><h1>{module}</h1>
<pre tabindex="0">{lines}</pre></main></body></html>
"""


@dataclass(frozen=True)
class Called:
    """A function or class as a chapter calls it (``name``), where it is written, and its first sentence."""

    name: str
    module: str
    line: int
    summary: str

    @property
    def link(self) -> str:
        return f"{FOLDER}/{self.module}.html#line-{self.line}"


def called(notebook: nbformat.NotebookNode) -> list[Called]:
    """What the code cells call of the library, each once, in the order of first calls."""
    known: dict[str, Any] = {}
    found: dict[Any, Called] = {}
    for cell in (cell for cell in notebook.cells if cell.cell_type == "code"):
        tree = ast.parse(cell.source)
        known |= dict(_imported(tree))
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            thing = _resolved(node.func, known)
            if (inspect.isfunction(thing) or inspect.isclass(thing)) and thing not in found:
                if thing.__module__.startswith(f"{PACKAGE}."):
                    found[thing] = _described(ast.unparse(node.func), thing)
    return list(found.values())


def name_functions(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """``notebook`` with a folded list of what it calls below its last cell, or as it is."""
    items = "\n".join(
        f'<li><a href="{each.link}"><code>{each.name}</code></a>: {html.escape(each.summary)}</li>'
        for each in called(notebook)
    )
    if not items:
        return notebook
    title = "Functions that this chapter calls, and where they are written"
    folded = f"<details>\n<summary>{title}</summary>\n<ul>\n{items}\n</ul>\n</details>"
    return nbformat.from_dict(
        {**notebook, "cells": [*notebook.cells, new_markdown_cell(folded, id="functions")]}
    )


def write_code(source: Path, pages: Path) -> list[Path]:
    """Put a page of each module that the notebooks in ``source`` call into the built book ``pages``."""
    notebooks = (nbformat.read(path, as_version=4) for path in sorted(source.glob("[0-9][0-9]_*.ipynb")))
    modules = {each.module for notebook in notebooks for each in called(notebook)}
    (pages / FOLDER).mkdir(exist_ok=True)
    written = []
    for module in sorted(modules):
        path = pages / FOLDER / f"{module}.html"
        code = inspect.getsource(import_module(module)).splitlines()
        # the gate looks for results that were not glued: code that speaks of them is none
        shown = (html.escape(line).replace("{glue", "{<wbr>glue") for line in code)
        lines = (f'<span id="line-{n}">{line}\n</span>' for n, line in enumerate(shown, 1))
        path.write_text(PAGE.format(module=module, lines="".join(lines)), encoding="utf-8")
        written.append(path)
    return written


def _imported(tree: ast.Module) -> Iterator[tuple[str, Any]]:
    """Names that ``from cardiacnets... import ...`` binds, and what they are: modules or what these hold."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == PACKAGE:
            module = import_module(node.module)
            for alias in node.names:
                there = hasattr(module, alias.name)
                thing = getattr(module, alias.name) if there else import_module(f"{node.module}.{alias.name}")
                yield alias.asname or alias.name, thing


def _resolved(function: ast.expr, known: dict[str, Any]) -> Any:
    """What a call's name or ``module.name`` stands for; None for anything else."""
    if isinstance(function, ast.Name):
        return known.get(function.id)
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        module = known.get(function.value.id)
        return getattr(module, function.attr, None) if isinstance(module, ModuleType) else None
    return None


def _described(name: str, thing: Any) -> Called:
    thing = inspect.unwrap(thing)
    first = (inspect.getdoc(thing) or "").split("\n\n")[0].replace("\n", " ").replace("``", "")
    return Called(name, thing.__module__, inspect.getsourcelines(thing)[1], first)
