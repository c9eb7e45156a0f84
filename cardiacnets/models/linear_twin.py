"""The linear twin: what the networks of this book do, each in closed form and in seconds.

A network has earned its depth by what it does better than its twin, and by nothing else:

- the masked autoencoder: principal components of the cines (:class:`CineComponents`);
- alignment: ridge regression from ECG features to those components (:class:`ClosedFormAlignment`);
- diffusion: a normal distribution around what the ECG predicts, decoded to a movie (``draw``, ``decode``);
- fine-tuning: a linear readout of the predicted components.

Cines are (n, T, H, W) in [0, 255], one array a view; scores (n, views, K) and features (n, p) are floats.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import PCA

PENALTIES = np.logspace(-1, 6, 15)
"""Ridge penalties tried, on features of unit variance."""
PEOPLE_AT_ONCE = 256


@dataclass(frozen=True)
class CineComponents:
    """Principal components of small cines, all frames at once, of each view on its own.

    ``grid`` (T, H, W) of the cines; ``mean`` (views, T * pixels * pixels); ``axes`` (views, K, the same).
    """

    views: tuple[str, ...]
    grid: tuple[int, int, int]
    pixels: int
    mean: np.ndarray
    axes: np.ndarray

    @classmethod
    def fit(
        cls, cines: Mapping[str, np.ndarray], components: int, pixels: int, seed: int = 0
    ) -> CineComponents:
        """Learn ``components`` a view from cines at (at most) ``pixels`` squared; rows are people.

        Raises ``ValueError`` for views of unlike grids, for NaN, and for fewer people than components.
        """
        people, *grid = _same_grid(cines)
        if people <= components:
            raise ValueError(
                f"{people} people cannot span {components} components: give more people, or set "
                f"linear_twin: components below {people}"
            )
        shape = tuple(grid), min(pixels, *grid[1:])
        small = [_shrunk(cines[view], shape[1], view) for view in cines]
        fits = [PCA(components, svd_solver="randomized", random_state=seed).fit(flat) for flat in small]
        mean, axes = np.stack([fit.mean_ for fit in fits]), np.stack([fit.components_ for fit in fits])
        return cls(tuple(cines), *shape, mean, axes)

    def encode(self, cines: Mapping[str, np.ndarray]) -> np.ndarray:
        """Scores (n, views, K) of cines of the fit's views and grid, else ``ValueError``."""
        _, *grid = _same_grid({view: cines[view] for view in self.views})
        if tuple(grid) != self.grid:
            raise ValueError(f"cines of {tuple(grid)} do not fit components of {self.grid} (T, H, W)")
        small = [_shrunk(cines[view], self.pixels, view) for view in self.views]
        scores = [(flat - self.mean[place]) @ self.axes[place].T for place, flat in enumerate(small)]
        return np.stack(scores, axis=1)

    def decode(self, scores: np.ndarray) -> dict[str, np.ndarray]:
        """Movies (n, T, H, W) uint8 by view, from the first components' ``scores`` (n, views, K or fewer)."""
        frames, *sides = self.grid
        rows, columns = (_interpolating(self.pixels, side) for side in sides)
        movies = {}
        for place, view in enumerate(self.views):
            movie = np.empty((len(scores), *self.grid), np.uint8)
            for start in range(0, len(scores), PEOPLE_AT_ONCE):
                part = slice(start, start + PEOPLE_AT_ONCE)
                flat = scores[part, place] @ self.axes[place, : scores.shape[2]] + self.mean[place]
                small = flat.reshape(-1, frames, self.pixels, self.pixels)  # (n, T, pixels, pixels)
                movie[part] = (rows @ small @ columns.T).round().clip(0, 255)
            movies[view] = movie
        return movies


