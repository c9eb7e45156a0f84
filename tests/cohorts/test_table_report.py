"""What a check tells of tables: of each column what was understood, of each label where its codes stayed."""

import json
import warnings

import pandas as pd
import pytest
import yaml

from cardiacnets.__main__ import main
from cardiacnets.cohorts.cells import parse_list
from cardiacnets.cohorts.checking import check
from cardiacnets.cohorts.icd_codes import of_another_version, without_titles
from cardiacnets.cohorts.manifest import load_manifest
from cardiacnets.cohorts.tables import read_covariates, read_labels, read_table, read_tables
from cardiacnets.phenotypes import MANIFESTS, PHENOTYPES

PEOPLE = [str(1_000_001 + place) for place in range(12)]


def hospital(folder, changes=None, **settings):
    """Twelve people, one recording each but the last, dated codes; ``changes`` edits the three tables."""
    tables = {
        "people": pd.DataFrame({"id": PEOPLE, "sex": ["F", "M"] * 6, "age": range(50, 62)}),
        "records": pd.DataFrame({"id": PEOPLE[:11], "record": range(11), "day": "2020-06-01"}),
        "codes": pd.DataFrame(
            [
                (PEOPLE[0], "I50.9", "10", "2019-01-01"),
                (PEOPLE[1], "I509", "10", None),
                (PEOPLE[2], "4280", "9", "2021-01-01"),
                (PEOPLE[3], "J18.9", "10", "2019-01-01"),
                (PEOPLE[11], "I50.0", "10", "2019-01-01"),
            ],
            columns=["id", "code", "edition", "day"],
        ),
    }
    if changes:
        changes(tables)
    (folder / "data").mkdir()
    for name, table in tables.items():
        table.to_csv(folder / f"data/{name}.csv", index=False)
    content = {
        "name": "hospital", "title": "A hospital", "source": "files", "restricted": False, "root": "data",
        "access": {"route": "none", "licence": "none"},
        "ecg": {"format": "wfdb", "pattern": "{recording_id}"},
        "tables": {
            "participants": {"path": "people.csv",
                             "columns": {"participant_id": "id", "sex": "sex", "age": "age"}},
            "recordings": {"path": "records.csv",
                           "columns": {"participant_id": "id", "recording_id": "record", "date": "day"}},
            "diagnoses": {"path": "codes.csv", "columns": {
                "participant_id": "id", "code": "code", "version": "edition", "date": "day"}},
        },
        "labels": {"tasks": ["hf", "cad"]},
        "covariates": {"sex": {"column": "sex"}, "age": {"column": "age", "missing": [-3]}},
    } | settings  # fmt: skip
    (folder / "hospital.yaml").write_text(yaml.safe_dump(content))
    return load_manifest(folder / "hospital.yaml")


def test_each_table_says_what_it_holds_and_whom_it_met(tmp_path):
    report = check(hospital(tmp_path), read=0)
    people, records, codes = report.tables
    assert (people.rows, people.keys, records.rows, codes.rows, codes.keys) == (12, 12, 11, 5, 5)
    recorded = people.joins["with a recording"]
    assert (recorded.matched, recorded.unmatched, recorded.first, recorded.row) == (11, 1, PEOPLE[11], 12)
    assert records.joins["of a participant"].unmatched == 0
    owned = codes.joins["of someone with a recording"]
    assert (owned.matched, owned.unmatched, owned.row) == (4, 1, 5)
    assert codes.joins["of a code that carries a label"].unmatched == 1  # pneumonia
    age = people.columns["age"]
    assert (age.column, age.filled, age.understood, age.empty, age.not_understood) == ("age", 12, 12, 0, 0)


def test_labels_say_which_of_their_codes_made_nobody_ill(tmp_path):
    labels = check(hospital(tmp_path), read=0).labels.set_index("label")
    assert labels.loc["hf"].to_dict() == {
        "participants": 1, "recordings": 1, "codes": 3, "undated": 1, "after": 1, "before": 0,
    }  # fmt: skip
    assert labels.loc["cad", "codes"] == 0
    first = {"tasks": ["hf"], "window": {"first_day": -100}}
    (tmp_path / "again").mkdir()
    labels = check(hospital(tmp_path / "again", labels=first), read=0).labels.set_index("label")
    assert labels.loc["hf", ["participants", "before"]].tolist() == [0, 1]


CELLS = [
    ("people", "age", "sixty", "'sixty' is no number"),
    ("people", "age", "inf", "'inf' is no number"),
    ("people", "age", "999", "'999' is no age from 0 to 125"),
    ("people", "age", "-60", "'-60' is no age from 0 to 125"),
    ("people", "sex", "x", "'x' is not among the values"),
    ("records", "day", "June", "'June' is not a date"),
    ("codes", "day", "02/03/2019", "'02/03/2019' is not a date"),
    ("codes", "code", "Heart failure", "'Heart failure' is not as it must be"),
    ("codes", "code", "4280", "'4280' is no code of ICD version 10"),
]


