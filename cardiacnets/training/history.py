"""What a training stage leaves to look at: losses by epoch."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class History:
    """What happened, epoch by epoch.

    A row has ``epoch`` (from 1; 0 is the start, validation only), the mean losses, ``learning_rate``,
    ``validation`` and ``seconds``. ``best_epoch`` is the one whose weights the model ended with.
    """

    epochs: tuple[dict[str, float], ...]
    best_epoch: int

    def table(self) -> pd.DataFrame:
        """The rows as a table, for plotting."""
        return pd.DataFrame(self.epochs).set_index("epoch")
