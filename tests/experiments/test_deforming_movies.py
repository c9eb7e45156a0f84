"""Chapter 04's chain with one vector a heart: trained here, drawn, and set beside its closed form."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from cardiacnets.cohorts.preprocessing import preprocess_cohort
from cardiacnets.cohorts.store import simulate_cohort
from cardiacnets.experiments.diffusion import (
    generate,
    guidance,
    guidance_strength,
    movie_quality,
    sharpness,
    video_autoencoder,
)
from cardiacnets.experiments.shared.stage import history
from cardiacnets.models import build
from cardiacnets.profile import load_profile
from cardiacnets.run import Run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Eighty people; the aligned encoder is one that has learned nothing."""
    smoke = load_profile("smoke")
    bent = replace(
        smoke.diffusion, pixels=40, lax_pixels=48, autoencoder="deforming", latent_channels=6, patch=4,
        vae_channels=(8, 8, 16), norm_groups=4, denoiser="residual", unet_channels=(16,), layers_per_block=2,
        prediction="flow", sampler="euler", sampling_steps=2, start="mean_heart", guidance=1.0,
        noise="shared", temperature=0.5, index_noise=0.0, generated=6, detail_channels=4,
    )  # fmt: skip
    profile = replace(
        smoke, diffusion=bent, cohorts=replace(smoke.cohorts, ukb=80),
        autoencoding=replace(smoke.autoencoding, epochs=2, batch=8),
    )  # fmt: skip
    run = Run(tmp_path_factory.mktemp("runs") / "bent", "bent", profile)
    simulate_cohort(run, "ukb", processes=1)
    preprocess_cohort(run, "ukb", processes=1, progress=False)
    torch.manual_seed(0)
    aligner = build("aligner", profile).eval()
    with pytest.MonkeyPatch.context() as patch:
        for module in (generate, guidance, guidance_strength):
            patch.setattr(module, "load_aligner", lambda run: aligner)
        run.fit_or_load(run.models / "aligned", {"seed": 0}, lambda folder: None)
        video_autoencoder.fit_video_autoencoder(run)
        for view in ("sax", "lax"):
            generate.fit_diffusion(run, view)
        generate.fit_noise(run)
        for view in ("sax", "lax"):
            generate.generate_movies(run, "ukb", view)
        yield run


def test_the_autoencoder_is_trained_and_movies_are_drawn_at_each_views_size(run):
    losses = history(run, "video_autoencoder")
    assert {"squared", "l1", "steps", "kl"} <= set(losses) and len(losses.dropna()) == 2
    for view, pixels in (("sax", 40), ("lax", 48)):
        movies = {kind: generate.movies(run, "ukb", view, kind) for kind in ("real", "generated")}
        assert movies["generated"].shape == movies["real"].shape == (6, 4, pixels, pixels)


def test_what_could_be_drawn_stands_beside_what_is(run):
    found = sharpness.sharpness(run, "ukb").set_index(["measure", "view", "kind"])
    for view in ("sax", "lax"):
        assert found.loc[("similarity", view, "noise-free"), "estimate"] > 0.6
        assert found.loc[("similarity", view, "components"), "n"] == 6
    assert "its closed form" in sharpness.sharp_told(found.reset_index())


def test_a_drawn_movie_has_detail_of_its_seed_thrown(run):
    people, model = guidance.validation_sample(run, 3), generate.load_diffusion(run, "sax")
    assert model.autoencoder.detail.patches.axes.abs().sum() > 0  # learned with the vectors
    settings = replace(run.profile.diffusion, temperature=0.0)

    def drawn(seed: int, detail: float) -> np.ndarray:
        chosen = replace(settings, detail=detail)
        return generate.sample_movies(model, people.tokens, chosen, seed).astype(float)

    plain = drawn(1, 0.0)
    np.testing.assert_array_equal(plain, drawn(2, 0.0))  # what is expected, and nothing else
    np.testing.assert_array_equal(drawn(1, 1.0), drawn(1, 1.0))
    first, second = drawn(1, 1.0) - plain, drawn(2, 1.0) - plain
    assert first.std() > 1 and abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.2
    assert (drawn(1, 0.3) - plain).std() < 0.6 * first.std()


def test_one_vector_looks_at_the_ecg_from_one_place(run):
    people, model = guidance.validation_sample(run, 3), generate.load_diffusion(run, "sax")
    maps = guidance.attention_maps(model, people.sax, people.tokens, seed=1)
    assert maps.shape[:4] == (3, 1, 1, 1)
    np.testing.assert_allclose(maps.sum(axis=(-2, -1)), 1, rtol=1e-4)


def test_without_guidance_the_same_movies_are_drawn_and_with_it_more_different_ones(run):
    generate.fit_cine_reader(run)
    generate.measure_movies(run, "ukb")
    folder = guidance_strength.draw_guided(run)
    read, plain = np.load(folder / "read.npy"), movie_quality.measured(run, "ukb")["generated"]
    assert read.shape == (len(guidance_strength.STRENGTHS), *plain.shape)
    np.testing.assert_allclose(read[0], plain, rtol=1e-4)
    spread = read.std(axis=1).mean(axis=1)
    assert (np.diff(spread) > 0).all()


def test_beside_weights_that_are_given_stands_a_moments_training(run, tmp_path):
    """The weights are those that this run has learned, as those of anybody's folder."""
    sizes = replace(run.profile.diffusion, pretrained_vae=str(run.models / "video_autoencoder"))
    given = Run(tmp_path / "given", "given", replace(run.profile, diffusion=sizes))
    for room in ("cohorts", "clean"):
        (given.root / room).parent.mkdir(parents=True, exist_ok=True)
        (given.root / room).symlink_to(run.root / room)
    for fit in (video_autoencoder.fit_video_autoencoder, video_autoencoder.fit_brief):
        fit(given)
    assert len(history(given, "video_autoencoder_brief").dropna()) == video_autoencoder.BRIEF_EPOCHS
    assert video_autoencoder.load_brief(given).detail is None
    real = generate.movies(run, "ukb", "sax", "real")
    twice = sharpness.rebuilt_twice(given, real)
    kept = sharpness.rebuilt_movies(video_autoencoder.load_video_autoencoder(run), real)
    assert np.array_equal(twice["given weights"], kept["rebuilt"])
    # this run's own training was as brief: from the same people it has learned the same vectors
    assert np.array_equal(twice["trained here"], kept["vector"])
