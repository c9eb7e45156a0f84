"""The video diffusion: its loss, its samplers, guidance, and weights from folders."""

from dataclasses import replace

import pytest
import torch

from cardiacnets.models import build
from cardiacnets.models.diffusion import VideoDiffusion, load_pretrained_autoencoder, load_pretrained_unet
from cardiacnets.models.ecg_attention import EcgContext
from cardiacnets.models.ecg_condition import EcgCondition
from cardiacnets.models.noising import LATENT_RANGE, noise_scheduler
from cardiacnets.profile import load_profile

PROFILE = load_profile("smoke")
SIZES = PROFILE.diffusion
WIDTH = PROFILE.ecg_encoder.width
LATENTS = (3, SIZES.latent_channels, SIZES.frames, 4, 4)


@pytest.fixture(scope="module")
def diffusion():
    torch.manual_seed(0)
    return build("diffusion", PROFILE).eval()


def _generator(seed=1):
    return torch.Generator().manual_seed(seed)


def _tokens(seed=2):
    return torch.randn(3, 36, WIDTH, generator=_generator(seed))


def _with(**changes):
    return replace(PROFILE, diffusion=replace(SIZES, **changes))


def test_betas_are_the_papers():
    scheduler = noise_scheduler(SIZES, "ddim")
    assert torch.allclose(scheduler.betas, torch.linspace(1e-4, 0.02, 1000))
    with pytest.raises(ValueError, match="choose ddim or dpm_solver"):
        noise_scheduler(SIZES, "euler")


@pytest.mark.parametrize("prediction", ["epsilon", "velocity"])
def test_the_loss_is_the_formula(prediction):
    torch.manual_seed(0)
    model = VideoDiffusion(_with(condition_dropout=0.0, prediction=prediction), WIDTH).eval()
    latents, tokens, generator = torch.randn(LATENTS, generator=_generator(3)), _tokens(), _generator()
    loss = model(latents, tokens, _generator())["loss"]
    noise = torch.randn(LATENTS, generator=generator)
    steps = torch.randint(1000, (3,), generator=generator)
    kept = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000), 0)[steps].view(-1, 1, 1, 1, 1)
    noisy = kept.sqrt() * latents + (1 - kept).sqrt() * noise
    told = model.denoise(noisy, steps, EcgContext(model.condition(tokens)))
    target = noise if prediction == "epsilon" else kept.sqrt() * noise - (1 - kept).sqrt() * latents
    assert loss.item() == pytest.approx(((told - target) ** 2).mean().item(), rel=1e-5)


@pytest.mark.parametrize(("dropout", "matters"), [(0.0, True), (1.0, False)])
def test_a_hidden_ecg_has_no_influence(dropout, matters):
    torch.manual_seed(0)
    model = VideoDiffusion(_with(condition_dropout=dropout), WIDTH).eval()
    latents = torch.randn(LATENTS, generator=_generator(3))
    first, second = (model(latents, _tokens(seed), _generator())["loss"].item() for seed in (2, 5))
    assert (first != second) == matters


def test_part_of_the_batch_is_hidden(diffusion):
    context = []
    denoise = diffusion.denoise
    diffusion.denoise = lambda noisy, steps, ecg, _: context.append(ecg.tokens) or denoise(noisy, steps, ecg)
    latents = torch.zeros(64, *LATENTS[1:])
    diffusion(latents, torch.randn(64, 36, WIDTH), _generator())
    del diffusion.denoise
    hidden = (context[0] == diffusion.condition.null).all(-1).all(-1).sum().item()
    # binomial(64, .1): mean 6.4, standard deviation 2.4
    assert 1 <= hidden <= 14


@pytest.mark.parametrize("sampler", ["ddim", "dpm_solver"])
@pytest.mark.parametrize("prediction", ["epsilon", "velocity"])
@pytest.mark.parametrize("steps", [4, 20])
def test_a_perfect_denoiser_leads_back_to_the_cine(sampler, prediction, steps):
    torch.manual_seed(0)
    diffusion = VideoDiffusion(_with(prediction=prediction), WIDTH).eval()
    truth = torch.randn(LATENTS, generator=_generator(7))
    scheduler = noise_scheduler(SIZES, "ddim")

    def perfect(noisy, step, ecg):
        kept = scheduler.alphas_cumprod[step]
        target = truth if len(noisy) == len(truth) else torch.cat([truth, truth])
        noise = (noisy - kept.sqrt() * target) / (1 - kept).sqrt()
        return noise if prediction == "epsilon" else kept.sqrt() * noise - (1 - kept).sqrt() * target

    diffusion.denoise, diffusion.decode = perfect, lambda latents: latents
    found = diffusion.sample(_tokens(), _generator(), steps=steps, sampler=sampler)
    # the last of the trailing steps ends at the first training step's noise, beta = 1e-4, a spread of .01
    assert (found - truth).abs().max() < 0.06


