"""The autoencoder's weights that ship with the library: learned from simulated hearts of other seeds.

    python -m cardiacnets weights FOLDER --profile quick

Hearts of one seed teach, those of the next one are rebuilt; neither is the seed of a profile, so that no
heart of a run has been seen before. The card says from what, by which command, and how well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from cardiacnets.cohorts.preprocessing import resize_cine
from cardiacnets.digital_heart import simulate
from cardiacnets.experiments.diffusion.cine_reader import view_pixels
from cardiacnets.experiments.diffusion.movie_quality import movie_similarity
from cardiacnets.experiments.shared.encoding import build_seeded, cine_batch
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.models.patch_autoencoder import PatchAutoencoder
from cardiacnets.profile import Profile
from cardiacnets.training import save_checkpoint

AT_ONCE, REBUILT = 100, 100
"""Hearts simulated at once, and those of the next seed on which the card's figures are measured."""


def make_weights(folder: Path, profile: Profile, hearts: int = 1200, seed: int = 20261) -> dict[str, float]:
    """Learn patches from ``hearts`` simulated hearts of ``seed`` and write weights and card to ``folder``.

    Returns what the card says: structural similarity of rebuilt and real cines, by view. Raises
    ``ValueError`` where the profile has no patches.
    """
    if profile.diffusion.autoencoder != "patches":
        raise ValueError(
            f"profile {profile.name}: diffusion.autoencoder is {profile.diffusion.autoencoder}, only patches "
            "are learned in closed form; `python -m cardiacnets train video_autoencoder` trains the others"
        )
    learning = replace(profile, seed=seed, diffusion=replace(profile.diffusion, pretrained_vae=""))
    model = build_seeded("video_autoencoder", learning)
    model.fit(
        cine_batch(cines, slice(None))
        for part in _hearts(hearts, seed, profile)
        for cines in part.values()
    )  # fmt: skip
    similar = rebuilt(model, profile, REBUILT, seed + 1)
    figures = "\n".join(f"- {view}: {value:.3f}" for view, value in similar.items())
    numbers = sum(value.numel() for value in model.state_dict().values())
    notes = (
        f"{numbers:,} numbers, learned in closed form from both views of {hearts:,} simulated hearts (seed "
        f"{seed}, preset {profile.cohorts.preset}) by\n\n    python -m cardiacnets weights FOLDER --profile "
        f"{profile.name} --hearts {hearts} --seed {seed}\n\nwith torch {version('torch')} and numpy "
        f"{version('numpy')}. "
        f"Structural similarity of rebuilt and real cines of {REBUILT} hearts of seed {seed + 1}:\n\n"
        f"{figures}\n\nThe noise of the pictures cannot be rebuilt and keeps the figure below 1. "
        "Not meant for pictures of another size of pixel, number of frames, or of real people."
    )
    data = "simulated hearts (no real participant)"
    save_checkpoint(model, folder, "video_autoencoder", learning, data=data, notes=notes)
    return similar


def rebuilt(model: PatchAutoencoder, profile: Profile, hearts: int, seed: int) -> dict[str, float]:
    """Mean structural similarity of rebuilt and real cines of simulated ``hearts`` of ``seed``, by view."""
    found = {view: [] for view in VIEWS}
    for part in _hearts(hearts, seed, profile):
        for view, cines in part.items():
            with torch.inference_mode():
                drawn = model.decode(model.encode(cine_batch(cines, slice(None))))
            found[view].append(movie_similarity(drawn.mul(255).round().byte().numpy(), cines))
    return {view: float(np.concatenate(values).mean()) for view, values in found.items()}


def _hearts(count: int, seed: int, profile: Profile) -> Iterator[dict[str, np.ndarray]]:
    """Cines (n, T, H, W) by view of ``count`` hearts, a part at a time, at the diffusion model's size.

    A simulated cohort is drawn whole, so each part has a seed of its own: ``seed`` thousand and its number.
    """
    sizes, cohorts = profile.diffusion, profile.cohorts
    for place, start in enumerate(range(0, count, AT_ONCE)):
        people = min(AT_ONCE, count - start)
        part = simulate(people, preset=cohorts.preset, seed=1000 * seed + place, frames=cohorts.frames)
        yield {
            view: resize_cine(getattr(part, view), sizes.frames, view_pixels(sizes, view)) for view in VIEWS
        }
