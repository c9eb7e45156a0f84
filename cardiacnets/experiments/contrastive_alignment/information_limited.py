"""Chapter 03, a negative control: alignment where there is nothing to transfer.

The participants keep bodies, cines, indices and splits; each is given the ECG of a stranger's heart in that
body (preset ``information_limited``). Such an ECG still tells sex, age, size and rate, so it still finds its
cine better than chance; but beside the covariates it has nothing to add, and alignment must not add anything.
Both kinds of ECG are aligned shortly, by the same settings, and read out linearly.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from cardiacnets.artefacts import new_array
from cardiacnets.cohorts.preprocessing import CleanCohort, encoder_view, open_clean
from cardiacnets.cohorts.studied import may_show
from cardiacnets.digital_heart.controls import limited_ecg
from cardiacnets.experiments.contrastive_alignment.switches import (
    READS,
    Variant,
    align_shortly,
    losses_and_ranks,
    open_features,
)
from cardiacnets.experiments.shared.encoding import build_seeded, in_batches
from cardiacnets.experiments.shared.inputs import Standardiser, ecg_batch
from cardiacnets.experiments.shared.probe import read_out
from cardiacnets.experiments.shared.stage import chosen_code
from cardiacnets.experiments.shared.tasks import labelled
from cardiacnets.profile import Profile
from cardiacnets.reach import code_of
from cardiacnets.run import Run
from cardiacnets.shards import shards_of
from cardiacnets.statistics import bootstrap_correlations, wilson_interval
from cardiacnets.study import covariates_of

SHARD = 128
HEARTS = ("own", "stranger")
"""Whose heart the ECG shows: the participant's, or a stranger's in the participant's body."""
ENCODERS = ("untrained", "aligned")
MEASURES = ("r", "gain", "recall_10")
ENDS = ("", "_interval", "_method")


def limited_cohort(profile: Profile, clean: CleanCohort, file: Path) -> CleanCohort:
    """The simulated ``clean`` cohort with the ECGs of ``information_limited``, which are written to ``file``
    and mapped.
    """
    settings = profile.ecg_input
    ecg = new_array(file, np.float32, clean.ecg.shape)
    for people in shards_of(len(ecg), SHARD):  # one recording each
        signal = limited_ecg(people, clean.name, profile.cohorts.preset, profile.seed)
        ecg[people.start : people.stop] = encoder_view(signal, settings)
    return replace(clean, **{"beats" if clean.rhythm is None else "rhythm": ecg})


def try_limited(run: Run) -> Path | None:
    """Align and read out, or reuse it: ``truth.npy`` and for each readout ``<name>.npy`` (n, 82) of the test
    participants, and ``table.parquet`` with their ``participant_id`` and, for each kind of heart, the rank at
    which its aligned ECG finds the SAX cine (``rank.<heart>``).

    The readouts are ``covariates``, and ``<heart>.<encoder>``: the same beside a frozen embedding. ``None``
    for a real cohort: only simulated people can be given another heart.
    """
    if not may_show(run, "ukb"):
        return None
    clean = open_clean(run, "ukb")
    ingredients = {
        "cohort": clean.folder,
        "features": run.require(run.root / "features" / "ukb"),
        "variant": Variant().ingredients(run.profile),
        "labels": run.profile.downstream.labels,
        "preset": run.profile.cohorts.preset,
        "source": code_of(try_limited, *chosen_code(run.profile, READS)),
    }

    def make(folder: Path) -> None:
        labels = labelled(run, "ukb.indices")
        train, test = labels.of("train"), labels.of("test")
        rows = labels.table["row"].to_numpy()
        covariates = known_covariates(clean, rows, train)

        def leave(name: str, known: np.ndarray) -> None:
            np.save(folder / f"{name}.npy", read_out(labels, known).astype(np.float32))

        np.save(folder / "truth.npy", labels.target[test])
        leave("covariates", covariates)
        table = labels.table.iloc[test][["participant_id"]].reset_index(drop=True)
        strangers, features = folder / "ecg.npy", open_features(run)
        for heart, hearts in zip(HEARTS, (clean, limited_cohort(run.profile, clean, strangers)), strict=True):
            model, pairs = align_shortly(run.profile, hearts, features, Variant())
            untrained = build_seeded("aligner", Variant().profile(run.profile))
            ecg = ecg_batch(hearts, rows, run.profile.ecg_input)
            for name, aligner in zip(ENCODERS, (untrained, model), strict=True):
                embedding = in_batches(aligner.encoder.eval(), (ecg, None))
                leave(f"{heart}.{name}", np.hstack([covariates, embedding]))
            _, table[f"rank.{heart}"] = losses_and_ranks(model, pairs(rows[test]))
        table.to_parquet(folder / "table.parquet")
        strangers.unlink()  # large, and not needed again

    return run.fit_or_load(run.predictions / "limited.ukb", ingredients, make)


def known_covariates(clean: CleanCohort, rows: np.ndarray, train: np.ndarray) -> np.ndarray:
    """What a stranger's ECG shares with the participant (n, 16), standardised by the rows ``train``: the
    study's covariates and the systolic pressure, which the study does not tell its networks.
    """
    names = (*covariates_of("ukb"), "systolic_pressure")
    return Standardiser.fit(clean.index.loc[rows[train]], names)(clean.index.loc[rows])


def limited_gains(run: Run) -> pd.DataFrame:
    """One row a readout: ``n`` and the mean correlation ``r`` over the indices; beside an embedding its
    ``gain`` over covariates alone; for the aligned encoder also ``recall_10`` of the SAX cine. Intervals over
    participants; all ``None`` for a real cohort.
    """
    folder = try_limited(run)
    names = ["covariates", *(f"{heart}.{encoder}" for heart in HEARTS for encoder in ENCODERS)]
    columns = ["readout", "n", *(f"{what}{end}" for what in MEASURES for end in ENDS)]
    if folder is None:
        return pd.DataFrame([[name] + [None] * (len(columns) - 1) for name in names], columns=columns)
    table = pd.read_parquet(folder / "table.parquet")
    read = {name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in names}
    truth = np.load(folder / "truth.npy", allow_pickle=False)
    drawn = bootstrap_correlations(truth, read, table["participant_id"], **run.profile.resampling)
    rows = []
    for name in names:
        found = {"r": drawn.mean(name)}
        heart, _, encoder = name.partition(".")
        if encoder:
            found["gain"] = drawn.mean_difference(name, "covariates")
        if encoder == "aligned":
            among = int((table[f"rank.{heart}"] <= 10).sum())
            found["recall_10"] = wilson_interval(among, len(table))
        row = {"readout": name, "n": len(table)}
        for what, result in found.items():
            row |= result.columns(what)
        rows.append(row)
    return pd.DataFrame(rows, columns=columns)
