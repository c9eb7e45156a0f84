"""What is studied stands in one row each; a name that stands twice, or nowhere, is said at once."""

import dataclasses

import pytest

from cardiacnets.profile import Cohorts
from cardiacnets.study import ARMS, COHORTS, COMPARISONS, TASKS, TWINS, Arm, Cohort, by_key, pairs_of
from cardiacnets.theme import ARM_COLOURS


def test_a_name_that_stands_twice_names_both_rows():
    with pytest.raises(ValueError, match="'ecg' stands twice: .*title='one'.*title='two'"):
        by_key([Arm("ecg", "one", "sky", start="random"), Arm("ecg", "two", "sky", start="random")])
    with pytest.raises(ValueError, match="'ukb' stands twice"):
        by_key([Cohort("ukb", "a"), Cohort("ukb", "b")])


def test_a_pair_of_arms_needs_both_and_stands_once():
    with pytest.raises(ValueError, match="no arm 'echo'; there are covariates"):
        pairs_of([("aligned", "echo")], ARMS)
    with pytest.raises(ValueError, match="compared twice"):
        pairs_of([("aligned", "ecg"), ("aligned", "ecg")], ARMS)


def test_every_row_is_used_by_what_it_belongs_to():
    sizes = [one.name for one in dataclasses.fields(Cohorts) if one.name not in ("preset", "frames")]
    assert sizes == list(COHORTS)  # a profile says how many of each
    assert {task.cohort for task in TASKS.values()} <= set(COHORTS)
    assert {arm for pair in (*COMPARISONS, *TWINS) for arm in pair} <= set(ARMS)
    assert set(ARM_COLOURS) == set(ARMS)
    assert all(TASKS[task].title.startswith(COHORTS[TASKS[task].cohort].title) for task in TASKS)


def test_an_arm_is_asked_what_its_row_says():
    assert [arm.name for arm in ARMS.values() if arm.network and not arm.answers("mimic.hf")] == ["permuted"]
    assert {arm.name for arm in ARMS.values() if arm.cmr} == {"cmr", "cmr_twin"}
    assert all(arm.start == "aligned" for name, arm in ARMS.items() if name.startswith("aligned"))
