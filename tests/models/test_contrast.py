"""The contrastive loss against a naive twin and closed forms; ranks; alignment and uniformity."""

import math

import pytest
import torch

from cardiacnets.models.contrast import (
    alignment_and_uniformity,
    info_nce_rows,
    retrieval_ranks,
    symmetric_info_nce,
)


def _pair(n=9, d=5, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, d, generator=generator), torch.randn(n, d, generator=generator)


def naive_info_nce(a, b, temperature):
    def cosine(x, y):
        return sum(p * q for p, q in zip(x, y, strict=True)) / math.hypot(*x) / math.hypot(*y)

    a, b, n = a.tolist(), b.tolist(), len(a)
    score = [[cosine(x, y) / temperature for y in b] for x in a]
    total = 0.0
    for i in range(n):
        over_b = sum(math.exp(score[i][j]) for j in range(n))
        over_a = sum(math.exp(score[j][i]) for j in range(n))
        total -= math.log(math.exp(score[i][i]) / over_b) / 2 + math.log(math.exp(score[i][i]) / over_a) / 2
    return total / n


@pytest.mark.parametrize("temperature", [0.1, 0.5, 1.0])
def test_equals_the_naive_twin(temperature):
    a, b = _pair()
    found = symmetric_info_nce(a, b, temperature).item()
    assert found == pytest.approx(naive_info_nce(a, b, temperature), rel=1e-5)


def test_rows_average_to_the_loss_and_the_hardest_row_is_the_one_beside_its_double():
    a, b = _pair()
    a[3] = b[4]
    rows = info_nce_rows(a, b, 0.1)
    assert rows.mean().item() == pytest.approx(symmetric_info_nce(a, b, 0.1).item(), rel=1e-5)
    assert rows.shape == (9,) and rows[3] > rows.median()


def test_closed_forms():
    same = torch.ones(8, 3)
    assert symmetric_info_nce(same, same, 0.1).item() == pytest.approx(math.log(8), rel=1e-6)
    orthogonal = torch.eye(6)
    expected = math.log(1 + 5 * math.exp(-10))  # own partner at 1 / tau = 10, five strangers at 0
    assert symmetric_info_nce(orthogonal, orthogonal, 0.1).item() == pytest.approx(expected, abs=1e-6)


def test_symmetries():
    a, b = _pair()
    loss = symmetric_info_nce(a, b, 0.1)
    order = torch.randperm(len(a), generator=torch.Generator().manual_seed(3))
    assert torch.isclose(loss, symmetric_info_nce(b, a, 0.1))
    assert torch.isclose(loss, symmetric_info_nce(a[order], b[order], 0.1))
    assert torch.isclose(loss, symmetric_info_nce(3 * a, 0.2 * b, 0.1))


def test_unlike_shapes_are_refused():
    a, b = _pair()
    with pytest.raises(ValueError, match="must be"):
        symmetric_info_nce(a, b[:-1], 0.1)


def test_ranks_count_who_lies_nearer_and_half_of_ties():
    gallery = torch.eye(4)
    queries = torch.tensor([[1.0, 0, 0, 0], [1, 0.5, 0, 0], [1, 1, 0.5, 0], [0, 0, 0, 1]])
    assert retrieval_ranks(queries, gallery).tolist() == [1, 2, 3, 1]
    assert retrieval_ranks(torch.ones(5, 3), torch.ones(5, 3)).tolist() == [3] * 5  # all tied: chance


def test_alignment_and_uniformity_closed_forms():
    a = torch.eye(3)
    result = alignment_and_uniformity(a, a)
    assert result["alignment"] == 0
    # three orthogonal unit vectors: every squared distance is 2
    assert result["uniformity_a"] == pytest.approx(-4, rel=1e-5)
    assert alignment_and_uniformity(a, -a)["alignment"] == pytest.approx(4)
