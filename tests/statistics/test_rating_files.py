"""Ratings of people: several files, a kit's key, and every fault named by file, row and column."""

import pandas as pd
import pytest

from cardiacnets.statistics import obuchowski_rockette, read_key, read_ratings

HEAD = "kit,reader,experience,session,case,display,rating,decision,seconds"
KEY = """case,display,modality,participant_id,recording_id,truth,kit,readers
AA,ecg,ecg,p1,r1,1,K1,R1 R2
AA,film 1,ecg+generated,p1,r1,1,K1,R1 R2
BB,ecg,ecg,p2,r2,0,K1,R1 R2
BB,film 2,ecg+generated,p2,r2,0,K1,R1 R2
CC,ecg,ecg,p3,r3,1,K1,R1 R2
CC,film 1,ecg+generated,p3,r3,1,K1,R1 R2
DD,ecg,ecg,p4,r4,0,K1,R1 R2
DD,film 1,ecg+generated,p4,r4,0,K1,R1 R2
"""


def answers(reader):
    displays = [("AA", "film 1"), ("BB", "film 2"), ("CC", "film 1"), ("DD", "film 1")]
    rows = [f"K1,{reader},junior,1,{case},ecg,{2 + (case == 'AA')},0,12.5" for case, _ in displays]
    rows += [f"K1,{reader},junior,2,{case},{film},{3 + (case in 'AACC')},1,8" for case, film in displays]
    return [HEAD, *rows]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "key.csv").write_text(KEY)
    (tmp_path / "answers").mkdir()
    for reader in ("R1", "R2"):
        (tmp_path / "answers" / f"{reader}.csv").write_text("\n".join(answers(reader)))
    return tmp_path


def test_files_and_key_make_one_table(folder):
    key = read_key(folder / "key.csv")
    given = [
        folder / "answers",
        str(folder / "answers" / "*.csv"),
        sorted((folder / "answers").glob("*.csv")),
    ]
    tables = [read_ratings(each, key=key) for each in given]
    assert tables[0].equals(tables[1]) and tables[1].equals(tables[2])
    table = tables[0]
    assert set(table["case"]) == {"r1", "r2", "r3", "r4"}
    assert set(table["modality"]) == {"ecg", "ecg+generated"}
    assert table.groupby("case")["truth"].first().to_dict() == {"r1": 1, "r2": 0, "r3": 1, "r4": 0}
    assert table["seconds"].mean() == pytest.approx(10.25)
    assert len(obuchowski_rockette(table).readers) == 4


def test_a_spreadsheets_semicolons_and_byte_order_mark_are_read(folder):
    path = folder / "answers" / "R1.csv"
    before = read_ratings(folder / "answers", key=read_key(folder / "key.csv"))
    path.write_text("\ufeff" + path.read_text().replace(",", ";") + ";" * 8 + "\n", encoding="utf-8")
    path.write_text(path.read_text().replace(";" * 8, ""))
    assert read_ratings(folder / "answers", key=read_key(folder / "key.csv")).equals(before)


