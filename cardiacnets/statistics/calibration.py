"""Do predicted probabilities mean what they say, and would acting on them do more good than harm?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import logit
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.tools.tools import add_constant

from cardiacnets.statistics.checking import both_classes, columns
from cardiacnets.statistics.estimate import Estimate, normal_quantile
from cardiacnets.statistics.proportions import wilson_interval

EDGE = 1e-7
"""Probabilities are kept this far from 0 and 1 before the logit."""


@dataclass(frozen=True)
class Calibration:
    """``intercept`` 0 and ``slope`` 1 are ideal; ``brier`` is the mean squared error;
    ``observed_to_expected`` 1.

    ``curve``: groups of like predictions with ``predicted``, ``observed``, ``low``, ``high`` and ``n``.
    """

    intercept: Estimate
    slope: Estimate
    brier: Estimate
    observed_to_expected: float
    curve: pd.DataFrame


def calibration(labels: ArrayLike, probabilities: ArrayLike, groups: int = 10) -> Calibration:
    """Calibration in the large, slope, Brier score and curve (Van Calster et al. 2019; Cox 1958).

    Logistic regressions of the labels (n,) on the logit of the probabilities (n,) in [0, 1]: the intercept
    with the slope held at 1, and the slope with a free intercept. Wald intervals, for the Brier score too.
    Curve: ``groups`` of equal size by prediction, Wilson intervals. Constant or perfectly separating
    probabilities have no slope: NaN.
    """
    positive = both_classes(labels)
    p = columns(probabilities, len(positive), "probabilities")[:, 0]
    outside = np.flatnonzero((p < 0) | (p > 1))
    if len(outside):
        raise ValueError(f"probabilities lie in [0, 1]; that of row {outside[0]} is {p[outside[0]]:g}")
    x, y, z = logit(np.clip(p, EDGE, 1 - EDGE)), positive.astype(float), normal_quantile(0.95)
    large = GLM(y, np.ones((len(y), 1)), family=Binomial(), offset=x).fit()
    intercept = _wald(large.params[0], large.bse[0], z, len(y), "calibration in the large")
    separated = x[positive].min() > x[~positive].max() or x[positive].max() < x[~positive].min()
    if np.ptp(x) == 0 or separated:
        slope = Estimate(np.nan, (np.nan, np.nan), len(y), "calibration slope, undefined")
    else:
        fitted = GLM(y, add_constant(x), family=Binomial()).fit()
        slope = _wald(fitted.params[1], fitted.bse[1], z, len(y), "calibration slope")
    squares, expected = (p - y) ** 2, p.mean()
    brier = _wald(squares.mean(), squares.std(ddof=1) / np.sqrt(len(y)), z, len(y), "Brier score")
    ratio = float(y.mean() / expected) if expected > 0 else np.inf
    return Calibration(intercept, slope, brier, ratio, _curve(positive, p, groups))


def decision_curve(
    labels: ArrayLike, probabilities: ArrayLike, thresholds: ArrayLike | None = None
) -> pd.DataFrame:
    """Net benefit of acting on a probability above each threshold (Vickers and Elkin 2006).

    TP / n - FP / n * t / (1 - t), beside acting on everyone (``treat_all``) and on no one (0). It assumes
    calibrated probabilities and the sample's prevalence: in a balanced case-control sample it overstates the
    benefit.
    """
    positive = both_classes(labels)
    p = columns(probabilities, len(positive), "probabilities")[:, 0]
    t = np.linspace(0.01, 0.99, 99) if thresholds is None else np.asarray(thresholds, dtype=float)
    if ((t <= 0) | (t >= 1)).any():
        raise ValueError("thresholds lie strictly between 0 and 1")
    acted = p >= t[:, None]  # (thresholds, n)
    odds, prevalence = t / (1 - t), positive.mean()
    benefit = (acted & positive).mean(axis=1) - (acted & ~positive).mean(axis=1) * odds
    return pd.DataFrame({
        "threshold": t, "net_benefit": benefit,
        "treat_all": prevalence - (1 - prevalence) * odds, "treat_none": 0.0,
    })


def _wald(value: float, error: float, z: float, n: int, name: str) -> Estimate:
    interval = (float(value - z * error), float(value + z * error))
    return Estimate(float(value), interval, n, f"{name}, Wald interval")


def _curve(positive: np.ndarray, p: np.ndarray, groups: int) -> pd.DataFrame:
    rows = []
    for members in np.array_split(np.argsort(p, kind="stable"), min(groups, len(p))):
        share = wilson_interval(int(positive[members].sum()), len(members))
        rows.append((p[members].mean(), share.estimate, *share.interval, len(members)))
    return pd.DataFrame(rows, columns=["predicted", "observed", "low", "high", "n"])
