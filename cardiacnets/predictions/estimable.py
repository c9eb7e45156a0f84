"""A row of a table for a number that may not exist: in its place stands why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from cardiacnets.statistics import Estimate

NOTHING = {"estimate": np.nan, "low": np.nan, "high": np.nan, "n": 0, "method": ""}


def judged(measure: Callable[[], Estimate]) -> dict[str, Any]:
    """``estimate, low, high, n, method`` of ``measure()``, and ``why``: empty, or why there is no number."""
    try:
        found = measure()
    except ValueError as error:
        return NOTHING | {"why": f"not estimable: {error}"}
    row = found.row()
    row.pop("pvalue", None)
    if not np.isfinite([row["estimate"], row["low"], row["high"]]).all():
        return NOTHING | {"why": "not estimable: too few people, or all alike"}
    return row | {"why": ""}
