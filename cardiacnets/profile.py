"""Profiles: every number a run depends on, in frozen dataclasses read from YAML.

``smoke`` proves that each chapter runs, ``quick`` (the default) shows real effects on two cores, ``full``
trains all arms on a GPU, ``paper`` is the study as published. A profile changes numbers and named options,
never code paths. What has a default below need not stand in a YAML file: a profile holds what differs.
"""

from __future__ import annotations

import dataclasses
import typing
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field
from pydantic.dataclasses import dataclass

from cardiacnets.reach import CHECKED, names_in
from cardiacnets.strict_reading import read_strictly
from cardiacnets.yaml_reading import read_yaml

FOLDER = Path(__file__).parent / "profiles"

# typed strictly, so that a text never becomes a number, and without keys that nothing reads
STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

Precision = Annotated[
    Literal["no", "bf16", "fp16"],
    # YAML 1.1 reads an unquoted "no" as False
    BeforeValidator(lambda value: "no" if value is False else value),
]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Cohorts:
    """How many participants (recordings for ``mimic``) each simulated cohort has, and how they are drawn."""

    preset: Literal["enriched", "ukb_like", "information_limited"] = "enriched"
    frames: int
    """Cine frames simulated over one beat (the study: 50)."""
    ukb: int
    mimic: int
    fahzu: int
    fahzu_screening: int = 410
    fahzu_readers: int = 111
    sahzu: int = 464
    qph: int = 338