def _flow(**changes):
    return _with(prediction="flow", sampler="euler", **changes)


def test_the_loss_of_a_flow_is_the_formula():
    torch.manual_seed(0)
    model = VideoDiffusion(_flow(condition_dropout=0.0), WIDTH).eval()
    latents, tokens, generator = torch.randn(LATENTS, generator=_generator(3)), _tokens(), _generator()
    loss = model(latents, tokens, _generator())["loss"]
    noise = torch.randn(LATENTS, generator=generator)
    steps = torch.randint(1000, (3,), generator=generator)
    time = ((steps + 1) / 1000).view(-1, 1, 1, 1, 1)
    told = model.denoise((1 - time) * latents + time * noise, steps, EcgContext(model.condition(tokens)))
    assert loss.item() == pytest.approx(((told - (noise - latents)) ** 2).mean().item(), rel=1e-5)


@pytest.mark.parametrize("steps", [1, 8])
def test_a_straight_way_is_walked_back_in_any_number_of_steps(steps):
    model = VideoDiffusion(_flow(), WIDTH).eval()
    truth, seen = torch.randn(LATENTS, generator=_generator(7)), []

    def perfect(noisy, step, ecg):
        seen.append(int(step))
        time = (step + 1) / 1000
        target = truth if len(noisy) == len(truth) else torch.cat([truth, truth])
        return (noisy - target) / time

    model.denoise, model.decode = perfect, lambda latents: latents
    found = model.sample(_tokens(), _generator(), steps=steps)
    assert torch.allclose(found, truth, atol=1e-4)
    assert seen == [round(1000 * (1 - step / steps)) - 1 for step in range(steps)]


def test_a_sampler_that_cannot_undo_what_is_told_is_refused():
    with pytest.raises(ValueError, match="sampler ddim cannot undo prediction flow: choose euler"):
        VideoDiffusion(_with(prediction="flow"), WIDTH)
    with pytest.raises(ValueError, match="start mean_heart needs prediction flow, found velocity"):
        VideoDiffusion(_with(start="mean_heart"), WIDTH)
    with pytest.raises(ValueError, match="euler cannot undo prediction velocity: choose ddim or dpm_solver"):
        VideoDiffusion(_with(sampler="euler"), WIDTH)


def test_around_the_mean_heart_only_the_rest_is_drawn():
    model = VideoDiffusion(_flow(start="mean_heart"), WIDTH).eval()
    generator = _generator(4)
    tokens = torch.randn(200, 36, WIDTH, generator=generator)
    effect = torch.randn(WIDTH, torch.Size(LATENTS[1:]).numel(), generator=generator)
    latents = (tokens.mean(1) @ effect + 3).unflatten(1, LATENTS[1:])
    model.mean_heart.fit(tokens, latents)
    assert model.rest(latents, tokens).abs().mean() < 0.05 * latents.std()
    everyone = latents.mean(0)
    assert torch.allclose(model.rest(latents, None), latents - everyone, atol=1e-4)
    assert VideoDiffusion(_flow(start="mean_heart"), WIDTH).network.conv_out.weight.abs().max() == 0
    for open_still in (model.mean_heart.variance, model.mean_heart.left):
        open_still.zero_()  # the rest is nothing
    model.decode = lambda drawn: drawn
    drawn = model.sample(tokens[:3], _generator(), guidance=1.0)
    assert torch.allclose(drawn, model.mean_heart(tokens[:3]), atol=1e-4)


