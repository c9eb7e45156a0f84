"""Chapter 05, the map of when alignment pays: its gain by number of labels, number of pairs, and teacher.

Everything is in closed form. A *student* learns from pairs to predict what a *teacher* knows of the same
heart (ridge regression, :class:`ClosedFormAlignment`) and is read out linearly from a number of labels; its
gain is its mean correlation less that of the best readout that no picture had a part in, of the classical ECG
features or of an encoder with random weights, read out from the same labels and chosen on validation people.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA

from cardiacnets.cohorts.preprocessing import CleanCohort, open_clean
from cardiacnets.cohorts.store import Cohort, open_cohort
from cardiacnets.experiments.cmr_self_supervision.components import cine_scores
from cardiacnets.experiments.cmr_self_supervision.encoder import load_cmr_encoder, untrained_cmr_encoder
from cardiacnets.experiments.cmr_self_supervision.features import cmr_features
from cardiacnets.experiments.cmr_self_supervision.readout import encoded
from cardiacnets.experiments.contrastive_alignment.align import partners
from cardiacnets.experiments.contrastive_alignment.closed_form import true_components
from cardiacnets.experiments.shared.classical import ClassicalFeatures
from cardiacnets.experiments.shared.encoding import build_seeded, in_batches
from cardiacnets.experiments.shared.inputs import ecg_batch
from cardiacnets.experiments.shared.probe import fit_probe
from cardiacnets.experiments.shared.stage import chosen_code
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.models.linear_twin import ClosedFormAlignment
from cardiacnets.profile import LinearTwin, Profile
from cardiacnets.reach import code_of
from cardiacnets.run import Run
from cardiacnets.statistics import Comparison, bootstrap_correlations
from cardiacnets.statistics.in_words import in_words
from cardiacnets.study import TASKS

TEACHERS = {
    "strangers": "strangers' hearts (control)",
    "random": "untrained CMR encoder, mean-pooled",
    "mean": "CMR encoder, mean-pooled",
    "grid": "CMR encoder, space kept",
    "components": "cine components",
    "perfect": "true indices (perfect teacher)",
}
"""Where a student may learn from, in words."""
ECG_ONLY, CLASSICAL = "ecg only", "classical"
LEAST = 20
"""Fewer pairs or labels than this leave a fold, or a readout, nothing to be fitted on."""
FOLDS = 5


@dataclass(frozen=True)
class World:
    """What the map is computed from, rows of one cohort: ``features`` (R, p) of ECGs, ``target`` (R, k) with
    NaN where not recorded, ``participants`` (R,); ``training``, ``validation`` and ``test`` are rows.
    ``rivals``: name to other features (R, q) of the ECGs that no picture had a part in.

    ``teachers``: name to (len(training), q), what each knows of the training people's hearts, or of
    strangers'; ``missing``: name of a teacher to why there is none.
    """

    features: np.ndarray
    target: np.ndarray
    participants: np.ndarray
    training: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    teachers: Mapping[str, np.ndarray]
    missing: Mapping[str, str]
    rivals: Mapping[str, np.ndarray] = field(default_factory=dict)


def fit_map_of_gain(run: Run) -> Path:
    """Write ``predictions/map.ukb/table.parquet``, what :func:`gains` finds in the run's cohort, or reuse it.

    Raises ``ValueError`` naming the setting for numbers that no map can be drawn of.
    """
    settings = check_settings(run.profile.linear_twin, run.profile.name)
    clean = open_clean(run, "ukb")
    ingredients = {
        "cohort": clean.folder,
        "components": run.require(run.root / "linear_twin" / "components"),
        "cmr": run.require(run.root / "features" / "ukb"),
        "encoder": run.profile.cmr_encoder,
        "settings": settings,
        "random_features": run.profile.downstream.random_features,
        "untrained": [run.profile.ecg_input, run.profile.ecg_encoder, run.profile.seed],
        "resampling": run.profile.resampling,
        "source": code_of(fit_map_of_gain, *chosen_code(run.profile, ["ecg_encoder"])),
    }

    def make(folder: Path) -> None:
        found = gains(open_world(run, clean), settings, **run.profile.resampling)
        found.to_parquet(folder / "table.parquet")

    return run.fit_or_load(run.predictions / "map.ukb", ingredients, make)


def map_of_gain(run: Run) -> pd.DataFrame:
    """The table of :func:`gains` that :func:`fit_map_of_gain` has left."""
    return pd.read_parquet(run.require(run.predictions / "map.ukb") / "table.parquet")


def check_settings(settings: LinearTwin, profile: str) -> LinearTwin:
    """``settings``, or ``ValueError`` in one line for numbers that are too few, too small or not rising."""
    for name in ("map_labels", "map_pairs"):
        numbers = getattr(settings, name)
        if not numbers or min(numbers) < LEAST or list(numbers) != sorted(set(numbers)):
            raise ValueError(
                f"profile {profile}: linear_twin: {name} {list(numbers)} must be rising numbers of people, "
                f"{LEAST} or more"
            )
    if settings.map_draws < 1:
        raise ValueError(f"profile {profile}: linear_twin: map_draws {settings.map_draws} must be 1 or more")
    return settings


def open_world(run: Run, clean: CleanCohort) -> World:
    """ECGs, labels and teachers of the run's paired cohort."""
    training = clean.rows("train")
    known = {
        name: [encoded(encoder.pooled, clean, view, training) for view in VIEWS]  # as published
        for name, encoder in (("random", untrained_cmr_encoder(run)), ("mean", load_cmr_encoder(run)))
    }
    known["grid"] = [np.asarray(cmr_features(run, "ukb", view)[0, training]) for view in VIEWS]
    components = true_components(cine_scores(run)[training], run.profile.linear_twin.aligned)
    return world_of(clean, open_cohort(run, "ukb"), known, components, run.profile)