@dataclass(frozen=True, kw_only=True, config=STRICT)
class EcgInput:
    """What the ECG encoder sees: a median beat or ten seconds, and on which scale."""

    view: Literal["beat", "rhythm"]
    rate: int
    """Samples a second of the encoder's input, Hz."""
    samples: int
    """Samples a lead of the encoder's input."""
    scale: Literal["millivolt", "min_max"] = "millivolt"
    """``millivolt`` keeps voltage and axis (corrected); ``min_max`` per lead to [-1, 1] (as published)."""
    full_scale_mv: float = 1.0
    """Millivolts mapped to 1 on the millivolt scale."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class EcgEncoder:
    """The ECG encoder and its sizes; ``transformer`` is timm's vision transformer over a 12 x samples
    one-channel image with patches of (1, patch).
    """

    kind: str = "transformer"
    """One of :data:`cardiacnets.models.registry.ECG_ENCODERS`."""
    patch: int
    """Samples a token; a lead has ``ecg_input.samples / patch`` of them."""
    width: int
    depth: int
    heads: int
    pooling: Literal["cls", "mean"]
    dropout: float = 0.05
    modulation: Literal["film", "non_negative"] = "film"
    """Covariates: ``film`` is x (1 + gamma) + beta (corrected); ``non_negative`` ReLUs both (as published).
    """


@dataclass(frozen=True, kw_only=True, config=STRICT)
class EcgAutoencoder:
    """Masked autoencoder of the ECG, whose encoder alignment can start from (``alignment.start``)."""

    mask_ratio: float = 0.75
    decoder_width: int
    decoder_depth: int
    decoder_heads: int


@dataclass(frozen=True, kw_only=True, config=STRICT)
class CmrAutoencoder:
    """Masked Swin autoencoder (GreenMIM) with frames as channels, one tower a view."""

    pixels: int
    frames: int
    patch: int = 4
    window: int
    width: int
    depths: tuple[int, ...]
    heads: tuple[int, ...]
    mask_ratio: float = 0.75
    decoder_width: int
    decoder_depth: int = 1
    decoder_heads: int
    projection: int
    temperature: float = 0.1
    feature_grid: int = 3
    """Features are means over the cells of so many rows and columns; 1 is one mean over all (as published),
    which loses where in the heart something is.
    """
    contrast_weight: float = 1.0
    """Weight of the SAX-LAX contrastive loss beside the two reconstruction losses (as published: 1)."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class CmrEncoder:
    """The CMR encoder whose features the chapters after 02 read.

    ``masked_swin`` is the masked autoencoder (as published); ``contrast`` a small convolutional network
    beside the linear twin's components, trained by the SAX-LAX contrast of whole cines. The other settings
    are those of ``contrast``.
    """

    kind: str = "masked_swin"
    """One of :data:`cardiacnets.models.registry.CMR_ENCODERS`."""
    width: int = 64
    """Channels of the network's first maps; the last ones have twice as many."""
    condensed: int = 64
    """Numbers that are kept of a view's last map, beside the components of the linear twin."""
    projection: int = 128
    temperature: float = 0.1


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Alignment:
    """Symmetric InfoNCE between ECG and frozen CMR features."""

    projection: int
    temperature: float = 0.1
    cmr_heads: Literal["trained", "random"] = "trained"
    """``random``: the CMR projection heads are never trained (as published)."""
    start: Literal["random", "masked"] = "random"
    """Where the ECG encoder starts: random weights, or an ECG masked autoencoder's (as in the released code).
    """
    views: int
    """Augmented views of each cine whose frozen features are computed once and reused."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class LinearTwin:
    """The closed form beside every network: components of small cines, and ridge regression to them."""

    pixels: int = 24
    """Side of the small cines, which keep all frames."""
    components: int = 128
    """Principal components of each view; fewer than training participants."""
    aligned: int = 50
    """The first of them, of each view, that are predicted from an ECG."""
    map_labels: tuple[int, ...] = (100, 300, 1000, 3500)
    """Numbers of labels on the map of when alignment pays."""
    map_pairs: tuple[int, ...] = (300, 1000, 3500)
    """Numbers of pairs on that map."""
    map_draws: int = 3
    """Draws of people with pairs and labels that a point of the map is the mean of."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Diffusion:
    """Latent video diffusion conditioned on the frozen ECG tokens."""

    pixels: int
    frames: int
    vae_channels: tuple[int, ...]
    latent_channels: int = 4
    denoiser: Literal["unet", "residual"] = "unet"
    """A video U-Net (as published), or, for latents of one frame, residual blocks on one level."""
    unet_channels: tuple[int, ...]
    layers_per_block: int
    head_width: int
    norm_groups: int
    noise_steps: int = 1000
    beta_start: float = 0.0001
    beta_end: float = 0.02
    prediction: Literal["velocity", "epsilon", "flow"] = "velocity"
    """What is told of noisy latents: ``velocity`` (corrected), noise (as published), a ``flow``'s way."""
    start: Literal["noise", "mean_heart"] = "noise"
    """From where a movie is drawn: noise (as published), or the heart that ridge regression expects."""
    noise: Literal["own", "shared"] = "own"
    """Noise of each view's own (as published), or, around the mean heart, what views of one heart share."""
    temperature: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Amplitude of what noise adds to what is expected: 1 draws hearts as varied as those of the training
    people with such an ECG, 0 nothing but what is expected.
    """
    index_noise: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Share of it along what indices follow, around the mean heart; 0: a movie measures what is expected."""
    condition: Literal["standardised", "raw"] = "standardised"
    """ECG tokens with what all people share taken out (corrected), or as they are (as published)."""
    condition_dropout: float = 0.1
    sampler: Literal["ddim", "dpm_solver", "euler"]
    """``euler`` walks a ``flow``, the others undo noise."""
    sampling_steps: int
    guidance: Annotated[float, Field(ge=0)] = 2.0
    """How many times what the ECG changes is drawn: 1 is as told; around the mean heart, of its distance."""
    pretrained_vae: str = ""
    """Folder or hub name of an ``AutoencoderKL``; of whole cines shipped weights or a folder; or none."""
    pretrained_unet: str = ""
    """Folder or hub name of a ``UNet3DConditionModel`` (of one frame a ``UNet2DConditionModel``); or none."""
    generated: int
    """Test participants whose movies are generated for evaluation."""
    counterfactuals: int
    """Simulated hearts in which one cause after the other is turned to see whether the movie follows."""
    autoencoder: Literal["frames", "patches", "deforming"] = "frames"
    """``frames``: a convolutional one, frame by frame (as published); ``patches``: components of blocks of
    space and time, in closed form; ``deforming``: one vector a heart, drawn as a picture that is bent.
    """
    patch: int = 8
    """Pixels of a block's side, where the autoencoder is ``patches`` or ``deforming``."""
    detail_channels: int = 0
    """Components of a block of what a ``deforming`` one's vector leaves out; 0: they are not kept."""
    detail: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Amplitude of the detail that is thrown into drawn movies, since no ECG tells it."""
    lax_pixels: int = 0
    """Pixels of the four-chamber view; 0: as many as ``pixels``."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Training:
    """One training stage."""

    epochs: int
    batch: int
    learning_rate: float
    warmup_epochs: float
    weight_decay: float = 0.05
    betas: tuple[float, float] = (0.9, 0.95)
    patience: int = 0
    """Epochs without a better validation loss before stopping; 0: never stop early."""
    precision: Precision = "no"
    accumulate: int = 1
    """Batches whose gradients are averaged before an update."""
    checkpointing: bool = False
    """Compute activations again in the backward pass instead of keeping them."""
    ema: float = 0.0
    """Decay of the exponential moving average of the weights; 0: none."""
    threads: int = 1
    """CPU threads of the stage: fixed here, so that results repeat exactly."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class AugmentedTraining(Training):
    """One training stage that sees random views of ECGs or, in pretraining, of cines."""

    augmentation: Literal["corrected", "as_published"] = "corrected"
    """``as_published``: the study's views, which flip an ECG in time and sign, and a cine left to right and
    upside down.
    """


@dataclass(frozen=True, kw_only=True, config=STRICT)
class VideoTraining(Training):
    """One training stage of the movies' networks, whose weights do not decay."""

    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.99)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class FineTuning(AugmentedTraining):
    """Training on labels, from a start that is kept close to."""

    betas: tuple[float, float] = (0.9, 0.999)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Downstream:
    """Label budgets, seeds and resampling of the downstream tasks."""

    labels: int
    """Training participants with recorded indices, drawn from the training split."""
    fractions: tuple[float, ...]
    """Label fractions of the efficiency curve."""
    seeds: tuple[int, ...] = (1,)
    bootstrap: int
    """Resamples of participants for intervals."""
    random_features: int = 1000
    """Random Fourier features of the classical-ECG arm."""
    trainings: int = 1
    """How often the small ECG networks are trained, each time from other weights and batches: those of
    alignment, and of the tasks in ``repeated``.
    """
    repeated: tuple[str, ...] = ()
    """Tasks whose networks are trained so often; empty: all. The others are trained once."""
    scratch_epochs: int = 0
    """Epochs of a network that starts from random weights, its patience a quarter of them; 0: those of
    ``finetuning``.
    """
    scratch_batch: int = 0
    """Its largest batch, no more than an eighth of the labels; 0: that of ``finetuning``."""
    controls: Literal["random", "as_published"] = "random"
    """Who stands beside the cases of a disease: healthy people drawn at random, or, ``as_published``, the
    first healthy rows.
    """
    curve_labels: tuple[int, ...] = (100, 300, 1000)
    """Numbers of labels on the curve of arms over labels, which ends with all there are."""
    curve_draws: int = 6
    """Draws of people with labels, trainings taking turns, that a point of the curve is the mean of."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Judge:
    """How much is shown to the outside judge (:mod:`cardiacnets.judges`): about a second a frame."""

    people: int = 40
    """Simulated people whose short axis it sees at two moments; 0: it is not asked."""
    movies: int = 36
    """Test participants whose real and generated short-axis movies it sees; 0: it is not asked."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Profile:
    """All numbers of a run; see the YAML files beside this module for what each costs."""

    name: str
    seed: int = 1
    processes: int = 1
    """Worker processes for fits that do not depend on each other; their number changes no result."""
    cohorts: Cohorts
    ecg_input: EcgInput
    ecg_encoder: EcgEncoder
    ecg_autoencoder: EcgAutoencoder
    cmr_autoencoder: CmrAutoencoder
    alignment: Alignment
    linear_twin: LinearTwin = LinearTwin()
    diffusion: Diffusion
    pretraining: AugmentedTraining
    ecg_pretraining: AugmentedTraining
    aligning: AugmentedTraining
    autoencoding: VideoTraining
    generation: VideoTraining
    finetuning: FineTuning
    downstream: Downstream
    cmr_encoder: CmrEncoder = CmrEncoder()
    contrasting: Training = Training(epochs=12, batch=256, learning_rate=0.002, warmup_epochs=0.5)
    """Of the CMR encoder ``contrast``."""
    supervising: Training = Training(epochs=12, batch=64, learning_rate=0.001, warmup_epochs=0.5)
    """Of the CMR encoder fine-tuned with labels."""
    judge: Judge = Judge()

    @property
    def resampling(self) -> dict[str, int]:
        """How statistics resample participants: their ``resamples`` and ``seed``."""
        return {"resamples": self.downstream.bootstrap, "seed": self.seed}


