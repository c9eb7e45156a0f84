"""The published tests beside the right ones: where they must differ, and where they may not."""

import numpy as np
import pandas as pd
import pytest

from cardiacnets.statistics import (
    changed_verdicts,
    compare_accuracies,
    compare_aucs,
    compare_index_predictions,
)
from cardiacnets.statistics.as_published import auc_z_pvalue


def scores(n=400, seed=0):
    """Two scores that share most of what they know, the first a little better."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    shared = rng.normal(size=n) + 1.2 * labels
    return labels, shared + 0.3 * rng.normal(size=n), shared + 0.85 * rng.normal(size=n)


def test_pairing_sees_what_the_published_test_misses():
    found = compare_aucs(*scores()).row()
    assert found["p_paired"] < 0.01 < 0.05 < found["p_published"]
    assert found["low"] > 0 and found["difference"] == pytest.approx(found["a"] - found["b"])


def test_published_z_by_hand():
    # .8 and .7 of 100 people each: z = .1 / sqrt(2 x .75 x .25 / 100) = 1.633, two-sided p .1025
    assert auc_z_pvalue(0.8, 0.7, 100) == pytest.approx(0.1025, abs=5e-5)
    assert auc_z_pvalue(1.0, 1.0, 100) == 1


def test_accuracies_are_compared_within_people():
    labels, a, b = scores()
    right = [(score > 0.6) == labels for score in (a, b)]
    found = compare_accuracies(*right).row()
    assert found["p_paired"] < found["p_published"]
    people = np.repeat(np.arange(400), 3)
    repeated = compare_accuracies(*[np.repeat(each, 3) for each in right], participants=people).row()
    assert repeated["p_paired"] == pytest.approx(found["p_paired"], abs=0.02)  # clustered z, not mid-p
    assert repeated["p_published"] < found["p_published"]


def test_indices_are_compared_by_mean_correlation():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(300, 10))
    shared = truth + rng.normal(size=(300, 10))
    noisier = shared + 0.4 * rng.normal(size=(300, 10))
    found = compare_index_predictions(truth, shared, noisier, resamples=400).row()
    assert found["low"] > 0 and found["p_paired"] < 0.01
    same = compare_index_predictions(truth, shared, shared, resamples=50).row()
    assert (same["difference"], same["p_paired"], same["p_published"], same["p_equivalent"]) == (0, 1, 1, 0)


def test_changed_verdicts_count_both_directions():
    table = pd.DataFrame({"p_published": [0.01, 0.2, 0.2], "p_paired": [0.2, 0.01, 0.3]})
    assert changed_verdicts(table) == 2
    assert changed_verdicts(table.assign(p_delong=[0.2, 0.01, 0.01]), "p_delong", "p_paired") == 1


def test_the_interval_of_equivalence_stands_in_the_row():
    label = np.tile([0, 1], 60)
    score = label + np.random.default_rng(1).normal(size=120)
    row = compare_aucs(label, score, score + np.random.default_rng(2).normal(size=120)).row()
    assert row["low"] < row["low_90"] < row["difference"] < row["high_90"] < row["high"]
