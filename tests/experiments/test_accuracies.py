"""Chapter 05's accuracies are those whose promises were simulated."""

import numpy as np
import pandas as pd
import pytest

from cardiacnets.experiments.downstream_tasks import evaluation, presentation
from cardiacnets.statistics import balanced_accuracy, balanced_accuracy_difference
from cardiacnets.statistics.coverage import shares


@pytest.mark.parametrize(
    "name", ["accuracy", "balanced_accuracy", "balanced_accuracy_difference", "clustered_paired_test"]
)
def test_the_chapter_uses_what_the_coverage_table_tried(name):
    assert getattr(evaluation, name) is getattr(shares, name)


def test_subtypes_are_clustered_by_participant(monkeypatch):
    """Three recordings of each person say no more than one."""
    rng = np.random.default_rng(0)
    truth, people = np.tile(rng.integers(3, size=90), 3), np.tile(np.arange(90), 3)
    lift = 2 * np.eye(3)[truth[:90]]
    scores = {arm: np.tile(rng.normal(size=(90, 3)) + lift, (3, 1)) for arm in ("a", "b")}
    table = pd.DataFrame({"participant_id": people})
    found = evaluation.Predictions("mimic.subtypes", table, ("a", "b"), truth, scores, table[:0])
    rows = {(arm, metric): result for arm, metric, result in evaluation._subtypes(found)}
    right = scores["a"].argmax(axis=1) == truth
    assert rows["a", "balanced_accuracy"] == balanced_accuracy(truth, right, people)
    once = balanced_accuracy(truth[:90], right[:90])
    assert rows["a", "balanced_accuracy"].interval == pytest.approx(once.interval)
    pairs = {
        metric: (result, wide)
        for _, metric, result, wide in evaluation._accuracy_differences(found, ("a", "b"))
    }
    both = [scores[arm].argmax(axis=1) == truth for arm in ("a", "b")]
    assert pairs["balanced_accuracy"][0] == balanced_accuracy_difference(truth, *both, people)
    assert [each.level for each in pairs["accuracy"]] == [0.95, 0.9]


def test_a_specificity_counts_its_own_denominator_and_an_auc_the_people(monkeypatch):
    truth, scores = np.array([0, 0, 0, 1, 1, 1, 1]), np.array([0.1, 0.2, 0.9, 0.8, 0.7, 0.6, 0.4])
    table = pd.DataFrame({"participant_id": range(7)})
    found = evaluation.Predictions("ukb.cm", table, ("a",), truth, {"a": scores}, table[:0])
    monkeypatch.setattr(evaluation, "open_predictions", lambda run, key: found)
    validation = pd.DataFrame({"label": [0, 1], "a": [0.1, 0.5]})
    monkeypatch.setattr(evaluation, "_learned_from", lambda run, task: validation)
    told = {}
    presentation.record_arms(
        lambda key, each, of: told.update({key: (each, of)}), evaluation.arm_table(None, "ukb.cm")
    )
    cleared, of = told["ukb.cm.specificity.a"]
    assert (cleared.estimate, cleared.n, of) == (2 / 3, 3, "recordings without the disease")
    assert (told["ukb.cm.auc.a"][0].n, told["ukb.cm.auc.a"][1]) == (7, "")
