"""What a network adds over its linear twin, in words that follow from the interval and from nothing else."""

from __future__ import annotations

import math

from cardiacnets.statistics import Estimate


def what_depth_adds(gain: Estimate, of: str = "participants") -> str:
    """The end of a sentence that begins with the network: ``gain`` is its measure less that of its twin,
    higher is better; ``of`` names what is counted.

    An interval that holds 0 is no proof of equality, and the words say so: what this n could have seen is
    about as large as the interval's half-width.
    """
    low, high = gain.interval
    if not (math.isfinite(low) and math.isfinite(high)):
        return "cannot be compared with its twin in this run"
    if low > 0:
        return "adds to what its twin knows"
    if high < 0:
        return "is worse than its twin"
    reach = f"{(high - low) / 2:.3f}".replace("0.", ".", 1)
    return f"adds nothing that {gain.n} {of} can see (a difference below {reach} either way would be lost)"