@pytest.mark.parametrize("steps", [1, 8])
def test_before_it_learns_it_draws_hearts_of_the_right_mean_and_spread(steps):
    """Hearts of three components around a mean: drawn by the linear start alone, as they are distributed, in
    however few steps.
    """
    generator, shape = _generator(5), LATENTS[1:]
    axes = torch.linalg.qr(torch.randn(torch.Size(shape).numel(), 3, generator=generator)).Q.T
    spread = torch.tensor([8.0, 4.0, 2.0])
    hearts = (torch.randn(2000, 3, generator=generator) * spread) @ axes + 1
    tokens = torch.randn(2000, 36, WIDTH, generator=generator)  # tell nothing
    model = VideoDiffusion(_flow(start="mean_heart"), WIDTH).eval()
    model.mean_heart.fit(tokens, hearts.unflatten(1, shape))
    model.decode = lambda drawn: drawn
    drawn = model.sample(tokens[:500], _generator(6), steps=steps, guidance=1.0).flatten(1)
    scores = (drawn - 1) @ axes.T
    assert torch.allclose(scores.std(0), spread, rtol=0.1)
    assert (drawn - 1 - scores @ axes).std() < 0.05  # nothing beside these components
    assert (scores.mean(0).abs() < 4 * spread / 500**0.5).all()


def test_what_the_line_tells_is_walked_exactly_and_what_the_network_adds_in_steps():
    """Against a thousand of Euler's steps along all that is told."""
    model = VideoDiffusion(_flow(start="mean_heart"), WIDTH).eval()
    tokens = torch.randn(300, 36, WIDTH, generator=_generator(2))
    hearts = torch.randn(300, *LATENTS[1:], generator=_generator(3)).cumsum(-1)
    model.mean_heart.fit(tokens, hearts)
    model.told_by_network = lambda noisy, step, ecg: 0.3 * torch.sin(noisy)
    model.decode = lambda drawn: drawn
    few = model.sample(tokens[:3], _generator(), steps=100, guidance=1.0)
    noisy, ecg = model.first_noise(3, _generator(), torch.device("cpu")), EcgContext(None)
    for step in range(1000):
        noisy = noisy - model.denoise(noisy, torch.tensor(999 - step), ecg) / 1000
    many = noisy + model.mean_heart(tokens[:3])
    assert (few - many).abs().max() < 0.03 < (many - model.mean_heart(tokens[:3])).std()


@pytest.mark.parametrize(("temperature", "spread"), [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0)])
def test_temperature_is_the_spread_of_what_is_drawn_around_the_mean_heart(temperature, spread):
    generator = _generator(8)
    tokens = torch.randn(64, 36, WIDTH, generator=generator)
    model = VideoDiffusion(_flow(start="mean_heart", temperature=temperature), WIDTH).eval()
    model.decode = lambda drawn: drawn
    rest = model.sample(tokens, _generator()) - model.mean_heart(tokens)
    assert rest.std().item() == pytest.approx(spread, abs=0.03)


@pytest.mark.parametrize("guidance", [0.0, 1.0, 1.5])
def test_around_the_mean_heart_guidance_is_the_distance_from_everyones_mean(guidance):
    model = VideoDiffusion(_flow(start="mean_heart"), WIDTH).eval()
    tokens = torch.randn(64, 36, WIDTH, generator=_generator(2))
    effect = torch.randn(WIDTH, torch.Size(LATENTS[1:]).numel(), generator=_generator(3))
    model.mean_heart.fit(tokens, (tokens.mean(1) @ effect + 3).unflatten(1, LATENTS[1:]))
    model.decode = lambda drawn: drawn
    everyone, expected = model.mean_heart(None), model.mean_heart(tokens[:3])
    drawn = model.sample(tokens[:3], _generator(), guidance=guidance, temperature=0.0)
    assert (expected - everyone).abs().max() > 0.1
    assert torch.allclose(drawn - everyone, guidance * (expected - everyone), atol=1e-5)


@pytest.mark.parametrize(("start", "amplitude"), [("noise", 0.3), ("mean_heart", 1.0)])
def test_around_the_mean_heart_a_network_is_asked_about_all_the_noise(start, amplitude):
    """It has learned from no other: only where drawing starts at noise is there less of it."""
    model, asked = VideoDiffusion(_flow(start=start, temperature=0.3), WIDTH).eval(), []
    model.told_by_network = lambda noisy, step, ecg: asked.append(noisy) or torch.zeros_like(noisy)
    model.sample(_tokens(), _generator(), guidance=1.0)
    noise = model.first_noise(len(_tokens()), _generator(), torch.device("cpu"))
    assert torch.equal(asked[0], amplitude * noise)


