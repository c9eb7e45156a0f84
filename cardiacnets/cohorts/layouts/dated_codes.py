"""What every layout draws for its participants beyond the digital heart: days, and codes of other organs.

Every draw hangs on the participant's identifier alone, so that it does not depend on who else is there.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

OTHER_ORGANS = ("E11.9", "J45.9", "K21.9", "M54.5", "H26.9")
"""Codes that make no label of the study, and may come at any time."""


DAYS, CODES = range(2)
"""What is drawn, each from a stream of its own."""


def generator_of(participant_id: str, purpose: int) -> np.random.Generator:
    """The participant's own random numbers for :data:`DAYS` or :data:`CODES`."""
    return np.random.default_rng([int(participant_id, 16), purpose])


def circulatory_codes(icd10: str) -> list[str]:
    """The digital heart's codes of one participant: ``"I42.0;I50.9"`` to a list, empty for none."""
    return [code for code in icd10.split(";") if code]


def days(count: int) -> pd.Timedelta:
    """So many days."""
    return pd.Timedelta(days=int(count))
