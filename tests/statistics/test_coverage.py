"""The coverage simulation: what it must find, and that it can find fault."""

import numpy as np
import pandas as pd
import pytest

from cardiacnets.run import REPOSITORY
from cardiacnets.statistics.coverage import SCENARIOS, Count, areas, coverage_table, scenario
from cardiacnets.statistics.coverage.counting import SEEDS

SEEDS_OF = {name: seed for seed, name in SEEDS.items()}


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


def test_what_chapter_05_uses_is_tried_and_repeats_matter():
    table = coverage_table(1000, ["accuracy_over_classes"]).set_index(["question", "method", "n"])["rate"]
    question = "balanced accuracy, repeated recordings"
    # 1,000 studies of a 5 % event: the Monte Carlo deviation is .7 %
    assert 0.92 < table[question, "clustered, logit interval", 111] < 0.975
    assert 0.92 < table[f"{question}, difference", "clustered, t interval", 111] < 0.975
    assert table[question, "logit interval, as if independent", 111] < 0.89
    assert 0.03 < table[f"{question}, difference", "clustered, t test", 111] < 0.075


def test_equivalence_is_simulated_by_the_rule_of_the_pages(monkeypatch):
    asked = []
    monkeypatch.setattr(areas, "within_margin", lambda found, margin: asked.append(found.level) or True)
    table = coverage_table(3, ["equivalence_at_the_margin"])
    assert asked == [0.9] * 6 and (table["rate"] == 1).all()


def test_a_scenario_has_its_own_name_and_seed():
    with pytest.raises(ValueError, match="'two_areas' has them; the next seed is"):
        scenario(SEEDS_OF["two_areas"])(lambda replicates, rng: iter([]))
    assert sorted(SEEDS) == list(range(len(SCENARIOS)))


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


def test_the_stored_table_is_in_step_with_the_scenarios():
    """``benchmarks/coverage.json`` was made by these very scenarios: none missing, none that is gone."""
    stored = pd.read_json(REPOSITORY / "benchmarks" / "coverage.json")
    identity = ["scenario", "question", "method", "setting", "n", "kind", "recommended"]
    fresh = coverage_table(2, SCENARIOS)
    assert set(fresh[identity].itertuples(index=False)) == set(stored[identity].itertuples(index=False))
    assert (stored["replicates"] >= 10_000).all()
