"""Exercises are called as their checks call them: sphinx-exercise counts them through the book instead."""

from __future__ import annotations

import re
from pathlib import Path

from cardiacnets.artefacts import atomic_path

EXERCISE = re.compile(
    r'(id="ex-(?P<own>\d\d-\d+)">\s*<p class="admonition-title">\s*'
    r'<span class="caption-number">Exercise )\d+(?![\d-])'
)
SOLUTION = re.compile(r'(href="[\w.]*#ex-(?P<own>\d\d-\d+)">\s*Exercise )\d+(?![\d-])')


def name_exercises(folder: Path) -> list[Path]:
    """Title each exercise and its solution by the label: "Exercise 03-1" is ``ex-03-1``, in every
    page of a built book, in place; the pages that have any.
    """
    named = []
    for path in sorted(folder.rglob("*.html")):
        before = path.read_text(encoding="utf-8")
        after = SOLUTION.sub(r"\1\g<own>", EXERCISE.sub(r"\1\g<own>", before))
        if after != before:
            with atomic_path(path) as temporary:
                temporary.write_text(after, encoding="utf-8")
            named.append(path)
    return named
