"""The kit's folder and its key: pictures under random names, reading lists, and a page; the truth elsewhere.

What the folder must not tell: which case is whose, who is diseased, which film is generated. Codes and
file names are drawn anew for every kit, files are written in the order of their names (a file's time says
nothing), all films are of one length, and the two films of a case are numbered at random, case by case. Only
a kit made with ``feedback`` knows the truth, to tell it at the end.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from cardiacnets.artefacts import atomic_path
from cardiacnets.cohorts.store import Cohort, open_cohort
from cardiacnets.ecg import clean
from cardiacnets.experiments.diffusion.generate import READER_COHORT, movies
from cardiacnets.experiments.reader_study.reader_kit.design import (
    check_readers,
    drawn_cases,
    film_lists,
    reading_lists,
)
from cardiacnets.experiments.reader_study.reader_kit.pictures import ecg_picture, film, of_one_size
from cardiacnets.experiments.reader_study.reader_kit.practice import write_practice
from cardiacnets.experiments.reader_study.readers import MODALITIES
from cardiacnets.run import Run, digest

PAGE = ("index.html", "kit.css", "answers.js", "kit.js")
ASKED = ("cardiomyopathy", "origin")
"""What a kit asks of each reading: the study's question, or whether a film is real or generated."""
DISPLAYS = ("ecg", "film 1", "film 2")
"""What the reader's file calls a display; which film is the generated one is written in the key."""
_LETTERS = np.array(list("BCDFGHJKMNPQRSTVWXZ23456789"))
"""Without vowels and look-alikes: codes spell no words and are read aloud without error."""


@dataclass(frozen=True)
class Plan:
    """How a kit is to be: ``cases`` (None: all), ``readers`` by their codes, ``order`` (see
    :mod:`~cardiacnets.experiments.reader_study.reader_kit.design`), days of ``washout`` between sessions, and
    the ``seed`` (None: drawn, and nowhere written, so that nobody can draw the codes again).

    ``ask``: one of :data:`ASKED`; about their origin films are shown alone, all in one session. ``feedback``:
    at the end the page sets a reader's answers against the truth, which therefore lies in the folder.
    """

    cases: int | None = None
    readers: tuple[str, ...] = ("R1", "R2", "R3", "R4", "R5", "R6")
    order: str = "counterbalanced"
    washout: int = 28
    seed: int | None = None
    ask: str = "cardiomyopathy"
    feedback: bool = False


@dataclass(frozen=True)
class Kit:
    """What was written: the page to open, the key to keep, how many cases and readings a reader has."""

    page: Path
    key: Path
    cases: int
    readings: int


def make_kit(
    run: Run,
    folder: Path | str,
    key: Path | str | None = None,
    plan: Plan | None = None,
    real_people: bool = False,
) -> Kit:
    """Write the kit of the run's reader-study cases.

    Arguments:
        run: whose chapters 00 to 04 have been executed.
        folder: where the kit goes; must not exist.
        key: CSV with code, film, participant and truth; by default ``<folder>-key.csv`` beside the folder.
        real_people: the cohort is real and its holder's terms allow these readers to see it.

    Raises ``ValueError`` naming the chapter to run, a place that is taken, a key inside the kit, an unknown
    question, a cohort of real people without ``real_people``, or their diagnoses asked for as ``feedback``.
    """
    plan, folder = plan or Plan(), Path(folder).resolve()
    key = Path(key).resolve() if key else folder.with_name(f"{folder.name}-key.csv")
    _check_places(folder, key)
    readers, rng = check_readers(plan.readers), np.random.default_rng(plan.seed or secrets.randbits(64))
    if plan.washout < 0:
        raise ValueError(f"washout {plan.washout}: days between sessions, 0 or more")
    if plan.ask not in ASKED:
        raise ValueError(f"a kit asks about {' or '.join(ASKED)}, not {plan.ask!r}")
    known = run.require(run.predictions / f"generated.{READER_COHORT}")
    table = pd.read_parquet(known / "table.parquet")
    simulated = simulated_cases(run)
    if not simulated and not real_people:
        raise ValueError(
            f"the cases of run {run.name!r} are real people: a kit shows their traces and movies to whoever "
            "opens it. If the data's terms and your ethics approval allow that, say so with --real-people"
        )
    if not simulated and plan.feedback:
        raise ValueError(
            f"the cases of run {run.name!r} are real people: a kit with feedback would hold their diagnoses"
        )
    places = drawn_cases(table["cm"], plan.cases, rng)
    cases = table.iloc[places].assign(place=places, code=_codes(len(places), 4, rng)).sort_values("code")
    if plan.ask == "origin":
        lists = film_lists(len(cases), len(readers), rng)
    else:
        lists = reading_lists(cases["cm"], len(readers), plan.order, rng)
    # the film's number of (generated, real), (n, 2)
    numbers = np.array([rng.permutation([1, 2]) for _ in places])
    names = _codes(3 * len(places), 10, rng).reshape(len(places), 3)  # file names of ecg, film 1, film 2
    kit = "".join(_codes(1, 6, rng))
    shown = [_case(*each) for each in zip(cases["code"], names, strict=True)]
    page = {
        "kit": kit, "simulated": simulated, "order": plan.order, "washout": plan.washout, "readers": readers,
        "cases": dict(zip(cases["code"], shown, strict=True)),
        "lists": dict(zip(readers, _named(lists, cases["code"].to_numpy(), numbers, plan.ask), strict=True)),
        "ask": plan.ask,
    }  # fmt: skip
    if plan.feedback:
        page["told"] = {code: [int(sick), int(drawn)] for code, sick, (drawn, _)
                        in zip(cases["code"], cases["cm"], numbers, strict=True)}  # fmt: skip
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        films = {kind: [movies(run, READER_COHORT, view, kind) for view in ("sax", "lax")]
                 for kind in ("generated", "real")}  # fmt: skip
        cohort = open_cohort(run, READER_COHORT)
        _write_pictures(temporary, cohort, films, cases, numbers, names, rng)
        if plan.ask == "cardiomyopathy":
            write_practice(temporary / "practice", *(view.shape[1:] for view in films["real"]))  # fmt: skip
        for name in PAGE:
            (temporary / name).write_bytes((files(__package__) / "page" / name).read_bytes())
        text = json.dumps(page, separators=(",", ":"))
        (temporary / "cases.js").write_text(f'"use strict";\nconst KIT = {text};\n', encoding="utf-8")
        with atomic_path(key) as written:
            keys = {"kit": kit, "pictures": pictures_of(run), "readers": " ".join(readers), "ask": plan.ask}
            _key_table(cases, numbers).assign(**keys).to_csv(written, index=False)
    return Kit(folder / "index.html", key, len(cases), sum(map(len, lists[0])))


