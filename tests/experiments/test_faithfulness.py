"""What arrives of the ECG in movies, and how their draws vary: on readings made by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cardiacnets.experiments.diffusion import faithfulness
from cardiacnets.phenotypes import INDEX_NAMES
from cardiacnets.profile import load_profile
from cardiacnets.run import Run
from cardiacnets.statistics import Estimate

PEOPLE, KNOWN = 600, 0.6


@pytest.fixture
def run(tmp_path):
    smoke = load_profile("smoke")
    return Run(tmp_path, "hand", replace(smoke, downstream=replace(smoke.downstream, bootstrap=50)))


@pytest.fixture
def hearts(monkeypatch):
    """Indices of which an ECG predicts r = .6; a draw has the rest from another heart, its twin from none."""
    generator = np.random.default_rng(1)
    told, own, other = generator.standard_normal((3, PEOPLE, 82))
    rest = np.sqrt(1 - KNOWN**2)
    truth, drawn, predicted = KNOWN * told + rest * own, KNOWN * told + rest * other, KNOWN * told
    readings = {"truth": truth, "generated": drawn, "real": truth}
    monkeypatch.setattr(faithfulness, "measured", lambda run, cohort: readings)
    monkeypatch.setattr(faithfulness, "linear_movies", lambda run, cohort, name: predicted)
    monkeypatch.setattr(faithfulness, "direct_indices", lambda run, cohort: predicted)
    return readings


def test_a_draw_that_varies_as_truth_does_carries_the_square(run, hearts):
    table = faithfulness.compare_with_direct(run, "ukb").set_index("way")
    assert table.loc["direct", "estimate"] == pytest.approx(KNOWN, abs=0.02)
    assert table.loc["generated", "estimate"] == pytest.approx(KNOWN**2, abs=0.02)
    assert table.loc["generated", "expected"] == pytest.approx(KNOWN**2, abs=0.02)
    assert table.loc["generated", "cycle"] == pytest.approx(KNOWN, abs=0.02)
    assert table.loc["twin", "share"] == pytest.approx(1)
    assert "start" not in table.index, "smoke starts from noise"
    shown = faithfulness.direct_table(table.reset_index()).set_index("read from")
    assert shown.loc["start, untrained", "mean r (95 % interval)"] == "not available"
    assert list(shown.index) == list(faithfulness.READ_FROM.values())
    short = Estimate.of(table.loc["generated"], "short")
    assert short.estimate == pytest.approx(KNOWN**2 - 0.9 * KNOWN, abs=0.02) and short.interval[1] < 0


@pytest.mark.parametrize(
    ("interval", "words"),
    [((0.1, 0.2), "reaches the goal"), ((-0.2, -0.1), "does not reach"), ((-0.1, 0.1), "cannot be told")],
)
def test_the_words_follow_the_interval(interval, words):
    told = faithfulness.share_told(Estimate(sum(interval) / 2, interval, 9, ""), 0.47)
    assert told.startswith("carries 47% of that") and words in told


@pytest.mark.parametrize(
    ("generated", "words"),
    [
        ((0.98, 0.97, 0.99), "no sign of realism"),
        ((0.5, 0.4, 0.6), "not yet one heart"),
        ((0.87, 0.8, 0.92), "cannot be told"),
        ((np.nan,) * 3, "cannot be judged"),
    ],
)
def test_views_that_agree_more_than_real_ones_are_no_praise(generated, words):
    rows = [("lv_edv", "real", 0.87, 0.82, 0.91, 160, ""), ("lv_edv", "generated", *generated, 160, "")]
    table = pd.DataFrame(rows, columns=["index_name", "kind", "estimate", "low", "high", "n", "method"])
    freely = load_profile("smoke").diffusion
    for damped in (replace(freely, temperature=0.3), replace(freely, index_noise=0.0)):
        assert words in (told := faithfulness.views_told(table, "lv_edv", damped))
        assert ("part of the noise" in told) == ("realism" in words)
    assert "part of the noise" not in faithfulness.views_told(table, "lv_edv", freely)


def test_what_the_views_have_in_common_is_told_by_the_profile():
    assert faithfulness.shared_told("own").endswith("share the ECG and nothing else")
    assert "noise that shares" in faithfulness.shared_told("shared")


@pytest.mark.parametrize(("spread", "words"), [(1.0, "in line with"), (0.01, "fewer than")])
def test_draws_that_vary_too_little_are_told(run, monkeypatch, spread, words):
    generator = np.random.default_rng(2)
    centre, real = generator.standard_normal((2, 200, 1, 82))
    read = centre + spread * generator.standard_normal((200, faithfulness.DRAWS, 82))
    everyone = (centre + real)[:, 0]
    monkeypatch.setattr(faithfulness, "measured", lambda run, cohort: {"real": everyone})
    folder = run.predictions / "generated.draws"

    def make(where):
        np.save(where / "read.npy", read.astype(np.float32))

    run.fit_or_load(folder, {"spread": spread}, make)
    table = faithfulness.diversity(run)
    row = table.set_index("index_name").loc["lv_edv"]
    assert row["within"] == pytest.approx(spread, rel=0.1)
    place = INDEX_NAMES.index("lv_edv")
    assert row["between"] == pytest.approx(everyone[:, place].std(ddof=1))
    assert words in faithfulness.variation_told(table, "lv_edv")
