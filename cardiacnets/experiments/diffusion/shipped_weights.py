"""The autoencoder's weights that ship with the library: learned from simulated hearts of other seeds.

    python -m cardiacnets weights FOLDER --profile quick

Hearts of one seed teach, those of the next one are rebuilt; neither is the seed of a profile, so that no
heart of a run has been seen before. The card says from what, by which command, and how well. Each view has a
process of its own; what was trained when it is killed is kept beside ``FOLDER``, and the same command goes on
from there.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from cardiacnets.cohorts.preprocessing import resize_cine
from cardiacnets.digital_heart import simulate
from cardiacnets.experiments.diffusion.cine_reader import view_pixels
from cardiacnets.experiments.diffusion.movie_quality import movie_similarity
from cardiacnets.experiments.diffusion.video_autoencoder import PATCH_PEOPLE, block_lessons, stage_of_cines
from cardiacnets.experiments.shared.encoding import build_seeded, cine_batch, grey_levels
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.models.deforming_autoencoder import DeformingAutoencoder
from cardiacnets.parallel import run_jobs
from cardiacnets.profile import Profile, VideoTraining
from cardiacnets.training import fit, save_checkpoint

AT_ONCE, REBUILT = 100, 100
"""Hearts simulated at once, and those of the next seed on which the card's figures are measured."""
TRAINING = VideoTraining(epochs=44, batch=16, learning_rate=0.002, warmup_epochs=0.4, precision="bf16")
"""How they are trained; 44 epochs of 4,000 hearts are 11,000 batches a view."""


def make_weights(
    folder: Path, profile: Profile, hearts: int = 4000, seed: int = 20261, epochs: int = TRAINING.epochs
) -> dict[str, float]:
    """Train on ``hearts`` simulated hearts of ``seed`` and write weights, in half precision, and card to
    ``folder``.

    Returns what the card says: structural similarity of rebuilt and real cines, by view. Raises
    ``ValueError`` where the profile's autoencoder is not ``deforming``.
    """
    if profile.diffusion.autoencoder != "deforming":
        raise ValueError(
            f"profile {profile.name}: diffusion.autoencoder is {profile.diffusion.autoencoder}; only a "
            "deforming one is made here, `python -m cardiacnets train video_autoencoder` makes the others"
        )
    folder = Path(folder)
    learning = replace(profile, seed=seed, diffusion=replace(profile.diffusion, pretrained_vae=""))
    vectors = replace(learning, diffusion=replace(learning.diffusion, detail_channels=0))
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    jobs = [(vectors, view, hearts, epochs, unfinished / view) for view in VIEWS]
    model = build_seeded("video_autoencoder", learning)
    for weights in run_jobs(_train_view, jobs, len(VIEWS)):
        model.load_state_dict(model.state_dict() | weights)
    add_detail(model, learning, hearts)
    similar = rebuilt(model, profile, REBUILT, seed + 1)
    figures = "\n".join(f"- {view}: {value:.3f}" for view, value in similar.items())
    notes = (
        f"Trained on {hearts:,} simulated hearts (seed {seed}, preset {profile.cohorts.preset}) for {epochs} "
        f"epochs by\n\n    python -m cardiacnets weights FOLDER --profile {profile.name} --hearts {hearts} "
        f"--seed {seed} --epochs {epochs}\n\nwith torch {version('torch')} and numpy {version('numpy')}; "
        f"kept in half precision. Structural similarity of rebuilt and real cines of {REBUILT} hearts of "
        f"seed {seed + 1}:\n\n{figures}\n\nThe noise of the pictures cannot be rebuilt and keeps the figure "
        "below 1. Not meant for pictures of another size of pixel, number of frames, or of real people."
    )
    data = "simulated hearts (no real participant)"
    save_checkpoint(model.half(), folder, "video_autoencoder", learning, data=data, notes=notes)
    shutil.rmtree(unfinished, ignore_errors=True)
    return similar


def add_detail(model: DeformingAutoencoder, learning: Profile, hearts: int) -> None:
    """Learn what vectors leave out of the first of the ``hearts`` that taught them, as the weights are when
    they are kept: in half precision.
    """
    model.half().float().eval()
    first = min(hearts, PATCH_PEOPLE)
    model.fit_detail(
        block_lessons({view: simulated_cines(learning, view, first, learning.seed) for view in VIEWS})
    )
    model.half().float()


def rebuilt(model: DeformingAutoencoder, profile: Profile, hearts: int, seed: int) -> dict[str, float]:
    """Mean structural similarity of rebuilt and real cines of simulated ``hearts`` of ``seed``, by view."""
    found = {}
    for view in VIEWS:
        cines, drawn = simulated_cines(profile, view, hearts, seed), []
        with torch.inference_mode():
            for part in cine_batch(cines, slice(None)).split(16):
                drawn.append(grey_levels(model.rebuild(part)))
        found[view] = float(movie_similarity(np.concatenate(drawn), cines).mean())
    return found


def simulated_cines(profile: Profile, view: str, count: int, seed: int) -> np.ndarray:
    """Cines (n, T, H, W) uint8 of one view of ``count`` hearts, at the diffusion model's size.

    A simulated cohort is drawn whole, so each part has a seed of its own: ``seed`` thousand and its number.
    """
    sizes, cohorts, parts = profile.diffusion, profile.cohorts, []
    for place, start in enumerate(range(0, count, AT_ONCE)):
        people = min(AT_ONCE, count - start)
        part = simulate(people, preset=cohorts.preset, seed=1000 * seed + place, frames=cohorts.frames)
        parts.append(resize_cine(getattr(part, view), sizes.frames, view_pixels(sizes, view)))
    return np.concatenate(parts)


def _train_view(
    learning: Profile, view: str, hearts: int, epochs: int, workspace: Path
) -> dict[str, torch.Tensor]:
    """The weights of one view's networks, trained on its own hearts."""
    model = build_seeded("video_autoencoder", learning)
    cines = simulated_cines(learning, view, hearts, learning.seed)
    stage = stage_of_cines(model, {view: cines}, replace(TRAINING, epochs=epochs), learning.seed)
    fit(stage, workspace)
    stage.finish(model)
    own = f"press.{cines.shape[-1]}.", f"draw.{cines.shape[-1]}.", f"scale_{cines.shape[-1]}"
    return {name: value for name, value in model.state_dict().items() if name.startswith(own)}
