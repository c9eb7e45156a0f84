"""Answers in place: what is right, why a typical answer is wrong, and what cannot be read."""

import json
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from cardiacnets.teaching import check, exercises
from cardiacnets.teaching.self_check import ANSWERS, UNCHECKED
from cardiacnets.yaml_reading import read_yaml

REPOSITORY = Path(__file__).parents[2]
ENTRIES = read_yaml(ANSWERS)


def test_a_number_is_right_within_its_tolerance_and_only_there():
    assert check("ex-03-1", np.log(64)) and check("ex-03-1", 4.16) and check("ex-03-1", np.float32(4.17))
    assert repr(check("ex-03-1", 4.16)).startswith("Right. The natural logarithm of 64.")
    assert not check("ex-03-1", 4.19)
    assert repr(check("ex-03-1", 4.19)).startswith("Not yet. 4.19 lies above it.")
    assert "5 lies above it" in check("ex-03-1", 5).why and "-3 lies below it" in check("ex-03-1", -3).why


@pytest.mark.parametrize(
    ("exercise", "answer", "why"),
    [("ex-03-1", 1 / 64, "the probability that a guess is right"), ("ex-03-1", 6, "in bits"),
     ("ex-03-1", 2 * np.log(64), "sum over both views"), ("ex-05-2", 0, "the mean of ten"),
     ("ex-08-2", 0.008, "odds are"), ("ex-08-2", 4 / 99, "Those are the odds"),
     ("ex-06-1", "unpaired", "different people"), ("ex-02-2", "the motion of the heart", "cheapest way"),
     ("ex-01-2", "a high-pass filter", "both are slow")],
)  # fmt: skip
def test_a_typical_wrong_answer_hears_why(exercise, answer, why):
    verdict = check(exercise, answer)
    assert not verdict and why in verdict.why


def test_a_share_in_per_cent_and_a_rounded_number_are_told_apart_from_wrong_ones():
    assert not check("ex-02-3", 98.5) and "share between 0 and 1" in check("ex-02-3", 98.5).why
    assert repr(check("ex-03-1", 4.2)) == "Not yet. Near: give one decimal more."
    assert "give 2 decimals more" in check("ex-03-1", 4).why
    assert "lies above it" in check("ex-03-1", 4.3).why and "lies below it" in check("ex-03-1", 4.1).why


def test_an_exercise_without_a_check_and_one_misspelt_hear_so():
    assert set(UNCHECKED) == set(exercise_texts()) - set(ENTRIES)
    for given, said in [("ex-00-1", "ex-00-1 has no check: its solution"), ("ex-3-1", "do you mean ex-03-1?"),
                        ("EX 00 1", "do you mean ex-00-1?")]:  # fmt: skip
        with pytest.raises(ValueError, match=re.escape(said)) as error:
            check(given, 1)
        assert len(str(error.value)) < 80


def test_words_and_choices_are_read_with_mercy():
    assert check("ex-02-2", "It would COPY from the neighbouring frame") and check("ex-09-1", " Yes ")
    assert not check("ex-02-2", "something deep")
    assert "How far does a heart move" in check("ex-02-2", "something deep").why
    assert check("ex-00-2", "not the disease but the mains frequency")
    assert not check("ex-00-2", "not the mains but the disease")


@pytest.mark.parametrize(
    ("exercise", "answer", "expected"),
    [("ex-03-1", "four", "takes a number: the loss of guessing"), ("ex-03-1", True, "(bool)"),
     ("ex-03-1", float("nan"), "Found nan (float)"), ("ex-03-1", np.ones(1), "(ndarray)"),
     ("ex-03-1", None, "(NoneType)"), ("ex-09-1", True, "one of 'yes', 'no'"),
     ("ex-09-1", "perhaps", "Found 'perhaps' (str)"), ("ex-02-2", 3, "takes words"),
     ("ex-02-2", "  ", "takes words")],
)  # fmt: skip
def test_an_answer_that_cannot_be_read_is_refused_with_what_is_expected(exercise, answer, expected):
    with pytest.raises(ValueError, match=re.escape(expected)) as error:
        check(exercise, answer)
    assert str(error.value).startswith(exercise)


def test_any_number_is_read_and_a_long_answer_is_not_repeated_whole():
    assert check("ex-03-3", Fraction(1, 2)) and "3 lies below it" in check("ex-03-1", Fraction(3)).why
    for answer in (10**400, "x " * 5000, np.ones((100, 100))):
        with pytest.raises(ValueError, match="takes a number") as error:
            check("ex-03-1", answer)
        assert len(str(error.value)) < 200


@pytest.mark.parametrize("exercise", ["ex-99-1", "3", None, ["ex-03-1"]])
def test_an_unknown_exercise_names_those_that_there_are(exercise):
    with pytest.raises(ValueError, match=re.escape(repr(exercise))) as error:
        check(exercise, 1)
    assert all(label in str(error.value) for label in ENTRIES) and len(ENTRIES) > 15


def test_the_expected_largest_of_several_draws_is_what_the_answers_say():
    """Integrated from the normal's density, as the answers' numbers were."""
    from scipy import integrate, stats

    for exercise, draws in (("ex-05-2", 10), ("ex-90-3", 20)):
        mean, _ = integrate.quad(
            lambda x, n=draws: x * n * stats.norm.pdf(x) * stats.norm.cdf(x) ** (n - 1), -8, 8
        )
        assert ENTRIES[exercise]["number"] == pytest.approx(mean, abs=1e-5)


@pytest.mark.parametrize("exercise", ENTRIES)
def test_each_check_is_whole_and_tells_right_from_wrong(exercise):
    entry = ENTRIES[exercise]
    assert entry["ask"] and exercises()[exercise].endswith(entry["ask"])
    if "choices" in entry:
        assert set(entry) == {"ask", "answer", "choices"} and len(entry["choices"]) > 1
        assert [choice for choice in entry["choices"] if check(exercise, choice)] == [entry["answer"]]
    elif "number" in entry:
        assert set(entry) == {"ask", "number", "tolerance", "right", "hint", "wrong"} and entry["wrong"]
        assert check(exercise, entry["number"])
        for wrong in entry["wrong"]:
            assert check(exercise, wrong["number"]).why == wrong["why"], "the right answer hides it"
    else:
        assert set(entry) == {"ask", "words", "right", "hint", "wrong"} and entry["wrong"]
        assert all(re.compile(each) for each in entry["words"])
        assert not check(exercise, "xyz"), "anything passes"


def exercise_texts() -> dict[str, str]:
    """Each exercise of the notebooks, by its label."""
    found = {}
    for path in sorted((REPOSITORY / "notebooks").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for text in re.findall(r"^```\{exercise\}.*?^```", "".join(cell["source"]), re.M | re.S):
                found[re.search(r"^:label: (\S+)$", text, re.M)[1]] = text
    return found


def test_every_check_is_of_an_exercise_that_mentions_it_and_no_other_is_mentioned():
    texts = exercise_texts()
    assert set(ENTRIES) <= set(texts)
    mentioned = {label: re.findall(r'check\("([\w-]+)"', text) for label, text in texts.items()}
    assert mentioned == {label: [label] if label in ENTRIES else [] for label in texts}
    for label, entry in ENTRIES.items():
        for choice in entry.get("choices", {}):
            assert f'"{choice}"' in texts[label], f"{label}: the reader is not told of {choice!r}"
