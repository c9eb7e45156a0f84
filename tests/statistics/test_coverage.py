"""The coverage simulation: what it must find, and that it can find fault."""

import numpy as np
import pytest

from cardiacnets.statistics.coverage import SCENARIOS, Count, coverage_table


def test_pairing_shows_in_the_published_tests():
    table = coverage_table(400, ["two_proportions"]).query("n == 464")
    table = table.set_index(["method", "setting"])["rate"]
    # 400 studies of a 5 % event: the Monte Carlo deviation is 1.1 %
    assert 0.025 < table["McNemar midp", "p 0.85"] < 0.08
    assert table["pooled z (as published)", "p 0.85"] < 0.02
    assert table["McNemar exact", "p 0.85"] <= table["McNemar midp", "p 0.85"]


def test_a_wald_interval_near_one_is_found_out():
    table = coverage_table(2000, ["one_proportion"]).set_index(["method", "setting", "n"])
    assert table.loc[("Wald interval", "p 0.95", 34), "verdict"] == "too low"
    assert table.loc[("Wilson interval", "p 0.85", 464), "verdict"] == "kept"


def test_same_seed_same_table():
    first, second = (coverage_table(50, ["two_correlations"], seed=3) for _ in range(2))
    assert first.equals(second) and set(first["kind"]) == {"test", "coverage"}


def test_verdicts_follow_the_bounds(monkeypatch):
    hits = np.arange(10_000) < 9000
    broken = Count("q", "m", "s", 1, "coverage", True, hits)
    monkeypatch.setitem(SCENARIOS, "two_areas", lambda replicates, rng: iter([broken]))
    assert coverage_table(1, ["two_areas"])["verdict"].tolist() == ["too low"]


def test_unknown_scenario_is_named():
    with pytest.raises(ValueError, match="no scenario 'kappa'"):
        coverage_table(10, ["kappa"])
