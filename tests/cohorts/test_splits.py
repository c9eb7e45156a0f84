"""Splits by participant that nothing but seed and identifier decides."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cardiacnets.cohorts.splits import (
    LeakageError,
    case_control,
    check_leakage,
    nested_fractions,
    split_participants,
)


def labels(count=600, seed=0):
    draw = np.random.default_rng(seed)
    disease = draw.random(count) < 0.2
    other = draw.random(count) < 0.3
    return pd.DataFrame({"cm": disease, "healthy": ~disease & ~other}, index=[f"p{i}" for i in range(count)])


def test_shares_are_seven_one_two():
    shares = split_participants(range(10_000), seed=1).value_counts(normalize=True)
    # binomial with n = 10,000: one standard deviation is at most .0046
    assert shares["train"] == pytest.approx(0.7, abs=0.02)
    assert shares["validation"] == pytest.approx(0.1, abs=0.02)
    assert shares["test"] == pytest.approx(0.2, abs=0.02)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 10**6), min_size=80, max_size=150, unique=True), st.integers(0, 5))
def test_order_and_newcomers_change_nobody(identifiers, seed):
    everyone = split_participants(identifiers, seed)
    some = split_participants(sorted(identifiers)[: len(identifiers) - 5], seed)
    assert (everyone[some.index] == some).all()


def test_number_and_text_identifiers_agree_and_seeds_differ():
    numbers, text = split_participants(range(100), 3), split_participants(map(str, range(100)), 3)
    assert (numbers.to_numpy() == text.to_numpy()).all()
    assert (numbers != split_participants(range(100), 4)).any()


@pytest.mark.parametrize("identifiers", [[1.0, 2.0], [1, None], ["a", np.nan]])
def test_missing_or_fractional_identifiers_are_refused(identifiers):
    with pytest.raises(ValueError, match="identifiers"):
        split_participants(identifiers, 0)


def test_an_empty_split_and_a_wrong_ratio_are_refused():
    with pytest.raises(ValueError, match="empty"):
        split_participants(range(3), 0)
    with pytest.raises(ValueError, match="ratio"):
        split_participants(range(100), 0, ratio=(7, 3))


def test_leaks_are_found():
    table = pd.DataFrame(
        {
            "participant_id": [1, 1, 2, 3],
            "recording_id": list("abcd"),
            "split": ["train", "train", "test", "test"],
        }
    )
    check_leakage(table)
    with pytest.raises(LeakageError, match="participant_ids in more than one split"):
        check_leakage(table.assign(split=["train", "test", "test", "test"]))
    with pytest.raises(LeakageError, match="recordings of more than one participant"):
        check_leakage(table.assign(recording_id=list("abcc")))
    with pytest.raises(LeakageError, match="not one of"):
        check_leakage(table.assign(split=["train", "train", "holdout", "test"]))
    with pytest.raises(LeakageError, match="pre-training"):
        check_leakage(table, inherited=pd.Series({1: "test"}))


def test_controls_are_as_many_healthy_within_each_split():
    people = labels()
    split = split_participants(people.index, 0)
    chosen = case_control(people, "cm", split, seed=0, controls="random")
    counts = chosen.groupby(["split", "case"]).size().unstack()
    assert (counts[True] == counts[False]).all()
    assert chosen["case"].sum() == people["cm"].sum()
    assert people.loc[chosen.index[~chosen["case"]], "healthy"].all()
    assert (chosen["split"] == split[chosen.index]).all()


def test_controls_follow_the_seed_not_the_order_of_rows():
    people = labels()
    split = split_participants(people.index, 0)
    chosen = case_control(people, "cm", split, seed=0, controls="random")
    shuffled = case_control(people.sample(frac=1, random_state=1), "cm", split, seed=0, controls="random")
    assert set(chosen.index) == set(shuffled.index)
    assert set(chosen.index) != set(case_control(people, "cm", split, seed=1, controls="random").index)


def test_as_published_takes_the_first_healthy_rows():
    people = labels()
    split = pd.Series("train", index=people.index)
    chosen = case_control(people, "cm", split, seed=0, controls="as_published")
    first = people.index[people["healthy"]][: people["cm"].sum()]
    assert set(chosen.index[~chosen["case"]]) == set(first)


def test_recordings_of_one_person_stay_together():
    people = labels(200)
    recordings = people.loc[people.index.repeat(3)].reset_index(names="participant_id")
    split = split_participants(people.index, 0)
    chosen = case_control(recordings, "cm", split, seed=0, controls="random")
    check_leakage(chosen.assign(participant_id=recordings.loc[chosen.index, "participant_id"]))
    assert chosen["case"].sum() == recordings["cm"].sum()


def test_without_controls_there_is_no_task():
    people = labels().assign(healthy=False)
    with pytest.raises(ValueError, match="0 controls"):
        case_control(people, "cm", split_participants(people.index, 0), seed=0, controls="random")


def test_fractions_are_nested_and_stratified():
    strata = labels()["cm"]
    subsets = nested_fractions(strata, (0.1, 0.5, 1.0), seed=2)
    assert set(subsets[0.1]) < set(subsets[0.5]) < set(subsets[1.0]) == set(strata.index)
    for fraction, subset in subsets.items():
        for stratum, size in strata.value_counts().items():
            assert (strata[subset] == stratum).sum() == int(np.ceil(fraction * size - 1e-9))
    assert set(subsets[0.1]) != set(nested_fractions(strata, (0.1,), seed=3)[0.1])
