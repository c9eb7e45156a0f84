"""Age in years and sex in words from every format, or ``None``; never a number in another unit."""

import warnings

import pytest
from ecg_files import write_aecg, write_cardiosoft, write_dicom, write_muse, write_wfdb
from hypothesis import given
from hypothesis import strategies as st

from cardiacnets.ecg import read_ecg
from cardiacnets.ecg.formats.person import age_from_text, age_in_years, sex_in_words

A_YEAR = {"YEARS": 1, "months": 12, "Weeks": 365.25 / 7, "d": 365.25, "HOURS": 365.25 * 24, "a": 1, "mo": 12,
          "wk": 365.25 / 7, "h": 365.25 * 24}  # fmt: skip
NO_AGES = ["0", "-3", "999", "300", "nan", "inf", "", "unknown", "1e9", None]


@given(years=st.floats(0.01, 119), unit=st.sampled_from(sorted(A_YEAR)))
def test_any_unit_gives_the_same_years(years, unit):
    assert age_in_years(repr(years * A_YEAR[unit]), unit) == pytest.approx(years)


@pytest.mark.parametrize("value", NO_AGES)
def test_what_is_no_age_is_none(value):
    assert age_in_years(value, "years") is None


@pytest.mark.parametrize("unit", [None, "", "fortnights", "UNKNOWN", "1"])
def test_an_unknown_unit_is_not_guessed(unit):
    assert age_in_years("8", unit) is None


@pytest.mark.parametrize(
    ("text", "years"),
    [("50", 50), ("8 months", 8 / 12), ("008M", 8 / 12), ("12W", 84 / 365.25), ("59.5", 59.5), ("42Y", 42),
     ("NaN", None), ("300", None), ("-5", None), ("8 moons", None), ("", None), ("50 60", None)],
)  # fmt: skip
def test_text(text, years):
    assert age_from_text(text, "years") == (None if years is None else pytest.approx(years))


@pytest.mark.parametrize(
    ("words", "sex"),
    [(("F", "f", "Female", " FEMALE ", "weiblich", "W", "femme"), "female"),
     (("M", "m", "Male", "MALE ", "männlich", "homme"), "male"),
     (("", None, "U", "UN", "unknown", "O", "1", "0", "2", "9", "other", "malefemale"), None)],
)  # fmt: skip
def test_sex(words, sex):
    assert [sex_in_words(word) for word in words] == [sex] * len(words)


@pytest.mark.parametrize(
    ("stated", "years"),
    [
        ('<Age units="MONTHS">8</Age>', 8 / 12), ('<Age units="YEARS">50</Age>', 50),
        ('<Age units="DAYS">30</Age>', 30 / 365.25), ('<Age units="WEEKS">6</Age>', 42 / 365.25),
        ('<Age units="HOURS">36</Age>', 1.5 / 365.25), ('<Age units="YEARS">0</Age>', None),
        ("<Age>50</Age>", None), ('<Age units="YEARS">999</Age>', None),
        ('<Age units="UNKNOWN">5</Age>', None), ("", None), ('<Age units="YEARS"/>', None),
    ],
)  # fmt: skip
def test_cardiosoft(tmp_path, stated, years):
    meta = read_ecg(write_cardiosoft(tmp_path / "c.xml", age=stated, sex="Female")).meta
    assert meta["age"] == (None if years is None else pytest.approx(years)) and meta["sex"] == "female"


@pytest.mark.parametrize(
    ("age", "unit", "years"),
    [("8", "MONTHS", 8 / 12), ("50", "YEARS", 50), ("10", "DAYS", 10 / 365.25),
     ("30", "HOURS", 1.25 / 365.25), ("50", "", None), ("0", "YEARS", None),
     ("3", "WEEKS", 21 / 365.25), ("50", "OTHER", None)],
)  # fmt: skip
def test_muse(tmp_path, age, unit, years):
    stated = f"<PatientAge>{age}</PatientAge><AgeUnits>{unit}</AgeUnits>"
    meta = read_ecg(write_muse(tmp_path / "m.xml", age=stated, sex="M")).meta
    assert meta["age"] == (None if years is None else pytest.approx(years)) and meta["sex"] == "male"


@pytest.mark.parametrize(
    ("age", "years"),
    [("008M", 8 / 12), ("050Y", 50), ("012W", 84 / 365.25), ("010D", 10 / 365.25), ("000Y", None),
     ("999Y", None), ("050", None), ("", None)],
)  # fmt: skip
def test_dicom(tmp_path, age, years):
    def change(dataset):
        with warnings.catch_warnings(action="ignore"):  # pydicom's, of an age that is none
            dataset.PatientAge = age

    meta = read_ecg(write_dicom(tmp_path / "d.dcm", change=change)).meta
    assert meta["age"] == (None if years is None else pytest.approx(years)) and meta["sex"] == "female"


def test_dicom_counts_from_the_date_of_birth_where_no_age_is_stated(tmp_path):
    def change(dataset):
        del dataset.PatientAge
        dataset.PatientBirthDate, dataset.StudyDate = "19800701", "20200701"

    meta = read_ecg(write_dicom(tmp_path / "d.dcm", change=change)).meta
    assert meta["age"] == pytest.approx(40, abs=0.01) and "1980" not in str(meta)


@pytest.mark.parametrize(
    ("born", "reported", "years"),
    [
        ("20191101", "", 243 / 365.25), ("19500701", "", 70),
        ("19500701", '<value value="8" unit="mo"/>', 70),
        ("", '<value value="8" unit="mo"/>', 8 / 12), ("", '<value value="46" unit="a"/>', 46),
        ("", '<value value="46"/>', None), ("", "", None), ("20300101", "", None), ("18000101", "", None),
        ("nonsense", '<value value="46" unit="a"/>', 46),
    ],
)  # fmt: skip
def test_aecg(tmp_path, born, reported, years):
    person = f'<administrativeGenderCode code="F"/><birthTime value="{born}"/>'
    control = (
        f'<controlVariable><relatedObservation><code code="21612-7"/>{reported}</relatedObservation>'
        "</controlVariable>"
    )
    meta = read_ecg(write_aecg(tmp_path / "a.xml", person=person, control=control)).meta
    assert meta["age"] == (None if years is None else pytest.approx(years, abs=0.01))
    assert meta["sex"] == "female" and "1950" not in str(meta)


@pytest.mark.parametrize(
    ("stated", "years"),
    [("59", 59), ("8 months", 8 / 12), ("NaN", None), ("300", None), ("0", None), ("-1", None)],
)
def test_wfdb(tmp_path, stated, years):
    meta = read_ecg(write_wfdb(tmp_path, comments=(f"Age: {stated}", "Sex: F"))).meta
    assert meta["age"] == (None if years is None else pytest.approx(years)) and meta["sex"] == "female"
