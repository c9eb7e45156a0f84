"""Whole cohorts: in memory with ``simulate``, streamed to disk with ``write_cohort``, one heart with
``one_heart``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from cardiacnets.contracts import CINE_FRAMES, ECG_SAMPLES
from cardiacnets.digital_heart import four_chamber, short_axis
from cardiacnets.digital_heart.anatomy import Anatomy
from cardiacnets.digital_heart.diagnosis import label_table
from cardiacnets.digital_heart.electrics import beat_potentials
from cardiacnets.digital_heart.hearts import draw_hearts, select, strangers_inside
from cardiacnets.digital_heart.indices import recorded_indices, true_indices
from cardiacnets.digital_heart.latents import Latents, columns
from cardiacnets.digital_heart.motion import frame_times
from cardiacnets.digital_heart.rhythm import digitise, record
from cardiacnets.digital_heart.sites import Site, site
from cardiacnets.digital_heart.streams import Draws, generator, identifier
from cardiacnets.shards import shards_of
from cardiacnets.study import COHORTS, LIFESTYLE

SHARD = 32
"""Participants simulated together: bounds memory, changes nothing else."""

PLACEMENT_SPREAD = 0.08
"""Spread of an electrode's log-gain between visits of the same participant."""

_COLUMNS = (
    "sex",
    "age",
    "height",
    "weight",
    "bmi",
    "heart_rate",
    "systolic_pressure",
    "ethnicity",
    *LIFESTYLE,
)


@dataclass(frozen=True)
class Masks:
    """Label maps of both views, uint8 as the cines: 0 background, 1 LV, 2 myocardium, 3 RV, 4 LA, 5 RA."""

    sax: np.ndarray
    lax: np.ndarray


@dataclass(frozen=True)
class Cohort:
    """Simulated recordings, one row each and row-aligned.

    ``ecg`` float32 ``(R, 12, 5000)`` mV; ``sax`` uint8 ``(R, T, 80, 80)`` and ``lax`` ``(R, T, 96, 96)``,
    None where a site has no CMR, as ``masks``; ``indices`` as recorded and ``indices_true`` float32 ``(R,
    82)``; ``covariates`` and ``labels`` tables.
    """

    ecg: np.ndarray
    sax: np.ndarray | None
    lax: np.ndarray | None
    indices: np.ndarray
    indices_true: np.ndarray
    covariates: pd.DataFrame
    labels: pd.DataFrame
    masks: Masks | None


def simulate(
    n: int, cohort: str = "ukb", preset: str = "enriched", seed: int = 0, frames: int = CINE_FRAMES
) -> Cohort:
    """Simulate ``n`` participants of ``cohort`` in memory; about 1.6 MB each with both 50-frame cines and
    masks.

    ``preset``: ``enriched`` (many cases), ``ukb_like`` (few), or ``information_limited`` (the ECG knows
    nothing of the heart beyond the covariates). In ``mimic`` some participants have several recordings, so
    rows exceed ``n``. Participant ``i`` is the same whatever ``n``. Raises ``ValueError`` for an unknown
    cohort or preset, ``n < 1``, ``frames < 1`` or a negative seed.
    """
    place = check(n, cohort, preset, seed, frames)
    parts = [
        simulate_participants(shard, place, preset, seed, frames, True) for shard in shards_of(n, SHARD)
    ]
    return join(parts)


def check(n: int, cohort: str, preset: str, seed: int, frames: int) -> Site:
    """The site, or a ``ValueError`` that says which argument is impossible and what is allowed."""
    if n < 1:
        raise ValueError(f"n is the number of participants and has to be at least 1, not {n}")
    if frames < 1:
        raise ValueError(f"frames has to be at least 1 (the study has {CINE_FRAMES}), not {frames}")
    if seed < 0:
        raise ValueError(f"seed has to be 0 or greater, not {seed}")
    return site(cohort, preset)


def simulate_participants(
    participants: Sequence[int], place: Site, preset: str, seed: int, frames: int, cines: bool
) -> Cohort:
    """The recordings of the numbered ``participants`` of a site."""
    cohort = place.name
    anatomy = draw_hearts(participants, place, cohort, seed)
    electrical = anatomy
    if preset == "information_limited":
        electrical = strangers_inside(anatomy, participants, place, cohort, seed)
    truth = true_indices(anatomy)
    measured = recorded_indices(anatomy, truth, Draws(seed, cohort, participants, "measurement"))
    owner, visit = visits(place, seed, participants)
    ecg, rates = ecgs(electrical, place, seed, participants, owner, visit)
    sax = lax = masks = None
    if cines and COHORTS[cohort].cmr:
        sax, lax, masks = render_cines(anatomy, seed, cohort, participants, frames)
    labels = label_table(anatomy.latents, place)
    people = people_table(anatomy.latents, cohort, preset, seed, participants)
    covariates = people.iloc[owner].reset_index(drop=True)
    covariates["heart_rate"] = rates.astype(np.float32).round(2)
    who = [(participants[row], number) for row, number in zip(owner, visit, strict=True)]
    covariates.insert(
        1, "recording_id", [identifier("recording", seed, cohort, preset, *pair) for pair in who]
    )
    return Cohort(
        ecg=ecg,
        sax=sax,
        lax=lax,
        indices=measured[owner].astype(np.float32),
        indices_true=truth[owner].astype(np.float32),
        covariates=covariates,
        labels=labels.iloc[owner].reset_index(drop=True),
        masks=masks,
    )


