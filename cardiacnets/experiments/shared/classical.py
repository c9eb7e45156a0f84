"""The classical ECG arm: principal components of the median beat, random Fourier features, a linear readout.

No network, minutes of laptop time in the last century: whatever a network adds must be measured against this,
not against nothing (Rahimi and Recht 2007, "Random features for large-scale kernel machines").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA
from sklearn.kernel_approximation import RBFSampler

from cardiacnets.cohorts.preprocessing import CleanCohort
from cardiacnets.profile import Downstream

COMPONENTS = 60


@dataclass(frozen=True)
class ClassicalFeatures:
    """Beats (n, 12, 180) mV to features (n, components + random features)."""

    components: PCA
    kernel: RBFSampler

    @classmethod
    def fit(cls, clean: CleanCohort, settings: Downstream, seed: int) -> ClassicalFeatures:
        """Learn the components on the training split's beats, without labels."""
        return cls.of(clean.beats[clean.rows("train")], settings, seed)

    @classmethod
    def of(cls, training: np.ndarray, settings: Downstream, seed: int) -> ClassicalFeatures:
        """The same from ``training`` beats (n, leads, 180) mV of any leads."""
        beats = _flat(training)
        components = PCA(min(COMPONENTS, len(beats) // 2), whiten=True, random_state=seed).fit(beats)
        # whitened components have unit variance: 1 / (2 D) makes a typical squared distance weigh exp(-1)
        kernel = RBFSampler(
            gamma=0.5 / components.n_components_, n_components=settings.random_features, random_state=seed
        )
        return cls(components, kernel.fit(components.transform(beats[:2])))

    def __call__(self, beats: np.ndarray) -> np.ndarray:
        """Features of beats (n, 12, 180) mV, or of the leads they were learned from."""
        scores = self.components.transform(_flat(beats))
        return np.hstack([scores, self.kernel.transform(scores)])


def _flat(beats: np.ndarray) -> np.ndarray:
    """Beats (n, leads, 180) as (n, leads * 180) in double precision: whitening divides by small spreads, and
    in single precision a row's features would depend on the rows beside it.
    """
    return beats.reshape(len(beats), -1).astype(np.float64)
