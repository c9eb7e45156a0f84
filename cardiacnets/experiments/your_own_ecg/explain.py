"""Chapter 08: everything the study can say from one ECG, with its uncertainty.

The default models learned from simulated hearts: nothing here is for clinical use.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from sklearn.linear_model import LogisticRegression

from cardiacnets.cohorts.preprocessing import beat_view, open_clean, rhythm_view
from cardiacnets.contracts import DIAGNOSIS_NAMES, DISEASES, ECG_SAMPLES, LEADS
from cardiacnets.ecg import Ecg, check_ecg, clean, detect_r_peaks, heart_rate
from cardiacnets.experiments.contrastive_alignment.align import load_aligner
from cardiacnets.experiments.diffusion.generate import draw_movies, ecg_tokens
from cardiacnets.experiments.downstream_tasks.conformal import conformal_half_widths
from cardiacnets.experiments.downstream_tasks.downstream import Readout, load_network, network_outputs
from cardiacnets.experiments.downstream_tasks.predictions import shown_network
from cardiacnets.experiments.shared.attribution import grad_cam, occlusion
from cardiacnets.experiments.shared.inputs import scale_ecg
from cardiacnets.experiments.shared.tasks import asked_tasks
from cardiacnets.experiments.your_own_ecg.coherent import coherent, possible
from cardiacnets.models.cmr_autoencoder import VIEWS
from cardiacnets.models.heads import Downstream
from cardiacnets.phenotypes import PHENOTYPES
from cardiacnets.run import Run, open_run
from cardiacnets.study import TASKS

RARE = 0.01
"""The share of people who have a disease, where a probability is told for others than a study with as many
cases as controls. An assumption, for orientation: how frequent a disease is depends on who is asked.
"""


@dataclass(frozen=True, eq=False)
class Explanation:
    """What one ECG says."""

    ecg: np.ndarray
    """The standard recording, (12, 5000) mV."""
    cleaned: np.ndarray
    """The same after preprocessing."""
    beat: np.ndarray
    """Its median beat, (12, 180) mV at 250 Hz."""
    warnings: tuple[str, ...]
    indices: pd.DataFrame
    """One row an index: ``name``, ``label``, ``unit``, ``group``, ``estimate``, ``low``, ``high``, and what
    nine in ten of the validation participants have, ``usual_low`` to ``usual_high``.
    """
    diseases: pd.DataFrame
    """One row a disease: ``probability`` were cases and controls equally frequent, ``in_a_hundred`` were one
    in a hundred ill, and on how many it was calibrated.
    """
    movies: dict[str, np.ndarray]
    """Generated ``sax`` and ``lax`` cines, (T, H, W) uint8."""
    heat: dict[str, np.ndarray]
    """Occlusion map (12, columns) in [0, 1] for each disease."""
    heat_as_published: dict[str, np.ndarray]
    """Grad-CAM (12, columns of tokens) in [0, 1] for each disease."""


def explain_ecg(
    ecg: Ecg | np.ndarray,
    run: Run | str = "quick",
    covariates: dict[str, float] | None = None,
    coverage: float = 0.9,
) -> Explanation:
    """Indices with split-conformal intervals, disease probabilities, generated cines and heat maps of one
    ECG.

    ``ecg``: what ``read_ecg`` returns, or (12, 5000) mV at 500 Hz. ``run``: a run, or a profile's name, whose
    chapters 00 to 05 have been executed. ``covariates``: ``sex`` (0 female, 1 male), ``age`` (years),
    ``heart_rate`` (beats/min) for the models that use them. Raises ``ValueError`` for an unusable ECG,
    unknown or missing covariates, or a run that lacks a chapter.
    """
    run = open_run(run) if isinstance(run, str) else run
    signal = ecg.standard() if isinstance(ecg, Ecg) else np.asarray(ecg, np.float32)
    if signal.shape != (len(LEADS), ECG_SAMPLES):
        raise ValueError(f"the ECG has shape {signal.shape}; (12, {ECG_SAMPLES}) mV at 500 Hz is needed")
    peaks = detect_r_peaks(signal)
    quality = check_ecg(signal, peaks=peaks[0])
    if quality.faults:
        raise ValueError(f"the ECG cannot be used: {'; '.join(quality.faults)}")

    settings = run.profile.ecg_input
    rate = float(heart_rate(signal, peaks=peaks))
    cleaned = clean(signal, heart_rate=rate)
    beat = beat_view(cleaned[None])
    view = scale_ecg(beat if settings.view == "beat" else rhythm_view(cleaned[None], settings), settings)
    inputs = torch.from_numpy(np.ascontiguousarray(view, dtype=np.float32))  # (1, 12, samples)
    encoder = load_aligner(run).encoder
    movies = {
        name: draw_movies(run, name, ecg_tokens(encoder, inputs), run.profile.seed)[0] for name in VIEWS
    }
    networks = {name: load_network(run, f"mimic.{name}", "aligned")[0] for name in DISEASES}
    arm = "aligned" if covariates is None else "aligned_covariates"
    return Explanation(
        signal,
        cleaned,
        beat[0],
        quality.warnings,
        _indices(load_network(run, "ukb.indices", "aligned"), known_people(run), inputs, rate, coverage),
        _diseases(disease_readers(run, arm), inputs, covariates),
        movies,
        {name: occlusion(model, inputs)[0] for name, model in networks.items()},
        {name: grad_cam(model, inputs)[0] for name, model in networks.items()},
    )


def given_covariates(sex: str, age: float, heart_rate: float) -> dict[str, float] | None:
    """The hospital covariates from what a person typed; ``None`` where neither sex nor age was given.

    Raises ``ValueError`` if only one of them was, or for a sex other than ``female`` and ``male``.
    """
    if not sex and not age:
        return None
    if sex not in ("female", "male") or not 0 < age < 130:
        raise ValueError(f"sex {sex!r} and age {age!r}: give both, female or male and years, or neither")
    return {"sex": float(sex == "male"), "age": float(age), "heart_rate": heart_rate}


def at_rate(probability: float, share: float) -> float:
    """A probability among as many cases as controls, where a ``share`` (0 to 1) is ill: the same evidence."""
    odds = probability / max(1 - probability, np.finfo(float).tiny) * share / (1 - share)
    return odds / (1 + odds)


class KnownPeople(NamedTuple):
    """Validation participants: recorded and predicted indices (n, 82), and heart rates (n,) in beats/min."""

    truth: np.ndarray
    predicted: np.ndarray
    rates: np.ndarray


def known_people(run: Run) -> KnownPeople:
    """Those of ``ukb``, as chapter 05 has predicted them."""
    folder = run.require(run.predictions / "ukb.indices")
    table = pd.read_parquet(folder / "table.parquet")
    validation = table["split"].to_numpy() == "validation"
    truth, predicted = (
        np.load(folder / f"{name}.npy", allow_pickle=False)[validation] for name in ("truth", "aligned")
    )
    rates = open_clean(run, "ukb").index.set_index("recording_id")["heart_rate"]
    return KnownPeople(truth, predicted, rates.loc[table.loc[validation, "recording_id"]].to_numpy())


def _indices(
    network: tuple[Downstream, Readout], known: KnownPeople, inputs: torch.Tensor, rate: float,
    coverage: float,
) -> pd.DataFrame:  # fmt: skip
    """Estimates of one heart, with intervals from validation participants whose estimates are made alike."""
    model, readout = network
    estimate = coherent(readout(network_outputs(model, (inputs, None)))[0], rate)
    residuals = known.truth - coherent(known.predicted, known.rates)
    half_width = conformal_half_widths(residuals, coverage)
    least, largest = possible()
    usual_low, usual_high = np.nanquantile(known.truth, [0.05, 0.95], axis=0)
    return PHENOTYPES[["name", "label", "unit", "group"]].assign(
        estimate=estimate,
        low=np.maximum(estimate - half_width, least),
        high=np.minimum(estimate + half_width, largest),
        usual_low=usual_low,
        usual_high=usual_high,
    )


class DiseaseReader(NamedTuple):
    """A screening network, its readout, and labels (n,) and scores (n, 1) of validation recordings."""

    model: Downstream
    readout: Readout
    labels: pd.Series
    scores: np.ndarray


def disease_readers(run: Run, arm: str) -> Iterator[tuple[str, DiseaseReader]]:
    """The hospital cohort's network of each disease that it was asked for."""
    for key in asked_tasks(run, "mimic"):
        if (disease := TASKS[key].name) not in DISEASES:
            continue
        table = pd.read_parquet(run.predictions / key / "table.parquet")
        chosen = (table["split"] == "validation").to_numpy()
        scores = shown_network(run, key, arm)[chosen]
        yield disease, DiseaseReader(*load_network(run, key, arm), table.loc[chosen, "label"], scores)


def _diseases(
    readers: Iterable[tuple[str, DiseaseReader]], inputs: torch.Tensor, covariates: dict[str, float] | None
) -> pd.DataFrame:
    rows = []
    for disease, reader in readers:
        given = None
        if covariates is not None:
            names = reader.readout.standardiser.names
            if sorted(covariates) != sorted(names):
                raise ValueError(
                    f"covariates must be {', '.join(names)}; "
                    f"found {', '.join(sorted(covariates)) or 'none'}"
                )
            given = torch.from_numpy(reader.readout.standardiser(pd.DataFrame([covariates])))
        logit = network_outputs(reader.model, (inputs, given))[0, 0]
        platt = LogisticRegression(C=1e6).fit(reader.scores, reader.labels)
        probability = platt.predict_proba([[logit]])[0, 1]
        rows.append(
            {
                "key": disease,
                "disease": DIAGNOSIS_NAMES[disease],
                "probability": probability,
                "in_a_hundred": at_rate(probability, RARE),
                "calibrated_on": len(reader.labels),
            }
        )
    return pd.DataFrame(rows)
