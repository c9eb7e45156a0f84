"""Cells of tables from elsewhere are understood, or named with their row; none turns into "missing"."""

import numpy as np
import pandas as pd
import pytest

from cardiacnets.cohorts.cells import SEXES, as_spelled, numbers, one_key, parse_days
from cardiacnets.cohorts.flow import excluded
from cardiacnets.cohorts.manifest import Criterion, Table
from cardiacnets.cohorts.table_files import long_chunks


def column(*cells):
    return pd.Series(cells, dtype=object)


def test_the_same_number_is_the_same_key_and_big_ones_stay_whole():
    keys = column("20000000.0", " 20000000", "020000000", "90071992547409931", "A-07", "07.5", None)
    assert one_key(keys).tolist() == [
        "20000000",
        "20000000",
        "20000000",
        "90071992547409931",
        "A-07",
        "07.5",
        None,
    ]


def test_keys_take_the_other_table_s_spelling_and_strangers_stay():
    known = pd.Index(["007", "20000000", "x1"])
    given = column("7.0", "20000000.0", "x1", "9", None)
    assert as_spelled(given, known).tolist() == ["007", "20000000", "x1", "9", None]
    with pytest.raises(ValueError, match="the keys '7' and '007' are one number"):
        as_spelled(column("7.0"), pd.Index(["7", "007"]))


def test_numbers_are_read_and_nothing_else_passes_for_one():
    read = numbers(column("1.5", " 2 ", "1e3", "", None), "t: column 'x'")
    np.testing.assert_array_equal(read, [1.5, 2, 1000, np.nan, np.nan])


OTHERS = ["60,0", "1.234,5", "1 000", "1,000", "sixty", "60y", "--", "Prefer not to answer"]


@pytest.mark.parametrize("cell", OTHERS)
def test_other_cells_are_named_with_their_row(cell):
    with pytest.raises(ValueError, match=r"t: column 'x': .* is no number.*in row 2") as raised:
        numbers(column("1", cell, "3"), "t: column 'x'")
    assert repr(cell) in str(raised.value)


def test_how_many_such_cells_is_said():
    with pytest.raises(ValueError, match="'a' is no number.*the first of 2 such cells, in row 1"):
        numbers(column("a", "b", "3"), "t")


@pytest.mark.parametrize(
    ("cells", "values", "expected"),
    [
        (["F", "m", " M ", "Female", "male"], {"F": 0, "M": 1}, [0, 1, 1, 0, 1]),
        (["0", "0.0", "1.0", " 1"], {"0": 1, "1": 0}, [1, 1, 0, 0]),
        (["Female", "1", "0.0", "man"], SEXES | {"0": 0.0, "1": 1.0}, [0, 1, 0, 1]),
        (["Never", "never", "Current"], {"Never": 0, "Previous": 1, "Current": 2}, [0, 0, 2]),
    ],
)
def test_values_are_matched_as_texts_in_any_case_and_as_numbers(cells, values, expected):
    assert numbers(column(*cells), "t", values).tolist() == expected


def test_a_value_that_the_manifest_does_not_list_is_named():
    with pytest.raises(ValueError, match="'Unknown' is not among the values F, M; in row 3"):
        numbers(column("F", "M", "Unknown"), "t", {"F": 0, "M": 1})


def test_a_clock_is_read_as_written_whatever_its_zone():
    clocks = ("2180-07-23T08:44:00Z", "2180-07-23 08:44:00+02:00", "2180-07-23 08:44:00.5-0500")
    read, wrong = parse_days(column(*clocks, "2180-07-23", ""))
    assert not wrong.any()
    assert [str(one) for one in read.dt.date[:4]] == ["2180-07-23"] * 4 and pd.isna(read[4])
    assert read.dt.hour[:3].tolist() == [8, 8, 8]


@pytest.mark.parametrize(
    "cell", ["23/07/2180", "07-23-2180", "2180-02-30", "soon", "44000", "2180", "2180-07"]
)
def test_what_is_no_date_is_found(cell):
    read, wrong = parse_days(column("2180-07-23", cell, None))
    assert wrong.tolist() == [False, True, False] and read.isna().tolist() == [False, True, True]


def test_conditions_know_a_number_however_it_is_written():
    ages = pd.DataFrame({"age": ["60.0", "40", None], "group": ["0.0", "1", "0"]})
    assert excluded(ages, Criterion(column="age", minimum=50, reason="young")).tolist() == [False, True, True]
    assert excluded(ages, Criterion(column="group", values=[0], reason="other")).tolist() == [
        False,
        True,
        False,
    ]


def test_an_answer_in_words_is_no_missing_answer(tmp_path):
    (tmp_path / "t.csv").write_text("eid,6145-2.0,6145-2.1\n1,1,2\n2,Financial difficulties,\n")
    table = Table(path="t.csv", columns={"participant_id": "eid", "stress": "6145-2.*"})
    with pytest.raises(
        ValueError, match="t.csv: column '6145-2.0': 'Financial difficulties' is no number.*row 2"
    ):
        list(long_chunks(tmp_path / "t.csv", table))
