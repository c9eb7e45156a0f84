"""Chapter 04's chain with patches, a flow and the mean heart, both views at sizes of their own."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from diffusers.models.attention_processor import AttnProcessor2_0

from cardiacnets.cohorts.preprocessing import open_clean, preprocess_cohort
from cardiacnets.cohorts.store import open_cohort, simulate_cohort
from cardiacnets.experiments.diffusion import cine_reader, generate, guidance, video_autoencoder
from cardiacnets.models import build
from cardiacnets.models.ecg_attention import EcgContext
from cardiacnets.models.patch_autoencoder import PatchAutoencoder
from cardiacnets.profile import load_profile
from cardiacnets.run import REPOSITORY, Run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Eighty people; the aligned encoder is one that has learned nothing."""
    smoke = load_profile("smoke")
    patched = replace(
        smoke.diffusion, pixels=40, lax_pixels=48, autoencoder="patches", latent_channels=6,
        prediction="flow", sampler="euler", sampling_steps=2, start="mean_heart", guidance=1.0, generated=4,
    )  # fmt: skip
    profile = replace(smoke, diffusion=patched, cohorts=replace(smoke.cohorts, ukb=80))
    run = Run(tmp_path_factory.mktemp("runs") / "patched", "patched", profile)
    simulate_cohort(run, "ukb", processes=1)
    preprocess_cohort(run, "ukb", processes=1, progress=False)
    return run


@pytest.fixture(scope="module", autouse=True)
def untrained(run):
    torch.manual_seed(0)
    aligner = build("aligner", run.profile).eval()
    with pytest.MonkeyPatch.context() as patch:
        for module in (generate, guidance):
            patch.setattr(module, "load_aligner", lambda run: aligner)
        run.fit_or_load(run.models / "aligned", {"seed": 0}, lambda folder: None)
        video_autoencoder.fit_video_autoencoder(run)
        for view in ("sax", "lax"):
            generate.fit_diffusion(run, view)
        yield


def with_diffusion(run, **changed):
    return replace(run, profile=replace(run.profile, diffusion=replace(run.profile.diffusion, **changed)))


def test_movies_are_drawn_at_each_views_size(run):
    for view, pixels in (("sax", 40), ("lax", 48)):
        generate.generate_movies(run, "ukb", view)
        movies = {kind: generate.movies(run, "ukb", view, kind) for kind in ("real", "generated")}
        assert movies["generated"].shape == movies["real"].shape == (4, 4, pixels, pixels)
        assert movies["generated"].std() > 10


def test_views_that_share_noise_draw_what_components_of_training_hearts_share(run):
    """The first view is drawn as before; the second follows its noise, and both repeat by seed."""
    sharing = with_diffusion(run, noise="shared")
    tokens = torch.randn(20, 36, run.profile.ecg_encoder.width, generator=torch.Generator().manual_seed(1))
    with pytest.raises(ValueError, match="noise does not exist yet: chapter 04"):
        generate.draw_movies(sharing, "lax", tokens, seed=3)
    generate.fit_noise(sharing)
    found = generate.open_noise(sharing).shared
    assert len(found.shared) and (found.shared > 0.3).all()
    sax, lax = (generate.draw_movies(sharing, view, tokens, seed=3) for view in ("sax", "lax"))
    assert np.array_equal(sax, generate.draw_movies(run, "sax", tokens, seed=3))
    assert not np.array_equal(lax, generate.draw_movies(run, "lax", tokens, seed=3))
    assert np.array_equal(lax, generate.draw_movies(sharing, "lax", tokens, seed=3))
    still = with_diffusion(sharing, temperature=0.0)
    still = [generate.draw_movies(still, "lax", tokens, seed) for seed in (3, 4)]
    assert np.array_equal(*still) and not np.array_equal(still[0], lax)
    file = run.models / "noise" / "noise.safetensors"
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(ValueError, match=f"{file}: not whole") as cut:
        generate.draw_movies(sharing, "lax", tokens, seed=3)
    assert "\n" not in str(cut.value)


