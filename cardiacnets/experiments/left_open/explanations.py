"""Chapter 09: can a heat map be wrong, and would one notice?

Three tests of explanations. *Sanity* (Adebayo et al. 2018): with random weights the map has to change.
*Deletion* (Samek et al. 2017; Petsiuk et al. 2018): hiding what the map calls important has to hurt more than
hiding anything else. *Localisation*: the simulated heart's disease can be turned on with all else kept, so it
is known which leads and moments carry it; the map has to point there.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pandas as pd
import torch
from scipy.stats import rankdata

from cardiacnets.cohorts.preprocessing import encoder_view, open_clean
from cardiacnets.digital_heart import one_heart
from cardiacnets.experiments.downstream_tasks.downstream import load_network
from cardiacnets.experiments.shared.attribution import BEAT_COLUMNS, flatten, grad_cam, occlusion
from cardiacnets.experiments.shared.encoding import build_seeded, in_batches
from cardiacnets.experiments.shared.inputs import ecg_batch, scale_ecg
from cardiacnets.experiments.shared.tasks import labelled
from cardiacnets.models.heads import Downstream
from cardiacnets.profile import Profile
from cardiacnets.run import Run
from cardiacnets.statistics import bootstrap_mean

TASK = "ukb.cm"
ARMS = ("aligned", "ecg")
METHODS: dict[str, Callable[[Downstream, torch.Tensor], np.ndarray]] = {
    "occlusion": occlusion,
    "Grad-CAM, as published": grad_cam,
}
CAUSES = {"dilated": "dcm", "hypertrophic": "hcm", "restrictive": "rcm"}
SEVERITY = 0.8
PEOPLE = 24
HIDDEN = (0.05, 0.1, 0.2, 0.4)
"""Shares of the ECG hidden in the deletion test."""
REGION = 0.2
"""The part of the ECG that a disease changed most."""
RANDOM = "random weights"


def networks(run: Run) -> dict[str, Downstream]:
    """The screening networks of cardiomyopathy, and one of the same shape that learned nothing."""
    found = {arm: load_network(run, TASK, arm)[0] for arm in ARMS}
    return found | {RANDOM: build_seeded("downstream", run.profile, outputs=1, covariates=0).eval()}


def cases(run: Run) -> torch.Tensor:
    """Encoder inputs (B, 12, samples) of the first test cases of cardiomyopathy."""
    labels = labelled(run, TASK)
    test = labels.of("test")
    rows = labels.table["row"].to_numpy()[test[labels.target[test] == 1]][:PEOPLE]
    return ecg_batch(open_clean(run, "ukb"), rows, run.profile.ecg_input)


def on_one_grid(heat: np.ndarray) -> np.ndarray:
    """Maps (n, 12, columns) on :data:`BEAT_COLUMNS` columns or their own number, if that is larger."""
    columns = heat.shape[2]
    return np.repeat(heat, BEAT_COLUMNS // columns, axis=2) if columns < BEAT_COLUMNS else heat


def sanity(run: Run) -> pd.DataFrame:
    """One row a method: rank correlation of the aligned network's maps with those of the same network with
    random weights, mean over people with interval. Near 1 the map does not depend on what was learned.
    """
    models, ecg, rows = networks(run), cases(run), []
    for method, explain in METHODS.items():
        trained, random = (on_one_grid(explain(models[name], ecg)) for name in ("aligned", RANDOM))
        found = bootstrap_mean(rank_correlation(trained, random), **run.profile.resampling)
        rows.append({"how": method} | found.row())
    return pd.DataFrame(rows)


def rank_correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Spearman's correlation (n,) of maps (n, ...); 0 where one of them is flat."""
    ranks = [rankdata(part.reshape(len(part), -1), axis=1) for part in (a, b)]  # (n, cells)
    centred = [part - part.mean(axis=1, keepdims=True) for part in ranks]
    lengths = np.sqrt((centred[0] ** 2).sum(1) * (centred[1] ** 2).sum(1))
    product = (centred[0] * centred[1]).sum(1)
    return np.divide(product, lengths, out=np.zeros(len(product)), where=lengths > 0)


