"""Recorded results: what is kept, what is refused, how it reads."""

import json

import numpy as np
import pytest

from cardiacnets.report import load_results
from cardiacnets.report.results import ResultsFile, at_floor, make_result
from cardiacnets.statistics import Comparison, Estimate, auc_difference


@pytest.mark.parametrize(
    ("value", "more", "text"),
    [
        (Estimate(0.8123, (0.79, 0.834), 2000, ""), {}, "0.812 (95 % interval 0.790 to 0.834, n = 2,000)"),
        (
            Comparison(-0.0123, (-0.02, 0.01), None, "", -0.7, 0.5),
            {},
            "−0.012 (95 % interval −0.020 to 0.010, p = 0.500)",
        ),
        (0.01, {"pvalue": 1e-9}, "0.010 (p < 0.001)"),
        (166.24, {"unit": "ml"}, "166.2 ml"),
        (Estimate(71.24, (61.0, 80.0), None, ""), {"unit": "%"}, "71.2 % (95 % interval 61.0 to 80.0)"),
        (5500, {}, "5,500"),
        (-0.0001, {}, "0.000"),
        (float("nan"), {"n": 12}, "not available (n = 12)"),
        (float("nan"), {"n": 9, "of": "tasks"}, "not available (9 tasks)"),
        (71.24, {"n": 9, "of": "tasks", "unit": "%"}, "71.2 % (9 tasks)"),
    ],
)
def test_a_result_reads_as_prose(value, more, text):
    assert str(make_result("ukb.cm.auc.aligned", value, **more)) == text


def test_a_result_says_what_its_estimate_knows():
    labels, a, b = [0, 0, 0, 1, 1, 1], [1, 2, 5, 4, 3, 6], [1, 4, 2, 3, 6, 5]
    found = auc_difference(labels, a, b, level=0.9)
    result = make_result("ukb.cm.auc.aligned-ecg", found, method="test participants")
    assert (result.value, result.interval, result.level, result.n, result.pvalue) == (
        found.estimate, found.interval, 0.9, 6, found.pvalue,
    )  # fmt: skip
    assert result.method == f"test participants; {found.method}"
    assert "90 % interval" in str(result)


def test_no_key_decides_the_level():
    found = Estimate(0.0, (-0.01, 0.01), 10, "")
    assert make_result("ukb.cm.auc_equivalence.aligned-cmr", found).level == 0.95


def test_what_an_estimate_carries_is_not_said_twice():
    found = Estimate(0.0, (-0.01, 0.01), 10, "")
    for more in ({"n": 12}, {"pvalue": 0.2}):
        with pytest.raises(ValueError, match="carries its own n and p-value"):
            make_result("ukb.cm.auc.ecg", found, **more)


def test_an_interval_that_is_unknown_is_left_out():
    found = make_result("ukb.cm.auc.ecg", Estimate(0.8, (np.nan, np.nan), 10, ""))
    assert (found.value, found.interval) == (0.8, None)


@pytest.mark.parametrize(
    ("key", "found", "fault"),
    [
        ("auc", 0.8, "must read like"),
        ("ukb.cm auc", 0.8, "must read like"),
        ("ukb.cm.auc.ecg", Estimate(0.8, (0.9, 0.8), 10, ""), "low, high"),
        ("ukb.cm.auc.ecg", Comparison(0.8, (0.7, 0.9), 10, "", 1.0, 1.2), "between 0 and 1"),
        ("ukb.cm.auc.ecg", Estimate(0.8, (0.7, 0.9), 10, "", level=95), "level"),
    ],
)
def test_impossible_results_are_refused(key, found, fault):
    with pytest.raises(ValueError, match=fault):
        make_result(key, found)
    with pytest.raises(ValueError, match="between 0 and 1"):
        make_result("ukb.cm.auc.ecg", 0.8, pvalue=1.2)


def test_results_survive_the_file(tmp_path):
    file = ResultsFile(tmp_path / "05.json", {"chapter": "05"})
    found = Estimate(np.float32(0.75), (np.float64(0.7), 0.8), np.int64(9), "by hand")
    kept = make_result("ukb.cm.auc.aligned", found, chapter="05")
    file.add(kept)
    assert load_results(tmp_path) == {}
    file.write()
    assert load_results(tmp_path) == {"ukb.cm.auc.aligned": kept}
    assert json.loads((tmp_path / "05.json").read_text())["chapter"] == "05"


def test_keys_are_unique_in_a_run(tmp_path):
    first, second = ResultsFile(tmp_path / "05.json", {}), ResultsFile(tmp_path / "06.json", {})
    result = make_result("ukb.cm.auc.aligned", 0.8)
    first.add(result)
    first.write()
    with pytest.raises(ValueError, match="already recorded in 05.json"):
        second.add(result)
    with pytest.raises(ValueError, match="already recorded in 05.json"):
        first.add(result)


def test_of_two_chapters_that_run_side_by_side_one_takes_a_key(tmp_path):
    first, second = ResultsFile(tmp_path / "05.json", {}), ResultsFile(tmp_path / "06.json", {})
    result = make_result("ukb.cm.auc.aligned", 0.8)
    second.add(result)
    first.add(result)
    first.write()
    with pytest.raises(ValueError, match="already recorded in 05.json"):
        second.write()
    assert list(load_results(tmp_path)) == ["ukb.cm.auc.aligned"]


def test_a_chapter_opened_again_starts_afresh(tmp_path):
    for value in (0.8, 0.7):
        file = ResultsFile(tmp_path / "05.json", {})
        file.add(make_result("ukb.cm.auc.aligned", value))
        file.write()
    assert load_results(tmp_path)["ukb.cm.auc.aligned"].value == 0.7


@pytest.mark.parametrize("resamples", [200, 500, 1000, 2000, 5000, 10000, 20000])
def test_the_least_p_of_a_bootstrap_is_told_from_all_others(resamples):
    possible = 2 * np.arange(1, resamples // 2) / (resamples + 1)
    method = "participant bootstrap, bca"
    assert [at_floor(p, method) for p in possible] == [True] + [False] * (len(possible) - 1)
    assert not any(at_floor(p, "DeLong") for p in possible)
    assert not at_floor(None, method) and not at_floor(0.0, method)


def test_a_p_at_the_floor_is_an_upper_bound():
    def said(p, method):
        return str(make_result("a.b.c.d", Comparison(0.1, (0.05, 0.15), None, method, 2.0, p)))

    assert said(2 / 1001, "participant bootstrap, bca").endswith("0.150, p ≤ 0.002)")
    assert said(4 / 1001, "participant bootstrap, bca").endswith("0.150, p = 0.004)")
    assert said(2 / 1001, "DeLong").endswith("0.150, p = 0.002)")
    assert said(2 / 10001, "participant bootstrap, bca").endswith("0.150, p < 0.001)")


@pytest.mark.parametrize(
    ("fields", "told"),
    [(1, "not subscriptable"), ({}, "no key 'interval'"), ({"interval": None}, "required"),
     ({"interval": None, "colour": 1}, "unexpected keyword")],
)  # fmt: skip
def test_what_is_no_result_is_named_with_its_file_and_the_way_out(tmp_path, fields, told):
    (tmp_path / "03.json").write_text(json.dumps({"results": {"a.b": fields}}))
    with pytest.raises(ValueError, match=rf"03.json: a.b is no recorded result \(.*{told}.*run the chapter"):
        load_results(tmp_path)
