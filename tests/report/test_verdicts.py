"""Verdicts over all intervals: nothing is decided that an interval leaves open, nothing prefers a side."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cardiacnets.report.results import make_result
from cardiacnets.report.verdicts import (
    AGREES,
    DISAGREES,
    NOT_RECORDED,
    UNDECIDED,
    Verdict,
    judge_equality,
    judge_not_worse,
    judge_order,
    weakest,
)
from cardiacnets.statistics import Estimate
from cardiacnets.statistics.estimate import ORDERED

KEY = "ukb.cm.auc.aligned-ecg"
ends = st.floats(-1, 1, allow_subnormal=False)
intervals = st.tuples(ends, ends).map(lambda pair: tuple(sorted(pair)))
sizes = st.floats(0.001, 1)


def recorded(interval, level=0.95, n=10, **more):
    low, high = interval
    return make_result(KEY, Estimate((low + high) / 2, interval, n, "by hand", level=level), **more)


@given(intervals, sizes | st.none())
def test_a_direction_is_decided_by_an_interval_that_excludes_zero_and_by_no_other(interval, size):
    low, high = interval
    word = judge_order(recorded(interval), size=size).word
    assert (word == AGREES) == (low > 0)
    assert (word == DISAGREES) == (high < 0)
    assert (word == UNDECIDED) == (low <= 0 <= high)


@given(intervals, sizes | st.none())
def test_order_has_no_favourite_side(interval, size):
    mirrored = (-interval[1], -interval[0])
    here, there = judge_order(recorded(interval), 1, size), judge_order(recorded(mirrored), -1, size)
    assert (here.word, here.detail) == (there.word, there.detail)
    assert bool(here.excluded) == bool(there.excluded)
    swapped = {AGREES: DISAGREES, DISAGREES: AGREES, UNDECIDED: UNDECIDED}
    assert judge_order(recorded(mirrored)).word == swapped[here.word]


@given(intervals, sizes)
def test_a_published_size_is_excluded_by_an_interval_without_it_whatever_the_word(interval, size):
    low, high = interval
    excluded = judge_order(recorded(interval), size=size).excluded
    assert bool(excluded) == (not low <= size <= high)
    assert excluded.endswith("less here") == (high < size) and excluded.endswith("more here") == (low > size)


@given(intervals, ends, sizes)
def test_intervals_that_share_a_value_never_decide_for_opposite_sides(interval, shift, size):
    low, high = interval
    other = (low + shift, high + shift)
    words = {judge_order(recorded(each), size=size).word for each in (interval, other)}
    if max(low, other[0]) <= min(high, other[1]):
        assert words != {AGREES, DISAGREES}


@given(intervals, sizes)
def test_equality_is_symmetric_and_decided_only_by_an_interval_on_one_side_of_the_margin(interval, margin):
    low, high = interval
    found = judge_equality(recorded(interval, 0.9), margin)
    assert found == judge_equality(recorded((-high, -low), 0.9), margin)
    assert (found.word == AGREES) == (-margin < low and high < margin)
    assert (found.word == DISAGREES) == (low >= margin or high <= -margin)


@given(intervals, sizes)
def test_as_good_is_undecided_while_the_interval_reaches_from_worse_to_better(interval, margin):
    low, high = interval
    word = judge_not_worse(recorded(interval, 0.9), margin).word
    if low <= -margin and high >= 0:
        assert word == UNDECIDED
    assert (word == DISAGREES) == (high < 0)


def test_an_undecided_verdict_says_what_its_n_could_have_shown_in_its_unit():
    assert judge_order(recorded((-0.07, 0.098), n=191)) == Verdict(
        UNDECIDED, "n = 191 could have shown a difference of about 0.120"
    )
    tasks = judge_order(recorded((-20.0, 30.0), n=4, of="tasks", unit="%"), size=80)
    assert tasks.detail == "4 tasks could have shown a difference of about 35.7 %"
    assert tasks.excluded == "published size 80 % excluded: less here"
    assert (
        judge_order(recorded((0.01, 0.03)), size=0.151).excluded == "published size 0.151 excluded: less here"
    )
    assert (
        judge_order(recorded((-0.3, -0.2)), -1, 0.1).excluded == "published size −0.100 excluded: more here"
    )
    assert judge_order(recorded((0.01, 0.03))) == Verdict(AGREES)


def test_a_median_between_order_statistics_could_have_shown_nothing_that_we_know():
    found = Estimate(90.0, (-100.0, 97.0), 9, f"median over tasks, {ORDERED}")
    assert judge_order(make_result(KEY, found, of="tasks", unit="%")) == Verdict(UNDECIDED)


@pytest.mark.parametrize("missing", [None, make_result(KEY, 0.1), make_result(KEY, float("nan"))])
def test_without_a_record_or_an_interval_nothing_is_said(missing):
    judged = judge_order(missing, size=0.1), judge_equality(missing, 0.03), judge_not_worse(missing, 0.03)
    assert set(judged) == {Verdict(NOT_RECORDED)}


def test_several_are_as_strong_as_the_weakest():
    words = [AGREES, UNDECIDED, DISAGREES, NOT_RECORDED]
    for last, word in enumerate(words):
        assert weakest([Verdict(each) for each in words[: last + 1]]).word == word


def test_what_cannot_be_asked_is_refused():
    found = recorded((0.1, 0.2))
    with pytest.raises(ValueError, match="1 or -1, not 0"):
        judge_order(found, 0)
    with pytest.raises(ValueError, match="above 0, in the published direction, not at -0.1"):
        judge_order(found, size=-0.1)
    for judge in (judge_equality, judge_not_worse):
        with pytest.raises(ValueError, match="judged by the 90% interval"):
            judge(found, 0.03)
        with pytest.raises(ValueError, match="margin lies above 0"):
            judge(recorded((0.1, 0.2), 0.9), 0)