def deletion(run: Run) -> pd.DataFrame:
    """One row an arm, method and share hidden: by how much more the score of disease falls when the map's
    hottest cells are hidden than when as many cells at random are (``estimate`` with interval over people, in
    logits).
    """
    models, ecg, rows = networks(run), cases(run), []
    rng = np.random.default_rng([run.profile.seed, 911])
    for arm in ARMS:
        whole = _score(models[arm], ecg)
        for method, explain in METHODS.items():
            heat = on_one_grid(explain(models[arm], ecg))
            noise = rng.random(heat.shape)
            for share in HIDDEN:
                falls = [
                    whole - _score(models[arm], flatten(ecg, torch.from_numpy(hottest(order, share))))
                    for order in (heat + 1e-9 * noise, noise)
                ]
                found = bootstrap_mean(falls[0] - falls[1], **run.profile.resampling)
                rows.append({"arm": arm, "how": method, "hidden": share} | found.row())
    return pd.DataFrame(rows)


def hottest(heat: np.ndarray, share: float) -> np.ndarray:
    """Booleans (n, 12, columns): the ``share`` of cells with the largest ``heat``."""
    flat = heat.reshape(len(heat), -1)  # (n, cells)
    count = max(1, round(share * flat.shape[1]))
    chosen = np.zeros(flat.shape, bool)
    np.put_along_axis(chosen, np.argpartition(-flat, count - 1, axis=1)[:, :count], True, axis=1)
    return chosen.reshape(heat.shape)


def localisation(run: Run) -> pd.DataFrame:
    """One row a cause, network and method: the share of a map's heat that lies in the fifth of the ECG that
    the disease changed most, over that fifth; 1 is chance, 5 perfect. Mean over hearts with interval.
    """
    models, rows = networks(run), []
    for cause, condition in CAUSES.items():
        ecg, true = turned_on(run.profile, condition)
        inside = hottest(true, REGION)
        for name, model in models.items():
            for method, explain in METHODS.items():
                heat = on_one_grid(explain(model, ecg))
                held, total = (heat * inside).sum(axis=(1, 2)), heat.sum(axis=(1, 2))
                share = np.divide(held, total, out=np.full(len(held), inside.mean()), where=total > 0)
                found = bootstrap_mean(share / inside.mean(), **run.profile.resampling)
                rows.append({"cause": cause, "network": name, "how": method} | found.row())
    return pd.DataFrame(rows)


def cause_and_heat(run: Run) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """By cause the mean occlusion map of the aligned network and the mean true change, (12, columns) each."""
    model = networks(run)["aligned"]
    looked, changed = {}, {}
    for cause, condition in CAUSES.items():
        ecg, true = turned_on(run.profile, condition)
        looked[cause], changed[cause] = on_one_grid(occlusion(model, ecg)).mean(axis=0), true.mean(axis=0)
    return looked, changed


@lru_cache(maxsize=len(CAUSES))
def turned_on(profile: Profile, condition: str) -> tuple[torch.Tensor, np.ndarray]:
    """Encoder inputs (B, 12, samples) of hearts with the disease, and how much it changed each cell of their
    ECGs, (B, 12, columns): root mean square difference to the same heart without it.
    """
    settings, seeds = profile.ecg_input, [20_000 * profile.seed + person for person in range(PEOPLE)]
    views = []
    for state in ({}, {"condition": condition, "severity": SEVERITY}):
        signals = np.stack([one_heart(seed=seed, frames=2, **state).ecg for seed in seeds])
        views.append(np.asarray(scale_ecg(encoder_view(signals, settings), settings), dtype=np.float32))
    encoder = build_seeded("downstream", profile, outputs=1, covariates=0).encoder
    columns = max(BEAT_COLUMNS, encoder.grid[1])
    parts = np.array_split((views[1] - views[0]) ** 2, columns, axis=2)
    change = np.stack([np.sqrt(part.mean(axis=2)) for part in parts], axis=2)  # (B, 12, columns)
    return torch.from_numpy(np.ascontiguousarray(views[1])), change


def _score(model: Downstream, ecg: torch.Tensor) -> np.ndarray:
    return in_batches(model, (ecg, None))[:, 0]
