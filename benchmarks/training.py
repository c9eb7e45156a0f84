"""Training: is the data there before the model wants it, what does a step hold in memory, what does a GPU do.

    python benchmarks/training.py --out training.json              (some ten minutes on one core)
    python benchmarks/training.py --jobs loading --profiles quick --repeats 9

Three jobs, one process for each row, one after the other, on this machine:

loading  For each stage of a profile the time to assemble one batch, as the stage does it (fine-tuning
         augments it too), beside the time of one optimiser step on that batch (augmentation, forward,
         backward, AdamW) in the library's own loop.
         Batch and network are the profile's, the cohort is a small simulated one, and its memory maps lie
         in the page cache: ``MB/s`` is what a disk would have to give so that the step never waits. The loop
         prepares the next batch during a step, so that loading costs nothing as long as its share is below 1.
memory   Peak resident memory of two optimiser steps (the second holds AdamW's moments and the activations at
         once) of each network, in the precision of its profile: at the stage's own batch for ``smoke`` and
         ``quick``, with 2 rows for ``full`` and 1 for ``paper``. What does not fit ``--limit`` GB (on a GPU:
         its memory) is named with the reason.
gpu      The study's sizes in bf16 on a CUDA device: a training step of the ViT-L ECG encoder, as a share of
         what this card reaches in a large matrix product; clips a second of masked Swin-B pre-training;
         movies a second. Not measured where there is no such device.

``loading`` and ``memory`` use the GPU where there is one; memory is then what torch held on it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ["TQDM_DISABLE"] = "1"

import numpy as np  # noqa: E402
import torch  # noqa: E402
from measuring import DEVICE, machine, peak_memory, timed  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from cardiacnets.artefacts import write_json  # noqa: E402
from cardiacnets.cohorts.preprocessing import preprocess_cohort  # noqa: E402
from cardiacnets.cohorts.store import simulate_cohort  # noqa: E402
from cardiacnets.experiments.cmr_self_supervision import pretrain
from cardiacnets.experiments.contrastive_alignment import align, ecg_pretraining
from cardiacnets.experiments.diffusion import generate, video_autoencoder
from cardiacnets.experiments.downstream_tasks import downstream  # noqa: E402
from cardiacnets.models import build  # noqa: E402
from cardiacnets.profile import Profile, Training, load_profile  # noqa: E402
from cardiacnets.run import Run, versions  # noqa: E402
from cardiacnets.training import Stage, fit  # noqa: E402

STEPS = 3
NOT_MEASURED = "not measured: no CUDA device"


# ---- loading


STAGES: dict[str, Callable[[Run], Stage]] = {
    "masked CMR pre-training": pretrain.cmr_autoencoder_stage,
    "masked ECG pre-training": ecg_pretraining.ecg_autoencoder_stage,
    "alignment": align.aligner_stage,
    "video autoencoder": video_autoencoder.video_autoencoder_stage,
    "diffusion": lambda run: generate.diffusion_stage(run, "sax"),
    "fine-tuning": lambda run: downstream.network_stage(run, "ukb.indices", "ecg"),
}
SETTINGS = ("pretraining", "ecg_pretraining", "aligning", "autoencoding", "generation", "finetuning")


def small_run(profile: Profile, folder: Path) -> Run:
    """Four of the largest batches of simulated pairs, and what the later stages need of the earlier ones:
    one epoch each.
    """
    largest = max(getattr(profile, name).batch for name in SETTINGS)
    stages = {name: replace(getattr(profile, name), epochs=1) for name in SETTINGS}
    cohorts = replace(profile.cohorts, ukb=4 * largest)
    run = Run(folder, "training", replace(profile, cohorts=cohorts, **stages))
    simulate_cohort(run, "ukb", processes=1)
    preprocess_cohort(run, "ukb", processes=1, progress=False)
    pretrain.fit_cmr_autoencoder(run)
    align.prepare(run)
    align.fit_aligner(run)
    video_autoencoder.fit_video_autoencoder(run)
    return run


def loading(name: str, repeats: int) -> list[dict[str, Any]]:
    """Seconds to assemble a batch and to take a step on it, for each stage of the profile ``name``."""
    with tempfile.TemporaryDirectory() as folder:
        run = small_run(load_profile(name), Path(folder))
        stages = dict(STAGES)
        if run.profile.diffusion.autoencoder == "patches":
            del stages["video autoencoder"]  # learned in closed form
        return [{"stage": title, **load_and_step(make(run), repeats)} for title, make in stages.items()]


def load_and_step(stage: Stage, repeats: int) -> dict[str, Any]:
    """Both times in each of ``repeats`` after a first that is not counted, and the size of a batch in MB.

    A repeat of the step is the mean of a few: starting an epoch is not to count as a step.
    """
    batch, assembling = None, []
    for repeat in range(repeats + 1):
        batches = iter(stage.batches(repeat, torch.Generator().manual_seed(repeat)))
        next(batches)  # has shuffled the epoch
        started = time.perf_counter()
        batch = next(batches)
        assembling.append(time.perf_counter() - started)
    repeated = replace(
        stage,
        batches=lambda epoch, generator: [batch] * STEPS,
        settings=replace(stage.settings, epochs=repeats + 1),
        examples=STEPS * stage.settings.batch,
        validate=None,
    )
    history = fit(repeated, progress=False)
    stepping = [row["seconds"] / STEPS for row in history.epochs]
    parts = [batch] if isinstance(batch, torch.Tensor) else batch
    return {
        "batch": stage.settings.batch,
        "mb": sum(part.nbytes for part in parts) / 1e6,
        "assemble_seconds": assembling[1:],
        "step_seconds": stepping[1:],
    }


# ---- memory


def ecg(profile: Profile, rows: int) -> torch.Tensor:
    return torch.randn(rows, 12, profile.ecg_input.samples)


def cines(profile: Profile, rows: int) -> list[torch.Tensor]:
    sizes = profile.cmr_autoencoder
    return [torch.rand(rows, sizes.frames, sizes.pixels, sizes.pixels) for _ in range(2)]


def pair(profile: Profile, rows: int) -> list[torch.Tensor]:
    sizes = profile.cmr_autoencoder
    width = sizes.width * 2 ** (len(sizes.depths) - 1)
    return [ecg(profile, rows), torch.randn(rows, width), torch.randn(rows, width)]


def latents(profile: Profile, rows: int) -> list[torch.Tensor]:
    sizes = profile.diffusion
    patches = sizes.autoencoder == "patches"
    side = sizes.pixels // (sizes.patch if patches else 2 ** (len(sizes.vae_channels) - 1))
    tokens = 12 * profile.ecg_input.samples // profile.ecg_encoder.patch
    shape = (rows, sizes.latent_channels, 1 if patches else sizes.frames, side, side)
    return [torch.randn(shape), torch.randn(rows, tokens, profile.ecg_encoder.width)]


NETWORKS: dict[str, tuple[str, dict[str, int], Callable[[Profile, int], list[torch.Tensor]]]] = {
    "cmr_autoencoder": ("pretraining", {}, cines),
    "ecg_autoencoder": ("ecg_pretraining", {}, lambda *sizes: [ecg(*sizes)]),
    "aligner": ("aligning", {}, pair),
    "video_autoencoder": (
        "autoencoding",
        {},
        lambda profile, rows: [torch.rand(rows, profile.diffusion.pixels, profile.diffusion.pixels)],
    ),
    "diffusion": ("generation", {}, latents),
    "downstream": ("finetuning", {"outputs": 82}, lambda *sizes: [ecg(*sizes)]),
    "cmr_downstream": ("finetuning", {"outputs": 82}, cines),
}
ROWS = {"full": 2, "paper": 1}


def trainable(kind: str, name: str) -> bool:
    return not (kind == "diffusion" and name.startswith("autoencoder"))


def memory(kind: str, name: str, limit: float) -> dict[str, Any]:
    """Peak memory in GB of two steps of ``kind`` at the sizes of profile ``name``, or why there is none."""
    if DEVICE.type == "cuda":
        limit = torch.cuda.get_device_properties(DEVICE).total_memory / 1e9
    profile = load_profile(name)
    setting, options, inputs = NETWORKS[kind]
    settings: Training = getattr(profile, setting)
    rows = ROWS.get(name, settings.batch)
    with torch.device("meta"):
        shapes = dict(build(kind, profile, **options).named_parameters())
    moving = sum(value.numel() for key, value in shapes.items() if trainable(kind, key))
    figures: dict[str, Any] = {"parameters": sum(value.numel() for value in shapes.values()), "batch": rows}
    # weights; for those that move also gradients, AdamW's two moments and, where kept, their average
    least = 4 * (figures["parameters"] + (3 + bool(settings.ema)) * moving) / 1e9
    if least > limit:
        return figures | {"skipped": f"weights, gradients and AdamW alone need {least:.0f} GB of {limit:.0f}"}
    if DEVICE.type == "cpu":
        resource.setrlimit(resource.RLIMIT_DATA, (round(limit * 1e9), resource.RLIM_INFINITY))
    before = peak_memory()
    try:
        model = build(kind, profile, **options)
        batch = inputs(profile, rows)
        two_steps(kind, model, batch, settings)
    except MemoryError:
        return figures | {"skipped": f"a step needs more than {limit:.0f} GB"}
    return figures | {"peak_gb": peak_memory(), "libraries_gb": before, "precision": settings.precision}


def two_steps(kind: str, model: torch.nn.Module, batch: list[torch.Tensor], settings: Training) -> None:
    """Two optimiser steps on the same ``batch`` in the library's loop."""

    def loss(model: torch.nn.Module, batch: list[torch.Tensor]) -> dict[str, torch.Tensor]:
        found = model(*batch)
        return found if isinstance(found, dict) else {"loss": found.square().mean()}

    stage = Stage(
        kind,
        model,
        loss,
        lambda epoch, generator: [batch] * 2,
        replace(settings, epochs=1),
        seed=1,
        examples=2 * settings.batch,
        trainable=lambda name: trainable(kind, name),
    )
    fit(stage, progress=False)


