"""Chapter 07, the default run: simulated readers who see only what the display shows.

Signal detection: a display has features (measured on the ECG, on the generated movie, on the real one); a
reader perceives them with errors, answers as known cases have taught, and adds noise of his own.

- *perception*: of a feature x (standardised) the reader sees s x + sqrt(1 - s^2) e, so that s, the skill, is
  the correlation of what is seen with what is shown;
- *knowledge*: for ECG and movie a linear discriminant with shrunken covariance (Ledoit and Wolf 2004),
  learned on reference cases (experience) perceived with the same skill; movies in it are real ones, for
  nobody has learned from generated hearts;
- *trust*: on further reference cases the reader finds out how well each display separates them, d'
  (difference of means over deviation), and which answer lies midway;
- *evidence*: the log odds of two normal distributions of equal variance, the sum over displays of
  d' (answer - midway) / deviation, plus normal noise; the rating is their probability on a scale of 0 to 10,
  the decision "disease" where they exceed the reader's criterion.

Skills, noise and criteria are assumptions, stated in ``READERS`` and swept by :func:`sweep_readers`; what the
movies are worth is not assumed: it follows from the run's own pictures. No published rate enters.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import expit
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from cardiacnets.cohorts.preprocessing import CleanCohort, open_clean
from cardiacnets.ecg import measure_beats
from cardiacnets.experiments.diffusion.generate import READER_COHORT, generated_rows
from cardiacnets.experiments.downstream_tasks.downstream import load_network, network_inputs
from cardiacnets.experiments.shared.attribution import occlusion
from cardiacnets.experiments.shared.tasks import TASKS
from cardiacnets.run import Run
from cardiacnets.statistics.discrimination import placements

MODALITIES = ("ecg", "ecg+generated", "ecg+real")
"""The displays in the study's order: the ECG first, and after a washout the movies."""


@dataclass(frozen=True)
class Reader:
    """One simulated reader.

    ``share``: of the reference cases that taught him, (0, 1]; ``ecg_skill``, ``movie_skill``: correlation of
    what he sees with what is shown, (0, 1]; ``noise``: standard deviation of his log odds from one reading to
    the next; ``criterion``: log odds from which he says "disease".
    """

    name: str
    experience: str
    share: float
    ecg_skill: float
    movie_skill: float
    noise: float
    criterion: float


READERS = (
    Reader("J1", "junior", share=0.5, ecg_skill=0.50, movie_skill=0.60, noise=0.8, criterion=0.0),
    Reader("J2", "junior", share=0.5, ecg_skill=0.55, movie_skill=0.65, noise=0.7, criterion=-0.4),
    Reader("J3", "junior", share=0.4, ecg_skill=0.45, movie_skill=0.60, noise=0.9, criterion=0.4),
    Reader("J4", "junior", share=0.6, ecg_skill=0.55, movie_skill=0.60, noise=0.6, criterion=0.2),
    Reader("S1", "senior", share=1.0, ecg_skill=0.70, movie_skill=0.80, noise=0.4, criterion=0.0),
    Reader("S2", "senior", share=1.0, ecg_skill=0.75, movie_skill=0.80, noise=0.4, criterion=-0.2),
)
"""Assumed: four juniors (3-5 years), two seniors (more than 10)."""
FEWEST = 4
"""Reference cases of each kind that a reader must have met: two to study, two to judge himself by."""


@dataclass(frozen=True)
class Reference:
    """What readers have learned from: features of ECGs (n, k) and of real movies (n, m), diagnoses (n,)."""

    ecg: np.ndarray
    movie: np.ndarray
    truth: np.ndarray


@dataclass(frozen=True)
class Displays:
    """What the cases show: ``ecg (n, k)``, ``generated`` and ``real`` movies (n, m), ``truth (n,)``, ``cases
    (n,)``.
    """

    ecg: np.ndarray
    generated: np.ndarray
    real: np.ndarray
    truth: np.ndarray
    cases: np.ndarray


