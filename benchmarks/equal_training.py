"""Ways to draw movies after equal training, in one table: quality, faithfulness, seconds a clip.

    python benchmarks/sampling.py --run quick --equal-training 484 --people 64   (three minutes on two cores)

Four networks learn for as many steps, from one seed: the denoiser as published, a U-Net (here of 32 and 64
channels), and the profile's own, both of the velocity from noise; of a flow from noise, from the same
batches; of a flow from the mean heart, around one that the other half of the people taught. A fifth learns
from the second to draw in one pass what that draws in two (guidance distilled: Meng, CVPR 2023). Beside them
stand the mean heart's own draws, without any network, and, where the run has them, the movies of its linear
twin. All draw the same validation participants, both views, at temperature 1, from noise of each view's own
and without detail. The run's own generator stands last, with its guidance, temperature and noise.

Seconds are medians of rounds in which all ways draw one batch in turns; their ratio to the first way's
stands beside them.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
import torch
from sklearn.decomposition import PCA

from cardiacnets.cohorts.preprocessing import open_clean, resize_cine
from cardiacnets.cohorts.store import open_cohort
from cardiacnets.experiments.cmr_self_supervision.components import cine_components
from cardiacnets.experiments.contrastive_alignment.align import load_aligner
from cardiacnets.experiments.contrastive_alignment.closed_form import open_closed_form
from cardiacnets.experiments.diffusion.cine_reader import diffusion_cines, open_cine_reader, view_pixels
from cardiacnets.experiments.diffusion.generate import (
    SAMPLE_BATCH,
    ecg_tokens,
    knows_noise,
    load_diffusion,
    open_noise,
    sample_movies,
    starting_noise,
)
from cardiacnets.experiments.diffusion.movie_quality import frechet_distance, movie_similarity
from cardiacnets.experiments.diffusion.video_autoencoder import load_video_autoencoder
from cardiacnets.experiments.shared.encoding import ENCODE_BATCH, build_seeded, cine_batch
from cardiacnets.experiments.shared.inputs import ecg_batch
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.models.diffusion import VideoDiffusion
from cardiacnets.models.ecg_attention import EcgContext
from cardiacnets.models.mean_heart import MeanHeart, cross_fit
from cardiacnets.profile import Diffusion
from cardiacnets.run import Run
from cardiacnets.statistics import bootstrap_correlations, bootstrap_mean

COMPONENTS = 8
GUIDANCE = 2.0
NETWORKS = {
    "published": {
        "prediction": "velocity", "start": "noise", "sampler": "ddim", "denoiser": "unet",
        "unet_channels": (32, 64), "layers_per_block": 1,
    },
    "velocity": {"prediction": "velocity", "start": "noise", "sampler": "ddim"},
    "flow": {"prediction": "flow", "start": "noise", "sampler": "euler"},
    "mean_heart": {"prediction": "flow", "start": "mean_heart", "sampler": "euler"},
}  # fmt: skip
"""What differs between networks; ``distilled`` and ``untrained`` are made of ``velocity`` and the last."""


@dataclass(frozen=True)
class Way:
    """A row of the table: which network draws, with which sampler, steps and guidance."""

    name: str
    network: str
    sampler: str
    steps: int
    guidance: float = 1.0


WAYS = (
    Way("as published: U-Net, DDIM, two passes", "published", "ddim", 100, GUIDANCE),
    Way("DDIM, two passes a step", "velocity", "ddim", 100, GUIDANCE),
    Way("DPM-Solver++, two passes", "velocity", "dpm_solver", 20, GUIDANCE),
    Way("guidance distilled, DPM-Solver++", "distilled", "dpm_solver", 20),
    Way("flow from noise", "flow", "euler", 8),
    Way("flow from the mean heart", "mean_heart", "euler", 2),
    Way("flow from the mean heart, guided", "mean_heart", "euler", 2, GUIDANCE),
    Way("mean heart, no network", "untrained", "euler", 2),
)
RIVAL = "linear twin: components from the beat"
OWN = "as the run draws"
ROUNDS = 5


def equal_training(run: Run, steps: int, people: int, resamples: int = 1000) -> pd.DataFrame:
    """One row a :class:`Way`, the rival and the run's own generator: ``r`` (mean over the indices, with the
    record) and ``ssim`` (to the own movie, mean of both views) with intervals, ``frechet``, ``seconds`` a
    clip (median of :data:`ROUNDS`, both views' mean), how many times as ``fast`` as the first way, ``steps``
    and ``n``.
    """
    clean, reader = open_clean(run, "ukb"), open_cine_reader(run)
    train, rows = clean.rows("train"), clean.rows("validation")[:people]
    inputs = run.profile.ecg_input
    encoder = load_aligner(run).encoder
    learned, asked = (ecg_tokens(encoder, ecg_batch(clean, part, inputs)) for part in (train, rows))
    real = {view: diffusion_cines(run, clean, view, rows) for view in VIEWS}
    drawn, seconds = defaultdict(dict), defaultdict(list)
    for view in VIEWS:
        networks, draw = _trained(run, view, train, learned, steps), {}
        for way in WAYS:
            network = networks[way.network]
            settings = replace(
                network.sizes, sampler=way.sampler, sampling_steps=way.steps, guidance=way.guidance
            )
            draw[way.name] = partial(sample_movies, network, settings=settings, seed=run.profile.seed)
        if (run.models / f"diffusion_{view}").is_dir():
            draw[OWN] = _own(run, view)
        for name, each in draw.items():
            drawn[name][view] = each(asked)
        for name, spent in _timed(draw, asked[:SAMPLE_BATCH]).items():
            seconds[name].append(spent)
    if (run.root / "linear_twin" / "aligned").is_dir():
        started = time.perf_counter()
        drawn[RIVAL] = _rival(run, rows)
        seconds[RIVAL] = [(time.perf_counter() - started) / (len(VIEWS) * len(rows))]
    truth, axes = open_cohort(run, "ukb").indices[rows], _axes(real)
    counts = {way.name: way.steps for way in WAYS} | {RIVAL: 0, OWN: run.profile.diffusion.sampling_steps}
    first, table = np.mean(seconds[WAYS[0].name]), []
    for name, cines in drawn.items():
        similar = np.mean([movie_similarity(cines[view], real[view]) for view in VIEWS], axis=0)
        r = bootstrap_correlations(truth, {"way": reader(cines)}, resamples=resamples).mean("way")
        ssim = bootstrap_mean(similar, resamples=resamples)
        far = [frechet_distance(axes[view](real[view]), axes[view](cines[view])) for view in VIEWS]
        table.append(
            {"way": name, "steps": counts[name], **r.columns("r"), **ssim.columns("ssim"),
             "frechet": float(np.mean(far)), "seconds": float(np.mean(seconds[name])),
             "fast": float(first / np.mean(seconds[name])), "n": len(rows)}
        )  # fmt: skip
    return pd.DataFrame(table)


def _own(run: Run, view: str) -> Callable[[torch.Tensor], np.ndarray]:
    """How the run itself draws movies of tokens (B, N, D), but for their detail; its networks are opened
    before, so that only drawing is timed.
    """
    settings = replace(run.profile.diffusion, detail=0.0)
    known = open_noise(run) if knows_noise(settings) else None
    models = {name: load_diffusion(run, name) for name in dict.fromkeys((VIEWS[0], view))}

    def draw(tokens: torch.Tensor) -> np.ndarray:
        noise = starting_noise(models, known, settings, view, tokens, run.profile.seed)
        return sample_movies(models[view], tokens, settings, run.profile.seed, noise)

    return draw


def _timed(
    draw: Mapping[str, Callable[[torch.Tensor], np.ndarray]], tokens: torch.Tensor
) -> dict[str, float]:
    """Seconds a clip of each way to ``draw`` tokens (B, N, D): the median of rounds, all ways in turns."""
    spent = defaultdict(list)
    for _ in range(ROUNDS):
        for name, each in draw.items():
            started = time.perf_counter()
            each(tokens)
            spent[name].append((time.perf_counter() - started) / len(tokens))
    return {name: float(np.median(times)) for name, times in spent.items()}


def _trained(
    run: Run, view: str, rows: np.ndarray, tokens: torch.Tensor, steps: int
) -> dict[str, VideoDiffusion]:
    """The networks of one view by name, all that learn for ``steps``."""
    clean, sizes = open_clean(run, "ukb"), run.profile.diffusion
    pixels, found, latents = view_pixels(sizes, view), {}, None
    for name, changes in NETWORKS.items():
        everything = {"noise": "own", "temperature": 1.0, "index_noise": 1.0, "detail": 0.0}
        own: Diffusion = replace(sizes, **changes, **everything)
        model = build_seeded("diffusion", replace(run.profile, diffusion=own), pixels=pixels)
        model.autoencoder.load_state_dict(load_video_autoencoder(run).state_dict())
        model.condition.measure(tokens)
        if latents is None:
            with torch.inference_mode():
                parts = [rows[part.numpy()] for part in torch.arange(len(rows)).split(ENCODE_BATCH)]
                seen = (cine_batch(diffusion_cines(run, clean, view, part), slice(None)) for part in parts)
                latents = torch.cat([model.encode(cines) for cines in seen])
            latents = latents.clone()  # training needs a graph
        starts, halves = [None], [np.arange(len(latents))]
        if model.mean_heart is not None:
            model.mean_heart.fit(tokens, latents)
            starts, halves = cross_fit(model.mean_heart, tokens, latents, run.profile.seed)
            found["untrained"] = deepcopy(model).eval()
        learn(model, latents, tokens, steps, run, partial(_around, starts), halves)
        found[name] = model.eval()
    found["distilled"] = distil(found["velocity"], latents, tokens, steps, run)
    return found


def _around(starts: list[MeanHeart | None], model: VideoDiffusion, *batch: torch.Tensor, half: int):
    return model(*batch, start=starts[half])["loss"]


def learn(
    model: VideoDiffusion,
    latents: torch.Tensor,
    tokens: torch.Tensor,
    steps: int,
    run: Run,
    loss: Callable[..., torch.Tensor],
    halves: list[np.ndarray],
) -> None:
    """``steps`` steps of ``loss(model, latents, tokens, generator, half=...)``, of as many people for all
    networks; batches come from the ``halves`` of people in turns.
    """
    settings, generator = run.profile.generation, torch.Generator().manual_seed(run.profile.seed)
    learned = [each for name, each in model.named_parameters() if not name.startswith("autoencoder")]
    optimiser = torch.optim.AdamW(learned, settings.learning_rate, weight_decay=settings.weight_decay)
    model.train()
    for step in range(steps):
        half = step % len(halves)
        index = halves[half][torch.randint(len(halves[half]), (settings.batch,), generator=generator).numpy()]
        optimiser.zero_grad()
        loss(model, latents[index], tokens[index], generator, half=half).backward()
        optimiser.step()


def distil(
    teacher: VideoDiffusion, latents: torch.Tensor, tokens: torch.Tensor, steps: int, run: Run
) -> VideoDiffusion:
    """A copy of ``teacher`` that tells in one pass what it tells with guidance in two."""

    def loss(student: VideoDiffusion, batch: torch.Tensor, ecg: torch.Tensor, generator, half: int):
        noise = torch.randn(batch.shape, generator=generator)
        at = torch.randint(teacher.sizes.noise_steps, (len(batch),), generator=generator)
        noisy = teacher.mix(batch, noise, at)
        with torch.no_grad():
            told = teacher.denoise(noisy, at, EcgContext(teacher.condition(ecg)))
            untold = teacher.denoise(noisy, at, EcgContext(teacher.condition.absent(len(ecg))))
        guided = untold + GUIDANCE * (told - untold)
        return (student.denoise(noisy, at, EcgContext(student.condition(ecg))) - guided).square().mean()

    student = deepcopy(teacher)
    learn(student, latents, tokens, steps, run, loss, [np.arange(len(latents))])
    return student.eval()


def _rival(run: Run, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Movies of the linear twin, with all that an ECG leaves open."""
    twin, sizes = open_closed_form(run), run.profile.diffusion
    predicted = twin(open_clean(run, "ukb"), rows)
    noise = np.random.default_rng(run.profile.seed).standard_normal(predicted.shape)
    scores = twin.alignment.draw(predicted, noise)
    drawn = cine_components(run).decode(scores.reshape(len(rows), len(VIEWS), -1))
    return {view: resize_cine(drawn[view], sizes.frames, view_pixels(sizes, view)) for view in VIEWS}


def _axes(real: Mapping[str, np.ndarray]) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Of each view the whitened first components (n, k) of cines, by what real ones span."""

    def flat(cines: np.ndarray) -> np.ndarray:
        return cines.reshape(len(cines), -1) / 255.0

    found = {}
    for view, cines in real.items():
        fitted = PCA(min(COMPONENTS, max(2, len(cines) // 4)), whiten=True).fit(flat(cines))
        found[view] = lambda cines, fitted=fitted: fitted.transform(flat(cines))
    return found


def shown(table: pd.DataFrame) -> str:
    """The table in lines of text."""
    lines = [f"{'':44}{'mean r':>22}{'ssim':>22}{'frechet':>9}{'s a clip':>10}{'times':>7}"]
    for row in table.itertuples():
        cells = [
            f"{getattr(row, name):.3f} [{getattr(row, f'{name}_interval')[0]:.3f}, "
            f"{getattr(row, f'{name}_interval')[1]:.3f}]"
            for name in ("r", "ssim")
        ]
        steps = f"{row.way}, {row.steps}" if row.steps else row.way
        lines.append(
            f"{steps:44}{cells[0]:>22}{cells[1]:>22}{row.frechet:9.2f}{row.seconds:10.4f}{row.fast:7.1f}"
        )
    return "\n".join(lines)
