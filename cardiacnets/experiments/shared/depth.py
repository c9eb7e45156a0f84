"""What a network adds over its linear twin, in words that follow from the interval and from nothing else."""

from __future__ import annotations

from cardiacnets.statistics import Estimate, in_words
from cardiacnets.statistics.in_words import side_of_zero
from cardiacnets.statistics.trainings import ONE_TRAINING


def in_a_word(gain: Estimate) -> str:
    """``gain`` is the network's measure less that of its twin, higher is better: adds, worse, nothing seen
    (the interval holds 0), or not available; of a network that was trained once, the word says so.
    """
    word = {1: "adds", -1: "worse", 0: "nothing seen", None: "not available"}[side_of_zero(gain)]
    return word + " (one training)" * (word in ("adds", "worse") and ONE_TRAINING in gain.method)


def what_depth_adds(gain: Estimate, of: str = "participants") -> str:
    """The same as the end of a sentence that begins with the network; ``of`` as
    :func:`cardiacnets.statistics.in_words` has it.
    """
    return in_words(
        gain, "adds to what its twin knows", "is worse than its twin", "adds nothing", of=of,
        unknown="cannot be compared with its twin in this run",
    )  # fmt: skip
