"""Each chapter is a command of its own: it runs on what exists, and says what is missing or wrong."""

import subprocess
import sys
from pathlib import Path

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
    mine, default = values(folder, "08"), values(smoke_book.run, "08")
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
