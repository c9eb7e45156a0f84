"""Rows of all processes side by side, so that a contrastive loss sees the negatives of the whole batch."""

from __future__ import annotations

import torch
import torch.distributed as distributed
from torch import Tensor, cat
from torch.distributed.nn.functional import all_gather


def gather_rows(rows: Tensor) -> Tensor:
    """``rows`` (n, d) of every process, concatenated: (processes * n, d); unchanged by a single process.

    Gradients flow back to the process a row came from: each process computes the whole loss, and averaging
    the gradients over processes (as DDP does) gives the one-process gradient. Without gradients nothing is
    gathered: in validation each process holds all rows already.
    """
    alone = not (distributed.is_available() and distributed.is_initialized())
    if alone or not torch.is_grad_enabled():
        return rows
    return cat(all_gather(rows.contiguous()))
