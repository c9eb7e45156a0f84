"""The contrastive loss and what it should bring about: retrieval, alignment, uniformity.

Embeddings ``a (n, d)`` and ``b (n, d)``: row i of both comes from the same heart. All functions are pure.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def symmetric_info_nce(a: Tensor, b: Tensor, temperature: float) -> Tensor:
    """Symmetric InfoNCE: each row must find its partner among all rows of the other side, in both directions.

    With s_ij = cos(a_i, b_j) / temperature, the loss is the mean over i of
    -(log softmax_j s_ij [j = i] + log softmax_j s_ji [j = i]) / 2 (van den Oord 2018; Radford 2021).
    It is log n for embeddings that say nothing, and 0 at best.

    ``a``, ``b`` (n, d), not yet normalised; ``temperature`` > 0. Raises ``ValueError`` if the shapes differ.
    """
    if a.shape != b.shape or a.ndim != 2:
        raise ValueError(f"both sides must be (n, d) and alike, found {tuple(a.shape)} and {tuple(b.shape)}")
    similarity = F.normalize(a, dim=-1) @ F.normalize(b, dim=-1).T / temperature  # (n, n)
    partner = torch.arange(len(a), device=a.device)
    return (F.cross_entropy(similarity, partner) + F.cross_entropy(similarity.T, partner)) / 2


def info_nce_rows(a: Tensor, b: Tensor, temperature: float) -> Tensor:
    """Each row's own loss (n,), whose mean is :func:`symmetric_info_nce` of ``a`` and ``b`` (n, d)."""
    similarity = F.normalize(a, dim=-1) @ F.normalize(b, dim=-1).T / temperature  # (n, n)
    found = similarity.log_softmax(1).diagonal() + similarity.log_softmax(0).diagonal()
    return -found / 2


def retrieval_ranks(queries: Tensor, gallery: Tensor) -> Tensor:
    """The rank (n,), 1 is best, at which each query (n, d) finds its own row of the gallery (n, d) by cosine.

    Ties count half. Chance has mean rank (n + 1) / 2.
    """
    similarity = F.normalize(queries, dim=-1) @ F.normalize(gallery, dim=-1).T  # (n, n)
    own = similarity.diagonal()[:, None]
    better, tied = (similarity > own).sum(1), (similarity == own).sum(1) - 1
    return 1 + better + tied / 2


def alignment_and_uniformity(a: Tensor, b: Tensor) -> dict[str, float]:
    """How near partners lie and how evenly all spread over the sphere (Wang & Isola 2020); lower is better.

    alignment = mean |a_i - b_i|^2; uniformity = log mean_{i<j} exp(-2 |x_i - x_j|^2), of each side.
    """
    a, b = F.normalize(a, dim=-1), F.normalize(b, dim=-1)
    uniformity = (float(torch.pdist(side).square().mul(-2).exp().mean().log()) for side in (a, b))
    alignment = float((a - b).square().sum(1).mean())
    return {"alignment": alignment, **dict(zip(("uniformity_a", "uniformity_b"), uniformity, strict=True))}
