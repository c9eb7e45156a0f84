"""What is said of a network beside its twin follows from the interval, never from the estimate."""

import re

import numpy as np
import pytest

from cardiacnets.experiments.shared.depth import in_a_word, what_depth_adds
from cardiacnets.statistics import Estimate


@pytest.mark.parametrize(
    ("interval", "word", "words"),
    [
        ((0.01, 0.09), "adds", "adds to what its twin knows"),
        ((-0.09, -0.01), "worse", "is worse than its twin"),
        (
            (-0.01, 0.09),
            "nothing seen",
            r"adds nothing that 66 ECGs can see \(.* 0\.071 would be lost by .*\)",
        ),
        ((0.0, 0.09), "nothing seen", "adds nothing"),
        ((np.nan, np.nan), "not available", "cannot be compared"),
    ],
)
@pytest.mark.parametrize("estimate", [-0.5, 0.04])
def test_words_follow_from_the_interval(estimate, interval, word, words):
    found = Estimate(estimate, interval, 66, "bootstrap")
    assert in_a_word(found) == word
    with_words = what_depth_adds(found, of="ECGs")
    assert re.match(words, with_words)
