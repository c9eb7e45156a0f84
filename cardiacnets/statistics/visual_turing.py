"""The visual Turing test: can readers tell real films from generated ones?

Readings as a reader kit brings them back: one row a ``reader``, ``case`` and film, whose ``generated`` is 1
or 0, with a ``rating`` (more: generated) and a ``decision`` (1: generated). Each reader sees the real and
the generated film of every case once.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from cardiacnets.statistics.discrimination import auc_interval
from cardiacnets.statistics.estimate import Estimate
from cardiacnets.statistics.proportions import wilson_interval
from cardiacnets.statistics.resampling import bootstrap_weights

CHANCE = 0.5
COLUMNS = ("reader", "case", "generated", "rating", "decision")


def told_apart(readings: pd.DataFrame, resamples: int = 2000, seed: int = 0) -> Estimate:
    """Share of right decisions, all readers together; :data:`CHANCE` is what guessing gives.

    Readers and cases are both resampled (the pigeonhole bootstrap: Owen, Annals of Applied Statistics
    2007;1:386): the interval speaks of other readers and other films, not of these readings. ``n`` counts
    cases. Raises ``ValueError`` for a missing column, one reader, or a reader without some film.
    """
    right = _right(readings)  # (readers, cases)
    rng = np.random.default_rng(seed)
    readers, cases = (bootstrap_weights(count, resamples, rng) for count in right.shape)
    drawn = ((readers @ right) * cases).sum(axis=1) / (readers.sum(axis=1) * cases.sum(axis=1))
    low, high = np.quantile(drawn, [0.025, 0.975])
    method = f"readers and cases resampled, {right.shape[0]} readers"
    return Estimate(float(right.mean()), (float(low), float(high)), right.shape[1], method)


def each_reader(readings: pd.DataFrame) -> pd.DataFrame:
    """One row a reader: ``right`` (share, Wilson interval ``low``, ``high``), ``generated_called_so``,
    ``real_called_so``, the area ``auc`` of the ratings, and ``n`` films. Raises as :func:`told_apart`.
    """
    _right(readings)
    rows = []
    for reader, films in readings.groupby("reader"):
        truth, said = films["generated"].to_numpy(int), films["decision"].to_numpy(int)
        found = wilson_interval(int((truth == said).sum()), len(films))
        rows.append({
            "reader": reader, "right": found.estimate, "low": found.interval[0], "high": found.interval[1],
            "generated_called_so": said[truth == 1].mean(), "real_called_so": 1 - said[truth == 0].mean(),
            "auc": auc_interval(truth, films["rating"].to_numpy(float)).estimate, "n": len(films),
        })  # fmt: skip
    return pd.DataFrame(rows)


def said_of(found: Estimate) -> str:
    """What :func:`told_apart` found, in words that follow from its interval."""
    low, high = found.interval
    if low > CHANCE:
        return "readers tell generated films from real ones"
    if high < CHANCE:
        return "readers take generated films for the real ones"
    return f"{found.n} cases do not show that readers can tell them apart, nor that they cannot"


def _right(readings: pd.DataFrame) -> np.ndarray:
    """Share of a case's two films that a reader named rightly, (readers, cases)."""
    absent = [name for name in COLUMNS if name not in readings]
    if absent:
        raise ValueError(f"column {absent[0]!r} is missing; readings of films have {', '.join(COLUMNS)}")
    films = readings.assign(right=readings["generated"] == readings["decision"])
    wide = films.pivot_table(index="reader", columns=["case", "generated"], values="right", aggfunc=list)
    if len(wide) < 2:
        raise ValueError(f"one reader only ({readings['reader'].iloc[0]}): at least two are needed")
    shown = wide.map(lambda given: len(given) if isinstance(given, list) else 0)
    if (shown != 1).any(axis=None) or wide.shape[1] != 2 * readings["case"].nunique():
        raise ValueError("every reader has to name the real and the generated film of every case, once each")
    matrix = wide.map(lambda given: float(given[0])).to_numpy()
    return matrix.reshape(len(wide), -1, 2).mean(axis=2)  # a case's films stand side by side
