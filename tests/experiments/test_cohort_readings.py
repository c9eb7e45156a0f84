"""What chapter 00 says of its tables follows from them."""

import math
from types import SimpleNamespace

import pandas as pd
import pytest

from cardiacnets.experiments.cohorts.readings import (
    above_bound,
    beyond_sampling,
    emptied,
    readable,
    sampling_error,
)


def target(quantity: str, target: float, simulated: float, n: int, passed: bool, spread: float = math.nan):
    return {
        "quantity": quantity, "target_mean": target, "target_sd": spread, "simulated_mean": simulated, "n": n,
        "passed": passed,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("row", "error"),
    [
        (target("PH: V1 R/S > 1", 0.38, 0.5, 150, False), 0.0396),
        (target("LV EDV, ml", 166, 160, 256, True, 32), 2.0),
        (target("r(P, LA volume)", 0.43, 0.3, 400, False), 0.0408),
        (target("covariates explain LV end-systolic volume, R2", 0.416, 0.54, 1791, False), 0.0178),
        (target("components for 95 % of beats, 19 or more", 24, 30, 1791, False), math.nan),
    ],
)
def test_a_standard_error_is_that_of_the_quantitys_kind(row, error):
    assert sampling_error(SimpleNamespace(**row)) == pytest.approx(error, rel=0.01, nan_ok=True)


def test_a_failed_row_is_told_from_one_that_sampling_explains():
    rows = [
        target("PH: V1 R/S > 1", 0.38, 0.507, 150, False), target("PH: axis >= 90", 0.46, 0.53, 150, False),
        target("Err, %", 45, 60, 300, False), target("LV EDV, ml", 166, 100, 256, True, 32),
    ]  # fmt: skip
    said = beyond_sampling(pd.DataFrame(rows))
    assert said.startswith("Rows that failed in this draw: 3.") and "LV EDV" not in said
    assert "no likely reason: PH: V1 R/S > 1 (0.51 for 0.38, standard error 0.04). Within two" in said
    assert said.endswith("may be the reason: 1. Without a known standard error: 1")
    assert beyond_sampling(pd.DataFrame(rows[3:])) == "In this draw no row failed"
    assert "no likely reason: none." in beyond_sampling(pd.DataFrame(rows[1:2]))


@pytest.mark.parametrize(
    ("volume", "fraction", "said"),
    [
        (99, 59.2, "has a smaller cavity than its healthy self and empties less far than that does"),
        (120, 70, "has a larger cavity than its healthy self and empties further than that does"),
        (106.3, 62.1, "has as large a cavity as its healthy self and empties as far as that does"),
    ],
)
def test_a_heart_empties_beside_its_healthy_self(volume, fraction, said):
    assert emptied({"lv_edv": 106, "lv_ef": 62}, {"lv_edv": volume, "lv_ef": fraction}) == said


def test_the_table_of_targets_is_in_words():
    rows = [target("LV EDV, ml", 166, 160.123, 256, True, 32), target("Err, %", 45, 60, 300, False)]
    table = readable(pd.DataFrame(rows).assign(source=["lit", "bocchi2020"]))
    assert list(table["within tolerance"]) == ["yes", "no"]
    assert list(table["source"]) == ["literature", "Bocchi 2020"]
    assert table["simulated"].iloc[0] == 160.12 and "published SD" in table


def test_indices_above_the_bound_are_counted():
    budget = pd.DataFrame({"oracle_true": [0.6, 0.4, 0.3], "bound": [0.5, 0.5, 0.2]})
    assert above_bound(budget) == "2 of the 3 indices"
