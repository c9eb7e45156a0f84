"""From the readers' files back to the run: codes become recordings, films get their origin, readings their
truth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from cardiacnets.experiments.reader_study.reader_kit.folder import pictures_of
from cardiacnets.experiments.reader_study.readers import MODALITIES, Displays
from cardiacnets.run import Run
from cardiacnets.statistics import read_key, read_ratings

GENERATED = MODALITIES[1]


def read_origins(
    run: Run, displays: Displays, ratings: str | Path | Sequence[str | Path], key: str | Path
) -> pd.DataFrame:
    """Answers of people to a kit that asks ``origin``, ready for
    :func:`~cardiacnets.statistics.visual_turing.told_apart`: one row a reading, ``generated`` its truth.

    Arguments and errors as :func:`read_answers`; the key of another question is refused.
    """
    table = _read(run.name, partial(pictures_of, run), displays, ratings, key, "origin")
    return table.assign(generated=(table["modality"] == GENERATED).astype(int))


def read_answers(
    run: Run, displays: Displays, ratings: str | Path | Sequence[str | Path], key: str | Path = ""
) -> pd.DataFrame:
    """Ratings of people who read the cases of ``run``, one row a reading, ready for chapter 07.

    Arguments:
        displays: the run's cases, see :func:`~cardiacnets.experiments.reader_study.readers.reader_displays`.
        ratings: one CSV, several, a folder or a pattern; see :func:`~cardiacnets.statistics.read_ratings`.
        key: of the kit they were read with; not needed for a file that names recordings and modalities
        itself.

    Raises ``ValueError`` naming file, row and column of what does not fit, and for a key of other pictures
    or of another question.
    """
    return _read(run.name, partial(pictures_of, run), displays, ratings, key, "cardiomyopathy")


def _read(
    name: str, pictures: Callable[[], str], displays: Displays, ratings: str | Path | Sequence[str | Path],
    key: str | Path, ask: str,
) -> pd.DataFrame:  # fmt: skip
    """``name``: of the run, and ``pictures``: the fingerprint of what it shows, asked for where the key has
    one.
    """
    truth = pd.Series(displays.truth, displays.cases)
    if not key:
        return read_ratings(ratings, truth=truth)
    keys = read_key(key)
    asked = keys["ask"].iloc[0] if "ask" in keys else "cardiomyopathy"
    if asked != ask:
        raise ValueError(
            f"{key}: the key of a kit that asks about {asked}, not about {ask}: give it as "
            f"{'origins_key' if asked == 'origin' else 'key'}, with its answers"
        )
    other = f"{key}: this key belongs to other pictures than those of run {name!r}"
    if "pictures" in keys and set(keys["pictures"]) != {pictures()}:
        raise ValueError(
            f"{other} (made again since, or another run): analyse the answers with the run they came from"
        )
    if not (truth.reindex(keys["recording_id"]).to_numpy() == keys["truth"].to_numpy()).all():
        raise ValueError(f"{other}: a recording is unknown there or has another diagnosis")
    return read_ratings(ratings, key=keys)
