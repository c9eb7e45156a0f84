"""What is known of ECGs in a population: how leads hang together, what voltage tells of mass, and what an ECG
tells of age, sex and body-mass index. The rows that :mod:`~cardiacnets.digital_heart.variety` was chosen by.

All rows are for ``ukb_like`` people, as their sources studied populations; ``enriched`` has 41 % diseased
people and other figures. Sources are keys of the book's references. ``sample records`` are 30 real ECGs of
open collections (PTB-XL, Georgia, Chapman-Ningbo and others), most of them patients'; ``thambawita2021`` are
500 ECGs of a published generator trained on 7,233 normal ones, a synthetic stand-in for healthy people. Age:
Le Goallec et al. report an error of 6.09 years (root mean square) over UK Biobank's ages, whose spread of 7.6
years makes that an r of .60. Linear readings only, out of fold: ridge for numbers, logistic for sex.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cardiacnets.digital_heart.anatomy import Anatomy
from cardiacnets.digital_heart.beat_features import QRS_WINDOW, beat_features, window
from cardiacnets.digital_heart.electrics import beat_potentials
from cardiacnets.digital_heart.indices import POSITION
from cardiacnets.digital_heart.oracle import measured_hearts
from cardiacnets.digital_heart.sites import site
from cardiacnets.digital_heart.target_rows import target_row
from cardiacnets.digital_heart.torso import leads
from cardiacnets.phenotypes import PHENOTYPES

PRESET, COHORT = "ukb_like", "population targets"
INDEPENDENT = [0, 1, 6, 7, 8, 9, 10, 11]
"""Leads I, II, V1 to V6: the other four follow from them."""

PAIRS = {
    "R V5, S V1": ("r_V5", "s_V1"),
    "R I, R V5": ("r_I", "r_V5"),
    "R II, R V5": ("r_II", "r_V5"),
}

SAMPLE_RECORDS = {"R V5, S V1": 0.36, "R I, R V5": 0.11, "R II, R V5": 0.25}
"""Pearson's r over :data:`SAMPLE_SIZE` real records, measured by ``cardiacnets.ecg.measure_beats``."""

SAMPLE_SIZE = 30

GENERATED = {"R V5, S V1": 0.30, "R I, R V5": 0.29, "R II, R V5": 0.70}
"""The same over 500 ECGs of the generator of Thambawita et al. 2021 (``deepfake-ecg`` 1.1.2 on PyPI)."""

COVARIATES = (
    "sex", "age", "height", "bmi", "systolic_pressure", "smoking", "moderate_activity_days",
    "alcohol_frequency",
)  # fmt: skip
"""Those of Petersen et al. 2017 that the simulation has."""

EXPLAINED = {"lv_mass": 0.655, "lv_edv": 0.522, "lv_esv": 0.416, "lv_sv": 0.412, "lv_ef": 0.067}
"""R2 of covariates in 4,651 participants of UK Biobank without known cardiovascular disease."""

COMPONENTS = 100


@dataclass(frozen=True)
class Population:
    """People of ``ukb_like``: ``features`` of their noise-free beats, the beats themselves, ``(n, 8, 180)``
    mV at 250 Hz with the R peak at 260 ms, ``people`` (covariates) and recorded ``indices (n, 82)``;
    ``healthy`` marks hearts without disease, block or fibrillation.
    """

    features: pd.DataFrame
    beats: np.ndarray
    people: pd.DataFrame
    indices: np.ndarray
    healthy: np.ndarray

    def index(self, name: str) -> np.ndarray:
        """A recorded index by its name, ``(n,)``."""
        return self.indices[:, POSITION[name]]


def draw_population(n: int, seed: int) -> Population:
    """``n`` people that no cohort of a run contains; about 2.5 ms each."""
    place = replace(site("ukb", PRESET), name=COHORT)
    parts = []
    for _, anatomy, _, recorded in measured_hearts(n, place, seed):
        beat = leads(beat_potentials(anatomy))
        people = pd.DataFrame({name: anatomy.latents[name] for name in (*COVARIATES, "heart_rate")})
        people["mass_index"] = recorded[:, POSITION["lv_mass"]] / anatomy.latents["bsa"]
        parts.append((beat_features(anatomy, beat), _aligned(beat), people, recorded, _sound(anatomy)))
    features, beats, people, indices, healthy = zip(*parts, strict=True)
    return Population(
        pd.concat(features, ignore_index=True), np.concatenate(beats), pd.concat(people, ignore_index=True),
        np.concatenate(indices), np.concatenate(healthy),
    )  # fmt: skip


