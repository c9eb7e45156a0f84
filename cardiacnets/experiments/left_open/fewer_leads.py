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
from cardiacnets.experiments.shared.probe import fit_probe
from cardiacnets.experiments.shared.tasks import Labelled, labelled
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
    rows = []
    for key in TASKS_ASKED:
        labels, clean = labelled(run, key), open_clean(run, "ukb")
        test = labels.of("test")
        for method in METHODS:
            scores = {name: _scores(run, clean, labels, method, leads) for name, leads in LEAD_SETS.items()}
            judge = _correlations if key == "ukb.indices" else _areas
            for name, found, change in judge(run, labels.target[test], scores):
                row = {"task": key, "how": METHODS[method], "leads": name} | found.row()
                rows.append(row | (change.columns("change") if change else {}))
    return pd.DataFrame(rows)


def keep_leads(ecg: np.ndarray | torch.Tensor, leads: tuple[str, ...]) -> np.ndarray | torch.Tensor:
    """``ecg`` (..., 12, samples) with every other lead flat at 0."""
    kept = [name in leads for name in LEADS]
    mask = torch.tensor(kept) if isinstance(ecg, torch.Tensor) else np.array(kept)
    return ecg * mask[:, None]


def _scores(
    run: Run, clean: CleanCohort, labels: Labelled, method: str, leads: tuple[str, ...]
) -> np.ndarray:  # fmt: skip
    """Test scores (n, outputs) of a readout learned with these leads."""
    rows = labels.table["row"].to_numpy()
    features = {"classical": _classical, "aligned": _aligned}[method](run, clean, rows, leads)
    train, validation, test = (labels.of(split) for split in ("train", "validation", "test"))
    held_out = features[validation], labels.target[validation]
    return fit_probe(labels.task, features[train], labels.target[train], held_out)(features[test])


def _classical(run: Run, clean: CleanCohort, rows: np.ndarray, leads: tuple[str, ...]) -> np.ndarray:
    places = [LEADS.index(name) for name in leads]
    beats = clean.beats[:, places]  # (R, leads, samples)
    learned = ClassicalFeatures.of(beats[clean.rows("train")], run.profile.downstream, run.profile.seed)
    return learned(beats[rows])


def _aligned(run: Run, clean: CleanCohort, rows: np.ndarray, leads: tuple[str, ...]) -> np.ndarray:
    inputs = keep_leads(ecg_batch(clean, rows, run.profile.ecg_input), leads)
    return in_batches(load_aligner(run).encoder, (inputs, None))


def _correlations(run: Run, truth: np.ndarray, scores: dict[str, np.ndarray]) -> Iterator[Judged]:
    found = bootstrap_correlations(truth, scores, **run.profile.resampling)
    for name in scores:
        change = None if name == WHOLE else found.mean_difference(name, WHOLE)
        yield name, found.mean(name), change


def _areas(run: Run, truth: np.ndarray, scores: dict[str, np.ndarray]) -> Iterator[Judged]:
    for name, values in scores.items():
        paired = truth, values[:, 0], scores[WHOLE][:, 0]
        yield name, auc_interval(*paired[:2]), None if name == WHOLE else auc_difference(*paired)