# ---- gpu


def bf16_step(model: torch.nn.Module, loss: Callable[[], torch.Tensor]) -> Callable[[], None]:
    """Forward, backward and AdamW, computed in bf16 on weights kept in float32."""
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)

    def step() -> None:
        with torch.autocast(DEVICE.type, torch.bfloat16):
            value = loss()
        value.backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


def vit_step(profile: Profile, rows: int, repeats: int) -> dict[str, Any]:
    """A bf16 training step of the ECG encoder: seconds, and operations a second beside a matrix product's."""
    model = build("ecg_encoder", profile).to(DEVICE)
    batch = ecg(profile, rows).to(DEVICE)
    step = bf16_step(model, lambda: model(batch).square().mean())
    with FlopCounterMode(display=False) as counter:
        step()
    seconds, rate = timed(step, repeats), matrix_rate(repeats)
    reached = counter.get_total_flops() / np.median(seconds)
    figures = {"tflops": reached / 1e12, "matrix_tflops": rate / 1e12, "share": reached / rate}
    return {"batch": rows, "seconds": seconds, **figures}


def matrix_rate(repeats: int, side: int = 8192) -> float:
    """Operations a second of a bf16 matrix product: what this card reaches, not what its data sheet says."""
    left, right = torch.randn(2, side, side, device=DEVICE, dtype=torch.bfloat16)
    return 2 * side**3 / float(np.median(timed(lambda: left @ right, repeats)))


