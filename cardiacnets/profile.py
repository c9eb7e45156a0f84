"""Profiles: every number a run depends on, in frozen dataclasses read from YAML.

``smoke`` proves that each chapter runs, ``quick`` (the default) shows real effects on two cores, ``full``
trains all arms on a GPU, ``paper`` is the study as published. A profile changes numbers and named options,
never code paths.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

FOLDER = Path(__file__).parent / "profiles"


@dataclass(frozen=True)
class Cohorts:
    """How many participants (recordings for ``mimic``) each simulated cohort has, and how they are drawn."""

    preset: Literal["enriched", "ukb_like", "information_limited"]
    frames: int
    """Cine frames simulated over one beat (the study: 50)."""
    ukb: int
    mimic: int
    fahzu: int
    fahzu_screening: int
    fahzu_readers: int
    sahzu: int
    qph: int


@dataclass(frozen=True)
class EcgInput:
    """What the ECG encoder sees: a median beat or ten seconds, and on which scale."""

    view: Literal["beat", "rhythm"]
    rate: int
    """Samples a second of the encoder's input, Hz."""
    samples: int
    """Samples a lead of the encoder's input."""
    scale: Literal["millivolt", "min_max"]
    """``millivolt`` keeps voltage and axis (corrected); ``min_max`` per lead to [-1, 1] (as published)."""
    full_scale_mv: float
    """Millivolts mapped to 1 on the millivolt scale."""


@dataclass(frozen=True)
class EcgEncoder:
    """timm vision transformer over a 12 x samples one-channel image with patches of (1, patch)."""

    patch: int
    width: int
    depth: int
    heads: int
    pooling: Literal["cls", "mean"]
    dropout: float
    modulation: Literal["film", "non_negative"]
    """Covariates: ``film`` is x (1 + gamma) + beta (corrected); ``non_negative`` ReLUs both (as published).
    """


@dataclass(frozen=True)
class EcgAutoencoder:
    """Masked autoencoder of the ECG, whose encoder alignment can start from (``alignment.start``)."""

    mask_ratio: float
    decoder_width: int
    decoder_depth: int
    decoder_heads: int


@dataclass(frozen=True)
class CmrAutoencoder:
    """Masked Swin autoencoder (GreenMIM) with frames as channels, one tower a view."""

    pixels: int
    frames: int
    patch: int
    window: int
    width: int
    depths: tuple[int, ...]
    heads: tuple[int, ...]
    mask_ratio: float
    decoder_width: int
    decoder_depth: int
    decoder_heads: int
    projection: int
    temperature: float
    contrast_weight: float
    """Weight of the SAX-LAX contrastive loss beside the two reconstruction losses (as published: 1)."""


@dataclass(frozen=True)
class Alignment:
    """Symmetric InfoNCE between ECG and frozen CMR features."""

    projection: int
    temperature: float
    cmr_heads: Literal["trained", "random"]
    """``random``: the CMR projection heads are never trained (as published)."""
    start: Literal["random", "masked"]
    """Where the ECG encoder starts: random weights, or an ECG masked autoencoder's (as in the released code).
    """
    views: int
    """Augmented views of each cine whose frozen features are computed once and reused."""


@dataclass(frozen=True)
class Diffusion:
    """Latent video diffusion conditioned on the frozen ECG tokens."""

    pixels: int
    frames: int
    vae_channels: tuple[int, ...]
    latent_channels: int
    unet_channels: tuple[int, ...]
    layers_per_block: int
    head_width: int
    norm_groups: int
    noise_steps: int
    beta_start: float
    beta_end: float
    prediction: Literal["velocity", "epsilon"]
    """What the U-Net tells of a noisy latent: ``velocity`` (corrected) or the noise (as published)."""
    condition: Literal["standardised", "raw"]
    """ECG tokens with what all people share taken out (corrected), or as they are (as published)."""
    condition_dropout: float
    sampler: Literal["ddim", "dpm_solver"]
    sampling_steps: int
    guidance: float
    pretrained_vae: str
    """Folder or hub name of an ``AutoencoderKL``; empty: trained here."""
    pretrained_unet: str
    """Folder or hub name of a ``UNet3DConditionModel``; empty: trained from scratch."""
    generated: int
    """Test participants whose movies are generated for evaluation."""
    counterfactuals: int
    """Simulated hearts in which one cause after the other is turned to see whether the movie follows."""


