"""Alignment is interpreted only where the teacher was seen to know more than its student."""

import pytest

from cardiacnets.experiments.shared.teacher import teacher_knows
from cardiacnets.statistics import Estimate


@pytest.mark.parametrize(
    ("interval", "said"),
    [
        ((-0.2, -0.1), "knows more than its student"),
        ((-0.2, 0.0), "no more than its student that 300 participants could show: alignment cannot"),
        ((-0.2, 0.1), "alignment cannot be interpreted"),
        ((0.1, 0.2), "alignment cannot be interpreted"),
        ((float("nan"), 0.2), "cannot be compared with its student"),
    ],
)
def test_the_words_follow_from_the_interval(interval, said):
    assert said in teacher_knows(Estimate(sum(interval) / 2, interval, 300, "mean r"))
