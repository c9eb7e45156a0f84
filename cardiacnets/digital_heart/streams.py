"""Independent random streams: one per seed, cohort, participant and module.

Because a stream depends on nothing else, participant ``i`` is the same heart whether ten or a million are
simulated, in one process or in many; and a change in one module never moves the numbers another module draws.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from zlib import crc32

import numpy as np


def generator(seed: int, cohort: str, participant: int, module: str) -> np.random.Generator:
    """The counter-based (Philox) generator of one participant in one module."""
    entropy = np.random.SeedSequence([seed, crc32(cohort.encode()), participant, crc32(module.encode())])
    return np.random.Generator(np.random.Philox(entropy))


def identifier(*parts: object) -> str:
    """Twelve hexadecimal digits that carry no order: a keyed hash of ``parts``."""
    return hashlib.blake2b("/".join(map(str, parts)).encode(), digest_size=6).hexdigest()


class Draws:
    """Random columns for several participants, handed out in order from each participant's own stream.

    ``normal()`` and ``uniform()`` give the next column, float64 ``(n,)``; ``normal(k)`` the next ``k``, ``(n,
    k)``.
    """

    def __init__(self, seed: int, cohort: str, participants: Sequence[int], module: str, columns: int = 96):
        streams = [generator(seed, cohort, int(i), module) for i in participants]
        self._normals = np.stack([stream.standard_normal(columns) for stream in streams])
        self._uniforms = np.stack([stream.random(columns) for stream in streams])
        self._used = {"normal": 0, "uniform": 0}

    def _next(self, kind: str, table: np.ndarray, columns: int | None) -> np.ndarray:
        start, width = self._used[kind], columns or 1
        if start + width > table.shape[1]:
            raise ValueError(f"this stream holds {table.shape[1]} {kind} columns; open it with more")
        self._used[kind] = start + width
        return table[:, start] if columns is None else table[:, start : start + width]

    def normal(self, columns: int | None = None) -> np.ndarray:
        """The next standard normal column(s)."""
        return self._next("normal", self._normals, columns)

    def uniform(self, columns: int | None = None) -> np.ndarray:
        """The next column(s) uniform on [0, 1)."""
        return self._next("uniform", self._uniforms, columns)

    def happens(self, probability: np.ndarray | float) -> np.ndarray:
        """The next column as events of this probability, bool ``(n,)``."""
        return self.uniform() < probability

    def choice(self, options: Sequence[str], shares: Sequence[float]) -> np.ndarray:
        """The next column as one of ``options``, drawn in proportion to ``shares``."""
        edges = np.cumsum(np.asarray(shares, float) / np.sum(shares))
        return np.asarray(options)[
            np.minimum(np.searchsorted(edges, self.uniform(), side="right"), len(options) - 1)
        ]
