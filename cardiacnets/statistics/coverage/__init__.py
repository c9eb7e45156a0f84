"""Do the intervals and tests of this room keep their promise at the study's sizes? Simulation with a known
truth.

An interval promises to hold the truth in 95 % of studies; a test promises a false alarm in at most 5 % of
studies without an effect. Each scenario draws many studies, asks the public function, and counts. Methods
marked ``recommended`` are those the chapters use; the others stand beside them because they were published,
or are common.
"""

from cardiacnets.statistics.coverage import areas, correlations, reading, shares  # enter their scenarios
from cardiacnets.statistics.coverage.counting import BOUNDS, SCENARIOS, SIZES, Count, scenario
from cardiacnets.statistics.coverage.table import coverage_table

__all__ = ["BOUNDS", "SCENARIOS", "SIZES", "Count", "areas", "correlations", "coverage_table", "reading",
           "scenario", "shares"]