@pytest.mark.parametrize(("table", "column", "cell", "said"), CELLS)
def test_a_cell_that_is_not_understood_is_counted_and_its_file_and_row_are_named(
    tmp_path, table, column, cell, said
):
    def change(tables):
        tables[table] = tables[table].astype(object)
        tables[table].loc[1:2, column] = cell
        if column == "code":
            tables[table].loc[1:2, "edition"] = "10"

    report = check(hospital(tmp_path, change), read=0)
    (one,) = (
        found for told in report.tables for found in told.columns.values() if found.not_understood
    )
    assert (one.column, one.not_understood, one.first, one.row) == (column, 2, cell, 2)
    assert said in one.fault and "the first of 2 such cells, in row 2" in one.fault
    (fault,) = report.faults
    assert f"{table}.csv: " in fault.detail and (said in fault.detail or "column 'code'" in fault.detail)
    with pytest.raises(ValueError, match=f"{table}.csv: "):  # and a run refuses what a check refuses
        manifest = load_manifest(tmp_path / "hospital.yaml")
        read_covariates(manifest, read_tables(manifest).recordings)


SIZES = {"height": {"column": "height"}, "weight": {"column": "weight"}}


@pytest.mark.parametrize(
    ("height", "weight", "said", "faulty"),
    [
        (172, 80, [], False),
        (1.72, 80, ["no height from 50 to 260 cm"], True),
        (68, 80, ["height: median 68; are these inches"], False),
        (172, 176, ["weight: median 176; are these pounds"], False),
        (80, 172, ["height: median 80; are", "or another column? cm are", "weight: median 172"], False),
        (172, 0, ["no weight from 10 to 650 kg"], True),
    ],
)
def test_sizes_of_another_unit_or_column_are_asked_about(tmp_path, height, weight, said, faulty):
    def change(tables):
        tables["people"] = tables["people"].assign(height=height, weight=weight)

    manifest = hospital(tmp_path, change, covariates=SIZES)
    manifest.tables["participants"].columns.update(height="height", weight="weight")
    report = check(manifest, read=0)
    shown = str(report)
    assert all(one in shown for one in said), shown
    assert any(one.kind == "unreadable" for one in report.faults) == faulty
    assert faulty or len(report.notes) == sum(": median" in one for one in said)


def test_a_day_after_today_is_a_fault_unless_all_days_were_moved(tmp_path):
    def change(tables):
        tables["records"].loc[[2, 5], "day"] = ["2099-01-01", "2100-01-01"]

    report = check(hospital(tmp_path, change), read=0)
    told = "recordings: 2 of 11 dates lie after today, the first 2099-01-01"
    assert [one.detail for one in report.faults if one.kind == "unreadable"] == [told]
    (tmp_path / "moved").mkdir()

    def move(tables):
        tables["records"]["day"] = "2150-06-01"

    report = check(hospital(tmp_path / "moved", move), read=0)
    assert any("recordings: every date lies after today" in note for note in report.notes)
    assert not [one for one in report.faults if one.kind == "unreadable"]


def test_labels_of_no_task_print_no_table(tmp_path):
    shown = str(check(hospital(tmp_path, labels={"tasks": []}), read=0))
    assert "DataFrame" not in shown


def test_a_blank_identifier_is_one_fault_of_a_row(tmp_path):
    def change(tables):
        tables["people"].loc[2, "id"] = None

    report = check(hospital(tmp_path, change), read=0)
    (fault,) = report.faults
    assert fault.detail.endswith("column 'id': row 3 is empty, and every row needs an identifier")
    assert str(report).endswith("1 fault\nrows are counted below the header")
    told = report.tables[0].columns["participant_id"].counts()
    assert told == "11 understood, 0 no answer, 0 empty, 1 NOT understood"


