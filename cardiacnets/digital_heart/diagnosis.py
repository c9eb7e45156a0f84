"""Who has which disease and what the records say: ICD-10 codes with overlap, silent cases and errors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.stats import beta

from cardiacnets.digital_heart.latents import Latents
from cardiacnets.digital_heart.sites import SUBTYPE_SHARES, Site
from cardiacnets.digital_heart.streams import Draws, generator
from cardiacnets.study import ICD10_GROUPS

CODES = {
    "cad": ("I25.1", "I21.9", "I20.9", "I25.2"),
    "dcm": ("I42.0",),
    "hcm": ("I42.1", "I42.2"),
    "rcm": ("I42.5",),
    "pc": ("I31.9", "I30.9", "I32.8"),
    "ph": ("I27.0", "I27.2"),
    "hf": ("I50.0", "I50.1", "I50.9"),
}
"""ICD-10 codes a condition may be recorded under."""

HEART_FAILURE_SHARE = {"dcm": 0.75, "hcm": 0.25, "rcm": 0.65, "cad": 0.35, "ph": 0.45, "pc": 0.0, "hf": 1.0}
"""At severity 1, the share of each condition that is also coded as heart failure."""


def designed(site: Site, cohort: str, seed: int, participants: Sequence[int]) -> np.ndarray:
    """Recorded diagnosis of each participant of a case-control site: exact shares in every full study count.

    The order is one permutation per seed and site, so it does not depend on how many participants are drawn.
    """
    names = np.repeat(list(site.counts), list(site.counts.values()))
    order = generator(seed, cohort, 0, "case-control design").permutation(len(names))
    return names[order[np.asarray(participants) % len(names)]]


def draw_conditions(
    latents: Latents, site: Site, cohort: str, seed: int, participants: Sequence[int], draws: Draws,
) -> None:  # fmt: skip
    """Set the latent ``condition``, ``severity`` and ``recorded`` (the condition the record will name).

    In population cohorts disease comes first and the record errs; at case-control sites the record is what
    the study selected on, and it is the heart behind it that is sometimes another.
    """
    subtype = draws.choice(list(SUBTYPE_SHARES), list(SUBTYPE_SHARES.values()))
    mistaken = draws.happens(site.label_error)
    wrong = draws.choice(["none", "cad", "dcm", "hcm", "hf"], [0.55, 0.15, 0.1, 0.1, 0.1])
    if site.counts:
        recorded = designed(site, cohort, seed, participants)
        recorded = np.where(recorded == "cm", subtype, recorded)
        condition = np.where(mistaken, np.where(recorded == "none", subtype, wrong), recorded)
    else:
        condition = draws.choice(list(site.mix), list(site.mix.values()))
        recorded = np.where(mistaken & (condition != "none"), wrong, condition)
        stray = mistaken & (condition == "none") & draws.happens(0.5)
        recorded = np.where(stray, np.where(wrong == "none", "cad", wrong), recorded)
    latents["condition"] = condition
    latents["recorded"] = recorded
    latents["severity"] = np.where(latents["condition"] == "none", 0.0, _severity(site, draws))
    latents["also_failing"] = draws.uniform()
    latents["code_choice"] = draws.uniform()
    latents["hypertension_coded"] = draws.uniform()


def _severity(site: Site, draws: Draws) -> np.ndarray:
    """Beta(2.6, 1.7) where the site says nothing else, by the quantile of one uniform draw."""
    return np.clip(beta.ppf(draws.uniform(), *site.severity), 0.05, 1.0)


def label_table(latents: Latents, site: Site) -> pd.DataFrame:
    """One row a participant: ``icd10`` codes, the boolean labels they make, and the latent truth for
    teaching.
    """
    rows = []
    for k in range(latents.count):
        rows.append(";".join(sorted(_codes(latents, site, k))))
    table = pd.DataFrame(
        {name: [_has(codes, prefixes) for codes in rows] for name, prefixes in ICD10_GROUPS.items()}
    )
    table["healthy"] = [not any(code.startswith("I") for code in codes.split(";")) for codes in rows]
    table["icd10"] = rows
    table["condition"] = latents["condition"].astype(str)
    table["severity"] = latents["severity"].astype(np.float32)
    return table


def _has(codes: str, prefixes: tuple[str, ...]) -> bool:
    return any(code.replace(".", "").startswith(prefixes) for code in codes.split(";"))


def _codes(latents: Latents, site: Site, k: int) -> set[str]:
    """The ICD-10 codes in the record of participant ``k``."""
    recorded, true, severity = latents["recorded"][k], latents["condition"][k], latents["severity"][k]
    choice = latents["code_choice"][k]
    codes = set()
    if recorded != "none":
        options = CODES[recorded]
        codes.add(options[int(choice * len(options))])
        if recorded == true and latents["also_failing"][k] < HEART_FAILURE_SHARE[true] * severity:
            codes.add(CODES["hf"][int((choice * 7) % 1 * 3)])
    if latents["fibrillation"][k]:
        codes.add("I48.9")
    excess = (latents["systolic_pressure"][k] - 150) / 12
    if latents["hypertension_coded"][k] < 0.75 / (1 + np.exp(-excess)) and not (
        site.counts and recorded == "none"
    ):
        codes.add("I10")
    return codes
