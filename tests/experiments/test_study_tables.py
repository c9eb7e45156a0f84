"""Supplementary tables: indices with their reliability, cohorts by split."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from cardiacnets.cohorts.splits import split_participants
from cardiacnets.experiments.cohorts.study_tables import family_reliability, index_table, split_table
from cardiacnets.phenotypes import INDEX_NAMES, PHENOTYPES


def test_reliability_is_the_share_of_variance_that_is_true():
    rng = np.random.default_rng(2)
    true = rng.normal(50, 10, size=(4000, len(INDEX_NAMES)))
    recorded = true + rng.normal(0, 5, size=true.shape)  # 100 of 125 is the truth's
    recorded[:3999, 0], recorded[:, 1] = np.nan, np.nan
    recorded[100:, 2] = np.nan
    table = index_table(recorded, true)
    assert list(table["label"]) == list(PHENOTYPES["label"]) and list(table["n"][:4]) == [1, 0, 100, 4000]
    assert table["reliability"][:2].isna().all()
    assert table["reliability"][3:].between(0.77, 0.83).all()
    inside = (table["low"] < 0.8) & (0.8 < table["high"])
    assert (
        inside[2:].mean() > 0.85 and (table["high"] - table["low"])[2] > 5 * (table["high"] - table["low"])[3]
    )
    said = family_reliability(table)
    assert said.count(";") == table["group"].nunique() - 1 and "left ventricle 0." in said


@pytest.fixture
def people():
    rng = np.random.default_rng(4)
    table = pd.DataFrame({
        "participant_id": [f"p{i // 2}" for i in range(200)], "age": 60.0, "sex": [0, 0, 1, 1] * 50,
        "bmi": rng.normal(26, 3, 200),
    })  # fmt: skip
    for name in ("cad", "cm", "pc", "hf", "ph", "dcm", "hcm", "rcm"):
        table[name] = name == "cm"
    return {"ukb": table, "sahzu": table.drop(columns="bmi")}


def test_every_cohort_is_described_by_split(people):
    least = {"ukb": 0, "sahzu": 0}
    table = split_table(people, 1, {}, least).set_index(["cohort", "split"])
    drawn = split_participants(people["ukb"]["participant_id"], 1).value_counts()
    for split in ("train", "validation", "test"):
        assert table.loc[("ukb", split), "participants"] == drawn[split]
        assert table.loc[("ukb", split), "recordings"] == 2 * drawn[split]
    assert table.loc[("sahzu", "test"), "participants"] == 100 and ("sahzu", "train") not in table.index
    assert (
        table.loc[("sahzu", "test"), "men, %"] == 50 and table.loc[("sahzu", "test"), "BMI, mean (SD)"] == "–"
    )
    assert table.loc[("ukb", "train"), "cardiomyopathy, %"] == 100
    assert table.loc[("ukb", "train"), "age, mean (SD)"] == "60.0 (0.0)"


def test_small_counts_are_rounded_and_nothing_is_said_of_nobody(people):
    real = {"ukb": SimpleNamespace(split=SimpleNamespace(ratio=(8, 1, 1)))}
    table = split_table(people, 1, real, {"ukb": 50, "sahzu": 0}).set_index(["cohort", "split"])
    assert set(table.loc["ukb"]["participants"]) <= {0, 50, 100}
    assert table.loc[("ukb", "validation"), "participants"] == 0
    assert pd.isna(table.loc[("ukb", "validation"), "age, mean (SD)"])
    assert table.loc[("ukb", "train"), "participants"] == 100
