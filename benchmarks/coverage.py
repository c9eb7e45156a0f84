"""Coverage and false-alarm rates of every interval and test, by simulation.

    python benchmarks/coverage.py --json benchmarks/coverage.json
    python benchmarks/coverage.py --replicates 1000 --scenarios two_areas reader_studies --json coverage.json

10,000 studies a setting take about 40 minutes on one core. ``--json`` replaces the rows of the scenarios that
were run and keeps the others, after each of them, so a long run may be made in pieces.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import pandas as pd

from cardiacnets.statistics.coverage import SCENARIOS, coverage_table
from cardiacnets.statistics.coverage.counting import SEEDS


def main() -> None:
    parser = argparse.ArgumentParser(description="Simulated coverage of every interval and test")
    parser.add_argument("--replicates", type=int, default=10_000)
    parser.add_argument("--scenarios", nargs="*", default=list(SCENARIOS), choices=list(SCENARIOS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="also write the table here")
    chosen = parser.parse_args()
    order, tables = [SEEDS[number] for number in sorted(SEEDS)], []
    # by json, for pandas' own reader changes the last digits of what is kept
    whole = pd.DataFrame(json.loads(chosen.json.read_text()) if chosen.json and chosen.json.exists() else [])
    for scenario in chosen.scenarios:
        start = time.perf_counter()
        table = coverage_table(chosen.replicates, [scenario], chosen.seed)
        tables.append(table)
        print(f"\n{scenario} ({time.perf_counter() - start:.0f} s)")
        shown = ["method", "setting", "n", "kind", "recommended", "rate", "replicates", "verdict"]
        print(table[shown].to_string(index=False, float_format="%.4f"), flush=True)
        if chosen.json:
            kept = whole[whole["scenario"] != scenario] if len(whole) else whole
            whole = pd.concat([kept, table]).sort_values(
                "scenario", key=lambda names: names.map(order.index), kind="stable"
            )
            chosen.json.write_text(json.dumps(whole.to_dict("records"), indent=1) + "\n")
    found = pd.concat(tables, ignore_index=True)
    broken = found[found["recommended"] & (found["verdict"] != "kept")]
    print(f"\n{int(found['recommended'].sum())} recommended settings, {len(broken)} outside their bounds")


if __name__ == "__main__":
    main()
