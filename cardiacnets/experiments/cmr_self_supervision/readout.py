"""What a frozen representation knows: linear readouts, recorded values and maps, for chapters 02 and 03."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from sklearn.decomposition import PCA

from cardiacnets.cohorts.preprocessing import open_clean
from cardiacnets.cohorts.store import open_cohort
from cardiacnets.experiments.cmr_self_supervision.components import cine_scores
from cardiacnets.experiments.cmr_self_supervision.encoder import load_cmr_encoder, untrained_cmr_encoder
from cardiacnets.experiments.cmr_self_supervision.features import cmr_features
from cardiacnets.experiments.shared.encoding import ENCODE_BATCH, cine_batch
from cardiacnets.experiments.shared.probe import fit_probe
from cardiacnets.experiments.shared.tasks import Labelled, labelled
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.phenotypes import INDEX_NAMES
from cardiacnets.run import Run
from cardiacnets.statistics import Estimate
from cardiacnets.statistics.correlation_resampling import BootstrappedCorrelations, bootstrap_correlations


def cmr_readouts(run: Run, key: str) -> BootstrappedCorrelations:
    """Test correlations of ridge readouts of the CMR features of both views, ``trained`` by chapter 02,
    ``untrained``, as the same network's random weights make them, and of the ``twin``'s components;
    resampled together.
    """
    labels = labelled(run, key)
    rows = labels.table["row"].to_numpy()
    encoders = {
        "trained": lambda view: cmr_features(run, "ukb", view)[0, rows],
        "untrained": lambda view: untrained_features(run, view, rows),
    }
    read = {
        arm: _read(labels, np.hstack([encode(view) for view in VIEWS])) for arm, encode in encoders.items()
    }
    read["twin"] = _read(labels, cine_scores(run)[rows].reshape(len(rows), -1))  # (n, views * K)
    return bootstrap_correlations(labels.target[labels.of("test")], read, **run.profile.resampling)


def verdict(gain: Estimate) -> str:
    """In words whether features tell more than others, where ``gain`` is the difference of what they read."""
    low, high = gain.interval
    if low > 0:
        return "tell more about the heart than"
    return "tell less about the heart than" if high < 0 else "cannot be told from"


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


def _read(labels: Labelled, features: np.ndarray) -> np.ndarray:
    """What a probe of ``features`` (n, D), fitted on training rows, reads of the test rows (m, 82)."""
    train, validation, test = (labels.of(split) for split in ("train", "validation", "test"))
    held_out = features[validation], labels.target[validation]
    return fit_probe(labels.task, features[train], labels.target[train], held_out)(features[test])


def untrained_features(run: Run, view: str, rows: np.ndarray) -> np.ndarray:
    """Features (n, D) of the encoder before its first training step."""
    return _encoded(untrained_cmr_encoder(run).encode, run, view, rows)


def pooled_features(run: Run, rows: np.ndarray, trained: bool = True) -> list[np.ndarray]:
    """For each view one mean (n, D) over all cells of the encoder's last map, as published."""
    model = load_cmr_encoder(run) if trained else untrained_cmr_encoder(run)
    return [_encoded(model.pooled, run, view, rows) for view in VIEWS]


def _encoded(
    encode: Callable[[torch.Tensor, str], torch.Tensor], run: Run, view: str, rows: np.ndarray
) -> np.ndarray:
    """What ``encode`` makes (n, D) of the cines of ``rows`` of ``ukb``."""
    array, parts = getattr(open_clean(run, "ukb"), view), np.array_split(rows, -(-len(rows) // ENCODE_BATCH))
    with torch.inference_mode():
        return torch.cat([encode(cine_batch(array, part), view) for part in parts]).numpy()