def simulate_readers(
    ecg_features: ArrayLike, generated_features: ArrayLike, real_features: ArrayLike, truth: ArrayLike,
    reference: Reference, readers: Sequence[Reader] = READERS, seed: int = 0, cases: ArrayLike | None = None,
    memory: float = 0.0,
) -> pd.DataFrame:
    """Every reader reads every case with the ECG, then with the generated, then with the real movie beside
    it.

    Arguments:
        ecg_features: (n, k) as in ``reference.ecg``; NaN where not measurable (taken as average).
        generated_features: (n, m) as in ``reference.movie``, measured on the generated movies.
        real_features: (n, m), measured on the real ones.
        truth: (n,) 0 or 1; only copied into the table.
        memory: share of the evidence carried over from the session before, 0 (complete washout) to 1.

    Returns one row a reading: reader, experience, session, modality, case, truth, rating (0 to 10), decision.
    Raises ``ValueError`` for shapes that do not fit, or a reference with fewer than four cases of a kind.
    """
    displays = Displays(
        *(np.asarray(part, dtype=np.float64) for part in (ecg_features, generated_features, real_features)),
        np.asarray(truth, dtype=int), np.arange(len(truth)) if cases is None else np.asarray(cases),
    )
    _check(displays, reference, memory)
    shown = {"ecg": None, "ecg+generated": displays.generated, "ecg+real": displays.real}
    tables = []
    for place, reader in enumerate(readers):
        rng = np.random.default_rng([seed, place])
        before = None
        for session, modality in enumerate(MODALITIES, start=1):
            evidence = _evidence(reader, displays.ecg, shown[modality], reference, rng)
            before = evidence if before is None else (1 - memory) * evidence + memory * before
            tables.append(pd.DataFrame({
                "reader": reader.name, "experience": reader.experience, "session": session,
                "modality": modality, "case": displays.cases, "truth": displays.truth,
                "rating": np.rint(10 * expit(before)), "decision": (before > reader.criterion).astype(int),
            }))
    return pd.concat(tables, ignore_index=True)


def sweep_readers(
    displays: Displays, reference: Reference, skills: Sequence[float] = (0.5, 0.75, 1.0, 1.25),
    noises: Sequence[float] = (0.5, 1.0, 2.0), seeds: Sequence[int] = (0, 1, 2),
) -> pd.DataFrame:
    """How the mean AUC of :data:`READERS` depends on what was assumed about them.

    ``skills`` and ``noises`` multiply every reader's ECG skill (capped at .99) and noise. One row a setting
    and modality: ``skill, noise, modality, auc`` (mean over readers and seeds), ``gain`` over the ECG alone.
    """
    rows = []
    for skill in skills:
        for noise in noises:
            changed = [
                replace(reader, ecg_skill=min(skill * reader.ecg_skill, 0.99), noise=noise * reader.noise)
                for reader in READERS
            ]
            areas = np.mean([
                mean_areas(simulate_readers(
                    displays.ecg, displays.generated, displays.real, displays.truth, reference, changed, seed
                )) for seed in seeds
            ], axis=0)
            rows += [(skill, noise, modality, area, area - areas[0])
                     for modality, area in zip(MODALITIES, areas, strict=True)]
    return pd.DataFrame(rows, columns=["skill", "noise", "modality", "auc", "gain"])


def mean_areas(table: pd.DataFrame) -> np.ndarray:
    """Mean AUC over the readers of a rating table, one a modality in the study's order."""
    wide = table.pivot(index="case", columns=["modality", "reader"], values="rating")
    truth = table.groupby("case")["truth"].first().reindex(wide.index)
    areas = pd.Series(placements(truth.to_numpy(), wide.to_numpy())[0], index=wide.columns)
    return areas.groupby(level="modality").mean().reindex(MODALITIES).to_numpy()


def reader_displays(run: Run) -> tuple[Displays, Reference]:
    """The run's own reader-study cases, and the validation participants the readers learned from.

    ECG features are the measurements of the median beat; movie features the 82 indices read from the movies.
    """
    names = (READER_COHORT, "reference")
    shown, learned = (run.require(run.predictions / f"generated.{name}") for name in names)
    table, known = (pd.read_parquet(folder / "table.parquet") for folder in (shown, learned))
    generated, real = (np.load(shown / f"indices_{kind}.npy") for kind in ("generated", "real"))
    displays = Displays(
        _ecg_features(open_clean(run, READER_COHORT), table), generated, real, table["cm"].to_numpy(int),
        table["recording_id"].to_numpy(),
    )
    movie, truth = np.load(learned / "indices_real.npy"), known["cm"].to_numpy(int)
    return displays, Reference(_ecg_features(open_clean(run, "ukb"), known), movie, truth)


