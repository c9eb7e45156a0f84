"""Linear readouts: what a frozen representation already knows, and where fine-tuning starts.

Ridge regression for the 82 indices, logistic regression for classes; the penalty is chosen on the validation
split.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss

from cardiacnets.experiments.shared.tasks import Labelled, Task

RIDGE_PENALTIES = (1e1, 1e2, 1e3, 1e4, 1e5)
LOGISTIC_INVERSE_PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)


@dataclass(frozen=True)
class Probe:
    """An affine readout ``(features - centre) / spread @ weight.T + bias`` with as many outputs as the task.

    Index outputs are z-scores by ``target_mean`` and ``target_deviation``; class outputs are logits.
    """

    centre: np.ndarray
    spread: np.ndarray
    weight: np.ndarray
    bias: np.ndarray
    target_mean: np.ndarray
    target_deviation: np.ndarray
    validation_loss: float

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Scores (n, outputs): logits, or indices in their units."""
        scores = (features - self.centre) / self.spread @ self.weight.T + self.bias
        return scores * self.target_deviation + self.target_mean

    def affine(self) -> tuple[np.ndarray, np.ndarray]:
        """The same readout on unstandardised features: weight (outputs, D) and bias (outputs,) of z-scores or
        logits.
        """
        weight = self.weight / self.spread
        return weight, self.bias - weight @ self.centre


def standardise_targets(target: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Z-scores of (n, 82) indices with NaN kept, and the mean and deviation they were made with."""
    mean, deviation = np.nanmean(target, axis=0), np.maximum(np.nanstd(target, axis=0), 1e-6)
    return (target - mean) / deviation, mean, deviation


def fit_probe(
    task: Task, features: np.ndarray, target: np.ndarray, validation: tuple[np.ndarray, np.ndarray]
) -> Probe:
    """Fit on (n, D) ``features``; choose the penalty by the loss on ``validation`` = (features, target)."""
    centre, spread = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-6)
    train, held_out = ((part - centre) / spread for part in (features, validation[0]))
    if task.kind == "indices":
        z_scores, mean, deviation = standardise_targets(target)
        held_out_z = (validation[1] - mean) / deviation
        fits = [Ridge(alpha=penalty).fit(train, np.nan_to_num(z_scores)) for penalty in RIDGE_PENALTIES]
        losses = [float(np.nanmean((fit.predict(held_out) - held_out_z) ** 2)) for fit in fits]
        best = fits[int(np.argmin(losses))]
        return Probe(centre, spread, best.coef_, best.intercept_, mean, deviation, min(losses))
    fits = [
        LogisticRegression(C=inverse, max_iter=2000).fit(train, target)
        for inverse in LOGISTIC_INVERSE_PENALTIES
    ]
    losses = [log_loss(validation[1], fit.predict_proba(held_out), labels=fit.classes_) for fit in fits]
    best = fits[int(np.argmin(losses))]
    return Probe(centre, spread, best.coef_, best.intercept_, np.float64(0), np.float64(1), min(losses))


def read_out(labels: Labelled, features: np.ndarray) -> np.ndarray:
    """What a probe of ``features`` (n, D), fitted on training rows, reads of the test rows: (m, outputs)."""
    train, validation, test = (labels.of(split) for split in ("train", "validation", "test"))
    held_out = features[validation], labels.target[validation]
    return fit_probe(labels.task, features[train], labels.target[train], held_out)(features[test])
