"""What the readers' decisions show, counted by hand on small tables."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score

from cardiacnets.statistics import (
    accuracy_by_session,
    accuracy_gains,
    compare_experience,
    display_agreement,
    gwet_ac1,
    mcnemar_test,
    pitfall_table,
    recovered_cases,
)


def readings() -> pd.DataFrame:
    """Two readers, four cases: with b, both find case 0 that they missed with a, and r1 loses case 1."""
    decisions = {
        ("r0", "a"): [0, 1, 0, 0],
        ("r0", "b"): [1, 1, 0, 0],
        ("r1", "a"): [0, 1, 1, 0],
        ("r1", "b"): [1, 0, 0, 0],
    }
    tables = [
        pd.DataFrame(
            {
                "reader": reader,
                "experience": "junior",
                "modality": modality,
                "case": range(4),
                "truth": [1, 1, 0, 0],
                "rating": np.array(decided) * 10.0,
                "decision": decided,
            }
        )
        for (reader, modality), decided in decisions.items()
    ]
    return pd.concat(tables, ignore_index=True)


def test_gains_are_counted_per_reader():
    gains = accuracy_gains(readings(), "a", "b").set_index("reader")
    assert gains["before"].to_dict() == {"r0": 0.75, "r1": 0.5}
    assert gains["gain"].to_dict() == {"r0": 0.25, "r1": 0.25}
    assert (gains["low"] < gains["gain"]).all() and (gains["n"] == 4).all()


def test_gains_name_what_was_computed():
    """The page takes the method's words from the table, and the table from the test."""
    table = readings()
    gains = accuracy_gains(table, "a", "b")
    right = table.assign(right=table["decision"] == table["truth"])
    for row in gains.itertuples():
        own = right[right["reader"] == row.reader].pivot(index="case", columns="modality", values="right")
        test = mcnemar_test(own["b"].to_numpy(), own["a"].to_numpy())
        assert (row.method, row.pvalue, row.low, row.high) == (test.method, test.pvalue, *test.interval)
        assert "chi-square" in row.method and "Tango" in row.method
        assert "mid-p" not in row.method and "Newcombe" not in row.method


def test_agreement_is_the_share_of_equal_decisions():
    found = display_agreement(readings(), "a", "b").set_index("coefficient")
    assert found.loc["percent", "estimate"] == pytest.approx(4 / 8) and (found["n"] == 4).all()
    assert (found["low"] < found["estimate"]).all() and (found["estimate"] < found["high"]).all()


def two_groups(cases=60, seed=0):
    """Two juniors who follow each movie, two seniors who decide the same with both."""
    rng, rows = np.random.default_rng(seed), []
    truth = np.arange(cases) % 2
    for reader, experience, share in (
        ("j1", "junior", 0.3),
        ("j2", "junior", 0.4),
        ("s1", "senior", 0),
        ("s2", "senior", 0.1),
    ):
        first = np.where(rng.random(cases) < 0.8, truth, 1 - truth)
        for name, decided in (("a", first), ("b", np.where(rng.random(cases) < share, truth, first))):
            rows.append(
                pd.DataFrame(
                    {
                        "reader": reader,
                        "experience": experience,
                        "modality": name,
                        "case": range(cases),
                        "truth": truth,
                        "rating": decided,
                        "decision": decided,
                    }
                )
            )
    return pd.concat(rows, ignore_index=True)


def test_agreement_is_the_mean_of_the_readers_own_coefficients():
    table = two_groups()
    found = display_agreement(table, "a", "b", resamples=200).set_index(["experience", "coefficient"])[
        "estimate"
    ]
    wide = table.pivot(index="case", columns=["experience", "reader", "modality"], values="decision")
    pairs = [wide["junior"][reader].to_numpy() for reader in ("j1", "j2")]
    assert found["junior", "percent"] == pytest.approx(np.mean([(p[:, 0] == p[:, 1]).mean() for p in pairs]))
    assert found["junior", "Cohen's kappa"] == pytest.approx(
        np.mean([cohen_kappa_score(*p.T) for p in pairs])
    )
    assert found["junior", "Gwet's AC1"] == pytest.approx(np.mean([gwet_ac1(p, 9).estimate for p in pairs]))


def test_one_category_leaves_kappa_undefined_and_percent_whole():
    table = two_groups().assign(decision=1)
    found = display_agreement(table, "a", "b", resamples=50).set_index(["experience", "coefficient"])[
        "estimate"
    ]
    assert np.isnan(found["junior", "Cohen's kappa"]) and found["junior", "percent"] == pytest.approx(1)
    assert found["junior", "Gwet's AC1"] == pytest.approx(1)


def test_juniors_against_seniors():
    table = two_groups()
    found = compare_experience(table, "b", "a").set_index("quantity")
    gains = accuracy_gains(table, "a", "b").groupby("experience")["gain"].mean()
    assert found.loc["gain in accuracy", "first"] == pytest.approx(gains["junior"])
    assert found.loc["gain in accuracy", "difference"] == pytest.approx(gains["junior"] - gains["senior"])
    assert found.loc["percent", "difference"] < 0 and (found["low"] < found["difference"]).all()
    assert compare_experience(table[table["experience"] == "junior"], "b", "a").empty


def test_accuracy_by_session_shows_a_fixed_order():
    table = readings()
    fixed = accuracy_by_session(table.assign(session=table["modality"].map({"a": "1", "b": "2"})))
    assert fixed["session"].tolist() == [1, 2] and fixed[["a", "b"]].isna().sum().tolist() == [1, 1]
    assert fixed.loc[0, "a"] == pytest.approx(5 / 8)


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
