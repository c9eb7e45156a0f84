"""The beating heart: one activation curve, incompressible muscle, chambers that fill and empty.

Times in seconds from the R wave (end-diastole); ``a`` runs from 0 at end-diastole to 1 at end-systole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cardiacnets.digital_heart.anatomy import ANGLE_GRID, LEVEL_GRID, Anatomy, cell_volume, crescent
from cardiacnets.digital_heart.latents import Latents, column


def frame_times(heart_rate: np.ndarray, frames: int) -> np.ndarray:
    """Times of equally spaced cine frames, ``(n, frames)`` s, frame 0 at the R wave."""
    return np.arange(frames) / frames * (60 / np.asarray(heart_rate))[:, None]


def systolic_time(latents: Latents) -> np.ndarray:
    """Time from the R wave to end-systole, s ``(n, 1)``."""
    return 0.335 * (60 / latents["heart_rate"][:, None] / 0.95) ** 0.4


def activation(latents: Latents, times: np.ndarray, atrial: np.ndarray | None = None) -> np.ndarray:
    """Contraction ``a`` at ``times (n, T)``: half-cosine systole, logistic E wave, diastasis, atrial kick.

    ``atrial`` (n,) is the share of filling left to the kick; by default the latents' own, none in
    fibrillation.
    """
    cycle = (60 / latents["heart_rate"])[:, None]
    share = (latents["atrial_share"] if atrial is None else atrial) * (1 - latents["fibrillation"])
    share = share[:, None]
    systole = systolic_time(latents)
    contraction = 0.5 * (1 - np.cos(np.pi * np.minimum(times / systole, 1)))
    centre, width = systole + 0.13 * (cycle / 0.95) ** 0.5, 0.028 * (cycle / 0.95) ** 0.5
    rise = 1 / (1 + np.exp(-(times - centre) / width))
    start, end = 1 / (1 + np.exp((centre - systole) / width)), 1 / (1 + np.exp((centre - cycle) / width))
    early = np.clip((rise - start) / (end - start), 0, 1)
    kick_time = np.minimum(0.14, 0.25 * (cycle - systole))
    kick = 0.5 * (1 - np.cos(np.pi * np.clip((times - cycle + kick_time) / kick_time, 0, 1)))
    filled = (1 - share) * early + share * kick
    return np.where(times <= systole, contraction, 1 - filled)


@dataclass(frozen=True)
class Wall:
    """A wall at some points: end-diastolic ``radius`` and ``thickness`` (cm) and ``shortening``, each ``(n,
    ., .)``.
    """

    radius: np.ndarray
    thickness: np.ndarray
    shortening: np.ndarray

    @classmethod
    def of(cls, anatomy: Anatomy, s: np.ndarray, theta: np.ndarray) -> Wall:
        """The wall of ``anatomy`` at ``s`` and ``theta``."""
        return cls(anatomy.endocardium(s, theta), anatomy.thickness(s, theta), anatomy.shortening(s, theta))

    def move(self, a: np.ndarray, stretch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Inner and outer radius at contraction ``a`` and longitudinal stretch lambda, incompressible:

        r = r0 (1 - alpha a);  r_outer^2 = r^2 + [(r0 + h)^2 - r0^2] / lambda.
        """
        inner = self.radius * (1 - self.shortening * a)
        outer = np.sqrt(inner**2 + ((self.radius + self.thickness) ** 2 - self.radius**2) / stretch)
        return inner, outer


def stretch(latents: Latents, a: np.ndarray) -> np.ndarray:
    """lambda = 1 + GLS a: length of the ventricle over its end-diastolic length, shape of ``a (n, ...)``."""
    strain = latents["longitudinal"].reshape(-1, *[1] * (np.ndim(a) - 1))
    return 1 + strain * a


def lv_volume(anatomy: Anatomy, a: np.ndarray) -> np.ndarray:
    """Left-ventricular volume, ml, at contractions ``a (n, T)``: the integral of r^2 / 2 over the cavity."""
    wall = Wall.of(anatomy, LEVEL_GRID, ANGLE_GRID)
    cell = 0.5 * cell_volume(anatomy.length)
    terms = [(cell * wall.radius**2 * wall.shortening**k).sum((1, 2))[:, None] for k in range(3)]
    return (terms[0] - 2 * terms[1] * a + terms[2] * a**2) * stretch(anatomy.latents, a)


