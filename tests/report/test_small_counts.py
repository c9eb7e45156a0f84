"""Of a restricted cohort no chapter shows what a few people tell: in words, results and tables."""

import nbformat
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_notebook, new_output

from cardiacnets.cohorts.disclosure import scan_notebook
from cardiacnets.cohorts.manifest import load_manifest
from cardiacnets.phenotypes import MANIFESTS
from cardiacnets.report import chapter as chapter_module
from cardiacnets.report import load_results, open_chapter
from cardiacnets.report.results import make_result
from cardiacnets.report.small_counts import WITHHELD, result_withheld, table_withheld, text_withheld
from cardiacnets.statistics import Estimate

FEW, MANY = Estimate(0.667, (0.1, 0.97), 6, "Wilson"), Estimate(0.7, (0.6, 0.8), 120, "Wilson")
TABLE = pd.DataFrame(
    {
        "task": ["pericarditis", "heart failure"],
        "recall": ["0.667 (0.100 to 0.970)", "0.700 (0.600 to 0.800)"],
        "interval": [(0.1, 0.97), (0.6, 0.8)],
        "n": [6, 120],
    }
)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("in 0% of 6 people, fewer", "in 0% of fewer than 10 people, fewer"),
        ("(n = 6) and (n = 12)", "(n < 10) and (n = 12)"),
        ("3 cases of 120 patients", "fewer than 10 cases of 120 patients"),
        ("6 draws, n = 0, 0 people, 1.6 people", "6 draws, n = 0, 0 people, 1.6 people"),
    ],
)
def test_small_counts_in_words_are_told_as_fewer(said, told):
    assert text_withheld(said, 10) == told
    assert text_withheld(said, 0) == said


def test_a_result_of_few_people_is_withheld_whole_and_one_of_few_tasks_is_not():
    few = result_withheld(make_result("ukb.pc.recall.ecg", FEW), 10)
    assert (few.value, few.interval, few.n, str(few)) == (None, None, None, "not available")
    assert few.method.startswith("withheld: fewer than 10")
    tasks = make_result("statistics.screening.kept", 3, n=6, of="tasks")
    assert result_withheld(tasks, 10) is tasks
    some = make_result("mimic.pc.recall.ecg", 0.5, n=8, of="recordings without the disease")
    assert result_withheld(some, 10).value is None and result_withheld(some, 0) is some


def test_a_row_of_few_people_loses_its_numbers_and_no_other():
    found = table_withheld(TABLE, 10)
    assert list(found.iloc[0]) == ["pericarditis", WITHHELD, WITHHELD, WITHHELD]
    assert list(found.iloc[1]) == list(TABLE.iloc[1])
    turned = pd.DataFrame({"": ["people", "mean"], "women": ["none", 0.3], "x": [6, 0.2]})
    assert list(table_withheld(turned, 10)["x"]) == ["fewer than 10", 0.2]
    assert table_withheld(TABLE, 0) is TABLE


def test_what_a_chapter_of_a_restricted_run_shows_passes_the_guard(tmp_path, monkeypatch):
    ukb = load_manifest(MANIFESTS / "ukb.yaml")

    def breaches(least: int) -> list[str]:
        outputs = []
        monkeypatch.setenv("CARDIACNETS_RUNS", str(tmp_path / str(least)))
        monkeypatch.setattr(chapter_module, "threshold", lambda run: least)
        monkeypatch.setattr(chapter_module, "display", lambda one: outputs.append({"text/html": one.data}))
        monkeypatch.setattr(
            chapter_module, "glue", lambda key, text, display: outputs.append({"text/plain": text})
        )
        chapter = open_chapter("05", profile="smoke", run="try")
        chapter.record("ukb.pc.recall.ecg", FEW)
        chapter.record("ukb.hf.recall.ecg", MANY)
        chapter.note("told", "in 0 % of 6 people")
        chapter.table(TABLE, "recalls", caption="Recalls of 6 people.")
        figure = Figure()
        figure.subplots().plot(np.arange(3))
        chapter.figure(figure, "curve", caption="A curve (n = 6).", alt="Of 6 people", content="aggregate")
        chapter.footer()
        assert load_results(chapter.run)["ukb.hf.recall.ecg"].value == 0.7
        shown = outputs[:-1]  # without the footer
        cells = [new_code_cell("", outputs=[new_output("display_data", data)]) for data in shown]
        path = tmp_path / f"{least}.ipynb"
        nbformat.write(new_notebook(cells=cells), path)
        return [breach.kind for breach in scan_notebook(path, ukb, ())]

    assert breaches(0).count("count") >= 4
    assert breaches(ukb.disclosure_threshold) == []
