"""Chapter 09: what is lost with fewer leads, as a watch or a patch has them.

Readouts are learned anew for each set of leads, on the same people: of the classical features of these leads
alone, and of the aligned encoder whose other leads are flat, as it never saw them in training.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch

from cardiacnets.cohorts.preprocessing import CleanCohort, open_clean
from cardiacnets.contracts import LEADS
from cardiacnets.experiments.contrastive_alignment.align import load_aligner
from cardiacnets.experiments.shared.classical import ClassicalFeatures
from cardiacnets.experiments.shared.encoding import in_batches
from cardiacnets.experiments.shared.inputs import ecg_batch
from cardiacnets.experiments.shared.probe import read_out
from cardiacnets.experiments.shared.tasks import labelled
from cardiacnets.profile import Downstream
from cardiacnets.run import Run
from cardiacnets.statistics import Comparison, Estimate, auc_difference, auc_interval, bootstrap_correlations

Judged = tuple[str, Estimate, Comparison | None]

LEAD_SETS = {
    "twelve": LEADS,
    "eight independent": ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6"),
    "two (I, II)": ("I", "II"),
    "one (I)": ("I",),
}
"""Limb leads but two follow from I and II, so eight leads know what twelve know."""
WHOLE = "twelve"
METHODS = {"classical": "classical ECG", "aligned": "aligned encoder, frozen"}
TASKS_ASKED = ("ukb.indices", "ukb.cm")


def fewer_leads(run: Run) -> pd.DataFrame:
    """One row a task, method and set of leads: ``estimate, low, high, n, method`` of mean r or AUC on the
    test split, and ``change`` with ``change_interval`` against the same method with twelve leads, paired.
    """
    clean, encoder, rows = open_clean(run, "ukb"), load_aligner(run).encoder, []
    for key in TASKS_ASKED:
        labels = labelled(run, key)
        truth, place = labels.target[labels.of("test")], labels.table["row"].to_numpy()
        inputs = ecg_batch(clean, place, run.profile.ecg_input)
        for method in METHODS:
            scores = {}
            for name, leads in LEAD_SETS.items():
                if method == "classical":
                    features = classical_of(clean, place, leads, run.profile.downstream, run.profile.seed)
                else:
                    features = in_batches(encoder, (keep_leads(inputs, leads), None))
                scores[name] = read_out(labels, features)
            indices = key == "ukb.indices"
            for name, found, change in (
                _correlations(truth, scores, **run.profile.resampling) if indices else _areas(truth, scores)
            ):
                row = {"task": key, "how": METHODS[method], "leads": name} | found.row()
                rows.append(row | (change.columns("change") if change else {}))
    return pd.DataFrame(rows)


def keep_leads(ecg: np.ndarray | torch.Tensor, leads: tuple[str, ...]) -> np.ndarray | torch.Tensor:
    """``ecg`` (..., 12, samples) with every other lead flat at 0."""
    kept = [name in leads for name in LEADS]
    mask = torch.tensor(kept) if isinstance(ecg, torch.Tensor) else np.array(kept)
    return ecg * mask[:, None]


def classical_of(
    clean: CleanCohort, rows: np.ndarray, leads: tuple[str, ...], settings: Downstream, seed: int
) -> np.ndarray:
    """Classical features (n, p) of these leads of the beats of ``rows``, learned on the training rows."""
    beats = clean.beats[:, [LEADS.index(name) for name in leads]]  # (R, leads, samples)
    return ClassicalFeatures.of(beats[clean.rows("train")], settings, seed)(beats[rows])


def _correlations(
    truth: np.ndarray, scores: dict[str, np.ndarray], resamples: int, seed: int
) -> Iterator[Judged]:
    found = bootstrap_correlations(truth, scores, resamples=resamples, seed=seed)
    for name in scores:
        change = None if name == WHOLE else found.mean_difference(name, WHOLE)
        yield name, found.mean(name), change


def _areas(truth: np.ndarray, scores: dict[str, np.ndarray]) -> Iterator[Judged]:
    for name, values in scores.items():
        paired = truth, values[:, 0], scores[WHOLE][:, 0]
        yield name, auc_interval(*paired[:2]), None if name == WHOLE else auc_difference(*paired)