@dataclass(frozen=True)
class RidgeMap:
    """``(features - centre) / spread @ weight + offset``, fitted with the squared size of ``weight`` held
    down by ``penalty``.
    """

    centre: np.ndarray
    spread: np.ndarray
    weight: np.ndarray
    offset: np.ndarray
    penalty: float

    @classmethod
    def fit(cls, features: np.ndarray, targets: np.ndarray) -> RidgeMap:
        """From (n, p) to (n, q), one penalty for all targets; see :meth:`RidgeSystem.solve`."""
        return RidgeSystem.of(features).solve(targets)

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Targets (n, q) of features (n, p)."""
        return (features - self.centre) / self.spread @ self.weight + self.offset


@dataclass(frozen=True)
class RidgeSystem:
    """Features (n, p), standardised as ``x`` and decomposed once: ridge maps to any targets follow at little
    cost.
    """

    centre: np.ndarray
    spread: np.ndarray
    x: np.ndarray
    strength: np.ndarray
    axes: np.ndarray

    @classmethod
    def of(cls, features: np.ndarray) -> RidgeSystem:
        """Decompose features (n, p)."""
        centre, spread = features.mean(0), features.std(0).clip(1e-6)
        x = (features - centre) / spread
        strength, axes = np.linalg.eigh(x.T @ x)  # (p,), (p, p)
        return cls(centre, spread, x, strength.clip(0), axes)

    def solve(self, targets: np.ndarray) -> RidgeMap:
        """The map to targets (n, q), one penalty for all, of the lowest generalised cross-validation error
        (Golub, Heath and Wahba 1979): ``residual / (n - degrees of freedom)^2``.
        """
        x, strength, axes, offset = self.x, self.strength, self.axes, targets.mean(0)
        y = targets - offset
        along = axes.T @ (x.T @ y)  # (p, q)
        energy, total = (along**2).sum(1), (y**2).sum()

        def error(penalty: float) -> float:
            kept = strength / (strength + penalty)
            residual = total - (energy * (1 + penalty / (strength + penalty)) / (strength + penalty)).sum()
            return residual / (len(x) - 1 - kept.sum()) ** 2

        penalty = float(min(PENALTIES, key=error))
        weight = axes @ (along / (strength + penalty)[:, None])
        return RidgeMap(self.centre, self.spread, weight, offset, penalty)


@dataclass(frozen=True)
class ClosedFormAlignment:
    """ECG features to cine components by ridge regression.

    ``out_of_fold`` (n, q): what is predicted for each training person by those of other folds;
    ``covariance`` (q, q): of what those predictions leave open, hence of new people's errors too.
    """

    ridge: RidgeMap
    out_of_fold: np.ndarray
    covariance: np.ndarray

    @classmethod
    def fit(
        cls, features: np.ndarray, scores: np.ndarray, partner: np.ndarray | None = None, folds: int = 5,
        seed: int = 0,
    ) -> ClosedFormAlignment:  # fmt: skip
        """From features (n, p) to scores (n, q) of the same people, or of ``partner`` (n,): rows of
        strangers, the control that has nothing to find.

        Each fold chooses its own penalty, so that nobody has a part in what is predicted for them. Raises
        ``ValueError`` for unlike numbers of people, fewer people than folds, and NaN.
        """
        targets = scores if partner is None else scores[partner]
        return cls.fit_each(features, {"hearts": targets}, folds, seed)["hearts"]

    @classmethod
    def fit_each(
        cls, features: np.ndarray, teachers: Mapping[str, np.ndarray], folds: int = 5, seed: int = 0
    ) -> dict[str, ClosedFormAlignment]:
        """:meth:`fit` to the scores (n, q) of several ``teachers``, each as if it were alone."""
        for scores in teachers.values():
            if len(features) != len(scores) or len(features) < 2 * folds:
                raise ValueError(
                    f"{len(features)} ECGs and {len(scores)} hearts: give as many of both, at least "
                    f"{2 * folds}"
                )
            _finite("component scores", scores)
        _finite("ECG features", features)
        targets = {name: scores.astype(np.float64) for name, scores in teachers.items()}
        predicted = {name: np.empty_like(scores) for name, scores in targets.items()}
        features = features.astype(np.float64)
        fold = np.random.default_rng(seed).permutation(len(features)) % folds
        for number in range(folds):
            held = fold == number
            system = RidgeSystem.of(features[~held])
            for name, scores in targets.items():
                predicted[name][held] = system.solve(scores[~held])(features[held])
        whole, found = RidgeSystem.of(features), {}
        for name, scores in targets.items():
            covariance = np.atleast_2d(np.cov(scores - predicted[name], rowvar=False))
            found[name] = cls(whole.solve(scores), predicted[name], covariance)
        return found

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Predicted scores (n, q) of people who took no part in the fit."""
        return self.ridge(features)

    def draw(self, predicted: np.ndarray, noise: np.ndarray) -> np.ndarray:
        """Scores (n, q) that hearts with these ``predicted`` scores might have, where ``noise`` (n, q) is
        standard normal: it is given the ``covariance`` and added.
        """
        return predicted + noise @ self._power(0.5)

    def noise_of(self, scores: np.ndarray) -> np.ndarray:
        """The noise (n, q) from which :meth:`draw` would make the training people's own ``scores``."""
        return (scores - self.out_of_fold) @ self._power(-0.5)

    def embed(self, scores: np.ndarray, place: slice = slice(None)) -> np.ndarray:
        """Scores (n, q), predicted or true, at ``place`` alone: from their mean and in units of what ECGs
        leave open there, so that partners lie near each other.
        """
        return (scores - self.ridge.offset)[:, place] @ self._power(-0.5, place)

    def _power(self, exponent: float, place: slice = slice(None)) -> np.ndarray:
        values, axes = np.linalg.eigh(self.covariance[place, place])
        return axes * values.clip(max(1e-9 * values.max(), 1e-12)) ** exponent @ axes.T


