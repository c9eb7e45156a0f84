"""Codes and dates to labels."""

import pandas as pd
import pytest

from cardiacnets.cohorts.labels import LABELS, DiagnosisWindow, code_labels, label_recordings


@pytest.mark.parametrize(
    "code, version, expected",
    [
        ("I42.0", 10, {"cm", "dcm", "cvd"}),
        ("i421", 10, {"cm", "hcm", "cvd"}),
        ("I42.2", 10, {"cm", "hcm", "cvd"}),
        (" I42.5 ", 10, {"cm", "rcm", "cvd"}),
        ("I43.1", 10, {"cm", "cvd"}),
        ("I25.10", 10, {"cad", "cvd"}),
        ("I26.0", 10, {"cvd"}),  # pulmonary embolism is not I27
        ("I27.0", 10, {"ph", "cvd"}),
        ("I31.3", 10, {"pc", "cvd"}),
        ("I50.9", 10, {"hf", "cvd"}),
        ("I10", 10, {"cvd"}),
        ("J18.9", 10, set()),
        ("425.4", 9, {"cm", "cvd"}),  # holds dilated and restrictive alike: no subtype
        ("42511", 9, {"cm", "hcm", "cvd"}),
        ("41401", 9, {"cad", "cvd"}),
        ("4280", 9, {"hf", "cvd"}),
        ("4160", 9, {"ph", "cvd"}),
        ("4150", 9, {"cvd"}),
        ("423.9", 9, {"pc", "cvd"}),
        ("4599", 9, {"cvd"}),
        ("4600", 9, set()),
        ("4250", 10, set()),  # an ICD-9 code read as ICD-10 is nothing
        (None, 10, set()),
    ],
)
def test_codes(code, version, expected):
    row = code_labels([code], version).iloc[0]
    assert set(row.index[row]) == expected


RECORDINGS = pd.DataFrame(
    {
        "participant_id": [1, 1, 2, 3],
        "date": pd.to_datetime(["2020-01-01", "2020-06-01", "2020-01-01", "2020-01-01"]),
    },
    index=["a", "b", "c", "d"],
)
DIAGNOSES = pd.DataFrame(
    {
        "participant_id": ["1", "1", "2", "3"],
        "code": ["I50.0", "I42.0", "I20", "J45"],
        "date": pd.to_datetime(["2020-03-01", "2010-05-05", None, "2019-01-01"]),
    }
)


def test_prevalent_and_incident_are_apart():
    table = label_recordings(RECORDINGS, DIAGNOSES)
    assert list(table.index) == list("abcd")
    assert table["hf"].tolist() == [False, True, False, False]
    assert table["hf_incident"].tolist() == [True, False, False, False]
    assert table["cm"].tolist() == [True, True, False, False]
    assert table["dcm"].tolist() == [True, True, False, False]
    assert table["healthy"].tolist() == [False, False, False, True]
    assert not (table["hf"] & table["hf_incident"]).any()
    assert set(LABELS) <= set(table.columns)


def test_the_window_moves_what_counts():
    within = label_recordings(RECORDINGS, DIAGNOSES, DiagnosisWindow(last_day=90))
    assert within["hf"].tolist() == [True, True, False, False]
    recent = label_recordings(RECORDINGS, DIAGNOSES, DiagnosisWindow(first_day=-365))
    assert not recent["cm"].any() and not recent["cm_incident"].any()
    soon = label_recordings(RECORDINGS, DIAGNOSES, DiagnosisWindow(incident_until=30))
    assert not soon["hf_incident"].any()


def test_a_code_without_a_date_never_makes_a_control():
    table = label_recordings(RECORDINGS, DIAGNOSES)
    assert not table.loc["c", "cad"] and not table.loc["c", "healthy"]
    assert label_recordings(RECORDINGS, DIAGNOSES, DiagnosisWindow(undated=True)).loc["c", "cad"]


def test_tables_without_dates_count_every_code():
    table = label_recordings(RECORDINGS[["participant_id"]], DIAGNOSES.drop(columns="date"))
    assert table["hf"].tolist() == [True, True, False, False]
    assert table.loc["c", "cad"]


def test_dates_on_one_side_only_are_refused():
    with pytest.raises(ValueError, match="date"):
        label_recordings(RECORDINGS[["participant_id"]], DIAGNOSES)


def test_versions_are_read_row_by_row():
    mixed = pd.DataFrame({"participant_id": [1, 2], "code": ["4254", "4254"], "version": [9, 10]})
    table = label_recordings(pd.DataFrame({"participant_id": [1, 2]}), mixed)
    assert table["cm"].tolist() == [True, False]
