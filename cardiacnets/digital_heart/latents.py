"""The latent variables of a group of hearts, and the do-operator on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


class Latents(dict[str, np.ndarray]):
    """Named latent arrays, one row a participant; a name in ``fixed`` keeps its value whatever is assigned.

    ``fixed`` is Pearl's do-operator: the fixed cause is set, its own causes are cut, its consequences follow.
    """

    def __init__(self, count: int, fixed: Mapping[str, Any] | None = None):
        super().__init__()
        self.count = count
        self.fixed = dict(fixed or {})

    def __setitem__(self, name: str, value: np.ndarray | float) -> None:
        value = np.asarray(self.fixed.get(name, value))
        super().__setitem__(name, np.broadcast_to(value, (self.count,)).copy() if value.ndim == 0 else value)

    def __missing__(self, name: str) -> np.ndarray:
        raise KeyError(f"no latent '{name}'; there are {', '.join(sorted(self))}")

    def scale(self, name: str, where: np.ndarray, factor: np.ndarray | float) -> None:
        """Multiply ``name`` by ``factor`` in the participants ``where`` is true."""
        self[name] = self[name] * np.where(where, factor, 1.0)

    def shift(self, name: str, where: np.ndarray, amount: np.ndarray | float) -> None:
        """Add ``amount`` to ``name`` in the participants ``where`` is true."""
        self[name] = self[name] + np.where(where, amount, 0.0)

    def select(self, rows: np.ndarray | slice) -> Latents:
        """The same latents of fewer (or repeated) participants."""
        chosen = {name: value[rows] for name, value in self.items()}
        part = Latents(len(next(iter(chosen.values()))))
        for name, value in chosen.items():
            part[name] = value
        return part


def columns(values: np.ndarray) -> np.ndarray:
    """``(n, k)`` as it is; ``(n,)``, one value for all columns as a do-operation sets it, as ``(n, 1)``."""
    return values.reshape(len(values), -1)


def column(values: np.ndarray) -> np.ndarray:
    """``(n,)`` as ``(n, 1, 1)``, to meet grids of ``(n, levels or frames, angles)``."""
    return np.asarray(values)[:, None, None]
