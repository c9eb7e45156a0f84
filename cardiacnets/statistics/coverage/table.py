"""The table: every scenario simulated, a rate with its interval and a verdict a row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pandas as pd

from cardiacnets.statistics.coverage import areas, correlations, reading, shares
from cardiacnets.statistics.coverage.counting import BOUNDS, Count
from cardiacnets.statistics.proportions import wilson_interval

SCENARIOS: dict[str, Callable[[int, np.random.Generator], Iterator[Count]]] = {
    scenario.__name__: scenario
    for scenario in (
        # the order seeds the scenarios: new ones go to the end
        areas.areas_under_the_curve, areas.two_areas, areas.repeated_recordings, shares.one_proportion,
        shares.two_proportions, correlations.one_correlation, correlations.two_correlations,
        correlations.mean_correlations, areas.equivalence_at_the_margin, reading.reader_studies,
        areas.two_areas_by_limits, shares.unequal_proportions, areas.areas_of_two_cohorts,
        areas.differences_over_repeats, areas.three_classes, shares.repeated_decisions,
        shares.accuracy_over_classes, shares.calibrated_probabilities, correlations.rank_correlation,
        correlations.many_indices,
    )
}

COLUMNS = [
    "scenario", "question", "method", "setting", "n", "kind", "recommended", "rate", "low", "high",
    "replicates", "verdict",
]


def coverage_table(replicates: int, scenarios: Iterable[str] | None = None, seed: int = 0) -> pd.DataFrame:
    """Simulated coverage and false-alarm rates, one row a method and setting.

    Columns: scenario, question, method, setting, n (rows of one study), kind, recommended, rate, low, high
    (Wilson interval of the rate), replicates, verdict, which allows for the simulation's own error. Raises
    ``ValueError`` for an unknown scenario.
    """
    names = list(SCENARIOS) if scenarios is None else list(scenarios)
    rows = []
    for name in names:
        if name not in SCENARIOS:
            raise ValueError(f"no scenario {name!r}; there are {', '.join(SCENARIOS)}")
        rng = np.random.default_rng([seed, list(SCENARIOS).index(name)])
        for count in SCENARIOS[name](replicates, rng):
            rate = wilson_interval(int(np.sum(count.hits)), len(count.hits))
            low, high = BOUNDS[count.kind]
            above, below = rate.interval[0] > high, rate.interval[1] < low
            verdict = "too high" if above else "too low" if below else "kept"
            rows.append((
                name, count.question, count.method, count.setting, count.n, count.kind, count.recommended,
                rate.estimate, *rate.interval, len(count.hits), verdict,
            ))
    return pd.DataFrame(rows, columns=COLUMNS)
