"""Random streams depend on seed, cohort, participant and module only."""

import numpy as np
import pytest

from cardiacnets.digital_heart.streams import Draws, generator, identifier


def test_participant_draws_do_not_depend_on_who_else_is_drawn():
    many = Draws(20_301, "ukb", range(20), "heart")
    one = Draws(20_301, "ukb", [13], "heart")
    assert many.normal()[13] == one.normal()[0]
    assert np.array_equal(many.normal(3)[13], one.normal(3)[0])
    assert many.uniform()[13] == one.uniform()[0]


@pytest.mark.parametrize(
    "other", [(1, "ukb", 0, "a"), (0, "qph", 0, "a"), (0, "ukb", 1, "a"), (0, "ukb", 0, "b")]
)
def test_streams_differ_in_every_coordinate(other):
    assert generator(0, "ukb", 0, "a").random() != generator(*other).random()


def test_choice_follows_its_shares():
    chosen = Draws(20_301, "ukb", range(4_000), "choice", 1).choice(["a", "b", "c"], [2, 1, 1])
    # 4,000 draws: the share's standard error is below 0.008, four of which are allowed
    assert abs(np.mean(chosen == "a") - 0.5) < 0.032


def test_a_stream_that_runs_dry_says_so():
    with pytest.raises(ValueError, match="open it with more"):
        Draws(0, "ukb", [0], "x", 2).normal(3)


def test_identifiers_are_short_hex_without_order():
    names = [identifier("participant", 0, "ukb", i) for i in range(2_000)]
    assert len(set(names)) == 2_000
    assert all(len(name) == 12 and int(name, 16) >= 0 for name in names)
    rank = np.argsort(np.argsort(names))
    assert abs(np.corrcoef(rank, np.arange(2_000))[0, 1]) < 0.1  # four standard errors of 2,000 pairs
