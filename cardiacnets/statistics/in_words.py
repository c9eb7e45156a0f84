"""What a difference says, in words that follow from its interval and from nothing else."""

from __future__ import annotations

import math

from cardiacnets.statistics.estimate import Estimate


def in_words(
    difference: Estimate, above: str, below: str, nothing: str = "makes no difference", *,
    of: str = "participants", unit: str = "",
) -> str:  # fmt: skip
    """``above`` or ``below`` where the interval lies on that side of 0, else ``nothing`` that can be seen.

    The words end a sentence that begins with what was changed ("the movie ..."); ``of`` names what ``n``
    counts, ``unit`` is the difference's. An interval that holds 0 proves no equality, and the words say so: a
    difference of about its half-width would go unseen. Without a finite interval nothing is said.
    """
    low, high = difference.interval
    if not (math.isfinite(low) and math.isfinite(high)):
        return "cannot be judged in this run"
    if low > 0 or high < 0:
        return above if low > 0 else below
    counted = "this run" if difference.n is None else f"{difference.n} {of}"
    unseen = f"{(high - low) / 2:.2g} {unit}".strip()
    return f"{nothing} that {counted} can see (one below about {unseen} would be lost)"
