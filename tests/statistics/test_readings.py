"""What the readers' decisions show, counted by hand on small tables."""

import numpy as np
import pandas as pd
import pytest

from cardiacnets.statistics import (
    accuracy_gains,
    display_agreement,
    pitfall_table,
    recovered_cases,
)


def readings() -> pd.DataFrame:
    """Two readers, four cases: with b, both find case 0 that they missed with a, and r1 loses case 1."""
    decisions = {("r0", "a"): [0, 1, 0, 0], ("r0", "b"): [1, 1, 0, 0], ("r1", "a"): [0, 1, 1, 0],
                 ("r1", "b"): [1, 0, 0, 0]}
    tables = [
        pd.DataFrame({"reader": reader, "experience": "junior", "modality": modality, "case": range(4),
                      "truth": [1, 1, 0, 0], "rating": np.array(decided) * 10.0, "decision": decided})
        for (reader, modality), decided in decisions.items()
    ]
    return pd.concat(tables, ignore_index=True)


def test_gains_are_counted_per_reader():
    gains = accuracy_gains(readings(), "a", "b").set_index("reader")
    assert gains["before"].to_dict() == {"r0": 0.75, "r1": 0.5}
    assert gains["gain"].to_dict() == {"r0": 0.25, "r1": 0.25}
    assert (gains["low"] < gains["gain"]).all() and (gains["n"] == 4).all()


def test_agreement_is_the_share_of_equal_decisions():
    found = display_agreement(readings(), "a", "b").iloc[0]
    assert found["agreement"] == pytest.approx(4 / 8) and found["cases"] == 4
    assert found["low"] < 0.5 < found["high"]


def test_recovered_and_lost_cases():
    counts = recovered_cases(readings(), "a", "b")
    assert counts.to_dict("records") == [
        {"case": 0, "recovered": 2, "lost": 0, "readers": 2},
        {"case": 1, "recovered": 0, "lost": 1, "readers": 2},
    ]


def test_pitfalls_on_vandyke(sample_data):
    table = pd.read_csv(sample_data / "stats" / "VanDyke.csv").rename(columns={"treatment": "modality"})
    table["decision"] = (table["rating"] >= 3).astype(int)
    found = pitfall_table(table, 1, 2)
    # the four p-values of one difference: R's prop.test, exact McNemar, Obuchowski 1998, R's MRMCaov
    assert found["pvalue"].tolist() == pytest.approx([0.0020, 5.9e-5, 0.0074, 0.0201], rel=0.02)
    assert found["difference"].nunique() == 1
    with pytest.raises(ValueError, match="'sensitivity' or 'specificity'"):
        pitfall_table(table, 1, 2, merit="auc")
