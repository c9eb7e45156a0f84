"""What chapter 03 says beside its tables and its map follows from them."""

import math

import numpy as np
import pandas as pd
import pytest

from cardiacnets.experiments.contrastive_alignment.broad_complexes import lie_together
from cardiacnets.experiments.contrastive_alignment.switches import beside_guessing, over_confident

CHANCE = 2 * math.log(500)  # 12.4, and .02 found


def costs(loss: float, recall: float) -> pd.DataFrame:
    return pd.DataFrame([{
        "variant": "untrained_heads", "n": 500, "loss": loss, "loss_interval": (loss - 0.2, loss + 0.2),
        "recall_10": recall, "recall_10_interval": (recall - 0.01, recall + 0.01),
    }])  # fmt: skip


def test_the_table_ends_with_what_guessing_reaches():
    table = beside_guessing(costs(13.0, 0.04))
    assert list(table["variant"]) == ["untrained heads", "guessing"]
    assert table["loss"].iloc[1] == pytest.approx(CHANCE) and table["recall_10"].iloc[1] == 10 / 500


@pytest.mark.parametrize(
    ("loss", "recall", "said", "not_said"),
    [
        (13.0, 0.04, "more partners are found so than by guessing: untrained heads. Such a", "No loss"),
        (13.0, 0.025, "with no more partners found: untrained heads", "over-confident"),
        (12.5, 0.04, "No loss here lies above that", "over-confident"),
        (math.nan, 0.04, "No loss here lies above that", "over-confident"),
    ],
)
def test_a_loss_above_guessing_is_over_confident_only_where_partners_are_found(loss, recall, said, not_said):
    words = over_confident(costs(loss, recall))
    assert words.startswith("Guessing among all 500 has a loss of 12.4 and finds 0.020 among the first ten")
    assert said in words and not_said not in words


def test_broad_complexes_lie_together_where_their_neighbours_are_broad():
    rng = np.random.default_rng(0)
    plane, broad = rng.normal(size=(400, 2)), np.zeros(400, bool)
    broad[:30] = True
    assert lie_together(plane, broad).endswith("they are not shown to lie together")
    plane[:30] += 9
    assert "Of the 30 ringed ECGs 100 % (89 to 100) have another one" in lie_together(plane, broad)
    assert lie_together(plane, broad).endswith("where chance would give 7 %: they lie together")
    assert "too few" in lie_together(plane[:9], broad[:9])
