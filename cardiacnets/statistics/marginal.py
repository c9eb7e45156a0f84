"""A sensitivity analysis of the reader study: generalised estimating equations on the readers' decisions."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
from statsmodels.genmod.cov_struct import Exchangeable
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_estimating_equations import GEE
from statsmodels.tools.sm_exceptions import ConvergenceWarning

from cardiacnets.statistics.estimate import normal_quantile
from cardiacnets.statistics.ratings import check_ratings


def estimating_equations(
    table: pd.DataFrame, threshold: float, modalities: Sequence | None = None
) -> pd.DataFrame:
    """Odds of a right decision with each modality against the first, decisions on one case correlated.

    logit P(right) = reader + modality over diseased cases (sensitivity); exchangeable within cases,
    bias-reduced sandwich covariance (Liang and Zeger 1986; Mancl and DeRouen 2001). Readers are fixed: the
    conclusion holds for these readers. ``table`` as in :func:`check_ratings`; a rating >= ``threshold`` is a
    positive decision. Columns ``modality, odds_ratio, low, high, pvalue``; NaN where a reader or a modality
    is always right or always wrong (infinite odds).
    """
    ratings = check_ratings(table, None, modalities)
    truth = ratings.truth
    right = (ratings.values >= threshold)[:, :, truth]  # (modalities, readers, diseased cases)
    if any(np.isin(right.mean(axis=axes), (0, 1)).any() for axes in ((1, 2), (0, 2))):
        return pd.DataFrame({"modality": ratings.modalities[1:]}).assign(
            odds_ratio=np.nan, low=np.nan, high=np.nan, pvalue=np.nan
        )
    modality, reader, case = (axis.ravel() for axis in np.indices(right.shape))
    of_reader = reader[:, None] == np.arange(right.shape[1])
    of_modality = modality[:, None] == np.arange(1, right.shape[0])
    design = np.hstack([of_reader, of_modality]).astype(float)  # (decisions, readers + modalities - 1)
    order = np.argsort(case, kind="stable")
    outcome = right.ravel()[order].astype(float)
    model = GEE(outcome, design[order], case[order], family=Binomial(), cov_struct=Exchangeable())
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        fitted = model.fit(cov_type="bias_reduced")
    z, first = normal_quantile(0.95), right.shape[1]
    effect, error = fitted.params[first:], fitted.bse[first:]
    return pd.DataFrame({
        "modality": ratings.modalities[1:], "odds_ratio": np.exp(effect), "low": np.exp(effect - z * error),
        "high": np.exp(effect + z * error), "pvalue": fitted.pvalues[first:],
    })
