"""The oracle among the arms: indices read from what the simulator makes of a heart, before electrodes and
noise, with the true indices of all training people as labels. It is read out linearly: a network may
read a little more.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cardiacnets.cohorts.preprocessing import open_clean
from cardiacnets.cohorts.store import open_cohort
from cardiacnets.digital_heart.oracle import oracle_data
from cardiacnets.reach import code_of
from cardiacnets.run import Run

NOT_AVAILABLE = "not available: nobody knows the causes behind real hearts' ECGs"


def fit_oracle(run: Run) -> Path | None:
    """Write ``predictions/oracle.ukb/scores.npy`` (R, 82), what the oracle makes of every participant of
    ``ukb``, or reuse it; ``None`` where the cohort is real.

    A ridge regression as in :func:`cardiacnets.digital_heart.oracle.read_indices`, fitted to the training
    split's true indices.
    """
    cohort, clean = open_cohort(run, "ukb"), open_clean(run, "ukb")
    if cohort.indices_true is None:
        return None
    ingredients = {
        "cohort": clean.folder,
        "preset": run.profile.cohorts.preset,
        "seed": run.profile.seed,
        "source": code_of(fit_oracle),
    }

    def make(folder: Path) -> None:
        known = oracle_data(len(cohort.indices_true), "ukb", run.profile.cohorts.preset, run.profile.seed)
        causes, truth = known[0], np.asarray(cohort.indices_true, np.float64)
        if not np.allclose(known[3], truth, atol=1e-3 * np.abs(truth).max()):
            raise ValueError(
                f"{cohort.folder}: its hearts are not those that preset {run.profile.cohorts.preset} draws "
                f"from seed {run.profile.seed}; simulate the cohort again (chapter 00)"
            )
        training, scale = clean.rows("train"), StandardScaler()
        model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(0, 4, 9), alpha_per_target=True))
        model.fit(causes[training], scale.fit_transform(truth[training]))
        np.save(folder / "scores.npy", scale.inverse_transform(model.predict(causes)).astype(np.float32))

    return run.fit_or_load(run.predictions / "oracle.ukb", ingredients, make)


def oracle_scores(run: Run) -> np.ndarray | None:
    """The scores that :func:`fit_oracle` has left; ``None`` where the cohort is real."""
    if open_cohort(run, "ukb").indices_true is None:
        return None
    return np.load(run.require(run.predictions / "oracle.ukb") / "scores.npy", allow_pickle=False)
