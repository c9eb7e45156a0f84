"""Recorded results: what is kept, what is refused, how it reads."""

import json

import numpy as np
import pytest

from cardiacnets.report import load_results
from cardiacnets.report.results import ResultsFile, make_result


@pytest.mark.parametrize(
    ("value", "more", "text"),
    [
        (0.8123, {"interval": (0.79, 0.834), "n": 2000}, "0.812 (95 % interval 0.790 to 0.834, n = 2,000)"),
        (
            -0.0123,
            {"interval": (-0.02, 0.01), "pvalue": 0.5},
            "−0.012 (95 % interval −0.020 to 0.010, p = 0.500)",
        ),
        (0.01, {"pvalue": 1e-9}, "0.010 (p < 0.001)"),
        (166.24, {"unit": "ml"}, "166.2 ml"),
        (71.24, {"unit": "%", "interval": (61.0, 80.0)}, "71.2 % (95 % interval 61.0 to 80.0)"),
        (5500, {}, "5,500"),
        (-0.0001, {}, "0.000"),
        (float("nan"), {"n": 12}, "not available (n = 12)"),
        (float("nan"), {"n": 9, "of": "tasks"}, "not available (9 tasks)"),
        (71.24, {"n": 9, "of": "tasks", "unit": "%"}, "71.2 % (9 tasks)"),
    ],
)
def test_a_result_reads_as_prose(value, more, text):
    assert str(make_result("ukb.cm.auc.aligned", value, **more)) == text


def test_equivalence_is_read_at_ninety_per_cent():
    result = make_result("ukb.cm.auc_equivalence.aligned-cmr", 0.0, interval=(-0.01, 0.01))
    assert result.level == 0.9
    assert "90 % interval" in str(result)


@pytest.mark.parametrize(
    ("key", "more", "fault"),
    [
        ("auc", {}, "must read like"),
        ("ukb.cm auc", {}, "must read like"),
        ("ukb.cm.auc.ecg", {"interval": (0.9, 0.8)}, "low, high"),
        ("ukb.cm.auc.ecg", {"pvalue": 1.2}, "between 0 and 1"),
        ("ukb.cm.auc.ecg", {"level": 95}, "level"),
    ],
)
def test_impossible_results_are_refused(key, more, fault):
    with pytest.raises(ValueError, match=fault):
        make_result(key, 0.8, **more)


def test_results_survive_the_file(tmp_path):
    file = ResultsFile(tmp_path / "05.json", {"chapter": "05"})
    kept = make_result(
        "ukb.cm.auc.aligned", np.float32(0.75), interval=(np.float64(0.7), 0.8), n=np.int64(9), chapter="05"
    )
    file.add(kept)
    assert load_results(tmp_path) == {"ukb.cm.auc.aligned": kept}
    assert json.loads((tmp_path / "05.json").read_text())["chapter"] == "05"


def test_keys_are_unique_in_a_run(tmp_path):
    first, second = ResultsFile(tmp_path / "05.json", {}), ResultsFile(tmp_path / "06.json", {})
    result = make_result("ukb.cm.auc.aligned", 0.8)
    first.add(result)
    with pytest.raises(ValueError, match="already recorded in 05.json"):
        second.add(result)
    with pytest.raises(ValueError, match="already recorded in 05.json"):
        first.add(result)


def test_a_chapter_opened_again_starts_afresh(tmp_path):
    ResultsFile(tmp_path / "05.json", {}).add(make_result("ukb.cm.auc.aligned", 0.8))
    ResultsFile(tmp_path / "05.json", {}).add(make_result("ukb.cm.auc.aligned", 0.7))
    assert load_results(tmp_path)["ukb.cm.auc.aligned"].value == 0.7
