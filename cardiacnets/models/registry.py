"""The networks by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from torch import nn

from cardiacnets.models.alignment import Aligner
from cardiacnets.models.cmr_autoencoder import CmrAutoencoder
from cardiacnets.models.diffusion import VideoDiffusion
from cardiacnets.models.ecg_autoencoder import EcgAutoencoder
from cardiacnets.models.ecg_encoder import EcgEncoder
from cardiacnets.models.heads import CmrEmbedding, Downstream
from cardiacnets.models.video_autoencoder import VideoAutoencoder
from cardiacnets.profile import Profile, load_profile


def _aligner(profile: Profile, covariates: int = 0) -> Aligner:
    sizes = profile.cmr_autoencoder
    width = sizes.width * 2 ** (len(sizes.depths) - 1) * sizes.feature_grid**2
    return Aligner(profile, cmr_width=width, covariates=covariates)


def _video_autoencoder(profile: Profile) -> VideoAutoencoder:
    return VideoAutoencoder(profile.diffusion)


def _diffusion(profile: Profile) -> VideoDiffusion:
    return VideoDiffusion(profile, context_width=profile.ecg_encoder.width)


def _downstream(profile: Profile, outputs: int, covariates: int = 0) -> Downstream:
    return Downstream(EcgEncoder(profile, covariates), outputs, profile.ecg_encoder.dropout)


def _cmr_downstream(profile: Profile, outputs: int) -> Downstream:
    return Downstream(CmrEmbedding(CmrAutoencoder(profile)), outputs)


KINDS: dict[str, Callable[..., nn.Module]] = {
    "ecg_encoder": EcgEncoder,
    "ecg_autoencoder": EcgAutoencoder,
    "cmr_autoencoder": CmrAutoencoder,
    "aligner": _aligner,
    "video_autoencoder": _video_autoencoder,
    "diffusion": _diffusion,
    "downstream": _downstream,
    "cmr_downstream": _cmr_downstream,
}


def build(kind: str, profile: str | Path | Profile, **options: int) -> nn.Module:
    """The network ``kind`` at the profile's sizes, freshly initialised from torch's random state.

    ``kind``: one of :data:`KINDS`. ``options``: ``covariates`` (how many) for ``ecg_encoder``, ``aligner``
    and ``downstream``; ``outputs`` (how many) for ``downstream`` and ``cmr_downstream``. Nothing is read or
    downloaded; under ``torch.device("meta")`` nothing is allocated either. Raises ``ValueError`` for an
    unknown kind or profile, or sizes that do not fit each other.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown network {kind!r}: choose one of {', '.join(KINDS)}")
    return KINDS[kind](load_profile(profile), **options)
