"""Solutions of a chapter's exercises, tried after its last cell, in the chapter's own kernel.

Where ``$CARDIACNETS_SOLUTIONS`` names a folder, the chapters' papermill engine runs the code of each solution
as a reader would who adds it as a cell below the chapter. The executed notebook and its page show none of
it: what came out is kept in that folder, ``NN_name.json``, by exercise.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from cardiacnets.artefacts import write_json
from cardiacnets.exercises import solution_code

FOLDER = "CARDIACNETS_SOLUTIONS"
"""The environment variable that names the folder; without it nothing is tried."""


@contextmanager
def with_solutions(notebook: NotebookNode, name: str) -> Iterator[None]:
    """While it lasts ``notebook`` (of the chapter ``name``) has its solutions' code as further cells.

    A solution that fails does not stop those after it, nor the chapter. Raises ``ValueError``, as
    :func:`~cardiacnets.exercises.read_exercises`, for a solution that is not closed.
    """
    folder = os.environ.get(FOLDER)
    if not folder:
        yield
        return
    code = {label: text for label, text in solution_code(notebook.cells, name).items() if text}
    chapter = len(notebook.cells)
    for label, text in code.items():
        # papermill notes times there, as in the cells that it read itself
        metadata = NotebookNode(tags=["raises-exception"], papermill=NotebookNode())
        notebook.cells.append(new_code_cell(f"# solution of {label}\n{text}", metadata=metadata))
    try:
        yield
    finally:
        outcomes = map(outcome, notebook.cells[chapter:])
        write_json(Path(folder) / f"{name}.json", dict(zip(code, outcomes, strict=True)))
        del notebook.cells[chapter:]


def outcome(cell: NotebookNode) -> dict[str, Any]:
    """Whether an executed cell ran, its error in a line (empty: none), and what its last line is worth."""
    errors = [f"{each.ename}: {each.evalue}" for each in cell.outputs if each.output_type == "error"]
    values = [each.data["text/plain"] for each in cell.outputs if each.output_type == "execute_result"]
    return {
        "ran": cell.execution_count is not None, "error": "; ".join(errors), "said": "".join(values[-1:]),
    }  # fmt: skip
