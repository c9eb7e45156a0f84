"""Each part of the augmentation alone, its probability, and its source of randomness."""

import pytest
import torch

from cardiacnets.ecg import EcgAugmentation

OFF = dict(crop_probability=0, shift_probability=0, noise_probability=0, gain_probability=0)


@pytest.fixture
def ecg() -> torch.Tensor:
    return torch.randn((64, 12, 180), generator=torch.Generator().manual_seed(1)).cumsum(-1) / 10


def view(ecg: torch.Tensor, seed: int = 0, **settings) -> torch.Tensor:
    return EcgAugmentation(**settings)(ecg, torch.Generator().manual_seed(seed))


def test_everything_off_is_the_identity(ecg):
    assert torch.equal(view(ecg, **OFF), ecg)


@pytest.mark.parametrize("settings", [{}, {"crop": 0.5}, {"time_flip_probability": 0.5}])
def test_shape_type_and_seed(ecg, settings):
    first, again, other = view(ecg, 0, **settings), view(ecg, 0, **settings), view(ecg, 1, **settings)
    assert first.shape == ecg.shape and first.dtype == ecg.dtype and torch.isfinite(first).all()
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_a_crop_of_a_ramp_is_a_shorter_ramp():
    ramp = torch.arange(180.0).expand(200, 12, 180)
    cropped = view(ramp, **OFF | {"crop_probability": 1, "crop": 0.5})
    slope = cropped[:, 0].diff(dim=-1)
    kept = slope.mean(-1)
    assert torch.allclose(slope, kept[:, None].expand_as(slope), atol=1e-3)  # linear: resampled, not repeated
    assert kept.min() >= 0.5 - 1e-3 and kept.max() <= 1 + 1e-3 and kept.std() > 0.1
    assert cropped.min() >= 0 and cropped.max() <= 179 + 1e-3
    starts = cropped[:, 0, 0] / (179 * (1 - kept)).clamp(min=1e-6)
    assert starts.min() < 0.1 and starts.max() > 0.9  # crops from the beginning to the end


def test_leads_of_a_record_move_together(ecg):
    same = ecg[:, :1].expand(64, 12, 180).contiguous()
    moved = view(same, **OFF | {"crop_probability": 1, "shift_probability": 1, "shift": 0.1, "crop": 0.6})
    assert torch.allclose(moved, moved[:, :1].expand_as(moved))
    assert not torch.allclose(moved, same)


def test_a_shift_is_cyclic_and_bounded(ecg):
    moved = view(ecg, **OFF | {"shift_probability": 1, "shift": 0.05})
    for before, after in zip(ecg, moved, strict=True):
        steps = [step for step in range(-9, 10) if torch.equal(before.roll(step, -1), after)]
        assert len(steps) == 1


def test_noise_has_the_stated_deviation(ecg):
    noise = view(ecg, **OFF | {"noise_probability": 1, "noise": 0.3}) - ecg
    assert noise.std().item() == pytest.approx(0.3, rel=0.02)  # 138,240 draws: standard error .2 %


def test_gain_scales_a_record_within_bounds(ecg):
    ratio = view(ecg, **OFF | {"gain_probability": 1, "gain": 0.2}) / ecg
    assert torch.allclose(ratio, ratio[:, :1, :1].expand_as(ratio), atol=1e-4)
    assert ratio.min() >= 0.8 - 1e-4 and ratio.max() <= 1.2 + 1e-4 and ratio[:, 0, 0].std() > 0.05


@pytest.mark.parametrize(
    ("name", "flipped"),
    [("time_flip_probability", lambda x: x.flip(-1)), ("sign_flip_probability", lambda x: -x)],
)
def test_flips_happen_as_often_as_stated(name, flipped):
    ecg = torch.randn((3000, 12, 10), generator=torch.Generator().manual_seed(2))
    changed = view(ecg, **OFF | {name: 0.33})
    hit = (changed == flipped(ecg)).flatten(1).all(1)
    assert hit.float().mean().item() == pytest.approx(0.33, abs=0.035)  # four standard errors of 3000 draws
    assert torch.equal(changed[~hit], ecg[~hit])


def test_flips_are_off_by_default_and_on_as_published():
    assert EcgAugmentation().time_flip_probability == EcgAugmentation().sign_flip_probability == 0
    assert EcgAugmentation.named("corrected") == EcgAugmentation()
    published = EcgAugmentation.named("as_published")
    assert published.time_flip_probability == published.sign_flip_probability == 0.33
    assert published.crop_probability == 1 and published.crop < 1


@pytest.mark.parametrize("settings", [{"crop": 0}, {"crop": 1.2}, {"noise": -1}, {"gain_probability": 2}])
def test_wrong_settings_are_refused(settings):
    with pytest.raises(ValueError):
        EcgAugmentation(**settings)


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="augmentation 'published': choose corrected or as_published"):
        EcgAugmentation.named("published")
