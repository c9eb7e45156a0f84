"""What chapter 02 says of a contrast and of features follows from the numbers."""

from math import nan

import pandas as pd
import pytest

from cardiacnets.experiments.cmr_self_supervision.readout import as_table, ended, verdict
from cardiacnets.statistics import Estimate
from cardiacnets.statistics.estimate import Comparison
from cardiacnets.statistics.trainings import ONE_TRAINING


@pytest.mark.parametrize(
    ("losses", "batch", "said"),
    [
        ([3.6, 3.45], 32, "the contrast is 3.45, where guessing gives 3.47: it stayed at guessing"),
        ([3.6, 2.1, nan], 32, "is 2.10, where guessing gives 3.47: it left guessing"),
        ([4.0], 32, "it stayed at guessing"),
        ([nan], 32, "no contrast is known"),
        ([], 32, "no contrast is known"),
        ([0.0], 1, "no contrast is known"),
    ],
)  # fmt: skip
def test_a_contrast_left_guessing_or_stayed_there(losses, batch, said):
    assert said in ended(pd.Series(losses, dtype=float), batch)


@pytest.mark.parametrize(
    ("interval", "said"),
    [
        ((0.1, 0.2), "in the one training of this run tell more about the heart than"),
        ((-0.2, -0.1), "in the one training of this run tell less about the heart than"),
        ((-0.1, 0.1), "cannot be told from"),
    ],
)
def test_features_are_told_from_others_by_the_interval_and_with_their_training(interval, said):
    assert verdict(Estimate(0.0, interval, 9, f"bootstrap, {ONE_TRAINING}")) == said
    without = said.removeprefix("in the one training of this run ")
    assert verdict(Estimate(0.0, interval, 9, "bootstrap")) == without


def test_a_tables_heads_are_words():
    gain = Comparison(0.1, (0.0, 0.2), 9, "bootstrap", statistic=1.0, pvalue=0.3)
    assert list(as_table({"gain": gain}, "mean r")) == ["representation", "mean r", "low", "high", "n", "p"]