@dataclass(frozen=True)
class Training:
    """One training stage."""

    epochs: int
    batch: int
    learning_rate: float
    warmup_epochs: float
    weight_decay: float
    betas: tuple[float, float]
    patience: int
    """Epochs without a better validation loss before stopping; 0: never stop early."""
    precision: Literal["no", "bf16", "fp16"]
    accumulate: int
    """Batches whose gradients are averaged before an update."""
    checkpointing: bool
    """Compute activations again in the backward pass instead of keeping them."""
    ema: float
    """Decay of the exponential moving average of the weights; 0: none."""
    threads: int
    """CPU threads of the stage: fixed here, so that results repeat exactly."""


@dataclass(frozen=True)
class Downstream:
    """Label budgets, seeds and resampling of the downstream tasks."""

    labels: int
    """Training participants with recorded indices, drawn from the training split."""
    fractions: tuple[float, ...]
    """Label fractions of the efficiency curve."""
    seeds: tuple[int, ...]
    bootstrap: int
    """Resamples of participants for intervals."""
    random_features: int
    """Random Fourier features of the classical-ECG arm."""


@dataclass(frozen=True)
class Profile:
    """All numbers of a run; see the YAML files beside this module for what each costs."""

    name: str
    seed: int
    processes: int
    """Worker processes for fits that do not depend on each other; their number changes no result."""
    cohorts: Cohorts
    ecg_input: EcgInput
    ecg_encoder: EcgEncoder
    ecg_autoencoder: EcgAutoencoder
    cmr_autoencoder: CmrAutoencoder
    alignment: Alignment
    diffusion: Diffusion
    pretraining: Training
    ecg_pretraining: Training
    aligning: Training
    autoencoding: Training
    generation: Training
    finetuning: Training
    downstream: Downstream

    def asdict(self) -> dict[str, Any]:
        """The profile as plain nested dictionaries, for provenance and fingerprints."""
        return dataclasses.asdict(self)


def profile_names() -> list[str]:
    """Names of the profiles that ship with the library."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load_profile(name: str | Path | Profile) -> Profile:
    """The profile called ``name``, or read from a YAML file of the user's own.

    Raises ``ValueError`` if the name is unknown or the file has unknown, missing or ill-typed keys.
    """
    if isinstance(name, Profile):
        return name
    path = Path(name) if str(name).endswith((".yaml", ".yml")) else FOLDER / f"{name}.yaml"
    if not path.is_file():
        raise ValueError(
            f"no profile {str(name)!r}: choose one of {', '.join(profile_names())} or give a .yaml file"
        )
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"{path}: not valid YAML ({error})") from None
    return _build(Profile, content, where=path.name)


def read_section(name: str, content: Any, where: str) -> Any:
    """One section of a profile from a nested dictionary, as ``config.json`` of a checkpoint keeps it.

    Raises ``ValueError`` naming ``where`` and the key at fault.
    """
    return _coerce(typing.get_type_hints(Profile)[name], content, f"{where}: {name}")


def _build(kind: type, content: Any, where: str) -> Any:
    """An instance of dataclass ``kind`` from nested dictionaries; all keys required, none unknown."""
    if not isinstance(content, dict):
        raise ValueError(f"{where}: expected a mapping, found {type(content).__name__}")
    hints = typing.get_type_hints(kind)
    if unknown := sorted(content.keys() - hints.keys()):
        raise ValueError(f"{where}: unknown key {', '.join(unknown)}; allowed: {', '.join(hints)}")
    if missing := sorted(hints.keys() - content.keys()):
        raise ValueError(f"{where}: missing key {', '.join(missing)}")
    return kind(**{key: _coerce(hints[key], value, f"{where}: {key}") for key, value in content.items()})


def _coerce(hint: Any, value: Any, where: str) -> Any:
    """``value`` as the annotated type, or ``ValueError`` naming the key."""
    if dataclasses.is_dataclass(hint):
        return _build(hint, value, where)
    origin = typing.get_origin(hint)
    if origin is Literal:
        # YAML 1.1 reads an unquoted "no" as False
        value = "no" if value is False else value
        if value not in typing.get_args(hint):
            raise ValueError(f"{where}: {value!r} is not one of {', '.join(map(str, typing.get_args(hint)))}")
        return value
    if origin is tuple:
        if not isinstance(value, list):
            raise ValueError(f"{where}: expected a list, found {value!r}")
        return tuple(_coerce(typing.get_args(hint)[0], item, where) for item in value)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, hint) or (isinstance(value, bool) and hint is not bool):
        expected = hint.__name__ if isinstance(hint, type | types.GenericAlias) else str(hint)
        raise ValueError(f"{where}: expected {expected}, found {value!r}")
    return value
