"""AUCs, DeLong and Obuchowski against pROC, naive twins and defined answers."""

import numpy as np
import pandas as pd
import pytest

from cardiacnets.statistics import (
    auc_covariance,
    auc_interval,
    delong_test,
    delong_test_unpaired,
)


@pytest.fixture
def haemorrhage(sample_data) -> tuple[np.ndarray, pd.DataFrame]:
    table = pd.read_csv(sample_data / "stats" / "aSAH.csv")
    return (table["outcome"] == "Poor").to_numpy(), table[["wfns", "s100b", "ndka"]]


def simulated(n: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels (n,) and two correlated scores (n, 2) with ties."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3 == 0
    shared = rng.normal(size=n) + labels
    return labels, np.round(np.column_stack([shared, 0.5 * shared + rng.normal(size=n)]), 1)


def test_auc_and_variance_of_proc(haemorrhage):
    labels, scores = haemorrhage
    found = auc_covariance(labels, scores)
    # pROC, data(aSAH): auc(roc(outcome, ...)) and var(roc(...), method = "delong")
    np.testing.assert_allclose(found.auc, [0.8236788618, 0.7313685637, 0.6119579946], atol=5e-11)
    variances = [0.00146991470882, 0.00266868245717, 0.00319081054939]
    np.testing.assert_allclose(np.diag(found.covariance), variances, atol=5e-15)


@pytest.mark.parametrize(
    ("a", "b", "z", "pvalue"),
    [
        # pROC, data(aSAH): roc.test(roc1, roc2, paired = TRUE, method = "delong")
        ("wfns", "s100b", 2.20898359144, 0.0271757822),
        ("wfns", "ndka", 2.79777591869, 0.0051455797),
        ("ndka", "s100b", -1.39077002574, 0.1642951752),
    ],
)
def test_paired_delong_of_proc(haemorrhage, a, b, z, pvalue):
    labels, scores = haemorrhage
    test = delong_test(labels, scores[a], scores[b])
    assert test.z == pytest.approx(z, abs=5e-12)
    assert test.pvalue == pytest.approx(pvalue, abs=5e-11)
    assert delong_test(labels, scores[b], scores[a]).z == pytest.approx(-z, abs=5e-12)


def test_intervals_of_proc(haemorrhage):
    labels, scores = haemorrhage
    test = delong_test(labels, scores["wfns"], scores["s100b"])
    # pROC: roc.test(...)$conf.int, printed to ten digits
    assert test.interval == pytest.approx((0.0104061770, 0.1742144194), abs=2e-10)
    wald = auc_interval(labels, scores["ndka"], method="wald")
    assert wald.interval == pytest.approx((0.5012449992717, 0.7226709898882), abs=5e-13)  # pROC ci.auc(...)


def test_delong_equals_the_pairwise_definition():
    labels, scores = simulated()
    found = auc_covariance(labels, scores)
    cases, controls = scores[labels], scores[~labels]
    difference = cases[:, None, :] - controls[None, :, :]  # (cases, controls, scores)
    wins = (difference > 0) + 0.5 * (difference == 0)
    covariance = np.cov(wins.mean(axis=1).T) / len(cases) + np.cov(wins.mean(axis=0).T) / len(controls)
    np.testing.assert_allclose(found.auc, wins.mean(axis=(0, 1)), atol=1e-14)
    np.testing.assert_allclose(found.covariance, covariance, atol=1e-15)


def test_clusters_of_one_row_are_delong():
    labels, scores = simulated()
    alone = auc_covariance(labels, scores, clusters=np.arange(len(labels)))
    np.testing.assert_allclose(alone.covariance, auc_covariance(labels, scores).covariance, atol=1e-15)


def test_duplicated_rows_count_once_when_clustered():
    labels, scores = simulated()
    people = np.arange(len(labels))
    once = auc_covariance(labels, scores)
    twice = auc_covariance(np.tile(labels, 2), np.tile(scores, (2, 1)), clusters=np.tile(people, 2))
    np.testing.assert_allclose(twice.auc, once.auc, atol=1e-14)
    np.testing.assert_allclose(twice.covariance, once.covariance, atol=1e-14)
    naive = auc_covariance(np.tile(labels, 2), np.tile(scores, (2, 1)))
    assert naive.covariance[0, 0] < 0.6 * once.covariance[0, 0]


def test_clustered_variance_equals_obuchowskis_sums():
    """The formula of Obuchowski 1997 written out: sums over participants of pairwise comparisons."""
    rng = np.random.default_rng(3)
    people = rng.integers(0, 25, size=90)
    labels = rng.random(90) < 0.4
    scores = np.round(rng.normal(size=(90, 2)) + labels[:, None] + rng.normal(size=25)[people][:, None], 1)
    cases, controls = np.flatnonzero(labels), np.flatnonzero(~labels)
    above = scores[cases][:, None] - scores[controls][None]  # (cases, controls, scores)
    wins = (above > 0) + 0.5 * (above == 0)
    area, m, n = wins.mean(axis=(0, 1)), len(cases), len(controls)
    of_case, of_control = np.zeros((25, 2)), np.zeros((25, 2))
    for place, i in enumerate(cases):
        of_case[people[i]] += wins[place].mean(axis=0) - area
    for place, j in enumerate(controls):
        of_control[people[j]] += wins[:, place].mean(axis=0) - area
    both, ill, well = len(set(people)), len(set(people[cases])), len(set(people[controls]))
    expected = (
        ill / (ill - 1) * of_case.T @ of_case / m**2
        + well / (well - 1) * of_control.T @ of_control / n**2
        + both / (both - 1) * (of_case.T @ of_control + of_control.T @ of_case) / (m * n)
    )
    found = auc_covariance(labels, scores, clusters=people)
    np.testing.assert_allclose(found.auc, area, atol=1e-14)
    np.testing.assert_allclose(found.covariance, expected, atol=1e-14)


def test_two_cohorts_of_one_person_each_row_or_of_clusters():
    labels, scores = simulated()
    plain = delong_test_unpaired(labels, scores[:, 0], labels, scores[:, 1])
    people = np.arange(len(labels))
    twice = [np.tile(part, 2) for part in (labels, scores[:, 0], people)]
    clustered = delong_test_unpaired(twice[0], twice[1], labels, scores[:, 1], clusters_a=twice[2])
    assert clustered.standard_error == pytest.approx(plain.standard_error)
    naive = delong_test_unpaired(twice[0], twice[1], labels, scores[:, 1])
    assert naive.standard_error < plain.standard_error


def test_cases_and_controls_of_one_participant_correlate():
    """A participant effect shared by its case and its control row makes the AUC surer, not less sure."""
    rng = np.random.default_rng(1)
    people = np.repeat(np.arange(200), 2)
    labels = np.tile([0, 1], 200)
    scores = rng.normal(size=200)[people] + 0.3 * rng.normal(size=400) + 0.5 * labels
    clustered = auc_covariance(labels, scores, clusters=people).covariance[0, 0]
    assert clustered < 0.5 * auc_covariance(labels, scores).covariance[0, 0]


def test_identical_scores_do_not_differ():
    labels, scores = simulated()
    for other in (scores[:, 0], np.exp(scores[:, 0])):
        test = delong_test(labels, scores[:, 0], other)
        assert (test.z, test.pvalue, test.interval) == (0.0, 1.0, (0.0, 0.0))


def test_perfect_separation_keeps_an_interval():
    found = auc_interval([0, 0, 0, 1, 1], [1, 2, 3, 4, 5])
    assert found.estimate == 1 and found.interval[1] == 1
    assert 0.2 < found.interval[0] < 0.8  # five participants cannot exclude a mediocre score
    many = auc_interval(np.repeat([0, 1], 500), np.arange(1000))
    assert many.interval[0] > 0.98


def test_constant_scores_are_chance_with_an_interval():
    found = auc_interval(np.repeat([0, 1], 20), np.zeros(40))
    assert found.estimate == 0.5 and found.interval[0] < 0.4 and found.interval[1] > 0.6


def test_perfect_against_constant_has_an_answer():
    labels = np.repeat([0, 1], 30)
    test = delong_test(labels, np.arange(60), np.zeros(60))
    assert test.estimate == 0.5 and 0 < test.pvalue < 0.001 and test.interval[0] > 0


def test_one_case_has_an_interval_but_no_test():
    assert 0 <= auc_interval([0, 0, 1], [1, 3, 2]).interval[0] < 0.5
    with pytest.raises(ValueError, match="two cases and two controls"):
        delong_test([0, 0, 1], [1, 3, 2], [3, 2, 1])


def test_unpaired_ignores_pairing():
    labels, scores = simulated()
    paired = delong_test(labels, scores[:, 0], scores[:, 1])
    unpaired = delong_test_unpaired(labels, scores[:, 0], labels, scores[:, 1])
    assert unpaired.estimate == pytest.approx(paired.estimate)
    assert unpaired.standard_error > paired.standard_error  # the scores correlate


def test_logit_interval_stays_inside():
    labels = np.repeat([0, 1], 25)
    scores = np.arange(50.0)
    scores[24], scores[25] = scores[25], scores[24]
    wald, logit = (auc_interval(labels, scores, method=method) for method in ("wald", "logit"))
    assert wald.interval[1] == 1 and logit.interval[1] < 1 and logit.interval[0] < wald.interval[0]


@pytest.mark.parametrize(
    ("labels", "scores", "message"),
    [
        ([0, 0, 0], [1, 2, 3], "labels are all 0"),
        ([0, 2, 1], [1, 2, 3], "labels must be 0 or 1; found 2"),
        ([0, 1, 1], [1, np.nan, 3], "missing or infinite value in row 1"),
        ([0, 1], [1, 2, 3], r"scores must be \(2,\)"),
        ([], [], "not empty"),
    ],
)
def test_bad_input_is_named(labels, scores, message):
    with pytest.raises(ValueError, match=message):
        auc_interval(labels, scores)


def test_unknown_interval_and_level_are_refused():
    labels, scores = simulated()
    with pytest.raises(ValueError, match="'logit', 'wald' or 'newcombe'"):
        auc_interval(labels, scores[:, 0], method="delong")
    with pytest.raises(ValueError, match="between 0 and 1"):
        auc_interval(labels, scores[:, 0], level=95)
