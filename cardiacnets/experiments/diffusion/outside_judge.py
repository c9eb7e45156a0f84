"""Chapter 04: generated movies before a network that has seen real hearts only, beside the real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from cardiacnets.experiments.diffusion.generate import movies
from cardiacnets.experiments.diffusion.movie_quality import measured
from cardiacnets.judges import acdc_segmenter, seen_heart
from cardiacnets.phenotypes import INDEX_NAMES
from cardiacnets.reach import code_of
from cardiacnets.run import Run
from cardiacnets.statistics.correlation import pearson_interval
from cardiacnets.statistics.resampling import bootstrap_mean

KINDS = ("real", "generated")
MOMENTS = (0.0, 0.2, 0.3, 0.4, 0.5, 0.75)
"""Shares of the beat from the R wave: dense where ventricles are smallest, for each frame takes a second."""
WORDS = {
    "closed": ("frames with a left cavity in one piece and a closed wall", "%"),
    "edv": ("r of the area at the R wave with the recorded end-diastolic volume", ""),
    "ef": ("r of the area change with the recorded ejection fraction", ""),
    "change": ("area change through the beat", "%"),
}
"""What is measured on the judge's outlines of each kind of movie, and its unit."""


def ask_judge(run: Run, cohort: str) -> str:
    """Show the judge the short-axis movies of the first ``judge.movies`` test participants, or reuse what it
    said.

    Returns in one line why it could not be asked, empty where it was; the functions below then read.
    """
    people = run.profile.judge.movies
    if not people:
        return f"profile {run.profile.name} does not ask it (judge.movies is 0)"
    ingredients = {
        "movies": run.require(run.root / "movies" / f"{cohort}.sax"),
        "people": people,
        "judge": acdc_segmenter.SHA256,
        "source": code_of(ask_judge),
    }
    if not run.holds(_folder(run, cohort), ingredients) and (reason := acdc_segmenter.why_not()):
        return reason

    def make(folder: Path) -> None:
        for kind in KINDS:
            frames = shown_frames(run, cohort, kind)  # (n, m, H, H)
            flat = frames.reshape(-1, *frames.shape[2:])
            labels = acdc_segmenter.segment(flat, run.profile.processes)
            np.save(folder / f"{kind}.npy", labels.reshape(*frames.shape[:2], *labels.shape[1:]))

    run.fit_or_load(_folder(run, cohort), ingredients, make)
    return ""


def shown_frames(run: Run, cohort: str, kind: str) -> np.ndarray:
    """The frames (n, m, H, H) that the judge sees of the movies of ``kind``."""
    films = movies(run, cohort, "sax", kind)[: run.profile.judge.movies]
    return np.asarray(films[:, moments(films.shape[1])])


def moments(frames: int) -> np.ndarray:
    """Positions (m,) of the frames at :data:`MOMENTS` in a beat of so many, each once."""
    return np.unique(np.round(np.array(MOMENTS) * frames).astype(int).clip(max=frames - 1))


def judged(run: Run, cohort: str) -> dict[str, np.ndarray]:
    """The judge's outlines (n, m, GRID, GRID) of each kind of movie."""
    folder = run.require(_folder(run, cohort))
    return {kind: np.load(folder / f"{kind}.npy") for kind in KINDS}


def areas(labels: np.ndarray) -> np.ndarray:
    """Areas (n, m) in cm2 of the left ventricle in labels (n, m, GRID, GRID)."""
    return seen_heart.area(labels.reshape(-1, *labels.shape[2:]), "lv").reshape(labels.shape[:2])


def opinion(run: Run, cohort: str) -> pd.DataFrame:
    """One row a ``measure`` of :data:`WORDS` and ``kind`` of movie, intervals over participants.

    A change that cannot be told, because no cavity was seen in any frame, counts as none.
    """
    seen, truth = judged(run, cohort), measured(run, cohort)["truth"]
    rows = []
    for kind, labels in seen.items():
        people, count = labels.shape[:2]
        flat = labels.reshape(-1, *labels.shape[2:])
        whole = 100 * (seen_heart.wall_closed(flat) & seen_heart.in_one_piece(flat))
        who = np.repeat(np.arange(people), count)
        through = areas(labels)
        change = np.nan_to_num(seen_heart.area_change(through))
        edv, ef = (truth[:people, INDEX_NAMES.index(name)] for name in ("lv_edv", "lv_ef"))
        found = {
            "closed": bootstrap_mean(whole, who, **run.profile.resampling),
            "edv": pearson_interval(through[:, 0], edv),
            "ef": pearson_interval(change, ef),
            "change": bootstrap_mean(change, **run.profile.resampling),
        }
        words = {"kind": kind, "people": people}
        rows += [{"measure": name} | words | each.row() for name, each in found.items()]
    return pd.DataFrame(rows)


def readable(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of :func:`opinion`, a measure a line, real beside generated."""
    lines = {}
    for row in rows.itertuples():
        words, unit = WORDS[row.measure]
        line = lines.setdefault(row.measure, {"measure": words + (f", {unit}" if unit else "")})
        digits = 1 if unit else 2
        line[row.kind] = f"{row.estimate:.{digits}f} ({row.low:.{digits}f} to {row.high:.{digits}f})"
        line["people"] = row.people
    return pd.DataFrame(lines.values())[["measure", *KINDS, "people"]]


def in_words(rows: pd.DataFrame) -> str:
    """What the judge makes of generated movies, in a sentence whose words follow from the intervals."""
    closed = rows[rows["measure"] == "closed"].set_index("kind")
    real, drawn = (closed.loc[kind] for kind in KINDS)
    figures = {
        row.Index: f"{row.estimate:.0f} % ({row.low:.0f} to {row.high:.0f})" for row in closed.itertuples()
    }
    verdict = "this many people leave open which has more of them"
    if drawn["high"] < real["low"]:
        verdict = "fewer than in real ones, beyond what this many people leave to luck"
    elif drawn["low"] > real["high"]:
        verdict = "more than in real ones, beyond what this many people leave to luck"
    return (
        f"It finds one cavity within a closed wall in {figures['real']} of the real movies' frames and in "
        f"{figures['generated']} of the generated ones': {verdict}"
    )


def _folder(run: Run, cohort: str) -> Path:
    return run.predictions / f"judged.{cohort}"
