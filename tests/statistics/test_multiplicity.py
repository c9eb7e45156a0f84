"""Adjusted p-values against statsmodels' own reference values."""

import numpy as np
import pytest

from cardiacnets.statistics import holm

# statsmodels.stats.tests.test_multi.pval0, whose adjusted values were computed with R's multtest
PVALUES = np.array([0.838541367553, 0.642193923795, 0.680845947633, 0.967833824309, 0.71626938238,
                    0.177096952723, 5.23656777208e-005, 0.0202732688798, 0.00028140506198, 0.0149877310796])


def test_holm_of_multtest():
    chosen = [6, 8, 9]
    np.testing.assert_allclose(holm(PVALUES)[chosen], [5.23657e-4, 2.532646e-3, 0.1199018], rtol=1e-6)


def test_tests_that_were_not_possible_do_not_count():
    with_gap = np.insert(PVALUES, 3, np.nan)
    assert np.isnan(holm(with_gap)[3])
    np.testing.assert_array_equal(np.delete(holm(with_gap), 3), holm(PVALUES))
    assert np.isnan(holm([np.nan])).all()


def test_impossible_pvalues_are_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([0.2, 1.2])