def masked_step(profile: Profile, rows: int, repeats: int) -> dict[str, Any]:
    """Clips a second in bf16 training steps of the two-view masked autoencoder."""
    model = build("cmr_autoencoder", profile).to(DEVICE)
    batch = [cine.to(DEVICE) for cine in cines(profile, rows)]
    seconds = timed(bf16_step(model, lambda: model(*batch)["loss"]), repeats)
    return {"batch": rows, "seconds": seconds, "clips_per_second": 2 * rows / float(np.median(seconds))}


def movies(profile: Profile, rows: int, repeats: int) -> dict[str, Any]:
    """Movies a second, from noise to pixels, with the profile's sampler; weights are untrained."""
    model = build("diffusion", profile).to(DEVICE).eval()
    tokens = latents(profile, rows)[1].to(DEVICE)
    sizes = profile.diffusion

    def sample() -> None:
        with torch.autocast(DEVICE.type, torch.bfloat16):
            model.sample(tokens, steps=sizes.sampling_steps, sampler=sizes.sampler)

    seconds = timed(sample, repeats)
    return {"batch": rows, "seconds": seconds, "movies_per_second": rows / float(np.median(seconds))}


GPU = {
    "ViT-L step, paper": (vit_step, "paper", 64),
    "masked Swin-B step, paper": (masked_step, "paper", 32),
    "movies, full": (movies, "full", 16),
}


# ---- rows in processes of their own, and the table


