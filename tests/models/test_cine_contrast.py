"""The CMR encoder that starts from its linear twin: what is linear in it, what it adds, what it learns."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from cardiacnets.models import build
from cardiacnets.models.cine_contrast import CineContrast, standardised
from cardiacnets.models.cmr_autoencoder import VIEWS, CmrAutoencoder
from cardiacnets.models.heads import CmrEmbedding
from cardiacnets.models.linear_twin import CineComponents
from cardiacnets.models.registry import CMR_ENCODERS
from cardiacnets.profile import load_profile

PROFILE = load_profile("smoke")
TWIN, CINES = PROFILE.linear_twin, PROFILE.cmr_autoencoder
LINEAR = TWIN.components


def hearts(people: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Two views (n, T, H, W) uint8 of discs: one's size in the first view is the other's in the second."""
    generator = np.random.default_rng(seed)
    radius = generator.uniform(4, 13, people)[:, None, None, None]
    rows, columns = np.mgrid[: CINES.pixels, : CINES.pixels] - CINES.pixels / 2
    beat = 1 - 0.2 * np.sin(np.linspace(0, np.pi, CINES.frames))[:, None, None]
    disc = np.hypot(rows, columns) < radius * beat  # (n, T, H, W)
    bar = np.broadcast_to(np.abs(rows) < radius * beat, disc.shape)
    return {
        view: (200 * shape + generator.uniform(0, 55, shape.shape)).astype(np.uint8)
        for view, shape in zip(VIEWS, (disc, bar), strict=True)
    }


def as_tensors(cines: dict[str, np.ndarray]) -> list[torch.Tensor]:
    return [torch.from_numpy(cines[view]).float() / 255 for view in VIEWS]


@pytest.fixture(scope="module")
def cines():
    return hearts(96)


@pytest.fixture(scope="module")
def twin(cines):
    return CineComponents.fit(cines, LINEAR, TWIN.pixels)


@pytest.fixture
def model(cines, twin):
    torch.manual_seed(0)
    model = build("cine_contrast", PROFILE)
    model.start_from(twin, twin.encode(cines))
    return model


def condense(model: CineContrast, cines: dict[str, np.ndarray]) -> None:
    with torch.no_grad():
        given = zip(VIEWS, as_tensors(cines), strict=True)
        model.condense({view: model.towers[view].added(cine).numpy() for view, cine in given})


def test_before_the_first_step_its_linear_part_is_the_twin(model, twin, cines):
    scores = twin.encode(cines)
    for place, (view, cine) in enumerate(zip(VIEWS, as_tensors(cines), strict=True)):
        features = model.encode(cine, view).detach().numpy()
        assert features.shape == (96, model.feature_width) == (96, LINEAR + PROFILE.cmr_encoder.condensed)
        expected = scores[:, place] / scores[:, place].std(axis=0)
        assert np.allclose(features[:, :LINEAR], expected, atol=1e-3)
        assert (features[:, LINEAR:] == 0).all()  # what is added is not condensed yet


def test_training_moves_what_is_added_and_never_the_linear_part(model, cines):
    given = as_tensors(cines)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(*given)["loss"].backward()
    optimizer.step()
    for name, value in model.state_dict().items():
        fixed = "linear." in name or "condensed." in name
        assert torch.equal(value, before[name]) == fixed, name


def test_neither_part_swamps_the_other(model, cines):
    condense(model, cines)
    for view, cine in zip(VIEWS, as_tensors(cines), strict=True):
        spread = model.encode(cine, view).detach().std(dim=0)
        assert torch.allclose(spread, torch.ones_like(spread), atol=0.02)


def test_condensed_features_are_the_first_components_of_the_map(model, cines):
    condense(model, cines)
    cine = as_tensors(cines)[0]
    with torch.no_grad():
        added, condensed = model.towers["sax"].added(cine), model.encode(cine, "sax")[:, LINEAR:]
    whole = torch.linalg.svdvals(added - added.mean(dim=0)).square()
    kept = torch.linalg.lstsq(condensed, added - added.mean(dim=0)).solution
    left = (added - added.mean(dim=0) - condensed @ kept).square().sum()
    assert left.item() == pytest.approx(
        whole[PROFILE.cmr_encoder.condensed :].sum().item(), rel=0.05, abs=1e-3
    )