def test_noise_without_what_indices_follow_leaves_the_rest_as_it_was(run):
    """Freely drawn movies have all of it; with a share of 0, draws differ off the directions only."""
    steady = with_diffusion(run, index_noise=0.0)
    shutil.rmtree(run.models / "noise", ignore_errors=True)  # another test damages it
    generate.fit_noise(steady)
    tokens = torch.randn(6, 36, run.profile.ecg_encoder.width, generator=torch.Generator().manual_seed(1))
    for view in ("sax", "lax"):
        axes = generate.open_noise(steady).indices[view].axes
        models = {name: generate.load_diffusion(steady, name) for name in ("sax", "lax")}
        known, each = generate.open_noise(steady), (steady.profile.diffusion, run.profile.diffusion)
        damped, whole = (
            generate.starting_noise(models, known, settings, view, tokens, seed=3).flatten(1)
            for settings in each
        )
        assert (damped @ axes.T).abs().max() < 1e-4 < (whole @ axes.T).abs().mean()
        assert torch.allclose(damped, whole - whole @ axes.T @ axes, atol=1e-4)
    assert not np.array_equal(*(generate.draw_movies(each, "sax", tokens, seed=3) for each in (run, steady)))
    free = generate.draw_movies(
        steady, "sax", tokens, seed=3, settings=generate.freely(steady.profile.diffusion)
    )
    assert np.array_equal(free, generate.draw_movies(run, "sax", tokens, seed=3))


def test_ways_to_draw_stand_in_one_table_after_equal_training(run, monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(REPOSITORY / "benchmarks"))
    import equal_training

    few = [replace(way, steps=min(way.steps, 2)) for way in equal_training.WAYS]
    monkeypatch.setattr(equal_training, "WAYS", few)
    monkeypatch.setattr(equal_training, "load_aligner", generate.load_aligner)
    table = equal_training.equal_training(run, steps=2, people=8, resamples=20).set_index("way")
    asked = len(open_clean(run, "ukb").rows("validation")[:8])
    assert len(table) == 9 and (table["n"] == asked).all() and (table["seconds"] > 0).all()
    assert table["ssim"].between(0, 1).all() and (table["frechet"] > 0).all()
    low, high = zip(*table["r_interval"], strict=True)
    assert (table["r"] >= low).all() and (table["r"] <= high).all()
    # after two steps the network has hardly left its start, and no other way is near a heart
    names = "mean heart, no network", "flow from the mean heart"
    start, after = (table.loc[name, "ssim"] for name in names)
    assert after == pytest.approx(start, abs=0.1) and start > table.loc["flow from noise", "ssim"] + 0.05
    told = equal_training.shown(table.reset_index()).splitlines()
    assert len(told) == 10 and told[1].startswith("as published: U-Net, DDIM, two passes, 2")


def test_fine_movies_come_from_the_stored_cohort(run):
    clean, stored = open_clean(run, "ukb"), open_cohort(run, "ukb")
    assert clean.sax.shape[-1] == 32 and stored.sax.shape[-1] == 80
    fine = cine_reader.diffusion_cines(run, clean, "sax", np.array([3]))
    coarse = cine_reader.resize_cine(clean.sax[3:4], 4, 40)
    straight = cine_reader.resize_cine(stored.sax[3:4], 4, 40)
    assert np.array_equal(fine, straight) and not np.array_equal(fine, coarse)


def test_it_is_heard_and_watched(run):
    heard = guidance.listening(run, "lax")
    assert set(heard["told"]) == {"own", "stranger", "none"} and (heard["error"] > 0).all()
    people = guidance.validation_sample(run, 3)
    model = generate.load_diffusion(run, "sax")
    assert isinstance(model.autoencoder, PatchAutoencoder)
    maps = guidance.attention_maps(model, people.sax, people.tokens, seed=1)
    places, across = guidance.moving_gaze(maps)
    assert maps.shape[:4] == (3, 1, 5, 5) and places.shape == (5, 5) and across == "person to person"


def test_a_unet_of_one_frame_takes_latents_and_context_as_any_other(run):
    """As benchmarks ask it, with the library's own attention in place of ours."""
    model = generate.load_diffusion(run, "sax")
    latents = torch.randn(2, *model.latent_shape(), generator=torch.Generator().manual_seed(0))
    context = model.condition.absent(2)
    steps = torch.tensor([3, 4])
    heard = {"context": EcgContext(context)}
    ours = model.network(latents, steps, context, cross_attention_kwargs=heard).sample
    model.network.set_attn_processor(AttnProcessor2_0())
    theirs = model.network(latents, steps, context).sample
    assert ours.shape == latents.shape and torch.allclose(ours, theirs, atol=1e-5)
