"""From the readers' files back to the run: codes become recordings, films get their origin, readings their
truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from cardiacnets.experiments.reader_study.reader_kit.folder import pictures_of
from cardiacnets.experiments.reader_study.readers import Displays
from cardiacnets.run import Run
from cardiacnets.statistics import read_key, read_ratings


def read_answers(
    run: Run, displays: Displays, ratings: str | Path | Sequence[str | Path], key: str | Path = ""
) -> pd.DataFrame:
    """Ratings of people who read the cases of ``run``, one row a reading, ready for chapter 07.

    Arguments:
        displays: the run's cases, see :func:`~cardiacnets.experiments.reader_study.readers.reader_displays`.
        ratings: one CSV, several, a folder or a pattern; see :func:`~cardiacnets.statistics.read_ratings`.
        key: of the kit they were read with; not needed for a file that names recordings and modalities
        itself.

    Raises ``ValueError`` naming file, row and column of what does not fit, and for a key of other pictures.
    """
    truth = pd.Series(displays.truth, displays.cases)
    if not key:
        return read_ratings(ratings, truth=truth)
    keys = read_key(key)
    other = f"{key}: this key belongs to other pictures than those of run {run.name!r}"
    if "pictures" in keys and set(keys["pictures"]) != {pictures_of(run)}:
        raise ValueError(
            f"{other} (made again since, or another run): analyse the answers with the run they came from"
        )
    if not (truth.reindex(keys["recording_id"]).to_numpy() == keys["truth"].to_numpy()).all():
        raise ValueError(f"{other}: a recording is unknown there or has another diagnosis")
    return read_ratings(ratings, key=keys)
