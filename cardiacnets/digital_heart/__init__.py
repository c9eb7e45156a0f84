"""The digital heart: a simulated ECG-CMR cohort in which one latent heart per participant causes everything
seen.
"""

from cardiacnets.digital_heart.cohort import Cohort, Masks, simulate
from cardiacnets.digital_heart.sites import CONDITIONS, PRESETS, SITES, STUDY_COUNTS
from cardiacnets.digital_heart.stack import short_axis_stack
from cardiacnets.digital_heart.storage import write_cohort
from cardiacnets.digital_heart.teaching import Heart, one_heart
from cardiacnets.study import COVARIATES_HOSPITAL, COVARIATES_UKB

COHORTS = tuple(SITES)

__all__ = [
    "COHORTS", "CONDITIONS", "COVARIATES_HOSPITAL", "COVARIATES_UKB", "PRESETS", "STUDY_COUNTS", "Cohort",
    "Heart",
    "Masks", "one_heart", "short_axis_stack", "simulate", "write_cohort",
]  # fmt: skip
