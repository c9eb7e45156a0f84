"""Video diffusion: from noise to the movie of a heart, guided by its ECG.

``latents z (B, C, T, h, w)`` of a cine; ``tokens (B, N, D)`` of the frozen ECG encoder. Forward: z_t =
a z + s e with a^2 the product of 1 - beta up to step t (linear betas), s^2 = 1 - a^2 and noise e. A video
U-Net learns to tell from z_t, t and the ECG what was mixed; sampling undoes the noise step by step (Ho 2020;
DDIM, Song 2021; DPM-Solver++, Lu 2022; latent diffusion, Rombach 2022).

What the U-Net tells is a choice (``prediction``): the noise e, as published, or the velocity v = a e - s z
(corrected; Salimans and Ho 2022). Where nearly all is noise, e can be told without any ECG, and an error in
it counts s / a times in the picture; v is the picture there, so there the ECG is worth looking at.
"""

from __future__ import annotations

import torch
from diffusers import AutoencoderKL, DDIMScheduler, DPMSolverMultistepScheduler, UNet3DConditionModel
from torch import Tensor, nn

from cardiacnets.contracts import LEADS
from cardiacnets.models.ecg_attention import EcgContext, FrameAttention
from cardiacnets.models.ecg_condition import EcgCondition
from cardiacnets.models.video_autoencoder import VideoAutoencoder
from cardiacnets.pretrained import subfolder
from cardiacnets.profile import Diffusion, Profile

LATENT_RANGE = 4.0
"""Latents are scaled to a standard deviation of 1; beyond four of them none is taken for clean."""


