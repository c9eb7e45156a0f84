"""Whose heart a movie shows, told by intervals: on movies made by hand."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from cardiacnets.experiments.diffusion import draw, movie_quality
from cardiacnets.models.cmr_autoencoder import VIEWS

PEOPLE = 24


@pytest.fixture
def run(monkeypatch):
    """Generated movies are the real ones smoothed."""
    rng = np.random.default_rng(0)
    real = rng.integers(20, 230, (PEOPLE, 2, 16, 16)).astype(np.uint8)
    smooth = (real.astype(float) + np.roll(real, 1, axis=-1) + np.roll(real, 1, axis=-2)) / 3
    kinds = {"real": real, "generated": smooth.astype(np.uint8)}
    read = rng.normal(100, 20, (PEOPLE, 82))
    readings = {"real": read, "generated": read + rng.normal(0, 2, read.shape), "truth": read}
    monkeypatch.setattr(movie_quality, "movies", lambda run, cohort, view, kind: kinds[kind])
    monkeypatch.setattr(movie_quality, "measured", lambda run, cohort: readings)
    return SimpleNamespace(profile=SimpleNamespace(resampling={"resamples": 200, "seed": 1}))


def test_closer_to_the_own_heart_is_counted_from_paired_differences(run):
    found = movie_quality.similarity(run, "ukb", movie_quality.own_similarity(run, "ukb"))
    rows = [(f"{view}_{kind}", value, value - 1, value + 1) for view in VIEWS
            for kind, value in (("generated", 15.0), ("real_halves", 5.0))]  # fmt: skip
    distances = pd.DataFrame(rows, columns=["comparison", "estimate", "low", "high"])
    told = movie_quality.closer_told(found, distances)
    assert "in 6 of 6 indices" in told and "above in 2 of 2 views" in told
    assert "3.0 times" in told and "can be told apart" in told
    alike = movie_quality.closer_told(found.assign(low=-1.0, high=1.0), distances.assign(low=0.0))
    assert "in 0 of 6 indices" in alike and "not shown to differ" in alike
    table = movie_quality.similarity_table(found)
    assert len(table) == 8 and (table["n"] == PEOPLE).all() and "own less stranger's" in table


def test_the_loss_stands_above_whole_epochs_and_beside_the_untrained():
    losses = {view: pd.Series([0.6, 0.5], index=[1, 2]) for view in VIEWS}
    (axis,) = draw.losses(losses, {"sax": 0.7, "lax": float("nan")}).figure.axes
    dotted = [line for line in axis.get_lines() if line.get_linestyle() == ":"]
    assert [line.get_ydata()[0] for line in dotted] == [0.7]
    assert all(tick == round(tick) for tick in axis.get_xticks())


def test_a_minus_stands_before_numbers_and_hyphens_stay():
    assert movie_quality.minus("end-diastolic -3 (-1 to 2)") == "end-diastolic −3 (−1 to 2)"
