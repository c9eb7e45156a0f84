"""What chapter 90 says of alignment beside the ECG's own components follows from the intervals."""

import pytest

from cardiacnets.experiments.in_100_lines.over_own import over_own, was_worth_it
from cardiacnets.statistics import Estimate


def gain(low: float, high: float) -> Estimate:
    return Estimate((low + high) / 2, (low, high), 360, "bootstrap")


UP, DOWN, OPEN, NONE = gain(0.02, 0.08), gain(-0.1, -0.02), gain(-0.01, 0.03), gain(float("nan"), 0.1)


@pytest.mark.parametrize(
    ("gains", "said", "worth"),
    [
        ({50: UP, 840: OPEN}, "with 50 labels it reads more than they do: +0.05 (+0.02 to +0.08); with 840 "
         "labels it shows no difference that 360 test hearts can see",
         "with few labels it paid, with all it is undecided"),
        ({50: OPEN, 840: DOWN}, "with 840 labels it reads less than they do: −0.06 (−0.10 to −0.02)",
         "with few labels it is undecided, with all not aligning was better"),
        ({50: DOWN, 840: DOWN}, "with 50 labels it reads less",
         "not aligning was better, with few labels and with all"),
        ({42: UP}, "with 42 labels it reads more", "it paid"),
        ({42: NONE}, "with 42 labels it cannot be judged in this run", "it cannot be judged"),
    ],
)  # fmt: skip
def test_the_words_follow_from_the_intervals(gains, said, worth):
    assert said in over_own(gains)
    assert was_worth_it(gains) == worth
