"""The networks' speed and memory, beside what a user would otherwise run.

    python benchmarks/models.py --out models.json                  (about ten minutes on one core)
    python benchmarks/models.py --jobs encoder --batch 8 --repeats 5

Four comparisons, each side in a process of its own, one after the other, on this machine:

encoder    Masked Swin-B, 224 pixels, 50 frames, 75 % hidden, forward and backward: all tokens computed, as
           SimMIM does, against visible tokens only (grouped windows).
attention  One training step of the ViT-L ECG encoder with 600 patches, float32: plain against fused.
sampling   Movies of the quick profile: guidance by two passes, the ECG repeated for every frame and step,
           100 DDIM steps, against one batched pass with keys and values kept, at 100 DDIM and at 25
           DPM-Solver++ steps. Speed only, on untrained weights: it says nothing about quality.
decoding   Fifty batches of short-axis movies of the quick profile from their vectors: as it is usually
           written, every step a copy of all movies, against convolutions channels last and movies bent and
           added to where they lie.

Memory is the process's peak beyond what it held with weights and inputs ready (not given for sampling).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as functional
from diffusers.models.attention_processor import AttnProcessor2_0
from measuring import DEVICE, machine, peak_memory, timed

from cardiacnets.artefacts import write_json
from cardiacnets.models import build
from cardiacnets.models.cmr_autoencoder import draw_visible
from cardiacnets.models.deforming_autoencoder import GREY, NARROW, Draw
from cardiacnets.models.masked_swin import MaskedSwin
from cardiacnets.models.noising import noise_scheduler
from cardiacnets.profile import load_profile

VARIANTS = {
    "encoder": ("all tokens", "visible tokens"),
    "attention": ("plain", "fused"),
    "sampling": ("two passes, DDIM 100", "one pass, DDIM 100", "one pass, DPM-Solver++ 25"),
    "decoding": ("copies", "in place"),
}


def encoder_step(variant: str, batch: int) -> Callable[[], None]:
    """Forward and backward of the study's masked CMR encoder."""
    sizes = load_profile("paper").cmr_autoencoder
    model = MaskedSwin(sizes).to(DEVICE)
    cine = torch.rand(batch, sizes.frames, sizes.pixels, sizes.pixels, device=DEVICE)
    visible = draw_visible(batch, model.grid, sizes.mask_ratio, torch.Generator().manual_seed(0), DEVICE)

    def step() -> None:
        latents = model(cine) if variant == "all tokens" else model.visible_latents(cine, visible)
        latents.square().mean().backward()

    return step


def attention_step(variant: str, batch: int) -> Callable[[], None]:
    """Forward and backward of the study's ECG encoder."""
    profile = load_profile("paper")
    model = build("ecg_encoder", profile).to(DEVICE)
    for block in model.transformer.blocks:
        block.attn.fused_attn = variant == "fused"
    ecg = torch.randn(batch, 12, profile.ecg_input.samples, device=DEVICE)
    return lambda: model(ecg).square().mean().backward()


def sampling_step(variant: str, batch: int) -> Callable[[], None]:
    """Movies for ``batch`` ECGs, from noise to pixels."""
    profile = load_profile("quick")
    noise = {"prediction": "velocity", "start": "noise", "sampler": "dpm_solver", "guidance": 2.0}
    profile = replace(profile, diffusion=replace(profile.diffusion, **noise))
    model = build("diffusion", profile).to(DEVICE).eval()
    count = 12 * profile.ecg_input.samples // profile.ecg_encoder.patch
    tokens = torch.randn(batch, count, profile.ecg_encoder.width, device=DEVICE)
    if variant == "two passes, DDIM 100":
        model.network.set_attn_processor(AttnProcessor2_0())
        return lambda: two_passes(model, tokens, steps=100)
    steps, sampler = (100, "ddim") if "DDIM" in variant else (25, "dpm_solver")
    return lambda: model.sample(tokens, steps=steps, sampler=sampler)


@torch.no_grad()
def two_passes(model: torch.nn.Module, tokens: torch.Tensor, steps: int) -> torch.Tensor:
    """Guided sampling as it is usually written: with and without the ECG one after the other."""
    scheduler = noise_scheduler(model.sizes, "ddim")
    scheduler.set_timesteps(steps, device=DEVICE)
    with_ecg = model.condition(tokens)
    without_ecg = model.condition.absent(len(tokens))
    latents = model.first_noise(len(tokens), None, DEVICE)
    for step in scheduler.timesteps:
        told, untold = (model.network(latents, step, context).sample for context in (with_ecg, without_ecg))
        noise = untold + model.sizes.guidance * (told - untold)
        latents = scheduler.step(noise, step, latents).prev_sample
    return model.decode(latents)


