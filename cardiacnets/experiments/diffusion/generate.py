"""Chapter 04: movies of the heart drawn from an ECG, and how far they can be believed.

One latent video diffusion model a view, conditioned on the tokens of the frozen aligned ECG encoder. A
generated movie is judged by what is measured on it: one regressor, fitted on real training cines, reads the
82 indices from real and generated test cines alike, and both are compared with each other and with the
recorded truth.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from cardiacnets.cohorts.preprocessing import open_clean
from cardiacnets.cohorts.store import memory_map, open_cohort
from cardiacnets.experiments.contrastive_alignment.align import load_aligner
from cardiacnets.experiments.diffusion.cine_reader import (
    diffusion_cines,
    fit_cine_reader,
    open_cine_reader,
    view_pixels,
)
from cardiacnets.experiments.diffusion.video_autoencoder import load_video_autoencoder
from cardiacnets.experiments.shared.encoding import ENCODE_BATCH, build_seeded, cine_batch, grey_levels
from cardiacnets.experiments.shared.inputs import ecg_batch
from cardiacnets.experiments.shared.stage import Stage, trained
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.models.diffusion import Autoencoder, VideoDiffusion, load_pretrained_unet
from cardiacnets.models.ecg_encoder import EcgEncoder
from cardiacnets.models.index_noise import IndexNoise
from cardiacnets.models.mean_heart import cross_fit
from cardiacnets.models.shared_noise import SharedNoise
from cardiacnets.profile import Diffusion
from cardiacnets.reach import code_of
from cardiacnets.run import Run
from cardiacnets.study import READER_COHORT
from cardiacnets.training import minibatches

SAMPLE_BATCH = 16
NOISE_COMPONENTS = 384
"""Components of either view that are set against each other to find what they share."""
OWN_SEED = 1_000_003
"""Added to a seed for the noise that the second view keeps for itself."""
DETAIL_SEED = 2_000_003
"""Added to a seed for the detail that no ECG tells."""


def ecg_tokens(encoder: EcgEncoder, ecg: torch.Tensor) -> torch.Tensor:
    """The condition: tokens (B, N, D) of the frozen aligned ``encoder`` for its inputs (B, 12, samples)."""
    with torch.inference_mode():
        return torch.cat([encoder.tokens(part) for part in ecg.split(128)]).clone()


@trained(
    "diffusion_{view}",
    needs=["clean/ukb", "models/aligned", "models/video_autoencoder"],
    reads=["ecg_input", "ecg_encoder", "diffusion", "generation"],
    each=[(view,) for view in VIEWS],
)
def diffusion_stage(run: Run, view: str) -> Stage:
    """Latents of whole cines, encoded once, to be told from noise beside the tokens of their ECGs; where
    drawing starts at the mean heart, around one that other people taught, a half of them a batch.
    """
    clean, settings = open_clean(run, "ukb"), run.profile.generation
    rows = clean.rows("train")
    tokens = ecg_tokens(load_aligner(run).encoder, ecg_batch(clean, rows, run.profile.ecg_input))
    pixels = view_pixels(run.profile.diffusion, view)
    model = build_seeded("diffusion", run.profile, pixels=pixels)
    load_pretrained_unet(model)
    model.autoencoder.load_state_dict(load_video_autoencoder(run).state_dict())
    model.condition.measure(tokens)
    with torch.inference_mode():
        parts = np.array_split(rows, -(-len(rows) // ENCODE_BATCH))
        seen = (cine_batch(diffusion_cines(run, clean, view, part), slice(None)) for part in parts)
        latents = torch.cat([model.encode(cines) for cines in seen])
    latents = latents.clone()  # (n, C, T, h, w), outside inference mode: training needs its graph
    starts, halves = [None], [np.arange(len(latents))]
    if model.mean_heart is not None:
        model.mean_heart.fit(tokens, latents)
        starts, halves = cross_fit(model.mean_heart, tokens, latents, run.profile.seed)
    steps = [len(half) // settings.batch for half in halves]

    def batches(epoch: int, generator: torch.Generator):
        shuffled = [minibatches(len(half), settings.batch, generator) for half in halves]
        for together in zip(*shuffled, strict=False):  # the halves in turns
            for half, index in enumerate(together):
                rows = halves[half][index]
                yield latents[rows], tokens[rows], half

    def losses(model: VideoDiffusion, batch: tuple) -> dict[str, torch.Tensor]:
        *pair, half = batch
        start = starts[half]
        return model(*pair, start=start and start.to(pair[0].device))

    return Stage(
        "diffusion",
        model,
        losses,
        batches,
        settings,
        seed=run.profile.seed,
        examples=min(steps) * len(steps) * settings.batch,
        trainable=lambda name: not name.startswith("autoencoder"),
        options={"pixels": pixels},
    )


fit_diffusion, load_diffusion = diffusion_stage.fit, diffusion_stage.load


@dataclass(frozen=True)
class Noise:
    """What is known of the noise around the mean heart: what both views share of it, and, by view, what the
    indices follow.
    """

    shared: SharedNoise
    indices: dict[str, IndexNoise]


def fit_noise(run: Run) -> Path:
    """Learn :class:`Noise` from the training split of ``ukb``, ``models/noise``, or reuse it."""
    clean = open_clean(run, "ukb")
    ingredients = {
        "cohort": clean.folder,
        "models": [run.require(run.models / f"diffusion_{view}") for view in VIEWS],
        "aligned": run.require(run.models / "aligned"),
        "source": code_of(fit_noise),
    }

    def make(folder: Path) -> None:
        rows = clean.rows("train")
        tokens = ecg_tokens(load_aligner(run).encoder, ecg_batch(clean, rows, run.profile.ecg_input))
        count, scores, axes = min(NOISE_COMPONENTS, len(rows) // 10), [], []
        for view in VIEWS:
            model, found = load_diffusion(run, view), []
            axes.append(model.mean_heart.axes)
            with torch.inference_mode():
                for part in torch.arange(len(rows)).split(ENCODE_BATCH):
                    seen = cine_batch(diffusion_cines(run, clean, view, rows[part.numpy()]), slice(None))
                    found.append(model.rest(model.encode(seen), tokens[part]).flatten(1) @ axes[-1].T)
            scores.append(torch.cat(found))
        few = (tuple(part[:, :count] for part in scores), tuple(part[:count] for part in axes))
        arrays = {name: value.contiguous() for name, value in vars(SharedNoise.fit(*few)).items()}
        known = open_cohort(run, "ukb").indices[rows]
        follow = IndexNoise.fit(tuple(part.numpy() for part in scores), tuple(axes), known)
        for view, each in zip(VIEWS, follow, strict=True):
            arrays[f"indices_{view}"] = each.axes.contiguous()
        save_file(arrays, folder / "noise.safetensors")

    return run.fit_or_load(run.models / "noise", ingredients, make)


def open_noise(run: Run) -> Noise:
    """What :func:`fit_noise` has left; ``ValueError`` naming the file if it is damaged."""
    file = run.require(run.models / "noise") / "noise.safetensors"
    try:
        arrays = load_file(file)
        indices = {view: IndexNoise(arrays.pop(f"indices_{view}")) for view in VIEWS}
        return Noise(SharedNoise(**arrays), indices)
    except (OSError, SafetensorError, TypeError, KeyError) as error:
        raise ValueError(f"{file}: not whole ({error}); remove its folder and run chapter 04 again") from None


def draw_movies(
    run: Run, view: str, tokens: torch.Tensor, seed: int, settings: Diffusion | None = None
) -> np.ndarray:
    """Movies (B, T, H, W) uint8 of one view from tokens (B, N, D), as the profile draws them, or with other
    ``settings`` of drawing, such as :func:`freely`. Where views share noise, those of the same seed and
    tokens show the same hearts.
    """
    settings = settings or run.profile.diffusion
    known = open_noise(run) if knows_noise(settings) else None
    models = {name: load_diffusion(run, name) for name in dict.fromkeys((VIEWS[0], view))}
    noise = starting_noise(models, known, settings, view, tokens, seed)
    return sample_movies(models[view], tokens, settings, seed, noise)


def freely(settings: Diffusion) -> Diffusion:
    """The same, but with all noise and no guidance: as varied as people with such ECGs."""
    return replace(settings, temperature=1.0, index_noise=1.0, guidance=1.0)


def knows_noise(settings: Diffusion) -> bool:
    """Whether drawing needs to know what views share of their noise, or indices follow."""
    return settings.noise == "shared" or settings.index_noise != 1


def starting_noise(
    models: Mapping[str, VideoDiffusion],
    known: Noise | None,
    settings: Diffusion,
    view: str,
    tokens: torch.Tensor,
    seed: int,
) -> torch.Tensor:
    """Where drawing starts for tokens (B, N, D), before its temperature: latents (B, ...), standard normal
    but along what the indices follow, if ``settings`` damp that. ``models`` are the view's and the first
    view's.
    """

    def drawn(name: str, key: int) -> torch.Tensor:
        return models[name].first_noise(len(tokens), torch.Generator().manual_seed(key), tokens.device)

    if settings.noise == "shared" and view != VIEWS[0]:
        noise = known.shared(drawn(VIEWS[0], seed), drawn(view, seed + OWN_SEED))
    else:
        noise = drawn(view, seed)
    return noise if settings.index_noise == 1 else known.indices[view](noise, settings.index_noise)


def sample_movies(
    model: VideoDiffusion,
    tokens: torch.Tensor,
    settings: Diffusion,
    seed: int,
    noise: torch.Tensor | None = None,
) -> np.ndarray:
    """Movies (B, T, H, W) uint8 drawn from tokens (B, N, D) with the settings' sampler, steps, guidance,
    temperature and detail.

    The same seed and number of tokens start from the same noise, whatever the ECGs say; or all start from
    ``noise``, standard normal latents (B, ...).
    """
    generator = torch.Generator().manual_seed(seed)
    if noise is None:
        noise = model.first_noise(len(tokens), generator, tokens.device)
    drawn = (
        model.sample(
            part, generator, settings.sampling_steps, settings.guidance, settings.sampler,
            settings.temperature, start,
        )
        for part, start in zip(tokens.split(SAMPLE_BATCH), noise.split(SAMPLE_BATCH), strict=True)
    )  # fmt: skip
    return with_detail(model.autoencoder, drawn, settings, seed)


def with_detail(
    autoencoder: Autoencoder, drawn: Iterable[torch.Tensor], settings: Diffusion, seed: int
) -> np.ndarray:
    """Movies (n, T, H, W) uint8 of batches (B, T, H, W) in [0, 1], with the detail that no ECG tells, the
    same for the same ``seed``; as they are where the autoencoder keeps none.
    """
    detail, movies = getattr(autoencoder, "detail", None), []
    generator = torch.Generator().manual_seed(seed + DETAIL_SEED)
    for part in drawn:
        if detail is not None and settings.detail:
            part = detail.sample(part, settings.detail, generator)
        movies.append(grey_levels(part))
    return np.concatenate(movies)


def generated_rows(run: Run, cohort: str) -> np.ndarray:
    """Whose movies are drawn: test participants of ``ukb`` up to the profile's number; every reader-study
    case.
    """
    clean = open_clean(run, cohort)
    rows = clean.rows("test")
    if cohort == READER_COHORT:
        return rows
    chosen = np.random.default_rng([run.profile.seed, 404]).permutation(rows)[
        : run.profile.diffusion.generated
    ]
    return np.sort(chosen)


def generate_movies(run: Run, cohort: str, view: str) -> Path:
    """Draw one view of the movies of :func:`generated_rows`, or reuse them: ``generated.npy``, ``real.npy``
    uint8.
    """
    rows, clean = generated_rows(run, cohort), open_clean(run, cohort)
    model_folder = run.require(run.models / f"diffusion_{view}")
    ingredients = {
        "cohort": clean.folder,
        "model": model_folder,
        "rows": len(rows),
        "seed": run.profile.seed,
        "aligned": run.models / "aligned",
        "source": code_of(generate_movies),
    }

    def make(folder: Path) -> None:
        tokens = ecg_tokens(load_aligner(run).encoder, ecg_batch(clean, rows, run.profile.ecg_input))
        movies = draw_movies(run, view, tokens, run.profile.seed)
        np.save(folder / "generated.npy", movies)
        np.save(folder / "real.npy", diffusion_cines(run, clean, view, rows))

    return run.fit_or_load(run.root / "movies" / f"{cohort}.{view}", ingredients, make)


def measure_movies(run: Run, cohort: str) -> Path:
    """Write ``predictions/generated.<cohort>/``: who, and the indices read from generated and from real
    movies.

    ``table.parquet`` (identifiers, row, labels), ``indices_generated.npy``, ``indices_real.npy`` and the
    recorded ``truth.npy``, all (n, 82).
    """
    rows, clean = generated_rows(run, cohort), open_clean(run, cohort)
    folders = [run.require(run.root / "movies" / f"{cohort}.{view}") for view in VIEWS]
    ingredients = {
        "movies": folders,
        "cohort": clean.folder,
        "reader": fit_cine_reader(run),
        "source": code_of(measure_movies),
    }

    def make(folder: Path) -> None:
        reader = open_cine_reader(run)
        for kind in ("generated", "real"):
            cines = {view: movies(run, cohort, view, kind) for view in VIEWS}
            np.save(folder / f"indices_{kind}.npy", reader(cines).astype(np.float32))
        np.save(folder / "truth.npy", open_cohort(run, cohort).indices[rows])
        clean.index.loc[rows].assign(row=rows).to_parquet(folder / "table.parquet")

    return run.fit_or_load(run.predictions / f"generated.{cohort}", ingredients, make)


def measure_reference(run: Run) -> Path:
    """Write ``predictions/generated.reference/``: indices read from real movies of ``ukb`` validation
    participants.

    What a reader can have learned from: pictures and diagnoses of people who are in no test set.
    """
    clean = open_clean(run, "ukb")
    rows = clean.rows("validation")
    ingredients = {
        "cohort": clean.folder,
        "diffusion": run.profile.diffusion,
        "reader": fit_cine_reader(run),
        "source": code_of(measure_reference),
    }

    def make(folder: Path) -> None:
        cines = {view: diffusion_cines(run, clean, view, rows) for view in VIEWS}
        np.save(folder / "indices_real.npy", open_cine_reader(run)(cines).astype(np.float32))
        clean.index.loc[rows].assign(row=rows).to_parquet(folder / "table.parquet")

    return run.fit_or_load(run.predictions / "generated.reference", ingredients, make)


def movies(run: Run, cohort: str, view: str, kind: str) -> np.ndarray:
    """Movies (n, T, H, W) uint8 of :func:`generated_rows`; ``kind`` is ``generated`` or ``real``."""
    return memory_map(run.require(run.root / "movies" / f"{cohort}.{view}") / f"{kind}.npy")
