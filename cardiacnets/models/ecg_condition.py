"""What a video U-Net is told about an ECG: the tokens of a frozen encoder, or a learned "no ECG".

``tokens (B, N, D)``, ordered by lead, then time.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

SMALLEST_SPREAD = 0.1
"""Features that hardly vary are not blown up: no spread counts less than this share of the mean spread."""


class EcgCondition(nn.Module):
    """Encoder tokens (B, N, D) as a context of the same shape to attend to.

    ``standardised`` (corrected): what all people share is taken out of each token and what tells them apart
    brought to unit spread, both measured once on training data (:meth:`measure`); a learned position then
    says which lead and time a token stands for. ``raw`` (as published): tokens as they are. "No ECG" is a
    learned token in place of every token, so that sampling without the ECG is well defined.
    """

    def __init__(self, count: int, width: int, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.null = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.project = nn.Linear(width, width)
        self.position = nn.Parameter(torch.randn(1, count, width) * 0.02) if kind == "standardised" else None
        self.register_buffer("mean", torch.zeros(count, width))
        self.register_buffer("spread", torch.ones(count, width))

    def forward(self, tokens: Tensor, hidden: Tensor | None = None) -> Tensor:
        """Context (B, N, D) of ``tokens``; rows where ``hidden`` (B,) is true get "no ECG" instead.

        Raises ``ValueError`` if the tokens' number or width is another.
        """
        if tokens.shape[1:] != self.mean.shape:
            expected = ", ".join(map(str, self.mean.shape))
            raise ValueError(f"tokens must be (B, {expected}), found {tuple(tokens.shape)}")
        context = self.project((tokens - self.mean) / self.spread)
        if self.position is not None:
            context = context + self.position
        return context if hidden is None else torch.where(hidden[:, None, None], self.null, context)

    def absent(self, batch: int) -> Tensor:
        """The context (B, N, D) of "no ECG"."""
        return self.null.expand(batch, *self.mean.shape)

    @torch.no_grad()
    def measure(self, tokens: Tensor) -> None:
        """Take mean and spread of each feature of each token from training ``tokens`` (n, N, D).

        Nothing happens for ``raw``.
        """
        if self.kind == "standardised":
            spread = tokens.std(0)
            self.mean.copy_(tokens.mean(0))
            self.spread.copy_(spread.clamp(min=SMALLEST_SPREAD * float(spread.mean()) + 1e-6))
