"""Index batches."""

import numpy as np
import pytest
import torch

from cardiacnets.training import minibatches
from cardiacnets.training.batching import ahead


def test_every_row_once_in_a_seeded_order():
    batches = list(minibatches(23, 5, torch.Generator().manual_seed(0), drop_last=False))
    again = list(minibatches(23, 5, torch.Generator().manual_seed(0), drop_last=False))
    assert [len(batch) for batch in batches] == [5, 5, 5, 5, 3]
    assert sorted(np.concatenate(batches)) == list(range(23))
    assert np.array_equal(np.concatenate(batches), np.concatenate(again))
    assert not np.array_equal(np.concatenate(batches), np.arange(23))


def test_whole_batches_only_by_default_and_in_order_without_generator():
    assert [batch.tolist() for batch in minibatches(7, 3, None)] == [[0, 1, 2], [3, 4, 5]]
    assert len(list(minibatches(6, 3, None))) == 2


def test_a_batch_larger_than_the_cohort_is_refused():
    with pytest.raises(ValueError, match="a batch of 8 is larger than the 7 rows"):
        list(minibatches(7, 8, None))
    assert len(list(minibatches(7, 8, None, drop_last=False))) == 1


def test_batches_drawn_ahead_keep_their_order_and_their_errors():
    assert list(ahead(iter(range(7)))) == list(range(7)) and list(ahead([])) == []

    def failing():
        yield 1
        yield 2
        raise ValueError("row 3 is unreadable")

    seen = []
    with pytest.raises(ValueError, match="row 3 is unreadable"):
        for batch in ahead(failing()):
            seen.append(batch)
    assert seen == [1, 2]


def test_the_next_batch_is_drawn_while_one_is_in_use():
    drawn = []
    batches = ahead(drawn.append(index) or index for index in range(5))
    assert next(batches) == 0
    batches.close()  # waits for what was begun
    assert drawn == [0, 1]
