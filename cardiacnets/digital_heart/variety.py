"""What makes the same heart record another ECG in somebody else: electrodes, conduction, recovery and age.

Sources of variation that only the ECG sees, each drawn from a random stream of its own ("electrodes",
"activation", "recovery", "ageing"), so that anatomy, cines and indices are what they are without them.

**How the constants were chosen, and frozen.** By published and real targets alone, on draws 101 and 102 of
``ukb_like``, before any model was trained on the result; the rows are those of
:mod:`cardiacnets.digital_heart.ecg_targets`. ``GAIN_SPREAD``, ``LIMB_SPREAD`` and ``GAIN_REACH``: the
correlations between leads, the spread of R V5, and how well neighbouring chest leads agree.
``TURN_DEGREES``: the spread of the frontal QRS axis, of which anatomy explains little (Sathananthan et al.
2015). ``DELAY_*``, ``SOURCE_*`` and ``RECOVERY_*``: the rank of healthy beats and the QRS duration of women.
``*_PER_DECADE``: age from the ECG, with each sign from the sources named there. ``EARLY_*``: sex from the
ECG. In :mod:`~cardiacnets.digital_heart.torso`, ``COMMON_GAIN``, the orientation's spreads and
``HEART_HEIGHT``: correlations between leads, amplitudes and axis. In
:mod:`~cardiacnets.digital_heart.electrics`, ``BMI_LOSS`` and ``TORSO_LOSS``: body-mass index from the ECG,
voltage against mass; ``AREA_POWER`` and ``WALL_POWER``: LV mass from the ECG, voltage against mass;
``MILLIVOLT``: the mean of Sokolow and Lyon's voltage. The right ventricle's force and turn in pulmonary
hypertension and the loss of voltage in amyloid were set anew to keep the rows on axis, V1 and limb leads.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cardiacnets.digital_heart.latents import Latents
from cardiacnets.digital_heart.streams import Draws
from cardiacnets.digital_heart.torso import NUISANCE_DIAL, POSITIONS

GAIN_SPREAD, LIMB_SPREAD, GAIN_REACH = 0.25, 0.27, 9.0
"""Spread of an electrode's log-gain on the chest and on a limb, and how far (cm) neighbours share it."""

TURN_DEGREES = (8.0, 4.0, 10.0)
"""Spread of the turn of all ventricular forces around X, Y and Z: fibres and Purkinje tree, not anatomy."""

DELAY_MODES, DELAY_LOCAL = 4.0, 2.5  # ms: smooth over the wall (three modes), and segment by segment
SOURCE_MODES, SOURCE_LOCAL, SOURCE_RIGHT = 0.05, 0.10, 0.20  # logarithms, likewise; the right ventricle's
ATRIAL_TURN = 0.20
RECOVERY_LOCAL, RECOVERY_DELAY = 0.20, 8.0  # share of the T wave; ms
FRAGMENTATION_SPREAD, SEPTAL_SPREAD = 0.30, 0.20  # logarithms

ADDED_PER_DECADE = {
    "pr": 6.0,  # ms
    "qtc": 4.0,  # ms
    "elevation": np.deg2rad(-5.0),  # the QRS axis turns left
    "t_vector": 0.20,  # the T wave turns to the front, away from the QRS
}
SCALED_PER_DECADE = {  # logarithms
    "fragmentation": 0.25,
    "gain": -0.03,
    "t_gain": -0.13,
    "p_gain": -0.10,
    "atrial_conduction": -0.022,
    "septal_force": -0.15,  # the initial vector shrinks: poor R progression
}
"""What ten years add. Signs: PR, QTc, axis and the angle of QRS and T after Giovanardi et al. 2022, axis and
voltage after Levy et al. 1987, initial forces and T wave after Simonson 1972, the length of P after Bocchi
et al. 2020; sizes by how well the ECG tells age in UK Biobank (Le Goallec et al. 2021).
"""

EARLY_MEN, EARLY_WOMEN, EARLY_SPREAD, EARLY_PER_DECADE = 0.085, 0.020, 0.022, -0.02
"""Early repolarisation over the anterior wall: higher in men, in whom it fades with age (Surawicz and Parikh
2002).
"""


def shared_gain() -> np.ndarray:
    """Root ``(9, 9)`` of the correlation of the electrodes' log-gains: near ones lie over the same tissue."""
    apart = np.linalg.norm(POSITIONS[:, None] - POSITIONS[None], axis=2)
    return np.linalg.cholesky(np.exp(-0.5 * (apart / GAIN_REACH) ** 2))


def add_variety(latents: Latents, stream: Callable[[str], Draws]) -> None:
    """Gains of electrodes, activation, recovery and age, given covariates and torso.

    ``stream`` opens the participants' draws of a module by its name.
    """
    _electrodes(latents, stream("electrodes"))
    _grow_old(latents, stream("ageing"))
    _activation(latents, stream("activation"))
    _recovery(latents, stream("recovery"))


def _electrodes(latents: Latents, draws: Draws) -> None:
    spread = NUISANCE_DIAL * np.where(np.arange(9) < 3, LIMB_SPREAD, GAIN_SPREAD)
    # summed by hand: a matrix product's last digit would depend on how many participants there are
    shared = (draws.normal(9)[:, None, :] * shared_gain()).sum(axis=2)
    latents["electrode_gain"] = np.exp(spread * shared)


def _grow_old(latents: Latents, draws: Draws) -> None:
    """Age moves what the torso drew, and what is drawn here."""
    everybody = np.ones(latents.count, bool)
    decades = (latents["age"] - 64) / 10
    for name, spread in (("fragmentation", FRAGMENTATION_SPREAD), ("septal_force", SEPTAL_SPREAD)):
        latents[name] = np.exp(NUISANCE_DIAL * spread * draws.normal())
    for name, slope in ADDED_PER_DECADE.items():
        latents.shift(name, everybody, slope * decades)
    for name, slope in SCALED_PER_DECADE.items():
        latents.scale(name, everybody, np.exp(slope * decades))


def _activation(latents: Latents, draws: Draws) -> None:
    dial = NUISANCE_DIAL
    latents["electrical_turn"] = dial * np.deg2rad(TURN_DEGREES) * draws.normal(3)
    latents["activation_modes"] = dial * DELAY_MODES * draws.normal(3)
    latents["activation_delay"] = dial * DELAY_LOCAL * draws.normal(16)
    latents["source_modes"] = dial * SOURCE_MODES * draws.normal(3)
    latents["source_strength"] = dial * SOURCE_LOCAL * draws.normal(16)
    latents["right_strength"] = np.exp(dial * SOURCE_RIGHT * draws.normal())
    latents["atrial_turn"] = dial * ATRIAL_TURN * draws.normal(3)


def _recovery(latents: Latents, draws: Draws) -> None:
    dial, male, decades = NUISANCE_DIAL, latents["sex"], (latents["age"] - 64) / 10
    latents["recovery_strength"] = dial * RECOVERY_LOCAL * draws.normal(16)
    latents["recovery_delay"] = dial * RECOVERY_DELAY * draws.normal(16)
    usual = EARLY_WOMEN + male * (EARLY_MEN - EARLY_WOMEN + EARLY_PER_DECADE * decades)
    latents["early_repolarisation"] = np.maximum(usual + dial * EARLY_SPREAD * draws.normal(), 0)
