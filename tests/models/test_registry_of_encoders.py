"""What every encoder of an ECG or of CMR promises, whichever network of the registry holds it.

An encoder is told by what it takes and gives: a network with a ``width`` whose ``forward`` makes one tensor
of ``ecg``, of ``cine``, or of ``sax`` and ``lax``. One that is written and not registered fails here, and so
does one that is registered and keeps a promise less. An ECG encoder is tried in
every network that reads ECGs.
"""

import functools
import importlib
import inspect
import io
import itertools
import pkgutil
from dataclasses import replace
from typing import NamedTuple, get_type_hints

import pytest
import torch
from torch import nn

from cardiacnets import models
from cardiacnets.contracts import LEADS
from cardiacnets.experiments.shared.attribution import grad_cam
from cardiacnets.models import KINDS, build
from cardiacnets.models.registry import ECG_ENCODERS
from cardiacnets.profile import Profile, load_profile, profile_names

TAKES = ("ecg", "cine", "sax")
"""What an encoder's first argument can be called."""
OPTIONS = {"outputs": 3, "covariates": 2}
"""Given to every network that has the option, so that all its parts are built."""
BATCH = 3


def taken(kind: type[nn.Module]) -> str | None:
    """What an encoder's class takes, ``None`` for a class that is no encoder."""
    first = list(inspect.signature(kind.forward).parameters.values())[1]
    gives_a_tensor = get_type_hints(kind.forward).get("return") is torch.Tensor
    return first.name if gives_a_tensor and first.name in TAKES else None


class Kind(NamedTuple):
    """A network of the registry with one of its ECG encoders."""

    name: str
    ecg_encoder: str


def sizes(kind: Kind, profile: str) -> Profile:
    """A profile that chooses the network's ECG encoder."""
    loaded = load_profile(profile)
    return replace(loaded, ecg_encoder=replace(loaded.ecg_encoder, kind=kind.ecg_encoder))


def network(kind: Kind, profile: str = "smoke", seed: int = 0, **options: int) -> nn.Module:
    torch.manual_seed(seed)
    known = inspect.signature(KINDS[kind.name]).parameters
    options = {name: OPTIONS[name] for name in known if name in OPTIONS} | options
    return build(kind.name, sizes(kind, profile), **options).eval()


kept = functools.cache(network)
"""Networks that several tests only ask: built once."""


def encoders(model: nn.Module) -> dict[str, nn.Module]:
    """The encoders in a network by their path, the network itself among them if it is one."""
    return {
        path: part for path, part in model.named_modules() if taken(type(part)) and hasattr(part, "width")
    }


@functools.cache
def meta(kind: Kind, profile: str = "smoke") -> nn.Module:
    """A network that is there to be looked at: nothing is allocated."""
    with torch.device("meta"):
        return network(kind, profile)


def holds(kind: Kind) -> bool:
    """Whether there is such a network: a masked autoencoder needs an encoder that can leave tokens out, and
    one that reads no ECG is there once.
    """
    if kind.name == "ecg_autoencoder":
        return hasattr(meta(Kind("ecg_encoder", kind.ecg_encoder)), "visible_tokens")
    reads_ecg = any(taken(type(part)) == "ecg" for part in encoders(meta(kind)).values())
    return reads_ecg or kind.ecg_encoder == next(iter(ECG_ENCODERS))


NETWORKS = [kind for kind in map(Kind._make, itertools.product(KINDS, ECG_ENCODERS)) if holds(kind)]
ALL = [(kind, path) for kind in NETWORKS for path in encoders(meta(kind))]
every_encoder = pytest.mark.parametrize(("kind", "path"), ALL, ids=["-".join([*k, path]) for k, path in ALL])


def inputs(encoder: nn.Module, profile: str = "smoke", device: str = "cpu") -> list[torch.Tensor]:
    """What the contract lets an encoder expect at the profile's sizes, drawn with a fixed seed."""
    settings, torch_device = load_profile(profile), torch.device(device)
    generator = torch.Generator().manual_seed(1) if device == "cpu" else None

    def draw(*shape: int) -> torch.Tensor:
        return torch.rand(BATCH, *shape, generator=generator, device=torch_device)

    if taken(type(encoder)) == "ecg":
        ecg = draw(len(LEADS), settings.ecg_input.samples)
        return [ecg, draw(encoder.covariates)] if getattr(encoder, "covariates", 0) else [ecg]
    cmr = settings.cmr_autoencoder
    return [
        draw(cmr.frames, cmr.pixels, cmr.pixels) for _ in range(2 if taken(type(encoder)) == "sax" else 1)
    ]


def test_no_encoder_of_the_package_is_left_out():
    classes = set()
    for module in pkgutil.iter_modules(models.__path__):
        members = vars(importlib.import_module(f"{models.__name__}.{module.name}")).values()
        classes |= {
            one for one in members if inspect.isclass(one) and one.__module__.startswith(models.__name__)
        }
    written = {one.__name__ for one in classes if issubclass(one, nn.Module) and taken(one)}
    registered = {type(encoders(meta(kind))[path]).__name__ for kind, path in ALL}
    assert written == registered >= {"EcgEncoder", "MaskedSwin", "CmrEmbedding"}


def test_every_network_that_is_named_after_what_it_sees_holds_its_encoder():
    held = {kind: {taken(type(part)) for part in encoders(meta(kind)).values()} for kind in NETWORKS}
    assert {kind.name for kind in NETWORKS} == set(KINDS)
    assert all(
        "ecg" in held[kind] for kind in held if kind.name.startswith(("ecg_", "aligner", "downstream"))
    )
    assert all("cine" in held[kind] for kind in held if kind.name.startswith("cmr_"))


