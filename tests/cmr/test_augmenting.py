"""One random view a clip: the same for all frames, within its ranges, exact where it can be."""

from dataclasses import replace

import pytest
import torch

from cardiacnets.cmr.augmenting import CineAugmentation

STILL = CineAugmentation(rotation=0, crop=(1, 1), aspect=(1, 1))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_switched_off_it_is_the_identity():
    cine = torch.rand(3, 4, 20, 24, generator=generator(1))
    assert torch.allclose(STILL(cine, generator()), cine, atol=1e-6)


def test_all_frames_share_the_transform_and_clips_do_not():
    frame = torch.rand(1, 1, 32, 32, generator=generator(1))
    view = CineAugmentation()(frame.expand(4, 5, 32, 32), generator())
    assert torch.equal(view, view[:, :1].expand_as(view))
    assert not torch.allclose(view[0], view[1])


def test_the_same_seed_gives_the_same_view_and_bytes_keep_their_type():
    cine = torch.randint(0, 256, (2, 3, 16, 16), dtype=torch.uint8, generator=generator(1))
    first, second = CineAugmentation()(cine, generator(5)), CineAugmentation()(cine, generator(5))
    assert first.dtype == torch.uint8
    assert torch.equal(first, second)
    assert not torch.equal(first, CineAugmentation()(cine, generator(6)))


def test_flips_stay_off_unless_as_published():
    cine = torch.rand(64, 1, 8, 8, generator=generator(1))
    assert CineAugmentation.named("corrected") == CineAugmentation() and CineAugmentation().flip == 0
    published = CineAugmentation.named("as_published")
    assert published == replace(CineAugmentation(), flip=published.flip)
    flips = replace(STILL, flip=published.flip)
    mirrored = (flips(cine, generator()) - cine.flip(-1)).abs().amax(dim=(1, 2, 3)) < 1e-5
    # a left-right flip alone has probability 1/4: 64 draws give 16 +- 3.5; 4 to 28 is 3.4 standard deviations
    assert 4 <= mirrored.sum() <= 28
    assert torch.allclose(STILL(cine, generator()), cine, atol=1e-6)


def test_a_quarter_turn_of_an_oblong_image_is_a_rotation_in_pixels():
    """A disc stays a disc: rotation must not shear an image whose height and width differ."""
    rows, columns = torch.meshgrid(torch.arange(40.0) - 19.5, torch.arange(80.0) - 39.5, indexing="ij")
    disc = ((rows**2 + columns**2) < 12**2).float()[None, None]
    turned = CineAugmentation(rotation=90, crop=(1, 1), aspect=(1, 1))(disc.expand(8, 1, 40, 80), generator())
    assert torch.allclose(turned, disc.expand_as(turned), atol=0.9)  # bilinear edges only
    assert (turned - disc).abs().mean() < 0.01


def test_maps_stay_inside_the_image_and_within_their_ranges():
    maps = CineAugmentation(rotation=0).draw(500, (10, 10), generator())
    width, height, centre = maps[:, 0, 0], maps[:, 1, 1], maps[:, :, 2]
    area = width * height
    assert area.max() <= 1 + 1e-6 and area.min() >= 0.7  # .8, less what the clamp to the image takes off
    assert (centre[:, 0].abs() + width).max() <= 1 + 1e-6
    assert (centre[:, 1].abs() + height).max() <= 1 + 1e-6
    assert (width / height).min() >= 0.9 - 1e-6 and (width / height).max() <= 1.1 + 1e-6


@pytest.mark.parametrize("fault", [{"crop": (0, 1)}, {"crop": (0.9, 1.2)}, {"aspect": (0, 1)}, {"flip": 2}])
def test_impossible_settings_are_refused(fault):
    with pytest.raises(ValueError, match=next(iter(fault))):
        CineAugmentation(**fault)


def test_an_unknown_name_is_refused():
    with pytest.raises(ValueError, match="augmentation 'published': choose corrected or as_published"):
        CineAugmentation.named("published")
