"""The pictures of chapter 01: one real ECG through the steps of its cleaning, and beats before and after."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy.signal import welch

from cardiacnets.cohorts.preprocessing import CleanCohort
from cardiacnets.contracts import ECG_RATE, LEADS
from cardiacnets.ecg import plot_beats, plot_ecg
from cardiacnets.ecg.cleaning import Stages
from cardiacnets.picture import Picture
from cardiacnets.theme import INK, VERMILION

LEAD = "V2"
SECONDS = 4


def raw(signal: np.ndarray) -> Picture:
    """A real ECG (12, T) mV on paper, as read."""
    return Picture(
        plot_ecg(signal, title="Real ECG, as read"),
        "raw",
        "The real example ECG on standard paper: 25 mm/s, 10 mm/mV, with a rhythm strip of lead II.",
        "Twelve-lead electrocardiogram on millimetre paper, three rows of four leads and a rhythm strip.",
        "public",
        simulated=False,
    )


def steps(stages: Stages) -> Picture:
    """One lead of one ECG after each step, the trend beside what it is taken from."""
    rows = {
        "raw, with its trend": stages.raw,
        "without drift": stages.without_drift,
        "after the wavelet": stages.denoised,
        "smoothed": stages.smoothed,
    }
    figure = Figure(figsize=(8, 7))
    axes = figure.subplots(len(rows), 1, sharex=True)
    for axis, (name, values) in zip(axes, rows.items(), strict=True):
        if values is stages.raw:
            seaborn.lineplot(_traces({"trend": stages.trend}), x="seconds", y="mV", color=VERMILION, ax=axis)
        seaborn.lineplot(_traces({name: values}), x="seconds", y="mV", linewidth=0.9, ax=axis)
        axis.set_title(name, loc="left")
    return Picture(
        figure,
        "stages",
        f"Lead {LEAD} of the real ECG through the three steps; the trend in orange.",
        f"Four stacked traces of lead {LEAD}: raw with its trend, without drift, after wavelet shrinkage, "
        "after smoothing.",
        "public",
        simulated=False,
    )


def removed(stages: Stages) -> Picture:
    """What each step took away, over time and over frequency."""
    taken = {
        "drift removal": stages.raw - stages.without_drift,
        "wavelet": stages.without_drift - stages.denoised,
        "smoothing": stages.denoised - stages.smoothed,
    }
    figure = Figure(figsize=(9, 3.4))
    over_time, over_frequency = figure.subplots(1, 2)
    seaborn.lineplot(
        _traces(taken), x="seconds", y="mV", hue="step", linewidth=0.9, ax=over_time, legend=False
    )
    over_time.set_ylabel("removed, mV")
    spectra = [
        pd.DataFrame({"step": name, "Hz": hertz[1:], "power, mV²/Hz": power.mean(axis=0)[1:]})
        for name, values in taken.items()
        for hertz, power in [welch(values, fs=ECG_RATE, nperseg=2048)]
    ]
    seaborn.lineplot(pd.concat(spectra), x="Hz", y="power, mV²/Hz", hue="step", ax=over_frequency)
    over_frequency.set(xscale="log", yscale="log")
    over_frequency.get_legend().set_title("")
    return Picture(
        figure,
        "removed",
        f"What each step takes away from {LEAD} over time (left) and in frequency, mean over leads (right).",
        "Left: three removed signals over time. Right: their power spectra on logarithmic axes.",
        "public",
        simulated=False,
    )


def mean_beats(clean: CleanCohort) -> Picture:
    """Mean median beat of the training participants who are healthy and of those with a cardiomyopathy."""
    index = clean.index
    seen = index["usable"] & (index["split"] == "train")
    groups = {"cardiomyopathy": ("cm", VERMILION), "healthy": ("healthy", INK)}
    means = [
        clean.beats[np.flatnonzero(seen & index[column])].mean(axis=0) for column, _ in groups.values()
    ]
    figure = plot_beats(np.stack(means), colours=[colour for _, colour in groups.values()])
    lines = [Line2D([], [], color=colour) for _, colour in groups.values()]
    figure.legend(lines, list(groups), loc="upper center", ncols=len(groups))
    return Picture(
        figure,
        "beats",
        "Mean median beat of healthy training participants (black) and of those with a recorded "
        "cardiomyopathy (orange).",
        "Twelve leads of two overlaid average heartbeats on millimetre paper.",
    )


def _traces(signals: dict[str, np.ndarray]) -> pd.DataFrame:
    """The first seconds of the shown lead of each signal (12, T), long: ``step``, ``seconds``, ``mV``."""
    shown = SECONDS * ECG_RATE
    seconds, lead = np.arange(shown) / ECG_RATE, LEADS.index(LEAD)
    tables = [
        pd.DataFrame({"step": name, "seconds": seconds, "mV": signal[lead, :shown]})
        for name, signal in signals.items()
    ]
    return pd.concat(tables)
