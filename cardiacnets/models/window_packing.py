"""Attention windows with few tokens share groups, so that nothing is computed for hidden tokens (GreenMIM).

After masking, each Swin window of a batch holds between 0 and window^2 visible tokens. The windows of the
whole batch are packed into groups of one size, as suitcases are filled; attention runs group by group and is
masked so that a token only sees tokens of its own window (Huang 2022, "Green hierarchical vision
transformer").
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Packing:
    """Where each of M tokens sits among G groups of S slots, and who may see whom."""

    slot_of_token: Tensor
    """(M,) flat slot of each token."""
    token_of_slot: Tensor
    """(G * S,) the token in each slot; empty slots repeat token 0."""
    filled: Tensor
    """(G * S, 1) 1 where a slot holds a token, else 0."""
    bias_row: Tensor
    """(G, S, S) row of the relative-position table for each pair; the row after the last means "unseen"."""
    groups: int
    size: int


def best_fit(sizes: list[int], capacity: int) -> tuple[list[int], list[int], int]:
    """Pack items into as few bins as best-fit decreasing finds; deterministic.

    ``sizes``: each between 1 and ``capacity``. Returns each item's bin, its offset in the bin, and the bin
    count.
    """
    bins_with_room: list[list[int]] = [[] for _ in range(capacity + 1)]
    bin_of, offset_of, count = [0] * len(sizes), [0] * len(sizes), 0
    for item in sorted(range(len(sizes)), key=lambda index: -sizes[index]):
        size = sizes[item]
        room = next((room for room in range(size, capacity + 1) if bins_with_room[room]), None)
        if room is None:
            room, chosen, count = capacity, count, count + 1
        else:
            chosen = bins_with_room[room].pop()
        bin_of[item], offset_of[item] = chosen, capacity - room
        bins_with_room[room - size].append(chosen)
    return bin_of, offset_of, count


def pack_windows(sample: Tensor, row: Tensor, column: Tensor, window: int, shift: int) -> Packing:
    """Pack the windows of visible tokens.

    ``sample``, ``row``, ``column`` (M,): where each token lies on its sample's grid. ``window``: its side in
    tokens. ``shift``: windows start at ``shift`` instead of 0; windows cut by the border stay apart, which is
    what Swin's cyclic shift with its mask amounts to.
    """
    device, size = sample.device, window * window
    window_row = torch.div(row - shift, window, rounding_mode="floor") + 1
    window_column = torch.div(column - shift, window, rounding_mode="floor") + 1
    across = int(max(window_row.max(), window_column.max())) + 1
    key = (sample * across + window_row) * across + window_column  # (M,) one number a window
    _, of_window, counts = torch.unique(key, return_inverse=True, return_counts=True)
    bin_of, offset_of, groups = best_fit(counts.tolist(), size)

    # tokens sorted by window; a token's place in its window is its place in the sort minus the window's start
    order = of_window.argsort(stable=True)
    start = counts.cumsum(0) - counts
    place = torch.empty_like(order)
    place[order] = torch.arange(len(order), device=device) - start[of_window[order]]
    base = torch.tensor(bin_of, device=device) * size + torch.tensor(offset_of, device=device)
    slot_of_token = base[of_window] + place  # (M,)

    def in_slots(values: Tensor, empty: int) -> Tensor:
        return torch.full((groups * size,), empty, device=device).index_copy(0, slot_of_token, values)

    token_of_slot = in_slots(torch.arange(len(order), device=device), 0)
    filled = in_slots(torch.ones_like(order), 0)
    window_of_slot = in_slots(of_window, -1).view(groups, size)
    slot_row, slot_column = in_slots(row, 0).view(groups, size), in_slots(column, 0).view(groups, size)

    span = 2 * window - 1
    down = slot_row[:, :, None] - slot_row[:, None, :] + window - 1  # (G, S, S)
    right = slot_column[:, :, None] - slot_column[:, None, :] + window - 1
    together = window_of_slot[:, :, None] == window_of_slot[:, None, :]
    bias_row = torch.where(together, down * span + right, span * span)
    return Packing(slot_of_token, token_of_slot, filled[:, None], bias_row, groups, size)


class Rearrange(torch.autograd.Function):
    """Rows by index whose gradient, too, is rows by index: a token has one slot, so nothing is summed."""

    @staticmethod
    def forward(ctx, rows: Tensor, index: Tensor, inverse: Tensor, keep: Tensor | None) -> Tensor:
        """``rows[index]``; ``inverse`` undoes it; ``keep`` (rows, 1) is 0 where a row has no gradient."""
        ctx.save_for_backward(inverse, keep)
        return rows.index_select(0, index)

    @staticmethod
    def backward(ctx, gradient: Tensor):
        inverse, keep = ctx.saved_tensors
        gradient = gradient.index_select(0, inverse)
        return (gradient if keep is None else gradient * keep), None, None, None


def to_slots(tokens: Tensor, packing: Packing) -> Tensor:
    """Tokens (M, C) as groups (G, S, C)."""
    flat = Rearrange.apply(tokens, packing.token_of_slot, packing.slot_of_token, None)
    return flat.view(packing.groups, packing.size, -1)  # (G * S, C) -> (G, S, C)


def to_tokens(groups: Tensor, packing: Packing) -> Tensor:
    """Groups (G, S, C) as tokens (M, C); the inverse of :func:`to_slots`."""
    flat = groups.reshape(packing.groups * packing.size, -1)  # (G, S, C) -> (G * S, C)
    return Rearrange.apply(flat, packing.slot_of_token, packing.token_of_slot, packing.filled)
