"""Chapter 04's measuring stick: one regressor that reads the 82 indices from real and generated movies."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA

from cardiacnets.cohorts.preprocessing import CleanCohort, open_clean, resize_cine
from cardiacnets.cohorts.store import open_cohort
from cardiacnets.experiments.shared.probe import Probe, fit_probe
from cardiacnets.experiments.shared.tasks import TASKS
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.reach import code_of
from cardiacnets.run import Run

FITTED = ("components_", "mean_", "explained_variance_")
"""What a fitted PCA needs to transform."""


def diffusion_cines(run: Run, clean: CleanCohort, view: str, rows: np.ndarray) -> np.ndarray:
    """Real cines of ``rows`` at the diffusion model's size, (n, T, pixels, pixels) uint8."""
    settings = run.profile.diffusion
    return resize_cine(getattr(clean, view)[rows], settings.frames, settings.pixels)


@dataclass(frozen=True)
class CineReader:
    """Reads the 82 indices from a pair of cines at the diffusion model's size: components, then ridge
    regression.
    """

    components: dict[str, PCA]
    probe: Probe

    @classmethod
    def fit(cls, run: Run) -> CineReader:
        """Learn from real cines and recorded indices of ``ukb``'s training split, penalty by validation."""
        clean = open_clean(run, "ukb")
        indices = open_cohort(run, "ukb").indices
        train, validation = clean.rows("train"), clean.rows("validation")
        flat = {
            view: diffusion_cines(run, clean, view, train).reshape(len(train), -1) for view in VIEWS
        }  # (n, T*H*W)
        count = min(150, len(train) // 2)
        components = {
            view: PCA(count, svd_solver="randomized", random_state=run.profile.seed).fit(
                flat[view].astype(np.float32)
            )
            for view in VIEWS
        }
        reader = cls(components, None)
        held_out = {view: diffusion_cines(run, clean, view, validation) for view in VIEWS}
        real = {
            view: flat[view].reshape(len(train), *held_out[view].shape[1:]) for view in VIEWS
        }  # (n, T, H, W)
        probe = fit_probe(
            TASKS["ukb.indices"],
            reader.features(real),
            indices[train],
            (reader.features(held_out), indices[validation]),
        )
        return cls(components, probe)

    def features(self, cines: dict[str, np.ndarray]) -> np.ndarray:
        """Component scores (n, features) of cines (n, T, H, W) uint8 by view."""
        return np.hstack(
            [
                self.components[view].transform(cines[view].reshape(len(cines[view]), -1).astype(np.float32))
                for view in VIEWS
            ]
        )

    def __call__(self, cines: dict[str, np.ndarray]) -> np.ndarray:
        """Indices (n, 82) in their units, as read from the movies."""
        return self.probe(self.features(cines))

    def save(self, folder: Path) -> None:
        """Leave the stick below ``folder``, one file a view and one for the readout."""
        for view, fitted in self.components.items():
            # columns next to each other, as they were fitted: another order rounds otherwise
            arrays = {name: np.asfortranarray(getattr(fitted, name)) for name in FITTED}
            np.savez(folder / f"{view}.npz", **arrays)
        np.savez(folder / "probe.npz", **asdict(self.probe))

    @classmethod
    def load(cls, folder: Path) -> CineReader:
        """The stick that :meth:`save` has left."""
        components = {}
        for view in VIEWS:
            components[view] = PCA()
            for name, array in _arrays(folder / f"{view}.npz").items():
                setattr(components[view], name, array)
        probe = _arrays(folder / "probe.npz")
        return cls(components, Probe(**{**probe, "validation_loss": float(probe["validation_loss"])}))


def fit_cine_reader(run: Run) -> Path:
    """Fit the measuring stick once for all that is measured, ``models/cine_reader``, or reuse it."""
    settings = run.profile.diffusion
    ingredients = {
        "cohort": open_clean(run, "ukb").folder,
        "frames": settings.frames,
        "pixels": settings.pixels,
        "seed": run.profile.seed,
        "source": code_of(fit_cine_reader),
    }
    return run.fit_or_load(
        run.models / "cine_reader", ingredients, lambda folder: CineReader.fit(run).save(folder)
    )


def open_cine_reader(run: Run) -> CineReader:
    """The measuring stick of the run, fitted if it is not there yet."""
    return CineReader.load(fit_cine_reader(run))


def _arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)
