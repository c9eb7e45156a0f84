"""Many p-values at once: what survives when every index, arm or cohort was tested."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from statsmodels.stats.multitest import multipletests


def holm(pvalues: ArrayLike) -> np.ndarray:
    """Holm's step-down adjusted p-values: the chance of any false claim stays under the level, whatever the
    dependence.

    Holm 1979. NaN (a test that was not possible) stays NaN and does not count.
    """
    return _adjusted(pvalues, "holm")


def benjamini_hochberg(pvalues: ArrayLike) -> np.ndarray:
    """Benjamini-Hochberg adjusted p-values: the expected share of false claims stays under the level.

    Benjamini and Hochberg 1995; for independent or positively dependent tests. NaN stays NaN and does not
    count.
    """
    return _adjusted(pvalues, "fdr_bh")


def _adjusted(pvalues: ArrayLike, method: str) -> np.ndarray:
    values = np.asarray(pvalues, dtype=float)
    tested = np.isfinite(values)
    if ((values[tested] < 0) | (values[tested] > 1)).any():
        raise ValueError("p-values lie between 0 and 1")
    adjusted = np.full(values.shape, np.nan)
    if tested.any():
        adjusted[tested] = multipletests(values[tested], method=method)[1]
    return adjusted
