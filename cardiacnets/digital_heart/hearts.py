"""From participant numbers to hearts: covariates, healthy latents, electrical nuisance, disease, geometry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cardiacnets.digital_heart.anatomy import Anatomy, build
from cardiacnets.digital_heart.conditions import afflict
from cardiacnets.digital_heart.diagnosis import draw_conditions
from cardiacnets.digital_heart.latents import Latents
from cardiacnets.digital_heart.population import add_heart, add_lifestyle, add_people
from cardiacnets.digital_heart.sites import CONDITIONS, Site
from cardiacnets.digital_heart.streams import Draws
from cardiacnets.digital_heart.torso import add_torso
from cardiacnets.digital_heart.variety import add_variety


def draw_hearts(
    participants: Sequence[int], site: Site, cohort: str, seed: int, fixed: Mapping[str, Any] | None = None,
    other_heart: bool = False,
) -> Anatomy:  # fmt: skip
    """The hearts of ``participants`` (their numbers in the cohort), deterministic per seed, cohort and
    participant.

    ``fixed`` sets latents by name (a do-operation). ``other_heart`` keeps the covariates and draws every
    other latent anew, disease included: the heart of somebody else in the same body.

    Raises ``ValueError`` for an unknown condition or latent, or a severity outside [0, 1].
    """
    fixed = dict(fixed or {})
    check_fixed(fixed)
    prefix = "other " if other_heart else ""

    def draws(module: str) -> Draws:
        return Draws(seed, cohort, participants, module)

    latents = Latents(len(participants), fixed)
    add_people(latents, site, draws("people"))
    add_lifestyle(latents, draws("lifestyle"))
    draw_conditions(latents, site, cohort, seed, participants, draws(prefix + "diagnosis"))
    add_heart(latents, draws(prefix + "heart"))
    add_torso(latents, site, draws(prefix + "torso"))
    add_variety(latents, lambda module: draws(prefix + module))
    afflict(latents, draws(prefix + "disease"))
    unknown = sorted(set(fixed) - set(latents))
    if unknown:
        raise ValueError(f"unknown latent(s) {', '.join(unknown)}; there are {', '.join(sorted(latents))}")
    return build(latents)


def strangers_inside(
    anatomy: Anatomy, participants: Sequence[int], site: Site, cohort: str, seed: int
) -> Anatomy:
    """Somebody else's heart, beating at the participant's own rate, in the body of each of ``participants``,
    whose hearts are ``anatomy``: its ECG tells nothing of the participant that covariates do not tell.
    """
    rate = {"heart_rate": anatomy.latents["heart_rate"]}
    return draw_hearts(participants, site, cohort, seed, rate, other_heart=True)


def check_fixed(fixed: Mapping[str, Any]) -> None:
    """Raise ``ValueError`` where a fixed condition, severity or size is impossible."""
    conditions = np.unique(np.atleast_1d(fixed.get("condition", "none")))
    if not set(conditions) <= set(CONDITIONS):
        raise ValueError(f"unknown condition '{conditions[0]}'; choose one of {', '.join(CONDITIONS)}")
    severity = np.asarray(fixed.get("severity", 0.0), float)
    if not ((severity >= 0) & (severity <= 1)).all():
        raise ValueError(f"severity {fixed['severity']} is outside the allowed range 0 to 1")
    for name in (
        "lv_edv",
        "lv_mass",
        "rv_edv",
        "la_max",
        "ra_max",
        "heart_rate",
        "height",
        "weight",
        "bmi",
        "age",
    ):
        if name in fixed and not (np.asarray(fixed[name], float) > 0).all():
            raise ValueError(f"'{name}' has to be greater than 0, not {fixed[name]}")


def select(anatomy: Anatomy, rows: np.ndarray | slice) -> Anatomy:
    """Fewer (or repeated) hearts of a group."""
    return Anatomy(
        anatomy.latents.select(rows), anatomy.length[rows], anatomy.radius[rows], anatomy.wall[rows]
    )
