"""A run: one profile's artefacts under ``runs/<name>/``, and the rule by which they are reused.

An artefact is a folder that is whole or absent. Beside its content lies ``artefact.json`` with the
ingredients it was made from (profile sections, other artefacts, source code, seed); :meth:`Run.fit_or_load`
makes it again only if an ingredient changed.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from cardiacnets.artefacts import atomic_path, read_json, sweep, write_json
from cardiacnets.profile import Profile, load_profile

PACKAGE = Path(__file__).parent
REPOSITORY = PACKAGE.parent
CHECKOUT = (REPOSITORY / "Snakefile").is_file()
"""Whether the package lies in its repository, not in an installed wheel."""
SIDECAR = "artefact.json"
VERSIONED = ("torch", "timm", "diffusers", "numpy", "scipy", "statsmodels", "scikit-learn", "papermill")


def in_order(chapters: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    """Each chapter with those that it needs, all by their notebooks' names; given by their numbers.

    Raises ``ValueError`` naming the chapter where two bear one number, or one needs no earlier chapter.
    """
    found: dict[str, tuple[str, ...]] = {}
    numbers: dict[str, str] = {}
    for name, needs in chapters.items():
        number = name.split("_")[0]
        if number in numbers:
            raise ValueError(f"chapters {numbers[number]} and {name} bear one number")
        for other in needs:
            if other not in numbers:
                raise ValueError(f"{name} needs {other!r}, no earlier chapter: these are {', '.join(found)}")
        found[name] = tuple(numbers[other] for other in needs)
        numbers[number] = name
    return found


CHAPTERS = in_order(
    {
        "00_cohorts": [],
        "01_preprocessing": ["00"],
        "02_cmr_self_supervision": ["01"],
        "03_contrastive_alignment": ["02"],
        "04_diffusion": ["03"],
        "05_downstream_tasks": ["03"],
        "06_statistics": ["04", "05"],
        "07_reader_study": ["04", "05"],
        "08_your_own_ecg": ["04", "05"],
        "09_left_open": ["04", "05"],
        "90_in_100_lines": [],
    }
)
"""The chapters in their order, called like their notebooks, and which earlier ones each needs."""


def table_of(rows: Iterable[tuple[str, str]], chapters: Iterable[str] = CHAPTERS) -> dict[str, str]:
    """Patterns of places, each with the chapter that makes it; ``rows`` give the chapter's number.

    Raises ``ValueError`` naming both rows where two claim one place, or an earlier, wider one hides a later;
    and for a number that no chapter bears.
    """
    found: dict[str, str] = {}
    for pattern, number in rows:
        named = [chapter for chapter in chapters if chapter.split("_")[0] == number]
        if not named:
            raise ValueError(f"{pattern!r}: no chapter {number!r}; there are {', '.join(chapters)}")
        for earlier, chapter in found.items():
            if fits(pattern, earlier):
                raise ValueError(
                    f"{pattern!r} of chapter {named[0]} lies where {earlier!r} of chapter {chapter} does: "
                    "one place has one maker, and narrower patterns stand first"
                )
        found[pattern] = named[0]
    return found


def fits(place: str, pattern: str) -> bool:
    """Whether ``pattern`` names ``place``, or all places of a narrower pattern; ``*`` stays in its folder."""
    pairs = zip(place.split("/"), pattern.split("/"), strict=False)
    return place.count("/") == pattern.count("/") and all(fnmatchcase(*pair) for pair in pairs)


ARTEFACTS = table_of(
    [
        ("cohorts/*", "00"),
        ("checks/*", "00"),
        ("clean/*", "01"),
        ("models/cmr_autoencoder", "02"),
        ("models/cine_contrast", "02"),
        ("features/*", "02"),
        ("linear_twin/components", "02"),
        ("models/ecg_autoencoder", "03"),
        ("models/aligned", "03"),
        ("models/permuted", "03"),
        ("models/aligned_training*", "03"),
        ("models/permuted_training*", "03"),
        ("models/published", "03"),
        ("linear_twin/aligned", "03"),
        ("linear_twin/permuted", "03"),
        ("predictions/limited.*", "03"),
        ("predictions/switches.*", "03"),
        ("models/video_autoencoder*", "04"),
        ("models/diffusion_*", "04"),
        ("models/cine_reader", "04"),
        ("models/noise", "04"),
        ("movies/*.*", "04"),
        ("linear_twin/movies.*", "04"),
        ("predictions/generated.*", "04"),
        ("predictions/judged.*", "04"),
        ("counterfactuals", "04"),
        ("models/*.*/*", "05"),
        ("predictions/map.*", "05"),
        ("predictions/open", "05"),
        ("predictions/*.*", "05"),
    ]
)
"""Where artefacts lie below a run's folder, narrower patterns first, and the chapter that makes each."""


