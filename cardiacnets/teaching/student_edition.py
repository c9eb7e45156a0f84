"""The edition for students: notebooks and book sources with their exercises and without solutions."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from cardiacnets.artefacts import atomic_path
from cardiacnets.exercises import read_exercises

TAKEN = ("notebooks", "book", "_config.yml", "requirements.lock")
"""What the edition is made of, below the repository."""

README = """# The CardiacNets book, for students

Notebooks with their exercises. You need Python 3.11 or newer, the library as a wheel (in `wheels/`; whoever
gave you this folder has it), and the folder `runs` with the finished run `quick`. In this folder, once:

    python3 -m venv .venv
    .venv/bin/pip install -r requirements.lock
    .venv/bin/pip install --no-deps wheels/*.whl

and then, with the place where your copy of `runs` lies:

    CARDIACNETS_RUNS=/path/to/runs .venv/bin/jupyter lab notebooks

Where a notebook says that something does not exist yet, `CARDIACNETS_RUNS` names another folder than the one
that holds `quick`. Answers check themselves: `from cardiacnets.teaching import check`. The outside judge of
chapters 00 and 04 is no part of the lock; without it they say that it is not available.
"""


def write_student_edition(folder: Path, source: Path) -> dict[str, int]:
    """Write ``source``'s notebooks and book to ``folder`` without solutions, and a README of how to begin;
    how many solutions each file lost.

    ``source`` is the repository. All else, code and exercises, stays as it is; built pages, outputs of runs
    and hidden files are not taken. The folder appears whole or not at all.

    Raises ``ValueError`` for a folder that exists, cannot be written or lies within what is copied, a source
    without notebooks, a file that is no text in UTF-8, and a file, which it names with the line, whose
    solution is not closed, has no label, or has no exercise; or whose exercise has no solution.
    """
    if folder.exists():
        raise ValueError(f"{folder}: exists already; remove it or name another folder")
    if not (source / "notebooks").is_dir():
        raise ValueError(f"{source / 'notebooks'}: no such folder; a student edition needs the repository")
    for name in TAKEN:
        if folder.resolve().is_relative_to((source / name).resolve()):
            raise ValueError(f"{folder}: lies within {name}/, which is copied; name another folder")
    lost: dict[str, int] = {}
    try:
        with atomic_path(folder) as temporary:
            temporary.mkdir(parents=True)
            (temporary / "README.md").write_text(README, encoding="utf-8")
            for path in _files(source):
                place = path.relative_to(source).as_posix()
                target = temporary / place
                target.parent.mkdir(parents=True, exist_ok=True)
                clean = _CLEANERS.get(path.suffix)
                if clean is None:
                    shutil.copyfile(path, target)
                    continue
                cleaned, lost[place] = clean(_text(path, place), place)
                target.write_text(cleaned, encoding="utf-8")
    except OSError as error:
        raise ValueError(f"{folder}: cannot be written ({error}); name another folder") from None
    return {place: count for place, count in lost.items() if count}


def _text(path: Path, place: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{place}: not UTF-8 text at byte {error.start}; save it as UTF-8") from None


def _files(source: Path) -> Iterator[Path]:
    for name in TAKEN:
        found = [source / name] if (source / name).is_file() else sorted((source / name).rglob("*"))
        for path in found:
            inner = path.relative_to(source).parts
            if path.is_file() and not any(part.startswith((".", "_build", "__pycache__")) for part in inner):
                yield path


def _clean_notebook(text: str, place: str) -> tuple[str, int]:
    """A notebook without solutions; a Markdown cell that held nothing else goes with them."""
    try:
        notebook = json.loads(text)
        cells = [("".join(cell["source"]), cell) for cell in notebook["cells"]]
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{place}: not a notebook (JSON with cells)") from None
    kept, asked, solved = [], [], []
    for number, (body, cell) in enumerate(cells, start=1):
        if cell["cell_type"] != "markdown":
            kept.append(cell)
            continue
        left, exercises, solutions = _without_solutions(body, f"{place}, cell {cell.get('id', number)}")
        asked, solved = asked + exercises, solved + solutions
        if solutions:
            cell["source"] = left.splitlines(keepends=True)
        if left.strip() or not solutions:
            kept.append(cell)
    _balance(asked, solved, place)
    if not solved:
        return text, 0
    notebook["cells"] = kept
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", len(solved)


def _clean_page(text: str, place: str) -> tuple[str, int]:
    """A Markdown page without solutions."""
    left, asked, solved = _without_solutions(text, place)
    _balance(asked, solved, place)
    return (left if solved else text), len(solved)


_CLEANERS: dict[str, Callable[[str, str], tuple[str, int]]] = {".ipynb": _clean_notebook, ".md": _clean_page}


def _without_solutions(text: str, place: str) -> tuple[str, list[str], list[str]]:
    """The text without solutions, the labels of its exercises, and the labels of its solutions."""
    found = read_exercises(text, place)
    lines = text.split("\n")
    for _, first, last in reversed(found.solutions):
        # the empty lines after it go along, or those around it would stand together
        while last + 1 < len(lines) and not lines[last + 1].strip():
            last += 1
        del lines[first : last + 1]
    left = "\n".join(lines)
    ended = text.endswith("\n") or not found.solutions
    return (left if ended else left.rstrip("\n")), found.labels, [each.label for each in found.solutions]


def _balance(asked: list[str], solved: list[str], place: str) -> None:
    """Exercises and solutions of a file are the same, each once."""
    for label in dict.fromkeys(solved):
        if label not in asked:
            raise ValueError(f"{place}: the solution of {label} has no exercise of that label in the file")
        if solved.count(label) > 1:
            raise ValueError(f"{place}: {label} has {solved.count(label)} solutions; keep one")
    for label in asked:
        if label not in solved:
            raise ValueError(
                f"{place}: exercise {label} has no solution: is its tag missing or misspelt? "
                f"It stands as ```{{solution}} {label}"
            )
