"""Many p-values at once: what survives when every index, arm or cohort was tested."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from statsmodels.stats.multitest import multipletests


def holm(pvalues: ArrayLike) -> np.ndarray:
    """Holm's step-down adjusted p-values: the chance of any false claim stays under the level, whatever the
    dependence.

    Holm 1979. NaN (a test that was not possible) stays NaN and does not count. Raises ``ValueError`` for
    p-values outside [0, 1].
    """
    values = np.asarray(pvalues, dtype=float)
    tested = np.isfinite(values)
    if ((values[tested] < 0) | (values[tested] > 1)).any():
        raise ValueError("p-values lie between 0 and 1")
    adjusted = np.full(values.shape, np.nan)
    if tested.any():
        adjusted[tested] = multipletests(values[tested], method="holm")[1]
    return adjusted
