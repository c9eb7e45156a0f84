"""Chapter 05, the curve: every arm by the number of labels it is read out from.

Readouts share their features, so that a point costs a ridge regression; fine-tuned networks have points where
chapter 05 trains them. A draw is a set of people with labels, nested within the larger numbers and with the
same share of ill people, and where an encoder was trained several times also one of these trainings. A
point is the mean correlation of single draws. Its interval is over test participants and, by a jackknife,
over trainings (with their draws), or draws where nothing is trained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cardiacnets.cohorts.preprocessing import CleanCohort, open_clean
from cardiacnets.cohorts.splits import nested_fractions
from cardiacnets.cohorts.store import open_cohort
from cardiacnets.contracts import DISEASES
from cardiacnets.experiments.downstream_tasks.cmr_supervised import supervised_scores
from cardiacnets.experiments.downstream_tasks.downstream import arms_of, model_name
from cardiacnets.experiments.downstream_tasks.oracle_arm import NOT_AVAILABLE, oracle_scores
from cardiacnets.experiments.downstream_tasks.parts import ANSWERS, REPEATED, Parts
from cardiacnets.experiments.shared.inputs import Standardiser
from cardiacnets.experiments.shared.probe import fit_probe
from cardiacnets.experiments.shared.tasks import labelled
from cardiacnets.experiments.shared.trainings import trainings_of
from cardiacnets.profile import Downstream
from cardiacnets.reach import code_of
from cardiacnets.run import Run
from cardiacnets.statistics import Comparison, bootstrap_correlations, pearson
from cardiacnets.statistics.in_words import in_words
from cardiacnets.statistics.trainings import with_trainings
from cardiacnets.study import ARMS, TASKS, Arm, covariates_of, pairs_of

KEY = "ukb.indices"
LEAST = 20
"""Fewer labels than this leave a readout nothing to be fitted on."""
CURVE_COMPARISONS = pairs_of(
    [
        ("twin", "classical"),
        ("twin_covariates", "classical_covariates"),
        ("probe_aligned", "untrained"),
        ("probe_aligned_covariates", "untrained_covariates"),
        ("probe_aligned", "probe_permuted"),
        ("probe_aligned", "probe_masked"),
        ("probe_aligned", "published"),
        ("aligned", "ecg"),
    ],
    ARMS,
)
"""Pairs of arms compared at every number of labels, first minus second, draw by draw."""

Scores = Mapping[tuple[str, int], np.ndarray]
"""Test scores (draws, n, k) of each arm and number of labels."""


@dataclass(frozen=True)
class Readers:
    """What a curve is computed from: ``features(arm, draw)`` (R, D) of all rows of a cohort, their ``target``
    (R, k) with NaN where not recorded, and ``stratum`` (R,), a class whose share every subset of people
    keeps; ``training``, ``validation`` and ``test`` are rows, one a person.
    """

    features: Callable[[str, int], np.ndarray]
    target: np.ndarray
    stratum: np.ndarray
    training: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def fit_labels_curve(run: Run) -> Path:
    """Write ``predictions/curve.ukb/table.parquet``, the table of :func:`curve_table`, or reuse it."""
    settings = check_settings(run.profile.downstream, run.profile.name)
    clean = open_clean(run, "ukb")
    networks = {arm: list(_fine_tuned(run, arm)) for arm in arms_of(KEY)}  # (fraction, folders)
    ingredients = {
        "cohort": clean.folder,
        "predictions": run.require(run.predictions / KEY),
        "networks": [run.require(path) for each in networks.values() for _, paths in each for path in paths],
        "arms": {name: arm.parts for name, arm in ARMS.items() if arm.parts and arm.answers(KEY)},
        "settings": settings,
        "seed": run.profile.seed,
        "source": code_of(fit_labels_curve),
    }

    def make(folder: Path) -> None:
        readers = open_readers(run, clean)
        arms = [
            arm for arm in ARMS.values() if arm.parts and arm.answers(KEY) and not ANSWERS & set(arm.parts)
        ]
        scores = dict(read_out(readers, arms, settings, run.profile.seed))
        for arm, points in networks.items():
            scores |= {(arm, labels): each for labels, each in _test_scores(run, readers, points)}
        seen = min(settings.labels, len(readers.training))
        scores["cmr_supervised", seen] = supervised_scores(run, KEY)[None, readers.test]
        if (told := oracle_scores(run)) is not None:
            scores |= {("causes", labels): told[None, readers.test] for labels in _numbers(readers, settings)}
        missing = {"causes": NOT_AVAILABLE} if told is None else {}
        found = curve_table(readers, scores, settings, missing, **run.profile.resampling)
        found.to_parquet(folder / "table.parquet")

    return run.fit_or_load(run.predictions / "curve.ukb", ingredients, make)


def labels_curve(run: Run) -> pd.DataFrame:
    """The table that :func:`fit_labels_curve` has left."""
    return pd.read_parquet(run.require(run.predictions / "curve.ukb") / "table.parquet")


def check_settings(settings: Downstream, profile: str) -> Downstream:
    """``settings``, or ``ValueError`` in one line for numbers of labels or draws that no curve has."""
    numbers = settings.curve_labels
    if not numbers or min(numbers) < LEAST or list(numbers) != sorted(set(numbers)):
        raise ValueError(
            f"profile {profile}: downstream: curve_labels {list(numbers)} must be rising numbers of people, "
            f"{LEAST} or more"
        )
    if settings.curve_draws < 1:
        raise ValueError(
            f"profile {profile}: downstream: curve_draws {settings.curve_draws} must be 1 or more"
        )
    return settings


def open_readers(run: Run, clean: CleanCohort) -> Readers:
    """The run's paired cohort as a curve needs it."""
    cohort, everyone = open_cohort(run, "ukb"), np.arange(len(clean.index))
    training = clean.rows("train")
    parts = Parts(run, clean, Standardiser.fit(clean.index.loc[training], covariates_of("ukb")))

    def features(arm: str, draw: int) -> np.ndarray:
        trainings = parts.trainings(ARMS[arm])
        return parts(ARMS[arm], clean, everyone, trainings[draw % len(trainings)])

    ill = clean.index[[each for each in DISEASES if each in clean.index]].any(axis=1).to_numpy()
    target = np.asarray(cohort.indices, np.float64)
    return Readers(features, target, ill, training, clean.rows("validation"), clean.rows("test"))