def decoding_step(variant: str, batch: int) -> Callable[[], None]:
    """Movies of ``batch`` vectors, fifty times."""
    draw = build("diffusion", load_profile("quick")).to(DEVICE).eval().autoencoder.draw["80"]
    latents = torch.randn(batch, draw.spread.in_features, device=DEVICE)
    decode = partial(decoded_with_copies, draw) if variant == "copies" else draw

    @torch.inference_mode()
    def step() -> None:
        for _ in range(50):
            decode(latents)

    return step


def decoded_with_copies(draw: Draw, latents: torch.Tensor) -> torch.Tensor:
    """What ``draw`` makes of ``latents`` (B, C), as it is usually written."""
    features = draw.spread(latents).unflatten(1, (NARROW, draw.grid, draw.grid))
    features = draw.widen(features) + draw.place
    for block in draw.coarse:
        features = block(features, latents)
    features = functional.pixel_shuffle(draw.to_middle(features), 2)
    for block in draw.middle:
        features = block(features, latents)
    shown = functional.silu(features)
    added = functional.pixel_shuffle(draw.added(functional.silu(draw.narrow(shown))), draw.added_by)
    picture = draw.fine(functional.pixel_shuffle(draw.to_fine(features), 2), latents)
    picture = functional.pixel_shuffle(draw.picture(functional.silu(picture)), draw.drawn_by) + GREY
    bend = functional.interpolate(draw.bend(shown), (draw.side, draw.side), mode="bilinear")
    bend = bend.unflatten(1, (draw.frames, 2)).permute(0, 1, 3, 4, 2) * (2 / draw.side)  # (B, T, H, W, 2)
    places = (draw.pixels.permute(1, 2, 3, 0) + bend).flatten(1, 2)  # (B, T * H, W, 2)
    fetched = functional.grid_sample(picture, places, padding_mode="border", align_corners=False)
    return fetched.unflatten(2, (draw.frames, draw.side)).squeeze(1) + added


STEPS = {
    "encoder": encoder_step, "attention": attention_step, "sampling": sampling_step,
    "decoding": decoding_step,
}  # fmt: skip


def measure(job: str, variant: str, batch: int, threads: int, repeats: int) -> dict[str, list[float] | float]:
    """Seconds of each repeat after one warm-up, and the peak memory in GB beyond weights and inputs."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    step = STEPS[job](variant, batch)
    ready = peak_memory()
    return {"seconds": timed(step, repeats), "memory_gb": peak_memory() - ready}


def compare(job: str, options: argparse.Namespace) -> dict[str, dict]:
    """All variants of ``job``, each in a process of its own; ratios are of medians, to the first variant."""
    figures = {}
    for variant in VARIANTS[job]:
        command = [sys.executable, __file__, "--measure", job, variant, "--batch", str(options.batch),
                   "--threads", str(options.threads), "--repeats", str(options.repeats)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        figures[variant] = json.loads(done.stdout)
    first = figures[VARIANTS[job][0]]
    for figure in figures.values():
        figure["median"] = float(np.median(figure["seconds"]))
        figure["speed_ratio"] = first["median"] / figure["median"]
        if job != "sampling":
            figure["memory_ratio"] = figure["memory_gb"] / first["memory_gb"]
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", nargs="+", choices=VARIANTS, default=list(VARIANTS))
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, help="write the figures to this JSON file")
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(*options.measure, options.batch, options.threads, options.repeats)))
        return

    print(f"{machine()}, {options.threads} threads, batch {options.batch}, torch {torch.__version__}")
    print(f"{'job':10} {'variant':27} {'seconds':>9} {'range':>17} {'faster':>8} {'memory':>10} {'ratio':>6}")
    report = {}
    for job in options.jobs:
        report[job] = compare(job, options)
        for variant, figure in report[job].items():
            spread = f"{min(figure['seconds']):.2f} - {max(figure['seconds']):.2f}"
            line = f"{job:10} {variant:27} {figure['median']:9.2f} {spread:>17} {figure['speed_ratio']:7.1f}x"
            if job != "sampling":
                line += f" {figure['memory_gb']:7.2f} GB {figure['memory_ratio']:6.2f}"
            print(line)
    if options.out:
        sizes = {"threads": options.threads, "batch": options.batch}
        write_json(options.out, {"machine": machine(), "torch": torch.__version__, **sizes, "jobs": report})


if __name__ == "__main__":
    main()
