"""Statistics of the study: pure functions of arrays, intervals first, for paired and clustered data.

Here stands what several chapters share. A statistic that one chapter needs is imported from its own file, and
its simulation (:mod:`cardiacnets.statistics.coverage`) stands beside those of its kind.
"""

from cardiacnets.statistics.agreement import fleiss_kappa, gwet_ac1, percent_agreement
from cardiacnets.statistics.as_published import (
    changed_verdicts,
    compare_accuracies,
    compare_aucs,
    compare_index_predictions,
)
from cardiacnets.statistics.auc_difference import auc_difference
from cardiacnets.statistics.calibration import Calibration, calibration, decision_curve
from cardiacnets.statistics.classification import (
    accuracy,
    balanced_accuracy,
    balanced_accuracy_difference,
    youden_threshold,
)
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
    placements,
)
from cardiacnets.statistics.equivalence import (
    Equivalence,
    equivalence,
    equivalent_auc,
    not_below,
    within_margin,
)
from cardiacnets.statistics.estimate import Comparison, Estimate, apart
from cardiacnets.statistics.in_words import in_words, p_in_short
from cardiacnets.statistics.marginal import estimating_equations
from cardiacnets.statistics.multiclass import class_gain_difference, one_vs_rest, recall_gain
from cardiacnets.statistics.multiplicity import holm
from cardiacnets.statistics.proportions import (
    clustered_paired_test,
    mcnemar_pvalue,
    mcnemar_test,
    paired_counts,
    paired_difference,
    two_proportion_z,
    wilson_interval,
)
from cardiacnets.statistics.rating_files import read_key, read_ratings
from cardiacnets.statistics.ratings import Ratings, check_ratings
from cardiacnets.statistics.reader_study import (
    Components,
    ReaderStudy,
    merit_covariance,
    model_less_readers,
    obuchowski_rockette,
)
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
    "Equivalence", "Estimate", "MaxT", "Ratings", "ReaderStudy", "accuracy", "accuracy_by_session",
    "accuracy_gains", "apart", "auc_covariance", "auc_difference", "auc_interval", "balanced_accuracy",
    "balanced_accuracy_difference", "bootstrap_correlations", "bootstrap_mean", "calibration",
    "cases_needed", "changed_verdicts", "check_ratings", "class_gain_difference", "clustered_paired_test",
    "compare_accuracies", "compare_aucs", "compare_correlations", "compare_experience",
    "compare_index_predictions", "compare_overlapping", "correlation_bca", "coverage_table",
    "decision_curve", "delong_test", "delong_test_unpaired", "describe_readers", "display_agreement",
    "equivalence", "equivalent_auc", "estimating_equations", "fleiss_kappa", "gwet_ac1", "holm", "in_words",
    "max_t_correlations", "mcnemar_pvalue", "mcnemar_test", "merit_covariance", "model_less_readers",
    "not_below", "obuchowski_rockette", "one_vs_rest", "p_in_short", "paired_counts", "paired_difference",
    "participant_bootstrap", "pearson", "pearson_interval", "percent_agreement", "pitfall_table",
    "placements", "read_key", "read_ratings", "reader_study_power", "recall_gain", "recovered_cases",
    "spearman_interval", "two_proportion_z", "wilson_interval", "within_margin", "youden_threshold",
]