def _same_grid(cines: Mapping[str, np.ndarray]) -> tuple[int, ...]:
    """The shape (n, T, H, W) that all views have."""
    shapes = {view: np.shape(array) for view, array in cines.items()}
    if len(set(shapes.values())) != 1 or len(next(iter(shapes.values()))) != 4:
        found = ", ".join(f"{view} {shape}" for view, shape in shapes.items())
        raise ValueError(
            f"views of unlike grids: {found}; all must be of one (people, frames, height, width)"
        )
    return next(iter(shapes.values()))


def _finite(name: str, values: np.ndarray) -> None:
    if values.dtype.kind == "f" and not (whole := np.isfinite(values)).all():
        raise ValueError(f"{name}: NaN or infinity, first in row {int(np.argwhere(~whole)[0][0])}")


def _shrunk(cines: np.ndarray, pixels: int, view: str) -> np.ndarray:
    """Cines (n, T, H, W) as rows (n, T * pixels * pixels) of mean grey values."""
    _finite(f"cines of {view}", cines)
    rows, columns = (averaging(side, pixels) for side in cines.shape[2:])
    parts = (cines[start : start + PEOPLE_AT_ONCE] for start in range(0, len(cines), PEOPLE_AT_ONCE))
    small = [rows @ part.astype(np.float32) @ columns.T for part in parts]  # (n, T, pixels, pixels)
    return np.concatenate(small).reshape(len(cines), -1)


def averaging(large: int, small: int) -> np.ndarray:
    """The (small, large) matrix whose rows average ``large / small`` neighbours, shared pixels by share."""
    edges, pixel = np.linspace(0, large, small + 1)[:, None], np.arange(large)
    shared = np.minimum(edges[1:], pixel + 1) - np.maximum(edges[:-1], pixel)
    return (shared.clip(0) * small / large).astype(np.float32)


def _interpolating(small: int, large: int) -> np.ndarray:
    """The (large, small) matrix that draws straight lines between the centres of ``small`` pixels."""
    centres = (np.arange(large) + 0.5) * small / large - 0.5
    lines = [np.interp(centres, np.arange(small), unit) for unit in np.eye(small)]
    return np.stack(lines, axis=1).astype(np.float32)
