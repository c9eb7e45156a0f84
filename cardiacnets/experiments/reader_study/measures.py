"""Chapter 07: what each reader achieves with each display, and the model beside them (supplementary table 9).

Decisions give sensitivity, specificity, accuracy, PPV and NPV, ratings the AUC; each number has its own n.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.metrics import roc_curve

from cardiacnets.predictions import operating_points
from cardiacnets.predictions.estimable import judged
from cardiacnets.predictions.operating import METRICS
from cardiacnets.statistics import auc_interval

MODEL = "model"
DISPLAYS = {"ecg": "ECG", "ecg+generated": "ECG + generated", "ecg+real": "ECG + real"}
"""What a reader looks at, as a page calls it."""


def reader_measures(readings: pd.DataFrame) -> pd.DataFrame:
    """A row a reader, display and measure: ``reader, experience, modality, metric, estimate, low, high, n,
    method, why``. Intervals over cases, for that reader; what cannot be estimated says why.

    ``readings``: columns ``reader, experience, modality, case, truth, decision, rating``.
    """
    keys = ["reader", "experience", "modality"]
    rows = []
    for (reader, experience, modality), own in readings.groupby(keys, sort=False):
        truth = own["truth"].to_numpy(int)
        points = operating_points(truth, own["decision"].to_numpy(float), 0.5).set_index("metric")
        points.loc["auc"] = pd.Series(judged(lambda own=own, truth=truth: auc_interval(truth, own["rating"])))
        head = {"reader": reader, "experience": experience, "modality": modality}
        rows.append(points.reset_index().assign(**head))
    return pd.concat(rows, ignore_index=True)


def model_measures(truth: np.ndarray, scores: np.ndarray, threshold: float) -> pd.DataFrame:
    """The same of the model, which sees the ECG and calls whom ``threshold`` reaches."""
    head = {"reader": MODEL, "experience": "", "modality": "ecg"}
    return operating_points(truth, scores, threshold).assign(**head)


def shown_measures(table: pd.DataFrame) -> pd.DataFrame:
    """As a page shows them: a row a reader and display, a column a measure with its interval and own n."""
    cells = [
        row.why or f"{row.estimate:.2f} ({row.low:.2f} to {row.high:.2f}), n {row.n:.0f}"
        for row in table.itertuples()
    ]
    wide = table.assign(cell=cells).pivot_table(
        index=["reader", "experience", "modality"],
        columns="metric",
        values="cell",
        aggfunc="first",
        sort=False,
    )
    order = [name for name in METRICS if name in wide]
    shown = wide[order].rename(columns=METRICS).reset_index().rename(columns={"modality": "display"})
    return shown.assign(display=shown["display"].replace(DISPLAYS))


def points_in_plane(table: pd.DataFrame) -> pd.DataFrame:
    """One row a reader and display where both can be estimated: ``sensitivity`` and ``specificity``, each
    with ``_low`` and ``_high``.
    """
    rows = []
    for (reader, experience, modality), own in table.groupby(
        ["reader", "experience", "modality"], sort=False
    ):
        found = own.set_index("metric").loc[["sensitivity", "specificity"]]
        if (found["why"] == "").all():
            row = {"reader": reader, "experience": experience, "modality": modality}
            for name, one in found.iterrows():
                row |= {name: one["estimate"], f"{name}_low": one["low"], f"{name}_high": one["high"]}
            rows.append(row)
    return pd.DataFrame(rows)


def beside_curve(points: pd.DataFrame, truth: np.ndarray, scores: np.ndarray) -> str:
    """How many readers stand above and below the model's ROC curve with each display, in words: by the
    interval of their sensitivity against the curve at their own specificity.
    """
    wrong, right, _ = roc_curve(truth, scores)
    said = []
    for modality, own in points[points["reader"] != MODEL].groupby("modality", sort=False):
        curve = np.interp(1 - own["specificity"], wrong, right)
        above, below = (
            int((own["sensitivity_low"] > curve).sum()),
            int((own["sensitivity_high"] < curve).sum()),
        )
        rest = len(own) - above - below
        said.append(f"{DISPLAYS[modality]}: {above} above, {below} below, {rest} undecided of {len(own)}")
    return "; ".join(said)
