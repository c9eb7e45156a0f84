"""How many readers and cases the next study needs, from the components of this one.

Hillis, Obuchowski and Berbaum 2011, "Power estimation for multireader ROC methods: an updated and unified
approach": two modalities, readers and cases random, the Obuchowski-Rockette F with Hillis' degrees of
freedom. Error variance and covariances shrink with the number of cases, the variance of readers does not:
cases cannot replace readers.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import f, ncf

from cardiacnets.statistics.reader_study import Components

ALPHA = 0.05
MOST = 100_000
"""Cases beyond which no study goes."""


def reader_study_power(
    components: Components, study_cases: int, difference: float, readers: int, cases: int
) -> float:
    """Chance that ``readers`` reading ``cases`` find a true ``difference`` of the mean merits significant.

    ``components`` are those of a study with ``study_cases`` cases in the same share of diseased. With noise
    sigma = V_TR + (Var - Cov1 - d) and d = max(Cov2 - Cov3, 0), covariances scaled by study_cases / cases,
    the noncentrality is J difference^2 / 2 / (sigma + J d). Raises ``ValueError`` for fewer than two readers
    or cases.
    """
    if readers < 2 or cases < 2 or study_cases < 2:
        fewest = min(cases, study_cases)
        raise ValueError(f"at least two readers and two cases are needed, not {readers} and {fewest}")
    scale = study_cases / cases
    gap = scale * max(components.cov2 - components.cov3, 0.0)
    own = scale * (components.error_variance - components.cov1) - gap
    noise = components.interaction_variance + max(own, 0.0)
    denominator = noise + readers * gap
    if difference == 0:
        return ALPHA
    if denominator <= 0:
        return 1.0
    degrees = (readers - 1) * (denominator / noise) ** 2 if noise > 0 else 1e9
    noncentrality = readers * difference**2 / 2 / denominator
    return float(ncf.sf(f.isf(ALPHA, 1, degrees), 1, degrees, noncentrality))


def cases_needed(
    components: Components, study_cases: int, difference: float, readers: int
) -> int | None:
    """The fewest cases that give a power of 80 % with this many readers; None if even ``MOST`` do not."""

    def enough(cases: int) -> bool:
        return reader_study_power(components, study_cases, difference, readers, cases) >= 0.8

    if not enough(MOST):
        return None
    low, high = 1, MOST  # enough(high), and not enough(low)
    while high - low > 1:
        middle = int(np.ceil((low + high) / 2))
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