def in_process(*arguments: str, options: argparse.Namespace) -> Any:
    """What this file finds for ``arguments`` in a new process; a killed or failed one says so."""
    command = [sys.executable, __file__, "--measure", *arguments, "--repeats", str(options.repeats)]
    command += ["--threads", str(options.threads), "--limit", str(options.limit)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: {done.stderr.strip()[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def measure(job: str, arguments: list[str], options: argparse.Namespace) -> Any:
    """One row, or for ``loading`` one profile, in this process."""
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    if job == "loading":
        return loading(*arguments, options.repeats)
    if job == "memory":
        return memory(*arguments, options.limit)
    work, profile, rows = GPU[arguments[0]]
    return work(load_profile(profile), rows, options.repeats)


def report_loading(options: argparse.Namespace) -> dict[str, Any]:
    columns = f"{'batch':>6}{'assemble, ms':>26}{'step, ms':>26}{'share':>8}{'MB/s':>8}"
    print(f"\n{'loading':9}{'stage':26}{columns}")
    report = {}
    for profile in options.profiles:
        report[profile] = in_process("loading", profile, options=options)
        for row in report[profile]:
            ready, step = (np.median(row[f"{part}_seconds"]) for part in ("assemble", "step"))
            row["share"], row["mb_per_second"] = ready / step, row["mb"] / step
            times = f"{spread(row['assemble_seconds']):>26}{spread(row['step_seconds']):>26}"
            shares = f"{row['share']:8.3f}{row['mb_per_second']:8.1f}"
            print(f"{profile:9}{row['stage']:26}{row['batch']:6}{times}{shares}")
    return report


def spread(seconds: list[float]) -> str:
    """Median and range in milliseconds."""
    low, middle, high = (1000 * value for value in (min(seconds), np.median(seconds), max(seconds)))
    return f"{middle:.1f} ({low:.1f} - {high:.1f})"


def report_memory(options: argparse.Namespace) -> dict[str, Any]:
    columns = f"{'batch':>6}{'parameters':>16}{'peak, GB':>10}{'beyond libraries':>18}"
    print(f"\n{'memory':9}{'network':26}{columns}")
    report: dict[str, Any] = {}
    for profile in options.scales:
        for kind in NETWORKS:
            row = in_process("memory", kind, profile, options=options)
            report.setdefault(profile, {})[kind] = row
            start = f"{profile:9}{kind:26}{row['batch']:6}{row['parameters']:16,}"
            if "skipped" in row:
                print(f"{start}  {row['skipped']}")
            else:
                print(f"{start}{row['peak_gb']:10.2f}{row['peak_gb'] - row['libraries_gb']:18.2f}")
    return report


def report_gpu(options: argparse.Namespace) -> dict[str, Any]:
    print("\ngpu")
    report = {}
    for title in GPU:
        if DEVICE.type == "cpu":
            report[title] = NOT_MEASURED
            print(f"{title:35}{NOT_MEASURED}")
            continue
        row = report[title] = in_process("gpu", title, options=options)
        found = [f"{key} {value:.3g}" for key, value in row.items() if key not in ("batch", "seconds")]
        print(f"{title:35}{spread(row['seconds'])} ms at {row['batch']} rows; {', '.join(found)}")
    return report


REPORTS = {"loading": report_loading, "memory": report_memory, "gpu": report_gpu}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", nargs="+", choices=REPORTS, default=list(REPORTS))
    parser.add_argument("--profiles", nargs="+", default=["smoke", "quick"], help="of loading")
    parser.add_argument("--scales", nargs="+", default=["smoke", "quick", "full", "paper"], help="of memory")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1, help="of what no profile fixes")
    parser.add_argument("--limit", type=float, default=20, help="GB of a step on the CPU (default 20)")
    parser.add_argument("--out", type=Path, help="write the figures to this JSON file")
    parser.add_argument("--measure", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure[0], options.measure[1:], options)))
        return

    software = f"Python {platform.python_version()}, torch {torch.__version__}"
    print(f"{machine()}, {os.cpu_count()} cores, {software}")
    jobs = {job: REPORTS[job](options) for job in options.jobs}
    if options.out:
        about = {"machine": machine(), "cores": os.cpu_count(), "python": platform.python_version()}
        chosen = {"repeats": options.repeats, "threads": options.threads, "limit_gb": options.limit}
        write_json(options.out, {**about, "versions": versions(), **chosen, "jobs": jobs})


if __name__ == "__main__":
    main()
