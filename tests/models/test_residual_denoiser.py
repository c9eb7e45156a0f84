"""The denoiser of one resolution: it begins as nothing added, hears each clip's own ECG, and learns."""

from dataclasses import replace
from functools import partial

import pytest
import torch
from diffusers.models.attention_processor import AttnProcessor2_0

from cardiacnets.models.diffusion import VideoDiffusion, load_pretrained_unet
from cardiacnets.models.ecg_attention import EcgContext
from cardiacnets.models.residual_denoiser import ResidualDenoiser
from cardiacnets.profile import load_profile

SMOKE, WIDTH = load_profile("smoke"), 8
SHAPE = (6, 1, 5, 5)


def generator_of(**changed) -> VideoDiffusion:
    torch.manual_seed(0)
    sizes = replace(
        SMOKE.diffusion, pixels=40, autoencoder="patches", latent_channels=6, denoiser="residual",
        unet_channels=(16,), layers_per_block=4, prediction="flow", sampler="euler", start="mean_heart",
    )  # fmt: skip
    return VideoDiffusion(replace(SMOKE, diffusion=replace(sizes, **changed)), WIDTH)


def heard(network: ResidualDenoiser) -> ResidualDenoiser:
    """The same with all its silent layers speaking."""
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(0.1 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(1)))
    return network


def inputs(people: int = 3) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(2)
    noisy, ecg = (torch.randn(people, *rest, generator=draw) for rest in (SHAPE, (12, WIDTH)))
    return noisy, torch.tensor([1, 500, 999])[:people], ecg


def test_around_the_mean_heart_it_begins_as_nothing_added():
    model = generator_of()
    noisy, steps, _ = inputs()
    context = EcgContext(model.condition.absent(3))
    told = model.network(noisy, steps, None, cross_attention_kwargs={"context": context}).sample
    assert told.shape == noisy.shape and told.abs().max() == 0


@pytest.mark.parametrize("changed", ["noisy", "steps", "ecg"])
def test_what_a_clip_is_told_depends_on_its_own_latents_step_and_ecg_alone(changed):
    network = heard(ResidualDenoiser(SHAPE, 16, 4, WIDTH, 8, 8))
    given = dict(zip(("noisy", "steps", "ecg"), inputs(), strict=True))

    def told() -> torch.Tensor:
        context = {"context": EcgContext(given["ecg"])}
        return network(given["noisy"], given["steps"], None, cross_attention_kwargs=context).sample.detach()

    before = told()
    given[changed] = given[changed].clone()
    given[changed][1] += 7
    apart = (told() - before).flatten(1).abs().amax(1)
    assert apart[1] > 1e-3 and max(apart[0], apart[2]) < 1e-5


def test_on_a_grid_of_one_place_it_is_the_same_convolutions():
    network = heard(ResidualDenoiser((6, 1, 1, 1), 16, 4, WIDTH, 8, 2))
    noisy, steps, ecg = inputs()
    noisy, context = noisy[..., :1, :1], {"context": EcgContext(ecg)}
    with torch.inference_mode():
        told = network(noisy, steps, None, context).sample
        for layer in [each for each in network.modules() if isinstance(each, torch.nn.Conv2d)]:
            layer.forward = partial(torch.nn.Conv2d.forward, layer)
        assert torch.allclose(network(noisy, steps, None, context).sample, told, atol=1e-5)


def test_a_change_at_one_place_is_seen_at_all_others():
    """Of a grid of ten, more than the convolutions of one block reach: by the mean of all places."""
    network = heard(ResidualDenoiser((6, 1, 10, 10), 16, 1, WIDTH, 8, 8))
    noisy = torch.zeros(1, 6, 1, 10, 10)
    changed = noisy.clone()
    changed[..., 0, 0] = 3
    context = {"context": EcgContext(torch.zeros(1, 12, WIDTH))}
    near, far = (network(each, torch.tensor(5), None, context).sample for each in (noisy, changed))
    assert ((near - far).abs().amax((0, 1, 2)) > 0).all()


def test_each_place_looks_at_all_tokens():
    network, (noisy, steps, ecg) = heard(ResidualDenoiser(SHAPE, 16, 4, WIDTH, 8, 8)), inputs()
    context = EcgContext(ecg, watch=True)
    network(noisy, steps, None, {"context": context})
    assert len(context.seen) == 2
    for seen in context.seen.values():
        assert seen.shape == (3, 25, 12) and torch.allclose(seen.sum(-1), torch.ones(3, 25))


def test_the_librarys_own_attention_finds_the_same():
    """As benchmarks ask it, the ECG given as to any of the library's networks."""
    network, (noisy, steps, ecg) = heard(ResidualDenoiser(SHAPE, 16, 4, WIDTH, 8, 8)), inputs()
    ours = network(noisy, steps, ecg, {"context": EcgContext(ecg)}).sample
    network.set_attn_processor(AttnProcessor2_0())
    assert torch.allclose(network(noisy, steps, ecg).sample, ours, atol=1e-5)


def test_it_learns_what_its_start_cannot_tell():
    """One bright place a clip: a normal distribution takes all places for a little bright."""
    model, draw = generator_of(), torch.Generator().manual_seed(3)
    places = torch.nn.functional.one_hot(torch.randint(25, (256,), generator=draw), 25).view(256, 1, 1, 5, 5)
    latents = 5.0 * places.expand(256, *SHAPE)
    tokens = torch.randn(256, 36, WIDTH, generator=draw)
    model.condition.measure(tokens)
    model.mean_heart.fit(tokens, latents)
    optimiser = torch.optim.AdamW([*model.network.parameters(), *model.condition.parameters()], lr=2e-3)

    def asked() -> float:
        with torch.no_grad():
            return float(model(latents, tokens, torch.Generator().manual_seed(4))["loss"])

    before = asked()
    for _ in range(100):
        rows = torch.randint(256, (32,), generator=draw)
        optimiser.zero_grad()
        model(latents[rows], tokens[rows], draw)["loss"].backward()
        optimiser.step()
    assert asked() < 0.8 * before


def test_latents_of_several_frames_are_refused():
    with pytest.raises(ValueError, match="denoiser residual takes latents of one frame, not of 4"):
        generator_of(autoencoder="frames", start="noise")


def test_several_levels_are_refused():
    with pytest.raises(ValueError, match="denoiser residual has one level"):
        generator_of(unet_channels=(16, 32))


def test_weights_of_a_unet_are_refused():
    with pytest.raises(ValueError, match="denoiser residual is no U-Net"):
        load_pretrained_unet(generator_of(pretrained_unet="somewhere"))
