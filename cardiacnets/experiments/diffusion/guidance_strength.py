"""What guidance buys, and what it costs: the same ECGs' movies, drawn ever further as they tell.

What part of the truth lets one expect lies nearer to the average than the truth does, so hearts that are
expected from ECGs are more alike than hearts are. Guidance draws them apart again, each further in the
direction in which its ECG sets it apart. Against the noise that is left that can raise a correlation, which
ignores scale; errors in millilitres do not ignore it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from cardiacnets.cohorts.preprocessing import open_clean
from cardiacnets.experiments.contrastive_alignment.align import load_aligner
from cardiacnets.experiments.diffusion.cine_reader import fit_cine_reader, open_cine_reader
from cardiacnets.experiments.diffusion.generate import (
    draw_movies,
    ecg_tokens,
    generated_rows,
    knows_noise,
)
from cardiacnets.experiments.diffusion.movie_quality import measured
from cardiacnets.experiments.shared.inputs import ecg_batch
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.phenotypes import INDEX_NAMES
from cardiacnets.reach import code_of
from cardiacnets.run import Run
from cardiacnets.statistics import (
    Estimate,
    bootstrap_correlations,
    bootstrap_mean,
    in_words,
    participant_bootstrap,
)
from cardiacnets.statistics.in_words import in_one_cell

STRENGTHS = (1.0, 1.25, 1.5, 2.0)
"""How far is drawn as the ECG tells: 1 is no guidance."""
PEOPLE = 160
"""Test participants whose movies are drawn again at each strength; as many as there are, at most."""
ERROR = "lv_edv"
"""The index whose error is told."""
MEASURES = ("r", "spread", "error")
"""What is measured at each strength, see :func:`guided`."""


def draw_guided(run: Run) -> Path:
    """Draw and read, at each of :data:`STRENGTHS`, movies of the first test participants of ``ukb``, or reuse
    that: ``read.npy`` (strengths, people, 82). But for the guidance they are drawn as the profile says.
    """
    sizes = run.profile.diffusion
    known = [run.require(run.models / "noise")] if knows_noise(sizes) else []
    ingredients = {
        "models": [run.require(run.models / f"diffusion_{view}") for view in VIEWS] + known,
        "aligned": run.models / "aligned",
        "diffusion": sizes,
        "reader": fit_cine_reader(run),
        "seed": run.profile.seed,
        "source": code_of(draw_guided),
    }

    def make(folder: Path) -> None:
        rows = generated_rows(run, "ukb")[:PEOPLE]
        ecg = ecg_batch(open_clean(run, "ukb"), rows, run.profile.ecg_input)
        tokens, reader, read = ecg_tokens(load_aligner(run).encoder, ecg), open_cine_reader(run), []
        for strength in STRENGTHS:
            drawing = tokens, run.profile.seed, replace(sizes, guidance=strength)
            read.append(reader({view: draw_movies(run, view, *drawing) for view in VIEWS}))
        np.save(folder / "read.npy", np.stack(read).astype(np.float32))

    return run.fit_or_load(run.predictions / "generated.guidance", ingredients, make)


def guided(run: Run) -> pd.DataFrame:
    """One row a ``strength``, and one of the last less the first (``strength`` NaN), on the same people, each
    measure with its interval: ``r`` (mean over the indices, with the record), ``spread`` (standard deviation
    of an index over the movies as a share of that over the real ones, mean over the indices) and ``error``
    (mean absolute error of end-diastolic volume against what is read from the real movie, ml); ``n``.
    """
    read = np.load(run.require(run.predictions / "generated.guidance") / "read.npy", allow_pickle=False)
    known = {name: values[: read.shape[1]] for name, values in measured(run, "ukb").items()}
    settings, names = run.profile.resampling, [f"{strength:g}" for strength in STRENGTHS]
    by_name = dict(zip(names, read.astype(np.float64), strict=True))
    found = bootstrap_correlations(known["truth"], by_name, **settings)
    place, real = INDEX_NAMES.index(ERROR), known["real"].astype(np.float64)
    off = {name: np.abs(each - real)[:, place] for name, each in by_name.items()}
    rows = [
        {"strength": strength, **found.mean(name).columns("r"),
         **_spread(by_name[name], None, real, settings).columns("spread"),
         **bootstrap_mean(off[name], **settings).columns("error"), "n": len(real)}
        for strength, name in zip(STRENGTHS, names, strict=True)
    ]  # fmt: skip
    first, last = names[0], names[-1]
    rows.append(
        {"strength": np.nan, **found.mean_difference(last, first).columns("r"),
         **_spread(by_name[last], by_name[first], real, settings).columns("spread"),
         **bootstrap_mean(off[last] - off[first], **settings).columns("error"), "n": len(real)}
    )  # fmt: skip
    return pd.DataFrame(rows)


def _spread(
    drawn: np.ndarray, less: np.ndarray | None, real: np.ndarray, settings: Mapping[str, int]
) -> Estimate:
    """Deviation of ``drawn`` (n, 82), less that of another set, as a share of that of ``real``."""

    def deviation(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
        share = weights / weights.sum(axis=1, keepdims=True)
        centred = values - values.mean(axis=0)  # exact sums of squares
        return np.sqrt((share @ centred**2 - (share @ centred) ** 2).clip(0))

    def statistic(weights: np.ndarray) -> np.ndarray:
        told = deviation(drawn, weights) - (0 if less is None else deviation(less, weights))
        return (told / deviation(real, weights)).mean(axis=1)

    return participant_bootstrap(statistic, len(real), **settings)


def guided_table(found: pd.DataFrame) -> pd.DataFrame:
    """:func:`guided` for a page: a strength a line."""
    return pd.DataFrame(
        {
            "guidance": "last less first" if np.isnan(row.strength) else f"{row.strength:g}",
            "mean r with the record": _cell(row, "r"),
            "deviation between movies, share of that between real ones": _cell(row, "spread", 2),
            "error of end-diastolic volume, ml": _cell(row, "error", 1),
            "n": row.n,
        }
        for row in found.itertuples()
    )


def guided_told(found: pd.DataFrame) -> str:
    """What guidance does from the first strength to the last, in words that follow from the intervals."""
    change = next(row for row in found.itertuples() if np.isnan(row.strength))
    names = {
        "r": ("the correlation with the record", "", 3),
        "spread": ("the deviation between movies", " of that between real ones", 2),
        "error": ("the error of end-diastolic volume", " ml", 1),
    }
    told = []
    for measure, (name, unit, digits) in names.items():
        side = in_words(Estimate.of(change, measure), "rises", "falls", "shows no change", unit=unit.strip())
        told.append(f"{name} changes by {_cell(change, measure, digits)}{unit}: it {side}")
    return f"From a guidance of {STRENGTHS[0]:g} to {STRENGTHS[-1]:g} " + "; ".join(told)


def _cell(row: object, measure: str, digits: int = 3) -> str:
    found = Estimate.of(row, measure)
    return in_one_cell(found.estimate, *found.interval, digits)
