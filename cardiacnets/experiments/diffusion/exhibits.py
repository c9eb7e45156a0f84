"""Chapter 04, the study's own exhibits, from the movies of this run: people of the lowest and highest tenth
(figure 4a), what is read from generated movies against real ones and the record (figure 4b and c), all
indices (supplementary figure 2), and a gallery by disease (supplementary table 8).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import linregress
from scipy.stats import t as student

from cardiacnets.cohorts.preprocessing import open_clean
from cardiacnets.cohorts.store import open_cohort
from cardiacnets.contracts import DIAGNOSIS_NAMES, DISEASES, SUBTYPES
from cardiacnets.ecg import clean
from cardiacnets.experiments.diffusion.faithfulness import direct_indices
from cardiacnets.experiments.diffusion.generate import generated_rows, movies
from cardiacnets.experiments.diffusion.linear_movies import linear_movies
from cardiacnets.experiments.diffusion.movie_quality import JUDGED, measured, minus
from cardiacnets.experiments.shared.small_multiples import index_pairs
from cardiacnets.phenotypes import INDEX_NAMES, PHENOTYPES, axis_label
from cardiacnets.run import Run
from cardiacnets.statistics import Estimate, apart, bootstrap_mean, in_words, pearson_interval
from cardiacnets.statistics.partial_correlation import mean_partial_correlation

SHOWN = {"lv_mass": "sax", "rv_edv": "lax"}
"""The indices of the study's figure 4, and the view in which each is looked at."""
TENTH = 0.1
ENDS = ("lowest", "highest")
WAYS = {
    "generated": "generated movie",
    "twin": "rival's movie",
    "direct": "ECG directly",
    "real": "real movie",
}
"""What an index is read from."""
CONDITIONS = (*(disease for disease in DISEASES if disease != "cm"), *SUBTYPES)
"""Diseases of the gallery; cardiomyopathy by its subtypes."""
BY_RULE = {"typical": "typical", "failed": "largest error"}
"""Rules of the gallery, and what a case so chosen is called."""
NOBODY = Estimate(np.nan, (np.nan, np.nan), 0, "not estimable")


@dataclass(frozen=True, eq=False)
class Extreme:
    """Those drawn whose recorded ``index`` lies beyond ``limit``, the tenth of the whole test split at the
    ``end``: ``places`` among :func:`generated_rows`, the most extreme first.
    """

    index: str
    end: str
    limit: float
    places: np.ndarray


def extremes(run: Run, cohort: str) -> list[Extreme]:
    """Of each index of :data:`SHOWN` both ends, those who were drawn; limits are the test split's tenths."""
    everyone = open_cohort(run, cohort).indices[open_clean(run, cohort).rows("test")]
    drawn, found = measured(run, cohort)["truth"], []
    for index in SHOWN:
        place = INDEX_NAMES.index(index)
        for end, sign, share in zip(ENDS, (1, -1), (TENTH, 1 - TENTH), strict=True):
            limit = float(np.nanquantile(everyone[:, place], share))
            outward = sign * drawn[:, place]
            beyond = np.flatnonzero(outward <= sign * limit)
            found.append(Extreme(index, end, limit, beyond[np.argsort(outward[beyond], kind="stable")]))
    return found


