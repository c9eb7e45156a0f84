"""What a chapter does beside its work, done once, beside doing it again each time: seconds, and their ratio.

    python benchmarks/bookkeeping.py --json bookkeeping.json      (a minute)

``results``: a thousand results put into their file at the end, or at each. ``graph``: what the eleven
chapters load of the library, each file read once, or for each chapter. ``decisions``: decisions of thirty
arms from an open table of predictions, spread out arm by arm, or all arms for each. In turns, so that a busy
machine weighs on both alike.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from cardiacnets import reach
from cardiacnets.artefacts import write_json
from cardiacnets.predictions import scores_of
from cardiacnets.report.results import ResultsFile, make_result
from cardiacnets.run import REPOSITORY
from cardiacnets.statistics import Estimate

ARMS = [f"arm_{number:02}" for number in range(30)]


def record(always: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = ResultsFile(Path(folder) / "05.json", {})
        for number in range(1000):
            found = Estimate(0.5, (0.4, 0.6), 100, "by hand")
            file.add(make_result(f"ukb.cm.auc.arm_{number}", found, chapter="05"))
            if always:
                file.write()
        file.write()


def read_graph(always: bool) -> None:
    reach._loaded_by.cache_clear()
    for notebook in sorted((REPOSITORY / "notebooks").glob("*.ipynb")):
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        reach.library(*("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"))
        if always:
            reach._loaded_by.cache_clear()


def open_table() -> pd.DataFrame:
    people = np.arange(1000).astype(str)
    random = np.random.default_rng(1)
    truth = (random.random(1000) < 0.3).astype(float)
    shared = {"participant": people, "recording": people, "cohort": "ukb", "task": "cm", "kind": "binary"}
    return pd.concat([
        pd.DataFrame(shared | {"output": "cm", "arm": arm, "training": 1, "split": "test", "truth": truth,
                               "score": random.random(1000)})
        for arm in ARMS
    ])  # fmt: skip


def decide(always: bool, table: pd.DataFrame) -> None:
    for arm in ARMS:
        scores_of(table, "ukb", "cm", arm="" if always else arm).averaged(arm)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    table = open_table()
    work: dict[str, Callable[[bool], None]] = {
        "results": record, "graph": read_graph, "decisions": lambda always: decide(always, table),
    }  # fmt: skip
    spent = {name: {"once": [], "always": []} for name in work}
    for _ in range(options.rounds):
        for name, do in work.items():
            for way, seconds in spent[name].items():
                started = time.perf_counter()
                do(way == "always")
                seconds.append(time.perf_counter() - started)
    for name, ways in spent.items():
        once, always = (statistics.median(ways[way]) for way in ("once", "always"))
        print(f"{name:9} once {once:.2f} s, each time {always:.2f} s: {always / once:.1f} times as long")
    if options.json:
        write_json(options.json, spent)


if __name__ == "__main__":
    main()
