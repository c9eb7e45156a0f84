"""Overlap, areas and shape of labels, on drawings whose answers are known."""

import numpy as np
import pytest

from cardiacnets.judges import seen_heart

SIDE = 96


def heart(cavity=14, wall=6, side=SIDE):
    """A round left ventricle of known radii in pixels, and a right one as a square beside it."""
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    far = np.hypot(rows, columns)
    labels = np.zeros((side, side), np.uint8)
    labels[30:60, 5:25] = 3
    labels[far < cavity + wall] = 2
    labels[far < cavity] = 1
    return labels


def test_dice_is_one_with_oneself_and_none_with_what_lies_elsewhere():
    one = heart()[None]
    for part in seen_heart.PARTS:
        assert seen_heart.dice(one, one, part)[0] == 1
    assert seen_heart.dice(one, np.roll(one, 60, axis=1), "lv")[0] == 0
    assert seen_heart.dice(np.zeros_like(one), np.zeros_like(one), "rv")[0] == 1, "nothing, and nothing seen"


def test_dice_of_half_a_square_is_two_thirds():
    whole, half = np.zeros((2, 1, 8, 8), np.uint8)
    whole[0, :4], half[0, :2] = 1, 1
    assert seen_heart.dice(whole, half, "lv")[0] == pytest.approx(2 / 3)


def test_an_area_is_that_of_the_circle_in_any_number_of_pixels():
    for side in (48, 96, 192):
        radius = 0.2 * side
        labels = heart(cavity=radius, wall=0.05 * side, side=side)[None]
        assert seen_heart.area(labels, "lv")[0] == pytest.approx(np.pi * (0.2 * 14.4) ** 2, rel=0.03)


def test_another_grid_keeps_the_parts():
    fine = heart(cavity=28, wall=12, side=160)[None]
    coarse = seen_heart.on_grid(fine, 80)
    for part in seen_heart.PARTS:
        assert seen_heart.area(coarse, part)[0] == pytest.approx(seen_heart.area(fine, part)[0], rel=0.05)


def test_a_cavity_in_two_pieces_and_a_missing_one_are_no_heart():
    split, none = heart(), heart()
    split[SIDE // 2] = np.where(split[SIDE // 2] == 1, 2, split[SIDE // 2])
    none[none == 1] = 2
    assert seen_heart.in_one_piece(np.stack([heart(), split, none])).tolist() == [True, False, False]
    assert seen_heart.wall_closed(np.stack([heart(), split, none])).tolist() == [True, True, False]


def test_one_pixel_is_enough_to_open_a_wall():
    broken = heart()
    column = np.flatnonzero(broken[SIDE // 2] == 1)[-1]
    broken[SIDE // 2, column + 1] = 0
    at_the_rim = np.ones((SIDE, SIDE), np.uint8)
    assert seen_heart.wall_closed(np.stack([broken, at_the_rim])).tolist() == [False, False]


def test_area_change_is_of_the_largest():
    found = seen_heart.area_change(np.array([[10.0, 4.0, 7.0], [5.0, 5.0, 5.0], [0.0, 0.0, 0.0]]))
    assert found[:2].tolist() == [60, 0] and np.isnan(found[2])


def test_impossible_questions_are_refused():
    with pytest.raises(ValueError, match="one grid is needed"):
        seen_heart.dice(heart()[None], np.zeros((1, 8, 8), np.uint8), "lv")
    with pytest.raises(ValueError, match="part 'la' is not one of lv, muscle, rv"):
        seen_heart.area(heart()[None], "la")
