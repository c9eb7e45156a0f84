"""Video diffusion: from noise to the movie of a heart, guided by its ECG.

``latents z (B, C, T, h, w)`` of a cine; ``tokens (B, N, D)`` of the frozen ECG encoder. Forward: z_t =
a z + s e with a^2 the product of 1 - beta up to step t (linear betas), s^2 = 1 - a^2 and noise e. A network
learns to tell from z_t, t and the ECG what was mixed; sampling undoes the noise step by step (Ho 2020; DDIM,
Song 2021; DPM-Solver++, Lu 2022; latent diffusion, Rombach 2022). It is a video U-Net, as published, or, for
latents that are small already, residual convolutions at one resolution (``denoiser``).

What the network tells is a choice (``prediction``): the noise e, as published, or the velocity v = a e - s z
(corrected; Salimans and Ho 2022). Where nearly all is noise, e can be told without any ECG, and an error in
it counts s / a times in the picture; v is the picture there, so there the ECG is worth looking at. Or z is
mixed along a straight line, a = 1 - t and s = t, and the network tells the way e - z, which is walked back in
a few equal steps (flow matching, Lipman 2023): prediction ``flow``, sampler ``euler``.

Where it all starts is another (``start``): at noise, as published, or at the heart that a straight line
expects for the ECG (:class:`MeanHeart`), of which network and noise then only draw the rest. What the line
tells of that rest is walked exactly, and in steps only what the network adds (exponential Euler: Hochbruck
and Ostermann, Acta Numerica 2010;19:209): so a few are enough.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel, UNet3DConditionModel
from diffusers.models.unets.unet_2d_condition import UNet2DConditionOutput
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from cardiacnets.contracts import LEADS
from cardiacnets.models.deforming_autoencoder import DeformingAutoencoder
from cardiacnets.models.ecg_attention import EcgContext, FrameAttention
from cardiacnets.models.ecg_condition import EcgCondition
from cardiacnets.models.mean_heart import MeanHeart
from cardiacnets.models.noising import noise_scheduler, require_sampler
from cardiacnets.models.patch_autoencoder import PatchAutoencoder
from cardiacnets.models.residual_denoiser import ResidualDenoiser
from cardiacnets.models.video_autoencoder import VideoAutoencoder
from cardiacnets.pretrained import named_folder, subfolder
from cardiacnets.profile import Diffusion, Profile


class OneFrameUNet(UNet2DConditionModel):
    """The library's U-Net of two dimensions, for latents (B, C, 1, h, w) of one frame."""

    def forward(self, sample: Tensor, *condition: Any, **options: Any) -> UNet2DConditionOutput:
        """``sample`` (B, C, 1, h, w) to ``sample`` of its shape; step and context as the library has them."""
        told = super().forward(sample.squeeze(2), *condition, **options).sample  # (B, C, h, w)
        return UNet2DConditionOutput(sample=told.unsqueeze(2))


Autoencoder = VideoAutoencoder | PatchAutoencoder | DeformingAutoencoder
AUTOENCODERS: dict[str, type[Autoencoder]] = {
    "frames": VideoAutoencoder, "patches": PatchAutoencoder, "deforming": DeformingAutoencoder,
}  # fmt: skip
"""Autoencoders by ``diffusion.autoencoder`` of a profile.

Each has ``latent_frames`` and ``grid(pixels)``, the frames and the side of the latents of a cine;
``encode(cine)`` and ``decode(latents, pixels)``.
"""


def build_autoencoder(sizes: Diffusion) -> Autoencoder:
    """The autoencoder that a profile chooses, before it has learned anything."""
    return AUTOENCODERS[sizes.autoencoder](sizes)


