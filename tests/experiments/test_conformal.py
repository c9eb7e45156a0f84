"""Split-conformal intervals keep their promise on exchangeable data, and say so when they cannot."""

import numpy as np
import pytest

from cardiacnets.experiments.downstream_tasks.conformal import conformal_half_widths
from cardiacnets.experiments.your_own_ecg.explain import given_covariates


def test_coverage_on_fresh_data_is_what_was_asked():
    generator = np.random.default_rng(1)
    covered = []
    for _ in range(400):
        width = conformal_half_widths(generator.standard_t(3, (99, 1)), 0.9)
        covered.append((np.abs(generator.standard_t(3, 200)) <= width).mean())
    # theory: .9 exactly in the mean; standard error of 400 trials is about .002
    assert 0.89 < np.mean(covered) < 0.91


def test_the_rank_is_the_textbook_one():
    residuals = np.arange(1, 20, dtype=float)[:, None]  # 19 residuals: the 18th of them at 90 %
    assert conformal_half_widths(residuals, 0.9) == [18]


def test_too_few_residuals_promise_nothing():
    assert np.isinf(conformal_half_widths(np.ones((5, 2)), 0.9)).all()


def test_missing_residuals_do_not_count():
    residuals = np.concatenate([np.arange(1, 20.0), [np.nan] * 10])[:, None]
    assert conformal_half_widths(residuals, 0.9) == [18]


@pytest.mark.parametrize(("sex", "age"), [("female", 0), ("", 50), ("woman", 50), ("male", 400)])
def test_half_given_or_impossible_covariates_are_refused(sex, age):
    with pytest.raises(ValueError, match="female or male"):
        given_covariates(sex, age, 60)


def test_covariates_are_coded_as_in_training():
    assert given_covariates("", 0, 60) is None
    assert given_covariates("male", 50, 61.0) == {"sex": 1.0, "age": 50.0, "heart_rate": 61.0}