def visits(place: Site, seed: int, participants: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Row of the participant and number of the visit for each recording."""
    count = 1 + np.array(
        [
            generator(seed, place.name, i, "visits").choice(len(place.recordings), p=place.recordings)
            for i in participants
        ]
    )
    owner = np.repeat(np.arange(len(count)), count)
    return owner, np.concatenate([np.arange(k) for k in count])


def ecgs(
    anatomy: Anatomy,
    place: Site,
    seed: int,
    participants: Sequence[int],
    owner: np.ndarray,
    visit: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Digitised ECGs, float32 ``(R, 12, 5000)`` mV, and their heart rates ``(R,)``; later visits differ a
    little.
    """
    pairs = zip(owner, visit, strict=True)
    streams = [generator(seed, place.name, participants[row], f"rhythm {k}") for row, k in pairs]
    visited = select(anatomy, owner)
    latents = visited.latents
    again = (visit > 0).astype(float)
    moved = np.stack([stream.standard_normal(32) for stream in streams]) * again[:, None]
    latents["electrode_shift"] = latents["electrode_shift"] + 0.8 * moved[:, :27]
    latents["position"] = latents["position"] + 0.3 * moved[:, 27:30]
    latents["heart_rate"] = np.clip(latents["heart_rate"] * np.exp(0.09 * moved[:, 30]), 38, 150)
    latents["t_gain"] = latents["t_gain"] * np.exp(0.15 * moved[:, 31])
    placed = _placed_anew(place, seed, participants, owner, visit)
    latents["electrode_gain"] = columns(latents["electrode_gain"]) * placed
    beats = beat_potentials(visited)
    result = np.empty((len(owner), 12, ECG_SAMPLES), np.float32)
    for row, stream in enumerate(streams):
        result[row] = digitise(record(beats[row], latents, row, place, stream))
    return result, latents["heart_rate"]


def _placed_anew(
    place: Site, seed: int, participants: Sequence[int], owner: np.ndarray, visit: np.ndarray
) -> np.ndarray:
    """Factors ``(R, 9)`` of the electrodes' gains: 1 on the first visit, a little off after that."""
    factors = np.ones((len(owner), 9))
    for recording in np.flatnonzero(visit):
        stream = f"electrodes {visit[recording]}"
        normal = generator(seed, place.name, participants[owner[recording]], stream).standard_normal(9)
        factors[recording] = np.exp(PLACEMENT_SPREAD * normal)
    return factors


def render_cines(
    anatomy: Anatomy, seed: int, cohort: str, participants: Sequence[int], frames: int, noise: bool = True
) -> tuple[np.ndarray, np.ndarray, Masks]:
    """Both cines, with the scanner's ``noise`` or without, and their label maps, uint8 ``(n, T, H, W)``."""
    times = frame_times(anatomy.latents["heart_rate"], frames)
    sax, sax_masks = short_axis.render(
        anatomy, times, [generator(seed, cohort, i, "short axis") for i in participants], noise=noise
    )
    lax, lax_masks = four_chamber.render(
        anatomy, times, [generator(seed, cohort, i, "four chamber") for i in participants], noise=noise
    )
    return sax, lax, Masks(sax_masks, lax_masks)


def people_table(
    latents: Latents, cohort: str, preset: str, seed: int, participants: Sequence[int]
) -> pd.DataFrame:
    """Covariates, one row a participant; identifiers carry no order and differ between cohorts, presets and
    seeds.
    """
    table = pd.DataFrame({name: latents[name] for name in _COLUMNS})
    numbers = [name for name in _COLUMNS if name != "ethnicity"]
    table[numbers] = table[numbers].astype(np.float32).round(2)
    table["sex"] = table["sex"].astype(np.int64)
    table["ethnicity"] = table["ethnicity"].astype(str)
    table.insert(
        0, "participant_id", [identifier("participant", seed, cohort, preset, i) for i in participants]
    )
    return table


def join(parts: Sequence[Cohort]) -> Cohort:
    """Several cohorts as one, rows in order."""

    def stack(values: list[Any]) -> Any:
        if values[0] is None:
            return None
        if isinstance(values[0], pd.DataFrame):
            return pd.concat(values, ignore_index=True)
        if isinstance(values[0], Masks):
            return Masks(*(np.concatenate([getattr(v, f.name) for v in values]) for f in fields(Masks)))
        return np.concatenate(values)

    return Cohort(**{f.name: stack([getattr(part, f.name) for part in parts]) for f in fields(Cohort)})
