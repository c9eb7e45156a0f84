"""Each chapter's page offers its notebook: as the repository has it, and as it was executed for the page."""

from __future__ import annotations

import copy
from pathlib import Path

import nbformat
from nbformat.v4 import new_markdown_cell

from cardiacnets.report.address import with_first_cell

FOLDER = "downloads"
"""In a staged book's folder; what lies there is no page."""


def offer(
    executed: nbformat.NotebookNode, clean: Path, source: Path, address: str = ""
) -> nbformat.NotebookNode:
    """``executed`` with a line below its title that offers both notebooks, which are put under ``source``.

    Arguments:
        executed: the chapter as papermill left it.
        clean: the chapter's own file; where there is none, only the executed one is offered.
        source: the staged book's folder.
        address: the repository's; with it the clean one gets a first cell that installs the book.
    """
    offered = {}
    if clean.is_file():
        notebook = nbformat.read(clean, as_version=4)
        offered["to run it yourself"] = _put(with_first_cell(notebook, address), source, clean.name)
    run = _put(without_paths(executed), source, f"{clean.stem}_executed.ipynb")
    offered["as executed for this page"] = run
    links = ", ".join(f"{{download}}`{words} <{place}>`" for words, place in offered.items())
    line = new_markdown_cell(f"Download this notebook: {links}.", id="download")
    return nbformat.from_dict({**executed, "cells": [*executed.cells[:1], line, *executed.cells[1:]]})


def without_paths(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook without what papermill notes of the machine: where it read and wrote, and when."""
    bare = copy.deepcopy(notebook)
    bare.metadata.pop("papermill", None)
    for cell in bare.cells:
        cell.metadata.pop("papermill", None)
    return bare


def _put(notebook: nbformat.NotebookNode, source: Path, name: str) -> str:
    path = source / FOLDER / name
    path.parent.mkdir(exist_ok=True)
    nbformat.write(notebook, path)
    return path.relative_to(source).as_posix()