def test_every_ecg_encoder_is_in_every_network_that_reads_an_ecg():
    for name in ECG_ENCODERS:
        found = {kind.name for kind in NETWORKS if kind.ecg_encoder == name}
        needed = ["ecg_autoencoder", "aligner", "downstream"]
        assert found >= {"ecg_encoder", *needed}, "without visible_tokens no book can be built"
        classes = {
            type(encoders(meta(Kind(kind, name)))[path])
            for kind, path in [("ecg_encoder", ""), *((kind, "encoder") for kind in needed)]
        }
        assert len(classes) == 1
    chosen = {type(meta(Kind("ecg_encoder", name))) for name in ECG_ENCODERS}
    assert len(chosen) == len(ECG_ENCODERS)


@pytest.mark.parametrize("profile", profile_names())
@every_encoder
def test_it_takes_the_contracts_shape_and_gives_its_width(kind, path, profile):
    encoder = encoders(meta(kind, profile))[path]
    given = inputs(encoder, profile, "meta")
    features = encoder(*given)
    if taken(type(encoder)) == "cine":  # one latent a cell; what uses them takes the mean
        assert features.shape == (BATCH, encoder.grid**2, encoder.width)
    else:
        assert features.shape == (BATCH, encoder.width)
    if taken(type(encoder)) == "ecg":
        leads, times = encoder.grid
        chosen = sizes(kind, profile)  # by which the movie generator reads its tokens
        assert leads == len(LEADS) and times == chosen.ecg_input.samples // chosen.ecg_encoder.patch
        assert encoder.width == chosen.ecg_encoder.width
        assert encoder.tokens(*given).shape == (BATCH, leads * times, encoder.width)


@every_encoder
def test_the_same_seed_gives_the_same_features_and_another_others(kind, path):
    first, again, other = (
        encoders(make(kind, seed=seed))[path] for make, seed in ((kept, 0), (network, 0), (kept, 1))
    )
    given = inputs(first)
    assert torch.equal(first(*given), again(*given))
    assert torch.equal(first(*given), first(*given))
    assert not torch.allclose(first(*given), other(*given), atol=1e-3)


@every_encoder
def test_features_tell_inputs_apart_and_keep_to_their_row(kind, path):
    encoder = encoders(kept(kind, seed=0))[path]
    given = inputs(encoder)
    features = encoder(*given)
    assert features.isfinite().all() and not torch.allclose(features[0], features[1], atol=1e-4)
    turned = encoder(*(one.flip(0) for one in given))
    assert torch.allclose(turned.flip(0), features, atol=1e-5)


@every_encoder
def test_gradients_reach_every_parameter(kind, path):
    encoder = encoders(network(kind))[path].requires_grad_(True).train()
    features = encoder(*inputs(encoder))
    # weighted at random, for the sum of normed features is constant
    (features * torch.randn(features.shape, generator=torch.Generator().manual_seed(2))).sum().backward()
    silent = [
        name
        for name, parameter in encoder.named_parameters()
        if parameter.grad is None or not parameter.grad.abs().sum() > 0
    ]
    assert silent == []


@every_encoder
def test_its_state_goes_through_a_file(kind, path):
    encoder, fresh = (encoders(network(kind, seed=seed))[path] for seed in (0, 1))
    given, file = inputs(encoder), io.BytesIO()
    assert not torch.equal(encoder(*given), fresh(*given))
    torch.save(encoder.state_dict(), file)
    file.seek(0)
    fresh.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(encoder(*given), fresh(*given))


@pytest.mark.parametrize("name", ECG_ENCODERS)
def test_an_ecg_encoder_can_be_looked_into_for_a_heat_map(name):
    model = network(Kind("downstream", name), covariates=0)
    (ecg,), outputs = inputs(model.encoder), []
    hook = model.encoder.cam_layer.register_forward_hook(lambda module, given, out: outputs.append(out))
    score = model(ecg)[:, 0].sum()
    hook.remove()
    (layer,) = outputs
    tokens = model.encoder.grid[0] * model.encoder.grid[1]
    assert layer.shape[:2] == (BATCH, model.encoder.prefix + tokens)
    assert torch.autograd.grad(score, layer)[0][:, model.encoder.prefix :].abs().sum() > 0
    heat = grad_cam(model, ecg)
    assert heat.shape == (BATCH, *model.encoder.grid) and heat.max() == 1


@pytest.mark.parametrize("name", ECG_ENCODERS)
def test_covariates_add_modulation_and_nothing_else(name):
    """So that a network with covariates starts from an encoder that was aligned without."""
    with_covariates, without = (network(Kind("ecg_encoder", name), covariates=n) for n in (2, 0))
    added = with_covariates.state_dict().keys() - without.state_dict().keys()
    assert added and all(one.startswith("modulation.") for one in added)
    missing, unexpected = with_covariates.load_state_dict(without.state_dict(), strict=False)
    assert set(missing) == added and unexpected == []


@every_encoder
@pytest.mark.parametrize("spoil", ["a channel less", "a sample less", "no batch", "an axis more"])
def test_a_wrong_shape_is_refused_in_one_line(kind, path, spoil):
    encoder = encoders(kept(kind, seed=0))[path]
    given = inputs(encoder)
    changes = {
        "a channel less": lambda x: x[:, :-1],
        "a sample less": lambda x: x[..., :-1],
        "no batch": lambda x: x[0],
        "an axis more": lambda x: x[:, None],
    }
    wrong = changes[spoil](given[0])
    wanted = ", ".join(map(str, given[0].shape[1:]))
    with pytest.raises(ValueError) as refusal:
        encoder(wrong, *given[1:])
    line = str(refusal.value)
    assert "\n" not in line
    assert f"must be (B, {wanted}), found {tuple(wrong.shape)}" in line
