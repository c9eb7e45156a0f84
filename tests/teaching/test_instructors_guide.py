"""The instructor's guide knows every exercise, and its commands are there."""

import re
import subprocess
from pathlib import Path

from cardiacnets.__main__ import main
from cardiacnets.teaching import exercises

REPOSITORY = Path(__file__).parents[2]
GUIDE = (REPOSITORY / "book" / "teaching.md").read_text(encoding="utf-8")


def test_the_table_has_every_exercise_once_and_says_which_check_themselves():
    rows = re.findall(r"^\| (ex-[\d-]+)[^|]*\| ([123]) \| (\d+) \| (yes|no) \|$", GUIDE, re.MULTILINE)
    notebooks = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))
    labels = [label for path in notebooks for label in re.findall(r":label: (ex-[\d-]+)", path.read_text())]
    assert [label for label, *_ in rows] == labels
    assert {label for label, *_, checks in rows if checks == "yes"} == set(exercises())


def test_each_quiz_is_folded_with_a_question_and_an_answer():
    quizzes = re.findall(r"<details>\n<summary>(.+\?)</summary>\n<p>(.+)</p>\n</details>\n", GUIDE)
    assert len(quizzes) == GUIDE.count("<details>") == GUIDE.count("</details>") >= 10
    assert not any("?" in answer for _, answer in quizzes)


def test_make_student_calls_what_the_guide_says(capsys):
    assert "make student FOLDER=autumn" in GUIDE and "python -m cardiacnets student autumn" in GUIDE
    command = ["make", "--dry-run", "--assume-old=.venv/ready", "student", "FOLDER=autumn"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert '-m cardiacnets student "autumn"' in done.stdout, done.stderr
    assert main(["student", str(REPOSITORY / "book")]) == 1
    assert "exists already" in capsys.readouterr().err
