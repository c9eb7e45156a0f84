"""The words follow from the interval, never from the estimate."""

import numpy as np
import pytest

from cardiacnets.statistics import Estimate, in_words
from cardiacnets.statistics.in_words import OFTEN_LOST, side_of_zero
from cardiacnets.statistics.trainings import trained_once

ABOVE, BELOW = "raises the AUC", "lowers the AUC"
UNSEEN = f"makes no difference that 66 cases can see (a difference below about 0.071 {OFTEN_LOST})"


@pytest.mark.parametrize("estimate", [-0.5, 0.0, 0.5])
@pytest.mark.parametrize(
    ("interval", "words"),
    [
        ((0.01, 0.09), ABOVE),
        ((-0.09, -0.01), BELOW),
        ((-0.02, 0.08), UNSEEN),
        ((0.0, 0.1), UNSEEN),
        ((-0.1, 0.0), UNSEEN),
        ((np.nan, np.nan), "cannot be judged in this run"),
        ((0.01, np.inf), "cannot be judged in this run"),
    ],
)
def test_words_follow_from_the_interval(estimate, interval, words):
    assert in_words(Estimate(estimate, interval, 66, "bootstrap"), ABOVE, BELOW, of="cases") == words


def test_turned_round_the_words_turn_round():
    found = Estimate(0.05, (0.01, 0.09), 66, "bootstrap")
    assert in_words(found, ABOVE, BELOW) == ABOVE and in_words(found.times(-1), ABOVE, BELOW) == BELOW


def test_what_could_go_unseen_has_its_unit_and_its_count():
    found = Estimate(1.0, (-4.0, 6.0), None, "bootstrap")
    assert in_words(found, ABOVE, BELOW, unit="ml") == (
        f"makes no difference that this run can see (a difference below about 7.1 ml {OFTEN_LOST})"
    )
    assert "that 9 participants can see" in in_words(Estimate(1.0, (-4.0, 6.0), 9, ""), ABOVE, BELOW)
    found = Estimate(1.0, (-4.0, 6.0), 9, "")
    assert in_words(found, ABOVE, BELOW, "adds nothing").startswith(
        "adds nothing that 9 participants can see"
    )


@pytest.mark.parametrize(
    ("interval", "side"),
    [((0.1, 0.2), 1), ((-0.2, -0.1), -1), ((-0.1, 0.1), 0), ((0.0, 0.1), 0), ((np.nan, 0.1), None)],
)
def test_the_side_of_zero_is_that_of_the_whole_interval(interval, side):
    assert side_of_zero(Estimate(0.0, interval, 9, "")) == side


def test_what_cannot_be_judged_and_what_is_lost_have_their_words():
    assert in_words(Estimate(0, (np.nan, 1), 9, ""), ABOVE, BELOW, unknown="is not there") == "is not there"
    found = in_words(Estimate(0, (-0.1, 0.1), 9, ""), ABOVE, BELOW, "adds nothing", lost="a gain")
    assert found == (
        f"adds nothing that 9 participants can see (a gain below about 0.14 {OFTEN_LOST})"
    )


def test_a_direction_of_one_training_is_said_to_be_that_training_s():
    once = " (in its one training: another may differ)"
    for interval, words in (((0.01, 0.09), ABOVE), ((-0.09, -0.01), BELOW)):
        found = trained_once(Estimate(0.0, interval, 66, "bootstrap"))
        assert in_words(found, ABOVE, BELOW) == words + once
    undecided = Estimate(0.0, (-0.1, 0.1), 66, "bootstrap")
    assert in_words(trained_once(undecided), ABOVE, BELOW) == in_words(undecided, ABOVE, BELOW)
