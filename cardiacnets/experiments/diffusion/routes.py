"""Three routes from an ECG to a movie, on the same people, against the same real movies, by the same reader.

The *generator*; its *start*, the straight line from which its network begins, drawn without the network; and
its *rival*, which draws without any network, from classical features of the beat. The generator less its
start is what depth adds. The rival differs from the generator also in what it reads of the ECG, so that the
difference from it is one of whole routes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from cardiacnets.experiments.diffusion.generate import movies
from cardiacnets.experiments.diffusion.linear_movies import linear_movies
from cardiacnets.experiments.diffusion.movie_quality import JUDGED, measured, movie_similarity
from cardiacnets.experiments.diffusion.start_movies import (
    FROM_NOISE,
    start_movies,
    why_no_start,
)
from cardiacnets.experiments.shared.depth import in_a_word
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.phenotypes import INDEX_NAMES
from cardiacnets.run import Run
from cardiacnets.statistics import Estimate, bootstrap_correlations, bootstrap_mean, in_words
from cardiacnets.statistics.in_words import in_one_cell
from cardiacnets.statistics.trainings import trained_once

OTHERS = {"start": "start, untrained", "twin": "rival, closed form"}
"""What the generator is compared with, as a page calls it; ``twin`` is the rival's name in recorded keys."""
MEASURES = {
    "r": "indices read from the movie, mean r with the recorded ones",
    "ssim_sax": "similarity to one's own short-axis movie",
    "ssim_lax": "similarity to one's own four-chamber movie",
    "lv_ef_error": "error of the ejection fraction",
    "lv_edv_error": "error of end-diastolic volume",
    "lv_esv_error": "error of end-systolic volume",
    "lv_mass_error": "error of left-ventricular mass",
    "rv_edv_error": "error of the right ventricle's end-diastolic volume",
    "rv_esv_error": "error of the right ventricle's end-systolic volume",
}
"""What is measured on movies, as a page calls it."""
DIGITS = ((0.01, 5), (1, 3), (10, 2), (1000, 1))
"""Decimals of numbers below a limit."""
NEGLIGIBLE = 0.01
"""Share of what another route reaches below which a difference is too small to count."""
TINY = f"{100 * NEGLIGIBLE:g} %"
"""The same for a page."""
UNITS = {f"{name}_error": unit for name, unit in JUDGED.items()}


def other_movies(run: Run, cohort: str, view: str) -> dict[str, np.ndarray]:
    """Movies (n, T, H, W) uint8 of one view by what a page calls the other routes, those that there are."""
    found = {} if why_no_start(run.profile.diffusion) else {"start": start_movies(run, cohort, view)}
    return found | {"rival": linear_movies(run, cohort, view)}


def beside(run: Run, cohort: str, own: Mapping[str, np.ndarray]) -> dict[str, pd.DataFrame]:
    """The generator's movies beside those of each other route of :data:`OTHERS`: mean r of what is read from
    them with the recorded indices, similarity to the person's own real movie, errors against what is read
    from that.

    A table a route, one row a measure of :data:`MEASURES`: ``measure``, ``unit``; the ``generator``'s value
    and the ``other`` one's with their intervals; ``estimate``, ``low``, ``high``, ``n``, ``method`` of the
    difference, positive where the generator is closer to the person's own heart; ``word`` for it. All are NaN
    for the start of a generator that starts from noise.

    ``own``: of :func:`~cardiacnets.experiments.diffusion.movie_quality.own_similarity`.
    """
    opened = {"start": start_movies, "twin": linear_movies}
    if why_no_start(run.profile.diffusion):
        del opened["start"]
    readings = measured(run, cohort)
    read = {"generator": readings["generated"]}
    read |= {other: drawn(run, cohort, "indices") for other, drawn in opened.items()}
    alike = {}
    for view in VIEWS:
        real = movies(run, cohort, view, "real")
        alike[view] = {
            other: movie_similarity(drawn(run, cohort, view), real) for other, drawn in opened.items()
        }
        alike[view]["generator"] = own[view]
    found = _compared(readings, read, alike, run.profile.resampling)
    unknown = Estimate(np.nan, (np.nan, np.nan), None, FROM_NOISE)
    tables = {}
    for other in OTHERS:
        rows = found.get(other, dict.fromkeys(MEASURES, (unknown,) * 3))
        tables[other] = pd.DataFrame(
            {"measure": measure, "unit": UNITS.get(measure, ""), **ours.columns("generator"),
             **theirs.columns("other"), **trained_once(gain).row(), "word": _word(gain, theirs.estimate)}
            for measure, (ours, theirs, gain) in rows.items()
        )  # fmt: skip
    return tables


