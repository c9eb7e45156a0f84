"""Decisions at a threshold."""

import numpy as np
import pandas as pd
import pytest

from cardiacnets.statistics import balanced_accuracy, classification_table, wilson_interval, youden_threshold


def test_youden_of_proc(sample_data):
    table = pd.read_csv(sample_data / "stats" / "aSAH.csv")
    labels = (table["outcome"] == "Poor").to_numpy()
    threshold = youden_threshold(labels, table["s100b"])
    shares = classification_table(labels, table["s100b"] >= threshold).set_index("measure")["estimate"]
    # pROC: coords(roc(outcome ~ s100b), "best") gives specificity .8055556, sensitivity .6341463
    assert shares["specificity"] == pytest.approx(0.8055556, abs=5e-8)
    assert shares["sensitivity"] == pytest.approx(0.6341463, abs=5e-8)


def test_table_counts_and_undefined_values():
    table = classification_table([1, 1, 0, 0, 0], [1, 0, 0, 0, 0]).set_index("measure")
    assert table.loc["positive predictive value", ["k", "n"]].tolist() == [1, 1]
    assert table.loc["accuracy", "low"] == wilson_interval(4, 5).interval[0]
    nobody = classification_table([1, 0], [0, 0]).set_index("measure")
    assert np.isnan(nobody.loc["positive predictive value", "estimate"])


def test_balanced_accuracy_weighs_classes_equally():
    labels = np.repeat([0, 1, 2], [80, 15, 5])
    found = balanced_accuracy(labels, np.zeros(100, dtype=int))
    assert found.estimate == pytest.approx(1 / 3)
    assert found.interval[0] < 1 / 3 < found.interval[1]
    assert balanced_accuracy(labels, labels).interval[1] == 1 > balanced_accuracy(labels, labels).interval[0]


def test_balanced_accuracy_covers():
    """2,000 samples of recalls .9, .7, .5: about 95 % of intervals hold their mean."""
    rng = np.random.default_rng(0)
    labels, recalls = np.repeat([0, 1, 2], [60, 30, 20]), np.array([0.9, 0.7, 0.5])
    hits = 0
    for _ in range(2000):
        predicted = np.where(rng.random(110) < recalls[labels], labels, (labels + 1) % 3)
        low, high = balanced_accuracy(labels, predicted).interval
        hits += low <= 0.7 <= high
    assert 0.935 < hits / 2000 < 0.97  # Monte Carlo deviation .005, interval slightly conservative


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="two classes"):
        balanced_accuracy([1, 1], [1, 0])
