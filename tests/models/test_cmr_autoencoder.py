"""Masks, reconstruction loss and contrast of the CMR autoencoder."""

import pytest
import torch

from cardiacnets.models.cmr_autoencoder import VIEWS, CmrAutoencoder, draw_visible, means_of_parts
from cardiacnets.models.contrast import symmetric_info_nce
from cardiacnets.profile import load_profile

PROFILE = load_profile("smoke")
SIZES = PROFILE.cmr_autoencoder


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return CmrAutoencoder(PROFILE)


@pytest.fixture(scope="module")
def cines():
    generator = torch.Generator().manual_seed(1)
    return [torch.rand(6, SIZES.frames, SIZES.pixels, SIZES.pixels, generator=generator) for _ in VIEWS]


def _generator():
    return torch.Generator().manual_seed(2)


def test_each_sample_has_its_own_mask_of_the_same_size():
    visible = draw_visible(64, 7, 0.75, _generator(), "cpu").flatten(1)
    assert (visible.sum(1) == 12).all()  # floor(49 / 4), as in the study
    assert len(visible.unique(dim=0)) > 60
    # every cell is hidden about as often: 64 draws of p = 12/49 have a standard deviation of .054
    assert (visible.float().mean(0) - 12 / 49).abs().max() < 0.25


def test_cells_and_cine_are_inverse_and_cells_are_row_major(model, cines):
    tower = model.towers["sax"]
    cells, cell = tower.to_cells(cines[0]), tower.encoder.cell
    assert torch.equal(tower.to_cine(cells), cines[0])
    second = cines[0][:, :, :cell, cell : 2 * cell].flatten(1)  # first row, second column
    assert torch.equal(cells[:, 1], second)


def test_losses_are_the_formula(model, cines):
    losses = model(*cines, _generator())
    generator = _generator()
    latents = {}
    for view, cine in zip(VIEWS, cines, strict=True):
        tower = model.towers[view]
        visible = draw_visible(len(cine), tower.encoder.grid, SIZES.mask_ratio, generator, "cpu")
        seen = tower.encoder.visible_latents(cine, visible)
        rebuilt = tower.to_cine(tower.rebuild(seen, visible))
        hidden = ~visible.repeat_interleave(tower.encoder.cell, 1).repeat_interleave(tower.encoder.cell, 2)
        squared = (rebuilt - cine).square().mean(1)[hidden]
        assert losses[f"{view}_reconstruction"].item() == pytest.approx(squared.mean().item(), rel=1e-5)
        latents[view] = tower.projection(seen.mean(1))
    contrast = symmetric_info_nce(latents["sax"], latents["lax"], SIZES.temperature)
    assert losses["contrast"].item() == pytest.approx(contrast.item(), rel=1e-5)
    rebuilt = losses["sax_reconstruction"] + losses["lax_reconstruction"]
    total = rebuilt + SIZES.contrast_weight * losses["contrast"]
    assert losses["loss"].item() == pytest.approx(total.item())


def test_masks_repeat_with_the_generator(model, cines):
    first, second = (model(*cines, _generator())["loss"].item() for _ in range(2))
    assert first == second
    assert first != model(*cines, torch.Generator().manual_seed(3))["loss"].item()


def test_reconstruction_keeps_what_was_seen(model, cines):
    rebuilt, hidden = model.reconstruct(cines[1], "lax", _generator())
    assert rebuilt.shape == cines[1].shape and hidden.shape == cines[1][:, 0].shape
    assert hidden.float().mean() == SIZES.mask_ratio
    seen = ~hidden[:, None].expand_as(rebuilt)
    assert torch.equal(rebuilt[seen], cines[1][seen])
    assert not torch.equal(rebuilt, cines[1])


def test_every_parameter_learns(model, cines):
    model.zero_grad()
    model(*cines, _generator())["loss"].backward()
    silent = [name for name, parameter in model.named_parameters() if parameter.grad is None]
    assert not silent


def test_a_few_steps_learn_a_still_picture(cines):
    torch.manual_seed(0)
    model, generator = CmrAutoencoder(PROFILE), _generator()
    still = [cine[:1, :1].expand_as(cine).contiguous() for cine in cines]
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    errors = []
    for _ in range(40):
        losses = model(*still, generator)
        optimizer.zero_grad()
        losses["loss"].backward()
        optimizer.step()
        errors.append(losses["sax_reconstruction"].item())
    # a constant guess of .5 for uniform pixels costs 1/12; the picture itself can be memorised
    assert errors[-1] < 1 / 12 < errors[0]


def test_features_as_published_are_the_mean_of_all_latents(model, cines):
    latents = model.towers["sax"].encoder(cines[0])
    assert torch.equal(means_of_parts(latents, 1), latents.mean(1))


def test_features_keep_where_something_is(model, cines):
    features = model.encode(cines[0], "sax")
    assert features.shape == (6, model.feature_width) and model.feature_width == model.width * 9
    latents = torch.zeros(1, 36, 2)  # six rows of six cells
    latents[0, 6 * 1 + 4, 1] = 4.0  # in the upper right part of 3 x 3
    parts = means_of_parts(latents, 3).view(2, 3, 3)  # (D, rows, columns)
    assert parts[1, 0, 2] == 1 and parts.sum() == 1
    halves = torch.zeros_like(cines[0][:1]).repeat(2, 1, 1, 1)
    side = halves.shape[-1] // 2
    halves[0, ..., :side], halves[1, ..., side:] = 1.0, 1.0  # left bright, right bright
    left, right = model.encode(halves, "sax").view(2, model.width, 3, 3)
    assert not torch.allclose(left[:, :, 0], right[:, :, 0], atol=1e-3)


def test_half_precision_runs(model, cines):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = model(*cines, _generator())["loss"].item()
    # bfloat16 keeps 8 bits
    assert half == pytest.approx(model(*cines, _generator())["loss"].item(), rel=0.02)


def test_unknown_view_is_refused(model, cines):
    with pytest.raises(ValueError, match="choose one of sax, lax"):
        model.encode(cines[0], "2ch")


def test_a_heart_without_a_view_is_refused(model, cines):
    with pytest.raises(ValueError, match="needs both views, found 6 sax and 5 lax"):
        model(cines[0], cines[1][:5])


def test_given_masks_are_used(model, cines):
    drawn = model.draw_masks(*cines, _generator())
    assert model(*cines, _generator())["loss"] == model(*cines, visible=drawn)["loss"]
    assert not torch.equal(*drawn)
