"""Partial correlations against regression written out, and against what adds nothing."""

import numpy as np
import pytest

from cardiacnets.statistics.partial_correlation import mean_partial_correlation

PEOPLE = 400


def _draws(seed, columns=3):
    return np.random.default_rng(seed).standard_normal((4, PEOPLE, columns))


def test_it_is_the_correlation_of_what_straight_lines_leave():
    own, other, given, _ = _draws(1)
    truth, told = own + given, 0.5 * own + 2 * given + other
    by_hand = []
    for t, p, g in zip(truth.T, told.T, given.T, strict=True):
        left = [values - np.polyval(np.polyfit(g, values, 1), g) for values in (t, p)]
        by_hand.append(np.corrcoef(*left)[0, 1])
    found = mean_partial_correlation(truth, told, given, resamples=200)
    assert found.estimate == pytest.approx(np.mean(by_hand), abs=1e-9)
    assert found.interval[0] > 0.3 and found.n == PEOPLE


def test_a_noisy_copy_of_what_is_given_adds_nothing():
    own, noise, given, _ = _draws(2, columns=20)
    found = mean_partial_correlation(own + given, given + noise, given, resamples=200)
    assert found.interval[0] < 0 < found.interval[1] and abs(found.estimate) < 0.05


def test_missing_truths_and_constant_columns_are_left_out():
    own, other, given, _ = _draws(3)
    truth = own + given
    truth[:50, 0] = np.nan
    told = own + other
    kept = mean_partial_correlation(truth[50:, :1], told[50:, :1], given[50:, :1], resamples=50)
    told[:, 1:] = 7.0  # tells nothing of anyone
    assert mean_partial_correlation(truth, told, given, resamples=50).estimate == pytest.approx(kept.estimate)


def test_unlike_shapes_are_named():
    with pytest.raises(ValueError, match=r"alike, found \(5, 2\), \(5, 3\), \(5, 2\)"):
        mean_partial_correlation(np.zeros((5, 2)), np.zeros((5, 3)), np.zeros((5, 2)))
