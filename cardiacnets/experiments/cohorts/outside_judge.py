"""Chapter 00: what a network that has seen real hearts only makes of simulated cines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from cardiacnets.digital_heart import simulate
from cardiacnets.judges import acdc_segmenter, seen_heart
from cardiacnets.phenotypes import INDEX_NAMES
from cardiacnets.reach import code_of
from cardiacnets.run import Run
from cardiacnets.statistics.correlation import pearson_interval
from cardiacnets.statistics.estimate import Estimate
from cardiacnets.statistics.in_words import in_one_cell
from cardiacnets.statistics.proportions import wilson_interval
from cardiacnets.statistics.resampling import bootstrap_mean

MOMENTS = ("end-diastole", "end-systole")
UNSEEN = 60_000
"""Added to a run's seed: people whom no other chapter knows, with their true outlines."""
TITLES = {"lv": "left ventricle", "muscle": "muscle", "rv": "right ventricle"}


def ask_judge(run: Run) -> str:
    """Show the judge the profile's ``judge.people`` simulated people, or reuse what it said.

    Returns in one line why it could not be asked, empty where it was; the functions below then read.
    """
    sizes = {"people": run.profile.judge.people, "frames": run.profile.cohorts.frames}
    if not sizes["people"]:
        return f"profile {run.profile.name} does not ask it (judge.people is 0)"
    ingredients = {
        **sizes, "preset": run.profile.cohorts.preset, "seed": run.profile.seed + UNSEEN,
        "judge": acdc_segmenter.SHA256, "source": code_of(ask_judge),
    }  # fmt: skip
    if not run.holds(_folder(run), ingredients) and (reason := acdc_segmenter.why_not()):
        return reason

    def make(folder: Path) -> None:
        people = simulate(
            sizes["people"], preset=ingredients["preset"], seed=ingredients["seed"], frames=sizes["frames"]
        )
        smallest = (people.masks.sax == seen_heart.PARTS["lv"]).sum(axis=(2, 3)).argmin(axis=1)
        who, when = np.arange(len(smallest))[:, None], np.stack([np.zeros_like(smallest), smallest], axis=1)
        frames, truth = (each[who, when] for each in (people.sax, people.masks.sax))  # (n, 2, H, W)
        labels = acdc_segmenter.segment(frames.reshape(-1, *frames.shape[2:]), run.profile.processes)
        for name, array in {"frames": frames, "truth": truth, "ef": _ef(people.indices_true)}.items():
            np.save(folder / f"{name}.npy", array)
        np.save(folder / "labels.npy", labels.reshape(*frames.shape[:2], *labels.shape[1:]))

    run.fit_or_load(_folder(run), ingredients, make)
    return ""


def judged(run: Run) -> dict[str, np.ndarray]:
    """What the judge was shown and said: ``frames`` and ``truth`` (n, 2, H, H) at :data:`MOMENTS`, ``labels``
    (n, 2, GRID, GRID), and the true ejection fraction ``ef`` (n,) in percent.
    """
    folder = run.require(_folder(run))
    return {name: np.load(folder / f"{name}.npy") for name in ("frames", "truth", "labels", "ef")}


def opinion(seen: dict[str, np.ndarray], resamples: int, seed: int) -> pd.DataFrame:
    """One row a ``measure`` and ``part`` of what :func:`judged` gives, with intervals over people.

    ``dice`` (mean of both moments) by part; ``area`` of the left ventricle at end-diastole, judge less truth,
    cm2; ``closed``: share of people, in percent, with a closed wall around one cavity at both moments;
    ``ef``: correlation of the fractional area change with the true ejection fraction.
    """
    people, moments, pixels = seen["truth"].shape[:3]
    labels = seen["labels"].reshape(people * moments, *seen["labels"].shape[2:])
    truth = seen["truth"].reshape(people * moments, pixels, pixels)
    rows = []
    for part in seen_heart.PARTS:
        overlap = seen_heart.dice(seen_heart.on_grid(labels, pixels), truth, part).reshape(people, moments)
        found = bootstrap_mean(overlap.mean(axis=1), resamples=resamples, seed=seed)
        rows.append({"measure": "dice", "part": part, "unit": ""} | found.row())
    areas, true_areas = (seen_heart.area(each, "lv").reshape(people, moments) for each in (labels, truth))
    found = bootstrap_mean(areas[:, 0] - true_areas[:, 0], resamples=resamples, seed=seed)
    rows.append({"measure": "area", "part": "lv", "unit": "cm2"} | found.row())
    whole = seen_heart.wall_closed(labels) & seen_heart.in_one_piece(labels)
    found = wilson_interval(int(whole.reshape(people, moments).all(axis=1).sum()), people).times(100)
    rows.append({"measure": "closed", "part": "lv", "unit": "%"} | found.row())
    found = pearson_interval(seen_heart.area_change(areas), seen["ef"])
    rows.append({"measure": "ef", "part": "lv", "unit": ""} | found.row())
    return pd.DataFrame(rows)


def readable(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of :func:`opinion` in words."""
    said = {
        "dice": "Dice of the {}, judge and truth",
        "area": "area of the {} at end-diastole, judge less truth, cm2",
        "closed": "people whose {} is one cavity in a closed wall, %",
        "ef": "r of the area change of the {} with the true ejection fraction",
    }  # fmt: skip
    names = [said[row.measure].format(TITLES[row.part]) for row in rows.itertuples()]
    return rows[["estimate", "low", "high", "n"]].round(3).assign(measure=names)[
        ["measure", "estimate", "low", "high", "n"]
    ]


def in_words(rows: pd.DataFrame) -> str:
    """The rows of :func:`opinion` as the page tells them."""
    found = {(row.measure, row.part): Estimate.of(row) for row in rows.itertuples()}
    dices = ", ".join(f"{TITLES[part]} {_with(found['dice', part])}" for part in seen_heart.PARTS)
    count = found["ef", "lv"].n
    return (
        f"Shown {count} people at end-diastole and end-systole, it draws what the simulation meant with a "
        f"Dice of: {dices}. The fractional area change of its left ventricle and the true ejection fraction "
        f"correlate with r {_with(found['ef', 'lv'])}"
    )


def _with(found: Estimate) -> str:
    return in_one_cell(found.estimate, *found.interval)


def _ef(indices: np.ndarray) -> np.ndarray:
    return indices[:, INDEX_NAMES.index("lv_ef")]


def _folder(run: Run) -> Path:
    return run.root / "checks" / "judge"