SECTIONS: dict[str, type] = {
    name: kind for name, kind in typing.get_type_hints(Profile).items() if dataclasses.is_dataclass(kind)
}
"""The dataclass of each section of a profile."""


def profile_names() -> list[str]:
    """Names of the profiles that ship with the library."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def load_profile(name: str | Path | Profile) -> Profile:
    """The profile called ``name``, or read from a YAML file of the user's own.

    Raises ``ValueError`` if the name is unknown or the file has unknown, missing, ill-typed or doubled keys,
    or names a row that a table of :data:`cardiacnets.reach.CHECKED` does not have.
    """
    if isinstance(name, Profile):
        return name
    path = Path(name) if str(name).endswith((".yaml", ".yml")) else FOLDER / f"{name}.yaml"
    if not path.is_file():
        raise ValueError(
            f"no profile {str(name)!r}: choose one of {', '.join(profile_names())} or give a .yaml file"
        )
    profile = read_strictly(Profile, read_yaml(path), path.name)
    for setting, table in CHECKED.items():
        value, known = attrgetter(setting)(profile), names_in(*table)
        if value not in known:
            place = setting.replace(".", ": ")
            raise ValueError(f"{path.name}: {place}: {value!r} is not one of {', '.join(known)}")
    return profile


def read_section(name: str, content: Any, where: str) -> Any:
    """One section of a profile from a nested dictionary, as ``config.json`` of a checkpoint keeps it.

    Raises ``ValueError`` naming ``where`` and the key at fault.
    """
    return read_strictly(SECTIONS[name], content, f"{where}: {name}")
