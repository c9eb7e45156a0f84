"""Statistics of the study: pure functions of arrays. Intervals first, tests that fit paired and clustered
data.
"""

from cardiacnets.statistics.correlation import (
    CorrelationComparison,
    compare_correlations,
    compare_overlapping,
    pearson,
    pearson_interval,
    spearman_interval,
)
from cardiacnets.statistics.discrimination import (
    auc_covariance,
    auc_interval,
    delong_test,
    delong_test_unpaired,
    delong_tests,
    one_vs_rest,
    placements,
)
from cardiacnets.statistics.equivalence import (
    Equivalence,
    equivalent_auc,
    equivalent_correlation,
    two_one_sided_tests,
)
from cardiacnets.statistics.estimate import Comparison, Estimate
from cardiacnets.statistics.multiplicity import benjamini_hochberg, holm
from cardiacnets.statistics.proportions import (
    clustered_paired_test,
    mcnemar_pvalue,
    mcnemar_test,
    paired_counts,
    paired_difference,
    two_proportion_z,
    wilson_interval,
)

__all__ = [
    "Comparison", "CorrelationComparison", "Equivalence", "Estimate", "auc_covariance", "auc_interval",
    "benjamini_hochberg", "clustered_paired_test", "compare_correlations", "compare_overlapping",
    "delong_test", "delong_test_unpaired", "delong_tests", "equivalent_auc", "equivalent_correlation",
    "holm", "mcnemar_pvalue", "mcnemar_test", "one_vs_rest", "paired_counts", "paired_difference", "pearson",
    "pearson_interval", "placements", "spearman_interval", "two_one_sided_tests", "two_proportion_z",
    "wilson_interval",
]