def test_noise_that_is_given_is_where_drawing_starts(diffusion):
    noise = diffusion.first_noise(3, _generator(), torch.device("cpu"))
    given = diffusion.sample(_tokens(), _generator(9), steps=2, noise=noise)
    assert torch.equal(given, diffusion.sample(_tokens(), _generator(), steps=2))
    with pytest.raises(ValueError, match=r"noise must be \(3, 4, 4, 4, 4\), found \(2, 4, 4, 4, 4\)"):
        diffusion.sample(_tokens(), noise=noise[:2])
    for below in (-0.1, float("nan")):
        with pytest.raises(ValueError, match="is not 0 .* or above"):
            diffusion.sample(_tokens(), temperature=below)


def test_noise_that_is_known_needs_a_mean_heart():
    with pytest.raises(ValueError, match="index_noise below 1 needs start mean_heart, found noise"):
        VideoDiffusion(_with(index_noise=0.5), WIDTH)
    with pytest.raises(ValueError, match="noise shared needs start mean_heart, found noise"):
        VideoDiffusion(_with(noise="shared"), WIDTH)


def test_faults_of_latents_and_guidance_are_one_line(diffusion):
    with pytest.raises(ValueError, match=r"latents must be \(B, 4, 4, 4, 4\), found \(3, 4, 1, 4, 4\)"):
        diffusion(torch.zeros(3, 4, 1, 4, 4), _tokens())
    damaged = torch.zeros(LATENTS)
    damaged[1, 0, 0, 0, 0] = float("nan")
    with pytest.raises(ValueError, match="NaN or infinity, first in clip 1 of the batch"):
        diffusion(damaged, _tokens())
    with pytest.raises(ValueError, match="guidance -1 is below 0"):
        diffusion.sample(_tokens(), guidance=-1)


def test_weights_that_draw_nan_are_named():
    model = VideoDiffusion(PROFILE, WIDTH).eval()
    with torch.no_grad():
        model.network.conv_out.weight.fill_(float("nan"))
    with pytest.raises(ValueError, match="its weights are damaged, train it again"):
        model.sample(_tokens(), _generator(), steps=2)


def test_one_batched_pass_equals_two(diffusion):
    """Guided DDIM written out with two passes a step and nothing kept."""
    tokens, guidance, steps = _tokens(), 3.0, 3
    found = diffusion.sample(tokens, _generator(), steps=steps, guidance=guidance, sampler="ddim")
    scheduler = noise_scheduler(SIZES, "ddim")
    scheduler.set_timesteps(steps)
    latents = torch.randn(LATENTS, generator=_generator())
    with torch.no_grad():
        context, absent = diffusion.condition(tokens), diffusion.condition.absent(len(tokens))
        for step in scheduler.timesteps:
            with_ecg = diffusion.denoise(latents, step, EcgContext(context))
            without = diffusion.denoise(latents, step, EcgContext(absent))
            noise = without + guidance * (with_ecg - without)
            latents = scheduler.step(noise, step, latents).prev_sample
        expected = diffusion.decode(latents)
    assert torch.allclose(found, expected, atol=1e-4)


def test_movies_repeat_with_the_generator_and_follow_the_ecg(diffusion):
    first, again, other = (
        diffusion.sample(tokens, _generator(), guidance=1.0) for tokens in (_tokens(), _tokens(), _tokens(5))
    )
    assert first.shape == (3, SIZES.frames, SIZES.pixels, SIZES.pixels)
    assert 0 <= first.min() and first.max() <= 1
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_views_can_share_an_autoencoder(diffusion):
    sibling = VideoDiffusion(PROFILE, WIDTH, diffusion.autoencoder)
    assert sibling.autoencoder is diffusion.autoencoder


def test_wrong_frame_count_is_refused(diffusion):
    with pytest.raises(ValueError, match=r"cine must be \(B, 4, 32, 32\), found \(1, 5, 32, 32\)"):
        diffusion.encode(torch.zeros(1, 5, 32, 32))


def _saved(tmp_path, pipeline: bool):
    """Small pretrained networks in folders of their own, or as parts of a pipeline's folder."""
    torch.manual_seed(5)
    unet = VideoDiffusion(PROFILE, WIDTH).network
    vae = VideoDiffusion(_with(pretrained_vae="colour"), WIDTH).autoencoder.vae
    vae.register_to_config(scaling_factor=0.5)
    unet.save_pretrained(tmp_path / ("pipe/unet" if pipeline else "unet"))
    vae.save_pretrained(tmp_path / ("pipe/vae" if pipeline else "vae"))
    folders = ("pipe", "pipe") if pipeline else ("vae", "unet")
    return unet, vae, [str(tmp_path / folder) for folder in folders]


