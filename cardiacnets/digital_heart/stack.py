"""The short-axis stack of a simulated heart, as scanners take it: the study's slice and its neighbours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cardiacnets.digital_heart import short_axis
from cardiacnets.digital_heart.hearts import draw_hearts
from cardiacnets.digital_heart.motion import frame_times
from cardiacnets.digital_heart.sites import site
from cardiacnets.digital_heart.streams import generator

GAP_MM = 10.0
"""From one slice to the next, as UK Biobank and Sunnybrook take them (8 mm thick, 2 mm between)."""

MOST = 7
"""Slices that lie within every simulated ventricle."""


def short_axis_stack(
    participants: Sequence[int], cohort: str, preset: str, seed: int, frames: int, slices: int
) -> np.ndarray:
    """Short-axis slices of a cohort's numbered participants, uint8 ``(n, T, S, 80, 80)``, base to apex.

    The middle slice is the cine that ``simulate`` gives; the others cut the same heart 10 mm further each.
    Every slice is centred on its own outline, as if each breath-hold lay a little differently. Raises
    ``ValueError`` unless ``slices`` is 1, 3, 5 or 7.
    """
    if slices not in range(1, MOST + 1, 2):
        raise ValueError(f"slices has to be odd, from 1 to {MOST}, so that one is the middle; not {slices}")
    anatomy = draw_hearts(participants, site(cohort, preset), cohort, seed)
    times = frame_times(anatomy.latents["heart_rate"], frames)
    stack = []
    for place in range(slices // 2, -slices // 2, -1):
        streams = [generator(seed, cohort, i, "short axis") for i in participants]
        stack.append(short_axis.render(anatomy, times, streams, place * GAP_MM / 10)[0])
    return np.stack(stack, axis=2)
