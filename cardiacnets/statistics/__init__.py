"""Statistics of the study: pure functions of arrays, intervals first, for paired and clustered data."""

from cardiacnets.statistics.agreement import cohen_kappa, fleiss_kappa, gwet_ac1, percent_agreement
from cardiacnets.statistics.as_published import (
    changed_verdicts,
    compare_accuracies,
    compare_aucs,
    compare_index_predictions,
)
from cardiacnets.statistics.auc_difference import auc_difference
from cardiacnets.statistics.calibration import Calibration, calibration, decision_curve
from cardiacnets.statistics.classification import balanced_accuracy, classification_table, youden_threshold
from cardiacnets.statistics.correlation import (
    CorrelationComparison,
    compare_correlations,
    compare_overlapping,
    pearson,
    pearson_interval,
    spearman_interval,
)
from cardiacnets.statistics.correlation_resampling import (
    BootstrappedCorrelations,
    MaxT,
    bootstrap_correlations,
    correlation_bca,
    max_t_correlations,
)
from cardiacnets.statistics.coverage import coverage_table
from cardiacnets.statistics.discrimination import (
    auc_covariance,
    auc_interval,
    delong_test,
    delong_test_unpaired,
    delong_tests,
    placements,
)
from cardiacnets.statistics.equivalence import (
    Equivalence,
    equivalent_auc,
    equivalent_correlation,
    two_one_sided_tests,
)
from cardiacnets.statistics.estimate import Comparison, Estimate
from cardiacnets.statistics.marginal import estimating_equations
from cardiacnets.statistics.multiclass import class_gain_difference, one_vs_rest
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
from cardiacnets.statistics.rank_correlation import spearman_bca
from cardiacnets.statistics.rating_files import read_key, read_ratings
from cardiacnets.statistics.ratings import Ratings, check_ratings
from cardiacnets.statistics.reader_study import Components, ReaderStudy, merit_covariance, obuchowski_rockette
from cardiacnets.statistics.reader_study_power import cases_needed, reader_study_power
from cardiacnets.statistics.readings import (
    accuracy_by_session,
    accuracy_gains,
    compare_experience,
    describe_readers,
    display_agreement,
    pitfall_table,
    recovered_cases,
)
from cardiacnets.statistics.resampling import bootstrap_mean, participant_bootstrap

__all__ = [
    "BootstrappedCorrelations", "Calibration", "Comparison", "Components", "CorrelationComparison",
    "Equivalence", "Estimate", "MaxT", "Ratings", "ReaderStudy", "accuracy_by_session", "accuracy_gains",
    "auc_covariance", "auc_difference", "auc_interval", "balanced_accuracy", "benjamini_hochberg",
    "bootstrap_correlations", "bootstrap_mean", "calibration", "cases_needed", "changed_verdicts",
    "check_ratings", "class_gain_difference", "classification_table", "clustered_paired_test",
    "cohen_kappa", "compare_accuracies", "compare_aucs", "compare_correlations", "compare_experience",
    "compare_index_predictions", "compare_overlapping", "correlation_bca", "coverage_table",
    "decision_curve", "delong_test", "delong_test_unpaired", "delong_tests", "describe_readers",
    "display_agreement", "equivalent_auc", "equivalent_correlation", "estimating_equations", "fleiss_kappa",
    "gwet_ac1", "holm", "max_t_correlations", "mcnemar_pvalue", "mcnemar_test", "merit_covariance",
    "obuchowski_rockette", "one_vs_rest", "paired_counts", "paired_difference", "participant_bootstrap",
    "pearson", "pearson_interval", "percent_agreement", "pitfall_table", "placements", "read_key",
    "read_ratings", "reader_study_power", "recovered_cases", "spearman_bca", "spearman_interval",
    "two_one_sided_tests", "two_proportion_z", "wilson_interval", "youden_threshold",
]
