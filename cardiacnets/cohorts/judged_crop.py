"""Where the heart is in a short-axis cine, as the outside judge sees it.

The study crops around the mask of a pre-trained segmenter, in the middle of the slices that contain the left
ventricle. The judge is such a network (:mod:`cardiacnets.judges.acdc_segmenter`, trained on real hearts). It
takes pictures with the heart near their middle, so the heart is found by its beat first, and the judge says
what lies there. About a second a slice.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cardiacnets.cmr import Cine, HeartLocation, locate_heart
from cardiacnets.contracts import SAX_PIXELS
from cardiacnets.judges.acdc_segmenter import segment
from cardiacnets.judges.seen_heart import PARTS, area, on_grid

LEAST_CM2 = 1.0
"""A left ventricle of less than this, at the R wave, is none: apex and mistakes."""


def judged_location(cine: Cine) -> HeartLocation:
    """The heart of a short-axis ``cine``: the middle of the box around all that the judge calls heart at the
    R wave, and the middle one of the slices in which it sees a left ventricle.

    Where it sees none, what the beat tells. Raises ``ValueError`` where the judge is not available, and as
    :func:`cardiacnets.cmr.locate_heart`.
    """
    found = locate_heart(cine.frames, cine.spacing)
    slices = [replace(found, middle_slice=number) for number in range(cine.frames.shape[1])]
    pictures = np.concatenate([cine.standard("sax", frames=1, location=each) for each in slices])
    labels = on_grid(segment(pictures), SAX_PIXELS)  # (S, pixels, pixels)
    present = np.flatnonzero(area(labels, "lv") >= LEAST_CM2)
    if not len(present):
        return found
    places = cine.places("sax", found)
    ventricle = np.full((len(slices), 2), np.nan)
    for number in present:
        ventricle[number] = places[:, labels[number] == PARTS["lv"]].mean(axis=1)
    inside = places[:, (labels[present] > 0).any(axis=0)]  # (2, n)
    middle = (inside.min(axis=1) + inside.max(axis=1)) / 2
    return HeartLocation((float(middle[0]), float(middle[1])), ventricle, int(present[len(present) // 2]))
