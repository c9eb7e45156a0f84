"""Chapter 07's tables in words: no key, no p of nought, no direction that the interval does not carry."""

import numpy as np
import pandas as pd
import pytest

from cardiacnets.experiments.reader_study import tables
from cardiacnets.statistics import Estimate


def test_tables_show_names_and_intervals_in_one_cell():
    shown = tables.readable(
        pd.DataFrame({
            "modality": ["ecg+real"], "odds_ratio": [2.25], "low": [1.59], "high": [3.2], "pvalue": [1e-6],
        }),
        "odds_ratio",
    )  # fmt: skip
    assert list(shown.columns) == ["display", "odds ratio (95 % interval)", "p"]
    assert shown.iloc[0].tolist() == ["ECG + real", "2.250 (1.590 to 3.200)", "< 0.001"]
    agreed = {"coefficient": ["percent"], "estimate": [np.nan], "low": [np.nan], "high": [np.nan]}
    agreed = tables.readable(pd.DataFrame(agreed))
    assert agreed.iloc[0].tolist() == [tables.SHARE, "not available"]
    gains = {"reader": ["J1"], "gain": [0.1], "low": [0.0], "high": [0.2], "display": ["ecg"]}
    gained = tables.readable(pd.DataFrame(gains), "gain")
    assert list(gained.columns) == ["reader", "display", "gain (95 % interval)"]


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ((0.0004, 0.17), "raises the mean AUC by 0.085 (change +0.000 to +0.170)"),
        ((-0.0004, 0.17), "leaves the change of the mean AUC undecided, from −0.000 to +0.170"),
        ((np.nan, np.nan), "has an effect on the mean AUC that cannot be judged in this run"),
    ],
)
def test_a_change_is_said_as_far_as_its_interval_goes(ends, said):
    assert tables.change_in_words(Estimate(0.085, ends, 111, "m"), "AUC") == said


def test_odds_and_pitfalls_are_read():
    odds = pd.DataFrame({
        "modality": ["ecg+generated", "ecg+real"], "odds_ratio": [1.13, 2.25], "low": [0.85, 1.59],
        "high": [1.52, 3.2],
    })  # fmt: skip
    assert tables.odds_in_words(odds) == (
        "with ECG + generated they are undecided (ratio 1.13, 0.85 to 1.52); with ECG + real they are higher "
        "(ratio 2.25, 1.59 to 3.20)"
    )
    assert "not available" in tables.odds_in_words(odds.assign(low=np.nan))
    said = tables.pitfalls_in_words(pd.DataFrame({"pvalue": [6e-8, 2e-8, 3e-5, 0.036]}))
    assert said == "p is 0.036 with readers and cases random, and below 0.001 with readings counted as people"