def test_the_contrast_starts_near_guessing_and_leaves_it_on_unseen_people(model, cines):
    unseen = as_tensors(hearts(64, seed=1))
    chance = math.log(64)
    with torch.no_grad():
        before = model(*unseen)["contrast"].item()
    assert before > 0.6 * chance
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    given = as_tensors(cines)
    for _ in range(12):  # it then begins to know its few people by heart
        optimizer.zero_grad()
        model(*given)["loss"].backward()
        optimizer.step()
    with torch.no_grad():
        after = model(*unseen)["contrast"].item()
        strangers = model(unseen[0], unseen[1].roll(7, 0))["contrast"].item()
    assert after < 0.6 * chance < chance < strangers


def test_projections_are_standardised_over_the_batch():
    rows = torch.randn(50, 4, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 5, 0.1, 2]) + 9
    out = standardised(rows)
    assert torch.allclose(out.mean(0), torch.zeros(4), atol=1e-4)
    assert torch.allclose(out.var(0, unbiased=False), torch.ones(4), atol=0.01)
    # what all rows share makes no direction
    assert torch.allclose(standardised(rows + 1000), out, atol=1e-2)


def test_pooling_forgets_where(model):
    cine = torch.zeros(2, CINES.frames, CINES.pixels, CINES.pixels)
    side = CINES.pixels // 2
    cine[0, ..., :side, :side], cine[1, ..., side:, side:] = 1.0, 1.0
    assert model.pooled(cine, "sax").shape == (2, model.towers["sax"].encoder.width)
    first, second = model.towers["sax"].encoder(cine)
    assert torch.equal(model.pooled(cine, "sax")[0], first.mean(0)) and not torch.allclose(first, second)


def test_fine_tuning_sees_both_parts_whole(model, cines):
    embedding, given = CmrEmbedding(model), as_tensors(cines)
    out = embedding(*given)
    encoder = model.towers["sax"].encoder
    assert out.shape == (96, embedding.width) == (96, 2 * (LINEAR + encoder.width * encoder.grid**2))
    assert torch.equal(out[:, :LINEAR], model.encode(given[0], "sax")[:, :LINEAR])
    assert torch.equal(out[:, LINEAR : embedding.width // 2], encoder(given[0]).flatten(1))


def test_the_profile_chooses_and_the_published_encoder_is_the_default():
    as_published = replace(PROFILE, cmr_encoder=replace(PROFILE.cmr_encoder, kind="masked_swin"))
    assert load_profile("paper").cmr_encoder.kind == load_profile("full").cmr_encoder.kind == "masked_swin"
    for profile, kind in ((as_published, CmrAutoencoder), (PROFILE, CineContrast)):
        width = kind.width_of(profile)
        assert CMR_ENCODERS[profile.cmr_encoder.kind] is kind and kind(profile).feature_width == width
        aligner = build("aligner", profile)
        assert {head[1].in_features for head in aligner.cmr_heads.values()} == {width}


@pytest.mark.parametrize(
    ("section", "changes", "reason"),
    [
        ("cmr_encoder", {"kind": "resnet"}, "cmr_encoder.kind: 'resnet' is not one of masked_swin, contrast"),
        ("cmr_encoder", {"condensed": 999}, "condensed 999 is more than the 128 numbers"),
        ("cmr_autoencoder", {"pixels": 40}, "cells of 16 pixels do not divide cmr_autoencoder.pixels 40"),
    ],
)
def test_sizes_that_do_not_fit_are_refused_in_one_line(section, changes, reason):
    profile = replace(PROFILE, **{section: replace(getattr(PROFILE, section), **changes)})
    with pytest.raises(ValueError, match=reason) as refusal:
        build("aligner", profile)
        build("cine_contrast", profile)
    assert "\n" not in str(refusal.value)


def test_a_twin_of_other_sizes_is_refused(model, cines):
    other = CineComponents.fit(cines, LINEAR - 1, TWIN.pixels)
    with pytest.raises(ValueError, match=r"components of the linear twin.* must be \(32, .*found \(31, "):
        model.start_from(other, other.encode(cines))


def test_too_few_people_to_condense_is_refused(model, cines):
    with pytest.raises(ValueError, match="9 people cannot span 16 components.*condensed below 9"):
        condense(model, {view: cine[:9] for view, cine in cines.items()})


def test_a_heart_without_a_view_and_an_unknown_view_are_refused(model, cines):
    sax, lax = as_tensors(cines)
    with pytest.raises(ValueError, match="needs both views, found 96 sax and 95 lax"):
        model(sax, lax[:95])
    with pytest.raises(ValueError, match="choose one of sax, lax"):
        model.encode(sax, "2ch")
