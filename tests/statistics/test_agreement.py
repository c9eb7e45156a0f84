"""Agreement coefficients against published tables."""

import numpy as np
import pytest
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.tests.test_inter_rater import diagnoses

from cardiacnets.statistics import fleiss_kappa, gwet_ac1, percent_agreement


def pairs(table) -> np.ndarray:
    """(cases, 2) ratings whose cross table is ``table``."""
    places = [(i, j) for i in range(len(table)) for j in range(len(table))]
    return np.repeat(places, np.ravel(table), axis=0)


# Gwet, Handbook of Inter-Rater Reliability; R package irrCAC, cont3x3abstractors
TABLE = [[13, 0, 0], [0, 20, 7], [0, 4, 56]]


def test_gwet_of_irrcac():
    ratings = pairs(TABLE)
    assert gwet_ac1(ratings, resamples=50).estimate == pytest.approx(0.8493305, abs=5e-8)
    assert percent_agreement(ratings, resamples=50).estimate == pytest.approx(0.89)


def test_fleiss_of_the_diagnoses():
    # Fleiss 1971, 30 patients, 6 psychiatrists; R: irr::kappam.fleiss(diagnoses) = 0.430
    assert fleiss_kappa(diagnoses, resamples=50).estimate == pytest.approx(0.4302445, abs=5e-8)


def test_bootstrap_width_is_the_large_sample_one():
    ratings = pairs(TABLE)
    fleiss = fleiss_kappa(ratings)  # of two raters, near Cohen's
    # 100 cases: the two widths agree to a fifth
    cohen = 2 * 1.96 * cohens_kappa(np.array(TABLE)).std_kappa
    assert np.ptp(fleiss.interval) == pytest.approx(cohen, rel=0.2)


def test_rare_categories_collapse_kappa_not_ac1():
    ratings = pairs([[95, 2], [3, 0]])
    assert fleiss_kappa(ratings, resamples=50).estimate < 0 < 0.9 < gwet_ac1(ratings, resamples=50).estimate


def test_one_category_has_answers():
    same = np.zeros((20, 3))
    assert np.isnan(fleiss_kappa(same, resamples=20).estimate)
    assert gwet_ac1(same, resamples=20).estimate == 1
    assert percent_agreement(same, resamples=20).interval == (1, 1)


def test_bad_ratings_are_refused():
    with pytest.raises(ValueError, match="at least two of each"):
        percent_agreement(np.zeros((5, 1)))
    with pytest.raises(ValueError, match="case 1 by rater 0 is missing"):
        fleiss_kappa([[1.0, 2.0], [np.nan, 1.0]])
