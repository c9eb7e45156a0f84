"""Each chapter is a command of its own: it runs on what exists, and says what is missing or wrong."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cardiacnets.artefacts import read_json

REPOSITORY = Path(__file__).parents[2]


def papermill(chapter, folder, environment, *parameters):
    """Run a chapter by papermill; the finished process and the written notebook's path."""
    out = folder / "out.ipynb"
    options = [word for name, value in parameters for word in ("-p", name, str(value))]
    command = [
        sys.executable, "-m", "papermill", str(REPOSITORY / "notebooks" / f"{chapter}.ipynb"), str(out),
        "-p", "profile", "smoke", "--kernel", "python3", "--no-progress-bar", *options,
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    return done, out


@pytest.fixture
def twin(smoke_book, tmp_path):
    """A run with the smoke book's models and predictions but results of its own, and its environment."""
    folder = tmp_path / "runs" / "smoke"
    folder.mkdir(parents=True)
    for path in smoke_book.run.iterdir():
        if path.name not in ("results", "figures", "notebooks", "book", "book_source"):
            (folder / path.name).symlink_to(path)
    return folder, {**smoke_book.environment, "CARDIACNETS_RUNS": str(folder.parent)}


def values(folder, number):
    """Recorded values of a chapter by key."""
    results = read_json(folder / "results" / f"{number}.json")["results"]
    return {key: result["value"] for key, result in results.items()}


def test_an_ecg_of_ones_own_goes_through_the_whole_chain(smoke_book, twin, sample_data, tmp_path):
    folder, environment = twin
    record = sample_data / "ecg" / "cinc2021" / "E07500"
    given = [("ecg_path", record), ("sex", "female"), ("age", 60)]
    done, out = papermill("08_your_own_ecg", tmp_path, environment, *given)
    assert done.returncode == 0, done.stderr[-2000:]
    mine, default = values(folder.with_name("smoke-own") / "08", "08"), values(smoke_book.run, "08")
    assert not (folder / "results" / "08.json").exists() and not list(folder.glob("figures/08-*"))
    assert mine.keys() == default.keys()
    assert mine["own.heart_rate"] != default["own.heart_rate"]
    assert all(0 <= mine[key] <= 1 for key in mine if key.startswith("own.probability."))
    assert out.read_text().count("<video") == 1


@pytest.mark.parametrize(
    "content",
    [None, b"", b"not an ECG at all", b"<xml"],
    ids=["missing", "empty", "text", "torn XML"],
)
def test_a_file_that_is_no_ecg_is_refused_by_name(tmp_path, content):
    path = tmp_path / "broken.ecg"
    if content is not None:
        path.write_bytes(content)
    code = "import sys; from cardiacnets.ecg import read_ecg; read_ecg(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True)
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 1 and "broken.ecg" in last, last


def test_a_chapter_before_its_time_names_the_chapter_that_is_missing(smoke_book, tmp_path):
    environment = {**smoke_book.environment, "CARDIACNETS_RUNS": str(tmp_path / "empty")}
    done, _ = papermill("05_downstream_tasks", tmp_path, environment)
    assert done.returncode != 0
    assert "chapter 01_preprocessing makes it" in done.stderr
    assert "papermill notebooks/01_preprocessing.ipynb out.ipynb -p profile smoke" in done.stderr
    assert not list((tmp_path / "empty").rglob("*.npy"))


def test_a_chapter_repeats_its_numbers(smoke_book, twin, tmp_path):
    folder, environment = twin
    done, _ = papermill("06_statistics", tmp_path, environment)
    assert done.returncode == 0, done.stderr[-2000:]
    assert values(folder, "06") == values(smoke_book.run, "06")


def test_people_read_a_kit_and_the_reader_study_is_about_them(smoke_book, twin, tmp_path):
    """The command's kit, answers of five clerks who recognise real films, and the chapter with both."""
    folder, environment = twin
    made = subprocess.run(
        [sys.executable, "-m", "cardiacnets", "reader-kit", str(tmp_path / "class"), "--profile", "smoke",
         "--cases", "12", "--readers", "J1", "J2", "J3", "S1", "S2", "--washout", "0"],
        cwd=REPOSITORY, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr[-2000:]
    key = pd.read_csv(tmp_path / "class-key.csv")
    rng, answers = np.random.default_rng(0), tmp_path / "answers"
    answers.mkdir()
    for reader in ("J1", "J2", "J3", "S1", "S2"):
        experience = {"J": "junior", "S": "senior"}[reader[0]]
        told = np.where(rng.random(len(key)) < 0.8, key["truth"], 1 - key["truth"])
        told = np.where(key["modality"] == "ecg+real", key["truth"], told)
        own = key[["kit", "case", "display"]].assign(reader=reader, experience=experience, decision=told)
        own.assign(session=1, rating=1 + 3 * told + rng.integers(2, size=len(key)), seconds=9.5).to_csv(
            answers / f"{reader}.csv", index=False
        )
    given = [("ratings", answers), ("key", tmp_path / "class-key.csv")]
    done, out = papermill("07_reader_study", tmp_path, environment, *given)
    assert done.returncode == 0, done.stderr[-2000:]
    people = values(folder.with_name("smoke-own") / "07", "07")
    assert not (folder / "results" / "07.json").exists() and not list(folder.glob("figures/07-*"))
    assert people["reader.cm.cases.all"] == 12 and people["reader.cm.auc.ecg+real"] == 1
    assert people.keys() == values(smoke_book.run, "07").keys()
    assert "Who read (people)" in out.read_text() and "Simulated." in out.read_text()
    (answers / "S2.csv").write_text((answers / "S2.csv").read_text().replace(",9.5", "", 1))
    refused, _ = papermill("07_reader_study", tmp_path, environment, *given)
    assert refused.returncode != 0 and "S2.csv, row 1: 8 cells under 9 column names" in refused.stderr
