"""What each reader achieves, and where the model's curve runs."""

import numpy as np
import pandas as pd
import pytest

from cardiacnets.experiments.reader_study import draw
from cardiacnets.experiments.reader_study import measures as m


@pytest.fixture
def readings():
    """Forty cases; "perfect" is always right with the movie, "blind" calls everyone diseased."""
    truth = np.repeat([0, 1], 20)
    half = np.where(np.arange(40) % 4 == 0, 1 - truth, truth)  # wrong in every fourth case
    told = {
        ("perfect", "senior", "ecg+generated"): truth,
        ("perfect", "senior", "ecg"): half,
        ("blind", "junior", "ecg"): np.ones(40, int),
        ("blind", "junior", "ecg+generated"): 1 - truth,
    }
    parts = [
        pd.DataFrame({"reader": reader, "experience": experience, "modality": modality, "case": range(40),
                      "truth": truth, "decision": decision, "rating": 5.0 + decision})
        for (reader, experience, modality), decision in told.items()
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def value(table, reader, modality, metric):
    rows = (table["reader"] == reader) & (table["modality"] == modality) & (table["metric"] == metric)
    return table[rows].iloc[0]


def test_each_number_has_its_own_n_or_says_why_not(readings):
    table = m.reader_measures(readings)
    assert set(table["metric"]) == {"auc", "sensitivity", "specificity", "ppv", "npv", "accuracy"}
    perfect = value(table, "perfect", "ecg", "sensitivity")
    assert (perfect["estimate"], perfect["n"]) == (0.75, 20) and perfect["low"] < 0.75 < perfect["high"]
    assert value(table, "perfect", "ecg", "accuracy")["estimate"] == 0.75
    assert value(table, "perfect", "ecg", "auc")["estimate"] == pytest.approx(0.75)
    blind = value(table, "blind", "ecg", "ppv")
    assert (blind["estimate"], blind["n"]) == (0.5, 40)
    assert value(table, "blind", "ecg", "npv")["why"] == "not estimable: no one is called healthy"
    wide = m.shown_measures(table)
    assert len(wide) == 4 and wide.columns.tolist()[:4] == ["reader", "experience", "display", "AUC"]
    assert (wide == "not estimable: no one is called healthy").sum().sum() == 1


def test_readers_are_held_against_the_curve_at_their_own_specificity(readings):
    truth = np.repeat([0, 1], 20)
    coin = np.tile(np.arange(20.0), 2)  # the curve is the diagonal
    points = m.points_in_plane(
        pd.concat([m.reader_measures(readings), m.model_measures(truth, coin, 10.0)], ignore_index=True)
    )
    assert m.beside_curve(points, truth, coin) == (
        "ECG + generated: 1 above, 1 below, 0 undecided of 2; ECG: 1 above, 0 below, 1 undecided of 2"
    )
    star = points[points["reader"] == m.MODEL].iloc[0]
    assert (star["sensitivity"], star["specificity"]) == (0.5, 0.5)
    picture = draw.plane(points, truth, coin, simulated=True)
    assert [axis.get_title() for axis in picture.figure.axes] == ["ECG", "ECG + generated"]
    assert "n = 40 cases, 20 of them diseased" in picture.caption


def test_a_set_without_the_disease_draws_no_point(readings):
    table = m.reader_measures(readings.assign(truth=0))
    assert m.points_in_plane(table).empty
    assert set(table[table["metric"] == "sensitivity"]["why"]) == {"not estimable: no one is diseased"}
