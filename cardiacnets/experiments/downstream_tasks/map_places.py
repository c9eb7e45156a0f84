"""Where studies lie on the map of when alignment pays: by their pairs and labels, as far as these are known.

The study's counts are those of the manifest of UK Biobank (arXiv 2411.13602); of the version in NEJM AI only
the number of samples of all cohorts together is known. One's own cohort is whatever fills the place of the
paired cohort in the run: as its manifest selects it, or simulated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cardiacnets.cohorts.manifest import load_manifest
from cardiacnets.cohorts.preprocessing import open_clean
from cardiacnets.cohorts.studied import real_cohorts
from cardiacnets.experiments.shared.tasks import labelled
from cardiacnets.phenotypes import MANIFESTS
from cardiacnets.run import Run
from cardiacnets.statistics import Comparison
from cardiacnets.statistics.in_words import in_one_cell, in_words

PREPRINT, ARTICLE, OWN = "the study (preprint)", "the published version (NEJM AI)", "this run"


@dataclass(frozen=True)
class Place:
    """A study on the map: ``mark`` is its letter there, ``pairs`` and ``labels`` are of training people,
    ``None`` where they are not known; ``source`` says where from, or why not.
    """

    name: str
    mark: str
    pairs: int | None
    labels: int | None
    source: str


def places(run: Run) -> list[Place]:
    """The study, its published version, and the run's own paired cohort."""
    manifest = load_manifest(MANIFESTS / "ukb.yaml")
    counts, ratio = manifest.published, manifest.split.ratio
    share = ratio[0] / sum(ratio)
    diseased = counts["cases"] + counts["controls"]
    clean, own = open_clean(run, "ukb"), real_cohorts(run).get("ukb")
    return [
        Place(
            PREPRINT, "P", round(share * counts["pairs"]), round(share * diseased),
            f"arXiv 2411.13602: {100 * share:.0f} % of {counts['pairs']:,} pairs, and of {diseased:,} people "
            "with and without a disease; of how many the indices were known is not stated",
        ),
        Place(
            ARTICLE, "N", None, None,
            "159,819 samples of all cohorts together (README of the authors' repository); of how many there "
            "are pairs or labels is not stated there",
        ),
        Place(
            OWN, "R", len(clean.rows("train")), len(labelled(run, "ukb.indices").of("train")),
            f"training part of {own.title}, by its manifest" if own else "training part, simulated",
        ),
    ]  # fmt: skip


def on_axis(value: int, numbers: list[int]) -> float:
    """Where a number lies among rising ``numbers`` drawn side by side, 0 the middle of the first: along the
    logarithm between two of them, half a step before the first or after the last where it lies beyond.
    """
    logs = np.log(numbers)
    within = float(np.interp(np.log(value), logs, np.arange(len(numbers))))
    return -0.5 if value < numbers[0] else len(numbers) - 0.5 if value > numbers[-1] else within


def nearest(table: pd.DataFrame, place: Place, teacher: str) -> Comparison | None:
    """The gain from ``teacher`` in the computed cell that lies nearest to ``place``, by the logarithms of
    pairs and labels; ``None`` where the place is not known or nothing was computed.
    """
    known = table[(table["teacher"] == teacher) & table["estimate"].notna()]
    if known.empty or place.pairs is None or place.labels is None:
        return None
    away = np.log(known["pairs"] / place.pairs) ** 2 + np.log(known["labels"] / place.labels) ** 2
    return Comparison.of(next(known.loc[[away.idxmin()]].itertuples()))


def places_table(table: pd.DataFrame, marked: list[Place], teacher: str) -> pd.DataFrame:
    """One row a place: its counts, whether it lies beyond the map, what the nearest cell shows, source."""
    reach = {name: (table[name].min(), table[name].max()) for name in ("pairs", "labels")}
    rows = []
    for place in marked:
        row = {"place": f"{place.name} ({place.mark})"}
        beyond = []
        for name, (least, most) in reach.items():
            value = getattr(place, name)
            row[name] = "not stated" if value is None else f"{value:,}"
            if value is not None and not least <= value <= most:
                beyond.append(name)
        gain = nearest(table, place, teacher)
        inside = f"beyond it in {' and '.join(beyond)}" if beyond else "inside"
        row["on the map"] = "not placed" if gain is None else inside
        shown = "–" if gain is None else f"{gain.estimate:.3f}, {_in_words(gain)}".replace("-", "−")
        row["nearest cell"] = shown
        rows.append(row | {"source": place.source})
    return pd.DataFrame(rows)


def network_in_words(table: pd.DataFrame, place: Place, gains: pd.DataFrame, teacher: str) -> str:
    """What the trained network gains where a place of the run lies, over the same rival as the map's, and
    what the nearest cell shows of the closed form, as a sentence.

    ``table`` is the map, ``gains`` rows of comparisons of the aligned network. The rival is the readout that
    validation preferred in most draws at the nearest number of labels.
    """
    known = table[(table["teacher"] == teacher) & table["estimate"].notna()]
    cell = nearest(table, place, teacher)
    if cell is None:
        return "The network cannot be held against the map in this run."
    labels = known.loc[(np.log(known["labels"] / place.labels)).abs().idxmin()]
    rival = str(labels["baseline"]).split(" ")[0]
    against = {"untrained": "the readout of an untrained encoder", "classical": "the classical model"}
    rows = gains[gains["comparison"] == f"aligned-{rival}"]
    if rows.empty:
        return "The network was not compared in this run with the rival that validation prefers."
    (row,) = rows.itertuples()
    return (
        f"With {place.labels:,} labels and all pairs its gain over {against[rival]}, the rival that "
        f"validation prefers there, is {in_one_cell(row.estimate, row.low, row.high)}. The cell of the map "
        f"nearest to that place shows for the closed form {in_one_cell(cell.estimate, *cell.interval)}."
    )


def _in_words(gain: Comparison) -> str:
    return in_words(gain, "a gain", "a loss", "nothing")
