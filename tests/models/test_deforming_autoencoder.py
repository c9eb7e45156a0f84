"""One vector a heart, drawn as a picture that is bent: sizes, what bending does, and that it learns."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from cardiacnets.digital_heart import simulate
from cardiacnets.experiments.diffusion.video_autoencoder import MOVED, moved, stage_of_cines
from cardiacnets.models.deforming_autoencoder import DeformingAutoencoder
from cardiacnets.models.diffusion import VideoDiffusion, build_autoencoder, load_pretrained_autoencoder
from cardiacnets.pretrained import SHIPPED, named_folder
from cardiacnets.profile import VideoTraining, load_profile
from cardiacnets.training import fit, from_pretrained

SMOKE = load_profile("smoke")
SIZES = replace(
    SMOKE.diffusion, pixels=24, lax_pixels=32, autoencoder="deforming", latent_channels=6, patch=4,
    vae_channels=(8, 8, 16), norm_groups=4,
)  # fmt: skip


def model() -> DeformingAutoencoder:
    torch.manual_seed(0)
    return build_autoencoder(SIZES).eval()


def test_both_views_go_to_one_vector_and_back():
    autoencoder = model()
    for side in (24, 32):
        cines = torch.rand(3, SIZES.frames, side, side)
        latents = autoencoder.encode(cines)
        assert latents.shape == (3, 6, 1, 1, 1)
        drawn = autoencoder.decode(latents, side)
        assert drawn.shape == cines.shape and 0 <= drawn.min() and drawn.max() <= 1


def test_a_picture_is_bent_by_so_many_pixels():
    draw = model().draw["24"]
    picture = torch.rand(1, 1, 24, 24)
    bend = torch.zeros(1, 2 * SIZES.frames, 12, 12)
    bend[:, 2] = 3.0  # the second frame fetches from three pixels to the right
    bend[:, 5] = -2.0  # the third from two pixels above
    frames = draw._bent(picture, bend)[0]
    assert torch.allclose(frames[0], picture[0, 0], atol=1e-5)
    assert torch.allclose(frames[1][:, :-3], picture[0, 0][:, 3:], atol=1e-5)
    assert torch.allclose(frames[2][2:], picture[0, 0][:-2], atol=1e-5)


def test_what_is_added_lies_where_a_pixel_shuffle_lays_it():
    draw = model().draw["24"]
    a, movie = draw.added_by, torch.rand(2, SIZES.frames, 24, 24)
    added = torch.rand(2, SIZES.frames * a * a, 24 // a, 24 // a)
    expected = movie + torch.nn.functional.pixel_shuffle(added, a)
    assert torch.equal(draw._add(movie.clone(), added), expected)


def test_it_learns_hearts_and_the_scale_is_measured(tmp_path):
    autoencoder = model()
    cines = {"sax": _still(32, 24), "lax": _still(32, 32)}
    settings = VideoTraining(epochs=30, batch=8, learning_rate=0.004, warmup_epochs=1)
    stage = stage_of_cines(autoencoder, cines, settings, seed=1)
    history = fit(stage, tmp_path / "state", progress=False).table()
    assert history["loss"].iloc[-1] < 0.5 * history["loss"].iloc[0]
    stage.finish(autoencoder)
    for view, side in (("sax", 24), ("lax", 32)):
        real = torch.from_numpy(cines[view]).float() / 255
        with torch.inference_mode():
            latents = autoencoder.encode(real)
            around = latents - latents.mean(0)
            error = (autoencoder.decode(latents, side) - real).square().mean()
        assert float(around.square().mean().sqrt()) == pytest.approx(1, abs=1e-3)
        assert error < 0.5 * (real - real.mean(0)).square().mean()


def _still(count: int, side: int) -> np.ndarray:
    """Bright discs of different sizes, alike in all frames."""
    radius = np.random.default_rng(side).uniform(0.15, 0.4, (count, 1, 1, 1)) * side
    y, x = np.mgrid[:side, :side] - side / 2 + 0.5
    disc = 200.0 / (1 + np.exp(np.hypot(x, y) - radius))
    return np.repeat(disc, SIZES.frames, axis=1).astype(np.uint8)


def test_cines_are_moved_alike_and_by_little():
    cines = torch.rand(2, 3, 12, 12)
    shifted = moved(cines, torch.Generator().manual_seed(3))
    found = [
        (down, right)
        for down in range(-MOVED, MOVED + 1)
        for right in range(-MOVED, MOVED + 1)
        if torch.equal(shifted[..., 4:-4, 4:-4], cines[..., 4 + down : 8 + down, 4 + right : 8 + right])
    ]
    assert len(found) == 1 and shifted.shape == cines.shape


def test_a_generator_draws_around_one_vector():
    profile = replace(SMOKE, diffusion=replace(
        SIZES, denoiser="residual", unet_channels=(16,), layers_per_block=2, prediction="flow",
        sampler="euler", start="mean_heart", guidance=1.0,
    ))  # fmt: skip
    for pixels in (24, 32):
        diffusion = VideoDiffusion(profile, 8, pixels=pixels).eval()
        assert diffusion.latent_shape() == (6, 1, 1, 1)
        tokens = torch.randn(2, *diffusion.condition.mean.shape)
        generator = torch.Generator().manual_seed(1)
        assert diffusion.sample(tokens, generator).shape == (2, SIZES.frames, pixels, pixels)


def test_impossible_sizes_are_refused():
    with pytest.raises(ValueError, match="three vae_channels, from fine to coarse"):
        build_autoencoder(replace(SIZES, vae_channels=(8, 8)))
    with pytest.raises(ValueError, match="a patch that 4 divides"):
        build_autoencoder(replace(SIZES, patch=6))
    with pytest.raises(ValueError, match="lax_pixels 30 is not a multiple of patch 4"):
        build_autoencoder(replace(SIZES, lax_pixels=30))
    with pytest.raises(ValueError, match="frames of 24 or 32 pixels"):
        model().encode(torch.rand(1, SIZES.frames, 40, 40))


# ---- the weights that ship


def test_the_shipped_weights_rebuild_hearts_they_have_not_seen():
    quick = load_profile("quick").diffusion
    autoencoder = build_autoencoder(quick).eval()
    load_pretrained_autoencoder(autoencoder)
    hearts = simulate(6, seed=77, frames=quick.frames)
    for cines in (hearts.sax, hearts.lax):
        real = torch.from_numpy(cines).float() / 255
        with torch.inference_mode():
            error = (autoencoder.decode(autoencoder.encode(real), real.shape[-1]) - real).square().mean()
        assert 1 - error / real.var() > 0.9  # noise of the pictures is in what is not explained


def test_the_shipped_folder_is_a_checkpoint_that_opens_as_its_card_says():
    folder = named_folder("simulated_hearts")
    assert folder.parent == SHIPPED
    card = (folder / "README.md").read_text()
    assert "python -m cardiacnets weights" in card and "seed 20261" in card
    (name,) = re.findall(r'from_pretrained\("(.+)"\)', card)
    assert isinstance(from_pretrained(name), DeformingAutoencoder)


def test_weights_of_another_profile_and_cut_files_are_one_line(tmp_path):
    quick = load_profile("quick").diffusion
    with pytest.raises(ValueError, match="hearts/model.safetensors does not fit the profile") as other:
        load_pretrained_autoencoder(build_autoencoder(replace(quick, latent_channels=8)))
    whole = (SHIPPED / "simulated_hearts/model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=f"{tmp_path}/model.safetensors: not whole weights") as cut:
        load_pretrained_autoencoder(build_autoencoder(replace(quick, pretrained_vae=str(tmp_path))))
    assert "\n" not in str(other.value) + str(cut.value)
