"""Decisions, subgroups and use: known numbers, and rows that say why where there is none."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from cardiacnets.predictions import after_local_labels, at_prevalence, operating_points, subgroup_table
from cardiacnets.predictions.subgroups import banded, correlation_measure, screening_measures
from cardiacnets.predictions.usefulness import probabilities_from


def test_operating_points_count_their_own_denominators():
    truth = np.repeat([1, 0], [10, 30])
    scores = np.concatenate([np.repeat([1.0, 0.0], [8, 2]), np.repeat([1.0, 0.0], [6, 24])])
    rows = operating_points(truth, scores, 0.5, np.clip(scores, 0.1, 0.9)).set_index("metric")
    expected = {
        "sensitivity": (0.8, 10), "specificity": (0.8, 30), "ppv": (8 / 14, 14), "npv": (24 / 26, 26),
        "accuracy": (0.8, 40),
    }  # fmt: skip
    for metric, (value, n) in expected.items():
        assert rows.loc[metric, "estimate"] == pytest.approx(value) and rows.loc[metric, "n"] == n
        assert rows.loc[metric, "low"] < value < rows.loc[metric, "high"]
    assert rows.loc["brier", "estimate"] == pytest.approx((32 * 0.01 + 8 * 0.81) / 40)
    assert (rows["why"] == "").all()


def test_several_recordings_of_a_person_do_not_count_as_people():
    truth = np.repeat([1, 0], [20, 20])
    scores = np.tile([0.9, 0.9, 0.1, 0.6], 10)
    people = np.repeat(np.arange(20), 2)
    once = operating_points(truth, scores, 0.5).set_index("metric")
    twice = operating_points(np.tile(truth, 4), np.tile(scores, 4), 0.5, participants=np.tile(people, 4))
    twice = twice.set_index("metric")
    for metric in ("sensitivity", "accuracy"):
        widths = [table.loc[metric, "high"] - table.loc[metric, "low"] for table in (once, twice)]
        assert widths[1] > 0.8 * widths[0]
        assert once.loc[metric, "estimate"] == pytest.approx(twice.loc[metric, "estimate"])


def test_no_one_called_diseased_has_no_ppv_and_says_so():
    rows = operating_points([1, 0, 0, 1], [0.1, 0.2, 0.3, 0.4], 0.9).set_index("metric")
    assert rows.loc["ppv", "why"] == "not estimable: no one is called diseased"
    assert np.isnan(rows.loc["ppv", "estimate"]) and rows.loc["npv", "estimate"] == 0.5
    alike = operating_points([1, 1], [0.1, 0.2], 0.9).set_index("metric")
    assert "labels are all 1" in alike.loc["auc", "why"]
    assert alike.loc["specificity", "why"] == "not estimable: no one is free of the disease"


@pytest.fixture(scope="module")
def unfair():
    """1,200 people in whose second group the score knows nothing."""
    rng, n = np.random.default_rng(5), 1200
    group = np.where(rng.random(n) < 0.4, "women", "men")
    truth = (rng.random(n) < 0.4).astype(int)
    scores = truth * np.where(group == "men", 2.5, 0.0) + rng.normal(size=n)
    return group, truth, scores


def test_a_model_that_fails_one_group_is_found(unfair):
    group, truth, scores = unfair
    people = np.arange(len(truth))
    measures = screening_measures(truth, scores, 1.0, expit(scores - 1), people)
    small = np.where(people < 8, "few", None)
    rows = subgroup_table({"sex": group, "band": small}, measures, people)
    found = rows.set_index(["group", "metric"]).sort_index()
    women = found.loc[("women", "auc")]
    assert women["high"] < 0.62 and women["difference_high"] < -0.2
    assert found.loc[("men", "auc"), "difference"] == pytest.approx(-women["difference"])
    assert 0 < women["could_show"] < 0.15
    assert found.loc[("women", "sensitivity"), "difference_high"] < 0
    few = found.loc[("few", "")]
    assert few["why"] == "not estimable: fewer than 20 people" and np.isnan(few["people"])


def test_equal_groups_differ_as_often_as_promised():
    rng, crossed = np.random.default_rng(2), 0
    for _ in range(200):
        truth = (rng.random(300) < 0.5).astype(int)
        scores = truth + rng.normal(size=300)
        people = np.arange(300)
        measures = screening_measures(truth, scores, 0.5, expit(scores), people)
        rows = subgroup_table({"g": np.where(people % 3 == 0, "a", "b")}, {"auc": measures["auc"]}, people)
        crossed += not rows.loc[0, "difference_low"] <= 0 <= rows.loc[0, "difference_high"]
    assert crossed <= 20  # 10 expected of 200; more than 20 has a chance below .002


def test_mean_correlation_of_a_group(unfair):
    rng = np.random.default_rng(1)
    truth = rng.normal(size=(400, 5))
    predicted = truth + rng.normal(size=truth.shape) * np.where(np.arange(400) < 200, 0.5, 3)[:, None]
    people = np.arange(400)
    measures = correlation_measure(truth, predicted, people, 200, 1)
    rows = subgroup_table({"half": np.where(people < 200, "first", "second")}, measures, people)
    first, second = rows.set_index("group").loc[["first", "second"], "estimate"]
    assert first == pytest.approx(np.sqrt(0.8), abs=0.06) and second == pytest.approx(np.sqrt(0.1), abs=0.1)
    assert rows.loc[0, "difference_low"] > 0.3


def test_bands_have_names_and_the_unknown_none():
    assert banded([20, 25, 29.9, 30, np.nan], (25, 30), "kg/m2").tolist() == [
        "under 25 kg/m2", "25 to 30 kg/m2", "25 to 30 kg/m2", "30 kg/m2 or more", None,
    ]  # fmt: skip


def test_predictive_value_falls_with_prevalence_as_bayes_says():
    truth = np.repeat([1, 0], [100, 100])
    scores = np.concatenate([np.repeat([1.0, 0.0], [80, 20]), np.repeat([1.0, 0.0], [10, 90])])
    found = at_prevalence(truth, scores, 0.5, 0.01)
    assert found.estimate == pytest.approx(0.8 * 0.01 / (0.8 * 0.01 + 0.1 * 0.99))
    assert found.interval[0] < found.estimate < found.interval[1]
    assert at_prevalence(truth, scores, 0.5, 0.5).estimate == pytest.approx(80 / 90)
    for threshold, prevalence, message in (
        (2.0, 0.1, "no case reaches"), (0.5, 0.0, "between 0 and 1"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=message):
            at_prevalence(truth, scores, threshold, prevalence)
    with pytest.raises(ValueError, match="no control reaches"):
        at_prevalence(truth, truth.astype(float), 0.5, 0.1)


def test_fifty_local_labels_mend_probabilities_that_travelled_badly():
    rng, n = np.random.default_rng(4), 600
    scores = rng.normal(size=n)
    truth = rng.random(n) < expit(2 * scores - 1)
    rows = after_local_labels(truth, scores, expit(scores + 1.5), local=50, draws=40, seed=1)
    means = rows.groupby("when")[["intercept", "slope", "brier"]].mean()
    assert means.loc["before", "intercept"] < -1 and abs(means.loc["after", "intercept"]) < 0.4
    assert means.loc["after", "brier"] < means.loc["before", "brier"]
    with pytest.raises(ValueError, match="60 people are too few"):
        after_local_labels(truth[:60], scores[:60], expit(scores[:60]))
    rare = np.arange(n) < 4
    with pytest.raises(ValueError, match="4 people of the rarer class"):
        after_local_labels(rare, scores, expit(scores))


def test_probabilities_recover_the_logistic_curve():
    rng = np.random.default_rng(6)
    scores = rng.normal(3, 2, size=20_000)
    truth = rng.random(20_000) < expit(scores - 3)
    grid = np.array([1.0, 3.0, 5.0])
    assert np.allclose(probabilities_from(truth, scores, grid), expit(grid - 3), atol=0.02)
    assert pd.Series(probabilities_from(truth, np.full(20_000, 2.0), grid)).between(0.4, 0.6).all()
