"""Participants of a simulated cohort drawn again: as if healthy, or by a scanner without noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cardiacnets.digital_heart.cohort import ecgs, render_cines
from cardiacnets.digital_heart.hearts import draw_hearts
from cardiacnets.digital_heart.sites import site
from cardiacnets.digital_heart.streams import identifier


def without_disease(
    person: str, number: int, cohort: str, preset: str, seed: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """The first ECG (12, 5000) mV of participant ``number`` of a simulated cohort, and the same with the
    disease taken away: body, electrodes and noise are kept, and what follows from disease is not.

    ``person``: the participant's identifier, by which the number is checked. None where the ECG is another
    heart's (``information_limited``), or the person is not ill. Raises ``ValueError`` if the number is
    somebody else's.
    """
    _require([person], [number], cohort, preset, seed)
    if preset == "information_limited":
        return None
    place = site(cohort, preset)
    ill = draw_hearts([number], place, cohort, seed)
    if (ill.latents["condition"] == "none").all():
        return None
    healthy = draw_hearts([number], place, cohort, seed, {"condition": "none", "severity": 0.0})
    first = np.zeros(1, int)
    with_disease, without = (
        ecgs(heart, place, seed, [number], first, first)[0][0] for heart in (ill, healthy)
    )
    return with_disease, without


def without_noise(
    people: Sequence[str], numbers: Sequence[int], cohort: str, preset: str, seed: int, frames: int
) -> dict[str, np.ndarray]:
    """The stored cines of participants ``numbers`` of a simulated cohort as they were before the scanner's
    noise, uint8 (n, T, H, W) by view, ``sax`` and ``lax``: what no method can know better.

    ``people``: their identifiers, by which the numbers are checked. Raises ``ValueError`` if a number is
    somebody else's.
    """
    _require(people, numbers, cohort, preset, seed)
    anatomy = draw_hearts(numbers, site(cohort, preset), cohort, seed)
    sax, lax, _ = render_cines(anatomy, seed, cohort, numbers, frames, noise=False)
    return {"sax": sax, "lax": lax}


def _require(people: Sequence[str], numbers: Sequence[int], cohort: str, preset: str, seed: int) -> None:
    for person, number in zip(people, numbers, strict=True):
        if identifier("participant", seed, cohort, preset, number) != person:
            raise ValueError(f"participant {number} of {cohort} ({preset}, seed {seed}) is not {person}")
