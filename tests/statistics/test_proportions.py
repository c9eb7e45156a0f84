"""Wilson, McNemar, paired and clustered proportions against published figures and defined answers."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.contingency_tables import mcnemar

from cardiacnets.statistics import (
    clustered_paired_test,
    mcnemar_pvalue,
    mcnemar_test,
    paired_difference,
    two_proportion_z,
    wilson_interval,
)


@pytest.mark.parametrize(
    ("k", "n", "low", "high"),
    [
        # Newcombe 1998, Statistics in Medicine 17:857-872, table I, method 3 (to the decimals of R's
        # prop.test(correct = FALSE))
        (81, 263, 0.25529, 0.36621),
        (15, 148, 0.06239, 0.16049),
        (0, 20, 0.0, 0.16113),
        (1, 29, 0.00611, 0.17176),
    ],
)
def test_wilson_of_newcombe(k, n, low, high):
    assert wilson_interval(k, n).interval == pytest.approx((low, high), abs=5.1e-6)


def test_wilson_is_vectorised_and_symmetric():
    k = np.arange(21)
    found = wilson_interval(k, 20)
    np.testing.assert_allclose(found.interval[0], 1 - found.interval[1][::-1], atol=1e-15)
    assert found.interval[0][0] == 0 and found.interval[1][20] == 1
    assert found.interval[1][3] == wilson_interval(3, 20).interval[1]


@pytest.mark.parametrize(("k", "n"), [(1, 0), (-1, 5), (6, 5)])
def test_impossible_counts_are_refused(k, n):
    with pytest.raises(ValueError, match="0 <= k <= n"):
        wilson_interval(k, n)


def paired_arrays(both, only_a, only_b, neither):
    a = np.repeat([1, 1, 0, 0], [both, only_a, only_b, neither])
    b = np.repeat([1, 0, 1, 0], [both, only_a, only_b, neither])
    return a, b


def test_mcnemar_of_r():
    a, b = paired_arrays(101, 121, 59, 33)
    corrected = mcnemar_test(a, b, method="corrected")
    # R: mcnemar.test(matrix(c(101, 59, 121, 33), 2))
    assert corrected.statistic == pytest.approx(20.67222, abs=5e-6)
    assert corrected.pvalue == pytest.approx(5.450095e-6, abs=5e-13)
    assert mcnemar_test(a, b, method="chi2").statistic == pytest.approx(21.35556, abs=5e-6)  # correct = FALSE


def test_exact_mcnemar_is_the_library_twin():
    for only_a, only_b in [(0, 5), (3, 9), (7, 7), (1, 0)]:
        twin = mcnemar([[4, only_a], [only_b, 6]], exact=True).pvalue
        assert mcnemar_pvalue(only_a, only_b, "exact") == pytest.approx(min(twin, 1))
        assert mcnemar_pvalue(only_a, only_b, "midp") <= mcnemar_pvalue(only_a, only_b, "exact")


def test_nothing_discordant_is_p_one():
    a, b = paired_arrays(5, 0, 0, 5)
    for method in ("exact", "midp", "chi2", "corrected"):
        found = mcnemar_test(a, b, method=method)
        assert found.pvalue == 1 and found.estimate == 0
    assert clustered_paired_test(a, b, np.arange(10)).pvalue == 1
    assert found.interval[0] < 0 < found.interval[1]  # no difference seen is not no difference


@pytest.mark.parametrize(
    ("counts", "interval"),
    [
        # Newcombe 1998, Statistics in Medicine 17:2635-2650, table II, method 10
        ((36, 12, 2, 0), (0.0569, 0.3404)),
        ((20, 12, 2, 16), (0.0562, 0.3292)),
        # Bentur et al. in Fagerland, Lydersen and Laake 2014, Statistics in Medicine 33:2850
        ((1, 1, 7, 12), (-0.507, -0.026)),
    ],
)
def test_paired_difference_of_newcombe(counts, interval):
    assert paired_difference(*counts, method="newcombe").interval == pytest.approx(interval, abs=5e-4)


def test_paired_difference_of_tango():
    # Bentur et al. in Fagerland, Lydersen and Laake 2014, Statistics in Medicine 33:2850
    assert paired_difference(1, 1, 7, 12).interval == pytest.approx((-0.517, -0.026), abs=5e-4)


def test_tangos_interval_holds_what_mcnemar_does_not_reject():
    rng = np.random.default_rng(0)
    cells = rng.multinomial(60, [0.5, 0.12, 0.08, 0.3], size=500).T
    low, high = paired_difference(*cells).interval
    rejected = mcnemar_pvalue(cells[1], cells[2]) < 0.05
    np.testing.assert_array_equal((low > 0) | (high < 0), rejected)
    turned = paired_difference(cells[0], cells[2], cells[1], cells[3]).interval
    np.testing.assert_allclose(turned[0], -high, atol=1e-12)
    once = paired_difference(*cells[:, 0])
    assert once.interval == pytest.approx((low[0], high[0]))
    assert once.estimate == (cells[1] - cells[2])[0] / 60


@pytest.mark.parametrize("method", ["tango", "newcombe"])
def test_paired_differences_are_defined_at_the_edges(method):
    for counts in ((10, 0, 0, 0), (0, 0, 0, 10), (0, 10, 0, 0), (0, 0, 10, 0), (1, 0, 0, 0), (0, 1, 0, 0)):
        found = paired_difference(*counts, method=method)
        low, high = found.interval
        assert -1 <= low <= found.estimate <= high <= 1 and low < high
    assert paired_difference(0, 10, 0, 0, method=method).interval[1] == 1
    with pytest.raises(ValueError, match="'tango' or 'newcombe'"):
        paired_difference(1, 1, 1, 1, method="wald")


def test_pooled_z_of_published_example():
    # Newcombe 1998, Statistics in Medicine 17:873, table II, method 10: 56/70 - 48/80 and 9/10 - 3/10
    assert two_proportion_z(56, 70, 48, 80).interval == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert two_proportion_z(9, 10, 3, 10).interval == pytest.approx((0.1705, 0.8090), abs=5e-5)
    assert two_proportion_z(0, 5, 0, 9).pvalue == 1


def test_pitfalls_of_the_reader_study(sample_data):
    """The same 450 decisions (sensitivity at rating >= 3) by four tests; VanDyke, Obuchowski and Rockette."""
    table = pd.read_csv(sample_data / "stats" / "VanDyke.csv").query("truth == 1")
    table = table.assign(decision=table["rating"] >= 3)
    wide = table.pivot_table(index=["case", "reader"], columns="treatment", values="decision").astype(int)
    pooled = two_proportion_z(int(wide[1].sum()), len(wide), int(wide[2].sum()), len(wide))
    assert pooled.pvalue == pytest.approx(0.0020, abs=5e-5)  # R: prop.test(correct = FALSE)
    assert mcnemar_test(wide[1], wide[2], "exact").pvalue == pytest.approx(5.9e-5, abs=5e-7)  # R: exact2x2
    clustered = clustered_paired_test(wide[1], wide[2], wide.index.get_level_values("case"))
    assert clustered.pvalue == pytest.approx(0.0074, abs=5e-5)  # Obuchowski 1998
    assert clustered.interval[1] < 0


def test_repeated_rows_do_not_add_participants():
    rng = np.random.default_rng(0)
    a, b = rng.random(80) < 0.7, rng.random(80) < 0.5
    once = clustered_paired_test(a, b, np.arange(80))
    many = clustered_paired_test(np.repeat(a, 5), np.repeat(b, 5), np.repeat(np.arange(80), 5))
    assert many.pvalue == pytest.approx(once.pvalue)
    assert mcnemar_test(np.repeat(a, 5), np.repeat(b, 5)).pvalue < mcnemar_test(a, b).pvalue


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="lengths differ: a 2, b 3"):
        mcnemar_test([0, 1], [0, 1, 1])
    with pytest.raises(ValueError, match="b must be 0 or 1; found 0.5"):
        mcnemar_test([0, 1], [0, 0.5])
    with pytest.raises(ValueError, match="'exact', 'midp', 'chi2' or 'corrected'"):
        mcnemar_test([0, 1], [0, 1], method="yates")
    with pytest.raises(ValueError, match="one participant only"):
        clustered_paired_test([0, 1], [1, 0], ["p", "p"])
