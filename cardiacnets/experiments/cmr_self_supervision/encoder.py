"""The CMR encoder that the profile chooses: what every later chapter means by CMR features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cardiacnets.cmr.augmenting import CineAugmentation
from cardiacnets.experiments.cmr_self_supervision.components import fit_cine_components
from cardiacnets.experiments.cmr_self_supervision.contrast import (
    LIGHT,
    fit_cine_contrast,
    load_cine_contrast,
    untrained_contrast,
)
from cardiacnets.experiments.cmr_self_supervision.pretrain import fit_cmr_autoencoder, load_cmr_autoencoder
from cardiacnets.experiments.shared.encoding import build_seeded
from cardiacnets.models.cine_contrast import CineContrast
from cardiacnets.models.cmr_autoencoder import CmrAutoencoder
from cardiacnets.models.registry import cmr_encoder_class
from cardiacnets.profile import Profile
from cardiacnets.run import Run

CmrEncoder = CmrAutoencoder | CineContrast


@dataclass(frozen=True)
class Way:
    """How an encoder is made: its folder below ``models/``, what fits, loads and begins it, and the views of
    a cine among which it was trained.
    """

    folder: str
    fit: Callable[[Run], Path]
    load: Callable[[Run], CmrEncoder]
    untrained: Callable[[Run], CmrEncoder]
    augmentation: CineAugmentation


WAYS: dict[type[CmrEncoder], Way] = {
    CmrAutoencoder: Way(
        "cmr_autoencoder",
        fit_cmr_autoencoder,
        load_cmr_autoencoder,
        lambda run: build_seeded("cmr_autoencoder", run.profile).eval(),
        CineAugmentation(),
    ),
    CineContrast: Way("cine_contrast", fit_cine_contrast, load_cine_contrast, untrained_contrast, LIGHT),
}


def fit_cmr_encoder(run: Run) -> Path:
    """Train the encoder that the profile chooses on the training split of ``ukb``, or reuse it; the linear
    twin, from which it may start, is fitted first.
    """
    fit_cine_components(run)
    return way_of(run.profile).fit(run)


def load_cmr_encoder(run: Run) -> CmrEncoder:
    """The trained encoder in evaluation mode; ``ValueError`` naming the chapter if there is none yet."""
    return way_of(run.profile).load(run)


def untrained_cmr_encoder(run: Run) -> CmrEncoder:
    """The same network before its first training step, in evaluation mode."""
    return way_of(run.profile).untrained(run)


def cmr_encoder_folder(run: Run) -> Path:
    """Where the trained encoder lies; ``ValueError`` naming the chapter if there is none yet."""
    return run.require(run.models / way_of(run.profile).folder)


def way_of(profile: Profile) -> Way:
    """How the encoder that ``profile`` chooses is made."""
    return WAYS[cmr_encoder_class(profile)]
