"""Chapter 05: where two networks look on the same ECG (figure 4 of the study), and where the disease is.

Shown are simulated people only, one a disease: the case of the test split whose score by the aligned network
stands highest. A simulated heart can be drawn again without its disease and with all else kept, electrodes
and noise included: what differs is what the disease changed in this person's ECG.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cardiacnets import study
from cardiacnets.artefacts import read_json
from cardiacnets.cohorts.preprocessing import encoder_view, open_clean
from cardiacnets.cohorts.store import open_cohort
from cardiacnets.cohorts.studied import shown_cohort
from cardiacnets.digital_heart.redrawn import without_disease
from cardiacnets.experiments.downstream_tasks.downstream import load_network
from cardiacnets.experiments.shared.attribution import BEAT_COLUMNS, grad_cam, occlusion
from cardiacnets.experiments.shared.encoding import in_batches
from cardiacnets.experiments.shared.inputs import ecg_batch, scale_ecg
from cardiacnets.profile import Profile
from cardiacnets.run import SIDECAR, Run
from cardiacnets.study import TASKS

ARMS = ("aligned", "ecg")
METHODS = {"Grad-CAM": grad_cam, "occlusion": occlusion}
REGION = 0.2
"""The part of the beat that the disease changed most."""


@dataclass(frozen=True)
class CaseHeat:
    """One simulated person with ``disease``: ``beat`` (12, samples) on the encoder's scale; ``heat`` by arm
    and method (12, columns) in [0, 1]; ``changed`` (12, columns), True where the disease changed the beat
    most, None where that is not known; ``rank``, a share of the test people in words.
    """

    disease: str
    beat: np.ndarray
    heat: dict[tuple[str, str], np.ndarray]
    changed: np.ndarray | None
    rank: str


def case_heat_maps(run: Run, keys: Sequence[str]) -> list[CaseHeat]:
    """A case of each screening task in ``keys`` of the paired cohort; a disease that nobody of the test
    split has is left out.
    """
    clean = open_clean(run, shown_cohort(run, "ukb"))
    test, found = clean.rows("test"), []
    for key in keys:
        disease = TASKS[key].name
        sick = clean.index[disease].to_numpy(bool)[test]
        if not sick.any():
            continue
        models = {arm: load_network(run, key, arm)[0] for arm in ARMS}
        scores = in_batches(models["aligned"], (ecg_batch(clean, test, run.profile.ecg_input), None))[:, 0]
        place = most_confident(scores, sick)
        ecg = ecg_batch(clean, test[[place]], run.profile.ecg_input)
        heat = {(arm, how): explain(models[arm], ecg)[0] for how, explain in METHODS.items() for arm in ARMS}
        pair = _redrawn(run, clean.name, test[place])
        changed = None if pair is None else _changed(pair, run.profile)
        rank = f"{100 * np.mean(scores < scores[place]):.0f} % of test people"
        found.append(CaseHeat(disease, ecg[0].numpy(), heat, changed, rank))
    return found


def most_confident(scores: np.ndarray, sick: np.ndarray) -> int:
    """The place of the highest of ``scores`` (n,) among the ``sick`` (n,)."""
    return int(np.flatnonzero(sick)[np.argmax(scores[sick])])


def share_inside(case: CaseHeat, column: tuple[str, str]) -> float:
    """The share of a map's heat in what the disease changed, over what chance would put there; NaN where
    that is not known or the map is empty.
    """
    heat = case.heat[column]
    if case.changed is None or not heat.any():
        return np.nan
    columns = case.changed.shape[1]
    fine = heat[:, np.arange(columns) * heat.shape[1] // columns]
    return float(fine[case.changed].sum() / fine.sum() / case.changed.mean())


def pointing(found: Sequence[CaseHeat]) -> str:
    """What the maps say of the cause, in words: times chance by column, range over the diseases."""
    said = []
    for column in found[0].heat if found else ():
        shares = np.array([share_inside(case, column) for case in found])
        known = shares[np.isfinite(shares)]
        if len(known):
            arm, how = column
            said.append(f"{how}, {study.ARMS[arm].title}: {known.min():.1f} to {known.max():.1f}")
    return "; ".join(said) or "not known in this run"


def largest_cells(change: np.ndarray, share: float) -> np.ndarray:
    """Booleans like ``change`` (12, columns): the ``share`` of cells that changed most."""
    chosen = np.zeros(change.size, bool)
    chosen[np.argsort(-change.ravel(), kind="stable")[: max(1, round(share * change.size))]] = True
    return chosen.reshape(change.shape)


def _redrawn(run: Run, cohort: str, row: int) -> tuple[np.ndarray, np.ndarray] | None:
    """The ECG of ``row`` as it is and without the disease; None where it is a stranger's, or healthy by
    design: a person with the code and without the disease.
    """
    made = read_json(run.cohorts / cohort / SIDECAR)["ingredients"]
    stored = open_cohort(run, cohort)
    person = stored.recordings["participant_id"].iloc[row]
    return without_disease(person, row, made["cohort"], made["preset"], made["seed"])


def _changed(pair: tuple[np.ndarray, np.ndarray], profile: Profile) -> np.ndarray | None:
    """The cells (12, columns) in which the two ECGs (12, T) differ most; None where they do not."""
    settings = profile.ecg_input
    views = scale_ecg(encoder_view(np.stack(pair), settings), settings)
    columns = max(BEAT_COLUMNS, views.shape[2] // profile.ecg_encoder.patch)
    parts = np.array_split((views[0] - views[1]) ** 2, columns, axis=1)
    change = np.stack([np.sqrt(part.mean(axis=1)) for part in parts], axis=1)  # (12, columns)
    return largest_cells(change, REGION) if change.any() else None
