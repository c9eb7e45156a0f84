"""What a run can meet at its very end: a class that is absent, one case, an index that nobody has, no
covariates. A row or a panel says "not estimable", and nothing stops, warns or shows a silent NaN.
"""

import warnings

import numpy as np
import pandas as pd
import pytest
from test_exhibits import rows

from cardiacnets.experiments.downstream_tasks import draw_exhibits, exhibits
from cardiacnets.phenotypes import INDEX_NAMES
from cardiacnets.predictions import audit, check_predictions, operating_points, subgroup_table
from cardiacnets.predictions.operating import METRICS
from cardiacnets.predictions.subgroups import correlation_measure, screening_measures


@pytest.fixture(autouse=True)
def no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        warnings.simplefilter("error", UserWarning)
        yield


def screening(validation, test):
    rng = np.random.default_rng(0)
    return pd.concat([
        rows("mimic", "cm", "binary", split, "ecg", truth, rng.normal(size=len(truth)), ["cm"])
        for split, truth in (("validation", validation), ("test", test))
    ])  # fmt: skip


def test_without_a_case_in_validation_no_threshold_is_made_up():
    table = exhibits.decision_table(screening([0] * 8, [0, 1] * 6), "mimic.cm")
    assert set(table["metric"]) == set(METRICS) and table["estimate"].isna().all()
    assert table["why"].str.startswith("not estimable: no threshold from validation: labels are all 0").all()
    shown = exhibits.shown_decisions(table)
    assert shown.loc[0, "sensitivity"].startswith("not estimable") and not shown.isna().any(axis=None)


def test_without_a_case_among_the_test_people_the_rest_is_told():
    table = screening([0, 1] * 8, [0] * 12)
    found = exhibits.decision_table(table, "mimic.cm").set_index("metric")
    assert found.loc["sensitivity", "why"] == "not estimable: no one is diseased"
    assert np.isfinite(found.loc["specificity", "estimate"]) and found.loc["specificity", "n"] == 12
    picture = draw_exhibits.roc(table, ["mimic.cm"], ["ecg"], "roc")
    (axis, *_) = picture.figure.axes
    assert [text.get_text() for text in axis.texts] == ["not estimable:\none class only"]
    assert not axis.get_legend_handles_labels()[1]


def test_one_case_gives_wide_intervals_and_none_without_a_case():
    scores = np.r_[1.0, np.linspace(-1, 0.9, 20)]
    found = operating_points([1] + [0] * 20, scores, 0.95).set_index("metric")
    assert (found["why"] == "").all() and found.loc["sensitivity", "n"] == 1
    assert found.loc["sensitivity", "low"] < 0.25 and found.loc["auc", "low"] < 0.7


@pytest.mark.parametrize("people", [True, False], ids=["people", "tenths"])
def test_an_index_that_nobody_has_leaves_its_panel_empty(people):
    rng = np.random.default_rng(1)
    truth = rng.normal(size=(60, 82))
    truth[:, 5], truth[:50, 6] = np.nan, np.nan
    table = rows("ukb", "indices", "values", "test", "ecg", truth, rng.normal(size=truth.shape), INDEX_NAMES)
    found = exhibits.regressions(table, "ecg")
    assert np.isnan(found.loc[5, "estimate"]) and np.isfinite(found.loc[[4, 6], "estimate"]).all()
    picture = draw_exhibits.regressions(found.iloc[4:7], "ecg", people)
    titles = [axis.get_title() for axis in picture.figure.axes[:3]]
    assert ["not estimable" in title for title in titles] == [False, True, False]
    assert not any("nan" in title for title in titles)


def test_unknown_values_count_for_nobody_in_the_audit():
    rng = np.random.default_rng(2)
    truth = rng.normal(size=(80, 3))
    score = truth + rng.normal(size=truth.shape)
    truth[:, 1], truth[:30, 0] = np.nan, np.nan
    table = rows("ukb", "indices", "values", "test", "aligned", truth, score, ["a", "b", "c"])
    own = audit(check_predictions(table), resamples=50).iloc[0]
    assert (
        own["estimate"] == pytest.approx(np.sqrt(0.5), abs=0.2) and own["low"] < own["estimate"] < own["high"]
    )


def test_a_group_of_five_is_named_and_not_measured():
    rng = np.random.default_rng(3)
    people, truth = np.arange(100), np.tile([0, 1], 50)
    measures = screening_measures(truth, truth + rng.normal(size=100), 0.5, np.full(100, 0.5), people)
    table = subgroup_table({"band": np.where(people < 5, "five", "rest")}, measures, people)
    five = table[table["group"] == "five"]
    assert list(five["why"]) == ["not estimable: fewer than 20 people"] and five["people"].isna().all()
    rest = table[table["group"] == "rest"]
    assert rest["difference"].isna().all() and rest["estimate"].notna().any()


def test_without_covariates_there_are_no_groups_and_no_error():
    people = np.arange(50)
    assert subgroup_table({}, {}, people).empty
    unknown = np.full(50, None, dtype=object)
    values = np.random.default_rng(4).normal(size=(50, 2))
    assert subgroup_table({"age": unknown}, correlation_measure(values, values, people, 10, 1), people).empty


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda table: table.drop(columns="score"), "no column 'score'"),
        (
            lambda table: table.assign(score=1.5),
            r"scores of classes are probabilities in \[0, 1\]; found 1.5",
        ),
        (lambda table: table.assign(score=np.nan), "no finite score for recording"),
    ],
)
def test_a_file_that_breaks_a_rule_is_one_line(change, said):
    truth = np.eye(3)[[0, 1, 2] * 4]
    table = rows("mimic", "subtypes", "classes", "test", "ecg", truth, truth, ("dcm", "hcm", "rcm"))
    with pytest.raises(ValueError, match=said) as caught:
        check_predictions(change(table))
    assert "\n" not in str(caught.value)
