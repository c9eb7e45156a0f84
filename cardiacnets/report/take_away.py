"""What to take away from a chapter: three sentences that its run fills with numbers and decides the words of.

The sentences stand in ``book/take_away.yml``, by chapter. ``{key}`` is a recorded result; ``{key: adds to |
takes from | leaves}`` is one of three wordings: the first where the whole interval lies above 0, the second
where it lies below, else the third.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import nbformat

from cardiacnets.report.results import KEY, Result, decimals, number
from cardiacnets.report.verdicts import unit_of
from cardiacnets.statistics.trainings import ONE_TRAINING
from cardiacnets.yaml_reading import read_yaml

TAG = "take-away"
"""Of the notebook's cell that is filled."""
LINES = 3
PLACE = re.compile(r"\{([^{}:]*)(?::([^{}]*))?\}")
UNJUDGED = "(not to be judged in this run)"
MISSING = "(not recorded in this run)"
BOX = """```{{admonition}} What to take away from this run
:class: take-away
{lines}

In brackets: {level} intervals, and n. What rests on one training may come out otherwise in another.
```"""


def load_take_away(path: Path) -> dict[str, tuple[str, ...]]:
    """Each chapter's three sentences; ``ValueError`` naming file, chapter and sentence that cannot be filled.

    Chapters are two digits; a place has a result's key and no wording, or three that are parted by ``|``.
    """
    chapters = read_yaml(path)
    if not isinstance(chapters, dict):
        raise ValueError(f"{path}: chapters are needed, each with its sentences, found {chapters!r}")
    for chapter, lines in chapters.items():
        if not isinstance(chapter, str) or not re.fullmatch(r"\d\d", chapter):
            raise ValueError(f'{path}: chapter {chapter!r}: two digits in quotes are needed, such as "05"')
        if not isinstance(lines, list) or len(lines) != LINES or not all(isinstance(x, str) for x in lines):
            raise ValueError(f"{path}: chapter {chapter}: {LINES} sentences are needed, found {lines!r}")
        for line in lines:
            if fault := _fault(line):
                raise ValueError(f"{path}: chapter {chapter}: {fault} in {line!r}")
    return {chapter: tuple(lines) for chapter, lines in chapters.items()}


def keys_of(line: str) -> list[str]:
    """The keys of the results that a sentence is filled with, in their order."""
    return [key.strip() for key, _ in PLACE.findall(line)]


def filled(line: str, results: Mapping[str, Result]) -> str:
    """The sentence with this run's numbers and words; of what was not recorded it says that."""
    return PLACE.sub(lambda place: _said(place[1].strip(), place[2], results), line)


def take_away(
    notebook: nbformat.NotebookNode, lines: Sequence[str], results: Mapping[str, Result]
) -> nbformat.NotebookNode:
    """The executed notebook with the box that waits below its opening filled; without sentences, as it is."""
    if lines:
        text = "\n".join(f"- {filled(line, results)}" for line in lines)
        levels = {results[key].level for line in lines for key in keys_of(line) if key in results}
        level = " or ".join(f"{100 * each:.0f} %" for each in sorted(levels, reverse=True)) or "95 %"
        for cell in notebook.cells:
            if TAG in cell.metadata.get("tags", ()):
                cell.source = BOX.format(lines=text, level=level)
    return notebook


def _said(key: str, wordings: str | None, results: Mapping[str, Result]) -> str:
    found = results.get(key)
    if found is None:
        return MISSING
    if wordings is None:
        return _shortly(found)
    if found.interval is None:
        return UNJUDGED
    above, below, neither = (each.strip() for each in wordings.split("|"))
    low, high = found.interval
    return above if low > 0 else below if high < 0 else neither


def _shortly(found: Result) -> str:
    """ "0.049 (0.035 to 0.064; n = 1,096)"; an interval of another level than 95 % says which, and one that
    does not know how far another training would move the number says so.
    """
    if found.value is None:
        return "not available"
    digits = decimals(found.value, *(found.interval or ()))
    brackets = []
    if found.interval is not None:
        low, high = (number(end, digits) for end in found.interval)
        level = "" if found.level == 0.95 else f"{100 * found.level:.0f} %: "
        brackets.append(f"{level}{low} to {high}")
    if found.n is not None:
        brackets.append(f"{found.n:,} {found.of}" if found.of else f"n = {found.n:,}")
    if ONE_TRAINING in found.method:
        brackets.append("one training")
    return f"{number(found.value, digits)}{unit_of(found)}" + (
        f" ({'; '.join(brackets)})" if brackets else ""
    )


def _fault(line: str) -> str:
    """What keeps a sentence from being filled, or nothing."""
    if not PLACE.search(line):
        return "no result's key"
    if set("{}") & set(PLACE.sub("", line)):
        return "a brace that opens or closes no place"
    for key, wordings in PLACE.findall(line):
        if not KEY.fullmatch(key.strip()):
            return f"{key!r} is no result's key"
        if wordings and (wordings.count("|") != 2 or not all(each.strip() for each in wordings.split("|"))):
            return f"{key}: three wordings parted by | are needed, found {wordings.strip()!r}"
    return ""
