"""Who is in a study, who is out and why: the participant flow, as a table and as a figure.

Each step takes some out for one stated reason, in order; what a reader counts twice can't happen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from cardiacnets.cohorts.cells import one_key
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
        wanted = one_key(pd.Series([str(value) for value in criterion.values]))
        return ~one_key(column).isin(wanted).to_numpy()
    number = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float)
    low = -np.inf if criterion.minimum is None else criterion.minimum
    high = np.inf if criterion.maximum is None else criterion.maximum
    return ~((number >= low) & (number <= high))  # NaN compares false: out


def disclosable_steps(flow: Flow, threshold: int) -> pd.DataFrame:
    """The steps of a flow with none that takes out fewer than ``threshold`` participants or recordings,
    except 0.

    To hide a small count is not enough, since it is the difference of its neighbours: a small step is
    joined to the next (the last to the one before), reasons and all. Where all of them together are too
    few, only what is left stands.
    """
    out = ["recordings_out", "participants_out"]
    joined, waiting = [flow.steps.iloc[0]], None
    for _, step in flow.steps.iloc[1:].iterrows():
        if step["recordings_out"] == 0:
            continue
        if waiting is not None:
            step = _join(waiting, step)
        enough = all(step[column] == 0 or step[column] >= threshold for column in out)
        waiting = None if enough else step
        if enough:
            joined.append(step)
    if waiting is not None and len(joined) > 1:
        joined[-1] = _join(joined[-1], waiting)
    elif waiting is not None:
        waiting[["reason", *out]] = "recorded, and not excluded", 0, 0
        joined = [waiting]
    return pd.DataFrame(joined).reset_index(drop=True)


def _join(first: pd.Series, second: pd.Series) -> pd.Series:
    both = second.copy()
    both["reason"] = f"{first['reason']}; or {second['reason']}"
    for column in ("recordings_out", "participants_out"):
        both[column] = first[column] + second[column]
    return both


def draw_flow(flow: Flow, title: str = "", threshold: int = 0) -> Figure:
    """Draw the flow from top to bottom: those left in the middle, those taken out to the right.

    ``threshold``: as a restricted cohort's manifest asks; see :func:`disclosable_steps`.
    """
    steps = disclosable_steps(flow, threshold)
    figure = Figure(figsize=(7.5, 1.1 * len(steps)), layout="constrained")
    axes = figure.subplots()
    axes.set(xlim=(0, 10), ylim=(-len(steps) + 0.6, 0.4), title=title)
    axes.axis("off")
    arrow = {"arrowstyle": "-|>", "color": "0.4"}
    box = {"boxstyle": "round,pad=0.45", "facecolor": "white", "edgecolor": "0.4"}
    for place, step in steps.iterrows():
        if place:
            axes.annotate("", (2.4, -place + 0.24), (2.4, -place + 0.76), arrowprops=arrow)
            axes.annotate("", (4.9, -place + 0.5), (2.4, -place + 0.5), arrowprops=arrow)
            out = _counts(step["participants_out"], step["recordings_out"])
            axes.text(5.0, -place + 0.5, f"{step['reason']}\n{out} out", va="center", fontsize=9, wrap=True)
        head = f"{step['reason']}\n" if place == 0 else ""
        left = _counts(step["participants"], step["recordings"])
        axes.text(2.4, -place, head + left, ha="center", va="center", fontsize=9, color="black", bbox=box)
    return figure


def _counts(participants: int, recordings: int) -> str:
    if participants == recordings:
        return f"{participants:,} participants"
    return f"{participants:,} participants, {recordings:,} recordings"
