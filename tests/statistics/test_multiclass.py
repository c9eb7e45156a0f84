"""Three classes at once: one against the rest, and the mean."""

import numpy as np
import pytest
from scipy.stats import t as student

from cardiacnets.statistics import (
    auc_interval,
    class_gain_difference,
    clustered_paired_test,
    one_vs_rest,
    recall_gain,
)


def chances(n=90, seed=0):
    """Labels (n,) of three classes, and probabilities (n, 3)."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    odds = np.exp(rng.normal(size=(n, 3)) + np.eye(3)[labels])
    return labels, odds / odds.sum(axis=1, keepdims=True)


def test_one_vs_rest_of_two_classes_is_the_binary_auc():
    labels, scores = chances()
    labels, chance = (labels == 0).astype(int), scores[:, 0]
    found = one_vs_rest(labels, np.column_stack([1 - chance, chance]))
    binary = auc_interval(labels, chance)
    assert found.macro.estimate == pytest.approx(binary.estimate)
    # the macro variance corrects for n - 1 once, the binary one within cases and controls
    assert found.macro.interval == pytest.approx(binary.interval, abs=0.005)
    assert [each.estimate for each in found.classes] == pytest.approx([binary.estimate] * 2)


def test_each_class_is_an_auc_of_its_own_and_the_mean_lies_between():
    labels, probabilities = chances()
    found = one_vs_rest(labels, probabilities)
    for place, single in enumerate(found.classes):
        assert single == auc_interval(labels == place, probabilities[:, place])
    assert found.macro.estimate == pytest.approx(np.mean([each.estimate for each in found.classes]))
    assert found.macro.interval[0] < found.macro.estimate < found.macro.interval[1]


def test_repeated_rows_do_not_narrow_the_mean():
    labels, probabilities = chances()
    once = one_vs_rest(labels, probabilities)
    people = np.tile(np.arange(len(labels)), 4)
    many = one_vs_rest(np.tile(labels, 4), np.tile(probabilities, (4, 1)), clusters=people)
    assert many.macro.interval == pytest.approx(once.macro.interval, abs=1e-12)
    naive = one_vs_rest(np.tile(labels, 4), np.tile(probabilities, (4, 1)))
    assert np.ptp(naive.macro.interval) < 0.6 * np.ptp(once.macro.interval)


def test_separated_and_constant_classes_have_answers():
    labels = np.arange(30) % 3
    perfect = one_vs_rest(labels, np.eye(3)[labels])
    assert perfect.macro.estimate == 1 and perfect.macro.interval[0] < 1 == perfect.macro.interval[1]
    constant = one_vs_rest(labels, np.full((30, 3), 1 / 3))
    assert constant.macro.estimate == 0.5 and constant.macro.interval[0] < 0.4


def test_missing_classes_are_named():
    with pytest.raises(ValueError, match=r"each of 0 .. 2"):
        one_vs_rest([0, 1, 1], np.full((3, 3), 1 / 3))


def test_a_difference_of_gains_is_four_aucs():
    labels, a = chances(n=240)
    _, b = chances(n=240, seed=1)
    found = class_gain_difference(labels, a, b, 2, 0)
    areas = {(name, place): auc_interval(labels == place, each[:, place]).estimate
             for name, each in (("a", a), ("b", b)) for place in (0, 2)}
    assert found.estimate == pytest.approx(areas["a", 2] - areas["b", 2] - areas["a", 0] + areas["b", 0])
    turned = class_gain_difference(labels, a, b, 0, 2)
    assert turned.estimate == pytest.approx(-found.estimate) and turned.pvalue == pytest.approx(found.pvalue)
    same = class_gain_difference(labels, a, a, 0, 1)
    assert (same.estimate, same.interval, same.pvalue) == (0, (0, 0), 1)
    people = np.tile(np.arange(240), 3)
    many = class_gain_difference(np.tile(labels, 3), *(np.tile(each, (3, 1)) for each in (a, b)), 2, 0,
                                 clusters=people)
    assert many.interval == pytest.approx(found.interval)


def test_equal_gains_are_called_unequal_in_one_study_of_twenty():
    alarms = 0
    for seed in range(400):
        labels, a = chances(seed=seed)
        alarms += class_gain_difference(labels, a, chances(seed=1000 + seed)[1], 0, 1).pvalue < 0.05
    assert 8 <= alarms <= 33  # binomial(400, .05): 99.8 % within


def answered(seed=0, n=600):
    """Labels of three classes and two models' answers: the first right more often in class 0 only."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    share = np.array([0.9, 0.6, 0.6])[labels], np.array([0.6, 0.6, 0.6])[labels]
    return labels, *(np.where(rng.random(n) < each, labels, (labels + 1) % 3) for each in share)


