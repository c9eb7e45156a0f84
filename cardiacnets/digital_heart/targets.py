"""The published quantities the simulated cohort is checked against: one row each, passed or not.

Sources are literature values (``lit`` or a key of the book's references) or recalled ones to be checked
before citing (``rec``); volumes and masses of healthy people are Petersen et al. 2017's
(10.1186/s12968-017-0327-9). A mean passes within a quarter of the target's standard deviation (or the stated
tolerance), a spread within 30 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from cardiacnets.digital_heart.anatomy import Anatomy
from cardiacnets.digital_heart.beat_features import beat_features
from cardiacnets.digital_heart.diagnosis import label_table
from cardiacnets.digital_heart.ecg_targets import Population, draw_population, ecg_rows
from cardiacnets.digital_heart.electrics import beat_potentials
from cardiacnets.digital_heart.hearts import draw_hearts, select
from cardiacnets.digital_heart.indices import POSITION, recorded_indices, true_indices
from cardiacnets.digital_heart.motion import frame_times, wall_volume
from cardiacnets.digital_heart.rhythm import digitise, record
from cardiacnets.digital_heart.simpson import simpson_errors
from cardiacnets.digital_heart.sites import site
from cardiacnets.digital_heart.streams import Draws, generator
from cardiacnets.digital_heart.target_rows import spread_row, target_row

TARGET_SEED, GROUPS = 20_101, ("ph", "rcm", "hcm", "cad")
COHORT = "targets"


@dataclass(frozen=True)
class Study:
    """The hearts the targets are checked on: an enriched population, then one group of each of ``GROUPS``;
    and a ``ukb_like`` population for what was published of populations.
    """

    anatomy: Anatomy
    labels: pd.DataFrame
    seed: int
    population: Population

    @cached_property
    def indices(self) -> np.ndarray:
        """Recorded indices, ``(n, 82)``."""
        draws = Draws(self.seed, COHORT, range(len(self.anatomy.length)), "measurement")
        return recorded_indices(self.anatomy, true_indices(self.anatomy), draws)

    def ecg(self) -> np.ndarray:
        """Recorded ECGs, float32 ``(n, 12, 5000)`` mV, row-aligned: what ``measurements`` are measured on."""
        beats, place = beat_potentials(self.anatomy), site("ukb", "enriched")
        signals = [
            digitise(
                record(beat, self.anatomy.latents, k, place, generator(self.seed, COHORT, k, "rhythm 0"))
            )
            for k, beat in enumerate(beats)
        ]
        return np.stack(signals)


def target_study(n: int = 1_000, per_group: int = 150, seed: int = TARGET_SEED) -> Study:
    """Draw ``n`` of the enriched population, ``per_group`` of each disease that rows ask for, and ``2 n`` of
    ``ukb_like``. Raises ``ValueError`` for fewer than 100 people or 20 a group.
    """
    if n < 100 or per_group < 20:
        raise ValueError(f"shares need n >= 100 and per_group >= 20, not {n} and {per_group}")
    place = site("ukb", "enriched")
    people = range(n + per_group * len(GROUPS))
    natural = draw_hearts(people, place, COHORT, seed).latents["condition"][:n]
    condition = np.concatenate([natural, np.repeat(GROUPS, per_group)])
    anatomy = draw_hearts(people, place, COHORT, seed, {"condition": condition})
    labels = label_table(anatomy.latents, place).iloc[:n]
    return Study(anatomy, labels, seed, draw_population(2 * n, seed))


def check_targets(study: Study | None = None, measurements: pd.DataFrame | None = None) -> pd.DataFrame:
    """One row a target: quantity, sex, target and simulated mean and spread, tolerance, passed, source, n and
    the preset its people come from.

    ``measurements``: optional, row-aligned with ``study.ecg()``; its columns (``qrs_ms``, ``p_ms``,
    ``axis_deg``, ``v1_r_s_ratio``, ``limb_voltage_mv``, ``heart_rate``, ``q_wave``, ``t_inversion_mv``)
    replace the true features of the noise-free beat, so the table then also judges the measuring. Raises
    ``ValueError`` where the rows do not match.
    """
    study = target_study() if study is None else study
    features = beat_features(study.anatomy)
    if measurements is not None:
        if len(measurements) != len(features):
            raise ValueError(f"measurements have {len(measurements)} rows, the study has {len(features)}")
        for name in measurements.columns.intersection(features.columns):
            features[name] = measurements[name].to_numpy()
    rows = [*_sizes(study), *_motion(study), *_electrics(study, features), *_diseases(study, features)]
    rows += _consistency(study, measurements)
    rows += ecg_rows(study.population)
    return pd.DataFrame(rows)


def _healthy(study: Study) -> np.ndarray:
    """Rows of hearts without disease."""
    return study.anatomy.latents["condition"] == "none"


def _index(study: Study, name: str) -> np.ndarray:
    return study.indices[:, POSITION[name]]


def _sizes(study: Study) -> list[dict]:
    latents, healthy = study.anatomy.latents, _healthy(study)
    middle = np.mean([_index(study, f"wall_thickness_{k}") for k in range(7, 13)], axis=0)
    table = (
        ("LV EDV, ml", _index(study, "lv_edv"), (166, 32), (124, 21), "lit"),
        ("LV ESV, ml", _index(study, "lv_esv"), (69, 16), (49, 11), "lit"),
        ("LV EF, %", _index(study, "lv_ef"), (58, 5), (61, 5), "lit"),
        ("LV mass index, g/m2", _index(study, "lv_mass") / latents["bsa"], (53, 9), (42, 7), "lit"),
        ("mid wall, mm", middle, (6.3, 1.1), (5.3, 0.9), "lit"),
        ("RV EDV, ml", _index(study, "rv_edv"), (182, 36), (130, 24), "rec"),
        ("LA max, ml", _index(study, "la_max"), (71, 19), (62, 17), "rec"),
        ("RA max, ml", _index(study, "ra_max"), (93, 27), (69, 17), "rec"),
    )
    rows = []
    for quantity, values, male, female, source in table:
        for sex, code, target in (("male", 1, male), ("female", 0, female)):
            rows.append(spread_row(quantity, sex, values[healthy & (latents["sex"] == code)], target, source))
    both = np.corrcoef(_index(study, "lv_edv")[healthy], _index(study, "rv_edv")[healthy])[0, 1]
    return [*rows, target_row("r(LV EDV, RV EDV)", "both", 0.85, both, 0.05, "rec", int(healthy.sum()))]


def _motion(study: Study) -> list[dict]:
    latents, healthy = study.anatomy.latents, _healthy(study)
    rows = [
        target_row(f"{label}, %", "both", target, _index(study, name)[healthy].mean(), allowed, "rec",
            int(healthy.sum()))
        for label, name, target, allowed in (
            ("Ecc", "ecc_global", -22, 2.5), ("Err", "err_global", 45, 8), ("Ell", "ell_global", -18.5, 2)
        )
    ]  # fmt: skip
    descent = -10 * study.anatomy.length * latents["longitudinal"]  # mm
    rows.append(
        target_row(
            "AV-plane displacement, mm", "both", 16, descent[healthy].mean(), 2, "lit", int(healthy.sum())
        )
    )
    dilated = (latents["condition"] == "dcm") & (latents["severity"] > 0.5)
    rows.append(
        target_row(
            "AV-plane displacement in DCM, mm",
            "both",
            7,
            descent[dilated].mean(),
            3,
            "lit",
            int(dilated.sum()),
        )
    )
    return rows


def _electrics(study: Study, features: pd.DataFrame) -> list[dict]:
    latents, healthy = study.anatomy.latents, _healthy(study)
    plain = (
        healthy
        & (latents["left_block"] == 0)
        & (latents["right_block"] == 0)
        & (latents["fibrillation"] == 0)
    )
    women = plain & (latents["sex"] == 0)

    def correlation(feature: str, values: np.ndarray) -> float:
        seen = plain & np.isfinite(features[feature].to_numpy(float))
        return float(np.corrcoef(features[feature][seen], values[seen])[0, 1])

    count = int(plain.sum())
    return [
        spread_row("QRS, ms", "female", features["qrs_ms"][women].to_numpy(float), (85, 8), "lit"),
        target_row(
            "r(P, LA volume)", "both", 0.43, correlation("p_ms", _index(study, "la_max")), 0.09, "lit", count
        ),
        target_row(
            "r(QRS, LV mass)",
            "both",
            0.32,
            correlation("qrs_ms", _index(study, "lv_mass")),
            0.10,
            "lit",
            count,
        ),
        target_row(
            "r(QRS, LV length)", "both", 0.35, correlation("qrs_ms", study.anatomy.length), 0.10, "lit", count
        ),
    ]


def _diseases(study: Study, features: pd.DataFrame) -> list[dict]:
    latents, healthy = study.anatomy.latents, _healthy(study)
    failing = np.zeros(len(healthy), bool)
    failing[: len(study.labels)] = study.labels["hf"]
    pulmonary = latents["condition"] == "ph"
    infarct = latents["condition"] == "cad"
    amyloid = latents["amyloid"] > 0
    apical = latents["apical_bump"] > 0
    septal = (latents["condition"] == "hcm") & ~apical
    transmural = latents["scar_depth"] > 0.7
    right_axis, tall = features["axis_deg"].to_numpy() >= 90, features["v1_r_s_ratio"].to_numpy() > 1
    deep = features["t_inversion_mv"].to_numpy() < -0.3
    agree = features["q_wave"].to_numpy(bool) == transmural

    def share(name: str, event: np.ndarray, group: np.ndarray, target: float, allowed: float) -> dict:
        return target_row(
            name, "both", target, float(np.mean(event[group])), allowed, "lit", int(group.sum())
        )

    odds = float(np.log(_odds(deep[apical]) / _odds(deep[septal])))  # standard error about 0.5 at 50 apical
    return [
        share("QRS >= 120 ms in HF", features["qrs_ms"].to_numpy() >= 120, failing, 0.31, 0.09),
        share("PH: axis >= 90", right_axis, pulmonary, 0.46, 0.10),
        share("no PH: axis < 90, 80 % or more", ~right_axis, healthy, 0.80, 0.20),
        share("PH: V1 R/S > 1", tall, pulmonary, 0.38, 0.10),
        share("no PH: V1 R/S <= 1, 90 % or more", ~tall, healthy, 0.90, 0.10),
        share("Q wave tells transmural scar: accuracy", agree, infarct, 0.605, 0.075),
        share("amyloid-like RCM: limb leads < 0.5 mV", features["limb_voltage_mv"].to_numpy() < 0.5,
            amyloid, 0.34, 0.10),
        target_row("apical HCM: log odds ratio of T < -0.3 mV", "both", np.log(5.8), odds, 1.0, "lit",
             int(apical.sum())),
    ]  # fmt: skip


def _odds(event: np.ndarray) -> float:
    """Odds of an event, half an event added to each side."""
    return (event.sum() + 0.5) / (len(event) - event.sum() + 0.5)


def _consistency(study: Study, measurements: pd.DataFrame | None) -> list[dict]:
    """What must hold by construction: muscle keeps its volume, pictures measure what the table says."""
    few = select(study.anatomy, slice(0, 40))
    muscle = wall_volume(few, frame_times(few.latents["heart_rate"], 10))
    change = 100 * np.abs(muscle / muscle[:, :1] - 1).max()
    cavity, mass = simpson_errors(select(study.anatomy, slice(0, 5)))
    rows = [
        target_row("wall volume over the beat, % change", "both", 0, float(change), 2, "physics", 40),
        target_row("Simpson LV volume - truth, ml", "both", 0, float(np.abs(cavity).max()), 2, "physics", 5),
        target_row("Simpson LV mass - truth, g", "both", 0, float(np.abs(mass).max()), 2, "physics", 5),
    ]
    if measurements is not None and "heart_rate" in measurements:
        regular = study.anatomy.latents["fibrillation"] == 0
        error = np.abs(measurements["heart_rate"].to_numpy() - study.anatomy.latents["heart_rate"])
        share = float(np.mean(error[regular] <= 5))
        rows.append(
            target_row("measured rate within 5 bpm, share", "both", 1, share, 0.03, "lit", int(regular.sum()))
        )
    return rows
