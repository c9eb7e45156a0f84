"""Generated movies beside the twin's: what is closer to the person's own heart is said to add, whatever the
measure's sign.
"""

from types import SimpleNamespace

import numpy as np
import pytest

from cardiacnets.experiments.diffusion import linear_movies
from cardiacnets.statistics import Estimate

PEOPLE = 30


@pytest.fixture
def stage(monkeypatch):
    """A run whose generated movies and readings are ``near`` the real ones, the twin's farther off."""
    generator = np.random.default_rng(0)
    real = generator.integers(60, 190, (PEOPLE, 2, 16, 16)).astype(np.uint8)
    truth = generator.normal(100, 20, (PEOPLE, 82))

    def blurred(amount):
        return (real + generator.normal(0, amount, real.shape)).round().clip(0, 255).astype(np.uint8)

    def read(amount):
        return truth + generator.normal(0, amount, truth.shape)

    arms = {"near": (blurred(2), read(2)), "far": (blurred(60), read(60))}

    def set_up(network, twin):
        kinds = {"generated": arms[network][0], "real": real}
        found = {"sax": arms[twin][0], "lax": arms[twin][0], "indices": arms[twin][1]}
        readings = {"generated": arms[network][1], "real": truth, "truth": truth}
        monkeypatch.setattr(linear_movies, "movies", lambda run, cohort, view, kind: kinds[kind])
        monkeypatch.setattr(linear_movies, "linear_movies", lambda run, cohort, name: found[name])
        monkeypatch.setattr(linear_movies, "measured", lambda run, cohort: readings)
        profile = SimpleNamespace(resampling={"resamples": 200, "seed": 1})
        return linear_movies.beside_twin(SimpleNamespace(profile=profile), "ukb")

    return set_up


@pytest.mark.parametrize(
    ("network", "twin", "word"),
    [
        ("near", "far", "adds (one training)"),
        ("far", "near", "worse (one training)"),
        ("near", "near", "nothing seen"),
    ],
)
def test_every_measure_says_who_is_closer_to_the_own_heart(stage, network, twin, word):
    found = stage(network, twin)
    assert list(found["measure"]) == list(linear_movies.MEASURES)
    assert set(found["depth"]) == {word} and (found["n"] == PEOPLE).all()
    for row in found.itertuples():
        gain = Estimate.of(row)
        assert gain.interval[0] <= gain.estimate <= gain.interval[1]


def test_two_runs_of_roles_differ_by_the_sign_alone(stage):
    one, other = stage("near", "far"), stage("far", "near")
    np.testing.assert_allclose(one["estimate"], -other["estimate"], atol=1e-6)


def test_the_page_names_measures_units_and_intervals(stage):
    shown = linear_movies.readable(stage("near", "far"))
    assert list(shown["measure"]) == list(linear_movies.MEASURES.values())
    assert shown.loc[3, "what depth adds (95 % interval)"].endswith("%")
    assert shown.loc[4, "linear twin (95 % interval)"].endswith("ml")
