"""Downstream tasks: one linear head on an encoder, and the three losses.

Missing labels are NaN (or -1 for classes) and are left out.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cardiacnets.models.cine_contrast import CineContrast
from cardiacnets.models.cmr_autoencoder import VIEWS, CmrAutoencoder


class Downstream(nn.Module):
    """An encoder with a linear head: 1 output for screening, 3 for the subtypes, 82 for the indices.

    ``encoder``: maps its inputs to embeddings (B, ``encoder.width``), such as ``EcgEncoder`` or
    ``CmrEmbedding``. An encoder modulated by covariates hands them to the head too: modulation alone starts
    as the identity and would have to discover them.
    """

    def __init__(self, encoder: nn.Module, outputs: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.covariates = getattr(encoder, "covariates", 0)
        self.head = nn.Linear(encoder.width + self.covariates, outputs)
        nn.init.zeros_(self.head.bias)

    def forward(self, *inputs: Tensor | None) -> Tensor:
        """Outputs (B, outputs) of what the encoder takes: (ecg, covariates) or (sax, lax)."""
        features = self.dropout(self.encoder(*inputs))
        if self.covariates:
            features = torch.cat([features, inputs[1]], dim=1)  # (B, D + c)
        return self.head(features)

    def start_from_probe(self, weight: Tensor, bias: Tensor) -> None:
        """Set the head to a linear probe of the embeddings: ``weight`` (outputs, D [+ c]), ``bias``.

        A random head would spend the first steps of fine-tuning undoing what the encoder knows.
        """
        with torch.no_grad():
            self.head.weight.copy_(torch.as_tensor(weight).view_as(self.head.weight))
            self.head.bias.copy_(torch.as_tensor(bias).view_as(self.head.bias))


class CmrEmbedding(nn.Module):
    """Both towers of a CMR encoder as one encoder: what each makes of its view, side by side."""

    def __init__(self, encoder: CmrAutoencoder | CineContrast) -> None:
        super().__init__()
        self.encoders = nn.ModuleDict({view: encoder.embedder(view) for view in VIEWS})
        self.width = sum(each.width for each in self.encoders.values())

    def forward(self, sax: Tensor, lax: Tensor) -> Tensor:
        """Embedding (B, ``width``) of ``sax`` and ``lax`` (B, T, H, W)."""
        return torch.cat([self.encoders["sax"](sax), self.encoders["lax"](lax)], dim=1)


def screening_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Binary cross-entropy of ``logits`` (B, 1) and ``labels`` (B,) in {0, 1, NaN}."""
    known = ~labels.isnan()
    chosen, truth = logits[:, 0][known], labels[known].to(logits.dtype)
    total = F.binary_cross_entropy_with_logits(chosen, truth, reduction="sum")
    return total / known.sum().clamp(min=1)


def subtype_loss(logits: Tensor, classes: Tensor) -> Tensor:
    """Cross-entropy of ``logits`` (B, classes) and ``classes`` (B,) int64, -1 where unknown."""
    total = F.cross_entropy(logits, classes, ignore_index=-1, reduction="sum")
    return total / (classes >= 0).sum().clamp(min=1)


def index_loss(predicted: Tensor, standardised: Tensor) -> Tensor:
    """Mean squared error of z-scored indices (B, 82), over the entries that are not NaN."""
    known = ~standardised.isnan()
    error = torch.where(known, predicted - standardised.nan_to_num(), 0.0)
    return error.square().sum() / known.sum().clamp(min=1)
