"""Exercises and their solutions as they stand in Markdown, and the code of the solutions.

An exercise or a solution is a directive of sphinx-exercise: a fence of backticks or colons whose name is
``{exercise}`` or ``{solution}``; a solution's argument is its exercise's label. Instead of a fence it may be
everything from ``{solution-start}`` to ``{solution-end}``. Code of a solution is a fence of the language
``python`` within it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

_FENCE = re.compile(r"^(?P<fence>`{3,}|:{3,})\s*(?:\{(?P<name>[\w-]+)\})?\s*(?P<rest>.*?)\s*$")
_CODE = re.compile(r"^(?P<fence>`{3,})python\s*\n(?P<code>.*?)^(?P=fence)\s*$", re.MULTILINE | re.DOTALL)
_BEGINNINGS = ("exercise", "solution", "exercise-start", "solution-start")


class Solution(NamedTuple):
    """A solution: its exercise's label, and its first and last line in the text, counted from 0."""

    label: str
    first: int
    last: int


@dataclass(frozen=True)
class Exercises:
    """The labels of a text's exercises, and its solutions, each in their order."""

    labels: list[str]
    solutions: list[Solution]


class _Opened(NamedTuple):
    fence: str
    name: str
    label: str
    line: int


def read_exercises(text: str, place: str) -> Exercises:
    """The exercises and solutions of a Markdown text.

    Raises ``ValueError``, which names ``place`` and the line, for a solution that is not closed or has no
    label, and for an end without a start.
    """
    labels: list[str] = []
    solutions: list[Solution] = []
    fences: list[_Opened] = []
    solution: _Opened | None = None
    for number, line in enumerate(text.split("\n")):
        where = f"{place}, line {number + 1}"
        label = re.match(r":label:\s*(\S+)\s*$", line)
        if label and fences and fences[-1].name in ("exercise", "exercise-start"):
            labels.append(label[1])
        if (found := _FENCE.match(line)) is None:
            continue
        if fences and _closes(found, fences[-1]):
            closed = fences.pop()
            if solution is not None and closed.name in ("solution", "solution-end"):
                solutions.append(Solution(solution.label, solution.line, number))
                solution = None
            continue
        opened = _Opened(found["fence"], found["name"] or "", found["rest"], number)
        if solution is not None and opened.name in _BEGINNINGS:
            raise _not_closed(solution, place)
        if fences and not _nests(opened, fences[-1]):
            continue
        fences.append(opened)
        if opened.name in ("solution", "solution-start"):
            if not opened.label:
                raise ValueError(f"{where}: a solution names its exercise, as in {{{opened.name}}} ex-03-1")
            solution = opened
        elif opened.name == "solution-end" and solution is None:
            raise ValueError(f"{where}: {{solution-end}} without a {{solution-start}} before it")
    if solution is not None:
        raise _not_closed(solution, place)
    return Exercises(labels, solutions)


def solution_code(cells: Iterable[Mapping[str, Any]], place: str) -> dict[str, str]:
    """The Python code of a notebook's solutions by their exercises' labels; empty where one is words only.

    Raises ``ValueError`` as :func:`read_exercises`.
    """
    found: dict[str, str] = {}
    for number, cell in enumerate(cells, start=1):
        if cell["cell_type"] != "markdown":
            continue
        text = "".join(cell["source"])
        lines = text.split("\n")
        for label, first, last in read_exercises(text, f"{place}, cell {cell.get('id', number)}").solutions:
            body = "\n".join(lines[first + 1 : last]) + "\n"
            found[label] = "".join(each["code"] for each in _CODE.finditer(body))
    return found


def _not_closed(solution: _Opened, place: str) -> ValueError:
    end = "{solution-end}" if solution.name == "solution-start" else f"a line {solution.fence}"
    return ValueError(
        f"{place}, line {solution.line + 1}: the solution of {solution.label} is not closed; end it by {end}"
    )


def _closes(found: re.Match[str], opened: _Opened) -> bool:
    bare = not found["name"] and not found["rest"]
    return bare and found["fence"][0] == opened.fence[0] and len(found["fence"]) >= len(opened.fence)


def _nests(inner: _Opened, outer: _Opened) -> bool:
    """Whether a fence begins something within a directive; within code, or as long as its own, it is text."""
    return bool(outer.name) and (inner.fence[0] != outer.fence[0] or len(inner.fence) < len(outer.fence))
