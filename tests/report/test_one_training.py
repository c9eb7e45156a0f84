"""One training decides nothing by itself: only what stays with the spread that comparable networks lend."""

from functools import partial

import pytest
from scipy.stats import t

from cardiacnets.report.claims import Claim, judgements
from cardiacnets.report.headline import headline
from cardiacnets.report.one_training import ALONE, beyond_one_training, comparable
from cardiacnets.report.results import make_result
from cardiacnets.report.verdicts import AGREES, DISAGREES, UNDECIDED, judge_equality, judge_order
from cardiacnets.statistics import Estimate
from cardiacnets.statistics.trainings import trained_once

ONCE = "mimic.hf.auc.aligned_covariates-ecg_covariates"


def difference(value, half=0.01, key=ONCE, once=True, level=0.95):
    found = Estimate(value, (value - half, value + half), 400, "logit limits", level=level)
    return make_result(key, trained_once(found) if once else found)


def spread(deviation, key="ukb.cm.auc_trainings.aligned_covariates-ecg_covariates", trainings=3):
    return make_result(key, deviation, n=trainings, of="trainings")


def results(*found):
    return {each.key: each for each in found}


@pytest.mark.parametrize("side", [1, -1])
def test_a_small_difference_of_one_training_is_undecided_and_a_large_one_is_not(side):
    known = results(spread(0.01))
    people = judge_order(difference(side * 0.03)).word
    assert people == (AGREES if side > 0 else DISAGREES)
    small = beyond_one_training(judge_order, difference(side * 0.03), known)
    assert small.word == UNDECIDED and small.detail.startswith("as to trainings: with the spread")
    assert beyond_one_training(judge_order, difference(side * 0.06), known).word == people
    # the border: Student's half-width of one number among three, and that of participants, in squares
    border = (0.01**2 + (t.ppf(0.975, 2) * 0.01) ** 2) ** 0.5
    assert beyond_one_training(judge_order, difference(side * (border + 1e-4)), known).word == people
    assert beyond_one_training(judge_order, difference(side * (border - 1e-4)), known).word == UNDECIDED


def test_where_nothing_lends_a_spread_nothing_is_decided():
    alone = beyond_one_training(
        judge_order, difference(0.5), results(spread(0.01, "ukb.indices.r_trainings.a-b"))
    )
    assert (alone.word, alone.detail) == (UNDECIDED, ALONE)


def test_several_trainings_and_what_is_undecided_anyway_are_left_as_they_are():
    known = results(spread(0.01))
    assert beyond_one_training(judge_order, difference(0.03, once=False), known) == judge_order(
        difference(0.03)
    )
    open_to_people = difference(0.005)
    assert beyond_one_training(judge_order, open_to_people, known) == judge_order(open_to_people)
    assert beyond_one_training(judge_order, None, known) == judge_order(None)


def test_equality_is_judged_with_the_spread_too():
    same = partial(judge_equality, margin=0.03)
    found = difference(0.0, key="ukb.hf.auc_equivalence.aligned-cmr", level=0.9)
    assert same(found).word == AGREES
    quiet, loud = (spread(each, "ukb.cm.auc_trainings.aligned-cmr") for each in (0.001, 0.02))
    assert beyond_one_training(same, found, results(quiet)).word == AGREES
    assert beyond_one_training(same, found, results(loud)).word == UNDECIDED


def test_the_nearest_relatives_lend():
    same, other = spread(0.01), spread(0.02, "ukb.cm.auc_trainings.aligned-ecg")
    arm, rcm = (
        spread(0.9, "ukb.cm.auc_trainings.aligned"),
        spread(0.03, "mimic.subtypes.auc_rcm_trainings.a-b"),
    )
    once = spread(0.8, "ukb.hf.auc_trainings.aligned-ecg", trainings=1)
    known = results(same, other, arm, rcm, once)
    assert comparable(ONCE, known) == [same]
    assert comparable("mimic.hf.auc.aligned-classical", known) == [same, other]
    assert comparable("mimic.subtypes.auc_hcm.aligned-ecg", known) == [same, other, rcm]
    assert comparable("ukb.indices.r.aligned-ecg", known) == []


def test_a_share_of_the_labels_is_lent_the_spread_of_its_own_pair():
    pair = spread(0.03, "ukb.cm.auc_trainings.aligned-ecg")
    readout = spread(0.001, "ukb.cm.auc_trainings.aligned-classical")
    key = "mimic.ph.auc_fraction.aligned_10-ecg_100"
    known = results(pair, readout, make_result("ukb.cm.auc.aligned-ecg", 0.1, n=304))
    assert comparable(key, known) == [pair]
    judged = beyond_one_training(judge_order, difference(-0.05, key=key), known)
    assert judged.word == UNDECIDED and "(tests of 304, all labels)" in judged.detail
    assert beyond_one_training(judge_order, difference(-0.05, key=key), results(readout)).word == DISAGREES


def test_networks_are_lent_the_spread_of_as_many_networks_before_that_of_readouts():
    two = spread(0.03, "ukb.cm.auc_trainings.aligned-permuted")
    one = spread(0.001, "ukb.cm.auc_trainings.aligned-classical")
    assert comparable("mimic.hf.auc.aligned-ecg", results(two, one)) == [two]
    assert comparable("mimic.hf.auc.aligned-twin", results(two, one)) == [one]


def test_claims_and_the_answer_count_no_single_training():
    claim = Claim("Section", "claim", "published", "greater", results=(ONCE,))
    known = results(difference(0.03), spread(0.01))
    (judged,) = judgements(claim, known)
    assert judged.word == UNDECIDED and "trainings" in judged.detail
    assert "gained in none of 1 tasks" in headline(known, real=False)
    assert "gained in 1 of 1 tasks" in headline(results(difference(0.06), spread(0.01)), real=False)