def _compared(
    readings: Mapping[str, np.ndarray],
    read: Mapping[str, np.ndarray],
    alike: Mapping[str, Mapping[str, np.ndarray]],
    settings: Mapping[str, int],
) -> dict[str, dict[str, tuple[Estimate, Estimate, Estimate]]]:
    """The generator, the other route and the difference of both, by other route and measure.

    Arguments:
        readings: of :func:`~cardiacnets.experiments.diffusion.movie_quality.measured`.
        read: indices (n, 82) read from the movies of each route.
        alike: by view, similarity (n,) of each route's movies to the real ones.
        settings: of the resampling.
    """
    r = bootstrap_correlations(readings["truth"], read, **settings)
    # by measure: the sign of what is better, and each person's value by route
    values = {f"ssim_{view}": (1, by_route) for view, by_route in alike.items()}
    for name in JUDGED:
        place = INDEX_NAMES.index(name)
        off = {route: np.abs(each - readings["real"])[:, place] for route, each in read.items()}
        values[f"{name}_error"] = -1, off
    found = {}
    for other in read.keys() - {"generator"}:
        gain = r.mean_difference("generator", other)
        found[other] = {"r": (r.mean("generator"), r.mean(other), gain)}
        for measure, (sign, by_route) in values.items():
            ours, theirs = by_route["generator"], by_route[other]
            each = ours, theirs, sign * (ours - theirs)
            found[other][measure] = tuple(bootstrap_mean(one, **settings) for one in each)
    return found


def values_table(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What each route reaches, for a page; ``tables``: :func:`beside` by the other route."""
    lines = [
        {"measure": MEASURES[row.measure], "generator": _told(Estimate.of(row, "generator"), row.unit)}
        for row in tables["twin"].itertuples()
    ]
    for other, table in tables.items():
        for line, row in zip(lines, table.itertuples(), strict=True):
            line[OTHERS[other]] = _told(Estimate.of(row, "other"), row.unit)
    return pd.DataFrame(lines).assign(n=tables["twin"]["n"])


def gains_table(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What the generator has over each other route, for a page: differences with intervals, and a word."""
    heads = {"start": "closer than its start by (what depth adds)", "twin": "closer than the rival by"}
    lines = [{"measure": name} for name in MEASURES.values()]
    for other, table in tables.items():
        for line, row in zip(lines, table.itertuples(), strict=True):
            line[heads[other]] = _told(Estimate.of(row), row.unit.replace("%", "points"))
            if other == "start":
                line["in a word"] = row.word
    return pd.DataFrame(lines).assign(n=tables["twin"]["n"])


def depth_told(row: Any) -> str:
    """What depth adds, as the end of a sentence that begins with the network; ``row``: of :func:`beside`,
    other route ``start``.
    """
    return _sentence(
        row, "adds to the start", "is worse than the start", "adds nothing to the start",
        f"changes next to nothing, less than {TINY} of what the start reaches",
        unknown="cannot be compared with a start, for this generator starts from noise",
    )  # fmt: skip


def rival_told(row: Any) -> str:
    """The same beside the rival, as the end of a sentence that begins with the generator."""
    return _sentence(
        row, "is ahead of the rival", "is behind the rival", "shows no difference from the rival",
        f"differs from the rival by less than {TINY} of what that reaches",
    )  # fmt: skip


def _sentence(row: Any, above: str, below: str, unseen: str, tiny: str, **options: str) -> str:
    gain = Estimate.of(row)
    if next_to_nothing(gain, row.other):
        return tiny
    return in_words(gain, above, below, unseen, unit=row.unit.replace("%", "percentage points"), **options)


def next_to_nothing(gain: Estimate, reached: float) -> bool:
    """Whether all of the interval lies within :data:`NEGLIGIBLE` of what the other route has ``reached``:
    with many people a difference can be certain and yet too small to count.
    """
    return max(map(abs, gain.interval)) < NEGLIGIBLE * abs(reached)


def _word(gain: Estimate, reached: float) -> str:
    return "next to nothing" if next_to_nothing(gain, reached) else in_a_word(trained_once(gain))


def _told(found: Estimate, unit: str) -> str:
    if not np.isfinite(found.estimate):
        return "not available"
    values = found.estimate, *found.interval
    largest = max(map(abs, values))
    digits = next((digits for limit, digits in DIGITS if largest < limit), 0)
    rounded = (round(each, digits) + 0.0 for each in values)  # no minus before nothing
    return f"{in_one_cell(*rounded, digits)} {unit}".strip()