def chapter_of(place: str) -> str:
    """The chapter that makes the artefact at ``place`` below a run's folder, as its notebook is called.

    Raises ``ValueError`` if no chapter does.
    """
    for pattern, chapter in ARTEFACTS.items():
        if fits(place, pattern):
            return chapter
    raise ValueError(f"{place}: no chapter makes it; cardiacnets.run.ARTEFACTS says which there are")


@dataclass(frozen=True)
class Run:
    """Where the artefacts of one run lie; every path below is a folder."""

    root: Path
    name: str
    profile: Profile
    given: str = ""
    """The profile as it was named to :func:`open_run`, a file by its place, seen from the repository; empty:
    by its name.
    """

    @property
    def cohorts(self) -> Path:
        return self.root / "cohorts"

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def predictions(self) -> Path:
        return self.root / "predictions"

    @property
    def results(self) -> Path:
        return self.root / "results"

    @property
    def figures(self) -> Path:
        return self.root / "figures"

    @property
    def notebooks(self) -> Path:
        return self.root / "notebooks"

    @property
    def book(self) -> Path:
        return self.root / "book"

    def unfinished(self, ingredients: Mapping[str, Any]) -> Path:
        """Where a fit with these ingredients keeps the state from which it resumes after a kill."""
        return self.root / "unfinished" / digest(ingredients)[:16]

    def own(self, number: str) -> Path:
        """Where chapter ``number`` keeps what it says of data that a person brought: beside the run, so that
        no page reads it and whoever copies the run copies nobody's data.
        """
        return self.root.with_name(f"{self.name}-own") / number

    def require(self, path: Path) -> Path:
        """``path`` if it is a whole artefact; else ``ValueError`` with the commands that make it of this run,
        which are given in the repository's folder.
        """
        if (path / SIDECAR).is_file():
            return path
        chapter = self.chapter_of(path)
        profile, name = shlex.quote(self.given or self.profile.name), shlex.quote(self.name)
        alone = f"{called('papermill')} notebooks/{chapter}.ipynb out.ipynb"
        alone += f" -p profile {profile} -r run {name}"
        missing = f"{path} does not exist yet: chapter {chapter} makes it."
        if not CHECKOUT:
            raise ValueError(f"{missing} Run\n    {alone}")
        sidecars = self.cohorts.glob(f"*/{SIDECAR}")
        real = {read_json(each)["ingredients"].get("manifest") for each in sidecars} - {None}
        folder = f" MANIFESTS={shlex.quote(str(Path(min(real)).parent))}" if real else ""
        raise ValueError(
            f"{missing} In the repository's folder\n"
            f"    make chapter N={chapter.split('_')[0]} PROFILE={profile} RUN={name}{folder}\n"
            f"makes it, and what is missing before it; the chapter alone is made by\n    {alone}"
        )

    def chapter_of(self, path: Path) -> str:
        """The chapter that makes the artefact at ``path``; ``ValueError`` if none does."""
        return chapter_of(path.relative_to(self.root).as_posix())

    def holds(self, path: Path, ingredients: Mapping[str, Any]) -> bool:
        """Whether ``path`` is a whole artefact made from these ingredients."""
        sidecar = path / SIDECAR
        return sidecar.is_file() and read_json(sidecar)["fingerprint"] == digest(ingredients)

    def fit_or_load(self, path: Path, ingredients: Mapping[str, Any], make: Callable[[Path], None]) -> Path:
        """``path``, made by ``make(temporary folder)`` unless it exists with the same ingredients.

        ``ingredients`` may hold plain values, dataclasses and paths of other artefacts (which count by their
        own fingerprint). The folder appears whole, with a sidecar of ingredients, fingerprint, versions and
        git commit.
        """
        if self.holds(path, ingredients):
            return path
        sweep(path)
        with atomic_path(path) as temporary:
            temporary.mkdir()
            make(temporary)
            provenance = {
                "fingerprint": digest(ingredients),
                "ingredients": _plain(ingredients),
                "profile": self.profile.name,
            }
            write_json(temporary / SIDECAR, {**provenance, "versions": versions(), "commit": git_commit()})
        shutil.rmtree(self.unfinished(ingredients), ignore_errors=True)
        return path


