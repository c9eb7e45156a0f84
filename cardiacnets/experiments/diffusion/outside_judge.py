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
from cardiacnets.statistics import (
    Estimate,
    bootstrap_mean,
    compare_correlations,
    mcnemar_test,
    pearson_interval,
    wilson_interval,
)
from cardiacnets.statistics.in_words import in_one_cell, side_of_zero

KINDS = ("real", "generated")
MOMENTS = (0.0, 0.3, 0.4, 0.75)
"""Shares of the beat from the R wave: dense where ventricles are smallest. Tried on real movies of sixty
people of validation: with further frames at .2 and .5 no area change was larger.
"""
WORDS = {
    "closed": ("people whose left cavity is in one piece within a closed wall in every frame", "%"),
    "edv": ("r of the area at the R wave with the recorded end-diastolic volume", ""),
    "ef": ("r of the area change with the recorded ejection fraction", ""),
    "change": ("area change through the beat", "%"),
}
"""What is measured on the judge's outlines of each kind of movie, and its unit."""
DIFFERENCE = "generated-real"
TOLD = 0.05
"""Below this p both kinds of movies are said to differ."""


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

    A change that cannot be told, because no cavity was seen in any frame, counts as none. Of ``kind``
    ``generated-real`` are the paired differences: McNemar's exact test of ``closed``, and of both r that of
    correlations with the same record; with ``pvalue``.
    """
    seen, truth = judged(run, cohort), measured(run, cohort)["truth"]
    rows, whole, size, moved = [], {}, {}, {}
    for kind, labels in seen.items():
        people, count = labels.shape[:2]
        flat = labels.reshape(-1, *labels.shape[2:])
        faultless = seen_heart.wall_closed(flat) & seen_heart.in_one_piece(flat)
        whole[kind] = faultless.reshape(people, count).all(axis=1)
        through = areas(labels)
        size[kind], moved[kind] = through[:, 0], np.nan_to_num(seen_heart.area_change(through))
        edv, ef = (truth[:people, INDEX_NAMES.index(name)] for name in ("lv_edv", "lv_ef"))
        found = {
            "closed": wilson_interval(int(whole[kind].sum()), people).times(100),
            "edv": pearson_interval(size[kind], edv),
            "ef": pearson_interval(moved[kind], ef),
            "change": bootstrap_mean(moved[kind], **run.profile.resampling),
        }
        words = {"kind": kind, "people": people}
        rows += [{"measure": name} | words | each.row() for name, each in found.items()]
    compared = {
        "closed": mcnemar_test(whole["generated"], whole["real"], "exact").times(100),
        "edv": compare_correlations(edv, size["generated"], size["real"]),
        "ef": compare_correlations(ef, moved["generated"], moved["real"]),
        "change": bootstrap_mean(moved["generated"] - moved["real"], **run.profile.resampling),
    }
    words["kind"] = DIFFERENCE
    rows += [{"measure": name} | words | each.row() for name, each in compared.items()]
    return pd.DataFrame(rows)


def readable(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of :func:`opinion`, a measure a line, real beside generated."""
    lines = {}
    for row in rows.itertuples():
        if row.kind not in KINDS:
            continue
        words, unit = WORDS[row.measure]
        line = lines.setdefault(row.measure, {"measure": words + (f", {unit}" if unit else "")})
        digits = 1 if unit else 2
        line[row.kind] = in_one_cell(row.estimate, row.low, row.high, digits)
        line["people"] = row.people
    return pd.DataFrame(lines.values())[["measure", *KINDS, "people"]]


def unit_of(measure: str, kind: str) -> str:
    """The unit of a measure of :data:`WORDS`, or of its difference between the kinds."""
    unit = WORDS[measure][1]
    return unit.replace("%", "percentage points") if kind == DIFFERENCE else unit


def in_words(rows: pd.DataFrame) -> str:
    """What the judge makes of generated movies beside real ones, in sentences whose words follow from tests
    and intervals.
    """
    return ". ".join([_walls_told(rows), *(_heart_told(rows, name) for name in ("edv", "ef"))])


def _walls_told(rows: pd.DataFrame) -> str:
    found = rows[rows["measure"] == "closed"].set_index("kind")
    people = int(found["people"].iloc[0])
    figures = {
        kind: f"{round(found.loc[kind, 'estimate'] * people / 100)} of {people} people "
        f"({found.loc[kind, 'low']:.0f} to {found.loc[kind, 'high']:.0f} %)"
        for kind in KINDS
    }
    apart = found.loc[DIFFERENCE]
    verdict = "this many people leave open which has more of them"
    if apart["pvalue"] < TOLD:
        verdict = ("fewer" if apart["estimate"] < 0 else "more") + " than in real ones"
    return (
        f"It finds one cavity within a closed wall in every frame of the real movies of {figures['real']}, "
        f"and of the generated movies of {figures['generated']}: {verdict} "
        f"(McNemar's exact test, p {apart['pvalue']:.2g})"
    )


def _heart_told(rows: pd.DataFrame, measure: str) -> str:
    """Whether what is seen in generated movies goes with the person's record, and as in real ones."""
    found = rows[rows["measure"] == measure].set_index("kind")
    names = {
        "edv": ("The area at the R wave", "end-diastolic volume", "size"),
        "ef": ("The area change through the beat", "ejection fraction", "contraction"),
    }
    seen, recorded, shown = names[measure]
    told = {kind: in_one_cell(*found.loc[kind, ["estimate", "low", "high"]], 2) for kind in KINDS}
    if not all(told.values()):
        return f"{seen} and the recorded {recorded} cannot be compared in this run"
    own = {
        1: f"generated movies have something of this person's {shown}",
        -1: f"generated movies go against this person's {shown}",
        0: f"generated movies are not shown to have anything of this person's {shown}",
        None: "of generated movies nothing can be said",
    }[side_of_zero(Estimate.of(found.loc["generated"]))]  # fmt: skip
    beside = {
        1: "and the correlation is above that of real ones",
        -1: "and the correlation is below that of real ones",
        0: "and whether the correlation is below that of real ones is left open",
        None: "and no comparison with real ones is possible",
    }[side_of_zero(Estimate.of(found.loc[DIFFERENCE]))]  # fmt: skip
    return (
        f"{seen} correlates with the recorded {recorded} at r {told['real']} in real movies and at r "
        f"{told['generated']} in generated ones: {own}, {beside}"
    )


def _folder(run: Run, cohort: str) -> Path:
    return run.predictions / f"judged.{cohort}"
