"""What alignment is worth beside not aligning, the ECG's own components, with few labels and with all."""

from __future__ import annotations

import math
from collections.abc import Mapping

from cardiacnets.statistics import Estimate
from cardiacnets.statistics.in_words import in_words, side_of_zero

VERDICTS = {1: "it paid", -1: "not aligning was better", 0: "it is undecided", None: "it cannot be judged"}
"""Of aligning, by the side of zero on which the gain over the ECG's own components lies."""


def over_own(gains: Mapping[int, Estimate]) -> str:
    """The end of a sentence that begins with the embedding; ``gains``: its mean r less that of the ECG's own
    components, paired on the same test hearts, by number of labels, fewest first.
    """
    return "; ".join(f"with {labels} labels it {_said(gain)}" for labels, gain in gains.items())


def was_worth_it(gains: Mapping[int, Estimate]) -> str:
    """In a word whether to align, by the labels that there are: of :func:`over_own`'s ``gains``."""
    said = [VERDICTS[side_of_zero(gain)] for gain in gains.values()]
    if len(set(said)) == 1:
        return f"{said[0]}, with few labels and with all" if len(said) > 1 else said[0]
    return f"with few labels {said[0]}, with all {said[-1]}"


def _said(gain: Estimate) -> str:
    words = in_words(gain, "reads more than they do", "reads less than they do", "shows no difference",
                     of="test hearts")  # fmt: skip
    if side_of_zero(gain) is None or not math.isfinite(gain.estimate):
        return words
    low, high = gain.interval
    return f"{words}: {gain.estimate:+.2f} ({low:+.2f} to {high:+.2f})".replace("-", "−")
