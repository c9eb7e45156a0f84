"""One heart to look at: a participant turned from healthy to each disease, every other latent kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cardiacnets.contracts import CINE_FRAMES
from cardiacnets.digital_heart import rhythm
from cardiacnets.digital_heart.anatomy import Anatomy
from cardiacnets.digital_heart.cohort import Masks, people_table, render_cines
from cardiacnets.digital_heart.electrics import BEAT_TIMES, beat_potentials
from cardiacnets.digital_heart.hearts import draw_hearts
from cardiacnets.digital_heart.indices import recorded_indices, true_indices
from cardiacnets.digital_heart.motion import frame_times, volumes
from cardiacnets.digital_heart.sites import site
from cardiacnets.digital_heart.streams import Draws, generator
from cardiacnets.digital_heart.torso import leads


@dataclass(frozen=True)
class Heart:
    """One simulated participant.

    ``ecg`` float32 ``(12, 5000)`` mV; ``sax`` and ``lax`` uint8 ``(T, H, W)`` with ``masks``; ``indices``
    (recorded) and ``indices_true`` ``(82,)``; ``covariates`` a Series; ``times`` s of the frames and
    ``volumes`` ml of "lv", "rv", "la", "ra" at them; ``beat`` the noise-free beat ``(12, S)`` mV at
    ``beat_times`` ms from the QRS; ``anatomy`` the geometry behind it all (one row).
    """

    ecg: np.ndarray
    sax: np.ndarray
    lax: np.ndarray
    masks: Masks
    indices: np.ndarray
    indices_true: np.ndarray
    covariates: pd.Series
    times: np.ndarray
    volumes: dict[str, np.ndarray]
    beat: np.ndarray
    beat_times: np.ndarray
    anatomy: Anatomy


def one_heart(
    condition: str = "none", severity: float = 0.0, seed: int = 0, frames: int = CINE_FRAMES, **changes: Any
) -> Heart:
    """The participant of ``seed`` with this ``condition`` at ``severity`` 0 to 1, every other cause as it
    was.

    ``changes`` fixes further latents by name (``lv_edv=220``, ``left_block=1``): their consequences follow,
    their own causes are cut. Raises ``ValueError`` for an unknown condition or latent, or an impossible
    value.
    """
    if seed < 0:
        raise ValueError(f"seed has to be 0 or greater, not {seed}")
    place, cohort, who = site("ukb", "enriched"), "one heart", [0]
    fixed = {
        "condition": condition,
        "severity": 0.0 if condition == "none" else severity,
        "fibrillation": 0.0,
    }
    anatomy = draw_hearts(who, place, cohort, seed, {**fixed, **changes})
    times = frame_times(anatomy.latents["heart_rate"], frames)
    sax, lax, masks = render_cines(anatomy, seed, cohort, who, frames)
    truth = true_indices(anatomy)
    beat = beat_potentials(anatomy)
    signal = rhythm.record(beat[0], anatomy.latents, 0, place, generator(seed, cohort, 0, "rhythm 0"))
    return Heart(
        ecg=rhythm.digitise(signal),
        sax=sax[0],
        lax=lax[0],
        masks=Masks(masks.sax[0], masks.lax[0]),
        indices=recorded_indices(anatomy, truth, Draws(seed, cohort, who, "measurement"))[0],
        indices_true=truth[0],
        covariates=people_table(anatomy.latents, cohort, "enriched", seed, who).iloc[0],
        times=times[0],
        volumes={chamber: course[0] for chamber, course in volumes(anatomy, times).items()},
        beat=leads(beat)[0],
        beat_times=BEAT_TIMES,
        anatomy=anatomy,
    )