def read_out(
    readers: Readers, arms: Sequence[Arm], settings: Downstream, seed: int
) -> Iterator[tuple[tuple[str, int], np.ndarray]]:
    """Each arm and number of labels with test scores (draws, n, k), a draw a readout of its own."""
    everyone = pd.Series(readers.stratum[readers.training], index=readers.training)
    numbers = _numbers(readers, settings)
    subsets = [nested(everyone, numbers, [seed, draw]) for draw in range(settings.curve_draws)]
    for arm in arms:
        again = settings.trainings if repeated(arm) else 1  # after so many draws the features repeat
        for labels in numbers:
            each: list[np.ndarray] = []
            for draw, subset in enumerate(subsets):
                if labels == len(everyone) and draw >= again:  # the same people
                    each.append(each[draw - again])
                    continue
                features, rows = readers.features(arm.name, draw), subset[labels]
                held_out = features[readers.validation], readers.target[readers.validation]
                probe = fit_probe(TASKS[KEY], features[rows], readers.target[rows], held_out)
                each.append(probe(features[readers.test]))
            yield (arm.name, labels), np.stack(each)


def nested(people: pd.Series, numbers: Sequence[int], seed: Sequence[int]) -> dict[int, np.ndarray]:
    """For each of rising ``numbers`` so many of ``people`` (class by row), each set within the next, every
    class with its share as far as whole people allow; another seed draws others.
    """
    label = int(np.random.default_rng(seed).integers(2**31))
    whole = nested_fractions(people, [number / len(people) for number in numbers], label)
    order: dict[int, None] = {}
    for chosen in whole.values():  # a class's share is rounded up: the few too many wait for the next number
        order |= dict.fromkeys(chosen)
    return {number: np.sort(list(order)[:number]) for number in numbers}


