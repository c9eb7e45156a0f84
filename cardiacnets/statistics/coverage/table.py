"""The table: every scenario simulated, a rate with its interval and a verdict a row."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from cardiacnets.statistics.coverage.counting import BOUNDS, SCENARIOS, SEEDS
from cardiacnets.statistics.proportions import wilson_interval

COLUMNS = [
    "scenario", "question", "method", "setting", "n", "kind", "recommended", "rate", "low", "high",
    "replicates", "verdict",
]


def coverage_table(replicates: int, scenarios: Iterable[str], seed: int = 0) -> pd.DataFrame:
    """Simulated coverage and false-alarm rates, one row a method and setting.

    Columns: scenario, question, method, setting, n (rows of one study), kind, recommended, rate, low, high
    (Wilson interval of the rate), replicates, verdict, which allows for the simulation's own error. Raises
    ``ValueError`` for an unknown scenario.
    """
    seeds = {name: number for number, name in SEEDS.items()}
    rows = []
    for name in scenarios:
        if name not in SCENARIOS:
            raise ValueError(f"no scenario {name!r}; there are {', '.join(SCENARIOS)}")
        rng = np.random.default_rng([seed, seeds[name]])
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