def _sound(anatomy: Anatomy) -> np.ndarray:
    latents = anatomy.latents
    disturbed = latents["left_block"] + latents["right_block"] + latents["fibrillation"] + latents["paced"]
    return (latents["condition"] == "none") & (disturbed == 0)


def _aligned(beat: np.ndarray) -> np.ndarray:
    """Beats ``(n, 12, 500)`` at 500 Hz as the encoder sees them: ``(n, 8, 180)``, R peak (of the leads' root
    mean square) 65 samples from the start.
    """
    chosen = beat[:, INDEPENDENT]
    inside = np.flatnonzero(window(QRS_WINDOW))
    peak = inside[np.sqrt((chosen[:, :, inside] ** 2).sum(axis=1)).argmax(axis=1)]
    samples = (peak - 130)[:, None] + 2 * np.arange(180)
    return np.take_along_axis(chosen, samples[:, None, :], axis=2).astype(np.float32)


def beat_rank(beats: np.ndarray) -> tuple[int, float]:
    """How many principal components of ``beats (n, leads, samples)`` hold 95 % of their variance, and the
    effective rank: exp of the entropy of the components' shares (Roy and Vetterli 2007).
    """
    flat = beats.reshape(len(beats), -1).astype(float)
    share = np.linalg.svd(flat - flat.mean(axis=0), compute_uv=False) ** 2
    share = share[share > 1e-12 * share[0]] / share.sum()
    components = int(np.searchsorted(np.cumsum(share), 0.95)) + 1
    return components, float(np.exp(-(share * np.log(share)).sum()))


def read_out_of_fold(inputs: np.ndarray, target: np.ndarray) -> float:
    """Pearson's r of ``target (n,)`` with what ridge regressions on ``inputs (n, k)`` say of people whom they
    were not fitted on (five folds).
    """
    model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(0, 4, 9)))
    folds = KFold(5, shuffle=True, random_state=0)
    return float(np.corrcoef(cross_val_predict(model, inputs, target, cv=folds), target)[0, 1])


def ecg_rows(population: Population) -> list[dict]:
    """The rows of the target table that this module's docstring describes."""
    return [
        *_lead_rows(population),
        *_voltage_rows(population),
        *_rank_rows(population),
        *_readout_rows(population),
        *_covariate_rows(population),
    ]


def _lead_rows(population: Population) -> list[dict]:
    well = population.features[population.healthy]
    n, rows = len(well), []
    for name, (first, second) in PAIRS.items():
        found = float(np.corrcoef(well[first], well[second])[0, 1])
        error = (1 - SAMPLE_RECORDS[name] ** 2) / np.sqrt(SAMPLE_SIZE - 1)
        rows.append(_row(f"r({name}), patients", SAMPLE_RECORDS[name], found, 2 * error, "sample records", n))
        rows.append(_row(f"r({name}), generator", GENERATED[name], found, 0.15, "thambawita2021", n))
    spread = float(well["r_V5"].std() / well["r_V5"].mean())
    turning = float(well["axis_deg"].std())
    return [
        *rows,
        _row("R V5, spread over mean", 0.30, spread, 0.10, "thambawita2021", n),
        _row("QRS axis, spread, degrees", 26.6, turning, 6, "sathananthan2015", n),
    ]


