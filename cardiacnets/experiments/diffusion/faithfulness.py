"""How much of what an ECG tells arrives in the movie, and whether its draws vary as hearts do.

A movie is one heart out of those that an ECG allows. If an ECG predicts an index with correlation r, a draw
that varies as truth does correlates with it at r squared only: it adds the half that the ECG does not know.
The mean over many draws goes back to r. So a single draw is set beside both: what the same frozen tokens
predict directly, and the square of that.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from cardiacnets.cohorts.preprocessing import open_clean
from cardiacnets.cohorts.store import open_cohort
from cardiacnets.experiments.contrastive_alignment.align import load_aligner
from cardiacnets.experiments.diffusion.cine_reader import (
    CineReader,
    Lesson,
    fit_cine_reader,
    open_cine_reader,
    open_lesson,
)
from cardiacnets.experiments.diffusion.generate import (
    draw_movies,
    ecg_tokens,
    freely,
    generated_rows,
    movies,
)
from cardiacnets.experiments.diffusion.linear_movies import linear_movies
from cardiacnets.experiments.diffusion.movie_quality import measured
from cardiacnets.experiments.diffusion.start_movies import start_movies, why_no_start
from cardiacnets.experiments.shared.inputs import ecg_batch
from cardiacnets.experiments.shared.probe import Probe, fit_probe
from cardiacnets.experiments.shared.tasks import TASKS
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.phenotypes import INDEX_NAMES, axis_label
from cardiacnets.profile import Diffusion
from cardiacnets.reach import code_of
from cardiacnets.run import Run
from cardiacnets.statistics import Estimate, apart, bootstrap_correlations, bootstrap_mean, pearson
from cardiacnets.statistics.in_words import in_one_cell, side_of_zero

GOAL = 0.9
"""The share of what the ECG predicts directly that a movie should carry."""
DRAWS = 20
READ_FROM = {
    "generated": "generator", "start": "start, untrained", "twin": "rival, closed form",
    "direct": "ECG directly, no movie",
}  # fmt: skip
"""What an index is read from, as a page calls it."""
VARIED = ("lv_edv", "lv_esv", "lv_ef", "lv_mass", "rv_edv", "rv_esv")
"""Indices whose variation between draws is looked at."""


KINDS = {"real": "real", "generated": "generated", "strangers": "generated, the other view a stranger's"}
"""Whose views are set side by side, as a page calls them."""


def mean_tokens(run: Run, cohort: str, rows: np.ndarray) -> np.ndarray:
    """The frozen ECG tokens of ``rows``, averaged: (n, D)."""
    ecg = ecg_batch(open_clean(run, cohort), rows, run.profile.ecg_input)
    return ecg_tokens(load_aligner(run).encoder, ecg).mean(1).numpy()


def direct_indices(run: Run, cohort: str) -> np.ndarray:
    """The 82 indices (n, 82) of :func:`generated_rows` as the frozen ECG tokens, averaged, predict them: a
    ridge readout of the same training participants from whom the movies' reader has learned.
    """
    clean, indices = open_clean(run, "ukb"), open_cohort(run, "ukb").indices
    sides = clean.rows("train"), clean.rows("validation")
    taught, held_out = ((mean_tokens(run, "ukb", rows), indices[rows]) for rows in sides)
    readout = fit_probe(TASKS["ukb.indices"], *taught, held_out)
    return readout(mean_tokens(run, cohort, generated_rows(run, cohort)))


def compare_with_direct(run: Run, cohort: str) -> pd.DataFrame:
    """Mean r with the recorded indices of what is read from movies, beside the direct prediction.

    One row a way (``generated``: one draw of the generator, ``start``: the same without its network, where
    there is such, ``twin``: one draw of the rival, ``direct``): ``estimate``, ``low``, ``high``, ``n``;
    ``share`` of the direct one; ``short`` and its interval: r less :data:`GOAL` of the direct r; ``cycle``:
    mean r with the direct prediction, whether the movie says what the ECG says. ``expected``, everywhere the
    same, is the mean of the squared direct correlations: where a draw that varies as truth does would lie.
    """
    readings = measured(run, cohort)
    read = {
        "generated": readings["generated"],
        "start": None if why_no_start(run.profile.diffusion) else start_movies(run, cohort, "indices"),
        "twin": linear_movies(run, cohort, "indices"),
        "direct": direct_indices(run, cohort),
    }
    read = {way: values for way, values in read.items() if values is not None}
    found = bootstrap_correlations(readings["truth"], read, **run.profile.resampling)
    direct, rows = found.mean("direct"), []
    expected = float(np.nanmean(found.indices("direct").estimate.clip(0) ** 2))
    for way, values in read.items():
        row = {"way": way, **found.mean(way).row(), "share": found.mean(way).estimate / direct.estimate}
        if way != "direct":
            short = found.mean_contrast({way: 1.0, "direct": -GOAL})
            row |= short.columns("short")
            row["cycle"] = float(np.nanmean(pearson(read["direct"], values)))
        rows.append(row | {"expected": expected})
    return pd.DataFrame(rows)


def direct_table(table: pd.DataFrame) -> pd.DataFrame:
    """:func:`compare_with_direct` for a page; a start that there is not says so."""
    rows = {row.way: row for row in table.itertuples()}
    lines = []
    for way, words in READ_FROM.items():
        if way not in rows:
            lines.append({"read from": words, "mean r (95 % interval)": "not available"})
            continue
        row = rows[way]
        line = {
            "read from": words,
            "mean r (95 % interval)": in_one_cell(row.estimate, row.low, row.high),
            "share of the direct r": f"{row.share:.0%}",
        }
        if way != "direct":
            line["mean r with the direct prediction"] = f"{row.cycle:.3f}"
        lines.append(line | {"n": f"{row.n:,}"})
    return pd.DataFrame(lines).fillna("")


def draw_often(run: Run) -> Path:
    """Draw :data:`DRAWS` movies for each of a few test ECGs, both views, and read them, or reuse that:
    ``read.npy`` (people, draws, 82). Freely, whatever the profile's: only such draws are to vary as
    hearts do.
    """
    ingredients = {
        "models": [run.require(run.models / f"diffusion_{view}") for view in VIEWS],
        "aligned": run.models / "aligned",
        "diffusion": run.profile.diffusion,
        "reader": fit_cine_reader(run),
        "seed": run.profile.seed,
        "source": code_of(draw_often),
    }

    def make(folder: Path) -> None:
        rows = generated_rows(run, "ukb")[: run.profile.diffusion.counterfactuals]
        ecg = ecg_batch(open_clean(run, "ukb"), rows, run.profile.ecg_input)
        often = ecg_tokens(load_aligner(run).encoder, ecg).repeat_interleave(DRAWS, 0)
        drawing = often, run.profile.seed + 1, freely(run.profile.diffusion)
        cines = {view: draw_movies(run, view, *drawing) for view in VIEWS}
        read = open_cine_reader(run)(cines).reshape(len(rows), DRAWS, -1)
        np.save(folder / "read.npy", read.astype(np.float32))

    return run.fit_or_load(run.predictions / "generated.draws", ingredients, make)


def diversity(run: Run) -> pd.DataFrame:
    """How draws for one ECG vary, against how people do, and whether the truth lies among them.

    One row an index of :data:`VARIED`, all as read by the same reader: ``within`` (standard deviation of
    draws for one ECG, root mean square over people), ``between`` (of people's own real movies), and
    ``covered``: share of people whose real movie lies within their draws; of faithful draws
    (:data:`DRAWS` - 1) / (:data:`DRAWS` + 1), told as ``expected``.
    """
    read = np.load(run.require(run.predictions / "generated.draws") / "read.npy", allow_pickle=False)
    everyone, rows = measured(run, "ukb")["real"], []
    for name in VARIED:
        place = INDEX_NAMES.index(name)
        draws, real = read[..., place], everyone[: len(read), place]
        inside = (draws.min(1) <= real) & (real <= draws.max(1))
        found = bootstrap_mean(inside.astype(float), **run.profile.resampling)
        rows.append(
            {"index_name": name, "within": float(np.sqrt(draws.var(1, ddof=1).mean())),
             "between": float(everyone[:, place].std(ddof=1)), "covered": found.estimate,
             "covered_low": found.interval[0], "covered_high": found.interval[1],
             "expected": (DRAWS - 1) / (DRAWS + 1), "n": len(read)}
        )  # fmt: skip
    return pd.DataFrame(rows)


def views_agree(run: Run, cohort: str) -> pd.DataFrame:
    """Whether both views show one heart: r between an index as read from either view alone.

    One row an index of :data:`VARIED` and ``kind`` (``real``, ``generated``, or ``strangers``: generated,
    with the next person's other view, which shows what no common heart gives).
    """
    reader, rows = open_cine_reader(run), []
    readouts = view_readouts(reader, *(open_lesson(run, split) for split in ("train", "validation")))
    pairings = ("real", "real", 0), ("generated", "generated", 0), ("strangers", "generated", 1)
    for kind, source, step in pairings:
        cines = {view: movies(run, cohort, view, source) for view in VIEWS}
        scores = dict(zip(VIEWS, np.hsplit(reader.features(cines), len(VIEWS)), strict=True))
        read = {view: readouts[view](scores[view]) for view in VIEWS}
        for name in VARIED:
            place = INDEX_NAMES.index(name)
            first, second = (read[view][:, place] for view in VIEWS)
            other = {"other": np.roll(second, step)[:, None]}
            found = bootstrap_correlations(first[:, None], other, **run.profile.resampling)
            rows.append({"index_name": name, "kind": kind, **found.mean("other").row()})
    return pd.DataFrame(rows)


def diversity_table(varied: pd.DataFrame) -> pd.DataFrame:
    """:func:`diversity` for a page."""
    return pd.DataFrame(
        {
            "index": axis_label(row.index_name),
            "deviation within one ECG's draws": f"{row.within:.1f}",
            "deviation between real movies": f"{row.between:.1f}",
            "people whose real movie is covered (95 % interval)": in_one_cell(
                row.covered, row.covered_low, row.covered_high, 2
            ),
            "expected": f"{row.expected:.2f}",
            "n": row.n,
        }
        for row in varied.itertuples()
    )


def views_table(agreed: pd.DataFrame) -> pd.DataFrame:
    """:func:`views_agree` for a page: an index a line, r by kind of movie."""
    lines = {}
    for row in agreed.itertuples():
        line = lines.setdefault(row.index_name, {"index": axis_label(row.index_name), "n": row.n})
        line[KINDS[row.kind]] = in_one_cell(row.estimate, row.low, row.high, 2)
    return pd.DataFrame(lines.values())[["index", *KINDS.values(), "n"]]


def views_told(agreed: pd.DataFrame, name: str, settings: Diffusion) -> str:
    """What it says that both views agree, of one index of :func:`views_agree`, in movies drawn by
    ``settings``: the limits of real and generated movies, added in squares, decide the words.
    """
    rows = {row.kind: Estimate.of(row) for row in agreed[agreed["index_name"] == name].itertuples()}
    noise = (
        "drawn with part of the noise, both views of a movie repeat what the ECG lets one expect, and real "
        "views do not have that in common. It is no sign of realism"
        if min(settings.temperature, settings.index_noise) < 1
        else "what both views are drawn from is shared further than in real hearts. It is no sign of realism"
    )
    said = {
        1: f"Generated views agree with each other more than real ones: {noise}.",
        -1: "Generated views agree with each other less than real ones: they are not yet one heart in two "
        "views as two real ones are.",
        0: "Whether generated views agree more or less than real ones cannot be told here.",
        None: "Whether generated views agree as real ones do cannot be judged in this run.",
    }
    return said[side_of_zero(apart(rows["generated"], rows["real"]))]


def variation_told(varied: pd.DataFrame, name: str) -> str:
    """A sentence on how draws of one index vary, from a row of :func:`diversity`."""
    (row,) = varied[varied["index_name"] == name].itertuples()
    low, high = row.covered_low, row.covered_high
    label, unit = axis_label(name).rsplit(", ", 1)
    range_told = (
        "fewer than" if high < row.expected else "more than" if low > row.expected else "in line with"
    )
    return (
        f"Over twenty draws for one ECG the standard deviation of {label} is {row.within:.1f} {unit}, over "
        f"all people's real movies {row.between:.1f} {unit}; the real movie reads within the range of its "
        f"draws in {row.covered:.0%} of {row.n} people, {range_told} the {row.expected:.0%} of draws that "
        "vary as truth does."
    )


def shared_told(noise: str) -> str:
    """What both views of a movie have in common, by the profile's ``diffusion.noise``."""
    if noise == "shared":
        return "Both views are drawn by models of their own from noise that shares what views of hearts share"
    return "Both views are drawn by models that share the ECG and nothing else"


def share_told(found: Estimate, share: float) -> str:
    """Whether a movie carries :data:`GOAL` of what the ECG tells: ``found`` is r less that share of it."""
    low, high = found.interval
    reached = "reaches" if low > 0 else "does not reach" if high < 0 else "cannot be told from"
    return f"carries {share:.0%} of that, which {reached} the goal of {GOAL:.0%}"


def view_readouts(reader: CineReader, taught: Lesson, held_out: Lesson) -> dict[str, Probe]:
    """A readout of the indices from the components of each view alone."""
    scores = [np.hsplit(reader.features(cines), len(VIEWS)) for cines, _ in (taught, held_out)]
    return {
        view: fit_probe(TASKS["ukb.indices"], known, taught[1], (asked, held_out[1]))
        for view, known, asked in zip(VIEWS, *scores, strict=True)
    }
