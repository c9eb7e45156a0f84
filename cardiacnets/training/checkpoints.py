"""Checkpoints: a folder with weights (safetensors), the sizes they need (``config.json``) and a model card.

A folder is enough to have its network back; where a profile is given too, weights load only if they fit it,
and otherwise the reason is given.
"""

from __future__ import annotations

from dataclasses import MISSING, asdict, fields, replace
from pathlib import Path
from typing import Any

from huggingface_hub import ModelCard, ModelCardData
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from cardiacnets.artefacts import atomic_path, read_json, write_json
from cardiacnets.models.registry import build
from cardiacnets.pretrained import named_folder
from cardiacnets.profile import SECTIONS as PROFILE_SECTIONS
from cardiacnets.profile import Profile, load_profile, read_section

WEIGHTS, CONFIG, CARD = "model.safetensors", "config.json", "README.md"

SECTIONS = {
    "ecg_encoder": ("ecg_input", "ecg_encoder"),
    "cmr_autoencoder": ("cmr_autoencoder",),
    "cine_contrast": ("cmr_autoencoder", "cmr_encoder", "linear_twin"),
    "ecg_autoencoder": ("ecg_input", "ecg_encoder", "ecg_autoencoder"),
    "aligner": ("ecg_input", "ecg_encoder", "cmr_autoencoder", "cmr_encoder", "linear_twin", "alignment"),
    "video_autoencoder": ("diffusion",),
    "diffusion": ("ecg_encoder", "diffusion"),
    "downstream": ("ecg_input", "ecg_encoder"),
    "cmr_downstream": ("cmr_autoencoder", "cmr_encoder", "linear_twin"),
}
"""The profile sections on which the weights of each kind depend."""

FREE = {
    "views", "start", "contrast_weight", "mask_ratio", "dropout", "sampler", "sampling_steps", "guidance",
    "generated", "counterfactuals", "aligned", "map_labels", "map_pairs", "map_draws", "noise", "index_noise",
    "temperature", "detail",
}
"""Settings that may differ between training and use: they change neither the network nor its input."""

CARD_TEXT = """{metadata}
# CardiacNets {kind}

Weights of the *{kind}* network of the CardiacNets book, profile `{profile}`, {parameters:,} parameters.

**Trained on {data}.** For research and teaching; not for clinical use.

```python
from cardiacnets.training import from_pretrained

model = from_pretrained("{folder}")
```

The sizes are in `config.json`. Trained with seed {seed}.
{notes}"""


def save_checkpoint(
    model: nn.Module, folder: Path | str, kind: str, profile: Profile, *,
    data: str, notes: str = "", **options: int,
) -> Path:
    """Write ``model`` to ``folder``, whole or not at all, and return the folder.

    ``kind`` and ``options`` as in :func:`cardiacnets.models.build`; ``data`` (what it was trained on, to
    follow "Trained on") and ``notes`` go to the model card. Raises ``ValueError`` for an unknown kind.
    """
    folder = Path(folder)
    config = {"kind": kind, "options": options, "profile": profile.name, **_sections(kind, profile)}
    parameters = sum(parameter.numel() for parameter in model.parameters())
    metadata = ModelCardData(library_name="cardiacnets", license="apache-2.0", tags=["ecg", "cmr", kind])
    card = CARD_TEXT.format(
        metadata=f"---\n{metadata.to_yaml()}\n---", kind=kind, profile=profile.name, parameters=parameters,
        folder=folder.name, data=data, seed=profile.seed, notes=f"\n{notes}\n" if notes else "",
    )
    with atomic_path(folder) as temporary:
        temporary.mkdir()
        weights = {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}
        save_file(weights, temporary / WEIGHTS, metadata={"format": "pt"})
        write_json(temporary / CONFIG, config)
        ModelCard(card).save(temporary / CARD)
    return folder


def from_pretrained(folder: Path | str, profile: str | Profile | None = None) -> nn.Module:
    """The network saved in ``folder``, or shipped under that name, whatever its kind, in evaluation mode.

    ``profile``: refuse weights that do not fit it; None takes the sizes they were trained with. Raises
    ``ValueError`` as :func:`load_checkpoint` does.
    """
    folder = named_folder(str(folder))
    config = _config(folder)
    if profile is None:
        # a network reads its own sections only; which profile lends the others does not matter
        base = load_profile("smoke")
        where = f"{folder}/{CONFIG}"
        sections = {
            # weights that are older than a section were made with its defaults, where it has them
            name: read_section(name, config.get(name, getattr(Profile, name, None) and {}), where)
            for name in SECTIONS[config["kind"]]
        }
        profile = replace(base, name=config["profile"], **sections)
    return load_checkpoint(folder, config["kind"], load_profile(profile))


def load_checkpoint(folder: Path | str, kind: str, profile: Profile) -> nn.Module:
    """The network saved in ``folder``, in evaluation mode.

    Raises ``ValueError`` naming the folder and the first settings that differ if it holds another kind of
    network or the profile asks for other sizes, and if a file is missing or damaged.
    """
    folder = Path(folder)
    config = _config(folder)
    if config["kind"] != kind:
        raise ValueError(f"{folder}: holds a {config['kind']}, not a {kind}")
    if differences := _differences(config, _sections(kind, profile)):
        raise ValueError(
            f"{folder}: trained with profile {config['profile']}, which does not fit profile {profile.name}: "
            + "; ".join(differences[:5])
        )
    model = build(kind, profile, **config["options"])
    try:
        model.load_state_dict(load_file(folder / WEIGHTS))
    except (SafetensorError, RuntimeError) as error:
        reason = f"these are not the weights {CONFIG} describes ({error}); copy or train them again"
        raise ValueError(f"{folder / WEIGHTS}: {reason}") from None
    return model.eval()


def _config(folder: Path) -> dict[str, Any]:
    for name in (CONFIG, WEIGHTS):
        if not (folder / name).is_file():
            raise ValueError(f"{folder}: no checkpoint here, {name} is missing")
    config = read_json(folder / CONFIG)
    if not isinstance(config, dict) or config.get("kind") not in SECTIONS:
        raise ValueError(f"{folder / CONFIG}: names none of the networks {', '.join(SECTIONS)}")
    return config


def _sections(kind: str, profile: Profile) -> dict[str, Any]:
    if kind not in SECTIONS:
        raise ValueError(f"unknown network {kind!r}: choose one of {', '.join(SECTIONS)}")
    return {name: _listed(asdict(getattr(profile, name))) for name in SECTIONS[kind]}


def _listed(section: dict[str, Any]) -> dict[str, Any]:
    """Tuples as lists, as JSON gives them back."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in section.items()}


def _differences(saved: dict[str, Any], asked: dict[str, Any]) -> list[str]:
    return [
        f"{section}.{key} is {there.get(key)!r} there and {value!r} here"
        for section, content in asked.items()
        for there in [_defaults(section) | saved.get(section, {})]
        for key, value in content.items()
        if key not in FREE and there.get(key) != value
    ]


def _defaults(section: str) -> dict[str, Any]:
    """Settings of a profile's section that need not be named: those of weights that are older."""
    settings = fields(PROFILE_SECTIONS[section])
    return _listed({one.name: one.default for one in settings if one.default is not MISSING})
