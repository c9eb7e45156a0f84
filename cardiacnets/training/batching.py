"""Minibatches: which rows each step sees, and rows of memory-mapped arrays as tensors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


def minibatches(n: int, batch: int, generator: torch.Generator | None, drop_last: bool = True) -> Iterator[np.ndarray]:
    """Index batches (int64) over ``range(n)``, shuffled by ``generator``; in order if it is None.

    Raises ``ValueError`` if ``drop_last`` would leave nothing because the batch is larger than the cohort.
    """
    if drop_last and batch > n:
        raise ValueError(f"a batch of {batch} is larger than the {n} rows there are: lower the profile's batch")
    order = torch.arange(n) if generator is None else torch.randperm(n, generator=generator)
    for start in range(0, n - batch + 1 if drop_last else n, batch):
        yield order[start : start + batch].numpy()


@dataclass(frozen=True)
class ArrayBatches:
    """Batches of rows of arrays that lie side by side, such as ECGs and CMR features of the same participants.

    Called with an epoch and a generator, it yields tuples of tensors, one an array, shuffled anew each epoch. Arrays
    may be memory maps: only the rows of a batch are read. ``rows`` restricts to a split.
    """

    arrays: Sequence[np.ndarray]
    batch: int
    rows: np.ndarray | None = None
    drop_last: bool = True

    def __post_init__(self) -> None:
        lengths = {len(array) for array in self.arrays}
        if len(lengths) != 1:
            raise ValueError(f"the arrays must have equally many rows, found {sorted(lengths)}")

    @property
    def n(self) -> int:
        """Rows in play."""
        return len(self.arrays[0]) if self.rows is None else len(self.rows)

    @property
    def steps_per_epoch(self) -> int:
        """Batches in one epoch."""
        return self.n // self.batch if self.drop_last else -(-self.n // self.batch)

    def __call__(self, epoch: int, generator: torch.Generator | None) -> Iterator[tuple[Tensor, ...]]:
        for index in minibatches(self.n, self.batch, generator, self.drop_last):
            chosen = index if self.rows is None else self.rows[index]
            yield tuple(torch.from_numpy(np.ascontiguousarray(array[chosen])) for array in self.arrays)