def test_a_table_without_rows_is_told_without_warnings(tmp_path):
    manifest = hospital(tmp_path, lambda tables: tables.update(people=tables["people"].iloc[:0]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert any("people.csv: no row below the header" in one.detail
                   for one in check(manifest, read=0).faults)  # fmt: skip
    (tmp_path / "data" / "people.csv").write_text("")
    assert any("people.csv: the file is empty" in one.detail for one in check(manifest, read=0).faults)


def test_no_answer_is_what_the_manifest_lists(tmp_path):
    def change(tables):
        tables["people"].loc[[3, 4], "age"] = -3
        tables["people"].loc[5, "age"] = None

    report = check(hospital(tmp_path, change), read=0)
    age = report.tables[0].columns["age"]
    assert (age.filled, age.understood, age.no_answer, age.empty) == (11, 9, 2, 1)
    assert not any(fault.kind == "unreadable" for fault in report.faults)


@pytest.mark.parametrize("row", ["Total", "id"])
def test_a_row_of_sums_or_a_header_again_is_no_participant(tmp_path, row):
    def change(tables):
        more = pd.DataFrame({"id": [row], "sex": [None], "age": [None]})
        tables["people"] = pd.concat([tables["people"], more])

    (fault,) = check(hospital(tmp_path, change), read=0).faults
    assert f"the participant_id {row!r} in row 13 has no digit" in fault.detail


def test_recordings_of_nobody_are_counted_with_the_first_row(tmp_path):
    def change(tables):
        tables["records"].loc[[4, 7], "id"] = ["7", "8"]

    report = check(hospital(tmp_path, change), read=0)
    assert any("records.csv: 2 recordings belong to no known participant, the first to '7' in row 5"
               in fault.detail for fault in report.faults)  # fmt: skip


def test_the_command_prints_json_for_pipelines(tmp_path, capsys):
    hospital(tmp_path, ecg={"format": "wfdb", "pattern": "{recording_id}", "absent": "allow"})
    manifest = tmp_path / "hospital.yaml"
    assert main(["check", "--json", str(manifest), str(MANIFESTS / "ukb_simulated.yaml")]) == 1
    first, second = json.loads(capsys.readouterr().out)
    assert second["name"] == "ukb_simulated" and second["tables"] == []
    assert first["tables"][2]["columns"]["code"]["filled"] == 5 and first["flow"][0]["participants"] == 11
    assert first["labels"][0]["label"] == "hf" and first["labels"][0]["undated"] == 1
    assert any("1 of 3 codes that carry a label have no date" in one["detail"] for one in first["faults"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda path: path.write_text(path.read_text().replace(",", ";")), "is its separator ';'?"),
        (lambda path: path.write_text(path.read_text().upper()), "no column 'age'; is it 'AGE'?"),
        (lambda path: path.write_text(path.read_text().replace("id,", "participant.id,")),
         "is it 'participant.id'?"),
        (lambda path: path.write_bytes(path.read_text().encode("utf-16")), "it is UTF-16, save it as UTF-8"),
    ],
)  # fmt: skip
def test_a_table_in_another_form_is_told_from_one_without_the_column(tmp_path, change, said):
    manifest = hospital(tmp_path)
    change(tmp_path / "data/people.csv")
    assert any(said in fault.detail for fault in check(manifest, read=0).faults)


@pytest.mark.parametrize(
    ("cell", "values"),
    [
        ('["I251", "I10"]', ["I251", "I10"]), ("['I251', 'I10']", ["I251", "I10"]),
        ("I251|I10", ["I251", "I10"]),
        ("I251", ["I251"]), ("[1, 4]", ["1", "4"]), ("[]", []), ("", []),
        ("I10 Essential (primary) hypertension|I25.1 Atherosclerotic heart disease",
         ["I10 Essential (primary) hypertension", "I25.1 Atherosclerotic heart disease"]),
    ],
)  # fmt: skip
def test_lists_in_a_cell(cell, values):
    assert parse_list(cell) == values


@pytest.mark.parametrize("cell", ['["I251", "I1', "[I251, I10]", "[" * 100_000])
def test_a_list_without_an_end_is_none(cell):
    with pytest.raises(ValueError, match="is no list of values"):
        parse_list(cell)


def test_codes_keep_no_title_and_have_the_form_of_their_version():
    codes = pd.Series(["I10 Essential (primary) hypertension", "I25.1 Old", "I251", "I25 1", None, "E11.9"])
    assert without_titles(codes).tolist()[:4] == ["I10", "I25.1", "I251", "I25 1"]
    wrong, why = of_another_version(pd.Series(["4280", "I509", "V58", "E885", None]), 10)
    assert wrong.tolist() == [True, False, False, False, False] and "version 10" in why
    wrong, why = of_another_version(pd.Series(["4280", "I509", "V58", "E885"]), pd.Series([9, 9, 9, 9]))
    assert wrong.tolist() == [False, True, False, False] and "version 9" in why


def platform(folder, cells, dates, **columns):
    """Three people in the form of the Research Analysis Platform's exporter."""
    content = yaml.safe_load((MANIFESTS / "research_analysis_platform/ukb.yaml").read_text())
    table = {"eid": [1000001, 1000002, 1000003], "p31": [0, 1, 0], "p53_i2": "2016-05-01"}
    described = content["tables"]["participants"]["columns"]
    table |= {name: [60, 61, 62] for name in described.values() if name not in table}
    table |= {"p6145_i2": ["[1,4]", "[-7]", None], "p41270": cells}
    table |= {f"p41280_a{place}": days for place, days in enumerate(dates)}
    table |= {f"p{field}_i2": [1.5, 2, None] for field in PHENOTYPES["field"]} | columns
    (folder / "data").mkdir()
    pd.DataFrame(table).to_csv(folder / "data/phenotypes.csv", index=False)
    (folder / "ukb.yaml").write_text(yaml.safe_dump(content | {"root": "data"}))
    return load_manifest(folder / "ukb.yaml")


DATES = [["2010-01-01", "2011-01-01", None], ["2019-01-01", None, None]]
WRITTEN = {
    "JSON": ['["I420", "I509"]', '["I10"]', None],
    "Python": ["['I420', 'I509']", "['I10']", "[]"],
    "bars": ["I420|I509", "I10", None],
    "titles": ["I42.0 Dilated cardiomyopathy|I50.9 Heart failure, unspecified",
               "I10 Essential (primary) hypertension", None],
}  # fmt: skip


@pytest.mark.parametrize("cells", WRITTEN.values(), ids=WRITTEN)
def test_the_platform_s_lists_of_codes_meet_their_dates(tmp_path, cells):
    manifest = platform(tmp_path, cells, DATES)
    codes = read_table(manifest, "diagnoses")
    written = codes["code"].str.replace(".", "")
    assert list(zip(codes["participant_id"], written, codes["date"].dt.year, strict=True)) == [
        ("1000001", "I420", 2010), ("1000001", "I509", 2019), ("1000002", "I10", 2011),
    ]  # fmt: skip
    tables = read_tables(manifest)
    labels = read_labels(manifest, tables)
    assert labels["dcm"].tolist() == [True, False, False] and labels["hf_incident"].tolist()[0]
    covariates = read_covariates(manifest, tables.recordings)
    assert covariates["stress"].iloc[:2].tolist() == [2, 0] and covariates["stress"].isna()[2]
    report = check(manifest, read=0)
    assert [fault.detail for fault in report.faults if fault.kind == "unreadable"] == []
    assert next(one for one in report.tables if one.name == "indices").columns["lv_edv"].filled == 2


def test_many_dates_are_ordered_by_their_numbers(tmp_path):
    codes = [f"I{number}" for number in range(10, 23)]
    days = [[f"20{number}-01-01", None, None] for number in range(10, 23)]
    manifest = platform(tmp_path, ["|".join(codes), None, None], days)
    path = tmp_path / "data/phenotypes.csv"
    frame = pd.read_csv(path, dtype=str)
    frame[sorted(frame)].to_csv(path, index=False)  # a10 stands before a2
    read = read_table(manifest, "diagnoses")
    assert (read["code"].str[1:].astype(int) == read["date"].dt.year - 2000).all() and len(read) == 13


def test_more_dates_than_codes_are_refused(tmp_path):
    manifest = platform(tmp_path, ['["I420"]', '["I10"]', None], DATES)
    with pytest.raises(ValueError, match=r"row 1 has 1 values in 'p41270' and 2 in 'p41280_a\*'"):
        read_table(manifest, "diagnoses")


def test_answers_in_words_are_named_with_the_way_out(tmp_path):
    manifest = platform(tmp_path, WRITTEN["JSON"], DATES, p31=["Female", "Male", "Female"],
                        p20116_i2=["Never", "Prefer not to answer", "Current"])  # fmt: skip
    (fault,) = (one for one in check(manifest, read=0).faults if one.kind == "unreadable")
    assert "phenotypes.csv: column 'p20116_i2': 'Never' is no number" in fault.detail


def test_a_wide_table_without_several_values_is_refused(tmp_path):
    content = yaml.safe_load((MANIFESTS / "ukb.yaml").read_text())
    for columns, listed, said in [
        ({"participant_id": "eid", "date": "x"}, [], "a wide table has columns whose name here ends in"),
        ({"participant_id": "eid", "code": "41270-0.*"}, ["code"], "which hold one value each"),
        ({"participant_id": "eid", "code": "41270-0.*"}, ["codes"], "'codes' is not among the columns"),
    ]:
        content["tables"]["diagnoses"] |= {"columns": columns, "listed": listed}
        (tmp_path / "ukb.yaml").write_text(yaml.safe_dump(content))
        with pytest.raises(ValueError, match=said):
            load_manifest(tmp_path / "ukb.yaml")


def test_what_a_reader_warns_of_stands_in_the_report(tmp_path, monkeypatch):
    manifest = hospital(tmp_path)
    for record in range(11):
        (tmp_path / f"data/{record}.hea").touch()

    def warned(path):
        warnings.warn(f"{path}: a lead is flat", stacklevel=1)
        raise ValueError(f"{path}: no ECG")

    monkeypatch.setattr("cardiacnets.cohorts.checking.read_ecg", warned)
    report = check(manifest)
    assert len(report.notes) == 11 and report.as_json()["notes"][0].endswith(": a lead is flat")
    assert "note: and 6 more" in str(report)
