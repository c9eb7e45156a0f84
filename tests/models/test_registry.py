"""Every network can be built by name, at the study's sizes too, without allocating anything."""

from dataclasses import replace

import pytest
import torch
from diffusers import UNet3DConditionModel

from cardiacnets.models import KINDS, build
from cardiacnets.profile import load_profile, profile_names

OPTIONS = {"downstream": {"outputs": 82}, "cmr_downstream": {"outputs": 3}}


@pytest.mark.parametrize("profile", profile_names())
@pytest.mark.parametrize("kind", KINDS)
def test_every_network_builds_at_every_profile(kind, profile):
    with torch.device("meta"):
        model = build(kind, profile, **OPTIONS.get(kind, {}))
    assert all(parameter.is_meta for parameter in model.parameters())


def _paper(kind, **options):
    with torch.device("meta"):
        return build(kind, "paper", **options)


def _count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_ecg_encoder_is_a_vit_large_with_600_patches():
    encoder = _paper("ecg_encoder")
    width, depth, patches = 1024, 24, 600
    block = 12 * width**2 + 13 * width  # qkv, projection, MLP of 4 x width with biases, two norms
    embedding = (100 + 1) * width + (patches + 1) * width + width  # patches, positions, class token
    assert encoder.grid == (12, 50)
    assert _count(encoder) == depth * block + embedding + 2 * width == 303_031_296


def test_cmr_encoder_is_a_swin_base_with_50_channels():
    tower = _paper("cmr_autoencoder").towers["sax"]
    # timm's swin_base_patch4_window7_224 without its head has 86,743,224 parameters; 47 more input channels
    # of 4 x 4 pixels to 128 features come on top
    assert _count(tower.encoder.swin) == 86_743_224 + 47 * 16 * 128
    assert tower.encoder.grid == 7 and tower.encoder.width == 1024
    assert tower.pixels[1].out_features == 50 * 32 * 32


def test_generator_is_the_published_text_to_video_unet():
    model = _paper("diffusion")
    with torch.device("meta"):
        published = UNet3DConditionModel()  # the library's defaults are the published model's sizes
    assert _count(model.network) == _count(published) == 1_411_233_860
    assert _count(model.autoencoder.vae) == 83_653_863  # Stable Diffusion's, count of its published weights
    assert model.network.config.cross_attention_dim == 1024


def test_the_study_steps_on_the_meta_device():
    with torch.device("meta"):
        ecg, cine = torch.empty(2, 12, 5000), torch.empty(2, 50, 224, 224)
        assert _paper("ecg_encoder", covariates=15)(ecg, torch.empty(2, 15)).shape == (2, 1024)
        assert _paper("ecg_encoder").tokens(ecg).shape == (2, 600, 1024)
        assert _paper("cmr_autoencoder").encode(cine, "lax").shape == (2, 1024)
        diffusion = _paper("diffusion")
        latents = diffusion.encode(torch.empty(1, 50, 256, 256))
        assert latents.shape == (1, 4, 50, 32, 32)


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="unknown network 'vit': choose one of ecg_encoder, ecg_autoencoder"):
        build("vit", "smoke")
    smoke = load_profile("smoke")
    other = replace(smoke, ecg_encoder=replace(smoke.ecg_encoder, kind="lstm"))
    for kind in ("ecg_encoder", "ecg_autoencoder", "aligner"):
        with pytest.raises(ValueError, match="smoke: ecg_encoder.kind: 'lstm' is not one of transformer"):
            build(kind, other)
    with pytest.raises(ValueError, match="no profile 'large'"):
        build("ecg_encoder", "large")
