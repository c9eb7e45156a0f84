"""Results: every number a chapter reports, kept with interval, n, unit and method in ``results/NN.json``.

Keys read ``cohort.task.metric.arm``; the arm of a paired difference is ``first-second``. A value that does
not exist (an arm that never converges) is kept as ``None`` and said so, rather than left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cardiacnets.artefacts import read_json, write_json
from cardiacnets.statistics import Estimate
from cardiacnets.statistics.in_words import digits_of

KEY = re.compile(r"[a-z0-9_]+(\.[a-z0-9_+\-]+)+", re.IGNORECASE)


@dataclass(frozen=True)
class Result:
    """One reported number; ``level`` is the coverage of ``interval``."""

    key: str
    value: float | int | None
    interval: tuple[float, float] | None = None
    level: float = 0.95
    n: int | None = None
    of: str = ""
    """What ``n`` counts where it is not people or recordings, such as tasks."""
    unit: str = ""
    pvalue: float | None = None
    seed: int | None = None
    method: str = ""
    chapter: str = ""

    def __str__(self) -> str:
        """For example ``0.812 (95 % interval 0.790 to 0.834, n = 2,000)``."""
        count = "" if self.n is None else f"{self.n:,} {self.of}" if self.of else f"n = {self.n:,}"
        if self.value is None:
            return "not available" + (f" ({count})" if count else "")
        digits = decimals(self.value, *(self.interval or ()))
        unit = "" if not self.unit else " %" if self.unit == "%" else f" {self.unit}"
        details = []
        if self.interval is not None:
            low, high = ends(self.interval, digits)
            details.append(f"{100 * self.level:.0f} % interval {low} to {high}")
        if count:
            details.append(count)
        if self.pvalue is not None:
            details.append(probability(self.pvalue, at_floor(self.pvalue, self.method)))
        return number(self.value, digits) + unit + (f" ({', '.join(details)})" if details else "")


def make_result(
    key: str, found: Any, *, n: Any = None, of: str = "", unit: str = "", pvalue: Any = None,
    method: str = "", seed: int | None = None, chapter: str = "",
) -> Result:
    """A :class:`Result` from an estimate, or from a plain number such as a count.

    Arguments:
        key: ``cohort.task.metric.arm``, unique in the run.
        found: an :class:`~cardiacnets.statistics.Estimate` with its interval, level, n, method and, of a
            comparison, p-value; or a Python or NumPy number. NaN and infinity become ``None``.
        n: participants, or recordings if ``method`` says so; of an estimate, its own.
        of: what ``n`` counts where that is not people or recordings, such as tasks.
        unit: shown after the number.
        pvalue: beside a plain number, between 0 and 1.
        method: how a plain number was made; of an estimate, what it measures, before the estimate's own.
        seed: of the run.

    Raises ``ValueError`` for a malformed key, an interval that is reversed, a level or a p-value outside its
    range, and for an ``n`` or ``pvalue`` that an estimate carries itself.
    """
    if not KEY.fullmatch(key):
        raise ValueError(f"result key {key!r} must read like cohort.task.metric.arm (letters, digits, _ + -)")
    value, bounds, level = found, None, 0.95
    if isinstance(found, Estimate):
        if n is not None or pvalue is not None:
            raise ValueError(f"{key}: an estimate carries its own n and p-value; give neither beside it")
        value, n, level, pvalue = found.estimate, found.n, found.level, getattr(found, "pvalue", None)
        bounds = _interval(key, found.interval)
        method = "; ".join(filter(None, (method, found.method)))
    if not 0 < level < 1:
        raise ValueError(f"{key}: level {level!r} is not between 0 and 1")
    chance, count = _plain(pvalue), _plain(n)
    if chance is not None and not 0 <= chance <= 1:
        raise ValueError(f"{key}: p-value {pvalue!r} is not between 0 and 1")
    return Result(
        key=key, value=_plain(value), interval=bounds, level=level, n=None if count is None else int(count),
        of=of, unit=unit, pvalue=chance, seed=seed, method=method, chapter=chapter,
    )  # fmt: skip


def _interval(key: str, interval: tuple[Any, Any]) -> tuple[float, float] | None:
    """The ends as plain numbers, or ``None`` where one is not finite."""
    bounds = tuple(_plain(bound) for bound in interval)
    if None in bounds:
        return None
    if len(bounds) != 2 or bounds[0] > bounds[1]:
        raise ValueError(f"{key}: interval must be (low, high), found {interval!r}")
    return bounds


class ResultsFile:
    """One chapter's results: none in its file until :meth:`write` puts all there, atomically.

    A chapter has more than a thousand, and a file that grew with each would be written as often.
    """

    def __init__(self, path: Path, header: Mapping[str, Any]):
        self.path, self.header = path, dict(header)
        self.results: dict[str, Result] = {}
        self.provenance: dict[str, Any] = {}
        self._others: dict[Path, tuple[int, frozenset[str]]] = {}
        self.write()

    def add(self, result: Result) -> None:
        """Keep a result; ``ValueError`` if its key is taken in this run."""
        self._require_free(result.key, [self.path] if result.key in self.results else [])
        self.results[result.key] = result

    def write(self) -> None:
        """Put all results in the file; ``ValueError`` if another chapter, which ran meanwhile, took a key."""
        for key in self.results:
            self._require_free(key)
        results = {key: asdict(result) for key, result in self.results.items()}
        write_json(self.path, {**self.header, "results": results, "provenance": self.provenance})

    def _require_free(self, key: str, holders: Sequence[Path] = ()) -> None:
        """``ValueError`` if one of ``holders`` or the file of another chapter, each of which is read again
        only when it has changed, holds ``key``.
        """
        others = [path for path in sorted(self.path.parent.glob("[0-9]*.json")) if path != self.path]
        for path in others:
            changed = path.stat().st_mtime_ns
            if path not in self._others or self._others[path][0] != changed:
                self._others[path] = changed, frozenset(read_json(path)["results"])
        for path in [*(path for path in others if key in self._others[path][1]), *holders]:
            raise ValueError(f"result {key!r} is already recorded in {path.name}; keys are unique")


def load_results(run: Any) -> dict[str, Result]:
    """All results of a run by key; ``run`` is a :class:`cardiacnets.run.Run` or a folder of results.

    Raises ``ValueError``, which names file and key, for a result that lacks a field or has another's shape.
    """
    folder = Path(getattr(run, "results", run))
    found: dict[str, Result] = {}
    for path in sorted(folder.glob("[0-9]*.json")):
        for key, fields in read_json(path)["results"].items():
            try:
                interval = fields["interval"]
                ends = None if interval is None else tuple(interval)
                found[key] = Result(**fields | {"interval": ends})
            except (KeyError, TypeError) as error:
                told = f"no key {error}" if isinstance(error, KeyError) else str(error)
                raise ValueError(
                    f"{path}: {key} is no recorded result ({told}); delete the file and run the chapter again"
                ) from None
    return found


def decimals(*values: float) -> int:
    """Decimals that show three figures of the largest value: 3 below 1, 2 below 10, 1 below 1,000, else 0."""
    if all(isinstance(value, int) for value in values):
        return 0
    largest = max(abs(value) for value in values)
    return 3 if largest <= 1 else 2 if largest < 10 else 1 if largest < 1000 else 0


def ends(interval: tuple[float, float], digits: int) -> tuple[str, str]:
    """The ends of an interval in text, neither of them as 0 that is not."""
    low, high = (number(end, digits_of(end, digits)) for end in interval)
    return low, high


def number(value: float, digits: int) -> str:
    """``value`` with a true minus sign and thousands separated."""
    text = f"{value:,.{digits}f}"
    return "−" + text[1:] if text.startswith("-") and float(text.replace(",", "")) else text.lstrip("-")


def probability(pvalue: float, at_most: bool = False) -> str:
    """``p = 0.032`` or ``p < 0.001``; ``at_most``: the test can give no smaller one, ``p ≤ 0.002``."""
    return "p < 0.001" if pvalue < 0.001 else f"p {'≤' if at_most else '='} {pvalue:.3f}"


def at_floor(pvalue: float | None, method: str) -> bool:
    """Whether a bootstrap's p-value is the least that its resamples can give, 2 / (resamples + 1).

    The method does not say how many there were: p is taken for the floor where it is that of a round number
    of resamples (a multiple of 50, from 100); no other p of 200, 500, 1,000, 2,000, 5,000, 10,000 or 20,000
    resamples passes for it.
    """
    if not pvalue or "bootstrap" not in method:
        return False
    resamples = 2 / pvalue - 1
    return resamples > 99 and abs(resamples - 50 * round(resamples / 50)) < 1e-6 * resamples


def _plain(value: Any) -> Any:
    if value is None:
        return None
    value = value.item() if hasattr(value, "item") else value
    return value if math.isfinite(value) else None
