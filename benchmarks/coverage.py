"""Coverage and false-alarm rates of every interval and test, by simulation.

    python benchmarks/coverage.py        10,000 studies a setting, about half an hour on one core
    python benchmarks/coverage.py --replicates 1000 --scenarios two_areas reader_studies --json coverage.json
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import pandas as pd

from cardiacnets.statistics.coverage import SCENARIOS, coverage_table


def main() -> None:
    parser = argparse.ArgumentParser(description="Simulated coverage of every interval and test")
    parser.add_argument("--replicates", type=int, default=10_000)
    parser.add_argument("--scenarios", nargs="*", default=list(SCENARIOS), choices=list(SCENARIOS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="also write the table here")
    chosen = parser.parse_args()
    tables = []
    for scenario in chosen.scenarios:
        start = time.perf_counter()
        table = coverage_table(chosen.replicates, [scenario], chosen.seed)
        tables.append(table)
        print(f"\n{scenario} ({time.perf_counter() - start:.0f} s)")
        shown = ["method", "setting", "n", "kind", "recommended", "rate", "replicates", "verdict"]
        print(table[shown].to_string(index=False, float_format="%.4f"), flush=True)
    whole = pd.concat(tables, ignore_index=True)
    broken = whole[whole["recommended"] & (whole["verdict"] != "kept")]
    print(f"\n{int(whole['recommended'].sum())} recommended settings, {len(broken)} outside their bounds")
    if chosen.json:
        chosen.json.write_text(json.dumps(whole.to_dict("records"), indent=1) + "\n")


if __name__ == "__main__":
    main()