class VideoDiffusion(nn.Module):
    """One view's generator: autoencoder, ECG condition, denoising U-Net.

    ``context_width``: D of the ECG tokens. ``autoencoder``: share one between views, or None for a new one.
    """

    def __init__(
        self, profile: Profile, context_width: int, autoencoder: VideoAutoencoder | None = None
    ) -> None:
        super().__init__()
        self.sizes = profile.diffusion
        self.autoencoder = autoencoder or VideoAutoencoder(self.sizes)
        count = len(LEADS) * (profile.ecg_input.samples // profile.ecg_encoder.patch)
        self.condition = EcgCondition(count, context_width, self.sizes.condition)
        self.unet = _unet(self.sizes, context_width)
        self.unet.set_attn_processor(FrameAttention())
        self.noising = noise_scheduler(self.sizes, "ddim")

    def forward(
        self, latents: Tensor, tokens: Tensor, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """The loss of a batch: mean squared error of the ``prediction``, at a random step for each clip.

        ``latents`` (B, C, T, h, w), scaled; ``tokens`` (B, N, D). The ECG of a random part of the clips
        (``condition_dropout``) is hidden. ``generator`` draws steps, noise and hiding (None: torch's own).
        """
        drawing = {"generator": generator, "device": generator.device if generator else latents.device}
        batch, device = len(latents), latents.device
        noise = torch.randn(latents.shape, **drawing).to(device)
        steps = torch.randint(self.sizes.noise_steps, (batch,), **drawing).to(device)
        hidden = (torch.rand(batch, **drawing) < self.sizes.condition_dropout).to(device)
        return {"loss": self.errors(latents, self.condition(tokens, hidden), steps, noise).mean()}

    def loss(self, latents: Tensor, tokens: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """The scalar of :meth:`forward`."""
        return self(latents, tokens, generator)["loss"]

    def errors(self, latents: Tensor, context: Tensor, steps: Tensor, noise: Tensor) -> Tensor:
        """Mean squared error (B,) of what the U-Net tells of ``latents`` mixed with ``noise`` at ``steps``.

        ``context`` (B, N, D) comes from ``condition``; ``steps`` (B,) are whole numbers below
        ``noise_steps``. 1 is the error of telling nothing.
        """
        signal, spread = self._amplitudes(steps, latents)
        told = self.denoise(signal * latents + spread * noise, steps, EcgContext(context))
        target = noise if self.sizes.prediction == "epsilon" else signal * noise - spread * latents
        return (told - target).square().flatten(1).mean(1)

    @torch.no_grad()
    def sample(
        self,
        tokens: Tensor,
        generator: torch.Generator | None = None,
        steps: int | None = None,
        guidance: float | None = None,
        sampler: str | None = None,
    ) -> Tensor:
        """Cines (B, T, H, W) in [0, 1] drawn for ECG ``tokens`` (B, N, D).

        Classifier-free guidance (Ho 2022): told = told_null + ``guidance`` x (told_ECG - told_null), both
        from one batched pass; 1 leaves the null pass out. ``sampler``: "ddim" or "dpm_solver"; None takes the
        profile's values.
        """
        steps, sampler = steps or self.sizes.sampling_steps, sampler or self.sizes.sampler
        guidance = self.sizes.guidance if guidance is None else guidance
        scheduler = noise_scheduler(self.sizes, sampler)
        scheduler.set_timesteps(steps, device=tokens.device)
        context, guided = self.condition(tokens), guidance != 1
        if guided:
            context = torch.cat([self.condition.absent(len(tokens)), context])
        ecg = EcgContext(context, reuse=True)
        latents = self.first_noise(len(tokens), generator, tokens.device)
        for step in scheduler.timesteps:
            twice = torch.cat([latents, latents]) if guided else latents
            told = self.denoise(twice, step, ecg)
            if guided:
                without, with_ecg = told.chunk(2)
                told = without + guidance * (with_ecg - without)
            latents = scheduler.step(told, step, latents).prev_sample
        return self.decode(latents)

    def encode(self, cine: Tensor) -> Tensor:
        """Scaled latents (B, C, T, h, w) of ``cine`` (B, T, H, W) in [0, 1].

        Raises ``ValueError`` if the size is not the profile's.
        """
        expected = (self.sizes.frames, self.sizes.pixels, self.sizes.pixels)
        if cine.shape[1:] != expected:
            raise ValueError(f"cine must be (B, {', '.join(map(str, expected))}), found {tuple(cine.shape)}")
        return self.autoencoder.encode(cine)

    def decode(self, latents: Tensor) -> Tensor:
        """Cine (B, T, H, W) in [0, 1] of scaled ``latents`` (B, C, T, h, w)."""
        return self.autoencoder.decode(latents)

    def first_noise(self, batch: int, generator: torch.Generator | None, device: torch.device) -> Tensor:
        """Standard normal latents (B, C, T, h, w) from which sampling starts."""
        sizes, side = self.sizes, self.sizes.pixels // self.autoencoder.factor
        shape = (batch, sizes.latent_channels, sizes.frames, side, side)
        where = generator.device if generator else device
        return torch.randn(shape, generator=generator, device=where).to(device)

    def _amplitudes(self, steps: Tensor, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Signal a and noise s (B, 1, 1, 1, 1) at ``steps``."""
        kept = self.noising.alphas_cumprod.to(latents)[steps].view(-1, 1, 1, 1, 1)
        return kept.sqrt(), (1 - kept).sqrt()

    def denoise(self, noisy: Tensor, steps: Tensor, ecg: EcgContext) -> Tensor:
        """What the U-Net tells of ``noisy`` latents (B, C, T, h, w) at ``steps``: their noise or velocity."""
        # the U-Net wants some condition to repeat frame by frame; the real one travels unrepeated beside it
        mark = noisy.new_zeros(len(noisy), 1, 1)
        return self.unet(noisy, steps, mark, cross_attention_kwargs={"context": ecg}).sample


class LimitedDPMSolver(DPMSolverMultistepScheduler):
    """DPM-Solver++ (Lu 2022) whose clean latents stay within :data:`LATENT_RANGE`, as DDIM's do.

    The library's own thresholding divides by what it clips, which is meant for pixels, not for latents.
    """

    def _threshold_sample(self, sample: Tensor) -> Tensor:
        return sample.clamp(-LATENT_RANGE, LATENT_RANGE)


def noise_scheduler(sizes: Diffusion, sampler: str) -> DDIMScheduler | DPMSolverMultistepScheduler:
    """The noise schedule with the sampler that undoes it; ``ValueError`` if the sampler is unknown.

    Both keep clean latents within :data:`LATENT_RANGE`: early on an error of the noise counts a hundredfold
    in them.
    """
    betas = {
        "num_train_timesteps": sizes.noise_steps,
        "beta_start": sizes.beta_start,
        "beta_end": sizes.beta_end,
        "beta_schedule": "linear",
        "timestep_spacing": "trailing",
        "prediction_type": "epsilon" if sizes.prediction == "epsilon" else "v_prediction",
    }
    if sampler == "ddim":
        return DDIMScheduler(**betas, clip_sample=True, clip_sample_range=LATENT_RANGE)
    if sampler == "dpm_solver":
        return LimitedDPMSolver(**betas, algorithm_type="dpmsolver++", solver_order=2, thresholding=True)
    raise ValueError(f"unknown sampler {sampler!r}: choose ddim or dpm_solver")


def load_pretrained_autoencoder(model: VideoAutoencoder) -> None:
    """Load the autoencoder that the profile names, from a local folder or the hub, with its own scale.

    Nothing happens where the profile names none. Raises ``ValueError`` if it cannot be loaded or its sizes
    are not the profile's.
    """
    if name := model.sizes.pretrained_vae:
        vae = _pretrained(AutoencoderKL, name, "vae")
        _copy_weights(vae, model.vae, f"diffusion.pretrained_vae {name}")
        model.scale.fill_(vae.config.scaling_factor)


def load_pretrained_unet(model: VideoDiffusion) -> None:
    """The same for the U-Net; such weights go on learning from there."""
    if name := model.sizes.pretrained_unet:
        unet = _pretrained(UNet3DConditionModel, name, "unet")
        _copy_weights(unet, model.unet, f"diffusion.pretrained_unet {name}")


def _pretrained(kind: type[nn.Module], name: str, part: str) -> nn.Module:
    try:
        return kind.from_pretrained(name, subfolder=subfolder(name, part))
    except (OSError, ValueError) as error:
        raise ValueError(f"diffusion.pretrained_{part} {name} cannot be loaded: {error}") from None


def _copy_weights(source: nn.Module, target: nn.Module, where: str) -> None:
    found, wanted = source.state_dict(), target.state_dict()
    for name in sorted(found.keys() | wanted.keys()):
        shapes = [tuple(state[name].shape) if name in state else "absent" for state in (found, wanted)]
        if shapes[0] != shapes[1]:
            raise ValueError(f"{where} does not fit the profile: {name} is {shapes[0]}, not {shapes[1]}")
    target.load_state_dict(found)


def _unet(sizes: Diffusion, context_width: int) -> UNet3DConditionModel:
    """The text-to-video U-Net at the profile's sizes: ECG cross-attention on all but the coarsest level."""
    attended = len(sizes.unet_channels) - 1
    return UNet3DConditionModel(
        in_channels=sizes.latent_channels,
        out_channels=sizes.latent_channels,
        block_out_channels=sizes.unet_channels,
        down_block_types=("CrossAttnDownBlock3D",) * attended + ("DownBlock3D",),
        up_block_types=("UpBlock3D",) + ("CrossAttnUpBlock3D",) * attended,
        layers_per_block=sizes.layers_per_block,
        norm_num_groups=sizes.norm_groups,
        cross_attention_dim=context_width,
        attention_head_dim=sizes.head_width,
    )
