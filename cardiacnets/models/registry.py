"""The networks by name, and the ECG encoders among which a profile chooses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from torch import nn

from cardiacnets.models.alignment import Aligner
from cardiacnets.models.cine_contrast import CineContrast
from cardiacnets.models.cmr_autoencoder import CmrAutoencoder
from cardiacnets.models.ecg_autoencoder import EcgAutoencoder
from cardiacnets.models.ecg_encoder import EcgEncoder
from cardiacnets.models.heads import CmrEmbedding, Downstream
from cardiacnets.profile import Profile, load_profile

ECG_ENCODERS: dict[str, Callable[..., nn.Module]] = {"transformer": EcgEncoder}
"""ECG encoders by ``ecg_encoder.kind`` of a profile, made from the profile and the number of covariates.

Each has ``width`` D (the profile's), ``covariates`` and ``grid``, the tokens' leads and times; ``forward``
gives an embedding (B, D) of ``ecg`` (B, 12, T), ``tokens`` one vector (B, N, D) a token. For heat maps,
``cam_layer`` gives ``prefix`` other vectors and then the tokens'. Weights that covariates add are called
``modulation``. ``visible_tokens``, as :class:`EcgEncoder` has it, gives the tokens that are not hidden:
chapter 03 trains a masked autoencoder of every kind, where some arms of chapter 05 start.
"""


CMR_ENCODERS: dict[str, type[CmrAutoencoder | CineContrast]] = {
    "masked_swin": CmrAutoencoder,
    "contrast": CineContrast,
}
"""CMR encoders by ``cmr_encoder.kind`` of a profile.

Each has ``feature_width``, which ``width_of(profile)`` tells beforehand; ``encode(cine, view)`` gives
features (B, feature_width) of one view's ``cine`` (B, T, H, W), ``pooled(cine, view)`` the mean over all
cells of its last map; ``embedder(view)`` is the part that is fine-tuned; ``forward(sax, lax)`` gives losses.
"""


def cmr_encoder_class(profile: Profile) -> type[CmrAutoencoder | CineContrast]:
    """The class of the CMR encoder that ``profile`` chooses; ``ValueError`` if there is none of that kind."""
    kind = profile.cmr_encoder.kind
    if kind not in CMR_ENCODERS:
        raise ValueError(
            f"profile {profile.name}: cmr_encoder.kind: {kind!r} is not one of {', '.join(CMR_ENCODERS)}"
        )
    return CMR_ENCODERS[kind]


def ecg_encoder(profile: Profile, covariates: int = 0) -> nn.Module:
    """The ECG encoder that ``profile`` chooses; ``ValueError`` if there is none of that kind."""
    kind = profile.ecg_encoder.kind
    if kind not in ECG_ENCODERS:
        raise ValueError(
            f"profile {profile.name}: ecg_encoder.kind: {kind!r} is not one of {', '.join(ECG_ENCODERS)}"
        )
    return ECG_ENCODERS[kind](profile, covariates)


def _ecg_autoencoder(profile: Profile) -> EcgAutoencoder:
    return EcgAutoencoder(profile, ecg_encoder(profile))


def _aligner(profile: Profile, covariates: int = 0) -> Aligner:
    width = cmr_encoder_class(profile).width_of(profile)
    return Aligner(profile, ecg_encoder(profile, covariates), cmr_width=width)


def _video_autoencoder(profile: Profile) -> nn.Module:
    from cardiacnets.models.diffusion import build_autoencoder  # diffusers takes a second to import

    return build_autoencoder(profile.diffusion)


def _diffusion(profile: Profile, pixels: int = 0) -> nn.Module:
    from cardiacnets.models.diffusion import VideoDiffusion

    return VideoDiffusion(profile, context_width=profile.ecg_encoder.width, pixels=pixels)


def _downstream(profile: Profile, outputs: int, covariates: int = 0) -> Downstream:
    return Downstream(ecg_encoder(profile, covariates), outputs, profile.ecg_encoder.dropout)


def _cmr_downstream(profile: Profile, outputs: int) -> Downstream:
    return Downstream(CmrEmbedding(cmr_encoder_class(profile)(profile)), outputs)


KINDS: dict[str, Callable[..., nn.Module]] = {
    "ecg_encoder": ecg_encoder,
    "ecg_autoencoder": _ecg_autoencoder,
    "cmr_autoencoder": CmrAutoencoder,
    "cine_contrast": CineContrast,
    "aligner": _aligner,
    "video_autoencoder": _video_autoencoder,
    "diffusion": _diffusion,
    "downstream": _downstream,
    "cmr_downstream": _cmr_downstream,
}


def build(kind: str, profile: str | Path | Profile, **options: int) -> nn.Module:
    """The network ``kind`` at the profile's sizes, freshly initialised from torch's random state.

    ``kind``: one of :data:`KINDS`. ``options``: ``covariates`` (how many) for ``ecg_encoder``, ``aligner``
    and ``downstream``; ``pixels`` (of a view) for ``diffusion``; ``outputs`` (how many) for ``downstream``
    and ``cmr_downstream``. Nothing is read or downloaded; under ``torch.device("meta")`` nothing is allocated
    either. Raises ``ValueError`` for an unknown kind or profile, or sizes that do not fit each other.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown network {kind!r}: choose one of {', '.join(KINDS)}")
    return KINDS[kind](load_profile(profile), **options)
