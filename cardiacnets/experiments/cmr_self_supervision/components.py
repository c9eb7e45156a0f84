"""The linear twin of the CMR encoder: principal components of small cines, learned on the training split."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cardiacnets.cohorts.preprocessing import CleanCohort, open_clean
from cardiacnets.cohorts.store import memory_map
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.models.linear_twin import CineComponents
from cardiacnets.reach import code_of
from cardiacnets.run import Run


def fit_cine_components(run: Run) -> Path:
    """Learn the components on the training split of ``ukb`` and encode all its rows, or reuse both.

    ``mean.npy`` and ``axes.npy`` of :class:`CineComponents`, ``scores.npy`` float32 (R, views, K).
    """
    clean, settings = open_clean(run, "ukb"), run.profile.linear_twin
    ingredients = {
        "cohort": clean.folder,
        "pixels": settings.pixels,
        "components": settings.components,
        "seed": run.profile.seed,
        "source": code_of(fit_cine_components),
    }

    def make(folder: Path) -> None:
        cines = cines_of(clean, clean.rows("train"))
        twin = CineComponents.fit(cines, settings.components, settings.pixels, run.profile.seed)
        np.save(folder / "mean.npy", twin.mean)
        np.save(folder / "axes.npy", twin.axes)
        whole = {view: getattr(clean, view) for view in VIEWS}
        np.save(folder / "scores.npy", twin.encode(whole).astype(np.float32))

    return run.fit_or_load(run.root / "linear_twin" / "components", ingredients, make)


def cine_components(run: Run) -> CineComponents:
    """The components that :func:`fit_cine_components` has learned."""
    folder, clean = _folder(run), open_clean(run, "ukb")
    mean, axes = (np.load(folder / f"{name}.npy", allow_pickle=False) for name in ("mean", "axes"))
    grid = clean.sax.shape[1:]
    return CineComponents(VIEWS, grid, min(run.profile.linear_twin.pixels, *grid[1:]), mean, axes)


def cine_scores(run: Run) -> np.ndarray:
    """Scores (R, views, K) of every row of ``ukb``, memory-mapped."""
    return memory_map(_folder(run) / "scores.npy")


def cines_of(clean: CleanCohort, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Cines (n, T, H, W) uint8 of ``rows`` by view."""
    return {view: getattr(clean, view)[rows] for view in VIEWS}


def _folder(run: Run) -> Path:
    return run.require(run.root / "linear_twin" / "components")
