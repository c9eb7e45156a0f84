"""Heat maps beside the known cause, and adaptation by passes and seconds."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from cardiacnets.contracts import LEADS
from cardiacnets.digital_heart import simulate
from cardiacnets.digital_heart.redrawn import without_disease
from cardiacnets.experiments.downstream_tasks import convergence, draw_exhibits
from cardiacnets.experiments.downstream_tasks.heat_maps import (
    CaseHeat,
    largest_cells,
    most_confident,
    pointing,
    share_inside,
)


@pytest.fixture(scope="module")
def cohort():
    return simulate(24, seed=5, frames=1)


def test_a_person_is_drawn_again_as_stored_and_once_without_the_disease(cohort):
    ill = 0
    for number, person in enumerate(cohort.covariates["participant_id"]):
        pair = without_disease(person, number, "ukb", "enriched", 5)
        if pair is None:
            continue
        ill += 1
        np.testing.assert_allclose(pair[0], cohort.ecg[number], atol=2e-3)  # stored in whole microvolts
        assert np.abs(pair[1] - pair[0]).max() > 0.01
    assert 5 <= ill < 24, "an enriched cohort has many cases, and people without disease"


def test_without_a_disease_or_an_ecg_of_one_s_own_there_is_no_cause():
    limited = simulate(1, preset="information_limited", seed=5, frames=1)
    person = limited.covariates["participant_id"][0]
    assert without_disease(person, 0, "ukb", "information_limited", 5) is None


def test_a_wrong_number_is_named(cohort):
    person = cohort.covariates["participant_id"][1]
    with pytest.raises(ValueError, match=rf"participant 2 of ukb \(enriched, seed 5\) is not {person}"):
        without_disease(person, 2, "ukb", "enriched", 5)


def test_the_most_confident_case_is_a_case():
    assert most_confident(np.array([0.9, 0.2, 0.7, 0.1]), np.array([False, True, True, True])) == 2


def case(heat, changed=True):
    cells = np.zeros((12, 10), bool)
    cells[:, :2] = True
    return CaseHeat(
        "cm", np.zeros((12, 180)), {("aligned", "occlusion"): heat}, cells if changed else None, "x"
    )


def test_heat_is_told_in_multiples_of_chance():
    column = ("aligned", "occlusion")
    inside, even, coarse = np.zeros((12, 10)), np.ones((12, 10)), np.tile([1.0, 0, 0, 0, 0], (12, 1))
    inside[:, :2] = 1
    assert share_inside(case(inside), column) == pytest.approx(5)
    assert share_inside(case(even), column) == pytest.approx(1)
    assert share_inside(case(coarse), column) == pytest.approx(5)
    assert np.isnan(share_inside(case(np.zeros((12, 10))), column))
    assert np.isnan(share_inside(case(even, changed=False), column))
    assert pointing([case(inside), case(even)]) == "occlusion, aligned ECG: 1.0 to 5.0"
    assert pointing([case(even, changed=False)]) == pointing([]) == "not known in this run"


def test_the_largest_cells_are_the_asked_share():
    change = np.arange(120.0).reshape(12, 10)
    chosen = largest_cells(change, 0.2)
    assert chosen.sum() == 24 and change[chosen].min() > change[~chosen].max()


def test_the_cause_is_outlined_and_only_simulated_people_are_shown():
    known, unknown = case(np.ones((12, 10))), case(np.ones((12, 10)), changed=False)
    picture = draw_exhibits.heat_maps([known, unknown])
    outlined = [sum(patch.get_width() > 0 for patch in axis.patches) for axis in picture.figure.axes]
    assert outlined == [24, 0] and picture.content == "simulated"
    assert "not known for cardiomyopathy" in picture.caption
    assert [label.get_text() for label in picture.figure.axes[0].get_yticklabels()] == list(LEADS)


@pytest.fixture
def histories(monkeypatch):
    """Two trainings; the aligned encoder starts low, the second time not low enough."""
    falls = {("ecg", 1): [1.0, 0.8, 0.6], ("ecg", 2): [1.0, 0.9, 0.5], ("aligned", 1): [0.55, 0.7, 0.5],
             ("aligned", 2): [0.9, 0.7, 0.65]}  # fmt: skip

    def history(run, network):
        losses = falls[network]
        seconds = [np.nan, *[2.0] * (len(losses) - 1)]
        return pd.DataFrame({"validation": losses, "seconds": seconds})

    monkeypatch.setattr(convergence, "model_name", lambda key, arm, training: (arm, training))
    monkeypatch.setattr(convergence, "history", history)
    monkeypatch.setattr(convergence, "trainings_of", lambda profile, key: (1, 2))


def test_adaptation_counts_passes_and_seconds_and_keeps_the_best(histories):
    table = convergence.adaptation(SimpleNamespace(profile=None), ["ukb.cm"])
    aligned = table[(table["arm"] == "aligned") & (table["training"] == 1)]
    assert aligned["passes"].tolist() == [1, 4, 7] and aligned["seconds"].tolist() == [0, 2, 4]
    assert aligned["loss"].tolist() == [0.55, 0.55, 0.5]
    assert table[table["arm"] == "ecg"]["passes"].max() == 6
    said = convergence.seconds_to_goal(table, "ukb.cm")
    assert said == (
        "ECG-only network took 4.0 s (2 trainings); aligned ECG, after its probe, took 0.0 s "
        "(1 training, and never in 1)"
    )
    picture = draw_exhibits.adaptation(table)
    assert [len(axis.lines) for axis in picture.figure.axes] == [4, 4]
    assert "(2 of each, from left to right)" in picture.caption