def _voltage_rows(population: Population) -> list[dict]:
    features, people, well = population.features, population.people, population.healthy
    sokolow = features["s_V1"] + features[["r_V5", "r_V6"]].max(axis=1)
    cornell = features["r_aVL"] + features["s_V3"]
    men = well & (people["sex"] == 1).to_numpy()
    mass = people["mass_index"]
    hypertrophy = mass > mass.groupby(people["sex"]).transform(lambda values: values.quantile(0.95))
    tall = features["s_V1"] + features["s_V2"] + features["r_V5"]
    n = int(well.sum())
    return [
        _row("S V1 + R V5 or V6, mV", 2.03, float(sokolow[well].mean()), 0.25, "thambawita2021", n),
        _row("R aVL + S V3, mV", 0.99, float(cornell[well].mean()), 0.20, "thambawita2021", n),
        _row("r(S V1 + R V5 or V6, mass index): .05 to .28", 0.165, sokolow[men].corr(mass[men]), 0.115,
             "sohaib2009, su2017", int(men.sum()), "male"),
        _row("r(R aVL + S V3, mass index): 0 to .24", 0.12, cornell[men].corr(mass[men]), 0.12,
             "sohaib2009, su2017", int(men.sum()), "male"),
        _row("AUC of S V1 + S V2 + R V5 for the top 5 % of mass index", 0.65,
             float(roc_auc_score(hypertrophy, tall)), 0.07, "jain2010", len(mass)),
    ]  # fmt: skip


def _rank_rows(population: Population) -> list[dict]:
    components, effective = beat_rank(population.beats[population.healthy])
    n = int(population.healthy.sum())
    return [
        _row("components for 95 % of beats, 19 or more", 24, components, 5, "thambawita2021", n),
        _row("effective rank of beats, 10.6 or more", 14.6, effective, 4, "thambawita2021", n),
    ]


def _readout_rows(population: Population) -> list[dict]:
    people, well = population.people, population.healthy
    few = min(COMPONENTS, int(well.sum()) // 10)
    flat = population.beats.reshape(len(well), -1)
    waves = PCA(few, svd_solver="full").fit(flat[well]).transform(flat)
    ecg = np.column_stack([waves, np.log(people["heart_rate"])])
    known = people[["age", "sex", "bmi"]].assign(both=people["sex"] * people["bmi"]).to_numpy()
    sex = people["sex"].to_numpy()[well].astype(int)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=500))
    folds = KFold(5, shuffle=True, random_state=0)
    scores = cross_val_predict(model, ecg[well], sex, cv=folds, method="predict_proba")[:, 1]
    mass = read_out_of_fold(np.column_stack([ecg, known]), population.index("lv_mass"))
    n, slope = len(sex), np.polyfit(people["age"][well] / 10, population.features["p_ms"][well], 1)[0]
    return [
        _row("age from the ECG, r", 0.60, read_out_of_fold(ecg[well], people["age"].to_numpy()[well]), 0.10,
             "legoallec2021", n),
        _row("sex from the ECG, AUC", 0.97, float(roc_auc_score(sex, scores)), 0.03, "attia2019", n),
        _row("body-mass index from the ECG, r", 0.62,
             read_out_of_fold(ecg[well], people["bmi"].to_numpy()[well]), 0.07, "pastika2024", n),
        _row("LV mass from ECG, age, sex and body-mass index, r", 0.79, mass, 0.05, "khurshid2021",
             len(well)),
        _row("P duration, ms a decade of age", 2.9, slope, 1.2, "bocchi2020", n),
    ]  # fmt: skip


def _covariate_rows(population: Population) -> list[dict]:
    """R2 of a linear model with sex as a modifier, out of fold, among people without disease."""
    table = population.people[list(COVARIATES)].to_numpy(float)[population.healthy]
    inputs = np.column_stack([table, table[:, 1:] * table[:, :1]])
    rows = []
    for name, share in EXPLAINED.items():
        found = read_out_of_fold(inputs, population.index(name)[population.healthy]) ** 2
        allowed = 0.05 if name == "lv_ef" else 0.10
        label = PHENOTYPES["label"][POSITION[name]]
        rows.append(
            _row(f"covariates explain {label}, R2", share, found, allowed, "petersen2017risk", len(table))
        )
    return rows


def _row(quantity: str, target: float, found: float, allowed: float, source: str, n: int, sex: str = "both"
         ) -> dict:  # fmt: skip
    return target_row(quantity, sex, target, float(found), allowed, source, n, preset=PRESET)
