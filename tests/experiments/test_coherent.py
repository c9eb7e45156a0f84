"""One heart: what follows from volumes and rate is computed from them, whatever a network says."""

import numpy as np
import pandas as pd
import pytest

from cardiacnets.experiments.your_own_ecg.coherent import CHAMBERS, coherent, possible
from cardiacnets.experiments.your_own_ecg.explain import at_rate
from cardiacnets.experiments.your_own_ecg.tables import readable_indices, uninformed, widths_in_words
from cardiacnets.phenotypes import INDEX_NAMES

PLACE = {name: place for place, name in enumerate(INDEX_NAMES)}


def guesses(n=50, seed=0):
    """Eighty-two numbers of any sign for n people, and their heart rates."""
    rng = np.random.default_rng(seed)
    return 60 * rng.normal(size=(n, len(INDEX_NAMES))) + 20, rng.uniform(45, 110, n)


def test_output_is_stroke_volume_times_rate_and_ef_that_of_its_own_volumes():
    values, rates = guesses()
    found = coherent(values, rates)
    for chamber, (largest, smallest) in CHAMBERS.items():
        full, left = found[:, PLACE[largest]], found[:, PLACE[smallest]]
        assert found[:, PLACE[f"{chamber}_sv"]] == pytest.approx(np.maximum(full - left, 0))
        filled = full > 0
        share = 100 * found[filled, PLACE[f"{chamber}_sv"]] / full[filled]
        assert found[filled, PLACE[f"{chamber}_ef"]] == pytest.approx(share)
        assert np.isnan(found[~filled, PLACE[f"{chamber}_ef"]]).all()
    assert found[:, PLACE["lv_co"]] == pytest.approx(found[:, PLACE["lv_sv"]] * rates / 1000)


def test_nothing_impossible_is_said_and_strain_keeps_its_sign():
    values, rates = guesses()
    found, (least, largest) = coherent(values, rates), possible()
    seen = np.isfinite(found)
    assert (found >= least)[seen].all() and (found <= largest)[seen].all()
    strains = [place for name, place in PLACE.items() if name[:3] in ("ecc", "err", "ell")]
    assert len(strains) == 41 and (found[:, strains] == values[:, strains]).all()
    assert (values[:, PLACE["aao_distensibility"]] < 0).any()  # or the test could not fail


def test_made_twice_nothing_changes_and_what_came_in_is_kept():
    values, rates = guesses()
    before = values.copy()
    once = coherent(values, rates)
    assert (values == before).all()
    np.testing.assert_allclose(coherent(once, rates), once)
    np.testing.assert_allclose(coherent(values[3], rates[3]), once[3])


@pytest.mark.parametrize(("share", "expected"), [(0.5, 0.8), (0.01, 4 / 103), (0.001, 4 / 1003)])
def test_the_same_evidence_means_less_where_fewer_are_ill(share, expected):
    assert at_rate(0.8, share) == pytest.approx(expected)
    assert at_rate(0.0, share) == 0 and at_rate(1.0, share) == pytest.approx(1)


def test_a_table_of_indices_has_both_spans_and_counts_those_that_say_nothing():
    rows = pd.DataFrame({
        "label": ["Volume", "Strain"], "unit": ["ml", "%"], "estimate": [100.04, -20.0],
        "low": [60.0, -22.0], "high": [140.0, -18.0],
        "usual_low": [70.0, -25.0], "usual_high": [130.0, -15.0],
    })  # fmt: skip
    shown = readable_indices(rows)
    assert shown["index"].tolist() == ["Volume, ml", "Strain, %"]
    assert shown["estimate"].tolist() == [100.0, -20.0]
    assert shown["90 % interval"].tolist() == ["60.0 to 140.0", "−22.0 to −18.0"]
    assert shown["nine in ten of the cohort"].tolist() == ["70.0 to 130.0", "−25.0 to −15.0"]
    assert uninformed(rows) == 1
    assert widths_in_words(rows) == "40 to 133 %" and widths_in_words(rows[:1]) == "133 %"
    assert widths_in_words(rows.assign(low=np.nan)) == "not known to be"