def public_study() -> pd.DataFrame | None:
    """VanDyke's reader study (1993; real patients), "disease" at a rating of 3 or more, from the sample data.

    None where its file, ``stats/VanDyke.csv``, is not under ``$CARDIACNETS_SAMPLE_DATA``.
    """
    folder = os.environ.get("CARDIACNETS_SAMPLE_DATA")
    if not folder or not (file := Path(folder) / "stats" / "VanDyke.csv").is_file():
        return None
    table = pd.read_csv(file).rename(columns={"treatment": "modality"})
    return table.assign(decision=(table["rating"] >= 3).astype(int))


def case_heat(run: Run, places: Sequence[int]) -> np.ndarray:
    """Occlusion map of the aligned model's score for cardiomyopathy, (len(places), 12, columns) in [0, 1].

    ``places``: positions in the reader-study cases of :func:`reader_displays`.
    """
    clean = open_clean(run, READER_COHORT)
    model, readout = load_network(run, TASKS[f"{READER_COHORT}.cm"].trained_on + ".cm", "aligned")
    rows = generated_rows(run, READER_COHORT)[list(places)]
    return occlusion(model, network_inputs(run.profile.ecg_input, clean, rows, readout.standardiser)[0])


def _ecg_features(clean: CleanCohort, table: pd.DataFrame) -> np.ndarray:
    """Measurements (n, k) of the beats of the rows of ``table``; Q waves as 0 and 1."""
    measured = measure_beats(clean.beats[table["row"].to_numpy()], heart_rate=table["heart_rate"].to_numpy())
    return measured.to_numpy(np.float64)


def _evidence(
    reader: Reader, ecg: np.ndarray, movie: np.ndarray | None, reference: Reference, rng: np.random.Generator
) -> np.ndarray:
    """Log odds of disease (n,) after one reading of every case."""
    parts = [(ecg, reference.ecg, reader.ecg_skill)]
    if movie is not None:
        parts.append((movie, reference.movie, reader.movie_skill))
    studied, judged = _taught(reference.truth, reader.share, rng)
    truth, evidence = reference.truth[judged] == 1, reader.noise * rng.normal(size=len(ecg))
    for shown, learned, skill in parts:
        seen, known = (_perceived(values, learned, skill, rng) for values in (shown, learned))
        knowledge = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto", priors=[0.5, 0.5])
        knowledge.fit(known[studied], reference.truth[studied])
        answers = knowledge.decision_function(known[judged])
        centres = answers[~truth].mean(), answers[truth].mean()
        spread = np.sqrt((answers[~truth].var(ddof=1) + answers[truth].var(ddof=1)) / 2)
        trust = max((centres[1] - centres[0]) / spread, 0.0)
        evidence += trust * (knowledge.decision_function(seen) - np.mean(centres)) / spread
    return evidence


def _perceived(shown: np.ndarray, learned: np.ndarray, skill: float, rng: np.random.Generator) -> np.ndarray:
    """Features on the reference's scale, seen with errors; what cannot be measured looks average."""
    centre, spread = np.nanmean(learned, axis=0), np.nanstd(learned, axis=0)
    standard = np.nan_to_num((shown - centre) / np.where(spread > 0, spread, 1))
    return skill * standard + np.sqrt(1 - skill**2) * rng.normal(size=standard.shape)


def _taught(truth: np.ndarray, share: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the cases a reader studied and of those he judged himself by: halves of a random ``share``
    of the cases of each kind, at least two of each kind in either.
    """
    studied, judged = [], []
    for kind in (0, 1):
        cases = rng.permutation(np.flatnonzero(truth == kind))
        cases = cases[: max(FEWEST, round(share * len(cases)))]
        studied.append(cases[::2])
        judged.append(cases[1::2])
    return np.concatenate(studied), np.concatenate(judged)


def _check(displays: Displays, reference: Reference, memory: float) -> None:
    n = len(displays.truth)
    for name, values, learned in (
        ("ecg_features", displays.ecg, reference.ecg),
        ("generated_features", displays.generated, reference.movie),
        ("real_features", displays.real, reference.movie),
    ):
        if values.shape != (n, learned.shape[1]):
            raise ValueError(f"{name} must be {(n, learned.shape[1])} as the reference, not {values.shape}")
    counts = [int((np.asarray(reference.truth) == kind).sum()) for kind in (0, 1)]
    if min(counts) < FEWEST:
        found = f"{counts[1]} diseased and {counts[0]} healthy cases"
        raise ValueError(f"the reference holds {found}; {FEWEST} of each are needed")
    if not 0 <= memory <= 1:
        raise ValueError(f"memory lies between 0 and 1, not {memory}")
