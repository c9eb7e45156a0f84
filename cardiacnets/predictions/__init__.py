"""What models said of people, in one open table, and what follows from it without training anything.

:mod:`~cardiacnets.predictions.open_table` is the table: one row a recording, output, arm and training. The
rest of this room needs nothing else: decisions at a threshold, subgroups, use in a population, and the audit
of other people's models.
"""

from cardiacnets.predictions.audit import Roles, audit
from cardiacnets.predictions.open_table import COLUMNS, check_predictions, read_predictions, scores_of
from cardiacnets.predictions.operating import operating_points
from cardiacnets.predictions.subgroups import subgroup_table
from cardiacnets.predictions.usefulness import after_local_labels, at_prevalence

__all__ = [
    "COLUMNS",
    "Roles",
    "after_local_labels",
    "at_prevalence",
    "audit",
    "check_predictions",
    "operating_points",
    "read_predictions",
    "scores_of",
    "subgroup_table",
]
