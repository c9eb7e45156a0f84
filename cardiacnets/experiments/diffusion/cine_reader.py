"""Chapter 04's measuring stick: one regressor that reads the 82 indices from real and generated movies."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA

from cardiacnets.cohorts.preprocessing import CleanCohort, open_clean, resize_cine
from cardiacnets.cohorts.store import open_cohort
from cardiacnets.experiments.shared.encoding import ENCODE_BATCH
from cardiacnets.experiments.shared.probe import Probe, fit_probe
from cardiacnets.experiments.shared.tasks import TASKS
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.profile import Diffusion
from cardiacnets.reach import code_of
from cardiacnets.run import Run

FITTED = ("components_", "mean_", "explained_variance_")
"""What a fitted PCA needs to transform."""


READ_FRAMES, READ_PIXELS = 8, 48
"""Movies are read at no more than this, whatever size they are drawn at."""
Lesson = tuple[dict[str, np.ndarray], np.ndarray]
"""Cines (n, t, h, w) uint8 by view, and the indices (n, 82) of their people."""


def view_pixels(settings: Diffusion, view: str) -> int:
    """Side of the movies of a view, ``sax`` or ``lax``, as the diffusion model draws them."""
    return settings.lax_pixels or settings.pixels if view == "lax" else settings.pixels


def diffusion_cines(run: Run, clean: CleanCohort, view: str, rows: np.ndarray) -> np.ndarray:
    """Real cines of ``rows`` at the diffusion model's size, (n, T, pixels, pixels) uint8.

    From the cohort as it is stored where the cleaned cines, of the CMR encoder's size, are too small.
    """
    settings, source = run.profile.diffusion, getattr(clean, view)
    pixels = view_pixels(settings, view)
    if pixels > source.shape[-1]:
        source = finer(source, getattr(open_cohort(run, clean.name), view))
    return resize_cine(source[rows], settings.frames, pixels)


def finer(prepared: np.ndarray, stored: np.ndarray) -> np.ndarray:
    """Of the same cines (n, T, H, W) as the CMR encoder sees and as they are stored those of more pixels."""
    return stored if stored.shape[-1] > prepared.shape[-1] else prepared


@dataclass(frozen=True)
class CineReader:
    """Reads the 82 indices from a pair of cines at the diffusion model's size: components, then ridge
    regression.
    """

    components: dict[str, PCA]
    probe: Probe

    @classmethod
    def fit(cls, taught: Lesson, held_out: Lesson, seed: int) -> CineReader:
        """Learn from real cines and recorded indices, the penalty by those that are held out."""
        cines, indices = taught
        flat = {view: each.reshape(len(indices), -1) for view, each in cines.items()}  # (n, t*h*w)
        count = min(150, len(indices) // 2)
        components = {
            view: PCA(count, svd_solver="randomized", random_state=seed).fit(flat[view].astype(np.float32))
            for view in VIEWS
        }
        reader = cls(components, None)
        asked = reader.features(held_out[0]), held_out[1]
        return cls(components, fit_probe(TASKS["ukb.indices"], reader.features(cines), indices, asked))

    def features(self, cines: dict[str, np.ndarray]) -> np.ndarray:
        """Component scores (n, features) of cines (n, T, H, W) uint8 by view, made as small as those that
        were learned from.
        """
        small = {view: _shrunk(cines[view]) for view in VIEWS}
        return np.hstack(
            [
                self.components[view].transform(small[view].reshape(len(small[view]), -1).astype(np.float32))
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
        "pixels": [view_pixels(settings, view) for view in VIEWS],
        "seed": run.profile.seed,
        "source": code_of(fit_cine_reader),
    }

    def make(folder: Path) -> None:
        lessons = (open_lesson(run, split) for split in ("train", "validation"))
        CineReader.fit(*lessons, run.profile.seed).save(folder)

    return run.fit_or_load(run.models / "cine_reader", ingredients, make)


def open_lesson(run: Run, split: str) -> Lesson:
    """Small cines by view and recorded indices of a split of ``ukb``."""
    clean = open_clean(run, "ukb")
    rows = clean.rows(split)
    cines = {view: small_cines(run, clean, view, rows) for view in VIEWS}
    return cines, open_cohort(run, "ukb").indices[rows]


def open_cine_reader(run: Run) -> CineReader:
    """The measuring stick of the run, fitted if it is not there yet."""
    return CineReader.load(fit_cine_reader(run))


def small_cines(run: Run, clean: CleanCohort, view: str, rows: np.ndarray) -> np.ndarray:
    """Real cines of ``rows`` as they are read; in parts, since whole ones of all people are large."""
    parts = np.array_split(rows, -(-len(rows) // ENCODE_BATCH))
    return np.concatenate([_shrunk(diffusion_cines(run, clean, view, part)) for part in parts])


def _shrunk(cines: np.ndarray) -> np.ndarray:
    """Cines (n, T, H, W) at no more than :data:`READ_FRAMES` and :data:`READ_PIXELS`."""
    frames, pixels = min(cines.shape[1], READ_FRAMES), min(cines.shape[2], READ_PIXELS)
    if cines.shape[1:3] == (frames, pixels):
        return cines
    return resize_cine(cines, frames, pixels)


def _arrays(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)
