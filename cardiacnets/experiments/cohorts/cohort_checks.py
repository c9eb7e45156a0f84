"""Chapter 00: is the simulated cohort like the published population, and how much can an ECG know?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from cardiacnets.cohorts.preprocessing import beat_view
from cardiacnets.contracts import BEAT_RATE, ECG_RATE
from cardiacnets.digital_heart.controls import covariates_only
from cardiacnets.digital_heart.oracle import oracle_table
from cardiacnets.digital_heart.targets import TARGET_SEED, check_targets, target_study
from cardiacnets.ecg import clean, heart_rate, measure_beats
from cardiacnets.ecg.cleaning import FALLBACK_HEART_RATE
from cardiacnets.parallel import run_calls
from cardiacnets.reach import code_of
from cardiacnets.run import Run

BATCH = 200
UNTUNED = 40_000
"""Added to a run's seed: these draws were never looked at while the physics was tuned."""


def check_cohort(run: Run) -> None:
    """Make every table of this module in the profile's processes; the functions below then only read."""
    jobs = [(target_table, run, True), (information_budget, run), (target_table, run)]
    jobs.append((target_table, run, False, TARGET_SEED))
    run_calls(jobs, run.profile.processes)


def target_table(run: Run, measured: bool = False, seed: int | None = None) -> pd.DataFrame:
    """The target table on a draw of the population, a fifth of the paired cohort's size (100 to 1,000).

    ``measured``: ECG features measured on cleaned recordings, instead of read from the noise-free beat.
    ``seed``: by default a draw of the run's own, on which nothing was tuned; ``TARGET_SEED`` is the one the
    physics was tuned on. Columns as :func:`cardiacnets.digital_heart.targets.check_targets`.
    """
    drawing = {
        "n": max(100, min(1000, run.profile.cohorts.ukb // 5)),
        "per_group": max(20, min(150, run.profile.cohorts.ukb // 30)),
        "seed": run.profile.seed + UNTUNED if seed is None else seed,
    }

    def make() -> pd.DataFrame:
        study = target_study(**drawing)
        if not measured:
            return check_targets(study)
        signals = study.ecg()
        parts = [signals[start : start + BATCH] for start in range(0, len(signals), BATCH)]
        return check_targets(study, pd.concat(map(_measured, parts), ignore_index=True))

    name = f"targets_{drawing['seed']}" + ("_measured" if measured else "")
    code = code_of(target_table)
    return _kept(run, name, {**drawing, "measured": measured, "source": code}, make)


def information_budget(run: Run) -> pd.DataFrame:
    """One row an index: what an oracle reads from noise-free beats, as correlation with the true and the
    recorded index; the linear bound; and what covariates alone read of the recorded one.
    """
    train = max(400, min(4000, run.profile.cohorts.ukb // 2))
    settings: dict[str, Any] = {"train": train, "test": train // 2, "preset": run.profile.cohorts.preset}
    ingredients = {**settings, "source": code_of(information_budget)}
    return _kept(
        run,
        "oracle",
        ingredients,
        lambda: oracle_table(**settings).assign(covariates_recorded=covariates_only(**settings)["recorded"]),
    )


def _kept(run: Run, name: str, ingredients: dict[str, Any], make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    folder = run.fit_or_load(
        run.root / "checks" / name, ingredients, lambda folder: make().to_parquet(folder / "table.parquet")
    )
    return pd.read_parquet(folder / "table.parquet")


def _measured(signal: np.ndarray) -> pd.DataFrame:
    """What the simple rules measure on recordings (n, 12, 5000) mV, one row each."""
    rates = heart_rate(signal, ECG_RATE)
    cleaned = clean(signal, ECG_RATE, np.nan_to_num(rates, nan=FALLBACK_HEART_RATE))
    return measure_beats(beat_view(cleaned), BEAT_RATE, rates)
