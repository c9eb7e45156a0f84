"""How noise is mixed into latents and undone again: the schedules and their samplers."""

from __future__ import annotations

import numpy as np
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, FlowMatchEulerDiscreteScheduler
from torch import Tensor

from cardiacnets.profile import Diffusion

LATENT_RANGE = 4.0
"""Latents are scaled to a standard deviation of 1; beyond four of them none is taken for clean."""

PATCH_RANGE = 8.0
"""The same for latents of patches, whose first components spread further than the others."""


class LimitedDPMSolver(DPMSolverMultistepScheduler):
    """DPM-Solver++ (Lu 2022) whose clean latents stay within a range, as DDIM's do.

    The library's own thresholding divides by what it clips, which is meant for pixels, not for latents.
    """

    latent_range = LATENT_RANGE

    def _threshold_sample(self, sample: Tensor) -> Tensor:
        return sample.clamp(-self.latent_range, self.latent_range)


class EqualSteps(FlowMatchEulerDiscreteScheduler):
    """Euler's steps along a flow, all of one length, the last of which ends at the clean latents."""

    def set_timesteps(self, steps: int, device: torch.device | str | None = None) -> None:
        """Prepare ``steps`` steps from noise, 1, to nothing but signal, 0."""
        super().set_timesteps(sigmas=np.linspace(1, 1 / steps, steps), device=device)


def signal_kept(sizes: Diffusion) -> Tensor:
    """The squared amplitude of the signal (noise_steps,) that is left after each step of mixing."""
    if sizes.prediction == "flow":
        return (1 - torch.arange(1, sizes.noise_steps + 1) / sizes.noise_steps).square()
    return noise_scheduler(sizes, "ddim").alphas_cumprod


def require_sampler(sizes: Diffusion, sampler: str) -> None:
    """``ValueError`` if ``sampler`` cannot undo what ``diffusion.prediction`` tells, if drawing starts at the
    mean heart without a flow, or knows parts of its noise without a mean heart.
    """
    if sizes.index_noise != 1 and sizes.start != "mean_heart":
        raise ValueError(f"diffusion: index_noise below 1 needs start mean_heart, found {sizes.start}")
    if sizes.noise == "shared" and sizes.start != "mean_heart":
        raise ValueError(f"diffusion: noise shared needs start mean_heart, found {sizes.start}")
    if sizes.start == "mean_heart" and sizes.prediction != "flow":
        raise ValueError(f"diffusion: start mean_heart needs prediction flow, found {sizes.prediction}")
    if (sampler == "euler") != (sizes.prediction == "flow"):
        fitting = "euler" if sizes.prediction == "flow" else "ddim or dpm_solver"
        raise ValueError(
            f"diffusion: sampler {sampler} cannot undo prediction {sizes.prediction}: choose {fitting}"
        )


def noise_scheduler(
    sizes: Diffusion, sampler: str
) -> DDIMScheduler | DPMSolverMultistepScheduler | FlowMatchEulerDiscreteScheduler:
    """The noise schedule with the sampler that undoes it; ``ValueError`` if the sampler is unknown.

    ``ddim`` and ``dpm_solver`` keep clean latents within :data:`LATENT_RANGE` (:data:`PATCH_RANGE`): early on
    an error of the noise counts a hundredfold in them. ``euler`` walks a flow in equal steps, where it does
    not.
    """
    if sampler == "euler":
        require_sampler(sizes, sampler)
        return EqualSteps(num_train_timesteps=sizes.noise_steps)
    reach = LATENT_RANGE if sizes.autoencoder == "frames" else PATCH_RANGE
    betas = {
        "num_train_timesteps": sizes.noise_steps,
        "beta_start": sizes.beta_start,
        "beta_end": sizes.beta_end,
        "beta_schedule": "linear",
        "timestep_spacing": "trailing",
        "prediction_type": "epsilon" if sizes.prediction == "epsilon" else "v_prediction",
    }
    if sampler == "ddim":
        return DDIMScheduler(**betas, clip_sample=True, clip_sample_range=reach)
    if sampler == "dpm_solver":
        solver = LimitedDPMSolver(**betas, algorithm_type="dpmsolver++", solver_order=2, thresholding=True)
        solver.latent_range = reach
        return solver
    raise ValueError(f"unknown sampler {sampler!r}: choose ddim or dpm_solver, or euler for a flow")