def volumes(anatomy: Anatomy, times: np.ndarray) -> dict[str, np.ndarray]:
    """Volumes of the four chambers, ml, at ``times (n, T)``."""
    latents = anatomy.latents
    a = activation(latents, times)
    late = activation(latents, times, np.minimum(latents["atrial_share"] + 0.2, 0.8))
    rv_stroke = latents["rv_edv"] * latents["rv_ef"]
    result = {"lv": lv_volume(anatomy, a), "rv": latents["rv_edv"][:, None] - rv_stroke[:, None] * a}
    for atrium in ("la", "ra"):
        largest, fraction = latents[f"{atrium}_max"][:, None], latents[f"{atrium}_ef"][:, None]
        result[atrium] = largest * (1 - fraction * (1 - late))
    return result


def rv_depth(anatomy: Anatomy, a: np.ndarray, rv_volume: np.ndarray) -> np.ndarray:
    """Greatest depth D of the right-ventricular crescent, cm, ``(n, T)``: A2 D^2 + A1 D = V_RV.

    A1 depends on the moving epicardium; it is tabulated at three contractions and interpolated quadratically.
    """
    wall = Wall.of(anatomy, LEVEL_GRID[:, ::2], ANGLE_GRID[..., ::2])
    shape = crescent(LEVEL_GRID[:, ::2], ANGLE_GRID[..., ::2])
    cell = cell_volume(anatomy.length, shape.shape[1], shape.shape[2])
    linear = []
    for level in (0.0, 0.5, 1.0):
        contraction = np.full((len(anatomy.length), 1, 1), level)
        _, outer = wall.move(contraction, stretch(anatomy.latents, contraction))
        linear.append((outer * shape * cell).sum((1, 2))[:, None])
    start, middle, end = linear
    lam = stretch(anatomy.latents, a)
    first = lam * (start * (1 - a) * (1 - 2 * a) + 4 * middle * a * (1 - a) + end * a * (2 * a - 1))
    second = lam * (0.5 * shape**2 * cell).sum((1, 2))[:, None]
    return (-first + np.sqrt(first**2 + 4 * second * rv_volume)) / (2 * second)


def state(anatomy: Anatomy, times: np.ndarray, s: np.ndarray, theta: np.ndarray) -> dict[str, np.ndarray]:
    """Inner and outer wall radius and right-ventricular depth, cm, at fixed material points over time.

    ``s`` and ``theta`` broadcast to ``(n, T, angles)``; material levels may differ from frame to frame, since
    a slice is fixed in space while the heart moves through it.
    """
    a = activation(anatomy.latents, times)
    inner, outer = Wall.of(anatomy, s, theta).move(a[:, :, None], stretch(anatomy.latents, a)[:, :, None])
    depth = rv_depth(anatomy, a, volumes(anatomy, times)["rv"])
    return {"inner": inner, "outer": outer, "right": depth[:, :, None] * crescent(s, theta)}


def plane_levels(anatomy: Anatomy, times: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Material level ``s`` seen by planes fixed ``height (n,)`` cm above the apex, ``(n, T)``: 1 - height /
    L(t).
    """
    lengths = anatomy.length[:, None] * stretch(anatomy.latents, activation(anatomy.latents, times))
    return 1 - np.asarray(height)[:, None] / lengths


def apex_distance(anatomy: Anatomy, level: np.ndarray | float) -> np.ndarray:
    """Height above the apex, cm ``(n,)``, of the material level at end-diastole."""
    return anatomy.length * (1 - np.asarray(level))


def wall_volume(anatomy: Anatomy, times: np.ndarray) -> np.ndarray:
    """Volume of the muscle, ml ``(n, T)``, integrated on the moving wall: constant, as muscle is
    incompressible.
    """
    a = activation(anatomy.latents, times)
    lam = stretch(anatomy.latents, a)
    wall = Wall.of(anatomy, LEVEL_GRID, ANGLE_GRID)
    result = np.empty_like(a)
    for frame in range(a.shape[1]):
        inner, outer = wall.move(column(a[:, frame]), column(lam[:, frame]))
        cell = 0.5 * cell_volume(anatomy.length * lam[:, frame])
        result[:, frame] = ((outer**2 - inner**2) * cell).sum((1, 2))
    return result
