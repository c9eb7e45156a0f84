"""Claims that the study makes in words, measured on this run: which subtype gains most, other hospitals
against the first, how much of the ECG a heat map covers, how sharp a generated picture is.

The study gives no measure of the last two; ours are stated here.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cardiacnets.cohorts.preprocessing import open_clean
from cardiacnets.contracts import SUBTYPES
from cardiacnets.experiments.diffusion.generate import movies
from cardiacnets.experiments.diffusion.sharpness import edges
from cardiacnets.experiments.downstream_tasks.downstream import load_network, network_inputs
from cardiacnets.experiments.downstream_tasks.evaluation import (
    comparison_table,
    open_predictions,
    recall_difference,
)
from cardiacnets.experiments.shared.attribution import occlusion
from cardiacnets.experiments.shared.tasks import labelled
from cardiacnets.run import Run
from cardiacnets.statistics import (
    Estimate,
    bootstrap_mean,
    class_gain_difference,
    delong_test_unpaired,
)
from cardiacnets.statistics.discrimination import DelongTest
from cardiacnets.statistics.estimate import Comparison
from cardiacnets.statistics.trainings import ONE_TRAINING
from cardiacnets.study import READER_COHORT, TASKS

SITES = tuple(
    task.cohort
    for task in TASKS.values()
    if task.name == "cm" and task.trained_on == "mimic" and task.cohort not in ("mimic", READER_COHORT)
)
"""Hospitals that no model was trained on, asked for cardiomyopathy; readers' cases are chapter 07's."""
GAINS_MOST = "rcm"
"""The subtype that the study says gains most."""
LEVEL = 0.05
HOT = 0.5
"""A cell of a heat map counts as covered from this share of the map's maximum."""
MAPPED = 100
"""Test participants whose heat maps are drawn: each takes 144 passes of the network or more."""


def gains_beside(run: Run) -> dict[str, Comparison]:
    """By how much the aligned encoder's gain over the ECG-only network is larger in :data:`GAINS_MOST` than
    in each other subtype: a difference of two differences of AUC, clustered by participant, over trainings
    too.
    """
    found, arms = open_predictions(run, "mimic.subtypes"), ("aligned", "ecg")
    classes, people = list(SUBTYPES), found.table["participant_id"].to_numpy()
    first, present, gains = classes.index(GAINS_MOST), set(np.unique(found.truth)), {}
    for place, other in enumerate(classes):
        if place != first and {place, first} <= present:
            scores = [found.scores[arm] for arm in arms]
            gain = class_gain_difference(found.truth, *scores, first, place, clusters=people)
            gains[other], _ = found.measured(gain, f"auc_{GAINS_MOST}-{other}", arms)
    return gains


def trainings_counted(run: Run, people: Mapping[str, float]) -> str:
    """In how many tasks alignment and ECG-only network differ by participants, and in how many of those they
    still do when trainings are counted; as sentences. ``people``: p of participants alone by task.
    """
    told = [key for key, p in people.items() if p < LEVEL]
    pair = [("aligned", "ecg")]
    rows = {key: next(comparison_table(run, key, pair).itertuples()) for key in told}
    once = [key for key in told if ONE_TRAINING in rows[key].method]
    kept = [key for key in told if key not in once and rows[key].pvalue < LEVEL]
    said = f"Participants alone tell the two apart in {len(told)} of {len(people)} tasks."
    if several := len(told) - len(once):
        said += (
            f" In {several} of these the networks were trained several times; with the spread of trainings "
            f"in the interval, {len(kept)} of {several} still differ."
        )
    if once:
        said += f" The verdict of {len(once)} rests on one training of each network, and another may differ."
    return said


def recall_gains(run: Run) -> dict[str, Comparison]:
    """What the aligned encoder adds to the share of each subtype that is recognised, with covariates in both
    arms as in the study: the gain of each subtype by its name, and that of :data:`GAINS_MOST` less each
    other's as ``rcm-dcm``; clustered by participant, over trainings too. A subtype that nobody has is left
    out.
    """
    found, arms = open_predictions(run, "mimic.subtypes"), ("aligned_covariates", "ecg_covariates")
    present = [name for place, name in enumerate(SUBTYPES) if (found.truth == place).any()]
    gains = {name: recall_difference(found, arms, name) for name in present}
    for name in present if GAINS_MOST in present else ():
        if name != GAINS_MOST:
            gains[f"{GAINS_MOST}-{name}"] = recall_difference(found, arms, GAINS_MOST, name)
    return gains


def sites_against_training(run: Run, arm: str = "aligned") -> dict[str, DelongTest]:
    """AUC of an arm for cardiomyopathy at each hospital less that on the test split of the cohort trained on;
    other participants, hence unpaired, clustered where participants have several recordings.
    """
    home, differences = open_predictions(run, "mimic.cm"), {}
    for site in SITES:
        away = open_predictions(run, f"{site}.cm")
        differences[site] = delong_test_unpaired(
            away.truth, away.scores[arm], home.truth, home.scores[arm], 0.9,
            away.table["participant_id"].to_numpy(), home.table["participant_id"].to_numpy(),
        )  # fmt: skip
    return differences


def heat_coverage(run: Run) -> dict[str, Estimate]:
    """Share of the ECG (leads by columns) that an occlusion map covers, mean over the first test
    participants: ``aligned``, ``ecg`` and ``aligned-ecg``, the last paired; bootstrap intervals over
    participants.
    """
    labels, covered = labelled(run, "ukb.cm"), {}
    clean, test = open_clean(run, labels.task.cohort), labels.of("test")
    rows, people = (labels.table[name].to_numpy()[test][:MAPPED] for name in ("row", "participant_id"))
    for arm in ("aligned", "ecg"):
        model, readout = load_network(run, labels.task.key, arm)
        ecg, _ = network_inputs(run.profile.ecg_input, clean, rows, readout.standardiser)
        covered[arm] = (occlusion(model, ecg) >= HOT).mean(axis=(1, 2))  # of (n, 12, columns)
    covered["aligned-ecg"] = covered["aligned"] - covered["ecg"]
    settings = run.profile.resampling
    return {name: bootstrap_mean(values, people, **settings) for name, values in covered.items()}


def sharpness(run: Run) -> dict[str, Estimate]:
    """Mean step of grey level from pixel to pixel (both directions), mean over short-axis movies of ``ukb``:
    ``generated``,
    ``real`` and ``generated-real``, the last paired; bootstrap intervals over participants.
    """
    found = {kind: edges(movies(run, "ukb", "sax", kind)) for kind in ("generated", "real")}
    found["generated-real"] = found["generated"] - found["real"]
    return {name: bootstrap_mean(values, **run.profile.resampling) for name, values in found.items()}


def prevalence(run: Run, cohort: str) -> pd.Series:
    """Whether each usable participant of a cohort has cardiomyopathy, by participant."""
    index = open_clean(run, cohort).index
    return index[index["usable"]].groupby("participant_id")["cm"].max()
