"""Calibration and decision curves: known truths, hand-counted net benefit, defined answers."""

import numpy as np
import pytest
from scipy.special import expit

from cardiacnets.statistics import calibration, decision_curve


def outcomes(n=20_000, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    return x, rng.random(n) < expit(x)


def test_true_probabilities_are_calibrated():
    x, y = outcomes()
    found = calibration(y, expit(x))
    assert found.intercept.interval[0] < 0 < found.intercept.interval[1]
    assert found.slope.interval[0] < 1 < found.slope.interval[1]
    inside = found.curve["predicted"].between(found.curve["low"], found.curve["high"])
    assert inside.sum() >= 8  # ten 95 % intervals: fewer than 8 hits has a chance of .1 %
    assert found.curve["n"].sum() == 20_000 and found.observed_to_expected == pytest.approx(1, abs=0.03)


def test_overconfidence_has_slope_below_one_and_shift_an_intercept():
    x, y = outcomes()
    assert calibration(y, expit(2 * x)).slope.estimate == pytest.approx(0.5, abs=0.03)  # two standard errors
    assert calibration(y, expit(x + 1)).intercept.estimate == pytest.approx(-1, abs=0.04)
    assert calibration(y, expit(x + 1)).brier.estimate > calibration(y, expit(x)).brier.estimate


def test_separation_and_constants_have_no_slope():
    labels = np.repeat([0, 1], 10)
    assert np.isnan(calibration(labels, np.repeat([0.1, 0.9], 10)).slope.estimate)
    constant = calibration(labels, np.full(20, 0.5))
    assert np.isnan(constant.slope.estimate) and constant.intercept.estimate == pytest.approx(0, abs=1e-9)


def test_net_benefit_counted_by_hand():
    # 10 people, 4 diseased; above .25: three diseased, two healthy: 3/10 - 2/10 * (.25 / .75)
    labels = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]
    p = [0.9, 0.8, 0.3, 0.1, 0.6, 0.4, 0.2, 0.1, 0.1, 0.0]
    row = decision_curve(labels, p, [0.25]).iloc[0]
    assert row["net_benefit"] == pytest.approx(3 / 10 - 2 / 30)
    assert row["treat_all"] == pytest.approx(4 / 10 - 6 / 30)


def test_impossible_probabilities_are_refused():
    with pytest.raises(ValueError, match=r"that of row 1 is 1.5"):
        calibration([0, 1], [0.2, 1.5])
    with pytest.raises(ValueError, match="strictly between"):
        decision_curve([0, 1], [0.2, 0.5], [0.0])
