"""What a network adds over its linear twin, in words that follow from the interval and from nothing else."""

from __future__ import annotations

import math

from cardiacnets.statistics import Estimate


def in_a_word(gain: Estimate) -> str:
    """``gain`` is the network's measure less that of its twin, higher is better: adds, worse, nothing seen
    (the interval holds 0), or not available.
    """
    low, high = gain.interval
    if not (math.isfinite(low) and math.isfinite(high)):
        return "not available"
    return "adds" if low > 0 else "worse" if high < 0 else "nothing seen"


def what_depth_adds(gain: Estimate, of: str = "participants", unit: str = "") -> str:
    """The same as the end of a sentence that begins with the network; ``of`` names what is counted, ``unit``
    that of the gain.

    An interval that holds 0 proves no equality, and the words say so: a difference of about the interval's
    half-width would go unseen.
    """
    low, high = gain.interval
    unseen = f"{(high - low) / 2:.2g} {unit}".strip()
    return {
        "adds": "adds to what its twin knows",
        "worse": "is worse than its twin",
        "not available": "cannot be compared with its twin in this run",
        "nothing seen": f"adds nothing that {gain.n} {of} can see (a difference below about {unseen} "
        "would be lost)",
    }[in_a_word(gain)]
