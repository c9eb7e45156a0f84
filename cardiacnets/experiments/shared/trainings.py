"""How often the small ECG networks are trained, and by what name and seed each training goes.

Training 1 has the run's own seed and a name without a number: it is the network that other chapters show.
"""

from __future__ import annotations

from dataclasses import replace

from cardiacnets.profile import Profile

STEP = 1_000
"""Between the seeds of two trainings, so that they meet no seed of label draws."""


def trainings_of(profile: Profile, key: str | None = None) -> range:
    """Numbers, from 1 on, of the trainings of each network of task ``key``; by default of each alignment.

    Raises ``ValueError`` naming the setting where a profile asks for none.
    """
    settings = profile.downstream
    if settings.trainings < 1:
        raise ValueError(
            f"profile {profile.name}: downstream: trainings {settings.trainings} must be 1 or more"
        )
    once = key is not None and bool(settings.repeated) and key not in settings.repeated
    return range(1, 2 if once else settings.trainings + 1)


def seeded(profile: Profile, training: int) -> Profile:
    """``profile`` with the seed of a training: of the first its own."""
    return replace(profile, seed=profile.seed + STEP * (training - 1))


def named(name: str, training: int) -> str:
    """Folder of a training of the network ``name``."""
    return name if training == 1 else f"{name}_training{training}"
