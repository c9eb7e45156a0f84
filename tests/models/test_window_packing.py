"""Windows of visible tokens share groups of one size; nothing is lost and nothing is computed twice."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cardiacnets.models.window_packing import best_fit, pack_windows, to_slots, to_tokens


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 49), min_size=1, max_size=80))
def test_bins_hold_every_item_without_overlap(sizes):
    bin_of, offset_of, count = best_fit(sizes, 49)
    taken = set()
    for size, place, offset in zip(sizes, bin_of, offset_of, strict=True):
        assert 0 <= place < count and offset + size <= 49
        slots = {(place, offset + slot) for slot in range(size)}
        assert not slots & taken
        taken |= slots
    # at most one bin can be half empty or emptier: two such would have been one
    fill = [sum(s for s, b in zip(sizes, bin_of, strict=True) if b == index) for index in range(count)]
    assert sum(2 * filled <= 49 for filled in fill) <= 1


def _scattered_tokens(share: float = 0.4):
    seen = torch.rand(3, 12, 12, generator=torch.Generator().manual_seed(0)) < share
    return seen.nonzero().unbind(1)


@pytest.mark.parametrize("shift", [0, 2])
def test_tokens_come_back_in_order_and_so_do_gradients(shift):
    sample, row, column = _scattered_tokens()
    packing = pack_windows(sample, row, column, window=4, shift=shift)
    tokens = torch.randn(len(sample), 5, dtype=torch.float64, requires_grad=True)
    assert torch.equal(to_tokens(to_slots(tokens, packing), packing), tokens)
    weight = torch.randn(len(sample), 5, dtype=torch.float64)
    (to_tokens(to_slots(tokens, packing) * 3, packing) * weight).sum().backward()
    assert torch.allclose(tokens.grad, 3 * weight)


@pytest.mark.parametrize("shift", [0, 2])
def test_only_tokens_of_one_window_see_each_other(shift):
    sample, row, column = _scattered_tokens()
    packing = pack_windows(sample, row, column, window=4, shift=shift)
    unseen = 7 * 7
    sees = packing.bias_row.view(packing.groups, packing.size, packing.size) != unseen
    group, slot = packing.slot_of_token // packing.size, packing.slot_of_token % packing.size
    for i in range(0, len(sample), 7):
        for j in range(len(sample)):
            # windows start at the shift; what the border cuts off is a window of its own
            window = [((x[i] - shift) // 4 == (x[j] - shift) // 4) for x in (row, column)]
            same = sample[i] == sample[j] and all(window)
            assert bool(group[i] == group[j] and sees[group[i], slot[i], slot[j]]) == bool(same)


def test_packing_fills_most_slots():
    packing = pack_windows(*_scattered_tokens(), window=4, shift=0)
    # with 27 windows of about 6 of 16 tokens, best fit leaves few holes; one window a group would fill 40 %
    assert packing.filled.float().mean() > 0.8
