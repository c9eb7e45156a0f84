"""How sharp movies are, beside what noise leaves to be known: on movies made by hand."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from cardiacnets.digital_heart import simulate
from cardiacnets.digital_heart.redrawn import without_noise
from cardiacnets.experiments.diffusion import sharpness
from cardiacnets.models.diffusion import build_autoencoder, load_pretrained_autoencoder
from cardiacnets.profile import load_profile

PEOPLE = 24


@pytest.fixture
def run(monkeypatch):
    """Noise over hearts that are known; generated movies are the hearts smoothed, the autoencoder gives back
    what it gets.
    """
    rng = np.random.default_rng(0)
    heart = rng.integers(60, 190, (PEOPLE, 2, 16, 16))
    real = (heart + rng.integers(-25, 26, heart.shape)).astype(np.uint8)
    smooth = (heart.astype(float) + np.roll(heart, 1, axis=-1) + np.roll(heart, 1, axis=-2)) / 3
    kinds = {"real": real, "generated": smooth.astype(np.uint8)}
    free = {view: heart.astype(np.uint8) for view in ("sax", "lax")}
    monkeypatch.setattr(sharpness, "movies", lambda run, cohort, view, kind: kinds[kind])
    monkeypatch.setattr(sharpness, "load_video_autoencoder", lambda run: None)
    same = {"rebuilt": real, "vector": free["sax"]}  # no detail in the vector, and no noise
    grey = np.full_like(real, 120)
    monkeypatch.setattr(sharpness, "rebuilt_movies", lambda autoencoder, real: same)
    monkeypatch.setattr(sharpness, "load_brief", lambda run: None)
    monkeypatch.setattr(sharpness, "from_latents", lambda autoencoder, real: grey)
    poor = dict.fromkeys(free, grey)
    beside = {"components": poor, "noise-free": free}
    monkeypatch.setattr(sharpness, "_beside", lambda run, cohort, real: beside)
    given = SimpleNamespace(pretrained_vae="simulated_hearts")
    return SimpleNamespace(profile=SimpleNamespace(resampling={"resamples": 200, "seed": 1}, diffusion=given))


def test_generated_rebuilt_and_noise_free_movies_stand_beside_the_real_ones(run):
    found = sharpness.sharpness(run, "ukb").set_index(["measure", "view", "kind"])
    assert found.loc[("edges", "sax", "generated"), "high"] < 80
    assert found.loc[("edges", "lax", "rebuilt"), "estimate"] == pytest.approx(100)
    free = found.loc[("edges", "sax", "noise-free")]
    assert free["high"] < 100 and found.loc[("similarity", "sax", "noise-free"), "high"] < 1
    apart = found.loc[("similarity", "sax", "rebuilt-noise-free")]
    assert apart["low"] > 0  # what it gets has the noise, too
    told = sharpness.sharp_told(found.reset_index())
    assert "The movies are smoother than they could be: look at the size" in told
    assert "before the scanner's noise have" in told
    assert "within the goal of 0.02" in told and "like the real ones: more in the short axis view" in told
    table = sharpness.sharpness_table(found.reset_index())
    assert len(table) == 12 and (table["n"] == PEOPLE).all()


@pytest.mark.parametrize(
    ("ends", "said"),
    [([(0.2, 0.3)] * 2, "the given weights rebuild more of a heart."),
     ([(-0.3, -0.2)] * 2, "the given weights rebuild less."),
     ([(-0.1, 0.1)] * 2, "no difference is seen."), ([(0.2, 0.3), (-0.1, 0.1)], "the views disagree.")],
)  # fmt: skip
def test_what_given_weights_have_over_a_moments_training_is_said_by_the_intervals(run, ends, said):
    found = sharpness.sharpness(run, "ukb")
    place = found["kind"] == "vector-brief"
    assert (found.loc[place, "low"] > 0.2).all(), "one grey is no heart"
    found.loc[place, ["low", "high"]] = ends
    assert f"(short axis, four-chamber): {said}" in sharpness.sharp_told(found)


def test_an_autoencoder_that_is_trained_whole_has_none_beside_it(run):
    run.profile.diffusion.pretrained_vae = ""
    found = sharpness.sharpness(run, "ukb")
    assert not found["kind"].str.contains("brief").any()
    assert "from nothing" not in sharpness.sharp_told(found)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(-0.01, 0.0, "within the goal"), (-0.03, 0.0, "not shown to be met"), (-0.05, -0.03, "further off")],
)
def test_what_latents_cost_is_said_by_the_interval(run, low, high, said):
    found = sharpness.sharpness(run, "ukb")
    found.loc[found["kind"] == "rebuilt-noise-free", ["low", "high"]] = low, high
    assert said in sharpness.sharp_told(found)


def test_movies_as_sharp_as_noise_free_ones_are_not_called_smooth(run):
    found = sharpness.sharpness(run, "ukb")
    sharp = (found["measure"] == "edges") & (found["kind"] == "generated")
    found.loc[sharp, ["low", "high"]] = 90.0, 110.0
    assert "smoother" not in sharpness.sharp_told(found)


def test_real_people_have_no_noise_free_movie(run, monkeypatch):
    monkeypatch.setattr(sharpness, "_beside", lambda run, cohort, real: {})
    found = sharpness.sharpness(run, "ukb")
    assert set(found["kind"]) == {"generated", "rebuilt", "vector", "brief", "vector-brief"}
    lossy = (found["measure"] == "edges") & (found["kind"] == "rebuilt")
    found.loc[lossy, ["low", "high"]] = 50.0, 60.0
    assert sharpness.sharp_told(found).endswith("no ECG can bring back.")


def test_a_movie_is_rebuilt_with_its_detail_and_from_its_vector_alone():
    quick, hearts = load_profile("quick"), simulate(3, seed=5, frames=16)
    autoencoder = build_autoencoder(quick.diffusion).eval()
    load_pretrained_autoencoder(autoencoder)
    found = sharpness.rebuilt_movies(autoencoder, hearts.sax)
    assert list(found) == ["rebuilt", "vector"]
    left = [np.square(found[kind].astype(float) - hearts.sax).mean() for kind in found]
    assert left[0] < 0.8 * left[1]
    frames = build_autoencoder(replace(quick.diffusion, autoencoder="frames", vae_channels=(8, 8))).eval()
    assert list(sharpness.rebuilt_movies(frames, hearts.sax)) == ["rebuilt"]


def test_the_same_heart_without_noise_is_what_the_noise_is_scattered_around():
    stored = simulate(3, seed=5, frames=4)
    who = list(stored.covariates["participant_id"])
    free = without_noise(who, [0, 1, 2], "ukb", "enriched", 5, 4)
    for view in ("sax", "lax"):
        noise = getattr(stored, view).astype(float) - free[view]
        assert 2 < noise.std() < 15 and abs(noise.mean()) < 3
        assert np.abs(np.diff(free[view].astype(float))).mean() < 0.8 * np.abs(
            np.diff(getattr(stored, view).astype(float))
        ).mean()  # fmt: skip
    with pytest.raises(ValueError, match="participant 1 of ukb"):
        without_noise(who[:1], [1], "ukb", "enriched", 5, 4)