def world_of(
    clean: CleanCohort, cohort: Cohort, features: Mapping[str, list[np.ndarray]],
    components: np.ndarray, profile: Profile,
) -> World:  # fmt: skip
    """The world of a cohort, from CMR ``features`` of each teacher, (n, D) a view, and ``components`` (n, q)
    of the cines of its training people.
    """
    training, width = clean.rows("train"), components.shape[1]
    stranger = np.searchsorted(training, partners(clean, permuted=True, seed=profile.seed)[training])
    teachers = {
        "strangers": components[stranger],
        **{name: _condensed(views, width) for name, views in features.items()},
        "components": components,
    }
    missing = {}
    if cohort.indices_true is None:
        missing["perfect"] = "not available: indices of real hearts are recorded, their true values unknown"
    else:
        true = np.asarray(cohort.indices_true[training], np.float64)
        teachers["perfect"] = (true - true.mean(axis=0)) / true.std(axis=0).clip(1e-6)
    classical = ClassicalFeatures.fit(clean, profile.downstream, profile.seed)
    return World(
        classical(clean.beats).astype(np.float64), np.asarray(cohort.indices, np.float64),
        clean.index["participant_id"].to_numpy(), training, clean.rows("validation"), clean.rows("test"),
        teachers, missing, {"untrained": _untrained(clean, profile)},
    )  # fmt: skip


def _untrained(clean: CleanCohort, profile: Profile) -> np.ndarray:
    """Embeddings (R, D) of an ECG encoder with random weights."""
    ecg = ecg_batch(clean, np.arange(len(clean.index)), profile.ecg_input)
    return in_batches(build_seeded("ecg_encoder", profile).eval(), (ecg, None)).astype(np.float64)


def gains(world: World, settings: LinearTwin, resamples: int, seed: int) -> pd.DataFrame:
    """One row a (teacher, pairs, labels): the student's mean correlation over the indices less that of the
    best readout of the ECG alone with as many labels, on test participants, and its 95 % interval; a
    :class:`Comparison`, ``baseline``, which features that readout was of in the draws, and ``note``.

    Each is the mean over ``map_draws`` draws of training people: the first of a random order have pairs, and
    the first of the same order labels, so that whichever is fewer lies within the other. The penalty of a
    readout is chosen on validation people, and so are, in each draw, the features of the ECG alone. Where
    there are too few people, or no such teacher, the row is NaN and ``note`` says why.
    """
    people, rows = len(world.training), []
    feasible = [[each for each in numbers if each <= people] for numbers in _numbers(settings)]
    scores, chosen = _scores(world, *feasible, settings.map_draws, seed)
    place, truth = world.participants[world.test], world.target[world.test]
    for labels in settings.map_labels:
        for pairs in settings.map_pairs:
            found = None
            if max(labels, pairs) <= people:
                arms = {arm: scores[arm, labels] for arm, count in scores if count == labels}
                arms = {arm: each for arm, each in arms.items() if arm[1] in (0, pairs)}
                found = bootstrap_correlations(
                    truth, {_name(*arm): each for arm, each in arms.items()}, place, resamples, seed
                )
            for teacher in TEACHERS:
                row = {"teacher": teacher, "pairs": pairs, "labels": labels}
                row["baseline"] = chosen.get(labels, "")
                if found is None or teacher not in world.teachers:
                    short = f"not available: {people} training people for {max(labels, pairs)}"
                    rows.append(row | _absent(world.missing.get(teacher, short)))
                    continue
                weights = {}
                for draw in range(settings.map_draws):
                    weights[_name(teacher, pairs, draw)] = 1 / settings.map_draws
                    weights[_name(ECG_ONLY, 0, draw)] = -1 / settings.map_draws
                rows.append(row | _columns(found.mean_contrast(weights)) | {"note": ""})
    return pd.DataFrame(rows)


