"""Chapter 03: what two choices of the released code cost alignment, tried at a small budget.

A small encoder (one token a lead and second) is trained for a few epochs, by each choice from the same seed
on the same pairs, and asked for the partners of the validation participants. That shows what a short training
loses, with an interval over participants; other seeds and a long training may differ.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import torch

from cardiacnets.cohorts.preprocessing import CleanCohort, open_clean
from cardiacnets.ecg import EcgAugmentation
from cardiacnets.experiments.cmr_self_supervision.features import cmr_features
from cardiacnets.experiments.shared.encoding import build_seeded
from cardiacnets.experiments.shared.inputs import Standardiser, ecg_batch
from cardiacnets.experiments.shared.stage import chosen_code
from cardiacnets.models.alignment import Aligner
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.models.contrast import info_nce_rows, retrieval_ranks
from cardiacnets.profile import Profile
from cardiacnets.reach import code_of
from cardiacnets.run import Run
from cardiacnets.statistics import bootstrap_mean, wilson_interval
from cardiacnets.study import covariates_of
from cardiacnets.training import Stage, fit, minibatches

PAIRS, EPOCHS, BATCH = 3840, 3, 64
READS = ("ecg_input", "ecg_encoder", "cmr_autoencoder", "alignment", "aligning")
"""What of a profile a short alignment depends on."""
Pairs = Callable[[np.ndarray], list[torch.Tensor]]


@dataclass(frozen=True)
class Variant:
    """One way to align: which CMR heads, and how covariates modulate the ECG (``None``: there are none)."""

    cmr_heads: Literal["trained", "random"] = "trained"
    modulation: Literal["film", "non_negative"] | None = None

    def profile(self, profile: Profile) -> Profile:
        """``profile`` with these choices, a small encoder and a short training."""
        seconds = -(-profile.ecg_input.samples // profile.ecg_input.rate)
        encoder = replace(
            profile.ecg_encoder,
            patch=profile.ecg_input.samples // seconds,
            width=64,
            depth=2,
            heads=2,
            modulation=self.modulation or "film",
        )
        return replace(
            profile,
            ecg_encoder=encoder,
            alignment=replace(profile.alignment, cmr_heads=self.cmr_heads),
            aligning=replace(profile.aligning, epochs=EPOCHS, warmup_epochs=1.0, batch=BATCH),
        )

    def ingredients(self, profile: Profile) -> dict[str, object]:
        """What the network that :func:`align_shortly` trains by it takes from ``profile``."""
        changed = self.profile(profile)
        return {name: getattr(changed, name) for name in ("seed", *READS)}


VARIANTS = {
    "trained_heads": Variant(),
    "untrained_heads": Variant(cmr_heads="random"),
    "film": Variant(modulation="film"),
    "non_negative": Variant(modulation="non_negative"),
}
TITLES = {
    "trained_heads": "trained heads", "untrained_heads": "untrained heads", "film": "FiLM",
    "non_negative": "non-negative factors",
}  # fmt: skip
"""What each is called on the page."""
AS_PUBLISHED = {"untrained_heads": "trained_heads", "non_negative": "film"}
"""Each choice of the released code, and the corrected one that differs from it in nothing else."""


def try_switches(run: Run) -> Path:
    """Train each variant, or reuse them: ``table.parquet`` with ``participant_id`` and, for each variant, a
    validation participant's ``loss.<variant>`` (SAX + four-chamber) and ``rank.<variant>`` (ECG to SAX).
    """
    clean = open_clean(run, "ukb")
    ingredients = {
        "cohort": clean.folder,
        "features": run.require(run.root / "features" / "ukb"),
        "pairs": PAIRS,
        "variants": {name: variant.ingredients(run.profile) for name, variant in VARIANTS.items()},
        "source": code_of(try_switches, *chosen_code(run.profile, READS)),
    }

    def make(folder: Path) -> None:
        rows, features = clean.rows("validation"), open_features(run)
        table = clean.index.loc[rows, ["participant_id"]].reset_index(drop=True)
        for name, variant in VARIANTS.items():
            model, pairs = align_shortly(run.profile, clean, features, variant)
            table[f"loss.{name}"], table[f"rank.{name}"] = losses_and_ranks(model, pairs(rows))
        table.to_parquet(folder / "table.parquet")

    return run.fit_or_load(run.predictions / "switches.ukb", ingredients, make)


def open_features(run: Run) -> dict[str, np.ndarray]:
    """Features (R, D) of the cines of ``ukb`` by view, none of them augmented."""
    return {view: cmr_features(run, "ukb", view)[0] for view in VIEWS}


def align_shortly(
    profile: Profile, clean: CleanCohort, features: Mapping[str, np.ndarray], variant: Variant
) -> tuple[Aligner, Pairs]:
    """The aligner trained by ``variant`` on ``features`` (R, D) by view of the hearts beside the ECGs of
    ``clean``, and what draws its inputs for rows.
    """
    profile = variant.profile(profile)
    shuffled = np.random.default_rng([profile.seed, 304]).permutation(clean.rows("train"))
    training = shuffled[:PAIRS]
    standardiser = Standardiser.fit(clean.index.loc[training], covariates_of("ukb"))

    def pairs(rows: np.ndarray) -> list[torch.Tensor]:
        cmr = [torch.from_numpy(features[view][rows]) for view in VIEWS]
        told = [torch.from_numpy(standardiser(clean.index.loc[rows]))] if variant.modulation else []
        return [ecg_batch(clean, rows, profile.ecg_input), *cmr, *told]

    def batches(epoch: int, generator: torch.Generator):
        for index in minibatches(len(training), profile.aligning.batch, generator):
            yield pairs(training[index])

    augmentation = EcgAugmentation.named(profile.aligning.augmentation)
    covariates = len(standardiser.names) if variant.modulation else 0
    model = build_seeded("aligner", profile, covariates=covariates)
    stage = Stage(
        "aligner",
        model,
        lambda model, batch: model(*batch),
        batches,
        profile.aligning,
        seed=profile.seed,
        examples=len(training),
        augment=lambda batch, generator: [augmentation(batch[0], generator), *batch[1:]],
    )
    fit(stage, progress=False)
    return model, pairs


def losses_and_ranks(model: Aligner, pairs: list[torch.Tensor]) -> tuple[np.ndarray, np.ndarray]:
    """For each of n pairs its share (n,) of the loss, all n being one batch, and the rank (n,) of its SAX
    cine.
    """
    ecg, *features = pairs[: 1 + len(VIEWS)]
    with torch.inference_mode():
        hearts = model.embed_ecg(ecg, *pairs[1 + len(VIEWS) :])
        cmr = [model.embed_cmr(part, view) for part, view in zip(features, VIEWS, strict=True)]
        losses = sum(info_nce_rows(hearts, part, model.temperature) for part in cmr)
        return losses.numpy(), retrieval_ranks(hearts, cmr[0]).numpy()


def switch_costs(run: Run) -> pd.DataFrame:
    """One row a variant: ``recall_10`` with Wilson interval and validation ``loss``; where it is as published
    also ``cost``, by which its loss is higher than the corrected one's. Intervals of ``loss`` and ``cost``
    are bootstrapped over participants.
    """
    table, rows = pd.read_parquet(try_switches(run) / "table.parquet"), []
    # losses of about ten differ by thousandths: single precision would round the difference
    table = table.astype({name: np.float64 for name in table if name.startswith("loss.")})
    for name in VARIANTS:
        among = wilson_interval(int((table[f"rank.{name}"] <= 10).sum()), len(table))
        loss = bootstrap_mean(table[f"loss.{name}"], table["participant_id"], **run.profile.resampling)
        row = {"variant": name, "n": len(table), **loss.columns("loss"), **among.columns("recall_10")}
        if name in AS_PUBLISHED:
            difference = table[f"loss.{name}"] - table[f"loss.{AS_PUBLISHED[name]}"]
            cost = bootstrap_mean(difference, table["participant_id"], **run.profile.resampling)
            row |= cost.columns("cost")
        rows.append(row)
    return pd.DataFrame(rows)


def beside_guessing(costs: pd.DataFrame) -> pd.DataFrame:
    """The table of :func:`switch_costs` for the page: titles of variants, and a last row of what guessing
    reaches among the same ``n``, all of them one batch: 2 ln n for both views.
    """
    n = int(costs["n"].iloc[0])
    guessing = {
        "variant": "guessing", "n": n, "loss": len(VIEWS) * math.log(n), "recall_10": min(1.0, 10 / n),
    }  # fmt: skip
    named = costs.assign(variant=costs["variant"].map(TITLES))
    return pd.concat([named, pd.DataFrame([guessing])], ignore_index=True)


def over_confident(costs: pd.DataFrame) -> str:
    """What the table of :func:`switch_costs` says beside guessing, in a sentence: whose loss lies above it
    while more partners are found than guessing finds.
    """
    n = int(costs["n"].iloc[0])
    chance, share = len(VIEWS) * math.log(n), min(1.0, 10 / n)
    above = [row for row in costs.itertuples() if row.loss_interval[0] > chance]
    found = [TITLES[row.variant] for row in above if row.recall_10_interval[0] > share]
    rest = [TITLES[row.variant] for row in above if TITLES[row.variant] not in found]
    said = [f"Guessing among all {n} has a loss of {chance:.1f} and finds {share:.3f} among the first ten"]
    if found:
        said.append(
            "Above that loss, though more partners are found so than by guessing: "
            f"{', '.join(found)}. Such a network is over-confident: it ranks better than chance, and pays "
            "for the hearts that it is wrongly sure of"
        )
    if rest:
        said.append(f"Above that loss, with no more partners found: {', '.join(rest)}")
    if not above:
        said.append("No loss here lies above that of guessing")
    return ". ".join(said)
