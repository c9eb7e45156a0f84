"""Video diffusion: from noise to the movie of a heart, guided by its ECG.

``latents z (B, C, T, h, w)`` of a cine; ``tokens (B, N, D)`` of the frozen ECG encoder. Forward: z_t =
sqrt(a_t) z + sqrt(1 - a_t) e with a_t the product of 1 - beta (linear betas). A video U-Net learns to tell
the noise e from z_t, t and the ECG; sampling undoes the noise step by step (Ho 2020; DDIM, Song 2021; latent
diffusion, Rombach 2022).
"""

from __future__ import annotations

from pathlib import Path

import torch
from diffusers import AutoencoderKL, DDIMScheduler, DPMSolverMultistepScheduler, UNet3DConditionModel
from torch import Tensor, nn

from cardiacnets.models.ecg_attention import EcgContext, FrameAttention
from cardiacnets.models.video_autoencoder import VideoAutoencoder
from cardiacnets.profile import Diffusion, Profile

LATENT_RANGE = 4.0
"""Latents are scaled to a standard deviation of 1; beyond four of them none is taken for clean."""


class VideoDiffusion(nn.Module):
    """One view's generator: autoencoder, ECG projection, denoising U-Net.

    ``context_width``: D of the ECG tokens. ``autoencoder``: share one between views, or None for a new one.
    """

    def __init__(
        self, profile: Profile, context_width: int, autoencoder: VideoAutoencoder | None = None
    ) -> None:
        super().__init__()
        self.sizes = profile.diffusion
        self.autoencoder = autoencoder or VideoAutoencoder(self.sizes)
        # "no ECG" is a learned token in place of every token, so sampling without the ECG is well defined
        self.null = nn.Parameter(torch.randn(1, 1, context_width) * 0.02)
        self.project = nn.Linear(context_width, context_width)
        self.unet = _unet(self.sizes, context_width)
        self.unet.set_attn_processor(FrameAttention())
        self.noising = noise_scheduler(self.sizes, "ddim")

    def forward(
        self, latents: Tensor, tokens: Tensor, generator: torch.Generator | None = None
    ) -> dict[str, Tensor]:
        """The loss of a batch: mean squared error of the noise, at a random step for each clip.

        ``latents`` (B, C, T, h, w), scaled; ``tokens`` (B, N, D). The ECG of a random part of the clips
        (``condition_dropout``) is hidden. ``generator`` draws steps, noise and hiding (None: torch's own).
        """
        drawing = {"generator": generator, "device": generator.device if generator else latents.device}
        batch, device = len(latents), latents.device
        noise = torch.randn(latents.shape, **drawing).to(device)
        steps = torch.randint(self.sizes.noise_steps, (batch,), **drawing).to(device)
        hidden = (torch.rand(batch, **drawing) < self.sizes.condition_dropout).to(device)
        noisy = self.noising.add_noise(latents, noise, steps)
        context = torch.where(hidden[:, None, None], self.null, self.project(tokens))
        return {"loss": (self._denoise(noisy, steps, EcgContext(context)) - noise).square().mean()}

    def loss(self, latents: Tensor, tokens: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """The scalar of :meth:`forward`."""
        return self(latents, tokens, generator)["loss"]

    @torch.no_grad()
    def sample(
        self, tokens: Tensor, generator: torch.Generator | None = None, steps: int | None = None,
        guidance: float | None = None, sampler: str | None = None,
    ) -> Tensor:
        """Cines (B, T, H, W) in [0, 1] drawn for ECG ``tokens`` (B, N, D).

        Classifier-free guidance (Ho 2022): e = e_null + ``guidance`` x (e_ECG - e_null), both from one
        batched pass; 1 leaves the null pass out. ``sampler``: "ddim" or "dpm_solver"; None takes the
        profile's values.
        """
        steps, sampler = steps or self.sizes.sampling_steps, sampler or self.sizes.sampler
        guidance = self.sizes.guidance if guidance is None else guidance
        scheduler = noise_scheduler(self.sizes, sampler)
        scheduler.set_timesteps(steps, device=tokens.device)
        projected = self.project(tokens)
        guided = guidance != 1
        context = torch.cat([self.null.expand_as(projected), projected]) if guided else projected
        ecg = EcgContext(context, reuse=True)
        latents = self._noise(len(tokens), generator, tokens.device)
        for step in scheduler.timesteps:
            twice = torch.cat([latents, latents]) if guided else latents
            noise = self._denoise(twice, step, ecg)
            if guided:
                without, with_ecg = noise.chunk(2)
                noise = without + guidance * (with_ecg - without)
            latents = scheduler.step(noise, step, latents).prev_sample
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

    def _denoise(self, noisy: Tensor, steps: Tensor, ecg: EcgContext) -> Tensor:
        # the U-Net wants some condition to repeat frame by frame; the real one travels unrepeated beside it
        mark = noisy.new_zeros(len(noisy), 1, 1)
        return self.unet(noisy, steps, mark, cross_attention_kwargs={"context": ecg}).sample

    def _noise(self, batch: int, generator: torch.Generator | None, device: torch.device) -> Tensor:
        sizes, side = self.sizes, self.sizes.pixels // self.autoencoder.factor
        shape = (batch, sizes.latent_channels, sizes.frames, side, side)
        where = generator.device if generator else device
        return torch.randn(shape, generator=generator, device=where).to(device)


def noise_scheduler(sizes: Diffusion, sampler: str) -> DDIMScheduler | DPMSolverMultistepScheduler:
    """The noise schedule with the sampler that undoes it; ``ValueError`` if the sampler is unknown."""
    betas = {
        "num_train_timesteps": sizes.noise_steps, "beta_start": sizes.beta_start, "beta_end": sizes.beta_end,
        "beta_schedule": "linear", "timestep_spacing": "trailing",
    }
    if sampler == "ddim":
        # early on an error of the noise counts a hundredfold in the clean latents: keep them possible
        return DDIMScheduler(**betas, clip_sample=True, clip_sample_range=LATENT_RANGE)
    if sampler == "dpm_solver":
        return DPMSolverMultistepScheduler(**betas, algorithm_type="dpmsolver++", solver_order=2)
    raise ValueError(f"unknown sampler {sampler!r}: choose ddim or dpm_solver")


def load_pretrained(model: VideoDiffusion) -> None:
    """Load the autoencoder and the U-Net that the profile names, from a local folder or the hub.

    Nothing happens where the profile names none. Raises ``ValueError`` if a network's sizes are not the
    profile's.
    """
    sizes = model.sizes
    if sizes.pretrained_vae:
        vae = _pretrained(AutoencoderKL, sizes.pretrained_vae, "vae")
        _copy_weights(vae, model.autoencoder.vae, f"diffusion.pretrained_vae {sizes.pretrained_vae}")
        model.autoencoder.scale.fill_(vae.config.scaling_factor)
    if sizes.pretrained_unet:
        unet = _pretrained(UNet3DConditionModel, sizes.pretrained_unet, "unet")
        _copy_weights(unet, model.unet, f"diffusion.pretrained_unet {sizes.pretrained_unet}")


def _pretrained(kind: type[nn.Module], name: str, part: str) -> nn.Module:
    # pipelines keep their parts in subfolders; a folder with its own config.json is the part itself
    subfolder = {} if (Path(name) / "config.json").is_file() else {"subfolder": part}
    try:
        return kind.from_pretrained(name, **subfolder)
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
        in_channels=sizes.latent_channels, out_channels=sizes.latent_channels,
        block_out_channels=sizes.unet_channels,
        down_block_types=("CrossAttnDownBlock3D",) * attended + ("DownBlock3D",),
        up_block_types=("UpBlock3D",) + ("CrossAttnUpBlock3D",) * attended,
        layers_per_block=sizes.layers_per_block, norm_num_groups=sizes.norm_groups,
        cross_attention_dim=context_width, attention_head_dim=sizes.head_width,
    )