def test_a_gain_in_recall_is_that_of_the_confusion_matrix():
    labels, a, b = answered()
    recalls = [np.mean(answer[labels == 0] == 0) for answer in (a, b)]
    found = recall_gain(labels, a, b, 0)
    assert found.estimate == pytest.approx(recalls[0] - recalls[1]) and found.n == 200
    others = recall_gain(labels, a, b, 1)
    apart = recall_gain(labels, a, b, 0, 1)
    assert apart.estimate == pytest.approx(found.estimate - others.estimate) and apart.n == 400
    # the classes have other people, so the variances add, but for the correction of K / (K - 1)
    widths = [np.ptp(each.interval) for each in (found, others, apart)]
    assert widths[2] == pytest.approx(np.hypot(widths[0], widths[1]), rel=0.01)
    assert found.pvalue < 0.001 and apart.interval[0] > 0


def test_a_gain_in_recall_has_no_favourite_model_and_repeats_count_once():
    labels, a, b = answered(1)
    once, turned = recall_gain(labels, a, b, 0, 2), recall_gain(labels, b, a, 0, 2)
    assert turned.estimate == -once.estimate
    assert turned.interval == pytest.approx([-end for end in once.interval[::-1]])
    rows = np.tile(np.arange(len(labels)), 3)
    many = recall_gain(labels[rows], a[rows], b[rows], 0, 2, clusters=rows)
    assert many.interval == pytest.approx(once.interval) and many.n == once.n
    same = recall_gain(labels, a, a, 0, 2)
    assert same.interval == (0, 0) and same.pvalue == 1


def test_a_gain_in_recall_is_judged_by_t_of_the_smaller_class():
    labels, a, b = answered(2, n=60)
    few = np.r_[np.flatnonzero(labels == 0)[:6], np.flatnonzero(labels == 1)]
    found = recall_gain(labels[few], a[few], b[few], 0, 1)
    z = found.estimate / found.statistic  # a standard error
    assert np.ptp(found.interval) / 2 == pytest.approx(student.ppf(0.975, 5) * z)
    assert found.pvalue == pytest.approx(2 * student.sf(abs(found.statistic), 5))
    same = clustered_paired_test(a[labels == 0] == 0, b[labels == 0] == 0, np.arange(20))
    assert recall_gain(labels, a, b, 0).interval == pytest.approx(same.interval)  # as chapter 05 had it


def test_a_class_of_one_person_tells_nothing_of_others():
    found = recall_gain([0, 1, 1, 1], [0, 1, 0, 1], [1, 1, 1, 1], 0, 1)
    assert found.interval == (-2, 2) and found.pvalue == 1
    assert recall_gain([0, 1], [0, 1], [1, 1], 0).interval == (-1, 1)
    labels, scores = np.array([0, 1, 1, 1, 2, 2]), np.random.default_rng(0).random((2, 6, 3))
    assert class_gain_difference(labels, *scores, 0, 1).interval == (-2, 2)


def test_where_all_change_alike_an_interval_is_left():
    found = recall_gain([0] * 8, [0] * 8, [1] * 8, 0)
    assert found.estimate == 1 and 0.4 < found.interval[0] < found.interval[1] == pytest.approx(1)
    assert found.pvalue < 0.05


def test_the_recall_of_a_class_that_nobody_has_is_refused():
    with pytest.raises(ValueError, match="no row of class 2"):
        recall_gain([0, 1], [0, 1], [0, 1], 0, 2)
