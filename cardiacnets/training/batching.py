"""Minibatches: which rows each step sees."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch


def minibatches(
    n: int, batch: int, generator: torch.Generator | None, drop_last: bool = True
) -> Iterator[np.ndarray]:
    """Index batches (int64) over ``range(n)``, shuffled by ``generator``; in order if it is None.

    Raises ``ValueError`` if ``drop_last`` would leave nothing because the batch is larger than the cohort.
    """
    if drop_last and batch > n:
        raise ValueError(f"a batch of {batch} is larger than the {n} rows there are: lower the stage's batch")
    order = torch.arange(n) if generator is None else torch.randperm(n, generator=generator)
    for start in range(0, n - batch + 1 if drop_last else n, batch):
        yield order[start : start + batch].numpy()