class VideoDiffusion(nn.Module):
    """One view's generator: autoencoder, ECG condition, denoising network.

    ``context_width``: D of the ECG tokens. ``autoencoder``: share one between views, or None for a new one.
    ``pixels``: the view's, or 0 for the profile's. Raises ``ValueError`` for a sampler that cannot undo what
    the network tells.
    """

    def __init__(
        self,
        profile: Profile,
        context_width: int,
        autoencoder: Autoencoder | None = None,
        pixels: int = 0,
    ) -> None:
        super().__init__()
        self.sizes = profile.diffusion
        require_sampler(self.sizes, self.sizes.sampler)
        self.pixels = pixels or self.sizes.pixels
        self.autoencoder = autoencoder or build_autoencoder(self.sizes)
        count = len(LEADS) * (profile.ecg_input.samples // profile.ecg_encoder.patch)
        self.condition = EcgCondition(count, context_width, self.sizes.condition)
        self.network = _denoiser(self.sizes, context_width, self.latent_shape())
        self.noising = noise_scheduler(self.sizes, "ddim")
        self.mean_heart = None
        if self.sizes.start == "mean_heart":
            self.mean_heart = MeanHeart(context_width, self.latent_shape())
            for weight in self.network.conv_out.parameters():
                nn.init.zeros_(weight)  # before it learns, the network adds nothing to its linear twin

    def forward(
        self,
        latents: Tensor,
        tokens: Tensor,
        generator: torch.Generator | None = None,
        start: MeanHeart | None = None,
    ) -> dict[str, Tensor]:
        """The loss of a batch: mean squared error of the ``prediction``, at a random step for each clip.

        ``latents`` (B, C, T, h, w), scaled; ``tokens`` (B, N, D). The ECG of a random part of the clips
        (``condition_dropout``) is hidden. ``generator`` draws steps, noise and hiding (None: torch's own);
        ``start`` takes the place of the model's own mean heart. Raises ``ValueError`` for latents of another
        shape, and for NaN in them.
        """
        if latents.shape[1:] != self.latent_shape():
            expected = ", ".join(map(str, self.latent_shape()))
            raise ValueError(
                f"latents must be (B, {expected}), found {tuple(latents.shape)}: "
                "they were encoded by an autoencoder of other sizes"
            )
        if not torch.isfinite(latents).all():
            row = int((~torch.isfinite(latents)).flatten(1).any(1).nonzero()[0])
            raise ValueError(f"latents: NaN or infinity, first in clip {row} of the batch")

        drawing = {"generator": generator, "device": generator.device if generator else latents.device}
        batch, device = len(latents), latents.device
        noise = torch.randn(latents.shape, **drawing).to(device)
        steps = torch.randint(self.sizes.noise_steps, (batch,), **drawing).to(device)
        hidden = (torch.rand(batch, **drawing) < self.sizes.condition_dropout).to(device)
        rest = self.rest(latents, tokens, start)
        return {"loss": self.errors(rest, self.condition(tokens, hidden), steps, noise, start).mean()}

    def loss(self, latents: Tensor, tokens: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """The scalar of :meth:`forward`."""
        return self(latents, tokens, generator)["loss"]

    def errors(
        self, latents: Tensor, context: Tensor, steps: Tensor, noise: Tensor, start: MeanHeart | None = None
    ) -> Tensor:
        """Mean squared error (B,) of what the network tells of ``latents`` mixed with ``noise`` at ``steps``.

        ``context`` (B, N, D) comes from ``condition``; ``steps`` (B,) are whole numbers below
        ``noise_steps``; ``start`` as in :meth:`forward`. 1 is the error of telling nothing.
        """
        signal, spread = self._amplitudes(steps, latents)
        told = self.denoise(signal * latents + spread * noise, steps, EcgContext(context), start)
        targets = {
            "epsilon": noise, "velocity": signal * noise - spread * latents, "flow": noise - latents,
        }  # fmt: skip
        return (told - targets[self.sizes.prediction]).square().flatten(1).mean(1)

    def mix(self, latents: Tensor, noise: Tensor, steps: Tensor) -> Tensor:
        """``latents`` (B, C, T, h, w) mixed with ``noise`` of the same shape at ``steps`` (B,)."""
        signal, spread = self._amplitudes(steps, latents)
        return signal * latents + spread * noise

    def rest(self, latents: Tensor, tokens: Tensor | None, start: MeanHeart | None = None) -> Tensor:
        """What of ``latents`` (B, C, T, h, w) is left to network and noise: all of it, or what differs from
        the heart that ``tokens`` (B, N, D; None: no ECG) let one expect.
        """
        start = start or self.mean_heart
        return latents if start is None else latents - start(tokens)

    @torch.no_grad()
    def sample(
        self,
        tokens: Tensor,
        generator: torch.Generator | None = None,
        steps: int | None = None,
        guidance: float | None = None,
        sampler: str | None = None,
        temperature: float | None = None,
        noise: Tensor | None = None,
    ) -> Tensor:
        """Cines (B, T, H, W) in [0, 1] drawn for ECG ``tokens`` (B, N, D).

        Classifier-free guidance (Ho 2022): told = told_null + ``guidance`` x (told_ECG - told_null), both
        from one batched pass; 1 leaves the null pass out. Around the mean heart it is what is expected that
        lies ``guidance`` times as far from everyone's mean, and the rest is drawn in one pass.

        ``sampler``: "ddim", "dpm_solver" or "euler" (for ``flow``); ``temperature`` is the amplitude of the
        noise at the start, or of what is drawn around the mean heart; None takes the profile's values.
        ``noise`` of :meth:`first_noise`'s shape is taken instead of the generator's. Raises ``ValueError``
        for a guidance or temperature below 0, noise of another shape, a sampler that cannot undo what the
        network tells, and weights that draw NaN.
        """
        temperature = self.sizes.temperature if temperature is None else temperature
        if not temperature >= 0:
            raise ValueError(f"temperature {temperature} is not 0 (what is expected) or above; 1 is usual")
        steps, sampler = steps or self.sizes.sampling_steps, sampler or self.sizes.sampler
        guidance = self.sizes.guidance if guidance is None else guidance
        if guidance < 0:
            raise ValueError(
                f"guidance {guidance} is below 0: it would draw away from the ECG; 1 takes the ECG as it is"
            )
        require_sampler(self.sizes, sampler)
        if noise is None:
            noise = self.first_noise(len(tokens), generator, tokens.device)
        elif noise.shape != (wanted := (len(tokens), *self.latent_shape())):
            raise ValueError(f"noise must be {tuple(wanted)}, found {tuple(noise.shape)}")
        if self.mean_heart is None:
            latents = self._from_noise(temperature * noise, tokens, steps, guidance, sampler)
        else:
            # what is drawn is scaled, not the noise: the network has learned from all of it
            rest = temperature * self._around_the_mean_heart(noise, tokens, steps)
            expected, everyone = self.mean_heart(tokens), self.mean_heart(None)
            latents = rest + everyone + guidance * (expected - everyone)
        if not torch.isfinite(latents).all():
            raise ValueError("the network drew NaN or infinity: its weights are damaged, train it again")
        return self.decode(latents)

    def _from_noise(
        self, latents: Tensor, tokens: Tensor, steps: int, guidance: float, sampler: str
    ) -> Tensor:
        """Clean latents (B, C, T, h, w) of noise of that shape, as the scheduler undoes it."""
        scheduler = noise_scheduler(self.sizes, sampler)
        scheduler.set_timesteps(steps, device=tokens.device)
        context, guided = self.condition(tokens), guidance != 1
        if guided:
            context = torch.cat([self.condition.absent(len(tokens)), context])
        ecg = EcgContext(context, reuse=True)
        for step in scheduler.timesteps:
            # a flow's scheduler counts its time up to the noise_steps that stand for nothing but noise
            told_at = (step - 1).round().long() if sampler == "euler" else step
            told = self.denoise(torch.cat([latents, latents]) if guided else latents, told_at, ecg)
            if guided:
                without, with_ecg = told.chunk(2)
                told = without + guidance * (with_ecg - without)
            latents = scheduler.step(told, step, latents).prev_sample
        return latents

    def _around_the_mean_heart(self, rest: Tensor, tokens: Tensor, steps: int) -> Tensor:
        """What differs from the expected heart, (B, C, T, h, w), walked from noise of that shape."""
        ecg = EcgContext(self.condition(tokens), reuse=True)
        for now, then in pairwise(torch.linspace(1, 0, steps + 1).tolist()):
            told_at = torch.tensor(round(now * self.sizes.noise_steps) - 1, device=rest.device)
            told = self.told_by_network(rest, told_at, ecg)
            rest = self.mean_heart.walk(rest, now, then) + (then - now) * told
        return rest

    def encode(self, cine: Tensor) -> Tensor:
        """Scaled latents (B, C, T, h, w) of ``cine`` (B, T, H, W) in [0, 1].

        Raises ``ValueError`` if the size is not the profile's.
        """
        expected = (self.sizes.frames, self.pixels, self.pixels)
        if cine.shape[1:] != expected:
            raise ValueError(f"cine must be (B, {', '.join(map(str, expected))}), found {tuple(cine.shape)}")
        return self.autoencoder.encode(cine)

    def decode(self, latents: Tensor) -> Tensor:
        """Cine (B, T, H, W) in [0, 1] of scaled ``latents`` (B, C, T, h, w)."""
        return self.autoencoder.decode(latents, self.pixels)

    def first_noise(self, batch: int, generator: torch.Generator | None, device: torch.device) -> Tensor:
        """Standard normal latents (B, C, T, h, w) from which sampling starts."""
        shape = (batch, *self.latent_shape())
        where = generator.device if generator else device
        return torch.randn(shape, generator=generator, device=where).to(device)

    def latent_shape(self) -> tuple[int, int, int, int]:
        """(C, T, h, w) of one clip."""
        side = self.autoencoder.grid(self.pixels)
        return self.sizes.latent_channels, self.autoencoder.latent_frames, side, side

    def _amplitudes(self, steps: Tensor, latents: Tensor) -> tuple[Tensor, Tensor]:
        """Signal a and noise s (B, 1, 1, 1, 1) at ``steps``."""
        if self.sizes.prediction == "flow":
            noise = ((steps + 1) / self.sizes.noise_steps).to(latents).view(-1, 1, 1, 1, 1)
            return 1 - noise, noise
        kept = self.noising.alphas_cumprod.to(latents)[steps].view(-1, 1, 1, 1, 1)
        return kept.sqrt(), (1 - kept).sqrt()

    def denoise(
        self, noisy: Tensor, steps: Tensor, ecg: EcgContext, start: MeanHeart | None = None
    ) -> Tensor:
        """What the network tells of ``noisy`` latents (B, C, T, h, w) at ``steps``, see ``prediction``: the
        denoiser, added to what the mean heart tells where drawing starts there.
        """
        told = self.told_by_network(noisy, steps, ecg)
        if (start := start or self.mean_heart) is None:
            return told
        noise = ((steps + 1) / self.sizes.noise_steps).to(noisy).expand(len(noisy))
        return told + start.told(noisy, noise)

    def told_by_network(self, noisy: Tensor, steps: Tensor, ecg: EcgContext) -> Tensor:
        """The network's own part of :meth:`denoise`, of the shape of ``noisy`` (B, C, T, h, w)."""
        # a U-Net wants some condition to repeat frame by frame; the real one travels unrepeated beside it
        mark = noisy.new_zeros(len(noisy), 1, 1)
        return self.network(noisy, steps, mark, cross_attention_kwargs={"context": ecg}).sample


def load_pretrained_autoencoder(model: Autoencoder) -> None:
    """Load the autoencoder that the profile names: of frames from a local folder or the hub, with its own
    scale; of whole cines from the library or a folder.

    Nothing happens where the profile names none. Raises ``ValueError`` if it cannot be loaded or its sizes
    are not the profile's.
    """
    name = model.sizes.pretrained_vae
    if name and not isinstance(model, VideoAutoencoder):
        file = named_folder(name) / "model.safetensors"
        try:
            found = load_file(file)
        except (OSError, SafetensorError) as error:
            reason = f"{file}: not whole weights ({error}); copy them again, or leave the key empty to train"
            raise ValueError(f"diffusion.pretrained_vae: {reason}") from None
        _copy_weights(found, model, f"diffusion.pretrained_vae {file}")
    elif name:
        vae = _pretrained(AutoencoderKL, name, "vae")
        _copy_weights(vae.state_dict(), model.vae, f"diffusion.pretrained_vae {name}")
        model.scale.fill_(vae.config.scaling_factor)


def load_pretrained_unet(model: VideoDiffusion) -> None:
    """The same for the U-Net; such weights go on learning from there."""
    if name := model.sizes.pretrained_unet:
        if isinstance(model.network, ResidualDenoiser):
            raise ValueError("diffusion.pretrained_unet: denoiser residual is no U-Net; leave the key empty")
        unet = _pretrained(type(model.network), name, "unet")
        _copy_weights(unet.state_dict(), model.network, f"diffusion.pretrained_unet {name}")


def _pretrained(kind: type[nn.Module], name: str, part: str) -> nn.Module:
    try:
        return kind.from_pretrained(name, subfolder=subfolder(name, part))
    except (OSError, ValueError) as error:
        raise ValueError(f"diffusion.pretrained_{part} {name} cannot be loaded: {error}") from None


def _copy_weights(found: dict[str, Tensor], target: nn.Module, where: str) -> None:
    wanted = target.state_dict()
    for name in sorted(found.keys() | wanted.keys()):
        shapes = [tuple(state[name].shape) if name in state else "absent" for state in (found, wanted)]
        if shapes[0] != shapes[1]:
            raise ValueError(f"{where} does not fit the profile: {name} is {shapes[0]}, not {shapes[1]}")
    target.load_state_dict(found)


def _denoiser(
    sizes: Diffusion, context_width: int, shape: tuple[int, int, int, int]
) -> ResidualDenoiser | OneFrameUNet | UNet3DConditionModel:
    """What tells the noise in latents (B, *shape), at the profile's sizes: the text-to-video U-Net with ECG
    cross-attention on all but the coarsest level, or residual blocks.

    Latents of one frame hold all frames of a block: there is no way between frames that layers could follow,
    and a U-Net of two dimensions tells the same in half the time.
    """
    if sizes.denoiser == "residual":
        if len(sizes.unet_channels) != 1:
            raise ValueError("diffusion: denoiser residual has one level: give one number of unet_channels")
        width, blocks = *sizes.unet_channels, sizes.layers_per_block
        return ResidualDenoiser(shape, width, blocks, context_width, sizes.head_width, sizes.norm_groups)
    attended = len(sizes.unet_channels) - 1
    kind, n = (OneFrameUNet, 2) if shape[1] == 1 else (UNet3DConditionModel, 3)
    heads = tuple(max(1, width // sizes.head_width) for width in sizes.unet_channels)
    unet = kind(
        in_channels=sizes.latent_channels,
        out_channels=sizes.latent_channels,
        block_out_channels=sizes.unet_channels,
        down_block_types=(f"CrossAttnDownBlock{n}D",) * attended + (f"DownBlock{n}D",),
        up_block_types=(f"UpBlock{n}D",) + (f"CrossAttnUpBlock{n}D",) * attended,
        layers_per_block=sizes.layers_per_block,
        norm_num_groups=sizes.norm_groups,
        cross_attention_dim=context_width,
        # the one asks for the number of heads under this name, the other for their width
        attention_head_dim=heads if n == 2 else sizes.head_width,
    )
    unet.set_attn_processor(FrameAttention())
    return unet
