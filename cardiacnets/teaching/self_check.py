"""Answers to exercises, checked where they are given: in the notebook, without server or account.

What is asked, what is right, and why a typical answer is wrong stands in ``answers.yaml`` beside this file,
an exercise a key. An answer is a number (with a tolerance), one of several choices, or words (in which
regular expressions are searched). The file hides nothing: it helps who wants to learn, and grades nobody.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from numbers import Real
from pathlib import Path
from typing import Any

from cardiacnets.yaml_reading import read_yaml

ANSWERS = Path(__file__).with_name("answers.yaml")
UNCHECKED = ("ex-00-1", "ex-08-1", "ex-09-3")
"""Exercises whose answer no program can judge."""
NOT_BUT = re.compile(r"\bnot\b[^.;]*?\bbut\b", re.IGNORECASE)
"""What an answer turns down before it says what it means."""


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right, and why; true where it is right."""

    right: bool
    why: str

    def __bool__(self) -> bool:
        return self.right

    def __repr__(self) -> str:
        return f"{'Right' if self.right else 'Not yet'}. {self.why}"


def exercises() -> dict[str, str]:
    """What :func:`check` takes, by exercise: ``{"ex-03-1": "a number: the loss of guessing, ..."}``."""
    return {label: f"{_form(entry)}: {entry['ask']}" for label, entry in _answers().items()}


def check(exercise: str, answer: Any) -> Verdict:
    """Whether ``answer`` to ``exercise`` (its label, such as ``"ex-03-1"``) is right, and why.

    Raises ``ValueError`` for an exercise that has no check, naming the one that is meant or, where it is not
    clear, those that have one, and for an answer
    that cannot be read (of another type, not finite, none of the choices), naming what is expected.
    """
    entries = _answers()
    if not isinstance(exercise, str) or exercise not in entries:
        raise ValueError(_unknown(exercise, entries))
    entry = entries[exercise]
    if "number" in entry:
        return _check_number(exercise, entry, answer)
    if "choices" in entry:
        return _check_choice(exercise, entry, answer)
    return _check_words(exercise, entry, answer)


def _unknown(exercise: Any, entries: Mapping[str, Any]) -> str:
    """What is said of a label without a check: it has none, or is spelt otherwise, or there is none such."""
    numbers = re.findall(r"\d+", exercise) if isinstance(exercise, str) else []
    meant = f"ex-{int(numbers[0]):02}-{int(numbers[1])}" if len(numbers) == 2 else ""
    if exercise in UNCHECKED:
        return f"{exercise} has no check: its solution says what to look for"
    if exercise != meant and meant in (*entries, *UNCHECKED):
        return f"no exercise {exercise!r}; do you mean {meant}?"
    return f"no check for exercise {exercise!r}; there are {', '.join(entries)}"


@cache
def _answers() -> dict[str, dict[str, Any]]:
    return read_yaml(ANSWERS)


def _form(entry: Mapping[str, Any]) -> str:
    if "number" in entry:
        return "a number"
    return f"one of {', '.join(map(repr, entry['choices']))}" if "choices" in entry else "words"


def _refused(exercise: str, entry: Mapping[str, Any], answer: Any) -> ValueError:
    # an array may be long; its beginning says what it is
    found = f"{textwrap.shorten(repr(answer), 80, placeholder=' ...')} ({type(answer).__name__})"
    return ValueError(f"{exercise} takes {_form(entry)}: {entry['ask']} Found {found}.")


def _check_number(exercise: str, entry: Mapping[str, Any], answer: Any) -> Verdict:
    """A finite number is compared; numpy's scalars and fractions are numbers, an array of one is not."""
    if isinstance(answer, bool) or not isinstance(answer, Real):
        raise _refused(exercise, entry, answer)
    try:
        number = float(answer)
    except OverflowError:
        raise _refused(exercise, entry, answer) from None
    if not math.isfinite(number):
        raise _refused(exercise, entry, answer)
    return _compared(entry, number)


def _compared(entry: Mapping[str, Any], answer: float) -> Verdict:
    """Within the tolerance of the right number, of a typical wrong one, or of neither."""
    if abs(answer - entry["number"]) <= entry["tolerance"]:
        return Verdict(True, entry["right"])
    for wrong in entry["wrong"]:
        if abs(answer - wrong["number"]) <= wrong.get("tolerance", entry["tolerance"]):
            return Verdict(False, wrong["why"])
    if 0 < entry["number"] <= 1 and abs(answer / 100 - entry["number"]) <= entry["tolerance"]:
        return Verdict(False, "Per cent of it: give a share between 0 and 1.")
    if more := _decimals_missing(entry["number"], entry["tolerance"], answer):
        return Verdict(False, f"Near: give {'one decimal' if more == 1 else f'{more} decimals'} more.")
    side = "below" if answer < entry["number"] else "above"
    return Verdict(False, f"{answer:g} lies {side} it. {entry['hint']}")


def _decimals_missing(number: float, tolerance: float, answer: float) -> int:
    """How many decimals more would do, of an answer that is the right number rounded; 0 if it is not."""
    given = len(f"{answer:.12g}".partition(".")[2])
    if round(number, given) != answer or abs(answer - number) > 0.1 * abs(number):
        return 0
    return next(more for more in range(1, 16) if abs(round(number, given + more) - number) <= tolerance)


def _check_choice(exercise: str, entry: Mapping[str, Any], answer: Any) -> Verdict:
    """Each choice has its reason; spaces around it and capitals do not matter."""
    choice = answer.strip().lower() if isinstance(answer, str) else None
    if choice not in entry["choices"]:
        raise _refused(exercise, entry, answer)
    return Verdict(choice == entry["answer"], entry["choices"][choice])


def _check_words(exercise: str, entry: Mapping[str, Any], answer: Any) -> Verdict:
    """A typical wrong answer is looked for only where the right idea is not found, and is not turned down:
    "not the mains but the disease" means the disease.
    """
    if not isinstance(answer, str) or not answer.strip():
        raise _refused(exercise, entry, answer)
    answer = NOT_BUT.sub("", answer)
    if all(re.search(pattern, answer, re.IGNORECASE) for pattern in entry["words"]):
        return Verdict(True, entry["right"])
    for wrong in entry["wrong"]:
        if re.search(wrong["words"], answer, re.IGNORECASE):
            return Verdict(False, wrong["why"])
    return Verdict(False, f"The idea that is looked for is not in these words. {entry['hint']}")
