"""An estimate keeps its interval, n, method and level, through tables and units."""

import numpy as np
import pandas as pd
import pytest

from cardiacnets.statistics import (
    Comparison,
    Estimate,
    accuracy,
    apart,
    auc_difference,
    auc_interval,
    compare_correlations,
    delong_test,
    delong_test_unpaired,
    mcnemar_test,
    paired_difference,
    wilson_interval,
)
from cardiacnets.statistics.estimate import could_show, normal_quantile

LABELS = [0, 0, 0, 0, 1, 1, 1, 1]
A, B = [1, 2, 3, 6, 4, 5, 7, 8], [1, 4, 5, 2, 3, 8, 6, 7]


@pytest.mark.parametrize(
    "compare",
    [
        lambda level: wilson_interval(7, 9, level),
        lambda level: auc_interval(LABELS, A, level),
        lambda level: auc_interval(LABELS, A, level, method="newcombe"),
        lambda level: auc_difference(LABELS, A, B, level),
        lambda level: delong_test(LABELS, A, B, level),
        lambda level: delong_test_unpaired(LABELS, A, LABELS, B, level),
        lambda level: compare_correlations(LABELS, A, B, level),
        lambda level: accuracy(LABELS, level=level),
    ],
)
def test_the_level_travels_with_the_interval(compare):
    narrow, usual = compare(0.8), compare(0.95)
    assert (narrow.level, usual.level) == (0.8, 0.95)
    assert usual.interval[0] < narrow.interval[0] <= narrow.interval[1] < usual.interval[1]
    assert usual.method == narrow.method != ""


def test_a_row_of_a_table_is_an_estimate_again():
    found = auc_difference(LABELS, A, B)
    table = pd.DataFrame([found.row()])
    assert list(table) == ["estimate", "low", "high", "n", "method", "pvalue"]
    (row,) = table.itertuples()
    again = Comparison.of(row)
    kept = ("estimate", "interval", "n", "method", "pvalue", "level")
    assert all(getattr(again, name) == getattr(found, name) for name in kept)
    share = wilson_interval(7, 9)
    (row,) = pd.DataFrame([{"n": 9} | share.columns("recall")]).itertuples()
    assert Estimate.of(row, "recall") == share


def test_a_level_in_the_row_is_kept():
    (row,) = pd.DataFrame([wilson_interval(7, 9, 0.9).row()]).assign(level=0.9).itertuples()
    assert Estimate.of(row) == wilson_interval(7, 9, 0.9)


def test_what_could_not_be_computed_is_an_estimate_of_nothing():
    empty = {"n": None, "gain": None, "gain_interval": None, "gain_method": None}
    (row,) = pd.DataFrame([empty]).itertuples()
    found = Estimate.of(row, "gain")
    assert np.isnan([found.estimate, *found.interval]).all() and (found.n, found.method) == (None, "")


def test_another_unit_and_the_other_sign():
    found = auc_difference(LABELS, A, B, 0.9)
    turned = found.times(-100)
    assert turned.estimate == -100 * found.estimate
    assert turned.interval == (-100 * found.interval[1], -100 * found.interval[0])
    assert (turned.pvalue, turned.n, turned.method, turned.level) == (found.pvalue, 8, found.method, 0.9)


def test_the_name_is_that_of_what_was_computed():
    right = [1, 1, 0, 1], [1, 0, 0, 1]
    for method, words in (("chi2", "chi-square"), ("midp", "mid-p"), ("exact", "exact")):
        assert words in mcnemar_test(*right, method).method
        assert "Tango" in mcnemar_test(*right, method).method
    assert "Newcombe" in paired_difference(2, 1, 0, 1, method="newcombe").method
    clustered = auc_difference(LABELS, A, B, clusters=[0, 0, 1, 1, 2, 2, 3, 3]).method
    assert "clustered" in clustered and "clustered" not in auc_difference(LABELS, A, B).method


def test_two_estimates_apart_add_their_limits_in_squares():
    first = Estimate(0.8, (0.7, 0.84), 50, "one")
    second = Estimate(0.6, (0.5, 0.63), 70, "other")
    found = apart(first, second)
    assert found.estimate == pytest.approx(0.2) and found.n == 120
    assert found.interval[0] == pytest.approx(0.2 - np.hypot(0.1, 0.03))
    assert found.interval[1] == pytest.approx(0.2 + np.hypot(0.04, 0.1))
    with pytest.raises(ValueError, match="0.95 and 0.9"):
        apart(first, Estimate(0.6, (0.5, 0.63), 70, "other", level=0.9))


def test_what_a_study_could_show_is_found_by_four_of_five():
    rng = np.random.default_rng(0)
    error = 0.02
    half = normal_quantile(0.95) * error
    found = rng.normal(could_show((-half, half)), error, 4000)
    assert np.mean(np.abs(found) > half) == pytest.approx(0.8, abs=0.02)
    ends = np.array([normal_quantile(level) * error for level in (0.9, 0.95)])
    assert could_show((-ends[0], ends[0]), 0.9) == pytest.approx(could_show((-ends[1], ends[1])))
    assert could_show((-ends, ends)).shape == (2,)
