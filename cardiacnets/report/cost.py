"""What a chapter costs: beside the estimate that its opening types, what this run measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import nbformat

from cardiacnets.report.duration import duration

ESTIMATE = "**What it costs.** "
"""How the line of the opening begins that says how long a chapter takes."""


def with_cost(notebook: nbformat.NotebookNode, provenance: Mapping[str, Any]) -> nbformat.NotebookNode:
    """The executed notebook, the estimate in its first cell followed by the time that ``provenance`` (a
    chapter's, of its results) measured; without an estimate, or where the chapter did not end, as it is.
    """
    opening = notebook.cells[0]
    if provenance:
        lines = opening.source.split("\n")
        measured = (
            f" In this run: {duration(provenance['seconds'])} on {provenance['device']}, without what an "
            "earlier start of it had computed already."
        )
        opening.source = "\n".join(line + measured if line.startswith(ESTIMATE) else line for line in lines)
    return notebook
