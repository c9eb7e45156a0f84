"""What chapter 04 says of how the ECG guides the picture: sentences and tables of its scores."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cardiacnets.contracts import LEADS
from cardiacnets.experiments.diffusion.guidance import CAUSES, REDRAWN, counterfactual, enrichment
from cardiacnets.experiments.diffusion.movie_quality import minus
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.phenotypes import INDEX_NAMES, PHENOTYPES, axis_label
from cardiacnets.run import Run
from cardiacnets.statistics import Estimate, bootstrap_mean, wilson_interval
from cardiacnets.statistics.in_words import in_one_cell, side_of_zero
from cardiacnets.study import VIEW_TITLES


def listening_told(found: pd.DataFrame, view: str) -> str:
    """What a stranger's ECG and none cost of the error in one ``view``, by noise level: rows of
    :func:`~cardiacnets.experiments.diffusion.guidance.listening`.
    """
    own = found[found["told"] == "own"].set_index("level")["error"]
    levels = ", ".join(f"{level:g}" for level in own.index)

    def shares(told: str) -> str:
        rows = found[found["told"] == told]
        return ", ".join(f"{100 * row.estimate / own[row.level]:+.1f} %" for row in rows.itertuples())

    worse, alike = [], []
    for row in found[found["told"] == "none"].itertuples():
        (worse if row.low > 0 else alike).append(f"{row.level:g}")
    told = (
        f"In the {VIEW_TITLES[view]} view, at noise levels {levels}, a stranger's ECG changes the error by "
        f"{shares('stranger')} of it, and no ECG by {shares('none')}"
    )
    if not worse:
        ending = "that going without an ECG costs anything is not shown at any level"
    elif not alike:
        ending = "going without an ECG costs something at every level"
    else:
        ending = (
            f"going without an ECG costs something at {' and '.join(worse)}; at {' and '.join(alike)} that "
            "is not shown"
        )
    return minus(f"{told}: {ending}.")


def attention_told(looked: np.ndarray) -> str:
    """How unequally the leads are looked at, of attention ``(T, 12, columns)``."""
    shares = looked.mean(0).sum(1) * len(LEADS)  # (12,), 1 is an equal share
    most, least = int(shares.argmax()), int(shares.argmin())
    return (
        f"No lead gets more than {max(100 * (shares[most] - 1), 0):.0f} % above its equal share: that is "
        f"{LEADS[most]}; the least looked at, {LEADS[least]}, lies {max(100 * (1 - shares[least]), 0):.0f} % "
        "below."
    )


def charts_told(looked: np.ndarray) -> str:
    """Which charts of attention ``(T, 12, columns)`` stand on the page."""
    tokens = "one token a lead" if looked.shape[2] == 1 else "a column for each token of a lead"
    if len(looked) == 1:
        return f"One chart: {tokens}; latents here hold all frames at once"
    return f"Two charts: {tokens}, and how it changes from frame to frame"


def gaze_told(places: np.ndarray, across: str) -> str:
    """How far the gaze of ``places`` (h, w) moves, standard deviations in shares of the uniform one."""
    if places.size == 1:
        return (
            "One vector tells the whole heart here, so that no place looks elsewhere than another; from "
            f"{across} the attention to a token varies by {100 * places.max():.1f} % of an equal share."
        )
    return (
        f"From {across} the attention of a place to a token varies by {100 * np.median(places):.1f} % of an "
        f"equal share in the middle, and by {100 * places.max():.1f} % where it varies most."
    )


def score_causes(run: Run) -> pd.DataFrame:
    """The signs by which a cause guides the picture, in short axis, each paired over hearts.

    One row a cause that has an index: its ``index_name``; ``true`` and ``estimate``, ``low``, ``high``: mean
    change of the index in truth and as read from the movies; ``right`` of ``n`` hearts read to move in the
    true direction; ``larger`` with its interval: root mean square change less that of being turned in the
    chest; ``placed``: concentration in the true region less that of other noise.
    """
    drawn = counterfactual(run, "generated_sax").astype(np.float32)
    real = counterfactual(run, "real_sax").astype(np.float32)
    read, truth, rows = counterfactual(run, "read"), counterfactual(run, "truth"), []
    (turned,) = (state for state, cause in enumerate(CAUSES, start=1) if not cause.index)

    def size(state: int) -> np.ndarray:
        return np.sqrt(((drawn[state] - drawn[0]) ** 2).mean(axis=(1, 2, 3)))

    for state, cause in enumerate(CAUSES, start=1):
        if not cause.index:
            continue
        place = INDEX_NAMES.index(cause.index)
        change, true = ((array[state] - array[0])[:, place] for array in (read, truth))
        region = np.abs(real[state] - real[0])
        there, by_noise = (enrichment(drawn[one] - drawn[0], region) for one in (state, -1))
        larger, placed, moved = (
            bootstrap_mean(values, **run.profile.resampling)
            for values in (size(state) - size(turned), there - by_noise, change)
        )
        rows.append(
            {"cause": cause.name, "index_name": cause.index, "true": float(true.mean()), **moved.row(),
             "right": int((np.sign(change) == np.sign(true)).sum()), **larger.columns("larger"),
             **placed.columns("placed")}
        )  # fmt: skip
    return pd.DataFrame(rows)


def cause_told(scored: pd.DataFrame, cause: str) -> str:
    """The verdict on one cause of :func:`score_causes`: which of the four signs of guiding a picture hold."""
    (row,) = scored[scored["cause"] == cause].itertuples()
    unit = PHENOTYPES["unit"].iloc[INDEX_NAMES.index(row.index_name)]
    index = axis_label(row.index_name).split(",")[0]
    moved, larger, placed = Estimate.of(row), Estimate.of(row, "larger"), Estimate.of(row, "placed")
    toward = np.sign(row.true)
    parts = {
        "its change is larger than that of being turned in the chest": side_of_zero(larger) == 1,
        "it lies in the true region more than other noise does": side_of_zero(placed) == 1,
        "its index moves in the true direction in the mean": side_of_zero(moved) == toward,
        "it moves so in more hearts than chance leaves": wilson_interval(row.right, row.n).interval[0] > 0.5,
    }
    missing = [words for words, holds in parts.items() if not holds]
    verdict = "all four signs hold: the cause guides the picture"
    if missing:
        verdict = f"{len(parts) - len(missing)} of four signs hold; not shown: {'; '.join(missing)}"
    drawn = in_one_cell(row.estimate, row.low, row.high, 1)
    share = f", {row.estimate / row.true:.0%} of the true size" if row.true else ""
    return minus(
        f"{cause.capitalize()}: {index} changes by {row.true:+.0f} {unit} in truth and by {drawn} "
        f"{unit} as drawn{share}, the right way in {row.right} of {row.n} hearts; {verdict}."
    )


def causes_table(directions: pd.DataFrame) -> pd.DataFrame:
    """:func:`~cardiacnets.experiments.diffusion.guidance.score_directions` for a page."""
    lines = []
    for row in directions.itertuples():
        scored = np.isfinite(row.agree)
        lines.append({
            "cause": row.cause,
            "index": axis_label(row.index_name),
            "true change": round(row.true, 1),
            "change in generated movies (95 % interval)": in_one_cell(row.estimate, row.low, row.high, 1),
            "share of hearts in the true direction (95 % interval)":
                in_one_cell(row.agree, row.agree_low, row.agree_high, 2) if scored else "",
            "n": row.n,
        })  # fmt: skip
    return pd.DataFrame(lines)


def places_table(placed: pd.DataFrame) -> pd.DataFrame:
    """:func:`~cardiacnets.experiments.diffusion.guidance.score_places` for a page: one line a change."""
    heads = {"size": "size, grey levels (95 % interval)", "in_region": "in the true region (95 % interval)"}
    lines = {}
    for row in placed.itertuples():
        line = lines.setdefault((row.view, row.cause, row.change), {
            "view": VIEW_TITLES[row.view], "cause": row.cause,
            "what was changed": "the noise" if row.change == REDRAWN else "the cause",
            **dict.fromkeys(heads.values(), ""), "n": row.n,
        })  # fmt: skip
        line[heads[row.measure]] = in_one_cell(row.estimate, row.low, row.high, 1)
    return pd.DataFrame(lines.values()).sort_values("view", key=lambda names: names.map(
        {VIEW_TITLES[view]: place for place, view in enumerate(VIEWS)}), kind="stable")  # fmt: skip