@pytest.mark.parametrize("pipeline", [False, True])
def test_weights_load_from_local_folders(tmp_path, pipeline):
    unet, vae, (vae_folder, unet_folder) = _saved(tmp_path, pipeline)
    torch.manual_seed(0)
    model = VideoDiffusion(_with(pretrained_vae=vae_folder, pretrained_unet=unet_folder), WIDTH)
    load_pretrained_autoencoder(model.autoencoder)
    load_pretrained_unet(model)
    for source, target in ((unet, model.network), (vae, model.autoencoder.vae)):
        theirs, ours = source.state_dict(), target.state_dict()
        assert all(torch.equal(theirs[name], ours[name]) for name in theirs)
    assert float(model.autoencoder.scale) == 0.5
    tokens = torch.randn(1, 36, WIDTH)
    assert model.sample(tokens, steps=1).shape == (1, SIZES.frames, SIZES.pixels, SIZES.pixels)


def test_weights_of_other_sizes_are_refused(tmp_path):
    _saved(tmp_path, pipeline=False)
    model = VideoDiffusion(_with(pretrained_unet=str(tmp_path / "unet"), unet_channels=(16, 32)), WIDTH)
    with pytest.raises(ValueError, match="pretrained_unet .* does not fit the profile"):
        load_pretrained_unet(model)


def test_a_folder_without_weights_is_named(tmp_path):
    model = VideoDiffusion(_with(pretrained_vae=str(tmp_path)), WIDTH)
    with pytest.raises(ValueError, match=f"pretrained_vae {tmp_path} cannot be loaded"):
        load_pretrained_autoencoder(model.autoencoder)


def test_nothing_named_nothing_loaded(diffusion):
    before = diffusion.state_dict()["network.conv_in.weight"].clone()
    load_pretrained_autoencoder(diffusion.autoencoder)
    load_pretrained_unet(diffusion)
    assert torch.equal(before, diffusion.state_dict()["network.conv_in.weight"])


@pytest.mark.parametrize("sampler", ["ddim", "dpm_solver"])
def test_a_small_error_at_the_first_step_does_not_take_latents_out_of_their_range(sampler):
    """Noise named with an error of .1 would mean clean latents many times as wrong at the first step."""
    sizes = _with(prediction="epsilon").diffusion
    scheduler, plain = noise_scheduler(sizes, sampler), noise_scheduler(sizes, sampler)
    noise, error = (torch.randn(2, 4, 8, 6, 6, generator=_generator(seed)) for seed in (0, 1))
    # the same step without the limit, to see that the limit was needed
    plain.register_to_config(clip_sample=False, thresholding=False)
    reached = []
    for each in (scheduler, plain):
        each.set_timesteps(1)  # one step leads from all noise to the clean latents
        reached.append(each.step(noise + 0.1 * error, each.timesteps[0], noise).prev_sample.abs().max())
    assert reached[0] <= LATENT_RANGE + 1e-5
    assert reached[1] > 2 * LATENT_RANGE


def test_the_condition_takes_out_what_all_people_share():
    condition = EcgCondition(36, WIDTH, "standardised")
    tokens = 5 + torch.randn(1, 36, WIDTH, generator=_generator(1)) + 0.1 * torch.randn(200, 36, WIDTH)
    condition.measure(tokens)
    standardised = (tokens - condition.mean) / condition.spread
    assert standardised.mean(0).abs().max() < 1e-3
    assert (standardised.std(0) - 1).abs().max() < 1e-2
    hidden = torch.tensor([True] + [False] * 199)
    context = condition(tokens, hidden)
    assert torch.equal(context[0], condition.absent(1)[0]) and not torch.equal(context[1], context[0])


def test_the_raw_condition_measures_nothing():
    condition = EcgCondition(36, WIDTH, "raw")
    condition.measure(_tokens())
    assert torch.equal(condition(_tokens()), condition.project(_tokens()))


def test_tokens_of_another_encoder_are_refused(diffusion):
    with pytest.raises(ValueError, match=r"tokens must be \(B, 36, 32\), found \(3, 12, 32\)"):
        diffusion.condition(torch.zeros(3, 12, WIDTH))
