"""Who is in a study, who is out and why: the participant flow, as a table and as a figure.

Each step takes some out for one stated reason, in order; what a reader counts twice can't happen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from cardiacnets.cohorts.manifest import Criterion


@dataclass(frozen=True)
class Flow:
    """``steps``: one row a reason, with ``participants`` and ``recordings`` left and ``..._out`` taken out;
    ``kept``: which recordings stay, boolean (R,)."""

    steps: pd.DataFrame
    kept: np.ndarray


def participant_flow(recordings: pd.DataFrame, exclusions: Sequence[tuple[str, np.ndarray]]) -> Flow:
    """Take recordings out step by step.

    Arguments:
        recordings: one row a recording, with ``participant_id``.
        exclusions: (reason, boolean (R,)) in the order in which they apply. A participant is out when the
            last of their recordings is.
    """
    people = recordings["participant_id"].to_numpy()
    kept = np.ones(len(recordings), dtype=bool)
    rows = [{"reason": "recorded", "recordings_out": 0, "participants_out": 0,
             "recordings": len(recordings), "participants": len(np.unique(people))}]  # fmt: skip
    for reason, out in exclusions:
        kept &= ~np.asarray(out, dtype=bool)
        left = int(kept.sum()), len(np.unique(people[kept]))
        before = rows[-1]
        rows.append({"reason": reason, "recordings_out": before["recordings"] - left[0],
                     "participants_out": before["participants"] - left[1],
                     "recordings": left[0], "participants": left[1]})  # fmt: skip
    return Flow(pd.DataFrame(rows), kept)


def excluded(recordings: pd.DataFrame, criterion: Criterion) -> np.ndarray:
    """Which recordings fail one criterion of a manifest, boolean (R,); an unknown value fails.

    Raises ``ValueError`` if there is no such column.
    """
    if criterion.column not in recordings:
        raise ValueError(
            f"inclusion: no column {criterion.column!r}; there are {', '.join(recordings.columns)}"
        )
    column = recordings[criterion.column]
    if criterion.values is not None:
        return ~column.isin([str(value) for value in criterion.values]).to_numpy()
    number = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)
    low = -np.inf if criterion.minimum is None else criterion.minimum
    high = np.inf if criterion.maximum is None else criterion.maximum
    return ~((number >= low) & (number <= high))  # NaN compares false: out


def draw_flow(flow: Flow, title: str = "", threshold: int = 0) -> Figure:
    """Draw the flow from top to bottom: those left in the middle, those taken out to the right.

    ``threshold``: smaller counts other than 0 are written as "fewer than", as a restricted cohort asks.
    """
    steps = flow.steps[(flow.steps.index == 0) | (flow.steps["recordings_out"] > 0)]
    figure = Figure(figsize=(7, 1.1 * len(steps) + 0.6), layout="constrained")
    axes = figure.subplots()
    axes.set(xlim=(0, 10), ylim=(-len(steps) + 0.4, 0.6), title=title)
    axes.axis("off")
    arrow = {"arrowstyle": "-|>", "color": "0.4"}
    box = {"boxstyle": "round,pad=0.45", "facecolor": "white", "edgecolor": "0.4"}
    for place, (_, step) in enumerate(steps.iterrows()):
        if place:
            axes.annotate("", (2.6, -place + 0.3), (2.6, -place + 0.75), arrowprops=arrow)
            axes.annotate("", (5.2, -place + 0.5), (2.6, -place + 0.5), arrowprops=arrow)
            out = _counts(step["participants_out"], step["recordings_out"], threshold)
            axes.text(5.3, -place + 0.5, f"{step['reason']}\n{out} out", va="center", fontsize=9)
        head = "recorded\n" if place == 0 else ""
        left = _counts(step["participants"], step["recordings"], threshold)
        axes.text(2.6, -place, f"{head}{left}", ha="center", va="center", fontsize=9, color="black", bbox=box)
    return figure


def _counts(participants: int, recordings: int, threshold: int) -> str:
    def shown(count: int) -> str:
        return f"fewer than {threshold}" if 0 < count < threshold else f"{count:,}"

    if participants == recordings:
        return f"{shown(participants)} participants"
    return f"{shown(participants)} participants, {shown(recordings)} recordings"
