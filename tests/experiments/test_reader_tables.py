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


def rows(first: str, names: tuple, *lines: tuple) -> pd.DataFrame:
    return pd.DataFrame(lines, columns=[first, *names, "low", "high"])


def test_agreement_is_read_with_and_without_chance():
    agreement = rows(
        "experience", ("coefficient", "estimate"),
        ("junior", "percent", 0.82, 0.75, 0.88), ("junior", "Cohen's kappa", 0.4, 0.2, 0.6),
        ("senior", "percent", np.nan, np.nan, np.nan),
    )  # fmt: skip
    said = tables.agreed_in_words(agreement)
    assert said == "junior: 82 (75 to 88) %, kappa 0.40 (0.20 to 0.60); senior: not available"
    contrast = rows(
        "quantity", ("difference",), ("percent", -0.1, -0.2, -0.01), ("gain in accuracy", 0.1, -0.1, 0.3)
    ).assign(cases=111)
    said = tables.contrasts_in_words(contrast)
    assert said == "juniors below seniors in share of equal decisions; undecided in gain in accuracy"
    assert "one kind of reader" in tables.contrasts_in_words(contrast.iloc[:0])


@pytest.mark.parametrize(("low", "said"), [(0.45, "the two intervals part"), (0.35, "intervals overlap")])
def test_displays_are_ordered_by_how_far_readers_agree(low, said):
    between = rows(
        "display", ("coefficient", "estimate"),
        ("ecg", "Fleiss' kappa", 0.3, 0.2, 0.4), ("ecg+real", "Fleiss' kappa", 0.5, low, 0.6),
        ("ecg", "agreeing pairs", 0.9, 0.8, 0.95),
    )  # fmt: skip
    told = tables.between_in_words(between)
    assert told.startswith("is highest with ECG + real (0.50") and said in told
    assert "cannot be compared" in tables.between_in_words(between.iloc[:1])


def test_alarms_and_plans_are_read():
    alarms = rows("method", ("rate",), ("pooled z", 0.2, 0.1, 0.3), ("both random", 0.07, 0.03, 0.1))
    assert tables.alarms_in_words(alarms).endswith("promise: pooled z (20 %)")
    assert "no test" in tables.alarms_in_words(alarms.iloc[1:])
    plan = pd.DataFrame({"readers": [4, 8], "cases needed": [np.nan, 1210], "power": [0.2, 0.35]})
    assert tables.plan_in_words(plan) == (
        "with the cases at hand 4 readers give a power of 20%, 8 one of 35%; 8 is the smallest panel here "
        "that cases can bring to 80 %, with 1,210 of them"
    )
    assert "no number of cases is enough" in tables.plan_in_words(plan.iloc[:1])