def between_ends(run: Run, cohort: str, read: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """How far apart both ends are in the mean: one row an index and way of :func:`readings`, and the
    ``record``; ``estimate``, ``low``, ``high``, ``n``, ``method``. Fewer than two people at an end give NaN.
    """
    ends = {(one.index, one.end): one.places for one in extremes(run, cohort)}
    rows = []
    for index in SHOWN:
        for way, values in ({"record": measured(run, cohort)["truth"]} | dict(read)).items():
            column, found = values[:, INDEX_NAMES.index(index)], NOBODY
            groups = [column[ends[index, end]] for end in reversed(ENDS)]
            if min(map(len, groups)) > 1:
                found = apart(*(bootstrap_mean(group, **run.profile.resampling) for group in groups))
            rows.append({"index_name": index, "way": way, **found.row()})
    return pd.DataFrame(rows)


def ends_told(table: pd.DataFrame, index: str) -> str:
    """A sentence on one index of :func:`between_ends`."""
    rows = table[table["index_name"] == index].set_index("way")
    found = {way: Estimate.of(rows.loc[way]) for way in ("record", "real", "generated")}
    if not np.isfinite(found["generated"].estimate):
        return f"{axis_label(index)}: too few people of either tenth were drawn to compare them"
    record, real = (found[way].estimate for way in ("record", "real"))
    name, unit = axis_label(index).split(",")[0], PHENOTYPES["unit"].iloc[INDEX_NAMES.index(index)]
    ending = in_words(
        found["generated"], "the same way round", "the other way round", "no difference", unit=unit
    )
    low, high = found["generated"].interval
    told = (
        f"{name}: from the lowest tenth to the highest the record changes by {record:+.0f} {unit}, "
        f"what is read from real movies by {real:+.0f} {unit}, and from generated ones by "
        f"{found['generated'].estimate:+.0f} {unit} ({low:+.0f} to {high:+.0f}), {ending}"
    )
    if not (np.isfinite(real) and record > 0):
        return minus(told)
    kept = real / record
    own = "part of the shrinkage is the reader's own" if kept < 1 else "the reader itself shrinks nothing"
    return minus(f"{told}; of the recorded way {kept:.0%} is read from real movies: {own}")


def readings(run: Run, cohort: str) -> dict[str, np.ndarray]:
    """Indices (n, 82) of :func:`generated_rows` by the :data:`WAYS`."""
    read = measured(run, cohort)
    return {
        "generated": read["generated"],
        "twin": linear_movies(run, cohort, "indices"),
        "direct": direct_indices(run, cohort),
        "real": read["real"],
    }


def beside_record(read: Mapping[str, np.ndarray], truth: np.ndarray) -> pd.DataFrame:
    """r with the recorded index: one row an index of :data:`SHOWN` and way of :func:`readings`."""
    rows = []
    for index in SHOWN:
        place = INDEX_NAMES.index(index)
        for way, values in read.items():
            found = pearson_interval(truth[:, place], values[:, place])
            rows.append({"index_name": index, "way": way, **found.row()})
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class BlandAltman:
    """Agreement of two readings of the same people (Bland and Altman 1986): the mean difference and both
    limits of agreement, each with its interval.
    """

    bias: Estimate
    lower: Estimate
    upper: Estimate


def bland_altman(a: np.ndarray, b: np.ndarray) -> BlandAltman:
    """Of ``a`` less ``b`` (n,): the bias, and 1.96 standard deviations to either side of it.

    Intervals are those of Bland and Altman 1999 (section 2.2), normal: the variance of a limit is 2.92 times
    that of the bias. Raises ``ValueError`` for fewer than three pairs.
    """
    difference = np.asarray(a, dtype=float) - np.asarray(b, dtype=float)
    count = len(difference)
    if count < 3:
        raise ValueError(f"limits of agreement need at least three pairs, not {count}")
    bias, spread = float(difference.mean()), float(difference.std(ddof=1))
    found, error = [], spread / count**0.5
    for value, wide in ((bias, 1.0), (bias - 1.96 * spread, 2.92), (bias + 1.96 * spread, 2.92)):
        reach = 1.96 * error * wide**0.5
        method = "limits of agreement, normal"
        found.append(Estimate(value, (value - reach, value + reach), count, method))
    return BlandAltman(*found)


def slope(drawn: np.ndarray, real: np.ndarray) -> Estimate:
    """Of what is read from generated movies (n,) over the same from real ones, least squares with Student's
    interval: 1 where hearts arrive at their size, 0 where all are drawn alike. NaN for fewer than three
    pairs or hearts that are all alike.
    """
    if len(real) < 3 or np.ptp(real) == 0:
        return NOBODY
    found = linregress(real, drawn)
    reach = float(student.ppf(0.975, len(real) - 2) * found.stderr)
    ends = float(found.slope - reach), float(found.slope + reach)
    return Estimate(float(found.slope), ends, len(real), "least squares, Student's interval")


def agreement_told(index: str, found: BlandAltman, rises: Estimate) -> str:
    """A sentence on generated less real movies of one index: :func:`bland_altman` and :func:`slope`."""
    name, unit = axis_label(index).split(",")[0], PHENOTYPES["unit"].iloc[INDEX_NAMES.index(index)]
    low, high = rises.interval
    shrunk = "whether they are drawn towards the average cannot be judged in this run"
    if np.isfinite([low, high]).all():
        limits = f"{10 * rises.estimate:.1f} {unit} ({10 * low:.1f} to {10 * high:.1f})"
        shrunk = f"of 10 {unit} between two real hearts {limits} arrive in the movies, " + (
            "so that small hearts are drawn too large and large ones too small" if high < 1
            else "so that differences are exaggerated" if low > 1
            else "and all of them may"
        )  # fmt: skip
    return minus(
        f"{name}, generated less real movie: {found.bias.estimate:+.1f} {unit} in the mean, and "
        f"for nineteen of twenty people between {found.lower.estimate:+.0f} and "
        f"{found.upper.estimate:+.0f} {unit} (limits of agreement); {shrunk}."
    )


def what_the_picture_adds(run: Run, cohort: str, read: Mapping[str, np.ndarray]) -> Estimate:
    """Mean partial r of what is read from generated movies with the record, given what the same ECG tells
    directly: 0 where the picture only displays it.
    """
    truth = measured(run, cohort)["truth"]
    return mean_partial_correlation(truth, read["generated"], read["direct"], **run.profile.resampling)


def adds_told(found: Estimate) -> str:
    """Whether the picture adds information or only displays it, as the end of a sentence that begins with
    it.
    """
    return in_words(
        found, "tells of the heart what a straight line from the same ECG does not",
        "goes against what the same ECG tells directly",
        "displays what the same ECG tells and adds nothing", lost="a partial r",
    )  # fmt: skip


def regressions(run: Run, cohort: str) -> pd.DataFrame:
    """Every index as read from generated (``predicted``) against real movies (``recorded``) of the same
    people; see :func:`~cardiacnets.experiments.shared.small_multiples.index_pairs`.
    """
    read = measured(run, cohort)
    return index_pairs(read["real"], read["generated"])


def movie_errors(read: Mapping[str, np.ndarray]) -> np.ndarray:
    """How far each generated movie (n,) is from the person's own: the mean over :data:`JUDGED` of the
    absolute difference as read from both, in standard deviations of the real ones. ``read``: see
    :func:`~cardiacnets.experiments.diffusion.movie_quality.measured`.
    """
    places = [INDEX_NAMES.index(name) for name in JUDGED]
    spread = np.maximum(read["real"][:, places].std(axis=0), 1e-6)
    return (np.abs(read["generated"] - read["real"])[:, places] / spread).mean(axis=1)


@dataclass(frozen=True, eq=False)
class Case:
    """One of those drawn for ``cohort``: ``place`` among :func:`generated_rows`, the ``condition`` shown,
    the ``rule`` of :data:`BY_RULE` that chose it, and its movie's ``error``.
    """

    cohort: str
    place: int
    condition: str
    rule: str
    error: float

    @property
    def title(self) -> str:
        return f"{DIAGNOSIS_NAMES[self.condition]}, {BY_RULE[self.rule]}"

    def cine(self, run: Run, view: str, kind: str) -> np.ndarray:
        """The movie (T, H, W) uint8, ``real`` or ``generated``."""
        return movies(run, self.cohort, view, kind)[self.place]

    def ecg(self, run: Run) -> np.ndarray:
        """The cleaned ECG (12, 5000), mV at 500 Hz."""
        row = generated_rows(run, self.cohort)[[self.place]]
        return clean(open_cohort(run, self.cohort).ecg_millivolts(row))[0]


def errors_by_condition(run: Run, cohorts: Sequence[str]) -> pd.DataFrame:
    """One row a condition of :data:`CONDITIONS`: the cohort of ``cohorts`` where most of those drawn have it,
    ``n``, the mean of :func:`movie_errors` with its interval, and a list of their ``places`` by error.
    Conditions that nobody has are left out; fewer than two people have no interval.
    """
    errors = {cohort: movie_errors(measured(run, cohort)) for cohort in cohorts}
    tables = {
        cohort: pd.read_parquet(run.require(run.predictions / f"generated.{cohort}") / "table.parquet")
        for cohort in cohorts
    }
    rows = []
    for condition in CONDITIONS:
        ill = {cohort: np.flatnonzero(tables[cohort][condition].to_numpy(bool)) for cohort in cohorts}
        cohort = max(cohorts, key=lambda name: len(ill[name]))
        places = ill[cohort]
        if not len(places):
            continue
        values = errors[cohort][places]
        found = bootstrap_mean(values, **run.profile.resampling) if len(places) > 1 else NOBODY
        row = found.row() | {"estimate": float(values.mean()), "n": len(places)}
        ordered = places[np.argsort(values, kind="stable")]
        rows.append({"condition": condition, "cohort": cohort, **row, "places": ordered})
    return pd.DataFrame(rows)


def gallery(run: Run, cohorts: Sequence[str]) -> list[Case]:
    """For each condition the person whose movie's error is the median of its like (``typical``), and the one
    of the largest (``failed``), where there are two. Who is shown already, for another condition, is passed
    over for the next in rank.
    """
    errors = {cohort: movie_errors(measured(run, cohort)) for cohort in cohorts}
    cases, shown = [], set()
    for row in errors_by_condition(run, cohorts).itertuples():
        ranks, middle = range(len(row.places)), (len(row.places) - 1) // 2
        orders = sorted(ranks, key=lambda rank, middle=middle: abs(rank - middle)), reversed(ranks)
        for rule, order in zip(BY_RULE, orders, strict=True):
            places = (int(row.places[rank]) for rank in order)
            place = next((one for one in places if (row.cohort, one) not in shown), None)
            if place is not None:
                shown.add((row.cohort, place))
                error = float(errors[row.cohort][place])
                cases.append(Case(row.cohort, place, row.condition, rule, error))
    return cases


def gallery_told(table: pd.DataFrame) -> str:
    """Whose movies fail most and least in the mean, of :func:`errors_by_condition`, and whether their
    intervals part.
    """
    known = table.dropna(subset="low")
    if len(known) < 2:
        return "Too few people of each disease were drawn to compare their movies"
    ordered = known.sort_values("estimate")
    least, most = ordered.iloc[0], ordered.iloc[-1]
    parted = "their intervals do not meet" if least["high"] < most["low"] else "their intervals meet"
    words = [
        f"{DIAGNOSIS_NAMES[row['condition']]} "
        f"({row['estimate']:.2f}, {row['low']:.2f} to {row['high']:.2f}, n = {row['n']})"
        for row in (least, most)
    ]
    return f"In the mean movies are nearest in {words[0]} and furthest in {words[1]}: {parted}"
