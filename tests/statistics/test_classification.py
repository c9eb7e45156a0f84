"""Decisions at a threshold."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from cardiacnets.statistics import (
    accuracy,
    balanced_accuracy,
    balanced_accuracy_difference,
    clustered_paired_test,
    youden_threshold,
)
from cardiacnets.statistics.discrimination import logit_limits


def test_youden_of_proc(sample_data):
    table = pd.read_csv(sample_data / "stats" / "aSAH.csv")
    labels = (table["outcome"] == "Poor").to_numpy()
    threshold = youden_threshold(labels, table["s100b"])
    found = table["s100b"] >= threshold
    # pROC: coords(roc(outcome ~ s100b), "best") gives specificity .8055556, sensitivity .6341463
    assert (~found[~labels]).mean() == pytest.approx(0.8055556, abs=5e-8)
    assert found[labels].mean() == pytest.approx(0.6341463, abs=5e-8)


def test_balanced_accuracy_weighs_classes_equally():
    labels = np.repeat([0, 1, 2], [80, 15, 5])
    found = balanced_accuracy(labels, labels == 0)
    assert found.estimate == pytest.approx(1 / 3)
    assert found.interval[0] < 1 / 3 < found.interval[1]
    assert balanced_accuracy(labels, labels == labels).interval[1] == 1
    assert 0.5 < balanced_accuracy(labels, labels == labels).interval[0] < 1


def test_error_of_two_classes_by_hand():
    # recalls 3/4 and 1/2: variances .75 x .25 / 3 and .5 x .5 / 5, of the mean a quarter of their sum
    labels, right = [0] * 4 + [1] * 6, [1, 1, 1, 0, 1, 1, 1, 0, 0, 0]
    own = np.array([0.75 * 0.25 / 3, 0.5 * 0.5 / 5]) / 4
    degrees = own.sum() ** 2 / (own[0] ** 2 / 3 + own[1] ** 2 / 5)
    quantile = float(student.ppf(0.975, degrees))
    expected = logit_limits(0.625, float(np.sqrt(own.sum())), quantile)
    assert balanced_accuracy(labels, right).interval == pytest.approx(expected)


def test_repeated_rows_are_not_more_people():
    rng = np.random.default_rng(0)
    labels, right = np.repeat([0, 1, 2], [40, 30, 20]), rng.random((2, 90)) < 0.7
    people = np.tile(np.arange(90), 3)
    for measure in (
        lambda i, who: accuracy(right[0][i], who),
        lambda i, who: balanced_accuracy(labels[i], right[0][i], who),
        lambda i, who: balanced_accuracy_difference(labels[i], *right[:, i], who),
    ):
        once, many, naive = measure(np.arange(90), None), measure(people, people), measure(people, None)
        assert many.interval == pytest.approx(once.interval) and many.n == once.n == 90
        assert np.ptp(naive.interval) < 0.65 * np.ptp(many.interval) and naive.n == 270


def test_a_person_of_two_classes_counts_his_covariance():
    """Everyone has one row of each class, both right or both wrong: as certain as one share of people."""
    right = np.arange(100) < 70
    found = balanced_accuracy(np.repeat([0, 1], 100), np.tile(right, 2), np.tile(np.arange(100), 2))
    # degrees of freedom differ a little: those of two classes beside those of one
    assert found.interval == pytest.approx(accuracy(right).interval, abs=0.002)


def test_difference_of_balanced_accuracies_and_its_test():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, 2], [60, 40, 20])
    a, b = rng.random((2, 120)) < np.array([[0.9], [0.6]])
    found = balanced_accuracy_difference(labels, a, b)
    gap = balanced_accuracy(labels, a).estimate - balanced_accuracy(labels, b).estimate
    assert found.estimate == pytest.approx(gap) and found.interval[0] > 0 and 0 < found.pvalue < 0.01
    touching = balanced_accuracy_difference(labels, a, b, level=1 - found.pvalue)
    assert touching.interval[0] == pytest.approx(0, abs=1e-9)
    turned = balanced_accuracy_difference(labels, b, a)
    assert turned.interval == pytest.approx((-found.interval[1], -found.interval[0]))
    equal = balanced_accuracy_difference(labels, a, a)
    assert (equal.estimate, equal.interval, equal.pvalue) == (0, (0, 0), 1)


def test_one_class_of_equal_size_is_the_clustered_test():
    """With one row a person and classes as large, the mean of recalls is the share of right answers."""
    rng = np.random.default_rng(0)
    labels, (a, b) = np.arange(400) % 2, rng.random((2, 400)) < 0.7
    ours, theirs = balanced_accuracy_difference(labels, a, b), clustered_paired_test(a, b, np.arange(400))
    assert ours.estimate == pytest.approx(theirs.estimate)
    assert ours.interval == pytest.approx(theirs.interval, abs=5e-4)


def test_a_class_of_one_person_says_nothing_of_others():
    labels, right = [0, 0, 0, 1, 1], [1, 0, 1, 1, 1]
    assert balanced_accuracy(labels, right, [0, 1, 2, 3, 3]).interval == (0, 1)
    found = balanced_accuracy_difference(labels, right, [0, 0, 1, 1, 1], [0, 1, 2, 3, 3])
    assert found.interval == (-1, 1) and found.pvalue == 1


def test_few_who_agree_are_no_certainty():
    """Everyone in one class gained, no one in the other: no variation, and yet five people prove little."""
    labels, people = np.repeat([0, 1], [6, 4]), [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    found = balanced_accuracy_difference(labels, labels == 1, np.zeros(10), people)
    assert found.estimate == 0.5 and found.interval[0] < 0.05 and found.interval[1] > 0.6
    assert 0.05 < found.pvalue < 0.2
    turned = balanced_accuracy_difference(labels, np.zeros(10), labels == 1, people)
    assert turned.interval == pytest.approx((-found.interval[1], -found.interval[0]))
    opposite = balanced_accuracy_difference(labels, labels == 1, labels == 0, people)
    assert opposite.estimate == 0 and opposite.interval[0] < -0.3 and opposite.pvalue == 1


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="two classes"):
        balanced_accuracy([1, 1], [1, 0])
    with pytest.raises(ValueError, match="two classes"):
        balanced_accuracy_difference([1, 1], [1, 0], [1, 1])
    with pytest.raises(ValueError, match="right must be 0 or 1; found 2"):
        balanced_accuracy([0, 1], [2, 1])