def changed(lines, row, column, value):
    cells = lines[row].split(",")
    cells[HEAD.split(",").index(column)] = value
    return [*lines[:row], ",".join(cells), *lines[row + 1 :]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: changed(t, 3, "rating", ""), r"R1\.csv, row 3, column 'rating': empty cell"),
        (lambda t: changed(t, 3, "rating", "high"), r"R1\.csv, row 3, column 'rating': high is not a number"),
        (lambda t: changed(t, 3, "rating", "nan"), r"R1\.csv, row 3, column 'rating': nan is not a number"),
        (lambda t: changed(t, 2, "decision", "maybe"), r"row 2, column 'decision': maybe is not 0 or 1"),
        (
            lambda t: changed(t, 5, "reader", "R9"),
            r"row 5, column 'reader': unknown reader R9; known: R1, R2",
        ),
        (lambda t: changed(t, 5, "case", "ZZ"), r"row 5, column 'case': case ZZ is not in the key"),
        (lambda t: changed(t, 5, "display", "film 7"), r"row 5, column 'display': display film 7"),
        (lambda t: changed(t, 5, "kit", "K2"), r"row 5, column 'kit': kit K2 is not that of the key"),
        (
            lambda t: changed(t, 5, "display", "film 2"),
            r"row 5, columns 'case' and 'display': AA has no film 2",
        ),
        (
            lambda t: [*t, t[2]],
            r"R1\.csv, row 9, column 'case': reader R1 rated case BB with ecg before .*row 2",
        ),
        (lambda t: t[:-1], r"incomplete design: reader R1 did not rate case r4 .*Only balanced complete"),
        (
            lambda t: [t[0], *(line.removesuffix(",8") for line in t[1:])],
            r"row 5: 8 cells under 9 column names",
        ),
        (lambda t: t[:1], "no rows below a header"),
        (lambda t: [line.replace(",rating", ",score") for line in t], "column 'rating' is missing"),
        (lambda t: [t[0].replace("case", "reader"), *t[1:]], "a column's name stands there twice"),
    ],
)
def test_what_does_not_fit_is_named(folder, change, message):
    (folder / "answers" / "R1.csv").write_text("\n".join(change(answers("R1"))))
    with pytest.raises(ValueError, match=message):
        read_ratings(folder / "answers", key=read_key(folder / "key.csv"))


def test_the_same_file_under_two_names_is_a_repetition(folder):
    (folder / "answers" / "again.csv").write_text("\n".join(answers("R1")))
    with pytest.raises(ValueError, match=r"again\.csv, row 1.*reader R1 rated case AA.*R1\.csv, row 1"):
        read_ratings(folder / "answers", key=read_key(folder / "key.csv"))


def test_one_reader_or_one_modality_is_no_study(folder):
    key = read_key(folder / "key.csv")
    with pytest.raises(ValueError, match=r"column 'reader': one reader only \(R1\): only balanced complete"):
        read_ratings(folder / "answers" / "R1.csv", key=key)
    for reader in ("R1", "R2"):
        (folder / "answers" / f"{reader}.csv").write_text("\n".join(answers(reader)[:5]))
    with pytest.raises(ValueError, match=r"column 'modality': one modality only \(ecg\)"):
        read_ratings(folder / "answers", key=key)


def test_a_kits_answers_ask_for_the_key(folder):
    with pytest.raises(ValueError, match="give its key"):
        read_ratings(folder / "answers")


def test_what_is_no_table_is_refused(folder):
    for name, content, message in (
        ("binary.csv", b"\xff\xfe\x00", "not a readable CSV"),
        ("torn.csv", b'reader,case\n"R1', "not a readable CSV"),
        ("key.csv", b"case,display\nA,ecg\n", "column 'modality' is missing; a key has"),
    ):
        (folder / name).write_bytes(content)
        with pytest.raises(ValueError, match=f"{name}.*{message}"):
            read_key(folder / name)
    with pytest.raises(ValueError, match="no such file"):
        read_ratings(folder / "nobody.csv")
    twice = KEY + KEY.splitlines()[1] + "\n"
    (folder / "key.csv").write_text(twice)
    with pytest.raises(ValueError, match="stand there twice"):
        read_key(folder / "key.csv")


def test_a_file_without_a_key_names_modalities_itself(tmp_path):
    rows = [
        (reader, modality, case, case % 2, 6 * (case % 2))
        for reader in "ab"
        for modality in "xy"
        for case in range(4)
    ]
    table = pd.DataFrame(rows, columns=["reader", "modality", "case", "truth", "rating"])
    truth = table.groupby("case")["truth"].first()
    table.drop(columns="truth").to_csv(tmp_path / "class.csv", index=False)
    read = read_ratings(tmp_path / "class.csv", truth=truth)
    assert read["truth"].tolist() == table["truth"].tolist()
    assert read["decision"].tolist() == table["truth"].tolist() and set(read["experience"]) == {"reader"}
    with pytest.raises(
        ValueError, match=r"class\.csv, row 4, column 'case': case 3 is not among the study's cases"
    ):
        read_ratings(tmp_path / "class.csv", truth=truth.drop(3))
    with pytest.raises(ValueError, match=r"class\.csv: column 'truth' is missing"):
        read_ratings(tmp_path / "class.csv")