def simulated_cases(run: Run) -> bool:
    """Are the reader-study cases of a run simulated? Nobody knows a real heart's true volumes."""
    return open_cohort(run, READER_COHORT).indices_true is not None


def pictures_of(run: Run) -> str:
    """A short fingerprint of the run's reader-study ECGs and films, by which a key finds its run again."""
    folders = [run.root / "movies" / f"{READER_COHORT}.{view}" for view in ("sax", "lax")]
    shown = [run.require(each) for each in (run.cohorts / READER_COHORT, *folders)]
    return digest(shown)[:12]


def _check_places(folder: Path, key: Path) -> None:
    if key == folder or key.is_relative_to(folder):
        raise ValueError(f"{key}: the key holds the truth and must lie outside the kit {folder}")
    for place in (folder, key):
        if place.exists():
            raise ValueError(
                f"{place} exists: answers may hang on it, so choose another name or move it away"
            )


def _codes(count: int, length: int, rng: np.random.Generator) -> np.ndarray:
    """Different random codes (count,)."""
    codes: dict[str, None] = {}
    while len(codes) < count:
        codes["".join(rng.choice(_LETTERS, length))] = None
    return np.array(list(codes))


def _case(code: str, names: np.ndarray) -> dict[str, str]:
    """Files of a case by display, relative to the page."""
    ecg, *films = names
    return {"ecg": f"pictures/{ecg}.png"} | {
        display: f"pictures/{name}.mp4" for display, name in zip(DISPLAYS[1:], films, strict=True)
    }


def _named(lists: list, codes: np.ndarray, numbers: np.ndarray, ask: str) -> list:
    """Reading lists as (code, what the page calls the display)."""
    if ask == "origin":
        return [[[(str(codes[case]), DISPLAYS[film]) for case, film in session] for session in sessions]
                for sessions in lists]  # fmt: skip
    return [
        [[(str(codes[case]), DISPLAYS[0] if not display else DISPLAYS[numbers[case, display - 1]])
          for case, display in session] for session in sessions] for sessions in lists
    ]  # fmt: skip


def _key_table(cases: pd.DataFrame, numbers: np.ndarray) -> pd.DataFrame:
    """One row a case and display: code, display, modality, whose, and the truth; sorted by code."""
    rows = []
    for case, films in zip(cases.itertuples(), numbers, strict=True):
        for modality, number in zip(MODALITIES, (0, *films), strict=True):
            rows.append(
                (case.code, DISPLAYS[number], modality, case.participant_id, case.recording_id, int(case.cm))
            )
    names = ["case", "display", "modality", "participant_id", "recording_id", "truth"]
    return pd.DataFrame(rows, columns=names).sort_values(["case", "display"])


def _write_pictures(
    folder: Path, cohort: Cohort, films: dict[str, list[np.ndarray]], cases: pd.DataFrame,
    numbers: np.ndarray, names: np.ndarray, rng: np.random.Generator,
) -> None:  # fmt: skip
    """The ECG and the two films of each case, in the order of their file names; films of one length."""
    pictures = folder / "pictures"
    pictures.mkdir()
    whats = [("ecg", name, place) for place, name in enumerate(names[:, 0])]
    for column, kind in enumerate(("generated", "real")):
        whats += [(kind, names[place, number], place) for place, number in enumerate(numbers[:, column])]
    whats.sort(key=lambda each: each[1])
    encoded = {
        name: film(*(np.asarray(view[cases.iloc[place]["place"]]) for view in films[what]))
        for what, name, place in tqdm(whats, desc="films", leave=False)
        if what != "ecg"
    }
    encoded = of_one_size(encoded, rng)
    for what, name, place in tqdm(whats, desc="pictures", leave=False):
        if what == "ecg":
            signal = clean(cohort.ecg_millivolts(np.array([cases.iloc[place]["row"]])))[0]
            (pictures / f"{name}.png").write_bytes(ecg_picture(signal))
        else:
            (pictures / f"{name}.mp4").write_bytes(encoded[name])