def called(program: str) -> str:
    """How a program of this environment is called from the working folder: ``.venv/bin/papermill``."""
    place, here = Path(sys.executable).parent / program, Path.cwd()
    return shlex.quote(str(place.relative_to(here) if place.is_relative_to(here) else place))


def name_of(profile: str | Path | Profile) -> str:
    """A run's name where none is given: a profile's own, or that of its file, which may be a copy of it."""
    return profile.name if isinstance(profile, Profile) else Path(profile).stem


def open_run(profile: str | Path | Profile, run: str | int = "") -> Run:
    """The run called ``run`` (by default as :func:`name_of` says) under ``$CARDIACNETS_RUNS``, or else under
    ``runs/`` of the repository, or of the working folder where the library is installed without one.

    ``run`` may be a whole number, as papermill's ``-p run 2024`` gives it. Raises ``ValueError`` for an
    unknown profile, a run name that is not a plain folder name, and a place that cannot be written.
    """
    chosen = load_profile(profile)
    if isinstance(run, bool) or not isinstance(run, str | int):
        raise ValueError(f"run name {run!r} is no text: give it to papermill by -r, as in `-r run 2024_01`")
    name = str(run) if run != "" else name_of(profile)
    if Path(name).name != name or name.startswith("."):
        raise ValueError(f"run name {name!r} must be a plain folder name")
    beside = REPOSITORY if CHECKOUT else Path.cwd()
    runs = Path(os.environ.get("CARDIACNETS_RUNS") or beside / "runs").resolve()
    there = next(folder for folder in (runs / name, *(runs / name).parents) if folder.exists())
    if not os.access(there, os.W_OK):
        raise ValueError(
            f"{there}: not writable, and runs are kept there; name another folder by CARDIACNETS_RUNS=..."
        )
    return Run(runs / name, name, chosen, _given(profile))


def _given(profile: str | Path | Profile) -> str:
    """A profile as a command in the repository's folder names it."""
    if isinstance(profile, Profile):
        return profile.name
    if not str(profile).endswith((".yaml", ".yml")):
        return str(profile)
    place = Path(profile).resolve()
    return str(place.relative_to(REPOSITORY) if place.is_relative_to(REPOSITORY) else place)


def digest(ingredients: Any) -> str:
    """SHA-256 of plain values, dataclasses and artefact paths, independent of key order."""
    text = json.dumps(_plain(ingredients), sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def git_commit() -> str:
    """The repository's commit, with ``+changes`` if tracked files differ from it; ``unknown`` outside git."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(REPOSITORY), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.strip()

    if not CHECKOUT:
        return "unknown"
    try:
        return git("rev-parse", "--short=12", "HEAD") + (
            "+changes" if git("status", "--porcelain", "-uno") else ""
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def versions() -> dict[str, str]:
    """Versions of the packages a result depends on most."""
    return {package: importlib.metadata.version(package) for package in VERSIONED}


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, Path):
        return read_json(value / SIDECAR)["fingerprint"]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
