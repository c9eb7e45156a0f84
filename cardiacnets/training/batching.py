"""Minibatches: which rows each step sees, and having the next batch ready when the model is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

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


def ahead(batches: Iterable[Any]) -> Iterator[Any]:
    """The same batches in the same order, each drawn in a thread while the one before is in use.

    Reading and decoding thus cost no time as long as they are faster than the model. What ``batches`` raises
    is raised here, at the batch it happened in.
    """
    iterator, end = iter(batches), object()
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, iterator, end)
        while (batch := coming.result()) is not end:
            coming = thread.submit(next, iterator, end)
            yield batch
