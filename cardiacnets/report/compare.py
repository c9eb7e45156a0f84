"""Two runs side by side, key by key: which differences exceed their intervals, and what else was unlike.

    make compare A=runs/quick B=runs/seed_2

Two runs with other seeds are two independent studies, so the interval of a difference follows from the two
intervals (Zou and Donner 2008, "Construction of confidence limits about effect measures"). With a, b the two
values and (l, u) their intervals of one level,

    low  = (b - a) - sqrt((b - l_b)^2 + (u_a - a)^2),
    high = (b - a) + sqrt((u_b - b)^2 + (a - l_a)^2),

and the difference *exceeds* its interval where that does not hold 0.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cardiacnets.artefacts import atomic_path, read_json
from cardiacnets.report.comparison_page import comparison_page
from cardiacnets.report.results import Result, load_results
from cardiacnets.run import CHAPTERS

EXCEEDS, WITHIN, EQUAL = "exceeds its interval", "within its interval", "equal"
WITHOUT, UNLIKE = "differs, without an interval", "not comparable"
ONLY_A, ONLY_B = "in A only", "in B only"
WORDS = (EXCEEDS, WITHIN, EQUAL, WITHOUT, UNLIKE, ONLY_A, ONLY_B)
"""What can be said of one key, in the order of a summary."""


@dataclass(frozen=True)
class Study:
    """One run as it is compared: its results, and each finished chapter's provenance by number."""

    folder: Path
    results: Mapping[str, Result]
    provenance: Mapping[str, Mapping[str, Any]]

    def told(self, name: str) -> tuple[str, ...]:
        """What the chapters say of ``profile``, ``seed``, ``commit`` and the like, each once, in order."""
        found = (provenance.get(name) for provenance in self.provenance.values())
        return tuple(dict.fromkeys(str(one) for one in found if one is not None))

    def versions(self) -> dict[str, str]:
        """The version of each package; of a run whose chapters had several, all of them."""
        found: dict[str, list[str]] = {}
        for provenance in self.provenance.values():
            for package, version in provenance["versions"].items():
                found.setdefault(package, []).append(version)
        return {package: ", ".join(dict.fromkeys(seen)) for package, seen in sorted(found.items())}

    def real(self) -> tuple[str, ...]:
        """The real cohorts of the run, in words."""
        found = (provenance.get("real_cohorts", {}) for provenance in self.provenance.values())
        return tuple(dict.fromkeys(f"{name}: {told}" for each in found for name, told in each.items()))


@dataclass(frozen=True)
class Difference:
    """One key in both runs: ``value`` is B's minus A's, ``interval`` that of two independent runs."""

    key: str
    a: Result | None
    b: Result | None
    word: str
    value: float | None = None
    interval: tuple[float, float] | None = None
    detail: str = ""

    @property
    def chapter(self) -> str:
        return next(each.chapter for each in (self.b, self.a) if each is not None)

    @property
    def chance(self) -> float:
        """How often a difference of nothing would exceed its interval; 0 without one."""
        return 0.0 if self.interval is None or self.a is None else 1 - self.a.level


def read_study(folder: Path, partial: bool = False) -> Study:
    """The run at ``folder``; ``partial``: also without chapters that never ran or did not end.

    Raises ``ValueError`` naming the file that is missing, torn or unfinished, and the command that makes it;
    and for a run with real cohorts whose book, and with it the disclosure guard, is older than its results.
    """
    results = folder / "results"
    if not results.is_dir():
        raise ValueError(
            f"{results}: no such folder, so {folder} is no run; runs lie under runs/ once `make book` "
            "made them"
        )
    files = {path.stem: path for path in sorted(results.glob("[0-9][0-9].json"))}
    for name in () if partial else CHAPTERS:
        files.setdefault(name[:2], results / f"{name[:2]}.json")
    provenance = {}
    for number, path in sorted(files.items()):
        found = _provenance(path, folder, number)
        if found:
            provenance[number] = found
        elif not partial:
            raise ValueError(
                f"{path}: chapter {number} was begun and did not end; {_way_out(folder)}, "
                "and FORCE=1 compares what there is"
            )
    if not provenance:
        raise ValueError(f"{results}: no finished chapter to compare; {_way_out(folder)}")
    found = {key: result for key, result in load_results(results).items() if result.chapter in provenance}
    study = Study(folder, found, provenance)
    if study.real():
        _require_guarded(folder, files.values())
    return study


def unlike(a: Study, b: Study) -> list[str]:
    """In what two runs differ beside their seeds, a line each: profile, settings, code, versions."""
    lines = []
    for name in ("profile", "settings", "commit"):
        if a.told(name) != b.told(name):
            lines.append(f"{name}: {_listed(a.told(name))} in A, {_listed(b.told(name))} in B")
    ours, theirs = a.versions(), b.versions()
    for package in sorted(ours.keys() | theirs.keys()):
        if ours.get(package) != theirs.get(package):
            lines.append(f"{package}: {ours.get(package, 'none')} in A, {theirs.get(package, 'none')} in B")
    return lines


