"""Chapter 04: the autoencoder of a run's movies, given with the library, in closed form, or trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from torch.nn import functional

from cardiacnets.cohorts.preprocessing import open_clean
from cardiacnets.experiments.diffusion.cine_reader import diffusion_cines
from cardiacnets.experiments.shared.encoding import ENCODE_BATCH, build_seeded, cine_batch
from cardiacnets.experiments.shared.inputs import trained_on
from cardiacnets.experiments.shared.stage import Given, Stage, trained
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.models.deforming_autoencoder import DeformingAutoencoder
from cardiacnets.models.diffusion import load_pretrained_autoencoder
from cardiacnets.models.video_autoencoder import VideoAutoencoder
from cardiacnets.pretrained import SHIPPED
from cardiacnets.profile import Profile, Training
from cardiacnets.run import Run
from cardiacnets.training import minibatches

PATCH_PEOPLE = 600
"""Blocks of so many people's cines are plenty: hundreds of times more numbers than there are to fit."""
BRIEF_PEOPLE, BRIEF_EPOCHS = 320, 2
"""Of how many people, how often, an autoencoder learns that stands beside one with weights of its own."""
MOVED = 3
"""Pixels by which hearts are moved, so that an autoencoder does not learn their places by heart."""


def lessons_of(run: Run, people: int | None = None) -> dict[str, np.ndarray]:
    """Cines (n, T, H, W) uint8 by view of the training split of ``ukb``, or of its first ``people``."""
    clean = open_clean(run, "ukb")
    rows = clean.rows("train")[:people]
    return {view: diffusion_cines(run, clean, view, rows) for view in VIEWS}


def block_lessons(lessons: Mapping[str, np.ndarray]) -> list[torch.Tensor]:
    """Batches (n, T, H, W) of the first :data:`PATCH_PEOPLE` cines of each view, whose blocks are learned."""
    first = (cine_batch(cines[:PATCH_PEOPLE], slice(None)) for cines in lessons.values())
    return [part for cines in first for part in cines.split(ENCODE_BATCH)]


def stage_of_cines(
    model: DeformingAutoencoder, lessons: Mapping[str, np.ndarray], settings: Training, seed: int
) -> Stage:
    """How whole cines are learned: ``lessons`` (n, T, H, W) uint8 by view, batches of the views in turns,
    each :func:`moved`; the latents' scale, and what they leave out, is measured at the end.
    """
    steps = min(len(cines) for cines in lessons.values()) // settings.batch

    def batches(epoch: int, generator: torch.Generator):
        shuffled = [minibatches(len(cines), settings.batch, generator) for cines in lessons.values()]
        for together in zip(*shuffled, strict=False):
            for cines, index in zip(lessons.values(), together, strict=True):
                yield cine_batch(cines, index)

    def measure(model: DeformingAutoencoder) -> None:
        for cines in lessons.values():
            model.measure_scale(cine_batch(cines, slice(None, None, max(1, len(cines) // 512))))
        model.fit_detail(block_lessons(lessons))

    return Stage(
        "video_autoencoder",
        model,
        lambda model, cines: model(cines),
        batches,
        settings,
        seed=seed,
        examples=len(lessons) * steps * settings.batch,
        augment=moved,
        finish=measure,
    )


def moved(cines: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Cines (B, T, H, W), all moved alike by up to :data:`MOVED` pixels along both axes; edges repeat."""
    down, right = torch.randint(2 * MOVED + 1, (2,), generator=generator).tolist()
    side = cines.shape[-1]
    wide = functional.pad(cines, (MOVED,) * 4, mode="replicate")
    return wide[..., down : down + side, right : right + side].contiguous()


@trained("video_autoencoder", needs=["clean/ukb"], reads=["diffusion", "autoencoding"])
def video_autoencoder_stage(run: Run) -> Stage | Given:
    """The weights that the profile names, as they are; or what the training split teaches
    :func:`from_nothing`.
    """
    if not (name := run.profile.diffusion.pretrained_vae):
        people = PATCH_PEOPLE if run.profile.diffusion.autoencoder == "patches" else None
        return from_nothing(run.profile, lessons_of(run, people), trained_on(run))
    model = build_seeded("video_autoencoder", run.profile)
    load_pretrained_autoencoder(model)
    ours = "simulated hearts of other seeds, as shipped with the library"
    data = ours if (SHIPPED / name).is_dir() else f"the data of {name}"
    return Given("video_autoencoder", model, data)


def briefly(profile: Profile) -> Profile:
    """The same, but with an autoencoder that is trained from nothing, :data:`BRIEF_EPOCHS` times through its
    cines, and keeps no detail.
    """
    diffusion = replace(profile.diffusion, pretrained_vae="", detail_channels=0)
    settings = replace(profile.autoencoding, epochs=BRIEF_EPOCHS)
    return replace(profile, diffusion=diffusion, autoencoding=settings)


@trained("video_autoencoder_brief", needs=["clean/ukb"], reads=["diffusion", "autoencoding"], under=briefly)
def brief_stage(run: Run) -> Stage | Given:
    """What stands beside weights that a profile names: as much as is learned from nothing, of
    :data:`BRIEF_PEOPLE`, in a quarter of a minute.
    """
    return from_nothing(run.profile, lessons_of(run, BRIEF_PEOPLE), trained_on(run))


def from_nothing(profile: Profile, lessons: Mapping[str, np.ndarray], data: str) -> Stage | Given:
    """One random frame of each cine of either view, to be rebuilt; the latents' scale is measured at the end.

    Patches are learned from whole cines in closed form, and a deforming autoencoder as
    :func:`stage_of_cines` says. ``lessons`` (n, T, H, W) uint8 by view; ``data`` says what they are.
    """
    model, settings = build_seeded("video_autoencoder", profile), profile.autoencoding
    if profile.diffusion.autoencoder == "patches":
        model.fit(block_lessons(lessons))
        return Given("video_autoencoder", model, data)
    if profile.diffusion.autoencoder == "deforming":
        return stage_of_cines(model, lessons, settings, profile.seed)
    cines = np.concatenate(list(lessons.values()))  # (2 n, T, H, W)

    def batches(epoch: int, generator: torch.Generator):
        for index in minibatches(len(cines), settings.batch, generator):
            phases = torch.randint(cines.shape[1], (len(index),), generator=generator).numpy()
            yield torch.from_numpy(cines[index, phases]).float() / 255

    def measure_scale(model: VideoAutoencoder) -> None:
        model.measure_scale(torch.from_numpy(cines[:: max(1, len(cines) // 512)]).float() / 255)

    return Stage(
        "video_autoencoder",
        model,
        lambda model, frames: model(frames),
        batches,
        settings,
        seed=profile.seed,
        examples=len(cines),
        finish=measure_scale,
    )


fit_video_autoencoder, load_video_autoencoder = video_autoencoder_stage.fit, video_autoencoder_stage.load
fit_brief, load_brief = brief_stage.fit, brief_stage.load