def zero_line(table: pd.DataFrame, teacher: str) -> str:
    """Where the gain from ``teacher``, at the most pairs that there are, can no longer be told from none: the
    end of a sentence that begins with learning from it.
    """
    known = table[(table["teacher"] == teacher) & table["estimate"].notna()]
    if known.empty:
        (why, *_) = table.loc[table["teacher"] == teacher, "note"]
        return f"is {why}"
    known = known[known["pairs"] == known["pairs"].max()].sort_values("labels")
    tried = ", ".join(f"{each:,}" for each in known["labels"])
    above = known.loc[known["low"] > 0, "labels"]
    last = Comparison.of(next(known.tail(1).itertuples()))
    at_the_end = in_words(last, "still gains", "loses", "gains and loses nothing")
    if above.empty:
        return f"is not seen to gain at any number of labels tried ({tried}); with the most it {at_the_end}"
    return f"is seen to gain up to {above.max():,} labels (tried: {tried}); with the most it {at_the_end}"


def _numbers(settings: LinearTwin) -> tuple[tuple[int, ...], tuple[int, ...]]:
    return settings.map_labels, settings.map_pairs


Arm = tuple[str, int, int]
"""Teacher (or :data:`ECG_ONLY`), number of pairs (of the latter: 0), number of the draw."""


def _scores(
    world: World, label_numbers: list[int], pair_numbers: list[int], draws: int, seed: int
) -> tuple[dict[tuple[Arm, int], np.ndarray], dict[int, str]]:
    """Test scores (n, k) of each arm and number of labels; and what the readouts of the ECG alone read."""
    scores, best = {}, {labels: Counter() for labels in label_numbers}
    for draw in range(draws):
        order = np.random.default_rng([seed, draw]).permutation(len(world.training))
        for labels in label_numbers:
            rows = order[:labels]
            alone = {name: _read(world, ecg, rows) for name, ecg in _without_pictures(world).items()}
            name = min(alone, key=lambda name: alone[name][0])
            best[labels][name] += 1
            scores[(ECG_ONLY, 0, draw), labels] = alone[name][1]
        for name, pairs, student in _students(world, order, pair_numbers, seed):
            for labels in label_numbers:
                scores[(name, pairs, draw), labels] = _read(world, student, order[:labels])[1]
    told = {labels: ", ".join(f"{name} ({count} of {draws})" for name, count in each.most_common())
            for labels, each in best.items()}  # fmt: skip
    return scores, told


def _without_pictures(world: World) -> dict[str, np.ndarray]:
    return {CLASSICAL: world.features, **world.rivals}


def _read(world: World, features: np.ndarray, people: np.ndarray) -> tuple[float, np.ndarray]:
    """Validation loss and test scores (n, k) of a readout of ``features`` (R, p) from the labels of
    ``people``, places among the training rows.
    """
    rows = world.training[people]
    held_out = features[world.validation], world.target[world.validation]
    probe = fit_probe(TASKS["ukb.indices"], features[rows], world.target[rows], held_out)
    return probe.validation_loss, probe(features[world.test])


def _students(
    world: World, order: np.ndarray, pair_numbers: list[int], seed: int
) -> Iterator[tuple[str, int, np.ndarray]]:
    """What each student predicts (R, q), out of fold for those whose pairs it learned from."""
    for pairs in pair_numbers:
        taught = order[:pairs]
        rows = world.training[taught]
        known = {name: values[taught] for name, values in world.teachers.items()}
        for name, student in ClosedFormAlignment.fit_each(world.features[rows], known, FOLDS, seed).items():
            predicted = student(world.features)
            predicted[rows] = student.out_of_fold
            yield name, pairs, predicted


def _condensed(views: list[np.ndarray], width: int) -> np.ndarray:
    """Features of both views (n, D each) standardised, as their first ``width`` principal components."""
    features = np.hstack(views).astype(np.float64)
    features = (features - features.mean(axis=0)) / features.std(axis=0).clip(1e-6)
    if features.shape[1] <= width:
        return features
    count = min(width, len(features) - 1)
    return PCA(count, svd_solver="randomized", random_state=0).fit_transform(features)


def _name(teacher: str, pairs: int, draw: int) -> str:
    return f"{teacher}.{pairs}.{draw}"


def _columns(gain: Comparison) -> dict[str, object]:
    return gain.row() | {"statistic": gain.statistic}


def _absent(why: str) -> dict[str, object]:
    nothing = dict.fromkeys(("estimate", "low", "high", "pvalue", "statistic"), np.nan)
    return nothing | {"n": 0, "method": why, "note": why}