def curve_table(
    readers: Readers, scores: Scores, settings: Downstream, missing: Mapping[str, str], resamples: int,
    seed: int,
) -> pd.DataFrame:  # fmt: skip
    """One row an arm, or a pair of :data:`CURVE_COMPARISONS`, and number of labels: a :class:`Comparison` of
    mean correlation over the indices, ``draws``, the same of each draw, and ``note``.

    What is not there is NaN, and ``note`` says why: ``missing`` by arm, too few people, or no such training.
    """
    truth, rows = readers.target[readers.test], []
    people = len(readers.training)
    for labels in sorted({*settings.curve_labels, people}):
        here = {arm: each for (arm, number), each in scores.items() if number == labels}
        drawn = {f"{arm}.{draw}": one for arm, each in here.items() for draw, one in enumerate(each)}
        found = bootstrap_correlations(truth, drawn, resamples=resamples, seed=seed) if drawn else None
        alone = {
            arm: np.array([np.nanmean(pearson(truth, one)) for one in each]) for arm, each in here.items()
        }
        names = [arm for arm in ARMS if arm in {name for name, _ in scores} | set(missing)]
        for name in (*names, *CURVE_COMPARISONS):
            pair = (name,) if isinstance(name, str) else name
            row = {"arm": "-".join(pair), "labels": labels, "all": labels == people}
            if absent := [arm for arm in pair if arm not in here]:
                short = f"not available: {people} training people for {labels} labels"
                why = short if labels > people else missing.get(absent[0], "not trained with so many labels")
                rows.append(row | _absent(why))
                continue
            weights = {
                f"{arm}.{draw}": sign / len(here[arm])
                for arm, sign in zip(pair, (1, -1), strict=False)
                for draw in range(len(here[arm]))
            }
            singles = alone[pair[0]] if len(pair) == 1 else _paired(alone[pair[0]], alone[pair[1]])
            result = found.mean_contrast(weights)
            left_out = _without_each(singles, settings.trainings if any(map(repeated, pair)) else 1)
            if len(left_out) > 1:
                result = with_trainings(result, [left_out], (-len(pair), len(pair)))
            columns = result.row() | {"statistic": result.statistic}
            rows.append(row | columns | {"draws": list(map(float, singles)), "note": ""})
    return pd.DataFrame(rows)


def repeated(arm: Arm | str) -> bool:
    """Whether what an arm reads out differs from training to training."""
    return bool(REPEATED & set((ARMS[arm] if isinstance(arm, str) else arm).parts))


def seen_to_gain(table: pd.DataFrame, comparison: str) -> str:
    """Up to which number of labels the first arm of a comparison is seen to be ahead of the second: the end
    of a sentence that begins with it.
    """
    rows = table[table["arm"] == comparison]
    known = rows[rows["estimate"].notna()].sort_values("labels")
    if known.empty:
        return "cannot be compared in this run" if rows.empty else f"is {rows['note'].iloc[0]}"
    tried = ", ".join(f"{each:,}" for each in known["labels"])
    above = known.loc[known["low"] > 0, "labels"]
    last = Comparison.of(next(known.tail(1).itertuples()))
    at_the_end = in_words(last, "is still ahead", "is behind", "is neither ahead nor behind by anything")
    if above.empty:
        return f"is not seen to gain at any number of labels tried ({tried}); with the most it {at_the_end}"
    return f"is seen to gain up to {above.max():,} labels (tried: {tried}); with the most it {at_the_end}"


def _numbers(readers: Readers, settings: Downstream) -> list[int]:
    people = len(readers.training)
    return sorted({each for each in settings.curve_labels if each < people} | {people})


def _fine_tuned(run: Run, arm: str) -> Iterator[tuple[float, list[Path]]]:
    """Shares of labels that a network was trained with at the run's own draw, and its trainings."""
    for fraction in run.profile.downstream.fractions:
        folders = [
            run.models / model_name(KEY, arm, fraction, training=training)
            for training in trainings_of(run.profile, KEY)
        ]
        if all(folder.is_dir() for folder in folders):  # other label draws have other names
            yield fraction, folders


def _test_scores(
    run: Run, readers: Readers, points: list[tuple[float, list[Path]]]
) -> Iterator[tuple[int, np.ndarray]]:
    """Numbers of labels, and scores (trainings, n, k) of the curve's test rows."""
    for fraction, folders in points:
        labels = labelled(run, KEY, fraction)
        place = pd.Index(labels.table["row"]).get_indexer(readers.test)
        each = [np.load(folder / "scores.npy", allow_pickle=False)[place] for folder in folders]
        yield len(labels.of("train")), np.stack(each)


def _paired(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Differences draw by draw; an arm with one draw meets each of the other's."""
    count = max(len(first), len(second)) if 1 in (len(first), len(second)) else min(len(first), len(second))
    return np.resize(first, count) - np.resize(second, count)


def _without_each(singles: np.ndarray, trainings: int) -> np.ndarray:
    """Means of all draws but those of one training, each left out in turn; where nothing was trained, or
    once, but one draw.
    """
    group = np.arange(len(singles)) % (trainings if trainings > 1 else len(singles))
    if len(singles) < 2:
        return np.empty(0)
    return np.array([singles[group != each].mean() for each in np.unique(group)])


def _absent(why: str) -> dict[str, object]:
    nothing = dict.fromkeys(("estimate", "low", "high", "pvalue", "statistic"), np.nan)
    return nothing | {"n": 0, "method": why, "draws": [], "note": why}
