"""What a simulated study counts, at which sizes, and which rates are a promise kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

SIZES = {"reader study": (77, 34), "QPH": (236, 102), "SAHZU": (264, 200), "UK Biobank test": (764, 764)}
"""Cases and controls of the study's evaluations."""
AREAS = (0.75, 0.85, 0.95)
SCORE_CORRELATION = 0.6
"""Between two models' scores of one participant, within cases and within controls."""
BOUNDS = {"coverage": (0.935, 0.965), "exact test": (0.0, 0.05), "test": (0.04, 0.06)}
"""Rates that count as a promise kept."""


@dataclass(frozen=True)
class Count:
    """How often ``hits`` happened: the truth in the interval (``kind`` coverage), or a false alarm."""

    question: str
    method: str
    setting: str
    n: int
    kind: str
    recommended: bool
    hits: np.ndarray


Scenario = Callable[[int, np.random.Generator], Iterator[Count]]
SCENARIOS: dict[str, Scenario] = {}
"""Every scenario by its name; :func:`scenario` enters it."""
SEEDS: dict[int, str] = {}


def scenario(seed: int) -> Callable[[Scenario], Scenario]:
    """Enter a function as a scenario under its name. Its own ``seed`` keeps the others' studies as they are.

    Raises ``ValueError`` where the name or the seed is taken, naming the scenario that has it.
    """

    def enter(simulate: Scenario) -> Scenario:
        name = simulate.__name__
        if seed in SEEDS or name in SCENARIOS:
            taken = SEEDS.get(seed, name)
            free = max(SEEDS) + 1
            raise ValueError(f"scenario {name!r}, seed {seed}: {taken!r} has them; the next seed is {free}")
        SCENARIOS[name], SEEDS[seed] = simulate, name
        return simulate

    return enter


def holds(interval: tuple, truth: float) -> np.ndarray:
    """Whether the truth lies in the interval, elementwise."""
    return (np.asarray(interval[0]) <= truth) & (truth <= np.asarray(interval[1]))


def binormal(cases: int, controls: int, area: float, rng: np.random.Generator, scores: int = 1) -> np.ndarray:
    """Scores (cases + controls, scores) of equal AUC ``area``, correlated by ``SCORE_CORRELATION``; cases
    first.
    """
    shared = rng.normal(size=(cases + controls, 1))
    own = rng.normal(size=(cases + controls, scores))
    values = np.sqrt(SCORE_CORRELATION) * shared + np.sqrt(1 - SCORE_CORRELATION) * own
    values[:cases] += np.sqrt(2) * norm.ppf(area)
    return values
