"""What to take away is filled from results: numbers, words by their intervals, and gaps that say so."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from cardiacnets.report.results import Result
from cardiacnets.report.take_away import TAG, filled, keys_of, load_take_away, take_away
from cardiacnets.statistics.trainings import ONE_TRAINING

WORDS = "It {a.b.r.x-y: gains | loses | does not change}: {a.b.r.x-y}."


def result(low=0.01, high=0.09, **more):
    return {"a.b.r.x-y": Result("a.b.r.x-y", 0.05, (low, high), n=1096, **more)}


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [(0.01, 0.09, "gains"), (-0.09, -0.01, "loses"), (-0.01, 0.09, "does not change")],
)
def test_words_follow_the_interval(low, high, word):
    assert filled(WORDS, result(low, high)).startswith(f"It {word}: 0.050 (")


def test_an_interval_that_ends_at_zero_holds_it():
    assert filled(WORDS, result(0.0, 0.09)).startswith("It does not change")
    assert filled(WORDS, result(-0.09, 0.0)).startswith("It does not change")


def test_a_number_has_its_interval_its_unit_and_what_it_counts():
    assert filled("{a.b.r.x-y}", result()) == "0.050 (0.010 to 0.090; n = 1,096)"
    other = result(-2.0, 3.0, unit="ml", level=0.9, of="hearts")
    assert filled("{a.b.r.x-y}", other) == "0.05 ml (90 %: −2.00 to 3.00; 1,096 hearts)"
    assert filled("{a.b.n.all}", {"a.b.n.all": Result("a.b.n.all", 7)}) == "7"


def test_what_rests_on_one_training_says_so():
    once = filled("{a.b.r.x-y}", result(method=f"bootstrap; {ONE_TRAINING}"))
    assert once == "0.050 (0.010 to 0.090; n = 1,096; one training)"


def test_what_is_not_there_is_said_to_be_missing():
    assert filled(WORDS, {}) == "It (not recorded in this run): (not recorded in this run)."
    bare = {"a.b.r.x-y": Result("a.b.r.x-y", None)}
    assert filled(WORDS, bare) == "It (not to be judged in this run): not available."


def test_the_cell_that_waits_is_filled_and_no_other():
    waiting = new_markdown_cell("Filled in later.", metadata={"tags": [TAG]})
    notebook = new_notebook(cells=[new_markdown_cell("# Title"), waiting, new_code_cell("1")])
    told = take_away(nbformat.from_dict(notebook), [WORDS, WORDS, WORDS], result())
    assert [cell.source for cell in told.cells[::2]] == ["# Title", "1"]
    assert told.cells[1].source.count("- It gains: 0.050 (0.010 to 0.090; n = 1,096).") == 3
    assert ":class: take-away" in told.cells[1].source
    assert "In brackets: 95 % intervals" in told.cells[1].source
    assert take_away(nbformat.from_dict(notebook), (), result()).cells[1].source == "Filled in later."


def test_keys_are_found_in_their_order():
    assert keys_of("{a.b: x | y | z} and {c.d+e}") == ["a.b", "c.d+e"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("5: [a]", '"05"'),
        ("- a", "chapters are needed"),
        ('"05": ["{a.b}", "{a.b}"]', "3 sentences"),
        ('"05": ["{a.b}", "{a.b}", "nothing"]', "no result's key"),
        ('"05": ["{a.b}", "{a.b}", "{a b}"]', "'a b' is no result's key"),
        ('"05": ["{a.b}", "{a.b}", "{a.b: up | down}"]', "three wordings"),
        ('"05": ["{a.b}", "{a.b}", "{a.b} }"]', "brace"),
        ('"05": [a]\n"05": [b]', "twice"),
    ],
)
def test_what_cannot_be_filled_is_refused_with_its_place(tmp_path, text, fault):
    path = tmp_path / "take_away.yml"
    path.write_text(text)
    with pytest.raises(ValueError) as told:
        load_take_away(path)
    assert str(path) in str(told.value) and fault in str(told.value)
