"""What a frozen representation knows: linear readouts, recorded values and maps, for chapters 02 and 03."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from sklearn.decomposition import PCA

from cardiacnets.cohorts.preprocessing import open_clean
from cardiacnets.cohorts.store import open_cohort
from cardiacnets.experiments.cmr_self_supervision.features import cmr_features
from cardiacnets.experiments.shared.encoding import ENCODE_BATCH, build_seeded, cine_batch
from cardiacnets.experiments.shared.probe import fit_probe
from cardiacnets.experiments.shared.tasks import labelled
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.phenotypes import INDEX_NAMES
from cardiacnets.run import Run
from cardiacnets.statistics import Estimate
from cardiacnets.statistics.correlation_resampling import bootstrap_correlations


def cmr_readout(run: Run, key: str, trained: bool = True) -> Estimate:
    """Mean test correlation over the indices of a ridge readout of CMR features: pre-trained, or of random
    weights.
    """
    labels = labelled(run, key)
    rows = labels.table["row"].to_numpy()
    features = np.hstack(
        [
            cmr_features(run, "ukb", view)[0, rows] if trained else _untrained_features(run, view, rows)
            for view in VIEWS
        ]
    )
    train, validation, test = (labels.of(split) for split in ("train", "validation", "test"))
    probe = fit_probe(
        labels.task, features[train], labels.target[train], (features[validation], labels.target[validation])
    )
    read = {"readout": probe(features[test])}
    return bootstrap_correlations(labels.target[test], read, **run.profile.resampling).mean("readout")


def as_table(scores: Mapping[str, Estimate], name: str) -> pd.DataFrame:
    """Scores as rows: estimate, interval and number of participants."""
    rows = [{"representation": arm} | score.row() for arm, score in scores.items()]
    return pd.DataFrame(rows).drop(columns="method").rename(columns={"estimate": name})


def recorded(run: Run, cohort: str, names: Sequence[str]) -> np.ndarray:
    """Recorded indices (R, len(names)) of every row of ``cohort``."""
    return open_cohort(run, cohort).indices[:, [INDEX_NAMES.index(name) for name in names]]


def principal_plane(vectors: np.ndarray) -> np.ndarray:
    """The first two principal components (n, 2) of unit vectors (n, P)."""
    return PCA(2).fit_transform(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def _untrained_features(run: Run, view: str, rows: np.ndarray) -> np.ndarray:
    """Features (n, D) of the encoder before its first training step."""
    model, clean = build_seeded("cmr_autoencoder", run.profile).eval(), open_clean(run, "ukb")
    parts = np.array_split(rows, -(-len(rows) // ENCODE_BATCH))
    with torch.inference_mode():
        return torch.cat(
            [model.encode(cine_batch(getattr(clean, view), part), view) for part in parts]
        ).numpy()
