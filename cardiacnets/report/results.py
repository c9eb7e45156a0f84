"""Results: every number a chapter reports, kept with interval, n, unit and method in ``results/NN.json``.

Keys read ``cohort.task.metric.arm``; the arm of a paired difference is ``first-second``. A value that does
not exist (an arm that never converges) is kept as ``None`` and said so, rather than left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cardiacnets.artefacts import read_json, write_json

KEY = re.compile(r"[a-z0-9_]+(\.[a-z0-9_+\-]+)+", re.IGNORECASE)


@dataclass(frozen=True)
class Result:
    """One reported number; ``level`` is the coverage of ``interval`` (0.9 for equivalence, else 0.95)."""

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
            low, high = (number(bound, digits) for bound in self.interval)
            details.append(f"{100 * self.level:.0f} % interval {low} to {high}")
        if count:
            details.append(count)
        if self.pvalue is not None:
            details.append(probability(self.pvalue))
        return number(self.value, digits) + unit + (f" ({', '.join(details)})" if details else "")


def make_result(
    key: str,
    value: Any,
    *,
    interval: tuple[Any, Any] | None = None,
    level: float | None = None,
    n: Any = None,
    of: str = "",
    unit: str = "",
    pvalue: Any = None,
    seed: int | None = None,
    method: str = "",
    chapter: str = "",
) -> Result:
    """A :class:`Result` from Python or NumPy numbers; NaN and infinity become ``None``.

    Raises ``ValueError`` for a malformed key, an interval that is reversed or a p-value outside [0, 1].
    """
    if not KEY.fullmatch(key):
        raise ValueError(f"result key {key!r} must read like cohort.task.metric.arm (letters, digits, _ + -)")
    bounds = None if interval is None else tuple(_plain(bound) for bound in interval)
    if bounds is not None and None in bounds:
        bounds = None
    if bounds is not None and (len(bounds) != 2 or bounds[0] > bounds[1]):
        raise ValueError(f"{key}: interval must be (low, high), found {interval!r}")
    chance = _plain(pvalue)
    if chance is not None and not 0 <= chance <= 1:
        raise ValueError(f"{key}: p-value {pvalue!r} is not between 0 and 1")
    coverage = level if level is not None else 0.9 if "_equivalence." in key else 0.95
    if not 0 < coverage < 1:
        raise ValueError(f"{key}: level {level!r} is not between 0 and 1")
    count = _plain(n)
    return Result(
        key=key,
        value=_plain(value),
        interval=bounds,
        level=coverage,
        n=None if count is None else int(count),
        of=of,
        unit=unit,
        pvalue=chance,
        seed=seed,
        method=method,
        chapter=chapter,
    )


class ResultsFile:
    """One chapter's results, rewritten whole (atomically) at each record."""

    def __init__(self, path: Path, header: Mapping[str, Any]):
        self.path, self.header = path, dict(header)
        self.results: dict[str, Result] = {}
        self.provenance: dict[str, Any] = {}
        self.write()

    def add(self, result: Result) -> None:
        """Keep a result; ``ValueError`` if its key is taken in this run."""
        others = (path for path in sorted(self.path.parent.glob("[0-9]*.json")) if path != self.path)
        taken = next((path for path in others if result.key in read_json(path)["results"]), None)
        if result.key in self.results or taken:
            where = (taken or self.path).name
            raise ValueError(f"result {result.key!r} is already recorded in {where}; keys are unique")
        self.results[result.key] = result
        self.write()

    def write(self) -> None:
        results = {key: asdict(result) for key, result in self.results.items()}
        write_json(self.path, {**self.header, "results": results, "provenance": self.provenance})


def load_results(run: Any) -> dict[str, Result]:
    """All results of a run by key; ``run`` is a :class:`cardiacnets.run.Run` or a folder of results."""
    folder = Path(getattr(run, "results", run))
    found: dict[str, Result] = {}
    for path in sorted(folder.glob("[0-9]*.json")):
        for key, fields in read_json(path)["results"].items():
            interval = fields.pop("interval")
            found[key] = Result(**fields, interval=None if interval is None else tuple(interval))
    return found


def decimals(*values: float) -> int:
    """Decimals that show three figures of the largest value: 3 below 1, 2 below 10, 1 below 1,000, else 0."""
    if all(isinstance(value, int) for value in values):
        return 0
    largest = max(abs(value) for value in values)
    return 3 if largest <= 1 else 2 if largest < 10 else 1 if largest < 1000 else 0


def number(value: float, digits: int) -> str:
    """``value`` with a true minus sign and thousands separated."""
    text = f"{value:,.{digits}f}"
    return "−" + text[1:] if text.startswith("-") and float(text.replace(",", "")) else text.lstrip("-")


def probability(pvalue: float) -> str:
    """``p = 0.032`` or ``p < 0.001``."""
    return "p < 0.001" if pvalue < 0.001 else f"p = {pvalue:.3f}"


def _plain(value: Any) -> Any:
    if value is None:
        return None
    value = value.item() if hasattr(value, "item") else value
    return value if math.isfinite(value) else None
