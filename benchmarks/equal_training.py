"""Ways to draw movies after equal training, in one table: quality, faithfulness, seconds a clip.

    python benchmarks/sampling.py --run quick --equal-training 484 --people 64   (three minutes on two cores)

Three networks of one size learn for as many steps, from one seed: of the velocity and of a flow from noise,
from the same batches; of a flow from the mean heart, around one that the other half of the people taught. A
fourth learns from the first to draw in one pass what that draws in two (guidance distilled: Meng, CVPR 2023).
Beside them stand the mean heart's own draws, without any network, and the movies of the run's linear twin
where it has one. All draw the same validation participants, both views, at temperature 1, from noise of each
view's own and without detail.
"""

from __future__ import annotations

import time
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
from cardiacnets.experiments.diffusion.generate import ecg_tokens, sample_movies
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
    "velocity": {"prediction": "velocity", "start": "noise", "sampler": "ddim"},
    "flow": {"prediction": "flow", "start": "noise", "sampler": "euler"},
    "mean_heart": {"prediction": "flow", "start": "mean_heart", "sampler": "euler"},
}
"""What differs between the networks; ``distilled`` and ``untrained`` are made of the first and the last."""


@dataclass(frozen=True)
class Way:
    """A row of the table: which network draws, with which sampler, steps and guidance."""

    name: str
    network: str
    sampler: str
    steps: int
    guidance: float = 1.0


WAYS = (
    Way("DDIM, two passes a step", "velocity", "ddim", 100, GUIDANCE),
    Way("DPM-Solver++, two passes", "velocity", "dpm_solver", 20, GUIDANCE),
    Way("guidance distilled, DPM-Solver++", "distilled", "dpm_solver", 20),
    Way("flow from noise", "flow", "euler", 8),
    Way("flow from the mean heart", "mean_heart", "euler", 8),
    Way("mean heart, no network", "untrained", "euler", 8),
)
RIVAL = "linear twin: components from the beat"


def equal_training(run: Run, steps: int, people: int, resamples: int = 1000) -> pd.DataFrame:
    """One row a :class:`Way` and the rival: ``r`` (mean over the indices, with the record) and ``ssim`` (to
    the own movie, mean of both views) with intervals, ``frechet``, ``seconds`` a clip (median of batches,
    both views' mean), ``steps`` and ``n``.
    """
    clean, reader = open_clean(run, "ukb"), open_cine_reader(run)
    train, rows = clean.rows("train"), clean.rows("validation")[:people]
    inputs = run.profile.ecg_input
    encoder = load_aligner(run).encoder
    learned, asked = (ecg_tokens(encoder, ecg_batch(clean, part, inputs)) for part in (train, rows))
    real = {view: diffusion_cines(run, clean, view, rows) for view in VIEWS}
    drawn, seconds = {way.name: {} for way in WAYS}, {way.name: [] for way in WAYS}
    for view in VIEWS:
        networks = _trained(run, view, train, learned, steps)
        for way in WAYS:
            network = networks[way.network]
            settings = replace(
                network.sizes, sampler=way.sampler, sampling_steps=way.steps, guidance=way.guidance
            )
            started = time.perf_counter()
            drawn[way.name][view] = sample_movies(network, asked, settings, run.profile.seed)
            seconds[way.name].append((time.perf_counter() - started) / len(rows))
    if (run.root / "linear_twin" / "aligned").is_dir():
        started = time.perf_counter()
        drawn[RIVAL] = _rival(run, rows)
        seconds[RIVAL] = [(time.perf_counter() - started) / (len(VIEWS) * len(rows))]
    truth, axes = open_cohort(run, "ukb").indices[rows], _axes(real)
    counts = {way.name: way.steps for way in WAYS} | {RIVAL: 0}
    table = []
    for name, cines in drawn.items():
        similar = np.mean([movie_similarity(cines[view], real[view]) for view in VIEWS], axis=0)
        r = bootstrap_correlations(truth, {"way": reader(cines)}, resamples=resamples).mean("way")
        ssim = bootstrap_mean(similar, resamples=resamples)
        far = [frechet_distance(axes[view](real[view]), axes[view](cines[view])) for view in VIEWS]
        table.append(
            {"way": name, "steps": counts[name], **r.columns("r"), **ssim.columns("ssim"),
             "frechet": float(np.mean(far)), "seconds": float(np.mean(seconds[name])), "n": len(rows)}
        )  # fmt: skip
    return pd.DataFrame(table)


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
    lines = [f"{'':36}{'mean r':>22}{'ssim':>22}{'frechet':>9}{'s a clip':>10}"]
    for row in table.itertuples():
        cells = [
            f"{getattr(row, name):.3f} [{getattr(row, f'{name}_interval')[0]:.3f}, "
            f"{getattr(row, f'{name}_interval')[1]:.3f}]"
            for name in ("r", "ssim")
        ]
        steps = f"{row.way}, {row.steps}" if row.steps else row.way
        lines.append(f"{steps:36}{cells[0]:>22}{cells[1]:>22}{row.frechet:9.2f}{row.seconds:10.3f}")
    return "\n".join(lines)
