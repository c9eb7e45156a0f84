"""Chapter 06's tables and sentences: both intervals, one number where there is one, slopes by interval."""

import numpy as np
import pandas as pd
import pytest

from cardiacnets.experiments.statistics import stated_in_words
from cardiacnets.experiments.statistics.tables import rates_in_words, readable, slope_in_words
from cardiacnets.statistics import Estimate, compare_aucs
from cardiacnets.statistics.trainings import ONE_TRAINING


def test_equivalence_shows_the_interval_that_decides():
    label = np.tile([0, 1], 60)
    score = label + np.random.default_rng(1).normal(size=120)
    other = score + np.random.default_rng(2).normal(size=120)
    shown = readable(pd.DataFrame([{"task": "ukb.cm"} | compare_aucs(label, score, other).row()]), "a", "b")
    names = list(shown.columns)
    assert names.index("90 % interval") == names.index("difference (95 % interval)") + 1
    assert " to " in shown["90 % interval"].iloc[0] and "low_90" not in names


def test_one_rate_is_one_number():
    rates = pd.DataFrame({"method": ["z", "z", "t", "t"], "rate": [0.0, 0.0, 0.03, 0.04]})
    assert rates_in_words(rates) == "z 0.0 %; t 3.0 to 4.0 %"


@pytest.mark.parametrize(
    ("ends", "said"),
    [((1.1, 1.9), "too moderate"), ((0.4, 0.9), "too extreme"), ((0.9, 1.2), "not shown"),
     ((np.nan, np.nan), "cannot be judged")],
)  # fmt: skip
def test_a_slope_is_read_by_its_interval(ends, said):
    assert said in slope_in_words(Estimate(1.0, ends, 100, "m"))


def test_what_trainings_leave_of_verdicts_is_said_in_whole_sentences(monkeypatch):
    rows = {"ukb.cm": (0.01, ""), "ukb.hf": (0.2, ""), "mimic.ph": (0.01, f"; {ONE_TRAINING}")}

    def found(run, key, pairs):
        pvalue, method = rows[key]
        return pd.DataFrame([{"pvalue": pvalue, "method": method}])

    monkeypatch.setattr(stated_in_words, "comparison_table", found)
    said = stated_in_words.trainings_counted(None, dict.fromkeys(rows, 0.01) | {"ukb.pc": 0.4})
    assert said == (
        "Participants alone tell the two apart in 3 of 4 tasks. In 2 of these the networks were trained "
        "several times; with the spread of trainings in the interval, 1 of 2 still differ. The verdict of 1 "
        "rests on one training of each network, and another may differ."
    )
    assert stated_in_words.trainings_counted(None, {"ukb.pc": 0.4}).endswith("in 0 of 1 tasks.")