def compare(a: Mapping[str, Result], b: Mapping[str, Result]) -> list[Difference]:
    """Every key of either run, in the order of chapters and keys."""
    found = [difference(key, a.get(key), b.get(key)) for key in a.keys() | b.keys()]
    return sorted(found, key=lambda each: (each.chapter, each.key))


def difference(key: str, a: Result | None, b: Result | None) -> Difference:
    """What two results of one key say of each other; the rule stands at the head of this module."""
    if a is None or b is None:
        return Difference(key, a, b, ONLY_B if a is None else ONLY_A)
    if a.value is None or b.value is None:
        return Difference(key, a, b, EQUAL if a.value == b.value else UNLIKE, detail="not available in one")
    if a.unit != b.unit:
        return Difference(key, a, b, UNLIKE, detail=f"unit {a.unit or 'none'} in A, {b.unit or 'none'} in B")
    value = b.value - a.value
    if a.interval is None or b.interval is None:
        return Difference(key, a, b, EQUAL if value == 0 else WITHOUT, value)
    if a.level != b.level:
        return Difference(key, a, b, UNLIKE, value, detail=f"intervals of {a.level:.0%} and {b.level:.0%}")
    if value == 0 and a.interval == b.interval:
        return Difference(key, a, b, EQUAL, value)
    low = value - math.hypot(b.value - b.interval[0], a.interval[1] - a.value)
    high = value + math.hypot(b.interval[1] - b.value, a.value - a.interval[0])
    return Difference(key, a, b, WITHIN if low <= 0 <= high else EXCEEDS, value, (low, high))


def write_comparison(a: Study, b: Study, page: Path, force: bool = False) -> list[Difference]:
    """Compare two runs and write the page; ``ValueError`` if they are unlike in more than their seeds."""
    reasons = unlike(a, b)
    if reasons and not force:
        raise ValueError(
            f"{a.folder} and {b.folder} differ in more than their seeds, so a difference could come from "
            "any of "
            "these:\n    " + "\n    ".join(reasons) + "\n"
            "Build one of them again with the other's code and settings, or say FORCE=1 to compare them "
            "all the same; the page then names what differs"
        )
    found = compare(a.results, b.results)
    with atomic_path(page) as temporary:
        temporary.write_text(comparison_page(a, b, found, reasons), encoding="utf-8")
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare two folders of runs; print how many keys fared how, and where the page is."""
    parser = argparse.ArgumentParser(prog="python -m cardiacnets.report.compare", description=__doc__)
    parser.add_argument("a", type=Path, help="a run's folder, such as runs/quick")
    parser.add_argument("b", type=Path, help="another's")
    parser.add_argument("--page", type=Path, help="where the page goes (default: A-and-B.html beside B)")
    parser.add_argument("--force", action="store_true", help="also if profiles, code or versions differ")
    chosen = parser.parse_args(arguments)
    page = chosen.page or chosen.b.parent / f"{chosen.a.name}-and-{chosen.b.name}.html"
    try:
        a, b = (read_study(folder, partial=chosen.force) for folder in (chosen.a, chosen.b))
        found = write_comparison(a, b, page, chosen.force)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for word in WORDS:
        if count := sum(each.word == word for each in found):
            print(f"{count:6,} {word}")
    print(f"the page: {page}")
    return 0


def _provenance(path: Path, folder: Path, number: str) -> dict[str, Any]:
    """A chapter's provenance, empty if it did not end; ``ValueError`` for a file that is missing or torn."""
    if not path.is_file():
        raise ValueError(
            f"{path}: missing, chapter {number} has not run; {_way_out(folder)}, and FORCE=1 compares "
            "what there is"
        )
    try:
        return read_json(path)["provenance"]
    except (ValueError, KeyError, TypeError) as error:
        told = f"no key {error}" if isinstance(error, KeyError) else str(error)
        raise ValueError(
            f"{path}: no chapter's results ({told}); delete it, then {_way_out(folder)}"
        ) from None


def _way_out(folder: Path) -> str:
    """The command that finishes a run, as far as its folder tells."""
    settings = folder / "build.json"
    profile = read_json(settings).get("profile", "quick") if settings.is_file() else "..."
    return f"`make book PROFILE={profile} RUN={folder.name}` makes it"


def _require_guarded(folder: Path, results: Any) -> None:
    built = folder / "book" / "index.html"
    newest = max(path.stat().st_mtime for path in results if path.is_file())
    if not built.is_file() or built.stat().st_mtime < newest:
        raise ValueError(
            f"{built}: older than the results, or missing; the run has real cohorts, and the disclosure "
            f"guard reads them when the book is built: {_way_out(folder)}"
        )


def _listed(found: Sequence[str]) -> str:
    return ", ".join(found) or "not recorded"


if __name__ == "__main__":
    sys.exit(main())
